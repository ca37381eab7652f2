"""That a patient with an account has died, as the office has marked.

Expands: a column that may be empty.
An older process: leaves it empty, and lets such an account write.
"""

import sqlalchemy as sa
from alembic import op

revision = '0057'
down_revision = '0046'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('user', sa.Column('died_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column('user', 'died_at')
