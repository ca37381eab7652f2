"""The list of those a patient writes for, a child who is added, what is said of them, and taking them off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import AuditAction, Dependant, User
from ...responses import go
from ...web.audit import log_of_dependant
from ...web.authentication import only_patients
from ...web.client import client_address
from ...web.submission import submission
from .forms import DependantForm, NewChildForm, RemovalForm

bp = Blueprint("family", __name__, url_prefix="/profile/family")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    """Children; adult relatives have a page of their own (blueprints/relatives)."""
    dependants = Dependant.of(_patient())
    shown = {"children": [one for one in dependants if one.is_child], "is_full": len(dependants) >= Dependant.MOST}
    return render_template("pages/family/index.html", **shown)


@bp.get("/child")
@login_required
def new_child() -> ResponseReturnValue:
    _patient()
    return _new(NewChildForm(formdata=None))


@bp.post("/child")
@login_required
def add_child() -> ResponseReturnValue:
    user, form = _patient(), NewChildForm()
    if not form.validate_on_submit():
        return _new(form, 422)
    with submission() as sent:
        child = Dependant.add(user, form.terms, client_address())
        log_of_dependant(AuditAction.FAMILY_CHANGED, child)
    if sent.is_refused:
        form.tell(sent)
        return _new(form, sent.status)
    flash(f"Добавлено: {child.name}.")
    return go(url_for(".index"))


@bp.get("/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    one = _own(id)
    return _shown(one, DependantForm.of(one))


@bp.post("/<int:id>")
@login_required
def change(id: int) -> ResponseReturnValue:
    one = _locked(id)
    form = DependantForm(kind=one.kind)
    if not form.validate_on_submit():
        return _shown(one, form, 422)
    if not form.meets(DependantForm.of(one)):
        return _shown(one, form, 409)
    with submission() as sent:
        one.change(form.terms)
        log_of_dependant(AuditAction.FAMILY_CHANGED, one)
    if sent.is_refused:
        form.tell(sent)
        return _shown(_own(id), form, sent.status)
    flash("Сохранено.")
    return go(url_for(".index"))


@bp.post("/<int:id>/removal")
@login_required
def remove(id: int) -> ResponseReturnValue:
    """Their chats stay, to be read; the same name and birth date bring them back."""
    one = _locked(id)
    if not RemovalForm().validate_on_submit():
        abort(400)
    with submission() as sent:
        one.archive()
        log_of_dependant(AuditAction.FAMILY_CHANGED, one)
    flash(sent.sentence if sent.is_refused else f"Из семьи убрано: {one.name}. Переписка осталась, её можно читать.")
    return go(url_for(".index"))


def _patient() -> User:
    """Only patients write for others."""
    only_patients()
    user: User = current_user._get_current_object()
    return user


def _own(id: int) -> Dependant:
    child = Dependant.find_for(_patient(), id)
    return child if child is not None and child.is_child else abort(404)


def _locked(id: int) -> Dependant:
    Dependant.lock_of(_patient())
    return _own(id)


def _new(form: NewChildForm, status: int = 200) -> ResponseReturnValue:
    return render_template("pages/family/new_child.html", form=form), status


def _shown(one: Dependant, form: DependantForm, status: int = 200) -> ResponseReturnValue:
    shown: dict[str, Any] = {"dependant": one, "form": form}
    return render_template("pages/family/show.html", **shown), status
