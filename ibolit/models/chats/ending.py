"""Before the time of a chat ends its patient is told, once, by day."""

from __future__ import annotations

from datetime import timedelta

from ...events import ChatEndsSoon, record
from ...services import clock
from ..job import Job, JobKind
from ..night_hours import by_day
from .chat import Chat
from .states import AccessMode

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def schedule(chat: Chat) -> None:
    """A day before, or an hour before the end of what lasts no longer than a day. Under the chat's lock."""
    now, end = clock.now(), chat.open_until
    if chat.access is AccessMode.UNLIMITED or end is None:
        return
    due = by_day(end - (DAY if end - now > DAY else HOUR), chat.patient.zone, end)
    if due > now:
        Job.schedule_once(JobKind.CHAT_ENDS, chat.id, due, f"{chat.id}:{end.timestamp():.0f}")


def announce(chat: Chat) -> None:
    """What was planned for another end than the present one tells nothing."""
    end = chat.open_until
    if chat.access is not AccessMode.UNLIMITED and end is not None and timedelta() < end - clock.now() <= DAY:
        record(ChatEndsSoon(chat.id))
