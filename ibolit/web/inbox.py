"""One page of a person's chats: «Сообщения» and the list beside an open chat show the same rows."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_login import current_user

from ..models import Chat, InboxFilter
from .pagination import Cursor, encode_cursor, split_page

PAGE = 30


def inbox_page(before: Cursor | None, only: InboxFilter | None = None) -> dict[str, Any]:
    """The rows and the address of the next page."""
    chats, last = split_page(Chat.inbox_of(current_user, before, only, most=PAGE + 1), PAGE)
    next_page = url_for("messages.index", before=_cursor_of(last, only), only=only) if last else None
    if before is None and only is None:
        chats = [*Chat.emergencies_of(current_user), *chats]
    unread = sum(chat.unread_by(current_user) > 0 for chat in chats)
    shown = {"chats": chats, "next_page": next_page, "only": only, "unread_here": unread}
    numbers = Chat.numbers_of(current_user)
    return shown | {"numbers": numbers, "unread_chats": numbers.unread}  # the badge need not ask again


def read_filter(word: str) -> InboxFilter | None:
    """A doctor's chips; a patient has too few chats to choose from, and puts some away."""
    own = [*InboxFilter] if current_user.is_doctor else [InboxFilter.ARCHIVED]
    return InboxFilter(word) if word in own else None


def _cursor_of(last: Chat, only: InboxFilter | None) -> str:
    return encode_cursor(*(last.queue_place if only is InboxFilter.WAITING else (last.last_at, last.id)))
