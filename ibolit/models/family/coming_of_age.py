"""The 18th birthday of a child: told before, and on the day its chats are no longer the parent's.

docs/product.md, «Family». They close by themselves, at midnight (ChatMember.until); what is written here is done by
the worker once an hour, and done again it does nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

from sqlalchemy import select

from ...config import current_settings
from ...events import ComesOfAge, ComesOfAgeSoon, record
from ...extensions import db
from ...services import clock
from ..chats import AccessMode, Chat
from ..consultations import UPCOMING, Consultation
from ..invitations import Invitation
from ..people import INVITED_AHEAD, Dependant, DependantEnding, DependantKind, birth_dates
from . import settling

DAYS_BEFORE = (30, 7, 1)


def due_steps() -> list[Callable[[], None]]:
    """For the worker, which commits after each step; none depends on another."""
    return [partial(_look_at, dependant) for dependant in _born_in_time()]


def _look_at(dependant: Dependant) -> None:
    left = dependant.comes_of_age_at - clock.now()
    if left <= timedelta():
        come_of_age(dependant)
    else:
        _tell(dependant, left)


def come_of_age(dependant: Dependant) -> None:
    """Nobody writes in their name any more, and what nobody may use goes back: at once, or when the invitation to
    their own phone that is under way has lapsed."""
    dependant.lock_anew()
    if dependant.ending is None or dependant.ending is DependantEnding.REMOVED:
        dependant.archive(DependantEnding.CAME_OF_AGE)
        dependant.ending = DependantEnding.CAME_OF_AGE
        record(ComesOfAge(dependant.id))
    if dependant.ending is DependantEnding.CAME_OF_AGE and not is_awaited(dependant):
        settling.give_back(Chat.of_dependant(dependant.id))


def is_awaited(dependant: Dependant) -> bool:
    """An invitation to their own phone may be accepted still."""
    mine = Invitation.dependant_id == dependant.id, Invitation.is_pending()
    return db.session.scalar(select(Invitation.id).where(*mine).limit(1)) is not None


def _tell(dependant: Dependant, left: timedelta) -> None:
    """The nearest of the three days that has come; each is told once, and of those missed only the last."""
    due = [days for days in DAYS_BEFORE if left <= timedelta(days=days)]
    if due and dependant.archived_at is None:
        record(ComesOfAgeSoon(dependant.id, min(due)))


def _born_in_time() -> Sequence[Dependant]:
    """Children who come of age within a month, or have done so while something of theirs may go back yet."""
    month_ahead = clock.now().astimezone(current_settings.clinic_timezone).date() + INVITED_AHEAD
    latest = date(month_ahead.year - birth_dates.OF_AGE, month_ahead.month, 1) + timedelta(days=32)  # a few too many
    children = Dependant.kind == DependantKind.CHILD, Dependant.birth_date <= latest
    chats = select(Chat.id).where(Chat.dependant_id == Dependant.id)
    is_open = chats.where(Chat.access != AccessMode.UNLIMITED, Chat.open_until > clock.now()).exists()
    is_booked = (
        chats.join(Consultation, Consultation.chat_id == Chat.id).where(Consultation.state.in_(UPCOMING)).exists()
    )
    is_to_come = Dependant.ending.is_(None) | (Dependant.ending == DependantEnding.REMOVED) & chats.exists()
    is_to_settle = (Dependant.ending == DependantEnding.CAME_OF_AGE) & (is_open | is_booked)
    found = select(Dependant).where(*children, is_to_come | is_to_settle)
    return db.session.scalars(found.order_by(Dependant.id)).all()
