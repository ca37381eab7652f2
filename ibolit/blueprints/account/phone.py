"""«Телефон»: a new number, proved by a code to it and by one to the number before it.

A number of the staff's is changed by the clinic.
"""

from __future__ import annotations

from flask import g, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import AuditAction, LimitKind, LoginCode, RateLimitHit
from ...models import change_phone as change
from ...models.accounts import refuse_while_phone_is_new
from ...responses import go
from ...web import client
from ...web.audit import log_own
from ...web.authentication import only_patients
from ...web.client import client_address
from ...web.submission import submission
from .forms import BothCodesForm, NewPhoneForm
from .panels import codes_of_new_phone, refuse, saved, show
from .views import bp


@bp.get("/phone")
@login_required
def phone() -> ResponseReturnValue:
    only_patients()
    return show("phone")


@bp.post("/phone")
@login_required
def ask_new_phone() -> ResponseReturnValue:
    """A code to each of the two; a number that somebody has is answered alike, until it is proved."""
    only_patients()
    form = NewPhoneForm(current_user.phone)
    if not form.validate_on_submit():
        return refuse("phone", phone_form=form)
    if current_user.phone is None and not g.device.is_confirmed:
        return go(url_for(".confirm", panel="phone"))
    with submission(form.phone) as sent:
        refuse_while_phone_is_new(current_user)
        RateLimitHit.count(LimitKind.PHONE_CHANGE, str(current_user.id))
        asked = [_ask(form.e164, own="")]
        if current_user.phone is not None:
            asked.append(_ask(current_user.phone, own=f"device:{g.device.id}"))
    if sent.is_refused:
        return refuse("phone", status=sent.status, phone_form=form)
    session["new_phone"] = [code.id for code in asked]
    return redirect(url_for(".phone"), 303)


@bp.post("/phone/codes")
@login_required
def change_phone() -> ResponseReturnValue:
    """Each wrong digit counts at its own code."""
    only_patients()
    new, old = codes_of_new_phone()
    if new is None:
        return redirect(url_for(".phone"), 303)
    form = BothCodesForm(asks_old=old is not None)
    if not form.validate_on_submit():
        return refuse("phone", codes_form=form)
    for field, code in ((form.old, old), (form.new, new)):
        if code is not None and code.proved_at is None:
            with submission(field, refused_counts=True) as sent:
                code.guess(field.data)
            if sent.is_refused:
                return refuse("phone", status=sent.status, codes_form=form)
    with submission(form.new) as sent:
        refuse_while_phone_is_new(current_user)
        change(current_user._get_current_object(), old, new, g.device)
        log_own(AuditAction.PHONE_CHANGED)
    if sent.is_refused:
        return refuse("phone", status=sent.status, codes_form=form)
    session.pop("new_phone", None)
    return saved("phone", "Номер изменён.")


@bp.post("/phone/again")
@login_required
def ask_another_phone() -> ResponseReturnValue:
    """«Ввести другой номер»: what was asked for proves nothing any more."""
    only_patients()
    session.pop("new_phone", None)
    return redirect(url_for(".phone"), 303)


def _ask(phone: str, own: str) -> LoginCode:
    return LoginCode.ask(phone, client_address(), client.browser_token(), own=own, is_for_change=True)
