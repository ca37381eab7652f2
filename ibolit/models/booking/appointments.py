"""Booking a free time, and moving what was booked: the patient's own verbs. The database decides who was first."""

from __future__ import annotations

from datetime import datetime, timedelta

from ... import errors
from ...config import current_settings
from ...services import clock
from ..chats import Chat, submission_id
from ..consultations import BookingTerms, Consultation, ConsultationState
from ..consultations.booked import HOLDS_A_DAY
from ..doctors import Doctor
from ..locking import LockKind, advisory_lock
from ..payments import AlertKind, PaymentAlert
from ..people import Dependant, User
from .appointment_type import AppointmentType, hold_agenda
from .booking_rules import BookingRules
from .free_times import is_free, nearest

MOVES_AT_ONCE = 2  # of one consultation, by its patient


def terms_of(type: AppointmentType, start: datetime) -> BookingTerms:
    """What a page shows, and its form sends back as what was seen."""
    return BookingTerms(type.id, start, type.kind, type.minutes, type.price, current_settings.refund_hours)


def book(
    patient: User,
    doctor: Doctor,
    terms: BookingTerms,
    client_id: str,
    warned_of: int | None = None,
    *,
    dependant: Dependant | None = None,
) -> Consultation:
    """A time of the doctor's for this patient, or for this dependant of theirs: paid a hold of 15 minutes, free agreed
    at once or a wish. Holds are counted by who pays, free ones by whom they are about.

    A repeated press is the same one, and so is another for the time that is held already: it is held no longer for it.
    A chat is made where there was none, and no free time of it begins. `warned_of`: the number of the person's own
    consultation at that time, of which they know.
    Raises DoctorTakesNoBookings, TypeHasEnded, OfferHasChanged, PaymentsAreSuspended, HoldExists, TooManyHolds,
    TimeIsHeldForAnother, FreeBookingExists, SlotIsTaken with what is free around it, OwnOverlap, MayNotWriteFor.
    """
    advisory_lock(LockKind.BOOKINGS, patient.id)
    hold_agenda(doctor.id)
    press = submission_id(client_id, terms)
    chat = Chat.between(patient, doctor, dependant)
    known = _booked_before(patient, chat, doctor, terms, press)
    if known is not None:
        return known
    type = _as_shown(doctor, terms)
    if not is_free(doctor, type, terms.starts_at):
        raise errors.SlotIsTaken(nearest(doctor, type, terms.starts_at))
    if terms.price:
        _refuse_to_hold(patient)
    else:
        _refuse_second_free_one(chat)
    overlap = Consultation.overlapping(patient, terms.starts_at, terms.ends_at)
    if overlap is not None and overlap.id != warned_of:
        raise errors.OwnOverlap(overlap.id)
    at_once = not terms.price and is_confirmed_at_once(patient, doctor)
    chat = _locked_chat(patient, doctor, dependant)
    return Consultation.place(chat, patient, terms, title=type.title, client_id=press, at_once=at_once)


def may_be_moved_at_once(consultation: Consultation, patient: User) -> bool:
    """The patient may choose another free time without asking: it is far enough ahead, and offered as it was bought."""
    if consultation.patient_id != patient.id or consultation.state_now is not ConsultationState.CONFIRMED:
        return False
    is_early = consultation.starts_at >= clock.now() + ahead_of(consultation)
    return is_early and consultation.moved_by_patient < MOVES_AT_ONCE and type_to_move(consultation) is not None


def type_to_move(consultation: Consultation) -> AppointmentType | None:
    """What was booked, if it is offered still for the same price: its free times are those to move to."""
    if consultation.type_id is None:
        return None
    type = AppointmentType.find_of(consultation.doctor_id, consultation.type_id)
    if type is None or not type.is_offered:
        return None
    is_same = (type.kind, type.minutes, type.price) == (consultation.kind, consultation.minutes, consultation.price)
    return type if is_same else None


def is_moved_at_once(consultation: Consultation, patient: User, start: datetime) -> bool:
    """To that start, as free times allow or as the doctor has asked; else the doctor is asked."""
    is_early = start >= clock.now() + ahead_of(consultation)
    return _is_what_doctor_asks(consultation, patient, start) or (
        is_early and may_be_moved_at_once(consultation, patient)
    )


def is_confirmed_at_once(patient: User, doctor: Doctor) -> bool:
    """What this patient books for nothing; else it waits for the doctor's yes."""
    return BookingRules.of(doctor).confirms_free and not Consultation.is_often_missed_by(patient)


def ahead_of(consultation: Consultation) -> timedelta:
    """So far ahead its start and the new one must be for a move at once: the refund's hours, or the doctor's notice."""
    return max(timedelta(hours=consultation.promised_refund_hours), BookingRules.of(consultation.doctor).notice)


def move(consultation: Consultation, patient: User, start: datetime, expected: datetime) -> bool:
    """True: it is moved. False: the doctor is asked, and the agreed time stands until then.

    Raises ConsultationHasChanged when its start is not `expected`, SlotIsTaken, and what request_reschedule() raises.
    """
    hold_agenda(consultation.doctor_id)
    consultation.lock_for(patient, expected)
    if start == consultation.starts_at:
        raise errors.TimeIsTheSame
    type, is_asked = type_to_move(consultation), _is_what_doctor_asks(consultation, patient, start)
    if type is None or is_asked or not is_moved_at_once(consultation, patient, start):
        consultation.request_reschedule(patient, start, expected)
        return is_asked
    if not is_free(consultation.doctor, type, start, moved=consultation):
        raise errors.SlotIsTaken(nearest(consultation.doctor, type, start, moved=consultation))
    consultation.move_at_once(start)
    return True


# Below: parts of these


def _is_what_doctor_asks(consultation: Consultation, patient: User, start: datetime) -> bool:
    """What both ask for is agreed."""
    return consultation.reschedule_request_from_other(patient) == start


def _booked_before(
    patient: User, chat: Chat | None, doctor: Doctor, terms: BookingTerms, press: str
) -> Consultation | None:
    """Raises TimeIsHeldForAnother."""
    known = Consultation.booked_by_press(chat, press) if chat is not None else None
    hold = Consultation.live_hold_of(patient) if known is None else None
    if hold is None:
        return known
    if (hold.doctor_id, hold.starts_at, hold.type_id) != (doctor.id, terms.starts_at, terms.type_id):
        return None
    if chat is None or hold.chat_id != chat.id:
        raise errors.TimeIsHeldForAnother(hold.id)
    return hold


def _as_shown(doctor: Doctor, terms: BookingTerms) -> AppointmentType:
    if doctor.hidden:
        raise errors.DoctorTakesNoBookings
    type = AppointmentType.locked_for(doctor, terms.type_id)
    if type is None or not type.is_offered:
        raise errors.TypeHasEnded
    if terms != terms_of(type, terms.starts_at):
        raise errors.OfferHasChanged
    return type


def _refuse_to_hold(patient: User) -> None:
    if PaymentAlert.find_open(AlertKind.SHOP_SETTINGS) is not None:  # nobody could pay: the bank refuses the shop
        raise errors.PaymentsAreSuspended
    hold = Consultation.live_hold_of(patient)
    if hold is not None:
        raise errors.HoldExists(hold.id)
    if Consultation.unpaid_holds_of_day(patient) >= HOLDS_A_DAY:
        raise errors.TooManyHolds


def _refuse_second_free_one(chat: Chat | None) -> None:
    coming = Consultation.free_one_coming(chat) if chat is not None else None
    if coming is not None:
        raise errors.FreeBookingExists(coming.id)


def _locked_chat(patient: User, doctor: Doctor, dependant: Dependant | None) -> Chat:
    chat = Chat.locked_for(patient, Chat.begin(patient, doctor, dependant, booked=True))
    assert chat is not None
    return chat
