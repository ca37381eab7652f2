"""What time makes of a consultation, as the worker writes it down: reminders, expiry, the end of the window."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from ...config import current_settings
from ...events import ConfirmationReminderDue, ConsultationReminderDue, record
from ...extensions import db
from ...services import clock
from ..night_hours import by_day
from .states import CONFIRMED_STATES, UPCOMING, ConsultationState
from .times import CHAT_STAYS_OPEN

if TYPE_CHECKING:
    from .consultation import Consultation

DAY = timedelta(days=1)
TOO_LATE = timedelta(hours=3)  # before the start: a worker that slept until then reminds nobody of tomorrow any more


class ConsultationDeadlines:
    """A consultation's facet for the worker, who looks at it when something is due."""

    @classmethod
    def unended(cls: type[Consultation]) -> Sequence[int]:
        """Ids of all that time will change: the sweep sees that each has its job."""
        return db.session.scalars(select(cls.id).where(cls.state.in_(UPCOMING))).all()

    def process_due(self: Consultation) -> datetime | None:
        """What has become due: reminders, expiry, the end of the window. Returns when to look again, if ever."""
        self.lock()
        self.apply_due_transition()
        due = [minutes for minutes in current_settings.reminders if self._needs_reminder(minutes)]
        if due:
            record(ConsultationReminderDue(self.id, min(due)))  # one that was missed is not said beside the next
        if self._needs_confirmation_reminder():
            record(ConfirmationReminderDue(self.id))
        self.open_chat()
        return self.next_due_at()

    def next_due_at(self: Consultation) -> datetime | None:
        """The next moment the worker has something to do."""
        now = clock.now()
        if self.state is ConsultationState.PROPOSED:
            ask_at, expires_at = self.confirmation_reminder_at(), max(self.expires_at, now)
            return ask_at if ask_at is not None and now < ask_at < expires_at else expires_at
        if self.state in CONFIRMED_STATES:
            reminders = [self.starts_at - timedelta(minutes=minutes) for minutes in current_settings.reminders]
            return min(moment for moment in [*reminders, self.closes_at] if moment > now or moment == self.closes_at)
        closes = self.ends_at + CHAT_STAYS_OPEN
        return closes if self.confirmed_at is not None and closes > now else None

    def confirmation_reminder_at(self: Consultation) -> datetime | None:
        """When who is asked is told, once and by day, that it waits for their confirmation or payment.

        A day before the start – of several times, before they lapse –, or at half of the time that was left when it
        was proposed or moved.
        """
        since = self.moved_at or self.created_at
        last = self.expires_at if self.was_choice else self.starts_at
        moment = max(last - DAY, since + (last - since) / 2)
        moment = by_day(moment, self.who_confirms.zone, last)
        return moment if moment > since else None

    def _needs_confirmation_reminder(self: Consultation) -> bool:
        moment = self.confirmation_reminder_at() if self.state is ConsultationState.PROPOSED else None
        return moment is not None and moment <= clock.now() < self.starts_at

    def _needs_reminder(self: Consultation, minutes: int) -> bool:
        """Agreed before that moment. Late it is still of use; that of the day before not in the last hours."""
        now, moment = clock.now(), self.starts_at - timedelta(minutes=minutes)
        is_of_days_before = timedelta(minutes=minutes) > TOO_LATE
        until = self.starts_at - TOO_LATE if is_of_days_before else self.starts_at
        is_due = moment <= now < until
        was_agreed = self.confirmed_at is not None and self.confirmed_at <= moment
        return self.state is ConsultationState.CONFIRMED and is_due and was_agreed
