"""«Чей это номер?»: asked after the code where nobody was signed in for half a year.

See models/accounts/reassigned_number.py.
"""

from __future__ import annotations

from typing import Any

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from ...extensions import db
from ...models import LoginCode, User
from ...models.accounts import reassigned_number
from ...models.invitations import PhoneHolder
from ...web.next_url import requested_page
from ...web.submission import submission
from .forms import CodeForm, OwnerForm
from .views import bp, proved_code


@bp.get("/login/whose")
def whose() -> ResponseReturnValue:
    asked = _asked()
    return _page(asked) if asked is not None else _on()


@bp.post("/login/whose")
def show_name() -> ResponseReturnValue:
    asked = _asked()
    if asked is None:
        return _on()
    form = _owner_form(asked)
    if not form.validate_on_submit():
        return _page(asked, 422, form=form)
    with submission(form.owner, refused_counts=True) as sent:
        reassigned_number.prove_by_name(asked, _owner_of(asked), form.owner.data, form.born)
    return _page(asked, sent.status, form=form) if sent.is_refused else _on()


@bp.post("/login/whose/mail")
def mail_code() -> ResponseReturnValue:
    asked = _asked()
    if asked is None:
        return _on()
    with submission(refused_counts=True) as sent:
        reassigned_number.mail_code(asked, _owner_of(asked))
    if sent.is_refused:
        return _page(asked, sent.status, refusal=sent.sentence)
    return redirect(url_for(".whose", next=requested_page()), 303)


@bp.post("/login/whose/code")
def show_code() -> ResponseReturnValue:
    asked, form = _asked(), CodeForm()
    if asked is None or not reassigned_number.is_mailed(asked):
        return _on()  # to what is asked
    if not form.validate_on_submit():
        return _page(asked, 422, code_form=form)
    with submission(form.code, refused_counts=True) as sent:
        reassigned_number.prove_by_mail(asked, form.code.data)
    return _page(asked, sent.status, code_form=form) if sent.is_refused else _on()


@bp.post("/login/whose/new")
def begin_anew() -> ResponseReturnValue:
    """Nothing changes yet: the password that follows makes the new account."""
    asked = _asked()
    if asked is not None:
        asked.holder = PhoneHolder.NEW
        db.session.commit()
    return _on()


def _asked() -> LoginCode | None:
    asked = proved_code()
    return asked if asked is not None and reassigned_number.asks_owner(asked) else None


def _owner_of(asked: LoginCode) -> User:
    owner = User.by_phone(asked.phone)
    assert owner is not None  # or nothing would be asked
    return owner


def _owner_form(asked: LoginCode, **kwargs: Any) -> OwnerForm:
    return OwnerForm(asks_birth_date=_owner_of(asked).birth_date is not None, **kwargs)


def _on() -> ResponseReturnValue:
    return redirect(url_for(".password", next=requested_page()), 303)


def _page(asked: LoginCode, status: int = 200, **shown: FlaskForm | object) -> ResponseReturnValue:
    owner = _owner_of(asked)
    fresh = {"form": _owner_form(asked, formdata=None), "code_form": CodeForm(formdata=None)}
    forms: dict[str, Any] = {"refusal": "", **fresh, **shown}
    forms["code_form"].code.label.text = "Код из письма"
    page = render_template(
        "pages/auth/whose.html",
        asks_name=reassigned_number.may_prove_by_name(owner),
        may_mail=owner.email_is_settled,
        is_mailed=reassigned_number.is_mailed(asked),
        next=requested_page(),
        **forms,
    )
    return make_response(page, status)
