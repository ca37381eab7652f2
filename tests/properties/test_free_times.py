"""Free times are what one finds who looks at every minute of a week, in all sorts of zones, clocks moved or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_tests import LONG

from ibolit.models import BookingRules, HoursSpan, RulesTerms
from ibolit.models.booking.agenda import Agenda
from ibolit.models.booking.wall_clock import minutes_of, moment_of

ZONES = (
    "Europe/Moscow",
    "Asia/Kamchatka",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # half an hour off
    "America/Havana",  # its clock is moved at midnight
    "Africa/Casablanca",  # summer time but for Ramadan
    "Asia/Kathmandu",  # 5:45
    "Australia/Lord_Howe",  # moved by half an hour
    "Pacific/Chatham",  # 12:45, 13:45 in summer
    "America/Nuuk",
)
TYPES = (1, 2)
WEEK = timedelta(days=7)
EVERY_ZONE = 20 if LONG else 2
FIRST_DAY = date(2027, 1, 1)


@dataclass
class World:
    """One doctor's, drawn at random. Moments are minutes since 1970."""

    zone: ZoneInfo
    now: datetime
    rules: BookingRules
    hours: list[HoursSpan]
    taken: list[tuple[int, int]]
    absences: list[tuple[int, int]]

    @property
    def agenda(self) -> Agenda:
        pause = self.rules.pause_minutes
        padded = [(begins - pause, ends + pause) for begins, ends in self.taken]
        return Agenda.at(self.now, self.rules, self.hours, [*padded, *self.absences])


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=EVERY_ZONE)
@given(st.integers(0, 2**48))
def test_they_are_found_minute_by_minute(zone: str, seed: int) -> None:
    dice = Random(seed)
    world = drawn(dice, ZoneInfo(zone))
    since = minutes_of(world.now + timedelta(minutes=dice.randrange(-600, 3 * 24 * 60)))
    until = since + 7 * 24 * 60
    for type_id in TYPES:
        minutes = dice.choice((10, 20, 30, 45, 60, 90, 180))
        found = list(world.agenda.starts(type_id, minutes, since, until))
        assert found == list(looked_for(world, type_id, minutes, since, until))
        for start in found:
            assert world.agenda.is_free(type_id, minutes, start)
            keeps_all_rules(world, type_id, minutes, start)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=EVERY_ZONE)
@given(st.integers(0, 2**48))
def test_a_start_that_keeps_every_rule_may_be_booked(zone: str, seed: int) -> None:
    """Also one that is not shown: it was, before somebody took another."""
    dice = Random(seed)
    world = drawn(dice, ZoneInfo(zone))
    agenda, first = world.agenda, minutes_of(world.now)
    free = free_minutes(world, 1, first - 24 * 60, first + 8 * 24 * 60)
    for start in (dice.randrange(first - 60, first + 7 * 24 * 60) for _ in range(300)):
        start -= start % dice.choice((1, 5, 5, 5))
        minutes = dice.choice((10, 30, 60))
        day = free.get(start)
        fits = day is not None and all(free.get(start + minute) == day for minute in range(minutes))
        assert agenda.is_free(1, minutes, start) == (fits and start % 5 == 0 and _may_begin(world, start))


def drawn(dice: Random, zone: ZoneInfo) -> World:
    turns = turns_of(zone.key)
    day = dice.choice(turns) if turns and dice.random() < 0.7 else FIRST_DAY + timedelta(days=dice.randrange(700))
    now = datetime(day.year, day.month, day.day, dice.randrange(24), dice.randrange(60), tzinfo=UTC)
    now -= timedelta(days=dice.randrange(4), seconds=dice.randrange(60))
    terms = RulesTerms(
        zone.key, dice.choice((15, 60, 120, 24 * 60)), dice.choice((0, 5, 7, 15)), dice.choice((1, 3, 6, 60))
    )
    rules = BookingRules(doctor_id=1, **vars(terms))
    first = minutes_of(now)
    taken = [_span(dice, first, dice.choice((15, 30, 60, 90))) for _ in range(dice.randrange(25))]
    absences = [_span(dice, first, dice.choice((90, 600, 3000))) for _ in range(dice.randrange(3))]
    return World(zone, now, rules, list(_week(dice)), taken, absences)


def _week(dice: Random) -> Iterator[HoursSpan]:
    for weekday in range(7):
        marks = sorted(dice.sample(range(0, 1441, 5), 2 * dice.randrange(4)))
        if marks and dice.random() < 0.3:
            marks[0], marks[-1] = 0, 1440  # so that days touch
        for start, end in zip(marks[::2], marks[1::2], strict=True):
            yield HoursSpan(weekday, start, end, frozenset(dice.choice(((), (), (1,), (2,), (1, 2)))))


def _span(dice: Random, first: int, length: int) -> tuple[int, int]:
    start = first + dice.randrange(-600, 8 * 24 * 60)
    return start, start + length


_turns: dict[str, list[date]] = {}


def turns_of(zone: str) -> list[date]:
    """Days of two years when that clock is moved."""
    if zone not in _turns:
        tz, days = ZoneInfo(zone), [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(730)]
        offsets = [day.astimezone(tz).utcoffset() for day in days]
        _turns[zone] = [
            day.date() for day, here, there in zip(days, offsets, offsets[1:], strict=False) if here != there
        ]
    return _turns[zone]


def looked_for(world: World, type_id: int, minutes: int, since: int, until: int) -> Iterator[int]:
    """Minute by minute: the next start is the length and the pause after the last, or where something free begins."""
    free = free_minutes(world, type_id, since - 3 * 24 * 60, until + 2 * 24 * 60)
    may_begin_from = 0
    for minute in range(since - 3 * 24 * 60, until):
        day = free.get(minute)
        if day is None:
            continue
        if free.get(minute - 1) != day:
            may_begin_from = minute
        fits = minute % 5 == 0 and all(free.get(minute + more) == day for more in range(minutes))
        if fits and minute >= may_begin_from:
            may_begin_from = minute + minutes + world.rules.pause_minutes
            if minute >= since and _may_begin(world, minute):
                yield minute


def free_minutes(world: World, type_id: int, since: int, until: int) -> dict[int, date]:
    """Those of the hours that nothing takes, with the day they are of."""
    pause, blocked = world.rules.pause_minutes, set[int]()
    for begins, ends in world.taken:
        blocked |= {*range(begins - pause, ends + pause)}
    for begins, ends in world.absences:
        blocked |= {*range(begins, ends)}
    mine = [one for one in world.hours if not one.type_ids or type_id in one.type_ids]
    by_weekday = [{m for one in mine if one.weekday == day for m in range(one.start, one.end)} for day in range(7)]
    free = {}
    for minute in range(since, until):
        local = moment_of(minute).astimezone(world.zone)
        if minute not in blocked and local.hour * 60 + local.minute in by_weekday[local.weekday()]:
            free[minute] = local.date()
    return free


def _may_begin(world: World, start: int) -> bool:
    moment = moment_of(start)
    last_day = world.now.astimezone(world.zone).date() + timedelta(days=world.rules.horizon_days)
    is_near = moment.astimezone(world.zone).date() <= last_day
    return is_near and moment >= world.now + timedelta(minutes=world.rules.notice_minutes)


def keeps_all_rules(world: World, type_id: int, minutes: int, start: int) -> None:
    """By what the doctor said, not by how it is computed."""
    pause, ends = world.rules.pause_minutes, start + minutes
    assert all(ends + pause <= begun or start >= ended + pause for begun, ended in world.taken)
    assert all(ends <= begun or start >= ended for begun, ended in world.absences)
    assert _may_begin(world, start)
