"""The short pages of «Моя страница»."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.typing import ResponseReturnValue

from ...extensions import db
from ...models import (
    AppointmentType,
    AuditAction,
    BookingRules,
    CalendarFeed,
    Doctor,
    Tariff,
    TimeOff,
    WeeklyHours,
    booking,
)
from ...models.consultations import lists
from ...rendering import link_to
from ...web.audit import log_audit
from ...web.authentication import current_doctor
from ...web.panels import Panels
from .booking_forms import AppointmentTypeForm, BookingRulesForm, HoursForm
from .forms import AnswersForm, IntroductionForm, PhotoForm, ReachabilityForm, TariffForm, TermsForm, TimeOffForm


def _context(panel: str) -> dict[str, Any]:
    doctor = current_doctor()
    return {"panel": panel, "doctor": doctor, "saved": "", "refusal": ""} | CONTEXTS[panel](doctor)


def _tariffs(doctor: Doctor) -> dict[str, Any]:
    """`answered`: a form that came back, by the number of its tariff."""
    tariffs = db.session.scalars(Tariff.kept_by(doctor)).all()
    forms = {one.id: TariffForm.of(one) for one in tariffs}
    return {"tariffs": tariffs, "tariff_forms": forms, "answered": {}, "new_tariff_form": TariffForm.new()}


def _time_off(doctor: Doctor) -> dict[str, Any]:
    """With the consultations that each absence meets: they stand until the doctor moves or cancels them."""
    absences = TimeOff.unended_of(doctor)
    met = lists.met_by(doctor, [(one.starts_at, one.ends_at) for one in absences])
    return {
        "absences": absences,
        "met": {one.id: [two for two in met if any(one.takes(*span) for span in two.spans)] for one in absences},
        "covered": TimeOff.covered_by(doctor),
        "time_off_forms": {one.id: TimeOffForm.of(one) for one in absences},
        "answered": {},
        "new_time_off_form": TimeOffForm.new(doctor),
    }


def _calendar(doctor: Doctor) -> dict[str, Any]:
    """The second address is the first for who opens it with a calendar at once."""
    feed = CalendarFeed.of(doctor)
    address = link_to("calendar_feeds.show", token=feed.token) if feed else ""
    return {"feed": feed, "address": address, "subscription": f"webcal://{address.partition('://')[2]}"}


def _appointment_types(doctor: Doctor) -> dict[str, Any]:
    types = AppointmentType.kept_by(doctor)
    return {
        "types": types,
        "offered": [one for one in types if one.is_offered],
        "type_forms": {one.id: AppointmentTypeForm.of(one) for one in types},
        "answered": {},
        "new_type_form": AppointmentTypeForm.new(),
        "has_hours": bool(WeeklyHours.of(doctor)),
    }


def _hours(doctor: Doctor) -> dict[str, Any]:
    """With what patients have booked in hours that are others now: it stands until the doctor moves or cancels it."""
    types, rules, week = AppointmentType.kept_by(doctor), BookingRules.of(doctor), WeeklyHours.of(doctor)
    days = booking.by_day(week)
    linked = {id for one in week for id in one.type_ids}
    shown = [one for one in types if one.is_offered or one.id in linked]
    return {
        "days": days,
        "hours_forms": {day: HoursForm.of(day, spans, shown) for day, spans in days.items()},
        "answered": {},
        "theirs": None,
        "titles": {one.id: one.title for one in types},
        "has_types": any(one.is_offered for one in types),
        "zone": rules.tz,
        "outside": booking.booked_outside(doctor, week, rules.tz),
    }


CONTEXTS: dict[str, Callable[[Doctor], dict[str, Any]]] = {
    "photo": lambda doctor: {"photo_form": PhotoForm.of(doctor)},
    "introduction": lambda doctor: {"introduction_form": IntroductionForm.of(doctor)},
    "terms": lambda doctor: {"terms_form": TermsForm.of(doctor)},
    "tariffs": _tariffs,
    "reachability": lambda doctor: {"reachability_form": ReachabilityForm.of(doctor)},
    "answers": lambda doctor: {"answers_form": AnswersForm.of(doctor)},
    "time_off": _time_off,
    "appointment_types": _appointment_types,
    "hours": _hours,
    "booking_rules": lambda doctor: {"rules_form": BookingRulesForm.of(BookingRules.of(doctor))},
    "calendar": _calendar,
    "directory": lambda doctor: {"on_sale": doctor.tariffs},
}

_panels = Panels("practice", _context)
show, done, refuse = _panels.show, _panels.done, _panels.refuse


def saved(panel: str, sentence: str) -> ResponseReturnValue:
    """Commits, with a line in the audit log, what nothing could refuse."""
    log_audit(AuditAction.PROFILE_CHANGED, current_doctor().id, patient=None)
    db.session.commit()
    return done(panel, sentence)
