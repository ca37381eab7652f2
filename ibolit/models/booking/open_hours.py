"""A doctor's weekly hours on days of the calendar, and what was booked in hours that are others now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..consultations import Consultation, lists
from ..doctors import Doctor
from .booking_rules import BookingRules
from .wall_clock import Span, joined, minutes_of, moment_of
from .weekly_hours import HoursSpan, WeeklyHours, open_on

DAY = timedelta(days=1)


def open_between(doctor: Doctor, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """For whatever types: from when until when (UTC), of the days that these moments touch. Two queries."""
    week = WeeklyHours.of(doctor)
    zone = BookingRules.of(doctor).tz if week else doctor.user.zone
    day, last, found = since.astimezone(zone).date(), until.astimezone(zone).date(), list[Span]()
    while week and day <= last:
        found += open_on(day, week, zone)
        day += DAY
    return [(moment_of(begins), moment_of(ends)) for begins, ends in joined(found)]


def booked_outside(doctor: Doctor, week: Sequence[HoursSpan], zone: ZoneInfo) -> list[Consultation]:
    """What patients have booked and no hours of its type hold any more, the nearest first: it stands, and is told."""
    return [one for one in lists.booked_with(doctor) if not _is_within(one, week, zone)]


def _is_within(consultation: Consultation, week: Sequence[HoursSpan], zone: ZoneInfo) -> bool:
    begins, ends = minutes_of(consultation.starts_at), minutes_of(consultation.ends_at, up=True)
    day = consultation.starts_at.astimezone(zone).date()
    hours = open_on(day, week, zone, consultation.type_id or 0)
    return any(first <= begins and ends <= last for first, last in hours)
