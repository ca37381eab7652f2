"""Pushes, and notifications of messages."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('push_subscription',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('device_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('endpoint', sa.String(length=1000), nullable=False),
    sa.Column('p256dh', sa.String(length=100), nullable=False),
    sa.Column('auth', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dead_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['device_id'], ['device.id'], name=op.f('fk_push_subscription_device_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_push_subscription')),
    sa.UniqueConstraint('device_id', name=op.f('uq_push_subscription_device_id')),
    sa.UniqueConstraint('endpoint', name=op.f('uq_push_subscription_endpoint'))
    )
    op.add_column('chat_member', sa.Column('telling_from', sa.Integer(), server_default='0', nullable=False))
    op.add_column('user', sa.Column('push_names', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('user', sa.Column('push_offered_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('notification', sa.Column('seq', sa.Integer(), server_default='0', nullable=False))
    op.add_column('notification', sa.Column('chats', sa.Integer(), server_default='1', nullable=False))
    op.add_column('notification', sa.Column('held_until', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_notification_of_chat', 'notification', ['chat_id', 'user_id', 'delivered_at'], unique=False)


def downgrade():
    op.execute("DELETE FROM job WHERE kind = 'push'")
    op.execute("DELETE FROM job WHERE kind = 'notification' AND subject_id IN (SELECT id FROM notification WHERE kind IN ('message', 'paid'))")
    op.execute("DELETE FROM notification WHERE kind IN ('message', 'paid')")
    op.execute("UPDATE notification SET channel = 'sms' WHERE channel = 'push'")
    op.drop_index('ix_notification_of_chat', table_name='notification')
    op.drop_column('notification', 'held_until')
    op.drop_column('notification', 'chats')
    op.drop_column('notification', 'seq')
    op.drop_column('user', 'push_offered_at')
    op.drop_column('user', 'push_names')
    op.drop_column('chat_member', 'telling_from')
    op.drop_table('push_subscription')
