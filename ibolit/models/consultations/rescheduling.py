"""The wish to meet at another time: until the other side accepts it, the agreed one stands."""

from __future__ import annotations

from datetime import datetime

from ... import errors
from ...database import advisory_lock
from ...events import ConsultationMoved, TimeDeclined, TimeWished, record
from ...extensions import db
from ...services import clock
from ..job import Job, JobKind
from ..people import User
from .booking import check_time, is_taken
from .consultation import Consultation
from .states import ConsultationState


def wish(talk: Consultation, user: User, start: datetime, seen: datetime, seen_wish: datetime | None = None) -> None:
    """«Предложить другое время»: until the other accepts, the agreed one stands. What both wish for is agreed.

    Takes the place of the other's wish only where the person has seen it.
    Raises ConsultationHasChanged, OtherHasWished, TimeIsPast, TimeIsTooSoon, TimeIsTaken, TimeIsTheSame.
    """
    advisory_lock(db.session, f"agenda {talk.doctor_id}")
    talk.hold_for(user, seen)
    if not talk.may_be_moved():
        raise errors.ConsultationHasChanged
    if start == talk.starts_at:
        raise errors.TimeIsTheSame
    others = talk.wish_of_other(user)
    if start == others:
        _take(talk, user, start)
        return
    if others not in (None, seen_wish):
        raise errors.OtherHasWished
    if start == talk.wish:
        return  # pressed twice
    _check_new(talk, start)
    talk.proposed_start, talk.proposed_by_id = start, user.id
    record(TimeWished(talk.id, user.id, instead_of=others))
    talk.bump_revision()


def accept(talk: Consultation, user: User, seen: datetime) -> None:
    """The other side's yes to the time it saw: a free one is agreed by that, whoever had wished for it.

    Raises ConsultationHasChanged and what wish() raises of the time.
    """
    advisory_lock(db.session, f"agenda {talk.doctor_id}")
    talk.hold_for(user)
    if talk.wish is None or talk.wish_of_other(user) != seen:
        raise errors.ConsultationHasChanged
    _take(talk, user, seen)


def decline(talk: Consultation, user: User, seen: datetime) -> None:
    """The other side's no, or the wisher's second thought; a wish that is gone already needs none."""
    talk.hold_for(user)
    if talk.wish != seen or talk.proposed_by_id is None:
        return
    record(TimeDeclined(talk.id, user.id, talk.proposed_by_id))
    talk.proposed_start = talk.proposed_by_id = None
    talk.bump_revision()


def _take(talk: Consultation, user: User, start: datetime) -> None:
    _check_new(talk, start)
    is_proposed = talk.state is ConsultationState.PROPOSED
    _move(talk, start, taken_by=user)
    if is_proposed and not talk.price:
        talk.agree(with_move=True)
    talk.bump_revision()


def _check_new(talk: Consultation, start: datetime) -> None:
    check_time(start, needs_payment=talk.price > 0 and talk.state is ConsultationState.PROPOSED)
    if is_taken(talk.doctor_id, start, start + (talk.ends_at - talk.starts_at), but=talk.id):
        raise errors.TimeIsTaken


def _move(talk: Consultation, start: datetime, *, taken_by: User) -> None:
    """What calendars know of it grows only when it may be in one."""
    by_doctor, was_agreed, from_start = taken_by.id == talk.patient_id, talk.confirmed_at is not None, talk.starts_at
    talk.starts_at, talk.ends_at = start, start + (talk.ends_at - talk.starts_at)
    talk.proposed_start = talk.proposed_by_id = None
    talk.was_moved_by_doctor = talk.was_moved_by_doctor or (by_doctor and talk.is_paid)
    talk.forget_who_came()
    talk.moved_at = clock.now()
    if was_agreed:
        talk.confirmed_at = talk.moved_at
        talk.sequence += 1
    db.session.flush()
    talk.open_chat()
    record(ConsultationMoved(talk.id, taken_by.id, from_start, was_agreed))
    Job.expedite(JobKind.CONSULTATION, talk.id)
