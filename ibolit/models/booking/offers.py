"""What doctors offer to book, by which rules and in which hours: of a whole list of them, in one query."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, bindparam, null, select, union_all

from ...extensions import db
from ..doctors import Doctor
from .appointment_type import AppointmentType
from .booking_rules import BookingRules, RulesTerms
from .wall_clock import Minutes
from .weekly_hours import HoursSpan, WeeklyHours, WeeklyHoursType, by_doctor

Length = tuple[int, Minutes]  # of a type, by its number

RULES = [getattr(BookingRules, name) for name in RulesTerms.__dataclass_fields__]


@dataclass
class Offer:
    """One doctor's: types in the doctor's order, hours in the week's."""

    rules: BookingRules
    types: list[Length] = field(default_factory=list)
    hours: list[HoursSpan] = field(default_factory=list)


def offers_of(doctors: Collection[Doctor]) -> dict[int, Offer]:
    """By the doctors' numbers; who offers nothing is left out."""
    known = {doctor.id: doctor for doctor in doctors}
    if not known:
        return {}
    offers: dict[int, Offer] = {}
    spans: list[tuple[int, int, int, int, int | None]] = []
    for doctor_id, type_id, _, minutes, weekday, start, end, *rules in db.session.execute(
        _offered(), {"ids": [*known]}
    ):
        if weekday is not None:
            spans.append((doctor_id, weekday, start, end, type_id))
            continue
        if doctor_id not in offers:
            offers[doctor_id] = Offer(_rules_of(known[doctor_id], rules))
        offers[doctor_id].types.append((type_id, minutes))
    for doctor_id, hours in by_doctor(spans).items():
        if doctor_id in offers:
            offers[doctor_id].hours = hours
    return offers


def _rules_of(doctor: Doctor, stored: list[Any]) -> BookingRules:
    if stored[0] is None:
        return BookingRules.default_of(doctor)
    return BookingRules(doctor_id=doctor.id, **dict(zip(RulesTerms.__dataclass_fields__, stored, strict=True)))


@cache
def _offered() -> CompoundSelect[Any]:
    ids: BindParameter[int] = bindparam("ids", expanding=True)
    link = WeeklyHoursType
    own = BookingRules.doctor_id == AppointmentType.doctor_id
    types = (
        select(
            *(AppointmentType.doctor_id, AppointmentType.id.label("type_id")),
            *(AppointmentType.position, AppointmentType.minutes),
            *(null().label("weekday"), null().label("start"), null().label("end"), *RULES),
        )
        .outerjoin(BookingRules, own)
        .where(AppointmentType.doctor_id.in_(ids), AppointmentType.ended_at.is_(None))
    )
    hours = (
        select(
            *(WeeklyHours.doctor_id, link.type_id, null(), null()),
            *(WeeklyHours.weekday, WeeklyHours.start, WeeklyHours.end, *(null() for _ in RULES)),
        )
        .outerjoin(link, link.hours_id == WeeklyHours.id)
        .where(WeeklyHours.doctor_id.in_(ids))
    )
    return union_all(types, hours).order_by("weekday", "start", "position")
