"""Who loses a right to read has no copy of what they might read: docs/product.md, «loses … files at once»."""

from __future__ import annotations

from ..events import ComesOfAge, DependantChanged, PlaceEnded
from ..extensions import db
from ..models import DataCopy, Dependant, DependantEnding, User


def place_ended(fact: PlaceEnded) -> None:
    DataCopy.withdraw_all_of(db.session.get_one(User, fact.user_id))


def dependant_changed(fact: DependantChanged) -> None:
    """Also of whom there is no chat: what is known of their health is in a copy, too. A child that was taken off may
    be read of still."""
    dependant = db.session.get_one(Dependant, fact.dependant_id)
    is_let_go = dependant.ending is DependantEnding.REMOVED and not dependant.is_child
    if is_let_go or not dependant.may_be_read_of:
        DataCopy.withdraw_all_of(dependant.user)


def came_of_age(fact: ComesOfAge) -> None:
    DataCopy.withdraw_all_of(db.session.get_one(Dependant, fact.dependant_id).user)
