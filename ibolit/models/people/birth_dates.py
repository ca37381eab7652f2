"""When somebody was born: which days can be, and how old they are by the clinic's calendar.

docs/product.md, «Facts about the patient»: asked once, never before the first message.
"""

from __future__ import annotations

from datetime import date

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


def _today() -> date:
    return clock.now().astimezone(current_settings.clinic_timezone).date()
