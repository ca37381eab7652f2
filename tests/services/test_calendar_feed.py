"""A feed, and the rules of zones in it: dateutil reads the rules, a strict parser of ours the lines."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz

from ibolit.services.calendar import Entry, FeedEntry, calendar_of, feed_of

ZONES = (
    "Europe/Moscow",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Jerusalem",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Santiago",
    "Asia/Vladivostok",
)
TODAY = date(2027, 3, 1)


def entries(*starts: datetime) -> list[FeedEntry]:
    changed_at = datetime(2027, 2, 1, 9, 30, 5, tzinfo=UTC)
    address = "https://chat.an-unusually-long-name-of-a-clinic.example.ru/v/123456789"
    return [FeedEntry(f"meeting-{n}@x", n, start, 30, changed_at, address) for n, start in enumerate(starts, 1)]


def read_strictly(body: bytes) -> list[tuple[str, dict[str, str], str]]:
    """RFC 5545, 3.1: lines end with CRLF, have 75 bytes at most, and go on after CRLF and one space.

    Each as name, parameters and value; what begins has its end, in its order.
    """
    text = body.decode()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    read, open_ = [], []
    for line in text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        head, colon, value = line.partition(":")
        name, *given = head.split(";")
        assert colon
        assert name.replace("-", "").isalnum()
        if name == "BEGIN":
            open_.append(value)
        elif name == "END":
            assert open_.pop() == value
        read.append((name, dict(one.split("=", 1) for one in given), value))
    assert open_ == []
    return read


def rules_of(body: bytes, zone: str) -> tz.tz.tzrangebase:
    found = tz.tzical(io.StringIO(body.decode())).get(zone)
    assert found is not None
    return found


def zones_of(body: bytes) -> int:
    return body.count(b"BEGIN:VTIMEZONE")


@pytest.mark.parametrize("name", ZONES)
def test_rules_of_the_zone_are_those_of_the_zone(name: str) -> None:
    """At every half hour of a year, as a calendar reads them that knows no zones of its own."""
    zone = ZoneInfo(name)
    rules = rules_of(feed_of(entries(datetime(2027, 12, 1, 9, tzinfo=UTC)), zone, TODAY), name)
    moment, wrong = datetime(2027, 1, 1, tzinfo=UTC), []
    while moment.year == 2027:
        local = moment.astimezone(zone)
        if not local.fold and local.replace(tzinfo=rules).utcoffset() != local.utcoffset():
            wrong.append(local)
        moment += timedelta(minutes=30)
    assert wrong == []


def test_so_are_those_of_a_single_entry() -> None:
    zone, start = ZoneInfo("Europe/Berlin"), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 3:30, summer time since 3:00
    entry = Entry("a@b", 1, start, 30, zone, "Встреча", "", "https://x.ru", "a@b.ru", False, start)
    rules = rules_of(calendar_of(entry), "Europe/Berlin")
    assert datetime(2027, 3, 28, 3, 30, tzinfo=rules).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("name", ZONES)
def test_moments_come_back(name: str) -> None:
    """Every half hour around both nights on which clocks of Europe are moved, by the feed's own words alone."""
    zone = ZoneInfo(name)
    starts = [
        datetime(2027, month, day, tzinfo=UTC) + timedelta(minutes=30 * n)
        for month, day in ((3, 28), (10, 31))
        for n in range(12)
    ]
    body = feed_of(entries(*starts), zone, TODAY)
    rules, read = rules_of(body, name), []
    for line, given, value in read_strictly(body):
        if line != "DTSTART" or "VALUE" in given or (not given and not value.endswith("Z")):
            continue
        local = datetime.fromisoformat(value.removesuffix("Z"))
        read.append(local.replace(tzinfo=rules if given else UTC).astimezone(UTC))
    assert read == starts


def test_lines_are_folded_and_whole() -> None:
    body = feed_of(entries(datetime(2027, 3, 5, 9, tzinfo=UTC)), ZoneInfo("Europe/Moscow"), TODAY)
    read = read_strictly(body)
    assert b"\r\n " in body
    assert [value for name, _, value in read if name in ("SUMMARY", "URL", "DTSTART", "DTEND", "SEQUENCE", "UID")] == [
        "20270101T030000", "Встреча", "20270305T120000", "20270305T123000", "meeting-1@x", "1",
        "https://chat.an-unusually-long-name-of-a-clinic.example.ru/v/123456789",
    ]  # fmt: skip
    once = ("VERSION", "PRODID", "METHOD", "CALSCALE", "REFRESH-INTERVAL", "X-PUBLISHED-TTL", "X-WR-CALNAME")
    assert all(sum(name == one for name, _, _ in read) == 1 for one in once)


def test_the_same_is_the_same_byte_by_byte() -> None:
    asked = entries(datetime(2027, 3, 5, 9, tzinfo=UTC)), ZoneInfo("Europe/Berlin")
    assert feed_of(*asked, TODAY) == feed_of(*asked, TODAY + timedelta(days=200))


def test_empty_one_holds_something() -> None:
    body = feed_of([], ZoneInfo("Asia/Omsk"), TODAY)
    assert zones_of(body) == 1
    assert ("BEGIN", {}, "VEVENT") not in read_strictly(body)
