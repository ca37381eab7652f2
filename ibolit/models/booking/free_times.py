"""Free times: hours − time off − what is proposed, agreed or held, with notice and pause. None of them is stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from ...services import clock
from ..consultations import Consultation
from ..doctors import Doctor
from .agenda import Agenda, Agendas
from .appointment_type import AppointmentType
from .offers import Length, offers_of
from .wall_clock import Minutes, minutes_of, moment_of

# What one looks through for the next free time: most doctors have one in the first days, and only for the others the
# database is asked of more.
WINDOWS = timedelta(days=2), timedelta(days=367)
NEAREST = 3
OFFERED, MOVED_WITHIN = 6, timedelta(days=14)  # of the times that one may move to


@dataclass(frozen=True)
class Slot:
    """A free time of a doctor's for one of their types; UTC. It is the look of a moment, and is never stored."""

    doctor_id: int
    type_id: int
    starts_at: datetime
    ends_at: datetime


def free_times(
    doctor: Doctor, type: AppointmentType, since: datetime, until: datetime, moved: Consultation | None = None
) -> list[Slot]:
    """Those that begin from `since` on and before `until`. `moved`: a consultation whose own time counts as free."""
    if doctor.hidden or not type.is_offered:
        return []
    agenda = Agendas([doctor]).between(since, until, moved.id if moved else None)[doctor.id]
    starts = agenda.starts(type.id, type.minutes, minutes_of(since, up=True), minutes_of(until, up=True))
    return [_slot(doctor.id, type.id, type.minutes, start) for start in starts]


def free_days(
    doctor: Doctor,
    type: AppointmentType,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    moved: Consultation | None = None,
) -> dict[date, list[Slot]]:
    """The same by the days of whoever reads; days with nothing free are left out."""
    days: dict[date, list[Slot]] = {}
    for slot in free_times(doctor, type, since, until, moved):
        days.setdefault(slot.starts_at.astimezone(zone).date(), []).append(slot)
    return days


def times_to_move_to(consultation: Consultation, zone: ZoneInfo) -> list[datetime]:
    """A few starts of the next days, two a day by whoever reads, which the hours of its type have free.

    None of them for what was agreed by word of mouth, or is offered no more.
    """
    type = AppointmentType.find_of(consultation.doctor_id, consultation.type_id) if consultation.type_id else None
    if type is None:
        return []
    now = clock.now()
    days = free_days(consultation.doctor, type, now, now + MOVED_WITHIN, zone, consultation).values()
    starts = [[slot.starts_at for slot in slots if slot.starts_at != consultation.starts_at] for slots in days]
    few = [of_day[:: max(1, len(of_day) // 2)][:2] for of_day in starts]
    return [start for of_day in few for start in of_day][:OFFERED]


def is_free(doctor: Doctor, type: AppointmentType, start: datetime, moved: Consultation | None = None) -> bool:
    """It may be booked now; decided under the lock of the agenda."""
    if doctor.hidden or not type.is_offered or minutes_of(start) != minutes_of(start, up=True):
        return False
    agenda = Agendas([doctor]).between(start, start + timedelta(minutes=type.minutes), moved.id if moved else None)[
        doctor.id
    ]
    return agenda.is_free(type.id, type.minutes, minutes_of(start))


def nearest(
    doctor: Doctor, type: AppointmentType, start: datetime, most: int = NEAREST, moved: Consultation | None = None
) -> list[Slot]:
    """The free times next to that one, before and after it, in their order: offered when it is taken."""
    around = free_times(doctor, type, start - timedelta(days=7), start + timedelta(days=14), moved)
    return sorted(
        sorted(around, key=lambda slot: abs(slot.starts_at - start))[:most], key=lambda slot: slot.starts_at
    ) or first_free_times(doctor, type, most, moved)


def first_free_times(
    doctor: Doctor, type: AppointmentType, most: int = NEAREST, moved: Consultation | None = None
) -> list[Slot]:
    """However far ahead they are."""
    now = clock.now()
    return list(islice(free_times(doctor, type, now, now + WINDOWS[-1], moved), most))


def next_free_times(doctors: Collection[Doctor], until: datetime | None = None) -> dict[int, Slot]:
    """The next free time of each for any of their types, by their numbers; who has none before `until` is left out.

    Two queries, one or two more when somebody has nothing free in the next days or may be away.
    """
    offers = offers_of([doctor for doctor in doctors if not doctor.hidden])
    left = [doctor for doctor in doctors if doctor.id in offers and offers[doctor.id].hours]
    if not left:
        return {}
    agendas, now, found = Agendas(left, offers), clock.now(), dict[int, Slot]()
    since = now
    for ahead in WINDOWS:
        ends = min(now + ahead, until or now + ahead)
        looked_at = agendas.between(since, ends, only=[doctor.id for doctor in left])
        slots = (_first_of(looked_at[doctor.id], doctor.id, offers[doctor.id].types, since, ends) for doctor in left)
        found |= {slot.doctor_id: slot for slot in slots if slot is not None}
        left, since = [doctor for doctor in left if doctor.id not in found], ends
        if not left or ends == until:
            break
    return found


# Below: parts of these


def _first_of(agenda: Agenda, doctor_id: int, types: Sequence[Length], since: datetime, until: datetime) -> Slot | None:
    """The earliest of all its types; of two at once, of the one that stands first."""
    first, last, best = minutes_of(since, up=True), minutes_of(until, up=True), None
    for type_id, minutes in types:
        start = next(agenda.starts(type_id, minutes, first, last), None)
        if start is not None and start < last:
            best, last = _slot(doctor_id, type_id, minutes, start), start
    return best


def _slot(doctor_id: int, type_id: int, minutes: int, start: Minutes) -> Slot:
    return Slot(doctor_id, type_id, moment_of(start), moment_of(start + minutes))
