"""«Кто пишет за меня»: the relative sees by whom their chats are written, and ends it at any time."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction
from ...models.chats import Chat
from ...models.family import permission
from ...web.audit import log_of_dependant
from .views import bp


@bp.get("/family/permissions/<int:id>/ending")
@login_required
def ask_to_end(id: int) -> ResponseReturnValue:
    """What becomes of the chats is said before the press."""
    given = permission.find_given_by(current_user, id) or abort(404)
    if given not in permission.given_by(current_user):
        return redirect(url_for("relatives.index"))
    return render_template("pages/relatives/ending.html", given=given, chats=Chat.of_dependant(given.id))


@bp.post("/family/permissions/<int:id>/ending")
@login_required
def end(id: int) -> ResponseReturnValue:
    """Pressed twice it has ended."""
    given = permission.find_given_by(current_user, id) or abort(404)
    permission.end(given)
    log_of_dependant(AuditAction.PERMISSION_ENDED, given)
    db.session.commit()
    flash(f"{given.user.name} больше не пишет за вас и не видит эти переписки.")
    return redirect(url_for("relatives.index"), 303)
