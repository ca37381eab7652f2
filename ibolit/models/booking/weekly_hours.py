"""The hours of a doctor's week that can be booked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...events import FreeTimesChanged, record
from ...extensions import Model, db
from ..doctors import Doctor
from ..types import RowId
from .appointment_type import AppointmentType, hold_agenda
from .booking_rules import BookingRules
from .wall_clock import A_DAY, GRID, Span, joined, spans_of_day

WEEK = range(7)  # Monday is 0


@dataclass(frozen=True, order=True)
class HoursSpan:
    """Hours of one day of the week by the doctor's clock, in minutes after midnight, the end not among them.

    `type_ids`: only these types are booked then; empty: all.
    """

    weekday: int
    start: int
    end: int
    type_ids: frozenset[int] = frozenset()

    def is_for(self, type_id: int) -> bool:
        return not self.type_ids or type_id in self.type_ids


class WeeklyHoursType(Model):
    """One of the types that hours are for; hours without any are for all."""

    hours_id: Mapped[int] = mapped_column(ForeignKey("weekly_hours.id"), primary_key=True)
    type_id: Mapped[int] = mapped_column(ForeignKey("appointment_type.id"), primary_key=True)


class WeeklyHours(Model):
    """A span of hours; those of one doctor never overlap. A week is replaced as a whole."""

    MOST_A_DAY = 8

    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", "weekday"),
        CheckConstraint('start >= 0 AND start < "end" AND "end" <= 1440', "order"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), index=True)
    weekday: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]

    @classmethod
    def of(cls, doctor: Doctor) -> list[HoursSpan]:
        """In the order of the week."""
        return cls.of_all([doctor.id])[doctor.id]

    @classmethod
    def of_all(cls, doctor_ids: Collection[int]) -> dict[int, list[HoursSpan]]:
        """The same of many, in one query."""
        link = WeeklyHoursType
        asked = (
            select(cls.doctor_id, cls.weekday, cls.start, cls.end, link.type_id)
            .outerjoin(link, link.hours_id == cls.id)
            .where(cls.doctor_id.in_(doctor_ids))
            .order_by(cls.doctor_id, cls.weekday, cls.start)
        )
        return {id: [] for id in doctor_ids} | by_doctor(db.session.execute(asked).tuples())

    @classmethod
    def locked_of(cls, doctor: Doctor) -> list[HoursSpan]:
        """The same under the lock of the agenda: whoever changes them waits until the commit."""
        hold_agenda(doctor.id)
        return cls.of(doctor)

    @classmethod
    def replace(cls, doctor: Doctor, spans: Iterable[HoursSpan]) -> None:
        """The whole week at once; what is booked stands, and the zone of the hours is kept from the first ones on.

        Raises HoursAreOdd, HoursOverlap, TooManyHours and HoursForUnknownType, with the `weekday` they are about.
        """
        hold_agenda(doctor.id)
        week, known = sorted(spans), cls.of(doctor)
        _refuse(week, {one.id for one in AppointmentType.kept_by(doctor)})
        if week == known:
            return
        BookingRules.stored_of(doctor)
        cls._store(doctor, week)
        record(FreeTimesChanged(doctor.id))

    @classmethod
    def _store(cls, doctor: Doctor, week: Sequence[HoursSpan]) -> None:
        mine = select(cls.id).where(cls.doctor_id == doctor.id).scalar_subquery()
        db.session.execute(delete(WeeklyHoursType).where(WeeklyHoursType.hours_id.in_(mine)))
        db.session.execute(delete(cls).where(cls.doctor_id == doctor.id))
        rows = [cls(doctor_id=doctor.id, weekday=one.weekday, start=one.start, end=one.end) for one in week]
        db.session.add_all(rows)
        db.session.flush()
        for row, one in zip(rows, week, strict=True):
            db.session.add_all(WeeklyHoursType(hours_id=row.id, type_id=id) for id in sorted(one.type_ids))
        db.session.flush()


def by_doctor(rows: Iterable[tuple[int, int, int, int, int | None]]) -> dict[int, list[HoursSpan]]:
    """Of rows of doctor, weekday, start, end and type, in their order: hours for several types have a row for each."""
    found: dict[tuple[int, int, int, int], list[int]] = {}
    for *span, type_id in rows:
        found.setdefault((span[0], span[1], span[2], span[3]), []).extend([] if type_id is None else [type_id])
    hours: dict[int, list[HoursSpan]] = {}
    for (doctor_id, *span), type_ids in found.items():
        hours.setdefault(doctor_id, []).append(HoursSpan(span[0], span[1], span[2], frozenset(type_ids)))
    return hours


def open_on(day: date, week: Iterable[HoursSpan], zone: ZoneInfo, type_id: int | None = None) -> list[Span]:
    """The week's hours on that day by the doctor's clock, joined: for this type or, without one, for whatever types."""
    mine = [one for one in week if one.weekday == day.weekday()]
    chosen = [(one.start, one.end) for one in mine if type_id is None or one.is_for(type_id)]
    return joined(spans_of_day(day, chosen, zone)) if chosen else []


def copied(spans: Iterable[HoursSpan], from_day: int, to_days: Collection[int]) -> list[HoursSpan]:
    """The week with the hours of one day on other days, too, in place of theirs."""
    week = list(spans)
    stay = [one for one in week if one.weekday not in to_days or one.weekday == from_day]
    pattern = [one for one in week if one.weekday == from_day]
    return sorted([*stay, *(replace(one, weekday=day) for day in to_days if day != from_day for one in pattern)])


def with_day(week: Iterable[HoursSpan], weekday: int, spans: Iterable[HoursSpan]) -> list[HoursSpan]:
    """The week with other hours on that day."""
    return sorted([*(one for one in week if one.weekday != weekday), *spans])


def by_day(spans: Iterable[HoursSpan]) -> Mapping[int, list[HoursSpan]]:
    """Of each day of the week, in their order."""
    week = sorted(spans)
    return {day: [one for one in week if one.weekday == day] for day in WEEK}


def _refuse(week: Sequence[HoursSpan], own_types: set[int]) -> None:
    for one in week:
        is_on_grid = one.start % GRID == 0 and one.end % GRID == 0
        if one.weekday not in WEEK or not is_on_grid or not 0 <= one.start < one.end <= A_DAY:
            raise errors.HoursAreOdd(one.weekday)
        if not one.type_ids <= own_types:
            raise errors.HoursForUnknownType(one.weekday)
    for before, after in pairwise(week):
        if before.weekday == after.weekday and after.start < before.end:
            raise errors.HoursOverlap(after.weekday)
    for day, spans in by_day(week).items():
        if len(spans) > WeeklyHours.MOST_A_DAY:
            raise errors.TooManyHours(day)
