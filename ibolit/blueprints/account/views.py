"""«Профиль»: a list of short pages, of which those without a file of their own lie here."""

from __future__ import annotations

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...extensions import db
from ...models import AuditAction, LimitKind, RateLimitHit
from ...models import change_password as change
from ...services import passwords
from ...web import client
from ...web.audit import log_own
from ...web.authentication import lock_current_user
from ...web.submission import submission
from .forms import NameForm, PasswordForm
from .panels import name_form, refuse, saved, show, states, zone_form, zone_form_of

bp = Blueprint("account", __name__, url_prefix="/profile")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    return render_template("pages/account/index.html", **states())


@bp.get("/name")
@login_required
def name() -> ResponseReturnValue:
    return show("name")


@bp.post("/name")
@login_required
def rename() -> ResponseReturnValue:
    user, form = lock_current_user(), NameForm()
    if not form.validate_on_submit():
        return refuse("name", name_form=form)
    if not form.meets(name_form(user)):
        return refuse("name", 409, name_form=form)
    user.rename(form.name.data)
    db.session.commit()
    return saved("name", "Имя сохранено.")


@bp.get("/zone")
@login_required
def zone() -> ResponseReturnValue:
    return show("zone")


@bp.post("/zone")
@login_required
def choose_zone() -> ResponseReturnValue:
    user, form = lock_current_user(), zone_form()
    if not form.validate_on_submit():
        return refuse("zone", zone_form=form)
    if not form.meets(zone_form_of(user)):
        return refuse("zone", 409, zone_form=form)
    user.choose_zone(form.zone.data)
    db.session.commit()
    return saved("zone", "Часовой пояс сохранён.")


@bp.get("/password")
@login_required
def password() -> ResponseReturnValue:
    return show("password")


@bp.post("/password")
@login_required
def change_password() -> ResponseReturnValue:
    form = PasswordForm(current_user)
    if not form.validate_on_submit():
        return refuse("password", password_form=form)
    with submission(form.current) as sent:
        check_current(form.current.data)
        change(current_user, passwords.hash_password(form.password.data), g.device, client.browser_token())
        log_own(AuditAction.PASSWORD_CHANGED)
    if sent.is_refused:
        return refuse("password", status=sent.status, password_form=form)
    return saved("password", "Пароль сменён. На других устройствах нужно войти заново.")


@bp.get("/offline")
@login_required
def page_cache() -> ResponseReturnValue:
    """«Без интернета»."""
    return show("page_cache")


@bp.get("/help")
@login_required
def support() -> ResponseReturnValue:
    """«Помощь»."""
    return show("support")


def check_current(password: str) -> None:
    """Raises WrongPassword or TooManyAttempts: a borrowed phone must not guess either, nor lock the owner's other."""
    who = str(g.device.id)
    RateLimitHit.count(LimitKind.PASSWORD_CURRENT, who)
    db.session.commit()
    if not current_user.check_password(password):
        raise errors.WrongPassword("Нынешний пароль не подходит.")
    RateLimitHit.forgive(LimitKind.PASSWORD_CURRENT, who)
    g.device.confirm()
