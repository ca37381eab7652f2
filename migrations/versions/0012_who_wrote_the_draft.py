"""Which page of the doctor's wrote a draft last."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('conclusion_draft', sa.Column('pen', sa.String(length=40), server_default='', nullable=False))


def downgrade():
    op.drop_column('conclusion_draft', 'pen')
