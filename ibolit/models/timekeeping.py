"""What time makes of a consultation, as the worker writes it down: reminders, expiry, the end of the window."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..config import current_settings
from ..events import ConsultationNear, record
from ..services import clock
from .consultation import CHAT_STAYS_OPEN, Consultation
from .consultation_states import AGREED, ConsultationState

LATE_REMINDER = timedelta(hours=1)  # a worker that slept so long reminds nobody of tomorrow any more


def look_at(talk: Consultation) -> datetime | None:
    """What has become due: reminders, expiry, the end of the window. Returns when to look again, if ever."""
    talk.lock()
    talk.catch_up()
    for minutes in current_settings.reminders:
        if _is_to_be_reminded(talk, minutes):
            record(ConsultationNear(talk.id, minutes))
    talk.open_chat()
    return next_look(talk)


def next_look(talk: Consultation) -> datetime | None:
    """The next moment the worker has something to do."""
    now = clock.now()
    if talk.state is ConsultationState.PROPOSED:
        return max(talk.expires_at, now)
    if talk.state in AGREED:
        reminders = [talk.starts_at - timedelta(minutes=minutes) for minutes in current_settings.reminders]
        return min(moment for moment in [*reminders, talk.closes_at] if moment > now or moment == talk.closes_at)
    closes = talk.ends_at + CHAT_STAYS_OPEN
    return closes if talk.confirmed_at is not None and closes > now else None


def _is_to_be_reminded(talk: Consultation, minutes: int) -> bool:
    """Agreed before that moment; a moment long gone by reminds nobody."""
    now, moment = clock.now(), talk.starts_at - timedelta(minutes=minutes)
    is_due = moment <= now < min(talk.starts_at, moment + LATE_REMINDER)
    was_agreed = talk.confirmed_at is not None and talk.confirmed_at <= moment
    return talk.state is ConsultationState.CONFIRMED and is_due and was_agreed
