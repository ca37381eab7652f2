"""Hours on the wall as moments: spans of minutes, daylight saving included.

A minute is a whole number: since 1970 in UTC (`Minutes`), or after midnight by a doctor's clock. What is between two
of them is a half-open span. Where the clock jumps ahead, hours that do not exist are left out; where it is put back, an
hour that comes twice counts twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

GRID = 5  # minutes: starts and hours are multiples of it
A_DAY = 24 * 60

Minutes = int
Span = tuple[Minutes, Minutes]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MINUTE = timedelta(minutes=1)
_LOOKED_AT = 6 * 60  # minutes between which no clock is moved twice


def minutes_of(moment: datetime, *, up: bool = False) -> Minutes:
    """The whole minute it is in, or the next one if it is not one exactly."""
    minutes, rest = divmod(moment - EPOCH, _MINUTE)
    return minutes + (up and bool(rest))


def moment_of(minutes: Minutes) -> datetime:
    return EPOCH + minutes * _MINUTE


def on_grid(minutes: Minutes) -> Minutes:
    """The next multiple of the grid; zones are off UTC by whole quarters of an hour."""
    return -(-minutes // GRID) * GRID


def day_of(minutes: Minutes, zone: ZoneInfo) -> date:
    return moment_of(minutes).astimezone(zone).date()


def spans_of_day(day: date, hours: Iterable[Span], zone: ZoneInfo) -> list[Span]:
    """All minutes in UTC at which that clock shows this day and one of these hours, as spans."""
    midnight = (day.toordinal() - _EPOCH_DAY) * A_DAY
    pieces = _pieces(midnight, zone)
    found = []
    for begins, ends in hours:
        for offset, first, last in pieces:
            low, high = max(midnight + begins - offset, first), min(midnight + ends - offset, last)
            if low < high:
                found.append((low, high))
    return found


@lru_cache(maxsize=8192)
def _pieces(midnight: Minutes, zone: ZoneInfo) -> tuple[tuple[int, Minutes, Minutes], ...]:
    """(offset, from, until) between which the clock runs evenly, from a day before to a day after that day."""
    first, last = midnight - A_DAY, midnight + 2 * A_DAY
    pieces, begins, offset = [], first, _offset(first, zone)
    for seen in range(first + _LOOKED_AT, last + 1, _LOOKED_AT):
        following = _offset(seen, zone)
        if following != offset:
            turn = _turn(seen - _LOOKED_AT, seen, zone)
            pieces.append((offset, begins, turn))
            begins, offset = turn, following
    return (*pieces, (offset, begins, last))


def _turn(before: Minutes, after: Minutes, zone: ZoneInfo) -> Minutes:
    """The first minute between these that has the later one's offset."""
    offset = _offset(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(middle, zone) == offset else (middle, after)
    return after


def _offset(minutes: Minutes, zone: ZoneInfo) -> int:
    offset = moment_of(minutes).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // _MINUTE


def joined(spans: Iterable[Span]) -> list[Span]:
    """In their order; what touches or overlaps is one."""
    whole: list[Span] = []
    for begins, ends in sorted(spans):
        if whole and begins <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], ends)
        else:
            whole.append((begins, ends))
    return whole


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What is left of the spans; both are joined() already."""
    left = []
    for begins, ends in spans:
        at = bisect_right(taken, begins, key=_end)
        while at < len(taken) and taken[at][0] < ends:
            if begins < taken[at][0]:
                left.append((begins, taken[at][0]))
            begins = max(begins, taken[at][1])
            at += 1
        if begins < ends:
            left.append((begins, ends))
    return left


def _end(span: Span) -> Minutes:
    return span[1]
