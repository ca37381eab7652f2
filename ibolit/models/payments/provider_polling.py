"""How long and how often the clinic asks a bank what became of money."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...services import clock

FIRST_POLL_DELAY = timedelta(seconds=15)  # the page asks at once; after a crash the worker asks with the same key
IDEMPOTENCY_KEY_LIFETIME = timedelta(
    hours=23
)  # of 24; afterwards the same key would be another payment: it is looked up instead


def poll_interval(moment: datetime) -> timedelta:
    """Between looks at the provider: seconds while the payer stands at the counter, an hour when he left long ago."""
    return min(max((clock.now() - moment) / 4, timedelta(seconds=3)), timedelta(hours=1))
