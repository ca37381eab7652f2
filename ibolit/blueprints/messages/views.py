"""«Сообщения»: the list of one's chats and the search over one's messages."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import write_transaction
from ...extensions import db
from ...models import AuditAction, AuditEvent, Chat, InboxFilter, Message
from ...responses import respond
from ...web.client import client_address
from ...web.inbox import inbox_page
from ...web.pagination import decode_cursor

bp = Blueprint("messages", __name__, url_prefix="/messages")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    before = decode_cursor(request.args.get("before", ""))
    fragment = "messages/rows.html" if before else "messages/list.html"
    here = request.args.get("here", type=int)  # the chat beside which the list stands
    return respond(
        fragment, page="messages/index.html", before=before, here=here, **inbox_page(before, _inbox_filter())
    )


@bp.post("/search")
@login_required
def search() -> ResponseReturnValue:
    """A POST, because what one looks for in medical messages belongs into no log and no history."""
    words = request.form.get("q", "").strip()[:200]
    if not words:
        return respond("messages/list.html", to=url_for(".index"), **inbox_page(None))
    found = Chat.search_messages(current_user, words)
    chats = {chat.id: chat for chat in _chats_of(found)}
    _note_reading(found)
    return respond("messages/found.html", page="messages/found.html", words=words, found=found, chats=chats, only=None)


def _inbox_filter() -> InboxFilter | None:
    """The doctor's chips; a patient has too few chats to choose from."""
    wanted = request.args.get("only", "")
    return InboxFilter(wanted) if current_user.is_doctor and wanted in [*InboxFilter] else None


def _note_reading(found: list[Message]) -> None:
    """What a search shows of the other side's words was read as in the chat itself."""
    seen: dict[int, list[int]] = {}
    for message in found:
        if message.author_id != current_user.id:
            seen.setdefault(message.chat_id, []).append(message.seq)
    spans = {chat_id: (min(seqs), max(seqs)) for chat_id, seqs in seen.items()}
    with write_transaction(db.session):
        AuditEvent.write_spans(AuditAction.CHAT_SEARCHED, spans, actor_id=current_user.id, address=client_address())


def _chats_of(messages: list[Message]) -> list[Chat]:
    ids = {message.chat_id for message in messages}
    return list(db.session.scalars(Chat.visible_to(current_user).where(Chat.id.in_(ids))).unique())
