"""«Неделя»: a doctor's calendar as one picture, and as a list that says the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ...models import Doctor, TimeOff, booking
from ...models.consultations.today import held_between
from ...services import clock
from ...web.authentication import current_doctor
from .views import bp
from .week_grid import DAYS, Week

WEEK = timedelta(days=DAYS)
YEARS = range(2000, 2200)  # a calendar goes so far that none of its days falls out of what can be counted


@bp.get("/week")
@login_required
def week() -> ResponseReturnValue:
    """The week of the day that the address names, or this one; by the doctor's own clock."""
    doctor = current_doctor()
    today = clock.now().astimezone(doctor.user.zone).date()
    this = _monday(today)
    monday = _asked() or this
    return render_template(
        "pages/consultations/week.html",
        week=_week_of(doctor, monday),
        zone=doctor.user.zone,
        today=today,
        monday=monday,
        this=this,
        is_list=request.args.get("view") == "list",
        before=monday - WEEK,
        after=monday + WEEK,
    )


def _week_of(doctor: Doctor, monday: date) -> Week:
    zone = doctor.user.zone
    begins, ends = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (monday, monday + WEEK))
    off = [span for span in TimeOff.spans_of(doctor, begins) if span[0] < ends]
    return Week.of(
        monday, zone, held=held_between(doctor, begins, ends), hours=booking.open_between(doctor, begins, ends), off=off
    )


def _asked() -> date | None:
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return _monday(day) if day.year in YEARS else None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
