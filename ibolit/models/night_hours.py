"""Night hours, in the zone of the person told: what is not urgent is sent by day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

FALLS, ENDS = time(22), time(8)
LEFT = timedelta(hours=1)  # at least, for what is put off to the morning


def morning_after(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the night, when it is night then."""
    local = moment.astimezone(zone)
    if ENDS <= local.time() < FALLS:
        return None
    day = local.date() + timedelta(days=local.time() >= FALLS)
    return datetime.combine(day, ENDS, zone).astimezone(UTC)


def by_day(moment: datetime, zone: ZoneInfo, before: datetime) -> datetime:
    """That moment, or the morning after it, if that is still in time; else the evening."""
    morning = morning_after(moment, zone)
    if morning is None or morning + LEFT <= before:
        return morning or moment
    evening = datetime.combine(morning.astimezone(zone).date() - timedelta(days=1), FALLS, zone)
    return evening.astimezone(UTC) - timedelta(minutes=1)
