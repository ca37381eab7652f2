"""«Отпуск и отсутствие»: when a doctor is away, who stands in, and what patients are answered meanwhile."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ... import errors
from ...extensions import db
from ...formatting import day_of
from ...models import AuditAction, TimeOff
from ...web.audit import log_audit
from ...web.authentication import current_doctor
from ...web.submission import Submission, submission
from .forms import EndTimeOffForm, TimeOffForm
from .panels import done, refuse, show
from .views import bp


@bp.get("/time-off")
@login_required
def time_off() -> ResponseReturnValue:
    return show("time_off")


@bp.post("/time-off")
@login_required
def add_time_off() -> ResponseReturnValue:
    doctor = current_doctor()
    form = TimeOffForm.sent_by(doctor)
    if not form.validate_on_submit():
        return refuse("time_off", new_time_off_form=form)
    with submission() as sent:
        added = TimeOff.add(doctor, form.terms)
        _note(added)
    if sent.is_refused:
        return _refuse(sent, form)
    return done("time_off", f"Отсутствие задано: {_when(added)}.")


@bp.post("/time-off/<int:id>")
@login_required
def change_time_off(id: int) -> ResponseReturnValue:
    kept = _locked(id)
    form = TimeOffForm.sent_by(kept.doctor, kept)
    if not form.validate_on_submit():
        return refuse("time_off", answered={id: form})
    if not form.meets(TimeOffForm.of(kept)):
        return refuse("time_off", 409, answered={id: form})
    with submission() as sent:
        kept.change(form.terms)
        _note(kept)
    if sent.is_refused:
        return _refuse(sent, form, id)
    return done("time_off", f"Сохранено: {_when(kept)}.")


@bp.post("/time-off/<int:id>/end")
@login_required
def end_time_off(id: int) -> ResponseReturnValue:
    """«Отменить» what is ahead; «Я вернулся» from what is going on is said without a sex: «Закончить сейчас»."""
    kept = _locked(id)
    if not EndTimeOffForm().validate_on_submit():
        abort(400)
    was_ahead = not kept.has_begun
    kept.end()
    _note(kept)
    db.session.commit()
    return done(
        "time_off", "Отсутствие отменено." if was_ahead else "Отсутствие закончено, пациенты пишут вам как раньше."
    )


def _locked(id: int) -> TimeOff:
    return TimeOff.locked(current_doctor(), id) or abort(404)


def _note(kept: TimeOff) -> None:
    log_audit(AuditAction.TIME_OFF_CHANGED, kept.id, patient=None)


# Next to which field a broken rule is told; the others stand next to the first one.
FIELDS: dict[type, str] = {
    errors.TimeOffIsPast: "last_day",
    errors.TimeOffIsTooLong: "last_day",
    errors.StandInIsUnknown: "stand_in",
    errors.StandInIsAway: "stand_in",
}


def _refuse(sent: Submission, form: TimeOffForm, id: int | None = None) -> ResponseReturnValue:
    sent.tell(form[FIELDS.get(type(sent.refusal), "first_day")])
    if id is None:
        return refuse("time_off", sent.status, new_time_off_form=form)
    return refuse("time_off", sent.status, answered={id: form})


def _when(kept: TimeOff) -> str:
    zone = kept.doctor.user.zone
    return f"{day_of(kept.starts_at, zone)} – {day_of(kept.last_moment, zone)}"
