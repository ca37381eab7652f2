"""Proposals of several times: the times the patient may choose from.

Expands: a table.
An older process: keeps of several times only the first, and confirms or takes payment for that one.
"""

import sqlalchemy as sa
from alembic import op

revision = '0038'
down_revision = '0039'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.execute('DROP TABLE IF EXISTS time_option')  # a restore at a revision before does not know it and leaves it
    op.create_table(
        'time_option',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('consultation_id', ROW_ID, nullable=False),
        sa.Column('doctor_id', ROW_ID, nullable=False),
        sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_time_option_times')),
        sa.ForeignKeyConstraint(
            ['consultation_id'], ['consultation.id'], name=op.f('fk_time_option_consultation_id')
        ),
        sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_time_option_doctor_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_time_option')),
        sa.UniqueConstraint(
            'consultation_id', 'starts_at', name=op.f('uq_time_option_consultation_id_starts_at')
        ),
    )
    op.create_index('ix_time_option_of_doctor', 'time_option', ['doctor_id', 'starts_at'], unique=False)


def downgrade():
    """Of several times the first stays, as the one that was proposed."""
    op.drop_table('time_option')
