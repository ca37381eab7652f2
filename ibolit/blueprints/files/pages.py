"""What was sent in a chat, to look through: one picture after another, and everything there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import write_transaction
from ...extensions import db
from ...models import Attachment, AttachmentKind, AuditAction, Chat
from ...responses import respond
from ...web.audit import log_of_chat
from ...web.pagination import split_page
from .views import bp, visible

PAGE = 30


@bp.get("/files/<int:id>/view")
@login_required
def view(id: int) -> ResponseReturnValue:
    """One picture; the viewer over a chat asks for the same as a fragment."""
    attachment = visible(id)
    if attachment.kind is not AttachmentKind.PICTURE:
        abort(404)
    chat = Chat.find_for(current_user, attachment.chat_id) or abort(404)
    before, after = attachment.neighbours()
    shown: dict[str, Any] = {"attachment": attachment, "chat": chat, "before": before, "after": after}
    return respond("files/view.html", page="files/view.html", **shown)


@bp.get("/chats/<int:id>/files")
@login_required
def index(id: int) -> ResponseReturnValue:
    """«Файлы»: everything ever sent in a chat, the newest first."""
    chat = Chat.find_for(current_user, id) or abort(404)
    previous = _last_seen(chat)
    attachments, last = split_page(Attachment.page_of(chat, before=previous, most=PAGE + 1), PAGE)
    _note_listing(chat, attachments)
    next_page = url_for(".index", id=id, before=last.id) if last else None
    listed: dict[str, Any] = {"chat": chat, "attachments": attachments, "previous": previous, "next_page": next_page}
    return respond("files/rows.html", page="files/index.html", **listed)


def _last_seen(chat: Chat) -> Attachment | None:
    """The last file of the page before."""
    if "before" not in request.args:
        return None
    sent = Attachment.chat_id == chat.id, Attachment.id == request.args.get("before", type=int)
    last: Attachment = db.first_or_404(Chat.files_visible_to(current_user).where(*sent))
    return last


def _note_listing(chat: Chat, attachments: Sequence[Attachment]) -> None:
    """The audit log learns between which messages the other side's files were shown."""
    seqs = [one.message.seq for one in attachments if one.message and one.author_id != current_user.id]
    if not seqs:
        return
    with write_transaction(db.session):
        log_of_chat(AuditAction.FILES_LISTED, chat, min(seqs), max(seqs))
