"""What happens at the time of a consultation, and what time alone makes of it."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import false
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...events import (
    CallbackRequested,
    ConsultationCompleted,
    ConsultationExpired,
    ConsultationMissed,
    ConsultationStarted,
    DelayAnnounced,
    ParticipantReady,
    VisitAdvised,
    record,
)
from ...services import clock
from ..payments import RefundReason
from ..people import User
from .states import CONFIRMED_STATES, ConsultationState

if TYPE_CHECKING:
    from .consultation import Consultation


class ConsultationCourse:
    """A consultation's facet from «Готов общаться» to its end."""

    needs_visit: Mapped[bool] = mapped_column(default=False, server_default=false())  # «Нужен очный приём»

    if TYPE_CHECKING:  # what is assigned here, and may be None
        started_at: Mapped[datetime | None]
        ended_at: Mapped[datetime | None]
        proposed_start: Mapped[datetime | None]
        proposed_by_id: Mapped[int | None]
        callback_requested_at: Mapped[datetime | None]

    def mark_ready(self: Consultation, user: User) -> None:
        """«Готов общаться»; when both are, it begins. Raises TooEarly, MustBePaid, ConsultationHasChanged."""
        self.lock_for(user)
        self._refuse_if_closed()
        self.open_chat()  # whether the worker is awake or not
        was_ready = self.is_side_ready(user)
        self._attend(user).mark_ready()
        is_awaited = self.awaits_child()  # both may be ready while the child is still asked
        if self.state is ConsultationState.CONFIRMED and self.is_side_ready(self.other_than(user)) and not is_awaited:
            self._begin()
        elif not was_ready and self.state is ConsultationState.CONFIRMED:
            record(ParticipantReady(self.id, user.id))
        self.bump_revision()

    def announce_delay(self: Consultation, user: User) -> None:
        """«Опаздываю на 5 минут». Raises ConsultationHasChanged; a second press says nothing new."""
        self.lock_for(user)
        if self.late_until(user) is not None:
            return
        if not self.may_announce_delay(user):
            raise errors.ConsultationHasChanged
        self._attend(user).delay_announced_at = clock.now()
        record(DelayAnnounced(self.id, user.id))
        self.bump_revision()

    def end(self: Consultation, user: User, *, needs_visit: bool = False) -> None:
        """The doctor says that it is over, maybe with «Нужен очный приём», which may also be said later.

        Said again it changes nothing. Raises ConsultationHasChanged.
        """
        self.lock_for(user)
        is_new = needs_visit and not self.needs_visit
        if self.state is ConsultationState.COMPLETED and not is_new:
            return
        if user.id != self.doctor.user_id or self.state not in (
            ConsultationState.IN_PROGRESS,
            ConsultationState.COMPLETED,
        ):
            raise errors.ConsultationHasChanged
        if self.state is ConsultationState.IN_PROGRESS:
            self._complete()
        if is_new:
            self.needs_visit = True
            record(VisitAdvised(self.id))
        self.bump_revision()

    def request_callback(self: Consultation, user: User) -> None:
        """«Попросить врача позвонить»: once; a second press says nothing new. Raises ConsultationIsNotOpen."""
        self.lock_for(user)
        if user.id != self.patient_id or not self.is_open:
            raise errors.ConsultationIsNotOpen
        if self.callback_requested_at is not None:
            return
        self.callback_requested_at = clock.now()
        record(CallbackRequested(self.id))
        self.bump_revision()

    def apply_due_transition(self: Consultation) -> None:
        """What time has made of it is written, once."""
        due = self.state_now
        if due is self.state:
            return
        if due is ConsultationState.EXPIRED:
            self.ended_at = clock.now()
            self._become(due)
            record(ConsultationExpired(self.id))
        elif due is ConsultationState.COMPLETED:
            self._complete()
        else:
            self._miss()
        self.bump_revision()

    def _begin(self: Consultation) -> None:
        self.started_at = clock.now()
        self.proposed_start = self.proposed_by_id = None
        self._become(ConsultationState.IN_PROGRESS)
        record(ConsultationStarted(self.id))

    def _complete(self: Consultation) -> None:
        self.ended_at = clock.now()
        self._become(ConsultationState.COMPLETED)
        for payment in self.payments:
            payment.mark_delivered()
        record(ConsultationCompleted(self.id))

    def _miss(self: Consultation) -> None:
        """The doctor absent: all goes back by itself. Else – the patient absent, or they missed each other – the clinic
        decides."""
        self.ended_at = clock.now()
        self._become(ConsultationState.MISSED)
        self._give_back(RefundReason.MISSED, in_full=self.doctor_stayed_away)
        record(ConsultationMissed(self.id))

    def _refuse_if_closed(self: Consultation) -> None:
        if self.state is ConsultationState.PROPOSED:
            raise errors.MustBePaid if self.price else errors.MustBeConfirmed
        if self.state not in CONFIRMED_STATES:
            raise errors.ConsultationHasChanged
        if clock.now() < self.opens_at:
            raise errors.TooEarly
