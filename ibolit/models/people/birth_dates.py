"""When somebody was born: which days can be, and how old they are by the clinic's calendar.

docs/product.md, «Facts about the patient»: asked once, never before the first message.
"""

from __future__ import annotations

from calendar import isleap
from datetime import date, datetime, time

from ... import errors
from ...config import current_settings
from ...services import clock

EARLIEST = date(1900, 1, 1)
OF_AGE = 18  # years; younger people have no account of their own


def check(born: date) -> None:
    """Raises BornTooEarly or NotBornYet."""
    if born < EARLIEST:
        raise errors.BornTooEarly
    if born > _today():
        raise errors.NotBornYet


def age_of(born: date, on: date | None = None) -> int:
    """In whole years, today or `on` another day; who was born on 29 February is a year older from 1 March."""
    today = on or _today()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def latest_of_age() -> date:
    """Who was born on it, or before, is of age today."""
    today = _today()
    is_leap_day = (today.month, today.day) == (2, 29)
    return date(today.year - OF_AGE, 2, 28) if is_leap_day else today.replace(year=today.year - OF_AGE)


def months_of(born: date, on: date | None = None) -> int:
    """In whole months, today or `on` another day; of the 31st: after a short month from the 1st on."""
    today = on or _today()
    return (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)


def comes_of_age_at(born: date) -> datetime:
    """00:00 of the 18th birthday in the clinic's zone; who was born on 29 February comes of age on 1 March."""
    year = born.year + OF_AGE
    is_leap_day = (born.month, born.day) == (2, 29) and not isleap(year)
    birthday = date(year, 3, 1) if is_leap_day else born.replace(year=year)
    return datetime.combine(birthday, time.min, current_settings.clinic_timezone)


def _today() -> date:
    return clock.now().astimezone(current_settings.clinic_timezone).date()
