"""A proposal of several times: all are kept for the patient until one is chosen, or until it lapses."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...events import ConsultationMoved, record
from ...extensions import Model, db
from ...services import clock
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import User
from ..types import RowId, UtcDateTime
from .states import ConsultationState

if TYPE_CHECKING:
    from .consultation import Consultation

MOST_TIMES = 3  # that one proposal offers
CHOICE_LASTS = timedelta(hours=24)
PAID_AHEAD = timedelta(minutes=15)  # a paid start is at least so far away


class TimeOption(Model):
    """One of the times a proposal offers. They go with the choice; of what lapsed they tell what it was."""

    __table_args__ = (
        Index("ix_time_option_of_doctor", "doctor_id", "starts_at"),
        UniqueConstraint("consultation_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", "times"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConsultationChoosing:
    """A consultation's facet for the choice of its time."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        proposed_start: Mapped[datetime | None]
        proposed_by_id: Mapped[int | None]
        moved_at: Mapped[datetime | None]
        held_until: Mapped[datetime | None]

    @property
    def awaits_choice(self: Consultation) -> bool:
        """The patient has yet to say which of its times it is."""
        return self.was_choice and self.state_now is ConsultationState.PROPOSED

    @property
    def was_choice(self: Consultation) -> bool:
        """Nobody has chosen one of its times, whether one still may or not."""
        return self.held_until is not None and bool(self.time_options)

    @property
    def has_choice_lapsed(self: Consultation) -> bool:
        return self.was_choice and self.state_now is ConsultationState.EXPIRED

    @property
    def spans(self: Consultation) -> list[tuple[datetime, datetime]]:
        """All that it may be: its own time, or each of those that its patient may choose."""
        times = self.time_options if self.awaits_choice else [self]
        return [(one.starts_at, one.ends_at) for one in times]

    def lists_times_for(self: Consultation, viewer: User) -> bool:
        """Whoever may choose has a button for each."""
        return self.was_choice and not (self.awaits_choice and viewer.id == self.patient_id)

    def offer_times(self: Consultation, starts: Sequence[datetime]) -> None:
        """With itself already in the session; its own time is the first of `starts`, which ascend."""
        length = self.ends_at - self.starts_at
        self.time_options = [
            TimeOption(doctor_id=self.doctor_id, starts_at=start, ends_at=start + length) for start in starts
        ]
        self.held_until = choice_lasts_until(starts[0], needs_payment=self.price > 0)

    def choose_time(self: Consultation, user: User, start: datetime) -> None:
        """The patient's one press: a free one is agreed by it, a paid one is paid next. Pressed again it is the same.

        Raises OtherTimeIsChosen, ChoiceHasLapsed and ConsultationHasChanged.
        """
        advisory_lock(LockKind.AGENDA, self.doctor_id)
        self.lock_for(user)
        if user.id != self.patient_id:
            raise errors.ConsultationHasChanged
        if not self.awaits_choice:
            self._refuse_choice_of(start)
            return
        chosen = next((one for one in self.time_options if one.starts_at == start), None)
        if chosen is None:
            raise errors.ConsultationHasChanged
        first = self.starts_at
        self.starts_at, self.ends_at = chosen.starts_at, chosen.ends_at
        self.end_choice()
        self.moved_at = clock.now()
        db.session.flush()
        if self.price:
            record(ConsultationMoved(self.id, user.id, first, False))
            Job.expedite(JobKind.CONSULTATION, self.id)
        else:
            self.agree(by=user)
        self.bump_revision()

    def end_choice(self: Consultation) -> None:
        """Its time is agreed, and the others are free."""
        if self.was_choice:
            self.time_options, self.held_until = [], None
        self.proposed_start = self.proposed_by_id = None

    def _refuse_choice_of(self: Consultation, start: datetime) -> None:
        if self.was_choice and self.state is ConsultationState.EXPIRED:
            raise errors.ChoiceHasLapsed
        if self.state is ConsultationState.CANCELLED or self.moved_at is None:
            raise errors.ConsultationHasChanged
        if self.starts_at != start:
            raise errors.OtherTimeIsChosen


def choice_lasts_until(first_start: datetime, *, needs_payment: bool) -> datetime:
    """A day at most, never past the first of its times, and what is paid leaves a quarter of an hour to pay."""
    last = first_start - (PAID_AHEAD if needs_payment else timedelta())
    return min(clock.now() + CHOICE_LASTS, last)
