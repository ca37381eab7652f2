"""An entry for the person's own calendar (RFC 5545): the same one with a higher sequence changes or cancels it.

Calendars are copied to clouds abroad and shown on locked screens and shared tablets: whoever fills an Entry writes
nothing into it that tells of medicine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Alarm, Event, vCalAddress

REMINDS = timedelta(minutes=15)  # before the start
MAKER = "-//iBolit//iBolit//RU"
YEAR = timedelta(days=366)


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


def calendar_of(entry: Entry) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "CANCEL" if entry.is_cancelled else "PUBLISH")
    calendar.add_component(_event(entry))
    # The zone's rules of that year; its whole history is eight kilobytes.
    day = entry.start.date()
    calendar.add_missing_timezones(first_date=day - YEAR, last_date=day + YEAR)
    body: bytes = calendar.to_ical()
    return body


def _event(entry: Entry) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.made_at.astimezone(UTC))
    event.add("dtstart", _start(entry))
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


def _start(entry: Entry) -> datetime:
    """By the reader's clock; in UTC where that clock shows the same time twice and calendars would take the first."""
    local = entry.start.astimezone(entry.zone)
    return entry.start.astimezone(UTC) if local.fold else local


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
