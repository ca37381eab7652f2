"""«Сообщения»: the list of one's chats and the search over one's messages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import write_transaction
from ...extensions import db
from ...models import Chat
from ...models.consultations.today import today_of
from ...responses import respond, wants_fragment
from ...web.audit import log_found_patients
from ...web.found_messages import find_messages
from ...web.inbox import inbox_page, read_filter
from ...web.pagination import split_page

bp = Blueprint("messages", __name__, url_prefix="/messages")

PEOPLE = 10  # found by a search


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    shown = inbox_page(request.args.get("before", ""), read_filter(request.args.get("only", "")))
    fragment = "messages/rows.html" if shown["goes_on"] else "messages/list.html"
    here = request.args.get("here", type=int)  # the chat beside which the list stands
    if not wants_fragment():
        shown |= _day()
    return respond(fragment, page="messages/index.html", here=here, **shown)


@bp.get("/today")
@login_required
def today() -> ResponseReturnValue:
    """The doctor's day, alone."""
    if not current_user.is_doctor:
        abort(404)
    return respond("messages/today.html", to=url_for(".index"), viewer=current_user, **_day())


@bp.post("/search")
@login_required
def search() -> ResponseReturnValue:
    """A POST, because what one looks for in medical messages belongs into no log and no history."""
    words = request.form.get("q", "").strip()[:200]
    if not words:
        return respond("messages/list.html", to=url_for(".index"), **inbox_page())
    people, last = split_page(Chat.search_people(current_user, words, PEOPLE + 1), PEOPLE)
    with write_transaction(db.session):
        log_found_patients(people)
    found, is_cut, chats = find_messages(words)
    shown: dict[str, Any] = {"words": words, "people": people, "people_are_cut": last is not None}
    shown |= {"found": found, "is_cut": is_cut, "chats": chats}
    return respond("messages/found.html", page="messages/found.html", only=None, **shown)


def _day() -> dict[str, Any]:
    """«Сегодня» of a doctor; a patient has none."""
    return {"day": today_of(current_user.doctor) if current_user.is_doctor else None}
