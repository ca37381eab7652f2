"""The directory of doctors by when they have time."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, exists, select

from ...extensions import db
from ..doctors import Doctor
from .appointment_type import AppointmentType
from .free_times import Slot, next_free_times

FIRST = 30  # doctors that are looked at together: mostly they fill a page; else twice as many, and so on


def directory_before(
    until: datetime, specialty: str = "", after: tuple[str, int] | None = None, most: int = 20
) -> tuple[list[Doctor], dict[int, Slot]]:
    """Shown doctors with a free time before `until` (UTC), as Doctor.directory() pages them, and the first of each."""
    found: list[Doctor] = []
    times: dict[int, Slot] = {}
    at_once = FIRST
    while len(found) < most:
        looked_at = Doctor.directory(specialty, after, at_once, _offers_something())
        times |= next_free_times(looked_at, until)
        found += [doctor for doctor in looked_at if doctor.id in times]
        if len(looked_at) < at_once:
            break
        after, at_once = (looked_at[-1].name_key, looked_at[-1].id), 2 * at_once
    return found[:most], times


@cache
def _offers_something() -> ColumnElement[bool]:
    return Doctor.id.in_(select(AppointmentType.doctor_id).where(AppointmentType.ended_at.is_(None)))


def is_used() -> bool:
    """Anybody in the directory offers something to book."""
    offered = exists().where(AppointmentType.doctor_id == Doctor.id, AppointmentType.ended_at.is_(None))
    return db.session.scalar(select(Doctor.id).where(~Doctor.hidden, offered).limit(1)) is not None
