"""What a page of free times shows: the days that have some, a few at a time, and the times of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ... import errors
from ...models import AppointmentType, BookingRules, Consultation, Doctor, Slot, booking
from ...services import clock

DAYS = 7  # shown at once
FARTHEST = 10**10  # seconds since 1970: the year 2286


@dataclass(frozen=True)
class Links:
    """Where a day and a time lead; of a day its ISO date, of a time its Unix seconds stand in the address."""

    to_day: Callable[[date], str]
    to_time: Callable[[Slot], str]


@dataclass(frozen=True)
class FreeDays:
    """`days`: those around the chosen one by the reader's clock, `earlier` and `later` the next ones before and after.

    `changes_at`: when the first of these times can be booked no more.
    """

    days: Sequence[date]
    day: date | None
    slots: Sequence[Slot]
    earlier: date | None
    later: date | None
    changes_at: datetime | None

    @classmethod
    def of(
        cls, doctor: Doctor, type: AppointmentType, zone: ZoneInfo, wanted: str = "", moved: Consultation | None = None
    ) -> FreeDays:
        """`wanted`: an ISO date; of a day with nothing free, or of nonsense, the next one that has something."""
        now, rules = clock.now(), BookingRules.of(doctor)
        free = booking.free_days(doctor, type, now, rules.books_until(now), zone, moved)
        if moved is not None:  # the start it has already is no move
            others = {day: [slot for slot in slots if slot.starts_at != moved.starts_at] for day, slots in free.items()}
            free = {day: slots for day, slots in others.items() if slots}
        days = sorted(free)
        if not days:
            return cls((), None, (), None, None, None)
        chosen = next((number for number, day in enumerate(days) if day.isoformat() >= wanted), 0)
        first = chosen // DAYS * DAYS
        return cls(
            days[first : first + DAYS],
            days[chosen],
            free[days[chosen]],
            days[first - 1] if first else None,
            days[first + DAYS] if first + DAYS < len(days) else None,
            free[days[0]][0].starts_at - rules.notice + timedelta(seconds=1),
        )


def moment_of(seconds: int) -> datetime | None:
    """Of an address; None for what is no moment of ours."""
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < FARTHEST else None


def seconds_of(slot: Slot) -> int:
    return int(slot.starts_at.timestamp())


def near_to(refusal: errors.RuleViolation | None) -> Sequence[object]:
    """The free times beside one that is gone; nothing for other refusals."""
    return refusal.nearest if isinstance(refusal, errors.SlotIsTaken) else ()
