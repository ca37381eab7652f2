"""The secret address of a doctor's calendar feed.

Expands: a new table, `calendar_feed`.
An older process: knows no such address, and answers that nothing is there.
"""

import sqlalchemy as sa
from alembic import op

revision = '0039'
down_revision = '0037'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.execute('DROP TABLE IF EXISTS calendar_feed')  # a restore at a revision before does not know it and leaves it
    op.create_table(
        'calendar_feed',
        sa.Column('doctor_id', ROW_ID, nullable=False),
        sa.Column('nonce', sa.String(length=32), nullable=False),
        sa.Column('token_hash', sa.String(length=64), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_calendar_feed_doctor_id')),
        sa.PrimaryKeyConstraint('doctor_id', name=op.f('pk_calendar_feed')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_calendar_feed_token_hash')),
    )


def downgrade():
    op.drop_table('calendar_feed')
