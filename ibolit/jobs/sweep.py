"""The daily broom: what has lost its meaning is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ..extensions import db
from ..models import (
    Attachment,
    Attempt,
    AuditEvent,
    Device,
    Dispatch,
    Handover,
    Job,
    KnownBrowser,
    LoginCode,
    Notification,
    PatientImport,
    Variant,
    WayChange,
)
from ..services import current_services

EVERY = timedelta(hours=6)

# Each model knows for how long. What was written, given or paid is not here, and never will be.
ROWS: dict[str, Callable[[], int]] = {
    "attempts": Attempt.forget_old,
    "login codes": LoginCode.forget_old,
    "known browsers": KnownBrowser.forget_old,
    "changes of ways in": WayChange.forget_old,
    "devices": Device.forget_old,
    "handovers": Handover.forget_old,
    "dispatches": Dispatch.forget_old,
    "patient lists": PatientImport.forget_old,
    "notifications": Notification.forget_old,
    "audit rows": AuditEvent.forget_old,
    "done jobs": Job.forget_done,
}


def forget_what_is_old(job: Job) -> None:
    forget_rows()
    db.session.commit()
    _forget_unsent_files()
    current_services.uploads.forget(2 * Attachment.WAITS)
    job.repeat_in(EVERY)


def forget_rows() -> dict[str, int]:
    """What is past its days, by the name of its setting, and how many rows of it; not committed yet."""
    return {what: forget() for what, forget in ROWS.items()}


def _forget_unsent_files() -> None:
    """The files first, with nothing of the database held: a crash in between leaves a row that is found again."""
    forgotten = Attachment.forgotten()
    db.session.commit()
    for attachment in forgotten:
        current_services.uploads.drop(attachment.key)
        for variant in Variant:
            current_services.storage.delete(attachment.file_of(variant))
    for attachment in forgotten:
        attachment.withdraw()
