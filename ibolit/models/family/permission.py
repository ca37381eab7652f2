"""An adult relative lets somebody write for them: proved by a code to their own phone, ended by them at any time.

docs/product.md, «Family»: the permission covers only chats begun under it, never their own; they see them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from ... import errors
from ...events import DependantChanged, record
from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..locking import LockKind, advisory_lock
from ..people import Dependant, DependantEnding, DependantKind, Role, User
from . import settling
from .code import CodePurpose, FamilyCode
from .handing_over import hand_over
from .representation import Representation


def ask(writer: User, dependant: Dependant, phone: str) -> FamilyCode:
    """The SMS says what the code allows. Raises NothingToPermit, NoSmsThere, PhoneIsTheWriters, TooManyAttempts."""
    if dependant.kind is not DependantKind.ADULT or dependant.may_be_written_for:
        raise errors.NothingToPermit
    return FamilyCode.ask(CodePurpose.PERMISSION, writer, dependant, phone)


def grant(code: FamilyCode, digits: str) -> User:
    """Who has the phone has said yes; their account, made now if there was none.

    Raises CodeIsOld, CodeIsSpent, CodeIsWrong, IsOfTheClinic, PhoneIsUnused for a number that may have been resold, and
    NothingToPermit when it was ended meanwhile. Commit also after a wrong guess.
    """
    advisory_lock(LockKind.PHONE, code.phone)  # who registers this phone beside us is waited for
    Dependant.lock_of(db.session.get_one(User, code.asker_id))
    db.session.refresh(code.dependant)
    code.guess(digits)
    dependant = code.dependant
    if dependant.archived_at is not None or dependant.kind is not DependantKind.ADULT:
        raise errors.NothingToPermit
    account = _account_at(code.phone, dependant)
    dependant.account_id, dependant.permitted_at = account.id, clock.now()
    db.session.flush()
    for chat in Chat.of_dependant(dependant.id):
        chat.seat(account)
        chat.seat(dependant.user)  # out of it where an earlier right has ended
    Representation.forget(dependant)  # the permission has no end of its own
    return account


def given_by(relative: User) -> Sequence[Dependant]:
    """In whose name others write, or read on after a mark of their death, by this person's permission; the oldest
    first."""
    own = Dependant.account_id == relative.id, Dependant.permitted_at.is_not(None)
    goes_on = Dependant.archived_at.is_(None) | (Dependant.ending == DependantEnding.DIED)
    return db.session.scalars(select(Dependant).where(*own, goes_on).order_by(Dependant.id)).all()


def find_given_by(relative: User, id: int) -> Dependant | None:
    """Also one that was ended: pressed twice it is ended."""
    return db.session.scalar(select(Dependant).where(Dependant.id == id, Dependant.account_id == relative.id))


def end(dependant: Dependant, ending: DependantEnding = DependantEnding.PERMISSION_WITHDRAWN) -> None:
    """The writer loses reading, writing and news at once; the chats are the relative's own, or closed where they have
    no account. Ended twice it is ended. A mark of their death, which may be wrong, takes the right to it from nobody.
    """
    dependant.lock_anew()
    is_done = dependant.ending is ending and dependant.permitted_at is None
    if not may_end(dependant) or is_done:
        return
    if dependant.account is not None:
        _give_to(dependant, dependant.account)
    else:
        close(dependant)
    dependant.archive(ending)
    dependant.ending, dependant.permitted_at = ending, None
    record(DependantChanged(dependant.id))  # also of whom it was archived before, by a mark


def may_end(dependant: Dependant) -> bool:
    """Somebody writes in their name, may do so again, or reads on after a mark of their death."""
    reads_on = dependant.ending is DependantEnding.DIED and dependant.permitted_at is not None
    return dependant.ending in (None, DependantEnding.REMOVED) or reads_on


def close(dependant: Dependant) -> None:
    """Nobody reads on in their name; what is coming, and the days nobody will use, go back to who paid."""
    chats = Chat.of_dependant(dependant.id)
    settling.give_back(chats)
    for chat in chats:
        chat.unseat(dependant.user)


def _give_to(dependant: Dependant, account: User) -> None:
    """Of a living person's chats none lies in the archive because of a mark."""
    chats = hand_over(dependant, account)
    if dependant.died_at is not None and account.died_at is None:
        for chat in chats:
            chat.unarchive_for_all()
        db.session.flush()  # before the notes of the commit read the places anew


def _account_at(phone: str, dependant: Dependant) -> User:
    known = User.by_phone(phone)
    if known is None:
        return _register(phone, dependant)
    if known.role is not Role.PATIENT:
        raise errors.IsOfTheClinic
    if known.is_frozen:
        raise errors.AccountIsFrozen
    if known.phone_may_be_reassigned:
        raise errors.PhoneIsUnused
    return known


def _register(phone: str, dependant: Dependant) -> User:
    """Without a password: the first sign-in, by a code, sets it, and asks for the consent."""
    born = {"birth_date": dependant.birth_date, "sex": dependant.sex}
    account = User(phone=phone, name=dependant.name, role=Role.PATIENT, password_hash="", **born)
    db.session.add(account)
    db.session.flush()
    return account
