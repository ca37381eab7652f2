"""«Календарь»: the address by which a doctor's phone or computer asks for what is agreed."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ...models import CalendarFeed
from ...web.authentication import lock_current_doctor
from .panels import saved, show
from .views import bp


@bp.get("/calendar")
@login_required
def calendar() -> ResponseReturnValue:
    return show("calendar")


@bp.post("/calendar")
@login_required
def renew_calendar() -> ResponseReturnValue:
    """The first address, or another one in its place."""
    doctor, seen = lock_current_doctor(), request.form.get("seen", "")
    CalendarFeed.renew(doctor, seen)
    return saved("calendar", "Адрес сменён, прежний больше не работает." if seen else "Адрес создан.")


@bp.post("/calendar/removal")
@login_required
def remove_calendar() -> ResponseReturnValue:
    CalendarFeed.remove(lock_current_doctor())
    return saved("calendar", "Адрес убран.")
