"""«Приглашения»: a doctor's own, and for an operator those of the whole clinic. Nobody else finds anything here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...database import write_transaction
from ...extensions import db
from ...models import AuditAction, Invitation
from ...responses import respond, wants_fragment
from ...web.audit import log_audit
from ...web.pagination import split_page
from ...web.submission import submission
from .forms import InvitationForm

bp = Blueprint("invitations", __name__, url_prefix="/invitations")

PAGE = 30


@bp.before_request
@login_required
def _only_who_invites() -> None:
    if not (current_user.is_doctor or current_user.is_operator):
        abort(404)


@bp.get("")
def index() -> ResponseReturnValue:
    before = request.args.get("before", type=int)
    rows = _page(before)
    if rows["invitations"] and current_user.is_operator:
        numbers = [invitation.id for invitation in rows["invitations"]]
        with write_transaction(db.session):
            log_audit(AuditAction.INVITATIONS_LISTED, None, min(numbers), max(numbers), patient=None)
    fragment = "invitations/rows.html" if before else "invitations/list.html"
    return respond(fragment, page="invitations/index.html", viewer=current_user, **rows)


@bp.get("/new")
def new() -> ResponseReturnValue:
    return render_template("pages/invitations/new.html", form=_form(formdata=None), chat_id=None)


@bp.post("")
def create() -> ResponseReturnValue:
    form = _form()
    if not form.validate_on_submit():
        return _refuse(form)
    with submission(form.contact) as sent:
        whom: dict[str, Any] = {"phone": form.phone, "email": form.email, "name": form.name.data}
        invitation = Invitation.invite(form.host, current_user, birth_date=form.child_born.day, **whom)
        log_audit(AuditAction.INVITED, invitation.id, patient=None)
    if sent.is_refused:
        known = sent.refusal.chat_id if isinstance(sent.refusal, errors.AlreadyHasChat) else None
        return _refuse(form, sent.status, chat_id=known if current_user.is_doctor else None)
    flash("Приглашение отправляется.")
    return respond("invitations/row.html", to=url_for(".index"), invitation=invitation, viewer=current_user)


@bp.get("/<int:id>")
def show(id: int) -> ResponseReturnValue:
    """One row: it asks for itself while it waits to be sent."""
    invitation = _mine(id)
    chats = Invitation.chats_of([invitation]) if current_user.is_doctor else {}
    row = {"invitation": invitation, "chats": chats, "viewer": current_user}
    return respond("invitations/row.html", to=url_for(".index"), **row)


@bp.post("/<int:id>/sending")
def send_again(id: int) -> ResponseReturnValue:
    done = "Новая ссылка отправляется, прежняя больше не действует."
    return _submit(id, Invitation.send_again, AuditAction.INVITED_AGAIN, done)


@bp.post("/<int:id>/withdrawal")
def withdraw(id: int) -> ResponseReturnValue:
    return _submit(
        id, Invitation.withdraw, AuditAction.INVITATION_ENDED, "Приглашение отозвано, ссылка больше не действует."
    )


def _form(**kwargs: Any) -> InvitationForm:
    return InvitationForm(Invitation.hosts_for(current_user), asks_doctor=current_user.is_operator, **kwargs)


def _refuse(form: InvitationForm, status: int = 422, chat_id: int | None = None) -> ResponseReturnValue:
    return render_template("pages/invitations/new.html", form=form, chat_id=chat_id), status


def _page(before: int | None = None) -> dict[str, Any]:
    kept = Invitation.kept_by(current_user)
    if before:
        kept = kept.where(Invitation.id < before)
    shown, last = split_page(db.session.scalars(kept.limit(PAGE + 1)).all(), PAGE)
    more = url_for(".index", before=last.id) if last else None
    chats = Invitation.chats_of(shown) if current_user.is_doctor else {}  # no operator reads what is said there
    return {"invitations": shown, "next_page": more, "chats": chats}


def _mine(id: int) -> Invitation:
    found: Invitation = db.first_or_404(Invitation.kept_by(current_user).where(Invitation.id == id))
    return found


def _submit(id: int, verb: Callable[[Invitation], None], action: AuditAction, done: str) -> ResponseReturnValue:
    """The row as it is now; without htmx the list, with the sentence above it."""
    invitation = _mine(id)
    with submission() as sent:
        verb(invitation)
        log_audit(action, id, patient=invitation.accepted_by_id)
    if sent.is_refused:
        invitation, done = _mine(id), ""
    elif not wants_fragment():
        flash(done)
    return respond(
        "invitations/row.html",
        to=url_for(".index"),
        page="invitations/index.html",
        status=sent.status,
        invitation=invitation,
        viewer=current_user,
        refusals={id: sent.sentence} if sent.is_refused else {},
        done=done,
        **(_page() if sent.is_refused else {}),
    )
