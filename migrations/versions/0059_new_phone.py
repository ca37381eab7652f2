"""A new phone by both codes: codes that open nothing but the change, and the phone that was before it.

Expands: a column with a default, a column that may be empty.
An older process: signs in by a code of a change as by any other, and brings no phone back by «Это не я».
"""

import sqlalchemy as sa
from alembic import op

revision = '0059'
down_revision = '0044'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('login_code', sa.Column('is_for_change', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('security_event', sa.Column('phone', sa.String(20), nullable=True))


def downgrade():
    op.drop_column('security_event', 'phone')
    op.drop_column('login_code', 'is_for_change')
