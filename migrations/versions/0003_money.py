"""Payments, refunds and their receipts."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('payment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token', sa.String(length=32), nullable=False),
    sa.Column('payer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('doctor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tariff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('amount', sa.Integer(), nullable=False),
    sa.Column('offer_version', sa.String(length=40), nullable=False),
    sa.Column('offer_hash', sa.String(length=64), nullable=False),
    sa.Column('phone', sa.String(length=20), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('state', sa.Enum('created', 'waiting', 'succeeded', 'cancelled', name='paymentstate', native_enum=False, length=20), nullable=False),
    sa.Column('key', sa.String(length=36), nullable=False),
    sa.Column('provider_id', sa.String(length=64), nullable=True),
    sa.Column('page', sa.String(length=500), nullable=False),
    sa.Column('reason', sa.String(length=60), nullable=False),
    sa.Column('paid', sa.Integer(), nullable=False),
    sa.Column('refunded', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opened_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_days', sa.Integer(), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_payment_amount')),
    sa.CheckConstraint('refunded >= 0 AND refunded <= paid', name=op.f('ck_payment_refunded')),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_payment_chat_id')),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_payment_doctor_id')),
    sa.ForeignKeyConstraint(['payer_id'], ['user.id'], name=op.f('fk_payment_payer_id')),
    sa.ForeignKeyConstraint(['tariff_id'], ['tariff.id'], name=op.f('fk_payment_tariff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment')),
    sa.UniqueConstraint('provider_id', name=op.f('uq_payment_provider_id')),
    sa.UniqueConstraint('token', name=op.f('uq_payment_token'))
    )
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.create_index('ix_payment_of_doctor', ['doctor_id', 'paid_at'], unique=False)
        batch_op.create_index('ix_payment_of_payer', ['payer_id', 'id'], unique=False)
        batch_op.create_index('uq_payment_live', ['chat_id', 'tariff_id'], unique=True, sqlite_where=sa.text("state IN ('created', 'waiting')"), postgresql_where=sa.text("state IN ('created', 'waiting')"))

    op.create_table('receipt',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('provider_id', sa.String(length=64), nullable=False),
    sa.Column('storage', sa.String(length=40), nullable=False),
    sa.Column('document', sa.String(length=40), nullable=False),
    sa.Column('sign', sa.String(length=40), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_receipt_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipt')),
    sa.UniqueConstraint('payment_id', 'provider_id', name=op.f('uq_receipt_payment_id_provider_id'))
    )
    op.create_table('refund',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount', sa.Integer(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('cause', sa.Enum('odd_sum', 'not_for_sale', 'wish', 'operator', name='cause', native_enum=False, length=20), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('state', sa.Enum('wished', 'sending', 'succeeded', 'failed', 'declined', name='refundstate', native_enum=False, length=20), nullable=False),
    sa.Column('key', sa.String(length=36), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('provider_id', sa.String(length=64), nullable=True),
    sa.Column('reason', sa.String(length=60), nullable=False),
    sa.Column('decide_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('amount > 0', name=op.f('ck_refund_amount')),
    sa.ForeignKeyConstraint(['decided_by'], ['user.id'], name=op.f('fk_refund_decided_by')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_refund_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refund')),
    sa.UniqueConstraint('provider_id', name=op.f('uq_refund_provider_id'))
    )
    with op.batch_alter_table('refund', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_refund_payment_id'), ['payment_id'], unique=False)
        batch_op.create_index('ix_refund_to_decide', ['state', 'decide_by'], unique=False)



def downgrade():
    with op.batch_alter_table('refund', schema=None) as batch_op:
        batch_op.drop_index('ix_refund_to_decide')
        batch_op.drop_index(batch_op.f('ix_refund_payment_id'))

    op.drop_table('refund')
    op.drop_table('receipt')
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.drop_index('uq_payment_live', sqlite_where=sa.text("state IN ('created', 'waiting')"), postgresql_where=sa.text("state IN ('created', 'waiting')"))
        batch_op.drop_index('ix_payment_of_payer')
        batch_op.drop_index('ix_payment_of_doctor')

    op.drop_table('payment')
