"""«Подтвердите, что это вы»: the password or a code, asked before a way in changes; good for ten minutes."""

from __future__ import annotations

from flask import abort, g, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_wtf import FlaskForm

from ... import errors
from ...config import current_settings
from ...extensions import db
from ...models import LoginCode
from ...web import client
from ...web.client import client_address
from ...web.fields import why_no_sms
from ...web.submission import submission
from ..auth.forms import CodeForm
from .forms import ConfirmForm
from .views import bp, check_current

# Where one goes on.
PANELS = {panel: f"account.{panel}" for panel in ("email", "devices", "erase", "phone")}
PANELS |= {"copy": "my_data.copy", "consents": "my_data.consents", "relatives": "relatives.new"}


@bp.get("/confirmation/<panel>")
@login_required
def confirm(panel: str) -> ResponseReturnValue:
    return _page(panel)


@bp.post("/confirmation/<panel>")
@login_required
def confirm_by_password(panel: str) -> ResponseReturnValue:
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _page(panel, 422, form=form)
    with submission(form.current) as sent:
        check_current(form.current.data)
        g.device.confirm()
    return _page(panel, sent.status, form=form) if sent.is_refused else _confirmed(panel)


@bp.post("/confirmation/<panel>/code")
@login_required
def send_code(panel: str) -> ResponseReturnValue:
    """To the person's own phone; one's own device has codes of its own."""
    with submission() as sent:
        if current_user.phone is None:
            raise errors.RuleViolation("Кода отправить некуда: номера у вас нет. Подтвердите паролем.")
        if not (current_settings.sends_sms_to(current_user.phone) or current_user.email_is_settled):
            raise errors.RuleViolation(f"{why_no_sms(current_user.phone)} Подтвердите паролем.")
        asked = LoginCode.ask(current_user.phone, client_address(), client.browser_token(), own=f"device:{g.device.id}")
    if sent.is_refused:
        return _page(panel, sent.status, refusal=sent.sentence)
    session["confirming"] = asked.id
    return redirect(url_for(".confirm", panel=panel), 303)


@bp.post("/confirmation/<panel>/check")
@login_required
def confirm_by_code(panel: str) -> ResponseReturnValue:
    asked = _asked()
    if asked is None:
        return redirect(url_for(".confirm", panel=panel), 303)
    form = CodeForm()
    if not form.validate_on_submit():
        return _page(panel, 422, code_form=form)
    with submission(form.code, refused_counts=True) as sent:
        asked.guess(form.code.data)
        asked.spend()
        g.device.confirm()
    return _page(panel, sent.status, code_form=form) if sent.is_refused else _confirmed(panel)


def _confirmed(panel: str) -> ResponseReturnValue:
    session.pop("confirming", None)
    return redirect(url_for(PANELS[panel]), 303)


def _asked() -> LoginCode | None:
    asked = db.session.get(LoginCode, session.get("confirming", 0))
    return asked if asked is not None and asked.phone == current_user.phone and asked.is_redeemable() else None


def _page(panel: str, status: int = 200, *, refusal: str = "", **forms: FlaskForm) -> ResponseReturnValue:
    if panel not in PANELS:
        abort(404)
    shown = {"form": ConfirmForm(formdata=None), "code_form": CodeForm(formdata=None)} | forms
    page = render_template(
        "pages/account/confirm.html", panel=panel, back=url_for(PANELS[panel]), asked=_asked(), refusal=refusal, **shown
    )
    return page, status
