"""What is deleted by its age, and what doctors usually take to answer, every six hours; nothing medical is deleted.

What has to go, and whose job was given up, gets another one: it must go, however long the storage or a disk was away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from ..database import release
from ..extensions import db
from ..models import (
    Attachment,
    AuditEvent,
    DataCopy,
    Delivery,
    Device,
    DeviceTransfer,
    FamilyCode,
    Invitation,
    Job,
    KnownBrowser,
    LoginCode,
    Notification,
    PatientImport,
    RateLimitHit,
    SealedIdentity,
    SecurityEvent,
    Variant,
    Wait,
    erasure,
)
from ..services import current_services
from ..services.storage import StorageFailed

log = logging.getLogger(__name__)

EVERY = timedelta(hours=6)

# Each model knows for how long. What was written, given or paid is not here, and never will be.
ROWS: dict[str, Callable[[], int]] = {
    "attempts": RateLimitHit.purge_old,
    "login codes": LoginCode.purge_old,
    "family codes": FamilyCode.purge_old,
    "known browsers": KnownBrowser.purge_old,
    "changes of ways in": SecurityEvent.purge_old,
    "devices": Device.purge_old,
    "handovers": DeviceTransfer.purge_old,
    "dispatches": Delivery.purge_old,
    "patient lists": PatientImport.purge_old,
    "invitations": Invitation.erase_unaccepted,
    "notifications": Notification.purge_old,
    "audit rows": AuditEvent.purge_old,
    "seals of erased people": SealedIdentity.purge_old,
    "done jobs": Job.purge_done,
}


def purge_expired(job: Job) -> None:
    purge_rows()
    db.session.commit()
    Wait.measure_all()
    db.session.commit()
    erasure.look_after_all()
    DataCopy.end_forgotten()
    db.session.commit()
    try:
        _purge_unsent_files()
    except StorageFailed:  # it comes back; the rest of the sweep does not wait for it
        db.session.rollback()
        log.warning("files that were not sent stay until the storage is there again")
    current_services.uploads.purge(2 * Attachment.WAITS)
    job.repeat_in(EVERY)


def purge_rows() -> dict[str, int]:
    """What is past its days, by the name of its setting, and how many rows of it; not committed yet."""
    return {what: purge() for what, purge in ROWS.items()}


def _purge_unsent_files() -> None:
    """The files first, with nothing of the database held: a crash in between leaves a row that is found again."""
    abandoned = Attachment.abandoned()
    release()
    for attachment in abandoned:
        current_services.uploads.drop(attachment.key)
        for variant in Variant:
            current_services.storage.delete(attachment.file_of(variant))
    for attachment in abandoned:
        attachment.withdraw()
