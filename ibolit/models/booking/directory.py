"""The directory of doctors by when they have time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select

from ...extensions import db
from ..doctors import Doctor
from .appointment_type import AppointmentType
from .free_times import Slot, next_free_times

AT_ONCE = 100  # doctors looked at together: mostly the first of them fill a page


def directory_before(
    until: datetime, specialty: str = "", after: tuple[str, int] | None = None, most: int = 20
) -> tuple[list[Doctor], dict[int, Slot]]:
    """Shown doctors with a free time before `until` (UTC), as Doctor.directory() pages them, and the first of each."""
    offers = Doctor.id.in_(select(AppointmentType.doctor_id).where(AppointmentType.ended_at.is_(None)))
    found: list[Doctor] = []
    times: dict[int, Slot] = {}
    while len(found) < most:
        looked_at = Doctor.directory(specialty, after, AT_ONCE, offers)
        times |= next_free_times(looked_at, until)
        found += [doctor for doctor in looked_at if doctor.id in times]
        if len(looked_at) < AT_ONCE:
            break
        after = looked_at[-1].name_key, looked_at[-1].id
    return found[:most], times


def is_used() -> bool:
    """Anybody in the directory offers something to book."""
    offered = exists().where(AppointmentType.doctor_id == Doctor.id, AppointmentType.ended_at.is_(None))
    return db.session.scalar(select(Doctor.id).where(~Doctor.hidden, offered).limit(1)) is not None
