"""One doctor's time, loaded: what is open for a type, what is free of it, and where its starts lie."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ...extensions import db
from ...services import clock
from ..consultations import Consultation
from ..doctors import Doctor, TimeOff
from .booking_rules import BookingRules
from .offers import Offer
from .wall_clock import GRID, Minutes, Span, day_of, joined, minutes_of, on_grid, without
from .weekly_hours import HoursSpan, WeeklyHours, open_on

DAY = timedelta(days=1)
LONGEST_WITH_PAUSE = timedelta(hours=6)  # what begins last is over by then, and its pause


@dataclass(frozen=True)
class Agenda:
    """The week, the rules, and what is taken with its pauses, time off among it.

    What is booked lies within the hours of one day of the doctor's. Starts follow each other closely: the first at the
    beginning of what is free, the next after its length and the pause, all on a grid of five minutes.
    """

    rules: BookingRules
    zone: ZoneInfo
    hours: Sequence[HoursSpan]
    taken: Sequence[Span]  # joined: nothing runs within it
    first: Minutes  # the first start that may be booked now, and the first that may not yet
    last: Minutes

    @classmethod
    def at(cls, now: datetime, rules: BookingRules, hours: Sequence[HoursSpan], taken: Sequence[Span]) -> Agenda:
        first = minutes_of(now + rules.notice, up=True)
        return cls(rules, rules.tz, hours, joined(taken), first, minutes_of(rules.books_until(now)))

    def starts(self, type_id: int, minutes: int, since: Minutes, until: Minutes) -> Iterator[Minutes]:
        """Of free times from `since` on and before `until`, in their order."""
        since, until = max(since, self.first), min(until, self.last)
        step = minutes + self.rules.pause_minutes
        for day in self._days(since, until):
            for begins, ends in self._free_on(day, type_id):
                start = on_grid(begins)
                while start + minutes <= ends and start < until:
                    if start >= since:
                        yield start
                    start = on_grid(start + step)

    def is_free(self, type_id: int, minutes: int, start: Minutes) -> bool:
        """Whatever start was shown some time ago: it need not be one of those that would be shown now."""
        if start % GRID or not self.first <= start < self.last:
            return False
        free = self._free_on(day_of(start, self.zone), type_id)
        return any(begins <= start and start + minutes <= ends for begins, ends in free)

    def open_on(self, day: date, type_id: int | None = None) -> list[Span]:
        """The hours of that day, whatever is taken of them."""
        return open_on(day, self.hours, self.zone, type_id)

    def _free_on(self, day: date, type_id: int) -> list[Span]:
        return without(self.open_on(day, type_id), self.taken)

    def _days(self, since: Minutes, until: Minutes) -> Iterator[date]:
        if since >= until:
            return
        day, last = day_of(since, self.zone), day_of(until, self.zone)
        while day <= last:
            yield day
            day += DAY


class Agendas:
    """Of many doctors: what does not depend on the time asked for is loaded once, in two queries; in none where their
    `offers` are known."""

    def __init__(self, doctors: Collection[Doctor], offers: Mapping[int, Offer] | None = None) -> None:
        self._ids = [doctor.id for doctor in doctors]
        self._may_be_away = [doctor.id for doctor in doctors if doctor.may_be_away]
        if offers is None:
            self._rules, self._hours = BookingRules.of_all(doctors), WeeklyHours.of_all(self._ids)
        else:
            self._rules = {id: offers[id].rules for id in self._ids}
            self._hours = {id: offers[id].hours for id in self._ids}

    def between(
        self, since: datetime, until: datetime, but: int | None = None, only: Collection[int] | None = None
    ) -> dict[int, Agenda]:
        """By the doctors' numbers, right for what begins between these moments; in one query, two when somebody may be
        away.

        `but`: a consultation that takes no time here; `only`: these doctors.
        """
        ids = self._ids if only is None else only
        now, taken = clock.now(), _absences([id for id in self._may_be_away if id in ids], since)
        for id, begins, ends in Consultation.kept_minutes(ids, since - DAY, until + LONGEST_WITH_PAUSE, but):
            pause = self._rules[id].pause_minutes
            taken.setdefault(id, []).append((begins - pause, ends + pause))
        return {id: Agenda.at(now, self._rules[id], self._hours[id], taken.get(id, ())) for id in ids}


def _absences(doctor_ids: Collection[int], since: datetime) -> dict[int, list[Span]]:
    if not doctor_ids:
        return {}
    coming = TimeOff.doctor_id.in_(doctor_ids), TimeOff.ends_at > since
    found: dict[int, list[Span]] = {}
    for doctor_id, begins, ends in db.session.execute(
        select(TimeOff.doctor_id, TimeOff.starts_at, TimeOff.ends_at).where(*coming)
    ):
        found.setdefault(doctor_id, []).append((minutes_of(begins), minutes_of(ends, up=True)))
    return found
