"""What the clinic's office does about who writes for whom, after seeing a paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from ... import errors
from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..people import Dependant, DependantEnding, DependantKind, DependantTerms, User
from . import permission
from .representation import Representation


def enter(user: User, terms: DependantTerms, paper: str, ends_at: datetime, address: str) -> Dependant:
    """This account writes for an adult who has no phone or cannot decide, until `ends_at`; also after an earlier end.

    Raises DayIsPast and what Dependant.add() raises.
    """
    if ends_at <= clock.now():
        raise errors.DayIsPast
    if terms.kind is not DependantKind.ADULT:
        raise errors.NothingToPermit
    dependant = Dependant.add(user, terms, address, by_office=True)
    dependant.permitted_at = dependant.permitted_at or clock.now()
    for chat in Chat.of_dependant(dependant.id):
        chat.seat(user)  # out of it where an earlier right has ended
    entered = Representation.of(dependant) or Representation(dependant_id=dependant.id)
    entered.paper, entered.ends_at, entered.entered_at = paper, ends_at, clock.now()
    db.session.add(entered)
    db.session.flush()
    return dependant


def end(dependant: Dependant) -> None:
    """Whatever was declared or permitted. Raises DependantHasEnded."""
    dependant.lock_anew()
    if not permission.may_end(dependant):
        raise errors.DependantHasEnded
    permission.end(dependant, DependantEnding.ENDED_BY_OFFICE)


def due_steps() -> list[Callable[[], None]]:
    """For the worker, which commits after each step: representations whose end has come."""
    ending = DependantEnding.ENDED_BY_OFFICE
    return [partial(permission.end, entered.dependant, ending) for entered in Representation.due()]
