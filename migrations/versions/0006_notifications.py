"""What people must learn who may not be looking."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('notification',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('requested', 'proposed', 'confirmed', 'time_wished', 'time_declined', 'moved', 'cancelled', 'expired', 'missed', 'near', 'ready', 'late', 'conclusion', name='notificationkind', native_enum=False, length=20), nullable=False),
    sa.Column('consultation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('moment', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unique_key', sa.String(length=120), nullable=False),
    sa.Column('channel', sa.Enum('sms', 'mail', name='channel', native_enum=False, length=20), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'delivered', 'stale', 'undeliverable', name='notificationstate', native_enum=False, length=20), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failure', sa.String(length=120), nullable=True),
    sa.CheckConstraint('(consultation_id IS NULL) <> (chat_id IS NULL)', name=op.f('ck_notification_link')),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_notification_chat_id')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_notification_consultation_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_notification_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notification')),
    sa.UniqueConstraint('unique_key', name=op.f('uq_notification_unique_key'))
    )
    op.create_index('ix_notification_user_id', 'notification', ['user_id'], unique=False)


def downgrade():
    op.execute("DELETE FROM job WHERE kind = 'notification'")
    op.drop_table('notification')
