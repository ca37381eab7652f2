"""How a payment was made, and in what currency its money came."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('payment', sa.Column('method', sa.String(length=20), server_default='', nullable=False))
    op.add_column('payment', sa.Column('currency', sa.String(length=3), server_default='RUB', nullable=False))


def downgrade():
    op.execute("UPDATE refund SET cause = 'not_for_sale' WHERE cause = 'twice'")
    op.drop_column('payment', 'currency')
    op.drop_column('payment', 'method')
