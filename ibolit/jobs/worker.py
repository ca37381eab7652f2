"""The threads that do due jobs: a commit wakes them at once, their own sweep is the safety net.

A worker apart hears no commit of the pages' process: its poller looks what is due, twice a second.
"""

from __future__ import annotations

import logging
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..config import current_settings
from ..database import read_only
from ..extensions import db
from ..faults import told
from ..models import DocumentDay, Job, JobKind
from ..services import clock, erasure_log
from . import QUEUES, Queue, run_due

log = logging.getLogger(__name__)

SWEEP_INTERVAL = 30.0  # seconds
# Seconds: who waits for a code at the sign-in page waits no longer for being served by two processes
POLL_INTERVAL = 0.5


class Worker:
    """Lives inside the web process of a small clinic, or alone as `flask work`. A queue has threads of its own."""

    def __init__(self, app: Flask, threads: int = 1) -> None:
        self.app = app
        self._threads = [WorkerThread(app, queue) for queue in QUEUES for _ in range(threads * queue.concurrency)]

    def start(self) -> None:
        self._look_at_erasure_log()
        self._ensure_recurring_jobs()
        for thread in self._threads:
            thread.start()

    def run(self) -> None:
        """Until stop(); in a process of its own."""
        self.start()
        Poller(self).start()
        for thread in self._threads:
            thread.join()

    def wake(self, kind: str = "") -> None:
        """Those who do work of this kind, or all."""
        for thread in self._threads:
            if not kind or kind in thread.queue.kinds:
                thread.wake_event.set()

    def is_stopping(self) -> bool:
        return all(thread.is_stopping for thread in self._threads)

    def stop(self) -> None:
        for thread in self._threads:
            thread.is_stopping = True
        self.wake()

    def _look_at_erasure_log(self) -> None:
        """`flask doctor` may see another disk than a unit of systemd does."""
        with self.app.app_context():
            if not erasure_log.may_be_written(current_settings.erasure_log):
                log.error("ERASURE_LOG cannot be written by the worker: nobody is erased until it can (ReadWritePaths)")

    def _ensure_recurring_jobs(self) -> None:
        with self.app.app_context():
            try:
                Job.ensure(JobKind.SWEEP)
                Job.ensure(JobKind.PAYMENTS_SWEEP)
                Job.ensure(JobKind.FAMILY)
                DocumentDay.note_current()
                db.session.commit()
            except SQLAlchemyError:  # another worker was faster, or the database is not migrated yet
                db.session.rollback()
            finally:
                db.session.remove()


class WorkerThread(threading.Thread):
    """One thread of one queue."""

    def __init__(self, app: Flask, queue: Queue) -> None:
        super().__init__(name="worker", daemon=True)
        self.app = app
        self.queue = queue
        self.wake_event = threading.Event()
        self.is_stopping = False

    def run(self) -> None:
        while not self.is_stopping:
            self.wake_event.wait(self.run_due())
            self.wake_event.clear()

    def run_due(self) -> float:
        """Seconds until there may be work again."""
        with self.app.app_context():
            try:
                run_due(self.queue)
                due_at = Job.next_due_at(self.queue.kinds)
            except Exception as error:
                log.error("the worker stumbled: %s", told(error))
                return SWEEP_INTERVAL
            finally:
                db.session.remove()
        if due_at is None:
            return SWEEP_INTERVAL
        return min(SWEEP_INTERVAL, max(0.05, (due_at - clock.now()).total_seconds()))


class Poller(threading.Thread):
    """Looks for work that others added. It is one small question, the same on both databases, and also sees what no
    message would tell of: what a restore brought back, or another worker left when it died."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(name="poller", daemon=True)
        self.worker = worker

    def run(self) -> None:
        pause = threading.Event()
        while not self.worker.is_stopping():
            pause.wait(self.poll())

    def poll(self) -> float:
        """Seconds until it is worth looking again."""
        with self.worker.app.app_context(), read_only():
            try:
                for kind in Job.due_kinds():
                    self.worker.wake(kind)
            except SQLAlchemyError as error:  # the hands will stumble over it, too
                log.warning("the worker cannot see what is due: %s", type(error).__name__)
                return SWEEP_INTERVAL
            finally:
                db.session.remove()
        return POLL_INTERVAL
