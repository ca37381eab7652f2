"""The request for another time: until the other side accepts it, the agreed one stands."""

from __future__ import annotations

from datetime import datetime

from ... import errors
from ...events import ConsultationMoved, RescheduleDeclined, RescheduleRequested, record
from ...extensions import db
from ...services import clock
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import User
from .booking import check_time, is_taken
from .consultation import Consultation
from .states import ConsultationState


def request(
    consultation: Consultation,
    user: User,
    start: datetime,
    expected: datetime,
    expected_request: datetime | None = None,
) -> None:
    """«Предложить другое время»: until the other accepts, the agreed one stands. What both ask for is agreed.

    Takes the place of the other's request only where the person has seen it.
    Raises ConsultationHasChanged, OtherRequestedReschedule, TimeIsPast, TimeIsTooSoon, TimeIsTaken, TimeIsTheSame.
    """
    advisory_lock(LockKind.AGENDA, consultation.doctor_id)
    consultation.lock_for(user, expected)
    if not consultation.may_be_moved():
        raise errors.ConsultationHasChanged
    if start == consultation.starts_at:
        raise errors.TimeIsTheSame
    others = consultation.reschedule_request_from_other(user)
    if start == others:
        _take(consultation, user, start)
        return
    if others not in (None, expected_request):
        raise errors.OtherRequestedReschedule
    if start == consultation.reschedule_request:
        return  # pressed twice
    _check_new(consultation, start)
    consultation.proposed_start, consultation.proposed_by_id = start, user.id
    record(RescheduleRequested(consultation.id, user.id, instead_of=others))
    consultation.bump_revision()


def accept(consultation: Consultation, user: User, expected: datetime) -> None:
    """The other side's yes to the time it saw: a free one is agreed by that, whoever had asked for it.

    Raises ConsultationHasChanged and what request() raises of the time.
    """
    advisory_lock(LockKind.AGENDA, consultation.doctor_id)
    consultation.lock_for(user)
    if consultation.reschedule_request is None or consultation.reschedule_request_from_other(user) != expected:
        raise errors.ConsultationHasChanged
    _take(consultation, user, expected)


def decline(consultation: Consultation, user: User, expected: datetime) -> None:
    """The other side's no, or the requester's own withdrawal; a request that is gone already needs none."""
    consultation.lock_for(user)
    if consultation.reschedule_request != expected or consultation.proposed_by_id is None:
        return
    record(RescheduleDeclined(consultation.id, user.id, consultation.proposed_by_id))
    consultation.proposed_start = consultation.proposed_by_id = None
    consultation.bump_revision()


def _take(consultation: Consultation, user: User, start: datetime) -> None:
    _check_new(consultation, start)
    is_proposed = consultation.state is ConsultationState.PROPOSED
    _move(consultation, start, taken_by=user)
    if is_proposed and not consultation.price:
        consultation.agree(with_move=True)
    consultation.bump_revision()


def _check_new(consultation: Consultation, start: datetime) -> None:
    check_time(start, needs_payment=consultation.price > 0 and consultation.state is ConsultationState.PROPOSED)
    if is_taken(
        consultation.doctor_id, start, start + (consultation.ends_at - consultation.starts_at), but=consultation.id
    ):
        raise errors.TimeIsTaken


def _move(consultation: Consultation, start: datetime, *, taken_by: User) -> None:
    """What calendars know of it grows only when it may be in one."""
    by_doctor, was_agreed, from_start = (
        taken_by.id == consultation.patient_id,
        consultation.confirmed_at is not None,
        consultation.starts_at,
    )
    consultation.starts_at, consultation.ends_at = start, start + (consultation.ends_at - consultation.starts_at)
    consultation.proposed_start = consultation.proposed_by_id = None
    consultation.was_moved_by_doctor = consultation.was_moved_by_doctor or (by_doctor and consultation.is_paid)
    consultation.reset_attendance()
    consultation.moved_at = clock.now()
    if was_agreed:
        consultation.confirmed_at = consultation.moved_at
        consultation.sequence += 1
    db.session.flush()
    consultation.open_chat()
    record(ConsultationMoved(consultation.id, taken_by.id, from_start, was_agreed))
    Job.expedite(JobKind.CONSULTATION, consultation.id)
