"""Who has a chat open now is told, too, before its time ends."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

chat = sa.table('chat', sa.column('id', sa.BigInteger()), sa.column('access', sa.String()), sa.column('open_until', sa.DateTime(timezone=True)))
job = sa.table('job', sa.column('kind', sa.String()), sa.column('subject_id', sa.BigInteger()), sa.column('unique_key', sa.String()), sa.column('due_at', sa.DateTime(timezone=True)), sa.column('attempts', sa.Integer()))


def upgrade():
    now, day = _kept(datetime.now(UTC)), timedelta(days=1)
    ending = sa.select(chat.c.id, chat.c.open_until).where(chat.c.access != 'unlimited', chat.c.open_until > now + day)
    rows = [
        {'kind': 'chat_ends', 'subject_id': id, 'unique_key': f'chat_ends:{id}:{_aware(end).timestamp():.0f}', 'due_at': end - day, 'attempts': 0}
        for id, end in op.get_bind().execute(ending)
    ]
    if rows:
        op.bulk_insert(job, rows)


def downgrade():
    op.execute("DELETE FROM job WHERE kind = 'chat_ends'")
    op.execute("DELETE FROM job WHERE kind IN ('notification', 'push') AND subject_id IN (SELECT id FROM notification WHERE kind IN ('waits', 'ends', 'corrected'))")
    op.execute("DELETE FROM notification WHERE kind IN ('waits', 'ends', 'corrected')")


def _kept(moment):
    """As SQLite keeps it."""
    return moment.replace(tzinfo=None) if op.get_bind().dialect.name == 'sqlite' else moment


def _aware(moment):
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
