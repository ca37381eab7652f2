"""«Пишу за» in the composer, and «Это про Ваню»: words that go into the chat about somebody else of the family."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...extensions import db
from ...models import Chat, Message
from ...models.chats import copy_made, copy_message
from ...responses import go, respond
from ...web import ingest
from ...web.file_forms import max_body_size
from ...web.subjects import SubjectForm
from ...web.submission import submission
from ...web.text_filters import new_client_id
from .forms import MessageForm
from .views import whole_page

bp = Blueprint("subjects", __name__)


@bp.post("/chats/<int:id>/subject")
@login_required
@ingest.accepts_files(max_body_size)
def switch(id: int) -> ResponseReturnValue:
    """Leads to the chat with the same doctor about whoever was chosen; what was typed stands in its composer."""
    chat, form, choice = _own_chat(id), MessageForm(), SubjectForm()
    form.client_id.data, form.quoted.data = new_client_id(), None
    if not choice.validate_on_submit():
        form.text.errors = choice.subject.errors
        return whole_page(chat, form, 422)
    with submission(form.text) as sent:
        to = Chat.begin(current_user, chat.doctor, choice.subject.dependant)
    if sent.is_refused:
        return whole_page(_own_chat(id), form, sent.status)
    if not (form.text.data or form.given):
        return go(url_for("chat.show", id=to, _anchor="composer-text"))
    other = _own_chat(to)
    if other.takes_messages_from(current_user):
        form.ingest_files(other, is_for_card=False)
    form.keep(other)
    return whole_page(other, form, 200, brought_from=id)


@bp.get("/messages/<int:id>/subject")
@login_required
def new(id: int) -> ResponseReturnValue:
    """About whom it is: a sheet over the chat, or a page of its own."""
    chat, message = _own_message(id)
    form = SubjectForm(formdata=None)
    return _show(chat, message, form)


@bp.post("/messages/<int:id>/subject")
@login_required
def copy(id: int) -> ResponseReturnValue:
    """«Это про Ваню»: copied once, however often it is pressed; leads to where it stands now."""
    chat, message = _own_message(id)
    form = SubjectForm()
    if not form.validate_on_submit():
        return _show(chat, message, form, 422)
    with submission(form.subject) as sent:
        to = Chat.begin(current_user, chat.doctor, form.subject.dependant)
    if not sent.is_refused:
        with submission(form.subject) as sent:
            _copy_into(to, chat.id, message)
    if sent.is_refused:
        return _show(*_own_message(id), form, sent.status)
    flash("Сообщение скопировано сюда.")
    return go(url_for("chat.show", id=to, _anchor="end"))


def _copy_into(to: int, source: int, message: Message) -> None:
    """Files first, as copying them takes seconds; what nobody sends is swept away. Raises as copy_message() does."""
    if to == source:
        raise errors.MessageIsHere
    seq, target = message.seq, _own_chat(to)
    target.refuse_if_closed_for(current_user)
    files = [] if copy_made(message, target) else ingest.copy_files(message.attachments, target)
    # In the order of their numbers, as everybody who locks two chats does.
    locked = {id: Chat.locked_for(current_user, id) or abort(404) for id in sorted((source, to))}
    copy_message(locked[source], seq, locked[to], current_user, files)
    db.session.commit()
    ingest.discard_duplicates(files)  # of a press of the same moment


def _own_chat(id: int) -> Chat:
    """The patient's: nobody else writes for others."""
    chat = Chat.find_for(current_user, id)
    if chat is None or chat.patient_id != current_user.id:
        abort(404)
    return chat


def _own_message(id: int) -> tuple[Chat, Message]:
    chat_id, seq = Message.place_of(id) or abort(404)
    chat = _own_chat(chat_id)
    message = Message.in_chat(chat, seq)
    if message is None or message.author_id != current_user.id or not message.may_be_quoted:
        abort(404)
    return chat, message


def _show(chat: Chat, message: Message, form: SubjectForm, status: int = 200) -> ResponseReturnValue:
    shown: dict[str, Any] = {"chat": chat, "message": message, "form": form, "viewer": current_user}
    fragment = "chat/about_sheet.html" if status == 200 else "chat/about.html"  # into the sheet that is there
    return respond(fragment, page="chat/about.html", status=status, **shown)
