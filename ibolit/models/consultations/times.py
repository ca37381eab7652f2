"""When a consultation is, and what the clock alone makes of its state."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Select, bindparam, select

from ...extensions import db
from ...services import clock
from ..types import UtcDateTime
from .states import CHANGEABLE, CONFIRMED_STATES, UPCOMING, ConsultationState

if TYPE_CHECKING:
    from .consultation import Consultation

OPENS_BEFORE = timedelta(minutes=10)  # «Готов общаться» works from here
CLOSES_AFTER = timedelta(minutes=30)  # the planned end, to here
PAYMENT_HOLDS = timedelta(minutes=15)  # the expiry, when somebody has begun to pay
LONGEST = timedelta(days=1)  # none lasts so long: 90 minutes are the most one can propose
CHAT_STAYS_OPEN = timedelta(hours=24)  # after the end


class ConsultationTimes:
    """A consultation's facet for its planned times and its state as of a moment."""

    @property
    def minutes(self: Consultation) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def held_at(self: Consultation) -> tuple[datetime, datetime | None]:
        """When it really began and was ended; None: nobody ended it, its window closed."""
        was_ended = self.ended_at is not None and self.ended_at < self.closes_at
        return self.started_at or self.starts_at, self.ended_at if was_ended else None

    @property
    def opens_at(self: Consultation) -> datetime:
        return self.starts_at - OPENS_BEFORE

    @property
    def closes_at(self: Consultation) -> datetime:
        return self.ends_at + CLOSES_AFTER

    @property
    def expires_at(self: Consultation) -> datetime:
        """Of what is booked its hold is the expiry, whatever becomes of a payment that was begun."""
        if self.held_until is not None:
            return self.held_until
        return self.starts_at + (PAYMENT_HOLDS if self._is_being_paid else timedelta())

    def state_at(self: Consultation, now: datetime) -> ConsultationState:
        if self.state is ConsultationState.PROPOSED and now >= self.expires_at:
            return ConsultationState.EXPIRED
        if self.state in CONFIRMED_STATES and now >= self.closes_at:
            took_place = self.state is ConsultationState.IN_PROGRESS and self._both_came
            return ConsultationState.COMPLETED if took_place else ConsultationState.MISSED
        return self.state

    @property
    def state_now(self: Consultation) -> ConsultationState:
        return self.state_at(clock.now())

    @property
    def is_upcoming(self: Consultation) -> bool:
        return self.state_now in UPCOMING

    @property
    def is_open(self: Consultation) -> bool:
        """«Готов общаться» works."""
        return self.state_now in CONFIRMED_STATES and clock.now() >= self.opens_at

    def may_be_moved(self: Consultation) -> bool:
        return self.state_now in CHANGEABLE and clock.now() < self.starts_at

    def may_be_cancelled(self: Consultation) -> bool:
        return self.state_now in CHANGEABLE

    def changes_at(self: Consultation) -> datetime | None:
        """When time alone will change what is shown."""
        now, moments = clock.now(), [self.opens_at, self.starts_at, self.expires_at, self.closes_at]
        for side in self.sides:
            moments += self.presence_lapses(side)
        ahead = [moment for moment in moments if moment > now]
        return min(ahead) if ahead and self.state_now in UPCOMING else None

    def open_chat(self: Consultation) -> None:
        """A confirmed one keeps the chat open from 10 minutes before its start until 24 hours after its end."""
        asked = {"chat": self.chat_id, "since": clock.now() - CHAT_STAYS_OPEN}
        windows = [
            (starts_at - OPENS_BEFORE, ends_at + CHAT_STAYS_OPEN)
            for starts_at, ends_at in db.session.execute(_agreed(type(self)), asked).tuples()
        ]
        self.chat.extend_for_consultations(windows)


@cache
def _agreed(noun: type[Consultation]) -> Select[tuple[datetime, datetime]]:
    """Starts and ends of what keeps a chat open. Asked with every press on a card, so it is built once."""
    kept = (*CONFIRMED_STATES, ConsultationState.COMPLETED, ConsultationState.MISSED)
    is_kept = noun.state.in_(kept), noun.confirmed_at.is_not(None), noun.ends_at > bindparam("since", type_=UtcDateTime)
    agreed = select(noun.starts_at, noun.ends_at).where(noun.chat_id == bindparam("chat"), *is_kept)
    return agreed.order_by(noun.starts_at)
