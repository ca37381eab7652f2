"""The daily broom: what has lost its meaning is forgotten."""

from __future__ import annotations

from datetime import timedelta

from ..extensions import db
from ..models import (
    Attachment,
    Attempt,
    Device,
    Dispatch,
    Handover,
    Job,
    LoginCode,
    Notification,
    PatientImport,
    Variant,
)
from ..services import current_services

EVERY = timedelta(hours=6)


def forget_what_is_old(job: Job) -> None:
    Attempt.forget_old()
    LoginCode.forget_old()
    Device.forget_old()
    Handover.forget_old()
    Dispatch.forget_old()
    PatientImport.forget_old()
    Job.forget_done()
    Notification.forget_old()
    db.session.commit()
    _forget_unsent_files()
    current_services.uploads.forget(2 * Attachment.WAITS)
    job.repeat_in(EVERY)


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
