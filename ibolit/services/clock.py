"""The clinic's only clock. Models may read it; tests and the demo may move it by whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta()


def now() -> datetime:
    """The moment, aware and in UTC."""
    return datetime.now(UTC) + _offset


def shift(seconds: int) -> None:
    """Moves the clock from real time; config.py refuses an offset in production."""
    global _offset
    _offset = timedelta(seconds=seconds)
