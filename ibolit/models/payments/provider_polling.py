"""How long and how often the provider is asked what became of a payment or refund."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...services import clock

FIRST_POLL_DELAY = timedelta(seconds=15)  # the page asks at once; after a crash the worker asks with the same key
IDEMPOTENCY_KEY_LIFETIME = timedelta(
    hours=23
)  # of 24; afterwards the same key would be another payment: it is looked up instead


def poll_interval(moment: datetime) -> timedelta:
    """A quarter of the time since then, at least 3 seconds and at most an hour."""
    return min(max((clock.now() - moment) / 4, timedelta(seconds=3)), timedelta(hours=1))
