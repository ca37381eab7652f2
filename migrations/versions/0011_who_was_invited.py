"""A chat that an invitation began stands in the patient's list since then, though nothing was said in it."""

from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

ACCEPTED = """
    SELECT MAX(invitation.accepted_at) FROM invitation
    WHERE invitation.doctor_id = chat.doctor_id AND invitation.accepted_by_id = chat.patient_id
"""


def upgrade():
    op.execute(f"UPDATE chat SET last_at = ({ACCEPTED}) WHERE last_seq = 0 AND last_at IS NULL")


def downgrade():
    op.execute("UPDATE chat SET last_at = NULL WHERE last_seq = 0")
