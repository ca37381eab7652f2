"""When a doctor answers messages: the hours within which a promise to answer runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]  # from, and until before

MIDNIGHT = 24 * 60
PROMISED_HOURS = 2, 4, 8, 24  # of these hours a doctor may promise to answer within
LOOKED_AHEAD = 400  # days: whoever is away for longer has promised nothing
WORKDAYS = 0b11111  # Monday to Friday


@dataclass(frozen=True)
class AnsweringHours:
    """The same hours on some days of the week, by one clock.

    `days`: a bit a day, Monday the lowest; `start` and `end` are minutes after midnight, `start` before `end`.
    """

    days: int
    start: int
    end: int
    zone: ZoneInfo

    def after(self, since: datetime, length: timedelta, pauses: Sequence[Span] = ()) -> datetime | None:
        """The moment (UTC) when so much of these hours has gone by since then, pauses not counted.

        None when that lies more than a year ahead. Of no length: the first moment of these hours from then on.
        """
        left = length
        for begins, ends in self._spans(since, pauses):
            if left <= ends - begins:
                return begins + left
            left -= ends - begins
        return None

    def is_open(self, moment: datetime) -> bool:
        return self.after(moment, timedelta()) == moment

    def _spans(self, since: datetime, pauses: Sequence[Span]) -> Iterator[Span]:
        """What is left of each day's hours from then on, pieces between pauses among them; UTC."""
        today = since.astimezone(self.zone).date()
        for day in (today + timedelta(days=number) for number in range(LOOKED_AHEAD)):
            if not self.days >> day.weekday() & 1:
                continue
            midnight = datetime.combine(day, time(), self.zone)
            begins, ends = (_at(midnight, minute) for minute in (self.start, self.end))
            if ends > since:
                yield from _without(pauses, max(begins, since), ends)


def _at(midnight: datetime, minute: int) -> datetime:
    """By the clock on the wall, also on the day when it is moved."""
    day = midnight + timedelta(days=minute // MIDNIGHT)
    return day.replace(hour=minute % MIDNIGHT // 60, minute=minute % 60).astimezone(UTC)


def _without(pauses: Sequence[Span], begins: datetime, ends: datetime) -> Iterator[Span]:
    for pause_begins, pause_ends in sorted(pauses):
        if begins < pause_begins < ends:
            yield begins, pause_begins
        if pause_begins < ends:
            begins = max(begins, pause_ends)
    if begins < ends:
        yield begins, ends


def paused_within(pauses: Sequence[Span], since: datetime, until: datetime) -> timedelta:
    """So much of that time was a pause; pauses do not overlap."""
    met = (min(ends, until) - max(begins, since) for begins, ends in pauses)
    return sum((length for length in met if length > timedelta()), timedelta())
