"""«Моя страница»: what patients see of a doctor, changed by the doctor."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ...models import AppointmentType, BookingRules, Review, TimeOff, WeeklyHours, booking
from ...web.authentication import current_doctor, lock_current_doctor
from .forms import AnswersForm, IntroductionForm, ReachabilityForm, TermsForm
from .panels import refuse, saved, show

bp = Blueprint("practice", __name__, url_prefix="/practice")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    doctor = current_doctor()
    absences = TimeOff.unended_of(doctor) if doctor.may_be_away else []
    covered = TimeOff.covered_by(doctor) if doctor.is_standing_in else []
    return render_template(
        "pages/practice/index.html",
        doctor=doctor,
        absences=absences,
        covered=covered,
        types=AppointmentType.offered_by(doctor.id),
        days_with_hours=sum({1 << one.weekday for one in WeeklyHours.of(doctor)}),
        rules=BookingRules.of(doctor),
    )


@bp.get("/preview")
@login_required
def preview() -> ResponseReturnValue:
    """As a patient sees it, in the list and on the page."""
    doctor = current_doctor()
    shown: dict[str, Any] = {"rating": Review.rating_of(doctor.id), "times": booking.next_free_times([doctor])}
    return render_template("pages/practice/preview.html", doctor=doctor, **shown)


@bp.get("/introduction")
@login_required
def introduction() -> ResponseReturnValue:
    return show("introduction")


@bp.post("/introduction")
@login_required
def introduce() -> ResponseReturnValue:
    doctor, form = lock_current_doctor(), IntroductionForm()
    if not form.validate_on_submit():
        return refuse("introduction", introduction_form=form)
    if not form.meets(IntroductionForm.of(doctor)):
        return refuse("introduction", 409, introduction_form=form)
    doctor.introduce(form.words)
    return saved("introduction", "Сведения сохранены.")


@bp.get("/terms")
@login_required
def terms() -> ResponseReturnValue:
    return show("terms")


@bp.post("/terms")
@login_required
def set_terms() -> ResponseReturnValue:
    doctor, form = lock_current_doctor(), TermsForm()
    if not form.validate_on_submit():
        return refuse("terms", terms_form=form)
    if not form.meets(TermsForm.of(doctor)):
        return refuse("terms", 409, terms_form=form)
    doctor.set_defaults(form.price.kopecks, form.minutes.data, form.free_days.data or 0)
    return saved("terms", "Условия сохранены.")


@bp.get("/reachability")
@login_required
def reachability() -> ResponseReturnValue:
    return show("reachability")


@bp.post("/reachability")
@login_required
def be_reachable() -> ResponseReturnValue:
    doctor, form = lock_current_doctor(), ReachabilityForm()
    if not form.validate_on_submit():
        return refuse("reachability", reachability_form=form)
    if not form.meets(ReachabilityForm.of(doctor)):
        return refuse("reachability", 409, reachability_form=form)
    doctor.set_availability(form.available.data, form.quiet_from.minute, form.quiet_to.minute)
    return saved("reachability", "Сохранено.")


@bp.get("/answers")
@login_required
def answers() -> ResponseReturnValue:
    return show("answers")


@bp.post("/answers")
@login_required
def promise_answers() -> ResponseReturnValue:
    doctor, form = lock_current_doctor(), AnswersForm()
    if not form.validate_on_submit():
        return refuse("answers", answers_form=form)
    if not form.meets(AnswersForm.of(doctor)):
        return refuse("answers", 409, answers_form=form)
    doctor.promise(form.hours, days=form.days, start=form.start, end=form.end)
    return saved("answers", "Сохранено.")


@bp.get("/directory")
@login_required
def directory() -> ResponseReturnValue:
    return show("directory")


@bp.post("/directory")
@login_required
def show_in_directory() -> ResponseReturnValue:
    doctor = current_doctor()
    doctor.show_in_directory(request.form.get("shown") == "1")
    return saved("directory", "Вас не видно в списке врачей." if doctor.hidden else "Вас видно в списке врачей.")
