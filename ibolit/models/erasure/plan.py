"""Asked to be erased, undone, the consent withdrawn and given anew: what stands before the erasure itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from ... import errors
from ...events import AccountNoted, record
from ...extensions import db
from ...services import clock
from ..accounts import SecurityEvent, SecurityEventKind, refuse_while_phone_is_new
from ..job import Job, JobKind
from ..payments import Payment
from ..people import Device, User
from . import payment_contacts, winding_up

TIME_TO_THINK = timedelta(days=7)
KEPT_AFTER_WITHDRAWAL = timedelta(days=30)  # 152-ФЗ, article 21, part 5


def ask(user: User, device: Device | None = None, expected: str | None = None) -> datetime:
    """«Удалить аккаунт»: the moment of the erasure, which the same person undoes till then. Pressed twice it is asked
    once. Consultations and tariffs end now, and do not come back; older ways in than this `device` are told.

    `expected` is the mark of what the page said was at stake. Raises OnlyPatientsAreErased, StakeHasChanged and
    PhoneIsNew.
    """
    _refuse_staff(user)
    winding_up.lock_all_of(user)
    if user.erases_at is None:
        refuse_while_phone_is_new(user)
        if expected is not None and winding_up.at_stake(user).mark != expected:
            raise errors.StakeHasChanged
        SecurityEvent.announce(user, SecurityEventKind.ERASURE, device)
        winding_up.end_by_refusal(user)
        _plan(user, TIME_TO_THINK)
        record(AccountNoted("asked", user.id, until=user.erases_at))
    assert user.erases_at is not None
    return user.erases_at


def undo(user: User) -> None:
    """«Отменить»: as if it had never been asked. A consent that was withdrawn is given anew elsewhere: come_back()."""
    db.session.refresh(user, with_for_update={"of": User})
    if user.is_leaving:
        user.erases_at = None
        record(AccountNoted("undone", user.id))


def withdraw_processing(user: User, device: Device | None = None) -> datetime:
    """Chats close, money goes back by itself; the moment of the erasure, unless a new yes comes before. Twice is once.

    Raises OnlyPatientsAreErased.
    """
    _refuse_staff(user)
    if user.withdrawn_at is None:
        winding_up.let_relatives_go(user)
    winding_up.lock_all_of(user)
    if user.withdrawn_at is None:
        SecurityEvent.announce(user, SecurityEventKind.WITHDRAWAL, device)
        winding_up.end_in_full(user)
        for chat in winding_up.chats_of(user):
            chat.end_for_withdrawal()
        user.withdrawn_at, user.accepted_versions = clock.now(), ""
        if user.erases_at is None:  # who has asked for it sooner is erased sooner
            _plan(user, KEPT_AFTER_WITHDRAWAL)
        record(AccountNoted("withdrawn", user.id, until=user.erases_at))
    assert user.erases_at is not None
    return user.erases_at


def come_back(user: User) -> None:
    """A new yes: what is there goes on, nothing is erased. Under the user's lock."""
    if user.withdrawn_at is not None and user.erased_at is None:
        user.withdrawn_at = user.erases_at = None
        record(AccountNoted("undone", user.id))


def plan_again(user: User, until: datetime, *, withdrawn_at: datetime | None) -> None:
    """After a restore: the log beside the backups knows what the restored clinic does not."""
    user.erases_at = until
    if withdrawn_at is not None:
        user.withdrawn_at, user.accepted_versions = withdrawn_at, ""
    _schedule(user)


def look_after_all() -> int:
    """A job for every erasure that is due, or whose payments know the person still, and that no job looks after: it was
    given up while something stood in its way for long. How many."""
    is_due = User.erases_at <= clock.now(), User.erased_at.is_(None)
    is_known = select(Payment.id).where(Payment.payer_id == User.id, payment_contacts.KNOWS)
    waits = select(Job.id).where(Job.kind == JobKind.ERASURE, Job.subject_id == User.id, Job.done_at.is_(None))
    open_ = or_(and_(*is_due), and_(User.erased_at.is_not(None), is_known.exists()))
    left = db.session.scalars(select(User.id).where(open_, ~waits.exists())).all()
    for id in left:
        Job.add(JobKind.ERASURE, id)
    return len(left)


def _refuse_staff(user: User) -> None:
    if not user.is_patient:
        raise errors.OnlyPatientsAreErased


def _plan(user: User, pause: timedelta) -> None:
    user.erases_at = _in(pause)
    _schedule(user)


def _in(pause: timedelta) -> datetime:
    return (clock.now() + pause).replace(microsecond=0)


def _schedule(user: User) -> None:
    """One job a moment: what was undone and asked again has another."""
    assert user.erases_at is not None
    key = f"{user.id}:{user.erases_at.timestamp():.0f}"
    Job.schedule_once(JobKind.ERASURE, user.id, user.erases_at, key)
