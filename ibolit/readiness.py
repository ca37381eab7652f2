"""What the clinic needs to be of use, part by part: for `/readyz`, `flask doctor` and the alarm by mail.

A part returns a note or raises CheckFailed. What it says is told to whoever asks: no path, no secret, no person.
"""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from .config import current_settings
from .database import NO_TURN, check_schema, may_write_soon, write_transaction
from .errors import CannotStart, CheckFailed
from .extensions import db
from .models import AuditAction, AuditEvent, DatabaseMark, Job
from .services import clock, current_services, storage_check

LEAST_FREE = 2 * 1024**3  # bytes
LEAST_SHARE = 20  # of the disk, one in so many


def database() -> str:
    """A row is written, read and deleted: a full disk and a read-only replica answer SELECT 1 as well."""
    if not may_write_soon():
        raise CheckFailed("nobody could write for half a second: somebody else is writing")
    mark = DatabaseMark(name=f"check-{secrets.token_hex(6)}")
    try:
        with write_transaction(db.session):
            db.session.add(mark)
            db.session.flush()
            came_back = db.session.scalar(select(DatabaseMark.name).where(DatabaseMark.name == mark.name))
            db.session.delete(mark)
    except (SQLAlchemyError, *NO_TURN) as error:
        raise CheckFailed(
            f"it does not answer ({type(error).__name__}): look at DATABASE_URL, at its server and its disk"
        ) from error
    if came_back is None:
        raise CheckFailed("what was written is not there")
    return db.engine.dialect.name


def migrations() -> str:
    try:
        check_schema(current_app)
    except CannotStart as refusal:
        raise CheckFailed(refusal.message) from refusal
    return "the tables are of this version"


def work() -> str:
    """A worker that died or was never started shows by what nobody does: one of its chores is due every few minutes."""
    if late := db.session.scalars(Job.late()).all():
        raise CheckFailed(
            f"{len(late)} jobs are late, one by {_minutes_since(late[0].due_at)} min ({late[0].kind}): is the worker"
            " running? With WORKER_THREADS=0 it is a unit of its own, ibolit-work; see `flask jobs`"
        )
    if db.session.scalar(select(Job.id).limit(1)) is None:
        return "no worker has run yet"
    return "nothing is late"


def storage() -> str:
    try:
        return storage_check.look(current_services.storage, current_settings.data)
    except storage_check.StorageCheckFailed as failure:
        raise CheckFailed(str(failure)) from failure
    except OSError as error:
        raise CheckFailed(f"nothing can be written beside the files ({type(error).__name__})") from error


def room() -> str:
    usage = shutil.disk_usage(current_settings.data)
    free = f"{usage.free / 1024**3:.1f} GB"
    if usage.free < LEAST_FREE or usage.free < usage.total // LEAST_SHARE:
        raise CheckFailed(f"{free} are free in IBOLIT_DATA: files will soon be refused. Make room")
    return f"{free} free"


def backup() -> str:
    """Of a clinic that is BACKUP_HOURS old at least; `flask backup` writes of itself into the audit log."""
    if not current_settings.backup_within:
        return "BACKUP_HOURS is 0: made by other means"
    oldest = clock.now() - current_settings.backup_within
    copied = AuditEvent.at, AuditEvent.action == AuditAction.CLINIC_COPIED
    last = db.session.scalar(select(func.max(copied[0])).where(copied[1]))
    if last is not None and last >= oldest:
        return f"{_minutes_since(last) // 60} h old"
    begun = db.session.scalar(select(func.min(AuditEvent.at)))
    if last is None and (begun is None or begun >= oldest):
        return "none is due yet"
    words = f"the last is {_minutes_since(last) // 60} h old" if last else "none was ever made"
    raise CheckFailed(f"{words}: look at ibolit-backup.timer, or set BACKUP_HOURS")


def _minutes_since(moment: datetime) -> int:
    return int((clock.now() - moment).total_seconds() // 60)


@dataclass
class Part:
    """One thing that is asked. `for_seconds`: so long its answer holds, whoever asks and however often."""

    name: str
    look: Callable[[], str]
    for_seconds: float
    told: tuple[float, bool, str] = (float("-inf"), True, "")
    turn: threading.Lock = field(default_factory=threading.Lock)

    def answer(self) -> tuple[bool, str]:
        """Whether it is well, and its words."""
        with self.turn:
            if monotonic() - self.told[0] >= self.for_seconds:
                self.told = (monotonic(), *self._ask())
        return self.told[1:]

    def _ask(self) -> tuple[bool, str]:
        try:
            return True, self.look()
        except CheckFailed as failure:
            return False, str(failure)
        except Exception as error:
            return False, f"it could not be asked ({type(error).__name__})"
        finally:
            db.session.rollback()


def parts() -> list[Part]:
    """Those of this app, which remember their answers; the dearer a look, the longer."""
    made: list[Part] = current_app.extensions.setdefault(
        "ibolit_readiness",
        [
            Part("database", database, for_seconds=2),
            Part("migrations", migrations, for_seconds=10),
            Part("work", work, for_seconds=2),
            Part("storage", storage, for_seconds=60),  # S3 wants money for every question
            Part("room", room, for_seconds=2),
            Part("backup", backup, for_seconds=10),
        ],
    )
    return made
