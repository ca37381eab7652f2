"""What the server itself reads before the app: one place for Settings, gunicorn.conf.py and the healthcheck.

gunicorn.conf.py runs this file by its path, so that gunicorn's master need not load the app: it imports nothing of it.
"""

from __future__ import annotations

from typing import NamedTuple


class Number(NamedTuple):
    """A whole number of the environment: its name, its default, and between what it must lie."""

    name: str
    default: int
    least: int
    most: int


PORT = Number("PORT", 8000, 1, 65_535)
SOCKETS_MAX = Number("SOCKETS_MAX", 1000, 1, 20_000)
WEB_PROCESSES = Number("WEB_PROCESSES", 1, 1, 64)
