"""«Уведомления»: on this device, and what they may say."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_login import login_required

from ...extensions import db
from ...web.authentication import lock_current_user
from .forms import NotificationsForm
from .panels import refuse, saved, show
from .views import bp


@bp.get("/notifications")
@login_required
def notifications() -> ResponseReturnValue:
    return show("notifications")


@bp.post("/notifications")
@login_required
def choose_notifications() -> ResponseReturnValue:
    user, form = lock_current_user(), NotificationsForm()
    if not (form.validate_on_submit() and form.meets(NotificationsForm.of(user))):
        return refuse("notifications", notifications_form=form)
    user.push_names = form.names.data and user.is_patient
    db.session.commit()
    return show_panel("Сохранено.")


def show_panel(sentence: str) -> ResponseReturnValue:
    return saved("notifications", sentence)


def panel_page(status: int, **more: str) -> ResponseReturnValue:
    return refuse("notifications", status, **more)
