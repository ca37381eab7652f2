"""What a doctor's time off does to their chats: in the transaction that sets it, and later by the worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from ...events import DoctorReturned, record
from ...extensions import db
from ...services import clock
from ..chats import AccessMode, Chat
from ..doctors import TimeOff, note_absence_of
from ..job import Job, JobKind
from .offer import StandInOffer

BATCH = 50  # chats that one transaction changes


def follow(time_off: TimeOff) -> None:
    """It was set, changed or ended: who was let in stays until the return as it is now, and nobody else does.

    Under the lock of all time off; the chats' locks are taken in their order.
    """
    for offer in _offers_of(time_off, after=0):
        offer.chat.lock()
        if offer.is_answered_by_stand_in and offer.stand_in is not None:
            if offer.is_taken_up:
                offer.chat.keep_open_to(offer.stand_in.user, time_off.ends_at)
            else:  # whom they had chosen is not asked any more: what comes next they choose anew
                offer.chat.shut_to(offer.stand_in.user)
                offer.choice = None
        offer.chat.bump_revision(offer.message)
    _schedule(time_off)


def process_due(id: int) -> Iterator[None]:
    """By the worker, which commits at each step; done again it does nothing more."""
    TimeOff.lock_all()
    time_off = db.session.get(TimeOff, id, populate_existing=True)
    if time_off is None:  # it was taken back before it began
        return
    note_absence_of(time_off.doctor)
    yield
    if time_off.is_now:
        yield from _prolong_chats(time_off)
    elif time_off.is_over:
        yield from _tell_of_return(time_off)


def _schedule(time_off: TimeOff) -> None:
    """Its beginning and its end, as they are now; what was planned before finds nothing to do."""
    now = clock.now()
    begins, who = max(time_off.starts_at, now), time_off.stand_in_id or 0
    Job.schedule_once(
        JobKind.TIME_OFF, time_off.id, begins, f"{time_off.id}:{begins.timestamp():.0f}:{time_off.days}:{who}"
    )
    ends = max(time_off.ends_at, now)
    Job.schedule_once(JobKind.TIME_OFF, time_off.id, ends, f"{time_off.id}:{ends.timestamp():.0f}:end")


def _prolong_chats(time_off: TimeOff) -> Iterator[None]:
    """A day or more in which nobody answers is not lost to who has time there."""
    days, moved, since = time_off.days, time_off.moved_days, time_off.starts_at
    if time_off.stand_in_id is not None or days <= moved:
        return
    last = 0
    while batch := _open_chats(time_off, after=last):
        for chat in batch:
            chat.keep_days(days, moved, f"away-{time_off.id}", since)
        last = batch[-1].id
        yield
    TimeOff.lock_all()
    db.session.refresh(time_off)
    time_off.moved_days = max(time_off.moved_days, days)
    yield


def _tell_of_return(time_off: TimeOff) -> Iterator[None]:
    """Their doctor answers again, and the buttons of the choice go."""
    last = 0
    while batch := _offers_of(time_off, after=last, most=BATCH):
        for offer in batch:
            offer.chat.lock()
            record(DoctorReturned(offer.id))
            offer.chat.bump_revision(offer.message)
        last = batch[-1].id
        yield


def _open_chats(time_off: TimeOff, after: int) -> Sequence[Chat]:
    """With time that the absence takes, in the order of their locks."""
    theirs = Chat.doctor_id == time_off.doctor_id, Chat.erased_at.is_(None), Chat.id > after
    is_open = Chat.access != AccessMode.UNLIMITED, Chat.open_until > time_off.starts_at
    return db.session.scalars(select(Chat).where(*theirs, *is_open).order_by(Chat.id).limit(BATCH)).all()


def _offers_of(time_off: TimeOff, after: int, most: int | None = None) -> Sequence[StandInOffer]:
    """In the order of their chats' locks where it matters: one a chat is the rule."""
    own = select(StandInOffer).where(StandInOffer.time_off_id == time_off.id, StandInOffer.id > after)
    ordered = own.order_by(StandInOffer.id) if most else own.order_by(StandInOffer.chat_id)
    return db.session.scalars(ordered.limit(most)).all()
