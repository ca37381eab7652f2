"""Whose data a line of the audit log speaks of, and why; filled for old lines as far as their subjects tell.

Expands: three columns that may be empty, and an index.
An older process: leaves them empty in what it writes.
"""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0027'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What the subject of an action is, and from it the patient.
CHAT = 'SELECT chat.patient_id FROM chat WHERE chat.id = audit_event.subject_id'
FILE = (
    'SELECT chat.patient_id FROM attachment JOIN chat ON chat.id = attachment.chat_id'
    ' WHERE attachment.id = audit_event.subject_id'
)
CONSULTATION = 'SELECT consultation.patient_id FROM consultation WHERE consultation.id = audit_event.subject_id'
PAYMENT = 'SELECT payment.payer_id FROM payment WHERE payment.id = audit_event.subject_id'
REFUND = (
    'SELECT payment.payer_id FROM refund JOIN payment ON payment.id = refund.payment_id'
    ' WHERE refund.id = audit_event.subject_id'
)
ALERT = 'SELECT payment.payer_id FROM payment_alert JOIN payment ON payment.id = payment_alert.payment_id' \
    ' WHERE payment_alert.id = audit_event.subject_id'
INVITATION = 'SELECT invitation.accepted_by_id FROM invitation WHERE invitation.id = audit_event.subject_id'
ACCOUNT = """SELECT id FROM "user" WHERE role = 'patient' AND id = audit_event.subject_id"""
ACTOR = """SELECT id FROM "user" WHERE role = 'patient' AND id = audit_event.actor_id"""
PATIENTS = {
    CHAT: ('chat_read', 'chat_searched', 'message_recalled', 'files_listed', 'patient_read', 'days_given'),
    FILE: ('file_read',),
    CONSULTATION: ('conclusion_given', 'conclusion_read', 'questionnaire_read', 'consultation_read'),
    PAYMENT: ('payment_read', 'refund_made'),
    REFUND: ('refund_approved', 'refund_declined', 'refund_repeated', 'refund_otherwise'),
    ALERT: ('alert_closed',),
    INVITATION: ('invited_again', 'invitation_ended'),
    ACCOUNT: ('account_thawed', 'number_given'),
    ACTOR: (
        'signed_in', 'sign_in_refused', 'signed_out', 'registered', 'password_changed', 'email_proved',
        'account_frozen', 'number_left', 'device_ended', 'consented', 'invitation_accepted',
    ),
}  # fmt: skip
ROLE = 'SELECT role FROM "user" WHERE id = audit_event.actor_id'
REASON = (
    f"CASE WHEN actor_id IS NULL THEN 'console' WHEN ({ROLE}) = 'operator' THEN 'office'"
    f" WHEN ({ROLE}) = 'doctor' AND patient_id IS NOT NULL THEN 'care' ELSE 'own' END"
)


def upgrade():
    op.add_column('audit_event', sa.Column('patient_id', ROW_ID, nullable=True))
    op.add_column('audit_event', sa.Column('dependant_id', ROW_ID, nullable=True))
    op.add_column('audit_event', sa.Column('reason', sa.String(length=20), nullable=True))
    for patient, actions in PATIENTS.items():
        words = ', '.join(f"'{action}'" for action in actions)
        op.execute(f'UPDATE audit_event SET patient_id = ({patient}) WHERE action IN ({words})')
    op.execute(f"UPDATE audit_event SET reason = {REASON} WHERE action <> 'sign_in_refused'")
    op.create_index('ix_audit_event_patient', 'audit_event', ['patient_id', 'at'], unique=False)


def downgrade():
    op.drop_index('ix_audit_event_patient', table_name='audit_event')
    for column in ('reason', 'dependant_id', 'patient_id'):
        op.drop_column('audit_event', column)
