"""What a person's own calendar takes (RFC 5545): one entry, or a feed that it asks for again and again.

The same entry with a higher sequence changes or cancels it. Calendars are copied to clouds abroad and shown on locked
screens and shared tablets: whoever fills an Entry writes nothing into it that tells of medicine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Alarm, Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress

REMINDS = timedelta(minutes=15)  # before the start
MAKER = "-//iBolit//iBolit//RU"
YEAR, DAY, MINUTE = timedelta(days=366), timedelta(days=1), timedelta(minutes=1)
ASKED_AGAIN = timedelta(hours=1)  # how often a calendar shall look at a feed
NO_CHANGE = timedelta()


@dataclass(frozen=True)
class Entry:
    uid: str  # the same for all its changes
    sequence: int
    start: datetime
    minutes: int
    zone: ZoneInfo  # the reader's
    title: str
    description: str
    url: str
    organizer: str  # an e-mail: without one some calendars ignore that it is cancelled
    is_cancelled: bool
    made_at: datetime


@dataclass(frozen=True)
class FeedEntry:
    """What a feed says of a consultation: when, and where it is opened."""

    uid: str
    sequence: int
    start: datetime
    minutes: int
    changed_at: datetime
    url: str


def calendar_of(entry: Entry) -> bytes:
    calendar = _calendar("CANCEL" if entry.is_cancelled else "PUBLISH")
    day = entry.start.date()
    calendar.add_component(_rules_of(entry.zone, day - YEAR, day + YEAR))
    calendar.add_component(_event(entry))
    body: bytes = calendar.to_ical()
    return body


def feed_of(entries: Sequence[FeedEntry], zone: ZoneInfo, today: date) -> bytes:
    """By the reader's clock. Of the moment it is asked nothing stands in it: unchanged it is the same, byte by byte.

    An empty one holds the rules of the zone, as no calendar may hold nothing (RFC 5545, 3.6).
    """
    calendar = _calendar("PUBLISH")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, "iBolit")
    calendar.add("x-wr-timezone", zone.key)
    calendar.add("refresh-interval", ASKED_AGAIN, parameters={"VALUE": "DURATION"})  # RFC 7986, 5.7
    calendar.add("x-published-ttl", "PT1H")  # the same for Outlook
    days = [today, *(entry.start.date() for entry in entries)]
    first, last = date(min(days).year, 1, 1), date(max(days).year + 1, 12, 31)
    calendar.add_component(_rules_of(zone, first, last))
    for entry in entries:
        calendar.add_component(_feed_event(entry, zone))
    body: bytes = calendar.to_ical()
    return body


def _calendar(method: str) -> Calendar:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _feed_event(entry: FeedEntry, zone: ZoneInfo) -> Event:
    """The address stands in the description, too: Google's calendar shows none that stands in URL alone."""
    from icalendar import Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("dtstart", _by_the_clock_of(zone, entry.start))
    event.add("dtend", _by_the_clock_of(zone, entry.start + entry.minutes * MINUTE))
    event.add("summary", "Встреча")
    event.add("description", entry.url)
    event.add("url", entry.url)
    event.add("class", "PRIVATE")
    event.add("status", "CONFIRMED")
    return event


def _event(entry: Entry) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.made_at.astimezone(UTC))
    event.add("dtstart", _by_the_clock_of(entry.zone, entry.start))
    event.add("duration", timedelta(minutes=entry.minutes))
    event.add("summary", entry.title)
    event.add("description", entry.description)
    event.add("url", entry.url)
    event.add("organizer", _organizer(entry))
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    if not entry.is_cancelled:
        event.add_component(_alarm(entry))
    return event


def _by_the_clock_of(zone: ZoneInfo, moment: datetime) -> datetime:
    """In UTC where that clock shows the same time twice: calendars would take the first."""
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) if local.fold else local


@lru_cache(maxsize=64)
def _rules_of(zone: ZoneInfo, first: date, last: date) -> Timezone:
    """When the zone's clock is moved between these days; its whole history is eight kilobytes.

    An onset is told by the clock as it stood before it (RFC 5545, 3.6.5). icalendar 7.3.0 tells that of summer time by
    the clock after it, so that for an hour of one night a year calendars were wrong.
    """
    from icalendar import Timezone

    begins = datetime.combine(first, time(), UTC)
    rules = Timezone()
    rules.add("tzid", zone.key)
    rules.add_component(_rule(zone, begins, _offset(zone, begins)))
    for moment in _moved(zone, begins, datetime.combine(last, time(), UTC)):
        rules.add_component(_rule(zone, moment, _offset(zone, moment - MINUTE)))
    return rules


def _rule(zone: ZoneInfo, moment: datetime, before: timedelta) -> TimezoneDaylight | TimezoneStandard:
    from icalendar import TimezoneDaylight, TimezoneStandard

    local = moment.astimezone(zone)
    rule = TimezoneDaylight() if local.dst() else TimezoneStandard()
    rule.add("dtstart", (moment + before).replace(tzinfo=None))
    rule.add("tzname", local.tzname())
    rule.add("tzoffsetfrom", before)
    rule.add("tzoffsetto", _offset(zone, moment))
    return rule


def _moved(zone: ZoneInfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """To the minute, from which moment on another offset holds."""
    while begins < ends:
        if _offset(zone, begins) != _offset(zone, begins + DAY):
            same, other = begins, begins + DAY
            while other - same > MINUTE:
                middle = same + (other - same) // MINUTE // 2 * MINUTE
                same, other = (middle, other) if _offset(zone, middle) == _offset(zone, same) else (same, middle)
            yield other
        begins += DAY


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or NO_CHANGE


def _organizer(entry: Entry) -> vCalAddress:
    from icalendar import vCalAddress

    address = vCalAddress(f"mailto:{entry.organizer}")
    address.params["CN"] = "iBolit"
    return address


def _alarm(entry: Entry) -> Alarm:
    from icalendar import Alarm

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMINDS)
    alarm.add("description", entry.title)
    return alarm
