"""A doctor's week as a table: a column a day, a row half an hour, by the clock on the doctor's wall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ...models.consultations.today import Held

ROW = 30  # minutes
END_OF_DAY = 24 * 60
USUAL = 9 * 60 // ROW, 18 * 60 // ROW  # rows that are shown of a week with nothing in it
DAYS = 7

Span = tuple[datetime, datetime]  # from, and until before


class Ground(StrEnum):
    """What a time is when no consultation takes it; the later of these covers the one before it."""

    CLOSED = "closed"
    HOURS = "hours"
    OFF = "off"


@dataclass(frozen=True)
class Part:
    """Of a span, what falls on one day: minutes after midnight, the last one up to 1440."""

    begins: int
    ends: int

    @property
    def rows(self) -> range:
        return range(self.begins // ROW, -(-self.ends // ROW))

    @property
    def is_whole_day(self) -> bool:
        return (self.begins, self.ends) == (0, END_OF_DAY)


@dataclass(frozen=True)
class Cell:
    """So many rows of a day that are one thing: consultations, or the ground alone.

    `part`: the hours that it is the first free piece of.
    """

    day: date
    rows: range
    ground: Ground
    held: Sequence[Held] = ()
    part: Part | None = None


@dataclass
class Day:
    """`at`: each of its 48 rows; `hours`, `off`, `held`: the same as a list says them."""

    date: date
    hours: list[Part] = field(default_factory=list)
    off: list[Part] = field(default_factory=list)
    held: list[tuple[Part, Held]] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return [*self.hours, *(part for part, _ in self.held)]

    @property
    def is_off(self) -> bool:
        """All of it."""
        return any(part.is_whole_day for part in self.off)

    def cells(self, rows: range) -> Iterator[Cell]:
        """The whole column between these rows, from top to bottom."""
        row = rows.start
        while row < rows.stop:
            cell = self._taken_at(row, rows) or self._ground_at(row, rows)
            yield cell
            row = cell.rows.stop

    def _taken_at(self, row: int, rows: range) -> Cell | None:
        """What begins in one row stands together, and with whatever shares a row with it."""
        together, stop = [], row + 1
        for part, held in self.held:
            if part.rows.stop > row and part.rows.start < stop:
                together.append(held)
                stop = max(stop, part.rows.stop)
        taken = range(row, min(stop, rows.stop))
        return Cell(self.date, taken, self._ground_of(row), together) if together else None

    def _ground_at(self, row: int, rows: range) -> Cell:
        ground, hours, stop = self._ground_of(row), self._hours_at(row), row + 1
        while stop < rows.stop and self._is_free(stop) and self._is_like(stop, ground, hours):
            stop += 1
        is_first = hours is not None and not any(
            self._is_free(one) and self._hours_at(one) is hours for one in range(hours.rows.start, row)
        )
        return Cell(self.date, range(row, stop), ground, part=hours if is_first else None)

    def _ground_of(self, row: int) -> Ground:
        if any(row in part.rows for part in self.off):
            return Ground.OFF
        return Ground.HOURS if self._hours_at(row) else Ground.CLOSED

    def _hours_at(self, row: int) -> Part | None:
        """None in time off, whatever hours there would be."""
        if any(row in part.rows for part in self.off):
            return None
        return next((part for part in self.hours if row in part.rows), None)

    def _is_like(self, row: int, ground: Ground, hours: Part | None) -> bool:
        return self._ground_of(row) is ground and self._hours_at(row) is hours

    def _is_free(self, row: int) -> bool:
        return not any(row in part.rows for part, _ in self.held)


@dataclass(frozen=True)
class Week:
    """Seven days of the doctor's zone, and what the table shows of them."""

    days: Sequence[Day]

    @classmethod
    def of(
        cls, monday: date, zone: ZoneInfo, *, held: Sequence[Held], hours: Sequence[Span], off: Sequence[Span]
    ) -> Week:
        days = [Day(monday + timedelta(days=number)) for number in range(DAYS)]
        for day in days:
            day.hours = _parts(hours, day.date, zone)
            day.off = _parts(off, day.date, zone)
            for one in held:
                day.held += ((part, one) for part in _parts([one.span], day.date, zone))
        return cls(days)

    @property
    def rows(self) -> range:
        """From the first to the last that says anything, whole hours, the usual day at least."""
        seen = [part.rows for day in self.days for part in day.parts]
        first, last = min([USUAL[0], *(one.start for one in seen)]), max([USUAL[1], *(one.stop for one in seen)])
        return range(first // 2 * 2, -(-last // 2) * 2)

    def table(self) -> Iterator[tuple[int, list[Cell]]]:
        """Each row by its minute after midnight, with the cells that begin in it, in the order of the days."""
        rows = self.rows
        begun: dict[int, list[Cell]] = {row: [] for row in rows}
        for day in self.days:
            for cell in day.cells(rows):
                begun[cell.rows.start].append(cell)
        return ((row * ROW, begun[row]) for row in rows)


def _parts(spans: Sequence[Span], day: date, zone: ZoneInfo) -> list[Part]:
    parts = (_part(begins, ends, day, zone) for begins, ends in sorted(spans))
    return [part for part in parts if part is not None]


def _part(begins: datetime, ends: datetime, day: date, zone: ZoneInfo) -> Part | None:
    """What of it the clock on the wall shows on that day; where the clock is put back meanwhile, as long as it is."""
    first, last = begins.astimezone(zone), ends.astimezone(zone)
    if last.date() < day or first.date() > day:
        return None
    from_minute = _minute(first) if first.date() == day else 0
    to_minute = _minute(last) if last.date() == day else END_OF_DAY
    if first.date() == last.date() and to_minute <= from_minute:
        to_minute = min(from_minute + (ends - begins) // timedelta(minutes=1), END_OF_DAY)
    return Part(from_minute, to_minute) if from_minute < to_minute else None


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute
