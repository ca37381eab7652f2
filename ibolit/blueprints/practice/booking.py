"""What patients may book by themselves: «Виды консультаций», «Часы приёма», «Правила записи»."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ... import errors
from ...formatting import WEEKDAYS
from ...models import AppointmentType, AuditAction, BookingRules, Doctor, HoursSpan, WeeklyHours, booking
from ...web.audit import log_audit
from ...web.authentication import current_doctor
from ...web.fields import MoveForm
from ...web.submission import Submission, submission
from .booking_forms import AppointmentTypeForm, BookingRulesForm, HoursForm, day_version
from .panels import done, refuse, saved, show
from .views import bp

WEEK = range(7)


@bp.get("/appointment-types")
@login_required
def appointment_types() -> ResponseReturnValue:
    return show("appointment_types")


@bp.post("/appointment-types")
@login_required
def add_appointment_type() -> ResponseReturnValue:
    doctor, form = current_doctor(), AppointmentTypeForm.sent_for()
    if not form.validate_on_submit():
        return refuse("appointment_types", new_type_form=form)
    with submission(form.title) as sent:
        _note(AppointmentType.add(doctor, form.terms))
    if sent.is_refused:
        return refuse("appointment_types", sent.status, new_type_form=form)
    return done("appointment_types", f"Добавлено: «{form.terms.title}».")


@bp.post("/appointment-types/<int:id>")
@login_required
def change_appointment_type(id: int) -> ResponseReturnValue:
    type = _held(id)
    form = AppointmentTypeForm.sent_for(type)
    if not form.validate_on_submit():
        return refuse("appointment_types", answered={id: form})
    if not form.meets(AppointmentTypeForm.of(type)):
        return refuse("appointment_types", 409, answered={id: form})
    with submission(form.title) as sent:
        type.change(form.terms)
        _note(type)
    if sent.is_refused:
        return refuse("appointment_types", sent.status, answered={id: form})
    return done("appointment_types", f"Сохранено: «{form.terms.title}».")


@bp.post("/appointment-types/<int:id>/offer")
@login_required
def offer_appointment_type(id: int) -> ResponseReturnValue:
    """«Убрать» and «Предлагать снова»: what is booked stands."""
    is_offered = request.form.get("offered") == "1"
    return _submit(
        id,
        lambda type: type.bring_back() if is_offered else type.end(),
        "Снова можно записаться." if is_offered else "Убрано. Кто уже записан, тот записан.",
    )


@bp.post("/appointment-types/<int:id>/place")
@login_required
def move_appointment_type(id: int) -> ResponseReturnValue:
    form = MoveForm()
    if not form.validate_on_submit():
        return refuse("appointment_types", refusal=form.steps.errors[0])
    return _submit(id, lambda type: type.move(form.steps.data), "Порядок изменён.")


@bp.get("/hours")
@login_required
def hours() -> ResponseReturnValue:
    return show("hours")


@bp.post("/hours/<int:weekday>")
@login_required
def set_hours(weekday: int) -> ResponseReturnValue:
    """The hours of one day, and of those that they are copied to."""
    if weekday not in WEEK:
        abort(404)
    doctor = current_doctor()
    week, form = WeeklyHours.locked_of(doctor), HoursForm(weekday, AppointmentType.kept_by(doctor))
    if not form.validate_on_submit():
        return _refuse_day(form)
    stored = booking.by_day(week)[weekday]
    if _has_changed(form, stored):
        form.expected.data = day_version(stored)
        return _refuse_day(form, errors.HoursHaveChanged.status, errors.HoursHaveChanged.sentence, stored)
    with submission() as sent:
        _set_day(doctor, week, form)
    if sent.is_refused:
        return _refuse_day(form, sent.status, _day_of(sent, form) + sent.sentence)
    copied = ", ".join(WEEKDAYS[day] for day in sorted(form.copy_to.data or ()))
    return done("hours", f"Сохранено: {WEEKDAYS[weekday]}{f', и скопировано на {copied}' if copied else ''}.")


@bp.get("/booking-rules")
@login_required
def booking_rules() -> ResponseReturnValue:
    return show("booking_rules")


@bp.post("/booking-rules")
@login_required
def set_booking_rules() -> ResponseReturnValue:
    doctor = current_doctor()
    WeeklyHours.locked_of(doctor)
    rules = BookingRules.of(doctor)
    form = BookingRulesForm(rules)
    if not form.validate_on_submit():
        return refuse("booking_rules", rules_form=form)
    if not form.meets(BookingRulesForm.of(rules)):
        return refuse("booking_rules", 409, rules_form=form)
    BookingRules.set(doctor, form.terms)
    return saved("booking_rules", "Правила сохранены.")


def _submit(id: int, action: Callable[[AppointmentType], object], sentence: str) -> ResponseReturnValue:
    type = _held(id)
    with submission() as sent:
        action(type)
        _note(type)
    if sent.is_refused:
        return refuse("appointment_types", sent.status, refusal=sent.sentence)
    return done("appointment_types", sentence)


def _held(id: int) -> AppointmentType:
    return AppointmentType.locked_for(current_doctor(), id) or abort(404)


def _note(type: AppointmentType) -> None:
    log_audit(AuditAction.PROFILE_CHANGED, type.doctor_id, patient=None)


def _has_changed(form: HoursForm, stored: Sequence[HoursSpan]) -> bool:
    """Meanwhile another window has made something else of this day. Copying overwrites on purpose."""
    return form.expected.data not in ("", None, day_version(stored)) and sorted(form.week_day) != sorted(stored)


def _set_day(doctor: Doctor, week: Sequence[HoursSpan], form: HoursForm) -> None:
    changed = booking.with_day(week, form.weekday, form.week_day)
    WeeklyHours.replace(doctor, booking.copied(changed, form.weekday, form.copy_to.data or ()))
    log_audit(AuditAction.PROFILE_CHANGED, doctor.id, patient=None)


def _refuse_day(
    form: HoursForm, status: int = 422, sentence: str = "", stored: Sequence[HoursSpan] | None = None
) -> ResponseReturnValue:
    form.add_rows()
    return refuse("hours", status, answered={form.weekday: form}, refusal=sentence, theirs=stored)


def _day_of(sent: Submission, form: HoursForm) -> str:
    """Which day the rule is about, where it is not the day of the form."""
    day = getattr(sent.refusal, "weekday", form.weekday)
    return f"{WEEKDAYS[day]}: " if day != form.weekday else ""
