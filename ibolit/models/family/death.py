"""A death, marked by who writes for the person or by the office, and undone within 30 days.

docs/product.md, «Family»: no reminder, push or list speaks of the person, what is coming and whole unused days go
back, nobody writes in their name; who could read reads on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from ... import errors
from ...events import AccountDeathMarked, DeathMarked, record
from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..people import Consent, Dependant, DependantEnding, User
from ..people.audit import CONSOLE
from . import settling

UNDONE_WITHIN = timedelta(days=30)


def mark(dependant: Dependant, *, by_office: bool = False) -> None:
    """Marked twice it is marked. Raises DependantHasEnded for whom the user writes no more, and ClinicMarksDeath when
    it is not the office that says it of somebody who signs in themselves."""
    dependant.lock_anew()
    if dependant.died_at is not None:
        return
    if dependant.ending not in (None, DependantEnding.REMOVED):
        raise errors.DependantHasEnded
    if not by_office and is_marked_by_clinic(dependant):
        raise errors.ClinicMarksDeath
    _mark(dependant, clock.now())


def is_marked_by_clinic(dependant: Dependant) -> bool:
    """They sign in themselves: who writes for them cannot say it."""
    return dependant.account is not None and dependant.account.is_activated


def undo(dependant: Dependant, address: str = CONSOLE) -> None:
    """They are written for as before, or were taken off as before; what was called off stays so. Of a child the
    declaration of the representative is made anew, from `address`. Undone twice it is undone.

    Raises DeathIsOld, and TooManyDependants when others were added meanwhile.
    """
    dependant.lock_anew()
    if dependant.died_at is None:
        return
    if dependant.ending is not DependantEnding.DIED:  # the permission has ended since: nobody writes all the same
        dependant.died_at = None
        return
    if not may_be_undone(dependant):
        raise errors.DeathIsOld
    _undo(dependant, address)


def mark_account(user: User) -> None:
    """By the office, of a patient with an account of their own: nobody writes in their name, and nobody is left to
    write for their children. Marked twice it is marked."""
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})  # others may name it meanwhile
    if user.died_at is not None:
        return
    user.died_at = clock.now()
    for dependant in Dependant.accounts_of(user):
        if dependant.died_at is None and dependant.ending in (None, DependantEnding.REMOVED):
            _mark(dependant, user.died_at)
    chats = Chat.of_patient(user)
    settling.give_back(chats)
    for chat in chats:
        chat.dismiss(chat.last_seq)
    record(AccountDeathMarked(user.id))


def undo_account(user: User) -> None:
    """Raises DeathIsOld. Undone twice it is undone."""
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})  # others may name it meanwhile
    if user.died_at is None:
        return
    if clock.now() >= user.died_at + UNDONE_WITHIN:
        raise errors.DeathIsOld
    marked_at, user.died_at = user.died_at, None
    db.session.flush()
    for dependant in Dependant.accounts_of(user):
        if dependant.died_at == marked_at and dependant.ending is DependantEnding.DIED:
            _undo(dependant, CONSOLE)
    for chat in Chat.of_patient(user):
        chat.unarchive_for_all()


def may_be_undone(dependant: Dependant) -> bool:
    """Where the account of their own is marked, it is that mark which the office undoes."""
    is_accounts = dependant.account is not None and dependant.account.died_at is not None
    until = undone_until(dependant)
    return until is not None and clock.now() < until and not is_accounts


def undone_until(dependant: Dependant) -> datetime | None:
    return dependant.died_at + UNDONE_WITHIN if dependant.died_at is not None else None


def find_for(user: User, id: int) -> Dependant | None:
    """Whom this user writes for, or wrote for until the death or until they were taken off."""
    own = Dependant.id == id, Dependant.user_id == user.id
    open_ = Dependant.ending.is_(None) | Dependant.ending.in_((DependantEnding.DIED, DependantEnding.REMOVED))
    return db.session.scalar(select(Dependant).where(*own, open_))


def marked_by(user: User) -> Sequence[Dependant]:
    """Those whose mark may be undone yet."""
    since = clock.now() - UNDONE_WITHIN
    own = Dependant.user_id == user.id, Dependant.ending == DependantEnding.DIED, Dependant.died_at > since
    return db.session.scalars(select(Dependant).where(*own).order_by(Dependant.id)).all()


# Below: parts of these


def _mark(dependant: Dependant, at: datetime) -> None:
    """Who was taken off before keeps the earlier moment of that: undone, it is so again."""
    is_live = dependant.archived_at is None
    dependant.archive(DependantEnding.DIED)
    dependant.died_at, dependant.ending = at, DependantEnding.DIED
    if is_live:
        dependant.archived_at = at
    chats = Chat.of_dependant(dependant.id)
    settling.give_back(chats)
    for chat in chats:
        chat.dismiss(chat.last_seq)
    record(DeathMarked(dependant.id))


def _undo(dependant: Dependant, address: str) -> None:
    if dependant.archived_at != dependant.died_at:
        dependant.died_at, dependant.ending = None, DependantEnding.REMOVED
    else:
        if len(Dependant.of(dependant.user)) >= Dependant.MOST:
            raise errors.TooManyDependants
        dependant.died_at = dependant.archived_at = dependant.ending = None
        if dependant.is_child:
            dependant.declared_at = clock.now()
            Consent.declare_representation(dependant.user, dependant.id, address)
    db.session.flush()
    for chat in Chat.of_dependant(dependant.id):
        chat.unarchive_for_all()
