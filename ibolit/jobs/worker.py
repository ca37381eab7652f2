"""The thread that does due jobs: a commit wakes it at once, its own sweep is the safety net."""

from __future__ import annotations

import logging
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..extensions import db
from ..models import Job, JobKind
from ..services import clock
from . import run_due

log = logging.getLogger(__name__)

SWEEP_EVERY = 30.0  # seconds


class Worker:
    """Lives inside the web process of a small clinic, or alone as `flask work`."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._bell = threading.Event()
        self._stopping = False

    def start(self) -> None:
        threading.Thread(target=self.run, name="worker", daemon=True).start()

    def wake(self) -> None:
        self._bell.set()

    def stop(self) -> None:
        self._stopping = True
        self._bell.set()

    def run(self) -> None:
        self._hang_up_the_broom()
        while not self._stopping:
            self._bell.wait(self._do_what_is_due())
            self._bell.clear()

    def _hang_up_the_broom(self) -> None:
        with self.app.app_context():
            try:
                Job.ensure(JobKind.SWEEP)
                Job.ensure(JobKind.PAYMENTS_SWEEP)
                db.session.commit()
            except SQLAlchemyError:  # another worker was faster, or the database is not migrated yet
                db.session.rollback()
            finally:
                db.session.remove()

    def _do_what_is_due(self) -> float:
        """Seconds until there may be work again."""
        with self.app.app_context():
            try:
                run_due()
                due_at = Job.next_due_at()
            except Exception:
                log.exception("the worker stumbled")
                return SWEEP_EVERY
            finally:
                db.session.remove()
        if due_at is None:
            return SWEEP_EVERY
        return min(SWEEP_EVERY, max(0.05, (due_at - clock.now()).total_seconds()))
