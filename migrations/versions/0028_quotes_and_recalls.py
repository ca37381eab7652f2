"""Messages that quote another one, messages that were recalled, and a search index that follows both people and words.

Expands: columns that may be empty. On SQLite the index over stems is made anew: it keeps its rows, as words may go now,
and holds the members of the chat as they are, not only its patient and doctor.
An older process: writes messages without a quote, and shows a recalled one as an empty bubble.
"""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0026'
branch_labels = None
depends_on = None

MEMBERS = """(SELECT group_concat(user_id, ' ') FROM chat_member WHERE chat_member.chat_id = {of}.chat_id)"""
BOTH = """SELECT {of}.id, chat.patient_id || ' ' || doctor.user_id, {of}.stems
    FROM {source} chat JOIN doctor ON doctor.id = chat.doctor_id WHERE chat.id = {of}.chat_id"""


def upgrade():
    op.add_column('message', sa.Column('quoted_seq', sa.Integer(), nullable=True))
    op.add_column('message', sa.Column('recalled_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('message', sa.Column('recalled_digest', sa.String(length=64), nullable=True))
    if op.get_bind().dialect.name != 'postgresql':
        index_members()


def index_members():
    """A table that keeps what it holds, so that the database itself can change a row."""
    op.execute("DROP TRIGGER message_fts_insert")
    op.execute("DROP TABLE message_fts")
    op.execute("CREATE VIRTUAL TABLE message_fts USING fts5(members, stems, prefix='3', tokenize='unicode61')")
    op.execute(f"INSERT INTO message_fts (rowid, members, stems) SELECT id, {MEMBERS.format(of='message')}, stems FROM message")
    op.execute(f"""
        CREATE TRIGGER message_fts_insert AFTER INSERT ON message BEGIN
            INSERT INTO message_fts (rowid, members, stems) VALUES (new.id, {MEMBERS.format(of='new')}, new.stems);
        END""")
    op.execute("""
        CREATE TRIGGER message_fts_update AFTER UPDATE OF stems ON message BEGIN
            UPDATE message_fts SET stems = new.stems WHERE rowid = new.id;
        END""")
    op.execute("""
        CREATE TRIGGER message_fts_delete AFTER DELETE ON message BEGIN
            DELETE FROM message_fts WHERE rowid = old.id;
        END""")
    for event, member in (("INSERT", "new"), ("DELETE", "old")):
        op.execute(f"""
            CREATE TRIGGER message_fts_member_{event.lower()} AFTER {event} ON chat_member BEGIN
                UPDATE message_fts SET members = {MEMBERS.format(of=member)}
                WHERE rowid IN (SELECT id FROM message WHERE chat_id = {member}.chat_id);
            END""")


def downgrade():
    if op.get_bind().dialect.name != 'postgresql':
        index_the_two()
    op.drop_column('message', 'recalled_digest')
    op.drop_column('message', 'recalled_at')
    op.drop_column('message', 'quoted_seq')


def index_the_two():
    for trigger in ('insert', 'update', 'delete', 'member_insert', 'member_delete'):
        op.execute(f"DROP TRIGGER message_fts_{trigger}")
    op.execute("DROP TABLE message_fts")
    op.execute("CREATE VIRTUAL TABLE message_fts USING fts5(members, stems, content='', tokenize='unicode61')")
    op.execute(f"INSERT INTO message_fts (rowid, members, stems) {BOTH.format(of='message', source='message,')}")
    op.execute(f"""
        CREATE TRIGGER message_fts_insert AFTER INSERT ON message BEGIN
            INSERT INTO message_fts (rowid, members, stems) {BOTH.format(of='new', source='')};
        END""")
