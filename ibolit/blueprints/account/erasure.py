"""«Удалить аккаунт»: what goes and what stays in five lines, seven days to think, and «Отменить»."""

from __future__ import annotations

from flask import flash, g, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction, erasure
from ...responses import go
from ...web.audit import log_own
from ...web.authentication import lock_current_user, only_patients
from ...web.submission import submission
from .forms import ErasureForm
from .panels import refuse, saved, show
from .views import bp


@bp.get("/erasure")
@login_required
def erase() -> ResponseReturnValue:
    only_patients()
    return show("erase")


@bp.post("/erasure")
@login_required
def ask_erasure() -> ResponseReturnValue:
    """What the page said of consultations and money is what becomes of them."""
    only_patients()
    form = ErasureForm()
    if not form.validate_on_submit():
        return refuse("erase", erasure_form=form)
    if not g.device.is_confirmed:
        return go(url_for(".confirm", panel="erase"))
    with submission(form.expected) as sent:
        erasure.ask(current_user._get_current_object(), g.device, expected=form.expected.data)
        log_own(AuditAction.ERASURE_ASKED)
    if sent.is_refused:
        return refuse("erase", sent.status, erasure_refusal=sent.sentence)
    return saved("erase", "Аккаунт будет удалён.")


@bp.post("/erasure/undo")
@login_required
def undo_erasure() -> ResponseReturnValue:
    """«Отменить» in the head of every page; pressed twice it is undone once."""
    only_patients()
    user = lock_current_user()
    if user.is_leaving:
        erasure.undo(user)
        log_own(AuditAction.ERASURE_UNDONE)
        db.session.commit()
        flash("Аккаунт не будет удалён.")
    return redirect(url_for(".index"), 303)
