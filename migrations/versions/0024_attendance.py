"""Attendance of a consultation is a row a side.

Expands: a new table, `attendance`, into which the six columns `patient_…_at` and `doctor_…_at` of `consultation` are copied.
The columns stay, and nothing that was there changes.
An older process: works on with its six columns. What somebody tells of themselves through it («Готов общаться», a delay)
is not seen by the newer ones, nor theirs by it: two who press at different versions do not begin, until they press again.
So stop it before, as `ibolit-upgrade` does; beside each other they lose no row and fail at nothing.

Rows are copied by the database itself, one INSERT a side, under a lock that nobody notices on PostgreSQL (consultations are
only read) and in one transaction on both. The way down writes them back into the columns.
"""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
SIDES = 'patient', 'doctor'


def upgrade():
    op.execute('DROP TABLE IF EXISTS attendance')  # a restore at 0023 knows no such table and leaves it
    op.create_table('attendance',
    sa.Column('consultation_id', ROW_ID, nullable=False),
    sa.Column('side', sa.Enum('patient', 'doctor', name='side', native_enum=False, length=20), nullable=False),
    sa.Column('ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('first_ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delay_announced_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_attendance_consultation_id')),
    sa.PrimaryKeyConstraint('consultation_id', 'side', name=op.f('pk_attendance'))
    )
    for side in SIDES:
        op.execute(f"""
            INSERT INTO attendance (consultation_id, side, ready_at, first_ready_at, delay_announced_at)
            SELECT id, '{side}', {side}_ready_at, {side}_first_ready_at, {side}_late_at FROM consultation
            WHERE {side}_ready_at IS NOT NULL OR {side}_first_ready_at IS NOT NULL OR {side}_late_at IS NOT NULL""")


def downgrade():
    for side in SIDES:
        op.execute(f"""
            UPDATE consultation SET {side}_ready_at = attendance.ready_at,
                {side}_first_ready_at = attendance.first_ready_at, {side}_late_at = attendance.delay_announced_at
            FROM attendance WHERE attendance.consultation_id = consultation.id AND attendance.side = '{side}'""")
    op.drop_table('attendance')
