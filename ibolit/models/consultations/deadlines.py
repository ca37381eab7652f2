"""What time makes of a consultation, as the worker writes it down: reminders, expiry, the end of the window."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...config import current_settings
from ...events import ConfirmationReminderDue, ConsultationReminderDue, record
from ...services import clock
from ..night_hours import by_day
from .consultation import Consultation
from .states import CONFIRMED_STATES, ConsultationState
from .times import CHAT_STAYS_OPEN

DAY = timedelta(days=1)
TOO_LATE = timedelta(hours=3)  # before the start: a worker that slept until then reminds nobody of tomorrow any more


def process_due(consultation: Consultation) -> datetime | None:
    """What has become due: reminders, expiry, the end of the window. Returns when to look again, if ever."""
    consultation.lock()
    consultation.apply_due_transition()
    due = [minutes for minutes in current_settings.reminders if _needs_reminder(consultation, minutes)]
    if due:
        record(ConsultationReminderDue(consultation.id, min(due)))  # one that was missed is not said beside the next
    if _needs_confirmation_reminder(consultation):
        record(ConfirmationReminderDue(consultation.id))
    consultation.open_chat()
    return next_due_at(consultation)


def next_due_at(consultation: Consultation) -> datetime | None:
    """The next moment the worker has something to do."""
    now = clock.now()
    if consultation.state is ConsultationState.PROPOSED:
        ask_at = confirmation_reminder_at(consultation)
        return ask_at if ask_at is not None and ask_at > now else max(consultation.expires_at, now)
    if consultation.state in CONFIRMED_STATES:
        reminders = [consultation.starts_at - timedelta(minutes=minutes) for minutes in current_settings.reminders]
        return min(
            moment
            for moment in [*reminders, consultation.closes_at]
            if moment > now or moment == consultation.closes_at
        )
    closes = consultation.ends_at + CHAT_STAYS_OPEN
    return closes if consultation.confirmed_at is not None and closes > now else None


def confirmation_reminder_at(consultation: Consultation) -> datetime | None:
    """When the patient is told, once and by day, that it waits for their confirmation or payment.

    A day before the start, or at half of the time that was left when it was proposed or moved.
    """
    since = consultation.moved_at or consultation.created_at
    moment = max(consultation.starts_at - DAY, since + (consultation.starts_at - since) / 2)
    moment = by_day(moment, consultation.patient.zone, consultation.starts_at)
    return moment if moment > since else None


def _needs_confirmation_reminder(consultation: Consultation) -> bool:
    moment = confirmation_reminder_at(consultation) if consultation.state is ConsultationState.PROPOSED else None
    return moment is not None and moment <= clock.now() < consultation.starts_at


def _needs_reminder(consultation: Consultation, minutes: int) -> bool:
    """Agreed before that moment. Late it is still of use; that of the day before not in the last hours."""
    now, moment = clock.now(), consultation.starts_at - timedelta(minutes=minutes)
    is_of_days_before = timedelta(minutes=minutes) > TOO_LATE
    until = consultation.starts_at - TOO_LATE if is_of_days_before else consultation.starts_at
    is_due = moment <= now < until
    was_agreed = consultation.confirmed_at is not None and consultation.confirmed_at <= moment
    return consultation.state is ConsultationState.CONFIRMED and is_due and was_agreed
