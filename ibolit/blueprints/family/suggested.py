"""A child whom an invitation or a clinic's list has named: asked about once, after the phone is proved. «Верно?»"""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction, Dependant, Invitation, User
from ...web.audit import log_of_dependant
from ...web.authentication import home_of, lock_current_user
from ...web.client import client_address
from ...web.next_url import by_way_of_suggestion, requested_page
from ...web.submission import submission
from .forms import NewChildForm, RemovalForm

bp = Blueprint("suggested_child", __name__, url_prefix="/profile/family/suggestion")


@bp.get("")
@login_required
def show() -> ResponseReturnValue:
    invitation = Invitation.child_suggested_to(_patient(current_user))
    return _ask(invitation, _form_of(invitation)) if invitation is not None else _go_on()


@bp.post("")
@login_required
def add() -> ResponseReturnValue:
    """«Верно», as the person has put it: the child is theirs, and the doctor's chat about it is there."""
    user, form = _patient(lock_current_user()), NewChildForm()
    invitation = Invitation.child_suggested_to(user)
    if invitation is None:  # answered in another window, or by a press before
        return _go_on()
    if not form.validate_on_submit():
        return _ask(invitation, form, 422)
    with submission() as sent:
        child = Dependant.add(user, form.terms, client_address())
        log_of_dependant(AuditAction.FAMILY_CHANGED, child)
        chat_id = invitation.take_child(child)
    if not sent.is_refused:
        return redirect(by_way_of_suggestion(current_user, url_for("chat.show", id=chat_id)), 303)
    form.tell(sent)
    again = Invitation.child_suggested_to(current_user)
    return _ask(again, form, sent.status) if again is not None else _go_on()


@bp.post("/refusal")
@login_required
def refuse() -> ResponseReturnValue:
    """«Нет»: what the list has said of a child goes."""
    invitation = Invitation.child_suggested_to(_patient(lock_current_user()))
    if not RemovalForm().validate_on_submit():
        abort(400)
    if invitation is not None:
        invitation.drop_child()
        db.session.commit()
    return _go_on()


def _patient(user: User) -> User:
    if not user.is_patient:
        abort(404)
    return user


def _form_of(invitation: Invitation) -> NewChildForm:
    assert invitation.birth_date is not None
    name = invitation.childs_name_for(current_user)
    return NewChildForm(formdata=None, name=name, birth_date=f"{invitation.birth_date:%d.%m.%Y}")


def _ask(invitation: Invitation, form: NewChildForm, status: int = 200) -> ResponseReturnValue:
    shown = {"invitation": invitation, "form": form, "next": _next()}
    return render_template("pages/family/suggested.html", **shown), status


def _go_on() -> ResponseReturnValue:
    return redirect(by_way_of_suggestion(current_user, _next()), 303)


def _next() -> str:
    return requested_page() or home_of(current_user)
