"""The directory's chips: until when a doctor shall have a free time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ...services import clock


class FreeWithin(StrEnum):
    """As an address says it (`?free=today`); days end by the reader's clock."""

    TODAY = "today"
    TOMORROW = "tomorrow"
    WEEK = "week"

    @classmethod
    def read(cls, word: str) -> FreeWithin | None:
        """None, and so any time, for what no chip says."""
        return cls(word) if word in [*cls] else None

    def until(self, zone: ZoneInfo) -> datetime:
        """The midnight after the last of these days, in UTC."""
        days = {FreeWithin.TODAY: 1, FreeWithin.TOMORROW: 2, FreeWithin.WEEK: 7}[self]
        day = clock.now().astimezone(zone).date() + timedelta(days=days)
        return datetime.combine(day, time(), zone).astimezone(UTC)
