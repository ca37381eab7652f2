"""«Записаться»: a day, a time, then what it costs and the press. Nothing is held before that press."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...models import AppointmentType, BookingTerms, Chat, Consultation, Dependant, Doctor, Slot, booking
from ...responses import go, respond
from ...services import clock
from ...web.checkout import redirect_to_payment, start_payment
from ...web.submission import Submission, submission
from ...web.text_filters import new_client_id
from .choice import FreeDays, Links, moment_of, near_to, seconds_of
from .forms import BookingForm

bp = Blueprint("booking", __name__, url_prefix="/doctors/<int:id>/booking")


@bp.get("")
@login_required
def index(id: int) -> ResponseReturnValue:
    """The first kind that the doctor offers; the others are a press away."""
    return _show_times(_doctor(id), None)


@bp.get("/<int:type_id>")
@login_required
def times(id: int, type_id: int) -> ResponseReturnValue:
    doctor = _doctor(id)
    return _show_times(doctor, type_id)


@bp.get("/<int:type_id>/<int:start>")
@login_required
def new(id: int, type_id: int, start: int) -> ResponseReturnValue:
    """What is booked, for how much, and what becomes of the money; a time that is gone shows those next to it."""
    doctor, moment = _doctor(id), moment_of(start) or abort(404)
    type = AppointmentType.find_of(doctor.id, type_id)
    if type is None or not type.is_offered:
        return _show_times(doctor, type_id, refusal=errors.TypeHasEnded())
    if not booking.is_free(doctor, type, moment) and not _is_held_for_viewer(doctor, type_id, moment):
        return _show_times(doctor, type_id, refusal=errors.SlotIsTaken(booking.nearest(doctor, type, moment)))
    form = BookingForm(formdata=None, client_id=new_client_id())
    form.subject.suggest(_for())
    return _show_terms(doctor, type, moment, form)


@bp.post("/<int:type_id>/<int:start>")
@login_required
def create(id: int, type_id: int, start: int) -> ResponseReturnValue:
    doctor, form, moment = _doctor(id), BookingForm(), moment_of(start) or abort(404)
    type = AppointmentType.find_of(doctor.id, type_id)
    if not form.validate_on_submit() and type is not None:
        form.client_id.data = new_client_id()
        return _show_terms(doctor, type, moment, form, 422)
    terms = form.expected(type_id, moment)
    with submission() as sent:
        if terms is None:
            raise errors.OfferHasChanged
        press, warned_of = form.client_id.data, form.warned_of.data or None
        consultation = booking.book(current_user, doctor, terms, press, warned_of, dependant=form.subject.dependant)
    if sent.is_refused:
        return _refuse(_doctor(id), type_id, moment, sent, form.subject.data)
    return _pay(consultation) if consultation.price else go(url_for("consultations.show", id=consultation.id))


def _doctor(id: int) -> Doctor:
    """Patients book alone, and of themselves."""
    if not current_user.is_patient:
        abort(404)
    return Doctor.opened_by(current_user, id) or abort(404)


def _for() -> int | None:
    """Of an address: the number of a dependant whose chat one comes from, 0 from one's own; None: nobody was named."""
    return request.args.get("for", type=int)


def _for_whom() -> dict[str, Any]:
    """The same for the next address."""
    return {"for": _for()}


def _chat_with(doctor: Doctor) -> Chat | None:
    wanted = _for()
    dependant = Dependant.find_for(current_user, wanted) if wanted else None
    return None if wanted and dependant is None else Chat.between(current_user, doctor, dependant)


def _is_held_for_viewer(doctor: Doctor, type_id: int, moment: datetime) -> bool:
    """Their own hold: the press leads on to the payment."""
    hold = Consultation.live_hold_of(current_user)
    return hold is not None and (hold.doctor_id, hold.type_id, hold.starts_at) == (doctor.id, type_id, moment)


def _pay(consultation: Consultation) -> ResponseReturnValue:
    """To where one pays; when that cannot be begun, to the card, where it can be tried again."""
    with submission() as sent:
        payment = start_payment(lambda: consultation.start_payment(current_user, consultation.starts_at))
    if sent.is_refused:
        flash(sent.sentence)
        return go(url_for("consultations.show", id=consultation.id))
    return redirect_to_payment(payment)


def _refuse(
    doctor: Doctor, type_id: int, moment: datetime, sent: Submission, chosen: str | None
) -> ResponseReturnValue:
    """Where the same press may work next, the same page; else the times, with those next to it."""
    refusal, type = sent.refusal, AppointmentType.find_of(doctor.id, type_id)
    is_gone = isinstance(refusal, errors.SlotIsTaken | errors.TypeHasEnded | errors.DoctorTakesNoBookings)
    if is_gone or type is None or not type.is_offered:
        return _show_times(doctor, type_id, sent.status, refusal)
    form = BookingForm(formdata=None, client_id=new_client_id())
    form.subject.data = chosen
    if isinstance(refusal, errors.OwnOverlap):
        form.warned_of.data = refusal.consultation_id
    return _show_terms(doctor, type, moment, form, sent.status, refusal)


def _show_times(
    doctor: Doctor, type_id: int | None, status: int = 200, refusal: errors.RuleViolation | None = None
) -> ResponseReturnValue:
    types = AppointmentType.offered_by(doctor.id)
    type = next((one for one in types if one.id == type_id), types[0] if types else None)
    if type is not None and type_id not in (None, type.id) and refusal is None:
        refusal = errors.TypeHasEnded()
    day = request.args.get("day", "")
    shown: dict[str, Any] = {"types": types, "type": type, "chat": _chat_with(doctor)}
    shown["whose_chat"] = _for_whom()
    shown["is_chosen"] = type is not None and type.id == type_id
    shown["free"] = FreeDays.of(doctor, type, current_user.zone, day) if type is not None else None
    shown["here"] = _address_of(doctor, type, day)
    links = _links(doctor, type) if type is not None else None
    return _respond("booking/times.html", doctor, status, refusal, links=links, near=near_to(refusal), **shown)


def _show_terms(
    doctor: Doctor,
    type: AppointmentType,
    moment: datetime,
    form: BookingForm,
    status: int = 200,
    refusal: errors.RuleViolation | None = None,
) -> ResponseReturnValue:
    terms = booking.terms_of(type, moment)
    _note(form, terms)
    whose: dict[str, Any] = {"id": doctor.id, "type_id": type.id, "for": form.subject.data}
    here = url_for(".new", start=int(moment.timestamp()), **whose)
    shown: dict[str, Any] = {"type": type, "terms": terms, "form": form, "here": here}
    shown["others"] = url_for(".times", day=moment.astimezone(current_user.zone).date().isoformat(), **whose)
    full_until = moment - timedelta(hours=terms.refund_hours)
    shown["full_until"] = full_until if full_until > clock.now() else None
    shown["at_once"] = booking.is_confirmed_at_once(current_user, doctor)
    return _respond("booking/terms.html", doctor, status, refusal, **shown)


def _note(form: BookingForm, terms: BookingTerms) -> None:
    """The next press has seen what is drawn now."""
    form.kind.data, form.minutes.data = terms.kind, terms.minutes
    form.price.data, form.refund_hours.data = terms.price, terms.refund_hours


def _respond(
    fragment: str, doctor: Doctor, status: int, refusal: errors.RuleViolation | None, **shown: Any
) -> ResponseReturnValue:
    """`stands_in_the_way`: the number of the person's own consultation that the refusal is about."""
    own = refusal.consultation_id if isinstance(refusal, errors.BookingViolation) else None
    context = {"doctor": doctor, "refusal": refusal, "stands_in_the_way": own, "viewer": current_user} | shown
    return respond(fragment, page=fragment, status=status, now_at=clock.now(), **context)


def _address_of(doctor: Doctor, type: AppointmentType | None, day: str) -> str:
    if type is None:
        return url_for(".index", id=doctor.id, **_for_whom())
    return url_for(".times", id=doctor.id, type_id=type.id, day=day[:10] or None, **_for_whom())


def _links(doctor: Doctor, type: AppointmentType) -> Links:
    whose = _for_whom()

    def to_time(slot: Slot) -> str:
        return url_for(".new", id=doctor.id, type_id=slot.type_id, start=seconds_of(slot), **whose)

    return Links(lambda day: url_for(".times", id=doctor.id, type_id=type.id, day=day.isoformat(), **whose), to_time)
