"""One page of a person's chats: «Сообщения» and the list beside an open chat show the same rows."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_login import current_user

from ..models import Chat, InboxFilter
from ..responses import wants_fragment
from .pagination import Cursor, encode_cursor, split_page

PAGE = 30


def inbox_page(before: Cursor | None, only: InboxFilter | None = None) -> dict[str, Any]:
    """The rows and the address of the next page; the numbers over them where those are shown, too."""
    chats, last = split_page(Chat.inbox_of(current_user, before, only, most=PAGE + 1), PAGE)
    next_page = url_for("messages.index", before=_cursor_of(last, only), only=only) if last else None
    shown: dict[str, Any] = {"next_page": next_page, "only": only}
    if before is not None and wants_fragment():  # «Показать ещё»
        return shown | {"chats": chats}
    numbers = Chat.numbers_of(current_user)
    if numbers.urgent and before is None and only is None:
        chats = [*Chat.emergencies_of(current_user), *chats]
    shown |= {"chats": chats, "unread_here": sum(chat.unread_by(current_user) > 0 for chat in chats)}
    return shown | {"numbers": numbers, "unread_chats": numbers.unread}  # the badge need not ask again


def read_filter(word: str) -> InboxFilter | None:
    """A doctor's chips; a patient has too few chats to choose from, and puts some away."""
    own = [*InboxFilter] if current_user.is_doctor else [InboxFilter.ARCHIVED]
    return InboxFilter(word) if word in own else None


def _cursor_of(last: Chat, only: InboxFilter | None) -> str:
    return encode_cursor(*(last.queue_place if only is InboxFilter.WAITING else (last.last_at, last.id)))
