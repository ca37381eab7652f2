"""Consultations, what is asked for and agreed; payments may be for one."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('consultation_request',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('video', 'audio', name='talkkind', native_enum=False, length=20), nullable=False),
    sa.Column('wishes', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_consultation_request_chat_id')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_consultation_request_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultation_request')),
    sa.UniqueConstraint('message_id', name=op.f('uq_consultation_request_message_id'))
    )
    op.create_table('consultation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('doctor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('patient_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('request_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.Enum('video', 'audio', name='talkkind', native_enum=False, length=20), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('price', sa.Integer(), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('state', sa.Enum('proposed', 'confirmed', 'in_progress', 'completed', 'cancelled', 'expired', 'missed', name='consultationstate', native_enum=False, length=20), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('proposed_start', sa.DateTime(timezone=True), nullable=True),
    sa.Column('proposed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('paid_start', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('was_moved_by_doctor', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('cancel_reason', sa.Enum('changed_mind', 'bad_time', 'other', 'money_back', name='reason', native_enum=False, length=20), nullable=True),
    sa.Column('patient_ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('doctor_ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('patient_first_ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('doctor_first_ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('patient_late_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('doctor_late_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_consultation_times')),
    sa.CheckConstraint('price >= 0', name=op.f('ck_consultation_price')),
    sa.ForeignKeyConstraint(['cancelled_by_id'], ['user.id'], name=op.f('fk_consultation_cancelled_by_id')),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_consultation_chat_id')),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_consultation_doctor_id')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_consultation_message_id')),
    sa.ForeignKeyConstraint(['patient_id'], ['user.id'], name=op.f('fk_consultation_patient_id')),
    sa.ForeignKeyConstraint(['proposed_by_id'], ['user.id'], name=op.f('fk_consultation_proposed_by_id')),
    sa.ForeignKeyConstraint(['request_id'], ['consultation_request.id'], name=op.f('fk_consultation_request_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultation')),
    sa.UniqueConstraint('message_id', name=op.f('uq_consultation_message_id'))
    )
    with op.batch_alter_table('consultation', schema=None) as batch_op:
        batch_op.create_index('ix_consultation_of_chat', ['chat_id', 'starts_at'], unique=False)
        batch_op.create_index('ix_consultation_of_doctor', ['doctor_id', 'starts_at', 'id'], unique=False)
        batch_op.create_index('ix_consultation_of_patient', ['patient_id', 'starts_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultation_request_id'), ['request_id'], unique=False)

    op.add_column('chat', sa.Column('talk_from', sa.DateTime(timezone=True), nullable=True))
    op.add_column('chat', sa.Column('talk_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('message', sa.Column('card', sa.Enum('consultation', 'request', name='card', native_enum=False, length=20), nullable=True))
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('consultation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.alter_column('tariff_id', existing_type=sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True)
        batch_op.create_index('ix_payment_of_consultation', ['consultation_id'], unique=False)
        batch_op.create_index('uq_payment_live_consultation', ['consultation_id'], unique=True, sqlite_where=sa.text("state IN ('created', 'waiting')"), postgresql_where=sa.text("state IN ('created', 'waiting')"))
        batch_op.create_foreign_key(batch_op.f('fk_payment_consultation_id'), 'consultation', ['consultation_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_payment_bought'), '(tariff_id IS NULL) <> (consultation_id IS NULL)')


def downgrade():
    op.execute('DELETE FROM payment WHERE consultation_id IS NOT NULL')
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_payment_consultation_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('ck_payment_bought'), type_='check')
        batch_op.drop_index('uq_payment_live_consultation')
        batch_op.drop_index('ix_payment_of_consultation')
        batch_op.alter_column('tariff_id', existing_type=sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False)
        batch_op.drop_column('consultation_id')

    for table, column in (('message', 'card'), ('chat', 'talk_until'), ('chat', 'talk_from')):
        op.execute(f'ALTER TABLE {table} DROP COLUMN {column}')  # never rebuilt: the search hangs on message's triggers
    op.drop_table('consultation')
    op.drop_table('consultation_request')
