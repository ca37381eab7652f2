"""What the bank does without us, and what about money only a person can put right."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.create_table('payment_alert',
    sa.Column('id', ROW, nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('payment_id', ROW, nullable=True),
    sa.Column('amount', sa.Integer(), nullable=False),
    sa.Column('detail', sa.String(length=60), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', ROW, nullable=True),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_payment_alert_payment_id')),
    sa.ForeignKeyConstraint(['closed_by'], ['user.id'], name=op.f('fk_payment_alert_closed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_alert'))
    )
    op.create_index('ix_payment_alert_open', 'payment_alert', ['closed_at', 'due_at'], unique=False)
    op.create_index('ix_payment_alert_of_payment', 'payment_alert', ['payment_id', 'kind'], unique=False)
    op.add_column('refund', sa.Column('receipt', sa.String(length=40), server_default='', nullable=False))


def downgrade():
    op.execute("DELETE FROM job WHERE kind = 'reconciliation'")
    op.execute("UPDATE refund SET cause = 'operator' WHERE cause = 'bank'")
    op.execute("UPDATE refund SET state = 'succeeded' WHERE state = 'otherwise'")
    op.drop_column('refund', 'receipt')
    op.drop_index('ix_payment_alert_of_payment', table_name='payment_alert')
    op.drop_index('ix_payment_alert_open', table_name='payment_alert')
    op.drop_table('payment_alert')
