"""Whether a doctor offers something to book, told by the doctor's own row.

Expands: a column with a default.
An older process: does not keep it when a type is added or ended.
"""

import sqlalchemy as sa
from alembic import op

revision = '0043'
down_revision = '0038'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('doctor', sa.Column('takes_bookings', sa.Boolean(), server_default=sa.false(), nullable=False))
    offers = 'SELECT 1 FROM appointment_type WHERE appointment_type.doctor_id = doctor.id AND ended_at IS NULL'
    op.execute(f'UPDATE doctor SET takes_bookings = true WHERE EXISTS ({offers})')


def downgrade():
    op.drop_column('doctor', 'takes_bookings')
