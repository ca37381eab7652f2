"""One page of a person's chats: «Сообщения» and the list beside an open chat show the same rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request, url_for
from flask_login import current_user

from ..extensions import db
from ..models import Chat, Only

PAGE = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def inbox_page(before: tuple[datetime, int] | None, only: Only | None = None) -> dict[str, Any]:
    """The rows and the address of the next page."""
    rows = db.session.scalars(Chat.inbox_of(current_user, before, only).limit(PAGE + 1)).unique().all()
    chats, more = rows[:PAGE], len(rows) > PAGE
    next_page = url_for("messages.index", before=place_of(chats[-1]), only=only) if more else None
    return {"chats": chats, "next_page": next_page, "only": only}


def position() -> tuple[datetime, int] | None:
    """From ?before=: (last_at, id) of the last chat of the page before."""
    micros, _, id = request.args.get("before", "").partition("~")
    if not (micros.isdecimal() and id.isdecimal() and len(micros) < 17 and len(id) < 19):
        return None
    return EPOCH + timedelta(microseconds=int(micros)), int(id)


def place_of(chat: Chat) -> str:
    """What position() reads, of a chat in which something was said."""
    assert chat.last_at is not None
    return f"{(chat.last_at - EPOCH) // timedelta(microseconds=1)}~{chat.id}"
