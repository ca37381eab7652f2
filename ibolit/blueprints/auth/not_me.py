"""«Это не я»: the link in the news of a changed way in. Opening it changes nothing, pressing undoes and freezes."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from ... import errors
from ...extensions import db
from ...models import AuditAction, AuditEvent, SecurityEvent
from ...web.client import client_address

bp = Blueprint("not_me", __name__)


@bp.get("/n/<int:id>")
def show(id: int) -> ResponseReturnValue:
    """The token stands in the query, which no log line of ours repeats."""
    change = _shown(id)
    return render_template("pages/auth/not_me.html", change=change, token=_token(), done=change.undone_at is not None)


@bp.post("/n/<int:id>")
def undo(id: int) -> ResponseReturnValue:
    change = _shown(id)
    try:
        change.undo(_token())
    except errors.NotMeIsSpent:
        abort(404)
    AuditEvent.write_of_account(AuditAction.ACCOUNT_FROZEN, change.user, address=client_address())
    db.session.commit()
    return render_template("pages/auth/not_me.html", change=change, token=_token(), done=True)


def _shown(id: int) -> SecurityEvent:
    """A wrong or old link is no link."""
    change = db.session.get(SecurityEvent, id)
    if change is None or not change.is_shown_by(_token()):
        abort(404)
    return change


def _token() -> str:
    return request.args.get("token", "")
