"""A live clinic's own models, past its doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from live_clinic import LiveClinic

from ibolit import create_app
from ibolit.extensions import db


@contextmanager
def backstage(live: LiveClinic) -> Iterator[None]:
    """Open pages are told nothing of what is done here."""
    settings = {"IBOLIT_ENV": "demo", "IBOLIT_DATA": str(live.data), "PORT": str(live.port)}
    app = create_app(settings | {"CLOCK_OFFSET": live.settings.get("CLOCK_OFFSET", "0")})
    with app.app_context():
        yield
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
