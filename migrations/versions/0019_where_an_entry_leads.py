"""Where an entry leads lies with its code."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('login_code', sa.Column('leads_to', sa.String(length=200), server_default='', nullable=False))


def downgrade():
    op.drop_column('login_code', 'leads_to')
