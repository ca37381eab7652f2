"""The request for another time: until the other side accepts it, the agreed one stands."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped

from ... import errors
from ...events import ConsultationMoved, RescheduleDeclined, RescheduleRequested, record
from ...extensions import db
from ...services import clock
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import User
from .booking import check_time
from .states import ConsultationState

if TYPE_CHECKING:
    from .consultation import Consultation


class ConsultationRescheduling:
    """A consultation's facet for another time, which one of its sides asks for and the other accepts."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        proposed_start: Mapped[datetime | None]
        proposed_by_id: Mapped[int | None]
        confirmed_at: Mapped[datetime | None]
        moved_at: Mapped[datetime | None]
        held_until: Mapped[datetime | None]

    def request_reschedule(
        self: Consultation,
        user: User,
        start: datetime,
        expected: datetime,
        expected_request: datetime | None = None,
    ) -> None:
        """«Предложить другое время»: until the other accepts, the agreed one stands. What both ask for is agreed.

        Takes the place of the other's request only where the person has seen it.
        Raises ConsultationHasChanged, OtherRequestedReschedule, TimeIsPast, TimeIsTooSoon, TimeIsTaken, TimeIsTheSame.
        """
        advisory_lock(LockKind.AGENDA, self.doctor_id)
        self.lock_for(user, expected)
        if not self.may_be_moved():
            raise errors.ConsultationHasChanged
        if start == self.starts_at:
            raise errors.TimeIsTheSame
        others = self.reschedule_request_from_other(user)
        if start == others:
            self._take_time(user, start)
            return
        if others not in (None, expected_request):
            raise errors.OtherRequestedReschedule
        if start == self.reschedule_request:
            return  # pressed twice
        self._check_new_time(start)
        self.proposed_start, self.proposed_by_id = start, user.id
        record(RescheduleRequested(self.id, user.id, instead_of=others))
        self.bump_revision()

    def accept_reschedule(self: Consultation, user: User, expected: datetime) -> None:
        """The other side's yes to the time it saw: a free one is agreed by that, whoever had asked for it.

        Raises ConsultationHasChanged and what request_reschedule() raises of the time.
        """
        advisory_lock(LockKind.AGENDA, self.doctor_id)
        self.lock_for(user)
        if self.reschedule_request is None or self.reschedule_request_from_other(user) != expected:
            raise errors.ConsultationHasChanged
        self._take_time(user, expected)

    def decline_reschedule(self: Consultation, user: User, expected: datetime) -> None:
        """The other side's no, or the requester's own withdrawal; a request that is gone already needs none."""
        self.lock_for(user)
        if self.reschedule_request != expected or self.proposed_by_id is None:
            return
        record(RescheduleDeclined(self.id, user.id, self.proposed_by_id))
        self.proposed_start = self.proposed_by_id = None
        self.bump_revision()

    def _take_time(self: Consultation, user: User, start: datetime) -> None:
        self._check_new_time(start)
        is_proposed = self.state is ConsultationState.PROPOSED
        self._move(start, taken_by=user)
        if is_proposed and not self.price:
            self.agree(with_move=True)
        self.bump_revision()

    def _check_new_time(self: Consultation, start: datetime) -> None:
        check_time(start, needs_payment=self.price > 0 and self.state is ConsultationState.PROPOSED)
        self.refuse_taken(self.doctor_id, start, start + (self.ends_at - self.starts_at), but=self.id)

    def _move(self: Consultation, start: datetime, *, taken_by: User) -> None:
        """What calendars know of it grows only when it may be in one."""
        by_doctor, was_agreed, from_start = (
            taken_by.id == self.patient_id,
            self.confirmed_at is not None,
            self.starts_at,
        )
        self.was_moved_by_doctor = self.was_moved_by_doctor or (by_doctor and self.is_paid)
        self.shift_to(start)
        record(ConsultationMoved(self.id, taken_by.id, from_start, was_agreed))
        Job.expedite(JobKind.CONSULTATION, self.id)

    def shift_to(self: Consultation, start: datetime) -> None:
        """Both have agreed on it, or nobody need be asked; what was held for a payment now waits to its start."""
        self.starts_at, self.ends_at = start, start + (self.ends_at - self.starts_at)
        self.end_choice()
        if self.state is ConsultationState.PROPOSED:
            self.held_until = None
        self.reset_attendance()
        self.moved_at = clock.now()
        if self.confirmed_at is not None:
            self.confirmed_at = self.moved_at
            self.sequence += 1
        db.session.flush()
        self.open_chat()
