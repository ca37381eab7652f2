"""Whom a patient lets answer while the doctor is away."""

from __future__ import annotations

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import AuditAction, Chat, Message, StandInChoice, StandInOffer, TimeOff
from ...responses import respond, wants_fragment
from ...web.audit import log_of_chat
from ...web.submission import submission
from .forms import StandInForm
from .views import whole_page

bp = Blueprint("stand_in", __name__, url_prefix="/stand-in-offers")


@bp.post("/<int:id>/choice")
@login_required
def choose(id: int) -> ResponseReturnValue:
    """«Пусть ответит Лебедев» or «Подождать Иванову»: the patient's own word, and nobody else's."""
    form, chat_id = StandInForm(), StandInOffer.chat_of(id) or abort(404)
    TimeOff.lock_all()
    chat = Chat.locked_for(current_user, chat_id)
    if chat is None or chat.patient_id != current_user.id:
        abort(404)
    if not form.validate_on_submit():
        abort(400)
    offer = StandInOffer.in_chat(chat, id) or abort(404)
    with submission() as sent:
        offer.choose(current_user, StandInChoice(form.choice.data))
        log_of_chat(AuditAction.STAND_IN_CHOSEN, chat)
    chat = Chat.find_for(current_user, chat_id) or abort(404)
    message = Message.in_chat(chat, offer.message.seq) or abort(404)
    refused = {message.seq: sent.sentence} if sent.is_refused else {}
    if sent.is_refused and not wants_fragment():
        return whole_page(chat, None, sent.status, refused=refused)
    to = url_for("chat.show", id=chat_id, _anchor="end")
    return respond("chat/message.html", to=to, status=sent.status, chat=chat, message=message, refused=refused)
