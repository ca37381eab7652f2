"""A live clinic's own models, past its doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from flask import Flask
from live_clinic import LiveClinic

from ibolit import create_app
from ibolit.extensions import db
from ibolit.services import clock


@contextmanager
def backstage(live: LiveClinic) -> Iterator[None]:
    """Open pages are told nothing of what is done here."""
    offset = live.settings.get("CLOCK_OFFSET", "0")
    app = _app(live.data, live.port, offset)
    clock.shift(int(offset))
    with app.app_context():
        yield
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


@lru_cache(maxsize=2)
def _app(data: Path, port: int, offset: str) -> Flask:
    """One a clinic, however often one goes there; nothing of the database stays open between."""
    return create_app({"IBOLIT_ENV": "demo", "IBOLIT_DATA": str(data), "PORT": str(port), "CLOCK_OFFSET": offset})
