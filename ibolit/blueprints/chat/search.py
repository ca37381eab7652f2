"""«Поиск» in a chat's head: its own messages by their words."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import Chat
from ...responses import respond
from ...web.found_messages import find_messages

bp = Blueprint("chat_search", __name__, url_prefix="/chats")

LONGEST = 200  # letters of a query


@bp.get("/<int:id>/search")
@login_required
def new(id: int) -> ResponseReturnValue:
    return render_template("pages/chat/search.html", chat=_chat(id), words="", found=[], is_cut=False)


@bp.post("/<int:id>/search")
@login_required
def search(id: int) -> ResponseReturnValue:
    """A POST, as the search over all messages is: what one looks for stands in no address."""
    chat, words = _chat(id), request.form.get("q", "").strip()[:LONGEST]
    found, is_cut, _ = find_messages(words, chat)
    shown: dict[str, Any] = {"chat": chat, "words": words, "found": found, "is_cut": is_cut}
    return respond("chat/found.html", page="chat/search.html", **shown)


def _chat(id: int) -> Chat:
    return Chat.find_for(current_user, id) or abort(404)
