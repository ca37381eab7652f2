"""The threads that do due jobs: a commit wakes them at once, their own sweep is the safety net.

A worker apart hears no commit of the pages' process: its watch looks what is due, twice a second.
"""

from __future__ import annotations

import logging
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..database import read_only
from ..extensions import db
from ..faults import told
from ..models import DocumentDay, Job, JobKind
from ..services import clock
from . import LANES, Lane, run_due

log = logging.getLogger(__name__)

SWEEP_EVERY = 30.0  # seconds
LOOK_EVERY = 0.5  # seconds: who waits for a code at the sign-in page waits no longer for being served by two processes


class Worker:
    """Lives inside the web process of a small clinic, or alone as `flask work`. A lane has threads of its own."""

    def __init__(self, app: Flask, threads: int = 1) -> None:
        self.app = app
        self._hands = [Hand(app, lane) for lane in LANES for _ in range(threads * lane.width)]

    def start(self) -> None:
        self._hang_up_the_broom()
        for hand in self._hands:
            hand.start()

    def run(self) -> None:
        """Until stop(); in a process of its own."""
        self.start()
        Watch(self).start()
        for hand in self._hands:
            hand.join()

    def wake(self, kind: str = "") -> None:
        """Those who do work of this kind, or all."""
        for hand in self._hands:
            if not kind or kind in hand.lane.kinds:
                hand.bell.set()

    def is_stopping(self) -> bool:
        return all(hand.is_stopping for hand in self._hands)

    def stop(self) -> None:
        for hand in self._hands:
            hand.is_stopping = True
        self.wake()

    def _hang_up_the_broom(self) -> None:
        with self.app.app_context():
            try:
                Job.ensure(JobKind.SWEEP)
                Job.ensure(JobKind.PAYMENTS_SWEEP)
                DocumentDay.note_current()
                db.session.commit()
            except SQLAlchemyError:  # another worker was faster, or the database is not migrated yet
                db.session.rollback()
            finally:
                db.session.remove()


class Hand(threading.Thread):
    """One thread of one lane."""

    def __init__(self, app: Flask, lane: Lane) -> None:
        super().__init__(name="worker", daemon=True)
        self.app = app
        self.lane = lane
        self.bell = threading.Event()
        self.is_stopping = False

    def run(self) -> None:
        while not self.is_stopping:
            self.bell.wait(self.do_what_is_due())
            self.bell.clear()

    def do_what_is_due(self) -> float:
        """Seconds until there may be work again."""
        with self.app.app_context():
            try:
                run_due(self.lane)
                due_at = Job.next_due_at(self.lane.kinds)
            except Exception as error:
                log.error("the worker stumbled: %s", told(error))
                return SWEEP_EVERY
            finally:
                db.session.remove()
        if due_at is None:
            return SWEEP_EVERY
        return min(SWEEP_EVERY, max(0.05, (due_at - clock.now()).total_seconds()))


class Watch(threading.Thread):
    """Looks for work that others added. It is one small question, the same on both databases, and also sees what no
    message would tell of: what a restore brought back, or another worker left when it died."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(name="watch", daemon=True)
        self.worker = worker

    def run(self) -> None:
        pause = threading.Event()
        while not self.worker.is_stopping():
            pause.wait(self.look())

    def look(self) -> float:
        """Seconds until it is worth looking again."""
        with self.worker.app.app_context(), read_only():
            try:
                for kind in Job.due_kinds():
                    self.worker.wake(kind)
            except SQLAlchemyError as error:  # the hands will stumble over it, too
                log.warning("the worker cannot see what is due: %s", type(error).__name__)
                return SWEEP_EVERY
            finally:
                db.session.remove()
        return LOOK_EVERY
