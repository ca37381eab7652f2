"""«Уведомления»: on this device, and what they may say or when they keep silent."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from .forms import NotificationsForm
from .views import bp, refuse, saved


@bp.post("/notifications")
@login_required
def choose_notifications() -> ResponseReturnValue:
    form = NotificationsForm(has_quiet_hours=current_user.doctor is not None)
    if not form.validate_on_submit():
        return refuse("notifications", notifications_form=form)
    form.write_to(current_user)
    db.session.commit()
    return show_panel("Сохранено.")


def show_panel(sentence: str) -> ResponseReturnValue:
    return saved("notifications", sentence)


def panel_page(status: int, **more: str) -> ResponseReturnValue:
    return refuse("notifications", status, **more)
