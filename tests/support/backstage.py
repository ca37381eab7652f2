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
    app = create_app({"IBOLIT_ENV": "demo", "IBOLIT_DATA": str(live.data), "PORT": str(live.port)})
    with app.app_context():
        yield
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
