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
from ..people import Dependant, DependantEnding, User
from . import settling

UNDONE_WITHIN = timedelta(days=30)


def mark(dependant: Dependant) -> None:
    """Marked twice it is marked. Raises DependantHasEnded for whom the user writes no more."""
    Dependant.lock_of(dependant.user)
    db.session.refresh(dependant)
    if dependant.died_at is not None:
        return
    if dependant.ending not in (None, DependantEnding.REMOVED):
        raise errors.DependantHasEnded
    dependant.archive(DependantEnding.DIED)
    dependant.died_at, dependant.ending = clock.now(), DependantEnding.DIED
    chats = Chat.of_dependant(dependant.id)
    settling.give_back(chats)
    for chat in chats:
        chat.dismiss(chat.last_seq)
    record(DeathMarked(dependant.id))


def undo(dependant: Dependant) -> None:
    """They are written for as before; what was called off stays so. Raises DeathIsOld. Undone twice it is undone."""
    Dependant.lock_of(dependant.user)
    db.session.refresh(dependant)
    if dependant.died_at is None:
        return
    if not may_be_undone(dependant):
        raise errors.DeathIsOld
    dependant.died_at = dependant.archived_at = dependant.ending = None
    db.session.flush()
    for chat in Chat.of_dependant(dependant.id):
        chat.unarchive_for_all()


def mark_account(user: User) -> None:
    """By the office, of a patient with an account of their own. Marked twice it is marked."""
    db.session.refresh(user, with_for_update={"of": User})
    if user.died_at is not None:
        return
    user.died_at = clock.now()
    chats = Chat.about(user)
    settling.give_back(chats)
    for chat in chats:
        chat.dismiss(chat.last_seq)
    record(AccountDeathMarked(user.id))


def undo_account(user: User) -> None:
    """Raises DeathIsOld. Undone twice it is undone."""
    db.session.refresh(user, with_for_update={"of": User})
    if user.died_at is None:
        return
    if clock.now() >= user.died_at + UNDONE_WITHIN:
        raise errors.DeathIsOld
    user.died_at = None
    db.session.flush()
    for chat in Chat.about(user):
        chat.unarchive_for_all()


def may_be_undone(dependant: Dependant) -> bool:
    until = undone_until(dependant)
    return until is not None and clock.now() < until


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
    own = select(Dependant).where(Dependant.user_id == user.id, Dependant.died_at > since)
    return db.session.scalars(own.order_by(Dependant.id)).all()
