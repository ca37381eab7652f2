"""One page of a person's chats: «Сообщения» and the list beside an open chat show the same rows."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_login import current_user

from ..models import Chat, InboxFilter
from ..models.chats import QueuePlace
from ..responses import wants_fragment
from .pagination import Cursor, decode_cursor, encode_cursor, split_page

PAGE = 30
URGENT = "urgent~"  # before the place of an emergency in the queue


def inbox_page(before: str = "", only: InboxFilter | None = None) -> dict[str, Any]:
    """The rows and the address of the next page; the numbers over them where those are shown, too.

    `before`: where the page before ended, as an address says it. `goes_on`: it is a page after the first.
    """
    place: Cursor | QueuePlace | None
    if only is InboxFilter.WAITING:
        place = _read_place(before)
        found = Chat.queue_of(current_user, place, most=PAGE + 1)
    else:
        place = decode_cursor(before)
        found = Chat.inbox_of(current_user, place, only, most=PAGE + 1)
    chats, last = split_page(found, PAGE)
    next_page = url_for("messages.index", before=_words_of(last, only), only=only) if last else None
    shown: dict[str, Any] = {"next_page": next_page, "only": only, "goes_on": place is not None}
    if place is not None and wants_fragment():  # «Показать ещё»
        return shown | {"chats": chats}
    numbers = Chat.numbers_of(current_user)
    if numbers.urgent and place is None and only is None:
        chats = [*Chat.emergencies_of(current_user), *chats]
    shown |= {"chats": chats, "unread_here": sum(chat.unread_by(current_user) > 0 for chat in chats)}
    return shown | {"numbers": numbers, "unread_chats": numbers.unread}  # the badge need not ask again


def read_filter(word: str) -> InboxFilter | None:
    """A doctor's chips; a patient has too few chats to choose from, and puts some away."""
    own = [*InboxFilter] if current_user.is_doctor else [InboxFilter.ARCHIVED]
    return InboxFilter(word) if word in own else None


def _read_place(words: str) -> QueuePlace | None:
    cursor = decode_cursor(words.removeprefix(URGENT))
    return QueuePlace(not words.startswith(URGENT), *cursor) if cursor else None


def _words_of(last: Chat, only: InboxFilter | None) -> str:
    place = last.queue_place if only is InboxFilter.WAITING else None
    if place is None:
        return encode_cursor(last.last_at, last.id)
    return ("" if place.is_calm else URGENT) + encode_cursor(place.since, place.id)
