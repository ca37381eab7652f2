"""An adult relative: who they are, and their yes by a code to their own phone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction, CodePurpose, Dependant, FamilyCode, SecurityEvent, SecurityEventKind
from ...models.family import death, permission
from ...models.people import DependantEnding, DependantKind
from ...web.audit import log_of_dependant
from ...web.authentication import only_patients
from ...web.client import client_address
from ...web.submission import Submission, submission
from .forms import CodeForm, PhoneForm, RelativeForm

bp = Blueprint("relatives", __name__)

TYPED = "typed_relative"  # in the session, while the person says who they are


@bp.get("/family/relatives")
@login_required
def index() -> ResponseReturnValue:
    """By whose permission one writes, and who writes by one's own."""
    only_patients()
    return render_template(
        "pages/relatives/index.html",
        relatives=[one for one in Dependant.of(current_user) if one.kind is DependantKind.ADULT],
        given=permission.given_by(current_user),
        died=death.marked_by(current_user),
    )


@bp.get("/family/relatives/new")
@login_required
def new() -> ResponseReturnValue:
    only_patients()
    return _form(RelativeForm(formdata=None, **session.get(TYPED, {})))


@bp.post("/family/relatives")
@login_required
def create() -> ResponseReturnValue:
    """Nobody is written for yet: the SMS is on its way. Who it was that asked is proved anew."""
    only_patients()
    form = RelativeForm()
    if not form.validate_on_submit():
        return _form(form, 422)
    if not g.device.is_confirmed:
        session[TYPED] = form.typed
        return redirect(url_for("account.confirm", panel="relatives"), 303)
    with submission() as sent:
        dependant = Dependant.add(current_user, form.terms, client_address())
        permission.ask(current_user, dependant, form.e164)
    if sent.is_refused:
        return _form(form, sent.status, sent)
    session.pop(TYPED, None)
    return redirect(url_for(".code", id=dependant.id), 303)


@bp.get("/family/relatives/<int:id>")
@login_required
def code(id: int) -> ResponseReturnValue:
    return _code_page(_waiting(id))


@bp.post("/family/relatives/<int:id>/code")
@login_required
def grant(id: int) -> ResponseReturnValue:
    """What the relative has read out."""
    dependant, form = _waiting(id), CodeForm()
    asked = FamilyCode.newest_of(CodePurpose.PERMISSION, current_user, dependant) or abort(404)
    if not form.validate_on_submit():
        return _code_page(dependant, 422, form=form)
    with submission(form.code, refused_counts=True) as sent:
        account = permission.grant(asked, form.code.data or "")
        log_of_dependant(AuditAction.PERMISSION_GIVEN, dependant)
        if account.is_activated:
            SecurityEvent.announce(account, SecurityEventKind.REPRESENTED, dependant_id=dependant.id)
    if sent.is_refused:
        return _code_page(_waiting(id), sent.status, form=form)
    flash("Разрешение получено. Теперь можно писать врачам.")
    return redirect(url_for("relatives.index"), 303)


@bp.post("/family/relatives/<int:id>/removal")
@login_required
def remove(id: int) -> ResponseReturnValue:
    """Nobody writes for them any more; where they have an account the chats are theirs."""
    dependant = Dependant.find_for(current_user, id) or abort(404)
    if dependant.kind is not DependantKind.ADULT:
        abort(404)
    permission.end(dependant, DependantEnding.REMOVED)
    log_of_dependant(AuditAction.PERMISSION_ENDED, dependant)
    db.session.commit()
    flash(f"Вы больше не пишете за этого человека: {dependant.name}.")
    return redirect(url_for(".index"), 303)


@bp.post("/family/relatives/<int:id>/sending")
@login_required
def send_again(id: int) -> ResponseReturnValue:
    """To the same phone, or to another that is typed here."""
    dependant, form = _waiting(id), PhoneForm()
    if not form.validate_on_submit():
        return _code_page(dependant, 422, phone_form=form)
    with submission(form.phone) as sent:
        permission.ask(current_user, dependant, form.e164)
    if sent.is_refused:
        return _code_page(_waiting(id), sent.status, phone_form=form)
    return redirect(url_for(".code", id=id), 303)


def _waiting(id: int) -> Dependant:
    """An adult of the user's own who has not permitted anything yet."""
    dependant = Dependant.find_for(current_user, id) or abort(404)
    if dependant.kind is not DependantKind.ADULT or dependant.may_be_written_for:
        abort(404)
    return dependant


def _form(form: RelativeForm, status: int = 200, sent: Submission | None = None) -> ResponseReturnValue:
    refusal = sent.sentence if sent is not None else ""
    return render_template("pages/relatives/new.html", form=form, refusal=refusal), status


def _code_page(dependant: Dependant, status: int = 200, **forms: Any) -> ResponseReturnValue:
    asked = FamilyCode.newest_of(CodePurpose.PERMISSION, current_user, dependant)
    shown = {"form": CodeForm(formdata=None), "phone_form": PhoneForm(formdata=None)} | forms
    living = asked if asked is not None and asked.is_redeemable() else None
    page = render_template("pages/relatives/code.html", dependant=dependant, asked=living, **shown)
    return page, status
