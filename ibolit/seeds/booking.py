"""What patients of the demo clinic may book, and some of it taken: four doctors with hours, one away, one without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from ..events import flush_facts
from ..extensions import db
from ..models import (
    AppointmentType,
    BookingRules,
    Consultation,
    ConsultationKind,
    Doctor,
    HoursSpan,
    RulesTerms,
    TypeTerms,
    User,
    WeeklyHours,
    booking,
)
from ..services import clock, current_services
from ..services.payments.demo import DemoBank

Pay = Callable[[Consultation], None]

VIDEO, AUDIO = ConsultationKind.VIDEO, ConsultationKind.AUDIO
FIRST, AGAIN, QUESTION = "Первичная консультация", "Повторная консультация", "Вопрос по анализам"
WORKDAYS, ALL_DAYS = range(5), range(7)
HOUR = 60  # minutes


def offer(doctors: Sequence[Doctor]) -> None:
    """Ivanova and Lebedev by day, Khasanova in the evening with wishes, Orlov after the return, Weber twice a week."""
    ivanova, lebedev, khasanova, orlov, weber, _ = doctors
    of_ivanova = (FIRST, VIDEO, 30, 1500_00), (AGAIN, VIDEO, 20, 900_00), (QUESTION, AUDIO, 15, 0)
    _, again, question = _types(ivanova, *of_ivanova)
    _hours(ivanova, WORKDAYS, (9, 13), (14, 18))
    WeeklyHours.replace(
        ivanova, [*WeeklyHours.of(ivanova), HoursSpan(5, 10 * HOUR, 12 * HOUR, frozenset({again.id, question.id}))]
    )
    BookingRules.set(ivanova, RulesTerms(BookingRules.of(ivanova).zone, confirms_free=True))
    _types(lebedev, (FIRST, VIDEO, 45, 2500_00), ("Разбор ЭКГ", AUDIO, 20, 1200_00))
    _hours(lebedev, WORKDAYS, (10, 15))
    _types(khasanova, (FIRST, VIDEO, 30, 1200_00), ("Знакомство", AUDIO, 15, 0))
    _hours(khasanova, ALL_DAYS, (18, 22))
    _types(orlov, (FIRST, VIDEO, 20, 1800_00))
    _hours(orlov, (0, 2, 4), (12, 19))
    _types(weber, (FIRST, VIDEO, 60, 2000_00))
    _hours(weber, (1, 3), (9, 12), (15, 17))
    BookingRules.set(weber, RulesTerms(BookingRules.of(weber).zone, 24 * HOUR, 15, 30))
    db.session.flush()


def take(patient: User, doctor: Doctor, pay: Pay, days_ago: Callable[[float], AbstractContextManager[None]]) -> None:
    """Two times of the coming days, chosen some days ago."""
    if not isinstance(current_services.payments, DemoBank):
        return  # a real provider is left in peace
    first, ecg = AppointmentType.offered_by(doctor.id)
    since = clock.now() + timedelta(days=1)
    for type, which in ((first, 2), (ecg, 9)):
        with days_ago(1.5):
            slot = booking.free_times(doctor, type, since, since + timedelta(days=7))[which]
            made = booking.book(patient, doctor, booking.terms_of(type, slot.starts_at), f"seed-booking-{which}")
            pay(made)
            flush_facts()


def _types(doctor: Doctor, *types: tuple[str, ConsultationKind, int, int]) -> list[AppointmentType]:
    """Free where there is another bank than the demo's."""
    costs = isinstance(current_services.payments, DemoBank)
    return [
        AppointmentType.add(doctor, TypeTerms(title, kind, minutes, price if costs else 0))
        for title, kind, minutes, price in types
    ]


def _hours(doctor: Doctor, days: Sequence[int], *spans: tuple[int, int]) -> None:
    week = [HoursSpan(day, start * HOUR, end * HOUR) for day in days for start, end in spans]
    WeeklyHours.replace(doctor, week)
