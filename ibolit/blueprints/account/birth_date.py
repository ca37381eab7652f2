"""«Дата рождения» and «Пол», as a patient says them; what the clinic's list has said of the day is asked about once."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction, Invitation, User
from ...web.audit import log_own
from ...web.authentication import home_of, lock_current_user
from ...web.next_url import requested_page
from .forms import BirthDateForm, SexForm, SuggestedBirthDateForm
from .panels import refuse, saved, show
from .views import bp


@bp.get("/birth-date")
@login_required
def birth_date() -> ResponseReturnValue:
    if not current_user.is_patient:
        abort(404)
    return show("birth_date")


@bp.post("/birth-date")
@login_required
def change_birth_date() -> ResponseReturnValue:
    user, form = _locked_patient(), BirthDateForm()
    if not form.validate_on_submit():
        return refuse("birth_date", birth_date_form=form)
    if not form.meets(BirthDateForm.of(user)):
        return refuse("birth_date", 409, birth_date_form=form)
    Invitation.note_birth_date(user, form.birth_date.day)
    log_own(AuditAction.FACTS_CHANGED)
    db.session.commit()
    return saved("birth_date", "Дата рождения сохранена." if form.birth_date.day else "Дата рождения удалена.")


@bp.get("/sex")
@login_required
def sex() -> ResponseReturnValue:
    if not current_user.is_patient:
        abort(404)
    return show("sex")


@bp.post("/sex")
@login_required
def change_sex() -> ResponseReturnValue:
    user, form = _locked_patient(), SexForm()
    if not form.validate_on_submit():
        return refuse("sex", sex_form=form)
    if not form.meets(SexForm.of(user)):
        return refuse("sex", 409, sex_form=form)
    user.sex = form.sex.sex
    log_own(AuditAction.FACTS_CHANGED)
    db.session.commit()
    return saved("sex", "Пол сохранён." if user.sex else "Пол больше не указан.")


@bp.get("/birth-date/suggestion")
@login_required
def suggested_birth_date() -> ResponseReturnValue:
    if not current_user.is_patient:
        abort(404)
    return _ask_or_go_on(current_user)


@bp.post("/birth-date/suggestion")
@login_required
def answer_birth_date() -> ResponseReturnValue:
    """«Да» stores it; whatever the answer is, it is not asked again."""
    user, form = _locked_patient(), SuggestedBirthDateForm()
    if not form.validate_on_submit():
        return _ask_or_go_on(user, form)
    is_answered = Invitation.answer_birth_date(user, form.day, is_right=form.answer.data == "yes")
    db.session.commit()
    if is_answered and form.answer.data == "no":
        flash("Не сохранили. Верную дату можно указать в «Профиле».")
    return _ask_or_go_on(user) if not is_answered else redirect(_next(), 303)


def _ask_or_go_on(user: User, form: SuggestedBirthDateForm | None = None) -> ResponseReturnValue:
    """Answered in another window, or never asked: on to where the person was going."""
    suggested = Invitation.birth_date_suggested_to(user)
    if suggested is None:
        return redirect(_next(), 303)
    wrong = [error for errors in form.errors.values() for error in errors] if form else []
    page = render_template(
        "pages/account/birth_date.html", suggested=suggested, next=_next(), refusal=next(iter(wrong), "")
    )
    return page, 422 if form else 200


def _locked_patient() -> User:
    if not current_user.is_patient:
        abort(404)
    return lock_current_user()


def _next() -> str:
    return requested_page() or home_of(current_user)
