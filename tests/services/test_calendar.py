"""An entry read back as a calendar would read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from ibolit.services.calendar import Entry, calendar_of

CONSULTATION = Entry(
    uid="meeting-7@ibolit.example",
    sequence=0,
    start=datetime(2026, 11, 25, 11, 0, tzinfo=UTC),
    minutes=30,
    zone=ZoneInfo("Europe/Moscow"),
    title="iBolit: встреча",
    description="Откройте ссылку за 10 минут до начала.",
    url="https://ibolit.example/consultations/7",
    organizer="support@ibolit.example",
    is_cancelled=False,
    made_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
)


def read(entry: Entry) -> tuple[Calendar, Event]:
    calendar = Calendar.from_ical(calendar_of(entry))
    (event,) = calendar.events
    return calendar, event


def test_all_of_it_comes_back() -> None:
    calendar, event = read(CONSULTATION)
    assert calendar["METHOD"] == "PUBLISH"
    assert calendar["VERSION"] == "2.0"
    assert event["UID"] == CONSULTATION.uid
    assert event["SUMMARY"] == "iBolit: встреча"
    assert event["DESCRIPTION"] == CONSULTATION.description
    assert event["URL"] == CONSULTATION.url
    assert event["ORGANIZER"] == "mailto:support@ibolit.example"
    assert event["CLASS"] == "PRIVATE"
    assert event.stamp == CONSULTATION.made_at
    assert event["STATUS"] == "CONFIRMED"
    assert event.start == CONSULTATION.start
    assert event.end - event.start == timedelta(minutes=30)


def test_alarm_a_quarter_of_an_hour_before() -> None:
    _, event = read(CONSULTATION)
    (alarm,) = event.alarms.times
    assert alarm.trigger == CONSULTATION.start - timedelta(minutes=15)


def test_change_is_the_same_entry_with_a_higher_sequence() -> None:
    _, before = read(CONSULTATION)
    _, after = read(replace(CONSULTATION, sequence=1, start=CONSULTATION.start + timedelta(days=1)))
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)


def test_cancelled_one_rings_no_more() -> None:
    calendar, event = read(replace(CONSULTATION, sequence=2, is_cancelled=True))
    assert calendar["METHOD"] == event["STATUS"].replace("LED", "") == "CANCEL"
    assert event["UID"] == CONSULTATION.uid
    assert not event.alarms.times


@pytest.mark.parametrize(
    ("zone", "start", "words"),
    [
        ("Europe/Moscow", datetime(2026, 11, 25, 11, 0, tzinfo=UTC), "20261125T140000"),
        ("Europe/Kaliningrad", datetime(2026, 11, 25, 22, 30, tzinfo=UTC), "20261126T003000"),
        ("Asia/Yekaterinburg", datetime(2026, 12, 31, 19, 0, tzinfo=UTC), "20270101T000000"),
        ("Asia/Vladivostok", datetime(2028, 2, 28, 14, 30, tzinfo=UTC), "20280229T003000"),
        ("Europe/Lisbon", datetime(2026, 10, 24, 12, 0, tzinfo=UTC), "20261024T130000"),  # the day before
        ("Europe/Lisbon", datetime(2026, 10, 25, 12, 0, tzinfo=UTC), "20261025T120000"),
        ("Europe/Lisbon", datetime(2027, 3, 28, 12, 0, tzinfo=UTC), "20270328T130000"),
    ],
)
def test_start_by_the_readers_clock(zone: str, start: datetime, words: str) -> None:
    body = calendar_of(replace(CONSULTATION, zone=ZoneInfo(zone), start=start)).decode()
    assert f"DTSTART;TZID={zone}:{words}" in body
    assert read(replace(CONSULTATION, zone=ZoneInfo(zone), start=start))[1].start == start


@pytest.mark.parametrize("zone", ["Europe/Lisbon", "Europe/Moscow", "Asia/Vladivostok", "Asia/Kathmandu"])
@pytest.mark.parametrize("month", range(1, 13))
def test_zone_comes_with_it(zone: str, month: int) -> None:
    """A calendar that knows no zones of its own finds the right offset in what it is given."""
    start = datetime(2026, month, 28, 12, 0, tzinfo=UTC)
    calendar, _ = read(replace(CONSULTATION, zone=ZoneInfo(zone), start=start))
    (told,) = calendar.timezones
    own = told.to_tz(lookup_tzid=False)
    local = start.astimezone(ZoneInfo(zone))
    assert local.replace(tzinfo=own).utcoffset() == local.utcoffset()


@pytest.mark.parametrize("minute", range(0, 180, 10))
def test_hour_that_comes_twice(minute: int) -> None:
    """In the night of 25 October 2026 Lisbon lives 01:00–02:00 two times; an entry means one of them."""
    start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC) + timedelta(minutes=minute)
    _, event = read(replace(CONSULTATION, zone=ZoneInfo("Europe/Lisbon"), start=start))
    read_first = event.start.replace(fold=0)  # as RFC 5545 says (3.3.5)
    assert read_first.astimezone(UTC) == start


def test_lines_are_folded_by_octets_and_letters_stay_whole() -> None:
    body = calendar_of(replace(CONSULTATION, description="Откройте ссылку, и всё; " * 20))
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert (
        read(replace(CONSULTATION, description="Откройте ссылку, и всё; " * 20))[1]["DESCRIPTION"].count("всё;") == 20
    )


def test_it_is_small() -> None:
    assert len(calendar_of(replace(CONSULTATION, zone=ZoneInfo("Europe/Lisbon")))) < 2500
