"""«Отозвать»: what its author takes back."""

from __future__ import annotations

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...models import AuditAction, Chat, Message
from ...responses import respond, wants_fragment
from ...web import ingest
from ...web.audit import log_of_chat
from ...web.submission import Submission, submission
from .forms import RecallForm
from .views import whole_page

bp = Blueprint("recalls", __name__, url_prefix="/messages")


@bp.post("/<int:id>/recall")
@login_required
def create(id: int) -> ResponseReturnValue:
    """The bubble as it is now; when a rule said no, with the rule's sentence."""
    chat_id, seq = Message.place_of(id) or abort(404)
    chat = Chat.locked_for(current_user, chat_id) or abort(404)
    if not RecallForm().validate_on_submit():
        abort(400)
    with submission() as sent:
        message, files = chat.recall(current_user, seq)
        log_of_chat(AuditAction.MESSAGE_RECALLED, chat, seq, seq)
    if sent.is_refused:
        return _refuse(_chat(chat_id), seq, sent)
    for file in files:
        ingest.discard(file)
    to = url_for("chat.show", id=chat_id, _anchor="end")
    return respond("chat/sent.html", to=to, chat=_chat(chat_id), message=message)


def _chat(id: int) -> Chat:
    return Chat.find_for(current_user, id) or abort(404)


def _refuse(chat: Chat, seq: int, sent: Submission) -> ResponseReturnValue:
    """The message with the sentence beneath; without htmx the whole chat around it."""
    message = Message.in_chat(chat, seq)
    if message is None or isinstance(sent.refusal, errors.MessageIsGone):
        abort(404)
    refused = {seq: sent.sentence}
    if wants_fragment():
        return respond("chat/message.html", status=sent.status, chat=chat, message=message, refused=refused)
    return whole_page(chat, None, sent.status, refused=refused)
