"""Free times: what a patient may book, the hours for it, and what a consultation keeps of how it was booked.

Expands: four tables, and columns of a consultation that may be empty or have a default.
An older process: books nothing by itself, and takes a time that is held for a payment for one that is held to its start.
"""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0034'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
COLUMNS = ('type_id', 'title', 'held_until', 'is_booked', 'refund_hours', 'moved_by_patient')


def upgrade():
    for table in ('weekly_hours_type', 'weekly_hours', 'booking_rules', 'appointment_type'):
        op.execute(f'DROP TABLE IF EXISTS {table}')  # a restore at a revision before knows none of them and leaves them
    op.create_table(
        'appointment_type',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('doctor_id', ROW_ID, nullable=False),
        sa.Column('title', sa.String(length=80), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('minutes', sa.Integer(), nullable=False),
        sa.Column('price', sa.Integer(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint('minutes > 0', name=op.f('ck_appointment_type_minutes')),
        sa.CheckConstraint('price >= 0', name=op.f('ck_appointment_type_price')),
        sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_appointment_type_doctor_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_appointment_type')),
    )
    op.create_index('ix_appointment_type_doctor_id', 'appointment_type', ['doctor_id'], unique=False)
    op.create_table(
        'booking_rules',
        sa.Column('doctor_id', ROW_ID, nullable=False),
        sa.Column('zone', sa.String(length=64), nullable=False),
        sa.Column('notice_minutes', sa.Integer(), nullable=False),
        sa.Column('pause_minutes', sa.Integer(), nullable=False),
        sa.Column('horizon_days', sa.Integer(), nullable=False),
        sa.Column('confirms_free', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_booking_rules_doctor_id')),
        sa.PrimaryKeyConstraint('doctor_id', name=op.f('pk_booking_rules')),
    )
    op.create_table(
        'weekly_hours',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('doctor_id', ROW_ID, nullable=False),
        sa.Column('weekday', sa.Integer(), nullable=False),
        sa.Column('start', sa.Integer(), nullable=False),
        sa.Column('end', sa.Integer(), nullable=False),
        sa.CheckConstraint('weekday BETWEEN 0 AND 6', name=op.f('ck_weekly_hours_weekday')),
        sa.CheckConstraint('start >= 0 AND start < "end" AND "end" <= 1440', name=op.f('ck_weekly_hours_order')),
        sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_weekly_hours_doctor_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_weekly_hours')),
    )
    op.create_index('ix_weekly_hours_doctor_id', 'weekly_hours', ['doctor_id'], unique=False)
    op.create_table(
        'weekly_hours_type',
        sa.Column('hours_id', ROW_ID, nullable=False),
        sa.Column('type_id', ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(['hours_id'], ['weekly_hours.id'], name=op.f('fk_weekly_hours_type_hours_id')),
        sa.ForeignKeyConstraint(['type_id'], ['appointment_type.id'], name=op.f('fk_weekly_hours_type_type_id')),
        sa.PrimaryKeyConstraint('hours_id', 'type_id', name=op.f('pk_weekly_hours_type')),
    )
    op.add_column('consultation', sa.Column('type_id', ROW_ID, nullable=True))
    op.add_column('consultation', sa.Column('title', sa.String(length=80), server_default='', nullable=False))
    op.add_column('consultation', sa.Column('held_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('consultation', sa.Column('is_booked', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('consultation', sa.Column('refund_hours', sa.Integer(), nullable=True))
    op.add_column('consultation', sa.Column('moved_by_patient', sa.Integer(), server_default='0', nullable=False))


def downgrade():
    """What was booked stays agreed; what is only held is kept to its start, as any proposal."""
    for column in reversed(COLUMNS):
        op.drop_column('consultation', column)
    for table in ('weekly_hours_type', 'weekly_hours', 'booking_rules', 'appointment_type'):
        op.drop_table(table)
