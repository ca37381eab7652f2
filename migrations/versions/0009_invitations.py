"""Invitations, lists of patients, and what became of every SMS and letter."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('dispatch',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.Enum('login_code', 'code_by_mail', 'invitation', 'patient_import', 'delivery', 'email_proof', 'voice', 'payment', 'refund', 'receipts', 'closing_receipt', 'consultation', 'notification', 'payments_sweep', 'sweep', name='jobkind', native_enum=False, length=20), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel', sa.Enum('sms', 'mail', name='channel', native_enum=False, length=20), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown', name='dispatchstate', native_enum=False, length=20), nullable=False),
    sa.Column('doubts', sa.Integer(), nullable=False),
    sa.Column('parts', sa.Integer(), nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failure', sa.String(length=120), nullable=True),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_dispatch_job_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispatch')),
    sa.UniqueConstraint('job_id', 'channel', name=op.f('uq_dispatch_job_id_channel'))
    )
    op.create_index('ix_dispatch_day', 'dispatch', ['channel', 'begun_at', 'parts'], unique=False)
    op.create_table('invitation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('doctor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sender_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('phone', sa.String(length=20), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('nonce', sa.String(length=32), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('guest_phone', sa.String(length=20), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('dispatch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('(phone IS NULL) <> (email IS NULL)', name=op.f('ck_invitation_contact')),
    sa.ForeignKeyConstraint(['accepted_by_id'], ['user.id'], name=op.f('fk_invitation_accepted_by_id')),
    sa.ForeignKeyConstraint(['dispatch_id'], ['dispatch.id'], name=op.f('fk_invitation_dispatch_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_invitation_doctor_id')),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_invitation_job_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['sender_id'], ['user.id'], name=op.f('fk_invitation_sender_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitation_token_hash'))
    )
    op.create_index('ix_invitation_dispatch_id', 'invitation', ['dispatch_id'], unique=False)
    op.create_index('ix_invitation_job_id', 'invitation', ['job_id'], unique=False)
    op.create_index('ix_invitation_of_doctor', 'invitation', ['doctor_id', 'id'], unique=False)
    op.create_index('ix_invitation_of_email', 'invitation', ['email'], unique=False)
    op.create_index('ix_invitation_of_guest', 'invitation', ['guest_phone'], unique=False)
    op.create_index('ix_invitation_of_phone', 'invitation', ['phone'], unique=False)
    op.create_index('uq_invitation_email', 'invitation', ['doctor_id', 'email'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.create_index('uq_invitation_phone', 'invitation', ['doctor_id', 'phone'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.create_table('patient_import',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sender_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('doctor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('client_id', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_patient_import_doctor_id')),
    sa.ForeignKeyConstraint(['sender_id'], ['user.id'], name=op.f('fk_patient_import_sender_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_patient_import')),
    sa.UniqueConstraint('sender_id', 'client_id', name=op.f('uq_patient_import_sender_id_client_id'))
    )
    op.create_table('import_line',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('phone', sa.String(length=20), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('typed', sa.String(length=200), nullable=False),
    sa.Column('fault', sa.Enum('no_contact', 'bad_phone', 'bad_email', 'long_name', 'doubled', 'known', name='fault', native_enum=False, length=20), nullable=True),
    sa.Column('invitation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['import_id'], ['patient_import.id'], name=op.f('fk_import_line_import_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitation.id'], name=op.f('fk_import_line_invitation_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_line'))
    )
    op.create_index('ix_import_line_invitation_id', 'import_line', ['invitation_id'], unique=False)
    op.create_index('ix_import_line_of_import', 'import_line', ['import_id', 'number'], unique=False)


def downgrade():
    op.execute("DELETE FROM job WHERE kind IN ('code_by_mail', 'invitation', 'patient_import', 'delivery')")
    for table in ('import_line', 'patient_import', 'invitation', 'dispatch'):
        op.drop_table(table)
