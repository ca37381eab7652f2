"""Another time for what was booked: the patient picks it from what is free, at once where it is early enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...models import AppointmentType, Consultation, LimitKind, RateLimitHit, Slot, booking
from ...responses import go, respond
from ...services import clock
from ...web.submission import submission
from .choice import FreeDays, Links, moment_of, near_to, seconds_of
from .forms import MoveForm

bp = Blueprint("moving", __name__, url_prefix="/consultations/<int:id>/move")


@bp.get("")
@login_required
def index(id: int) -> ResponseReturnValue:
    """Days and times; what was agreed by word of mouth, or is offered no more, is moved by asking."""
    consultation = _own(id)
    type = _type_to_move(consultation)
    return _show_times(consultation, type) if type else go(url_for("consultations.reschedule", id=id))


@bp.get("/<int:start>")
@login_required
def new(id: int, start: int) -> ResponseReturnValue:
    consultation, moment = _own(id), moment_of(start) or abort(404)
    type = _type_to_move(consultation)
    if type is None:
        return go(url_for("consultations.reschedule", id=id))
    if moment == consultation.starts_at:
        return _show_times(consultation, type, refusal=errors.TimeIsTheSame())
    if not booking.is_free(consultation.doctor, type, moment, moved=consultation):
        near = booking.nearest(consultation.doctor, type, moment, moved=consultation)
        return _show_times(consultation, type, refusal=errors.SlotIsTaken(near))
    return _show_terms(consultation, moment)


@bp.post("/<int:start>")
@login_required
def create(id: int, start: int) -> ResponseReturnValue:
    """At once, or the doctor is asked, as the page said."""
    consultation, form, moment = _own(id), MoveForm(), moment_of(start) or abort(404)
    if not form.validate_on_submit():
        abort(400)
    with submission() as sent:
        RateLimitHit.count(LimitKind.ASKING_FOR_TIME, str(current_user.id))
        is_moved = booking.move(consultation, current_user, moment, form.agreed_start)
    if sent.refusal is not None:
        consultation = _own(id)
        type = _type_to_move(consultation)
        if type is None:
            flash(sent.sentence)
            return go(url_for("consultations.show", id=id))
        return _show_times(consultation, type, sent.status, sent.refusal)
    flash("Консультация перенесена." if is_moved else "Врач получит вашу просьбу. Пока действует прежнее время.")
    return go(url_for("consultations.show", id=id))


def _own(id: int) -> Consultation:
    """A doctor's move always waits for a yes: it has its own form."""
    if not current_user.is_patient:
        abort(404)
    return Consultation.find_for(current_user, id) or abort(404)


def _type_to_move(consultation: Consultation) -> AppointmentType | None:
    """Whose free times are those to move to; None for what is moved by asking, or no more."""
    return booking.type_to_move(consultation) if consultation.may_be_moved() else None


def _show_times(
    consultation: Consultation,
    type: AppointmentType,
    status: int = 200,
    refusal: errors.RuleViolation | None = None,
) -> ResponseReturnValue:
    day = request.args.get("day", "")
    shown: dict[str, Any] = {"free": FreeDays.of(consultation.doctor, type, current_user.zone, day, consultation)}
    shown["here"] = url_for(".index", id=consultation.id, day=day or None)
    shown |= {"refusal": refusal, "near": near_to(refusal), "links": _links(consultation)}
    return _respond("booking/move.html", consultation, status, **shown)


def _show_terms(consultation: Consultation, moment: datetime) -> ResponseReturnValue:
    at_once = booking.is_moved_at_once(consultation, current_user, moment)
    ends_at = moment + timedelta(minutes=consultation.minutes)
    overlap = Consultation.overlapping(current_user, moment, ends_at, consultation.id)
    shown = {"moment": moment, "at_once": at_once, "stands_in_the_way": overlap and overlap.id}
    shown["here"] = url_for(".new", id=consultation.id, start=int(moment.timestamp()))
    return _respond("booking/move_terms.html", consultation, 200, **shown)


def _respond(fragment: str, consultation: Consultation, status: int, **shown: Any) -> ResponseReturnValue:
    context = {"consultation": consultation, "doctor": consultation.doctor, "viewer": current_user} | shown
    return respond(fragment, page=fragment, status=status, now_at=clock.now(), **context)


def _links(consultation: Consultation) -> Links:
    def to_time(slot: Slot) -> str:
        return url_for(".new", id=consultation.id, start=seconds_of(slot))

    return Links(lambda day: url_for(".index", id=consultation.id, day=day.isoformat()), to_time)
