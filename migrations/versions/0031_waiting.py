"""Since when a chat waits for its doctor's answer; chats that were closed or put away; what a doctor promises.

Expands: columns that may be empty or have a default, indexes, and a new table, `wait`. `waiting_since` is filled from the
messages: it is the first of the patient's after the doctor's last one. `awaits_reply` stays, and is written with it.
An older process: writes `awaits_reply` alone, so a chat that is written in or answered through it stands in the queue as it
stood before until somebody writes in it again; it shows chats that were put away, and knows of no promise.
"""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
MOMENT = sa.DateTime(timezone=True)
ENDINGS = 'answered', 'dismissed', 'closed'
WAITS = sa.text('waiting_since IS NOT NULL')
ARCHIVED = sa.text('archived_at IS NOT NULL')


def columns():
    return (
        ('chat', sa.Column('waiting_since', MOMENT, nullable=True)),
        ('chat', sa.Column('settled_seq', sa.Integer(), server_default='0', nullable=False)),
        ('chat', sa.Column('closed_at', MOMENT, nullable=True)),
        ('chat', sa.Column('promised_hours', sa.Integer(), nullable=True)),
        ('chat', sa.Column('promise_missed_at', MOMENT, nullable=True)),
        ('chat_member', sa.Column('archived_at', MOMENT, nullable=True)),
        ('doctor', sa.Column('answer_days', sa.Integer(), server_default='31', nullable=False)),
        ('doctor', sa.Column('answer_from', sa.Integer(), server_default='540', nullable=False)),
        ('doctor', sa.Column('answer_to', sa.Integer(), server_default='1080', nullable=False)),
        ('doctor', sa.Column('promise_hours', sa.Integer(), nullable=True)),
        ('doctor', sa.Column('usual_wait', sa.Integer(), nullable=True)),
    )


def upgrade():
    for table, column in columns():
        op.add_column(table, column)
    op.execute("""
        UPDATE chat SET waiting_since = (
            SELECT min(asked.sent_at) FROM message asked JOIN doctor ON doctor.id = chat.doctor_id
            WHERE asked.chat_id = chat.id AND asked.recalled_at IS NULL
                AND asked.author_id IS NOT NULL AND asked.author_id <> doctor.user_id
                AND asked.seq > coalesce((
                    SELECT max(answer.seq) FROM message answer
                    WHERE answer.chat_id = chat.id AND answer.author_id = doctor.user_id AND answer.recalled_at IS NULL), 0))
        WHERE awaits_reply""")
    op.create_index('ix_chat_waiting', 'chat', ['doctor_id', 'waiting_since', 'id'], sqlite_where=WAITS, postgresql_where=WAITS)
    op.create_index('ix_chat_member_archived', 'chat_member', ['user_id'], sqlite_where=ARCHIVED, postgresql_where=ARCHIVED)
    op.execute('DROP TABLE IF EXISTS wait')  # a restore of before knows no such table and leaves it
    op.create_table('wait',
    sa.Column('id', ROW_ID, nullable=False),
    sa.Column('chat_id', ROW_ID, nullable=False),
    sa.Column('doctor_id', ROW_ID, nullable=False),
    sa.Column('began_at', MOMENT, nullable=False),
    sa.Column('ended_at', MOMENT, nullable=False),
    sa.Column('ending', sa.Enum(*ENDINGS, name='waitending', native_enum=False, length=20), nullable=False),
    sa.Column('answered_by_id', ROW_ID, nullable=True),
    sa.Column('answer_seq', sa.Integer(), nullable=True),
    sa.Column('seconds', sa.Integer(), nullable=False),
    sa.Column('promised_hours', sa.Integer(), nullable=True),
    sa.Column('is_missed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['answered_by_id'], ['user.id'], name=op.f('fk_wait_answered_by_id')),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_wait_chat_id')),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_wait_doctor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wait'))
    )
    op.create_index('ix_wait_of_doctor', 'wait', ['doctor_id', 'ended_at'])
    op.create_index('ix_wait_of_chat', 'wait', ['chat_id'])


def downgrade():
    op.drop_table('wait')
    op.drop_index('ix_chat_member_archived', 'chat_member')
    op.drop_index('ix_chat_waiting', 'chat')
    for table, column in reversed(columns()):
        op.drop_column(table, column.name)
