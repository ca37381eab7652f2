"""«Врачи» where every doctor can be booked: pages with the next free time of each, timed, and their queries."""

from __future__ import annotations

from pathlib import Path

from ibolit.extensions import db
from ibolit.models import AppointmentType, ConsultationKind, WeeklyHours

from .clinic import keep_practice, make_large, written
from .figures import Row
from .one_doctor import measured
from .pages import Page

DOCTORS, FEW_DOCTORS = 500, 25  # the few are more than a page, too
MORNING, EVENING, DAYS = (9 * 60, 13 * 60), (15 * 60, 19 * 60), range(7)
AIM = "≤ 15 ms; ≤ 6 queries"


def measure(folder: Path) -> list[Row]:
    few, large = folder / "few-doctors", folder / "many-doctors"
    for data, doctors in ((few, FEW_DOCTORS), (large, DOCTORS)):
        make_large(data, doctors=doctors, chats=60, messages=1_000)
        keep_practice(data, unread=5, consultations=40)
        with written(data):
            _offer(doctors)
    return measured(_pages(), few, large, AIM)


def _pages() -> list[Page]:
    return [
        Page(f"«Врачи» of {DOCTORS} with next free times", "/doctors"),
        Page("… who has time today", "/doctors?free=today"),
        Page("… within a week", "/doctors?free=week"),
        Page("… a search as it is typed", "/doctors/search", search="карди", htmx=True),
    ]


def _offer(doctors: int) -> None:
    """Each two types, and hours of every day in two spans."""
    types = (("Первичная консультация", 30, 2500_00), ("Повторная консультация", 20, 1500_00))
    for doctor in range(1, doctors + 1):
        for position, (title, minutes, price) in enumerate(types):
            known = {"title": title, "kind": ConsultationKind.VIDEO, "minutes": minutes, "price": price}
            db.session.add(AppointmentType(doctor_id=doctor, position=position, **known))
        for day in DAYS:
            for start, end in (MORNING, EVENING):
                db.session.add(WeeklyHours(doctor_id=doctor, weekday=day, start=start, end=end))
