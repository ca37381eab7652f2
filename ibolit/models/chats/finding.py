"""What is found in a person's chats: messages by their words, people by their names."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import joinedload

from ...extensions import db
from ...normalization import key_of
from ...services.search import begins_a_word, messages_matching
from ..doctors import Doctor
from ..people import Dependant, User
from .message import Message

if TYPE_CHECKING:
    from .chat import Chat

DIGITS = re.compile(r"\D+")


class ChatFinding:
    """A chat's facet for the search."""

    @classmethod
    def search_messages(
        cls: type[Chat], user: User, words: str, most: int = 50, within: Chat | None = None
    ) -> list[Message]:
        """The person's own messages, or those of one chat, with all these words in any of their forms or as beginnings,
        the newest first."""
        ids = messages_matching(words, user.id, db.engine.dialect.name)
        if ids is None:
            return []
        mine = select(cls.id).where(cls.is_of(user))
        found = select(Message).where(Message.id.in_(ids), Message.chat_id.in_(mine))
        found = found.where(Message.chat_id == within.id) if within is not None else found
        found = found.options(joinedload(Message.attachments))
        return list(db.session.scalars(found.order_by(Message.id.desc()).limit(most)).unique())

    @classmethod
    def search_people(cls: type[Chat], user: User, words: str, most: int = 10) -> list[Chat]:
        """Begun chats by whom they are with: a doctor finds patients by name or phone, others doctors by name or
        specialty; the latest first."""
        if not key_of(words):
            return []
        is_named = matches_person(cls, words) if user.doctor else and_(*begins_a_word(Doctor.search_key, words))
        found = cls.visible_to(user).where(is_begun(cls, leads=user.doctor is not None), is_named)
        return list(db.session.scalars(found.order_by(cls.last_at.desc(), cls.id.desc()).limit(most)))


def is_begun(noun: type[Chat], *, leads: bool) -> ColumnElement[bool]:
    return noun.last_seq > 0 if leads else noun.last_at.is_not(None)


def matches_person(noun: type[Chat], words: str) -> ColumnElement[bool]:
    """By who writes, as matches_name_or_phone() says, or by the name of whom it is about."""
    names = begins_a_word(Dependant.name_key, words)
    return (
        or_(matches_name_or_phone(words), noun.dependant.has(and_(*names))) if names else matches_name_or_phone(words)
    )


def matches_name_or_phone(words: str) -> ColumnElement[bool]:
    """«Петр», «соколова ан», «+7 900 000-00-01» or its end."""
    digits = DIGITS.sub("", words)
    if digits and not re.search(r"[^\W\d_]", words):
        return User.phone.contains(digits[1:] if len(digits) == 11 else digits)
    return and_(true(), *begins_a_word(User.name_key, words))
