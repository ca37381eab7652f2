"""Time off of doctors, and who answers meanwhile: the automatic answer in a chat, and a place in it that ends.

Expands: two tables, and columns that may be empty.
An older process: gives no automatic answer, and takes a stand-in for a member of the chat whose place does not end; it
opens none of them to a doctor's lists.
"""

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0036'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
MOMENTS = ('away_from', 'away_until', 'stands_in_until')


def upgrade():
    op.execute('DROP TABLE IF EXISTS stand_in_offer')  # a restore at a revision before knows neither and leaves them
    op.execute('DROP TABLE IF EXISTS time_off')
    op.create_table(
        'time_off',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('doctor_id', ROW_ID, nullable=False),
        sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('stand_in_id', ROW_ID, nullable=True),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('moved_days', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_time_off_order')),
        sa.CheckConstraint('stand_in_id <> doctor_id', name=op.f('ck_time_off_other')),
        sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_time_off_doctor_id')),
        sa.ForeignKeyConstraint(['stand_in_id'], ['doctor.id'], name=op.f('fk_time_off_stand_in_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_time_off')),
    )
    op.create_index('ix_time_off_of_doctor', 'time_off', ['doctor_id', 'ends_at'], unique=False)
    op.create_index('ix_time_off_of_stand_in', 'time_off', ['stand_in_id', 'ends_at'], unique=False)
    op.create_table(
        'stand_in_offer',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('chat_id', ROW_ID, nullable=False),
        sa.Column('time_off_id', ROW_ID, nullable=False),
        sa.Column('message_id', ROW_ID, nullable=False),
        sa.Column('stand_in_id', ROW_ID, nullable=True),
        sa.Column('choice', sa.String(length=20), nullable=True),
        sa.Column('chosen_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_stand_in_offer_chat_id')),
        sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_stand_in_offer_message_id')),
        sa.ForeignKeyConstraint(['stand_in_id'], ['doctor.id'], name=op.f('fk_stand_in_offer_stand_in_id')),
        sa.ForeignKeyConstraint(['time_off_id'], ['time_off.id'], name=op.f('fk_stand_in_offer_time_off_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_stand_in_offer')),
        sa.UniqueConstraint('message_id', name=op.f('uq_stand_in_offer_message_id')),
    )
    op.create_index('ix_stand_in_offer_of_chat', 'stand_in_offer', ['chat_id', 'id'], unique=False)
    op.create_index('ix_stand_in_offer_of_time_off', 'stand_in_offer', ['time_off_id'], unique=False)
    op.add_column('chat_member', sa.Column('until', sa.DateTime(timezone=True), nullable=True))
    for moment in MOMENTS:
        op.add_column('doctor', sa.Column(moment, sa.DateTime(timezone=True), nullable=True))


def downgrade():
    """Whose place has ended or would end loses it: a program that knows no end must not let them in."""
    op.execute('DELETE FROM chat_member WHERE until IS NOT NULL')
    for moment in MOMENTS:
        op.drop_column('doctor', moment)
    op.drop_column('chat_member', 'until')
    op.drop_table('stand_in_offer')
    op.drop_table('time_off')
