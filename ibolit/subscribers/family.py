"""What a change of whom somebody writes for does by itself, in the transaction of its cause."""

from __future__ import annotations

from ..events import DependantChanged
from ..extensions import db
from ..models import Chat, Dependant


def dependant_changed(fact: DependantChanged) -> None:
    """Of another birth date: another day on which the child's chats close to the parent."""
    Chat.follow_birth_date(db.session.get_one(Dependant, fact.dependant_id))
