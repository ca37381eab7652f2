"""A doctor's queue and everybody's archive: what is done with a chat from the list, or over its composer."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import Chat, InboxFilter
from ...responses import go, respond, retarget, wants_fragment
from ...web.inbox import inbox_page, read_filter
from ...web.submission import submission
from .forms import QueueForm

bp = Blueprint("queue", __name__)


@bp.get("/messages/next")
@login_required
def next() -> ResponseReturnValue:
    """«Следующий»: who waits longest, but for the chat that is open; to the empty queue when nobody does."""
    if not current_user.is_doctor:
        abort(404)
    id = Chat.next_waiting(current_user, request.args.get("but", 0, type=int))
    if id is None:
        return go(url_for("messages.index", only=InboxFilter.WAITING))
    return go(url_for("chat.show", id=id, _anchor="unread"))


@bp.get("/chats/<int:id>/actions")
@login_required
def actions(id: int) -> ResponseReturnValue:
    """A sheet over the list, or a page of its own."""
    chat = Chat.find_for(current_user, id) or abort(404)
    return _show_actions(chat)


@bp.post("/chats/<int:id>/dismissal")
@login_required
def dismiss(id: int) -> ResponseReturnValue:
    """«Ответ не нужен»."""
    chat, form = _of_doctor(id), QueueForm()
    if not form.validate_on_submit():
        abort(400)
    chat.dismiss(form.seen)
    db.session.commit()
    if request.form.get("place") == "list":
        return _list()
    shown = {"chat": chat, "viewer": current_user, "numbers": Chat.numbers_of(current_user)}
    return respond("chat/queue.html", to=url_for("chat.show", id=id, _anchor="end"), **shown)


@bp.post("/chats/<int:id>/closing")
@login_required
def close(id: int) -> ResponseReturnValue:
    """«Завершить чат»: whose chat it is; who stands in answers in it and ends nothing."""
    chat, form = _of_doctor(id), QueueForm()
    if chat.is_stood_in_by(current_user):
        abort(404)
    if not form.validate_on_submit():
        abort(400)
    with submission() as sent:
        chat.close(form.seen)
    if sent.is_refused:
        chat = Chat.find_for(current_user, id) or abort(404)
        return _show_actions(chat, sent.status, sent.sentence)
    return _list()


@bp.post("/chats/<int:id>/archiving")
@login_required
def archive(id: int) -> ResponseReturnValue:
    """Put away from one's own list, or brought back."""
    chat, form = Chat.locked_for(current_user, id) or abort(404), QueueForm()
    if not form.validate_on_submit():
        abort(400)
    if request.form.get("archived") != "0":
        chat.archive(current_user, form.seen)
    else:
        chat.unarchive(current_user)
    db.session.commit()
    return _list()


def _of_doctor(id: int) -> Chat:
    """Under its lock: one the doctor leads or stands in for; a patient has no queue."""
    chat = Chat.locked_for(current_user, id) if current_user.is_doctor else None
    return chat or abort(404)


def _show_actions(chat: Chat, status: int = 200, refusal: str = "") -> ResponseReturnValue:
    shown: dict[str, Any] = {"chat": chat, "only": _only(), "refusal": refusal}
    shown |= {"is_archived": chat.is_archived_by(current_user), "viewer": current_user}
    answer = respond("chat/actions_sheet.html", page="chat/actions.html", status=status, **shown)
    return retarget(answer, "#sheet") if status >= 400 and wants_fragment() else answer


def _list() -> ResponseReturnValue:
    """The list one came from."""
    only = _only()
    shown = inbox_page(only=only) if wants_fragment() else {}
    return respond("messages/acted.html", to=url_for("messages.index", only=only), viewer=current_user, **shown)


def _only() -> InboxFilter | None:
    """Of the page from which htmx asks, else of the form or the link."""
    here: str = request.htmx.current_url or "" if wants_fragment() else ""  # type: ignore[attr-defined]
    named = parse_qs(urlsplit(here).query).get("only", [""])[0] if here else request.values.get("only", "")
    return read_filter(named)
