"""An account that was asked to be deleted: erased when its time has come, its payments looked after for a month."""

from __future__ import annotations

import logging
from datetime import timedelta

from ..database import cut_log
from ..extensions import db
from ..models import AuditAction, AuditEvent, Job, User, erasure
from ..services import clock, current_services, search

log = logging.getLogger(__name__)

CALL_PAUSE = timedelta(minutes=30)
FROZEN_PAUSE = timedelta(days=1)
MONEY_PAUSE = timedelta(days=1)
LOG_PAUSE = timedelta(minutes=5)


def process_erasure(job: Job) -> None:
    """Undone meanwhile, or asked for another moment: nothing."""
    user = db.session.get(User, job.subject_id)
    if user is None:
        return
    if user.erased_at is None:
        if user.erases_at is None or user.erases_at > clock.now():
            return
        if user.is_frozen:
            job.repeat_in(FROZEN_PAUSE)
            return
        if erasure.may_be_erased(user):
            erase(user, only_if_due=True)
        if user.erased_at is None:  # a call goes on, or it was undone at this very moment
            job.repeat_in(CALL_PAUSE)
            return
    is_at_rest = erasure.forget_contacts(user)
    db.session.commit()
    is_just_erased = user.erased_at is not None and clock.now() - user.erased_at < MONEY_PAUSE
    if not is_at_rest or is_just_erased:  # a payment may have been begun in that very moment
        job.repeat_in(MONEY_PAUSE)
    elif not cut_log(db.engine):
        job.repeat_in(LOG_PAUSE)


def erase(user: User, *, at_console: bool = False, only_if_due: bool = False) -> erasure.Erased:
    """Committed, and then its files go: a crash in between leaves unnamed files, which the sweep of uploads and the
    check of the storage find. Rolled back where nothing was erased."""
    was_erased = user.erased_at is not None
    erased = erasure.erase(user, only_if_due=only_if_due)
    if was_erased or user.erased_at is None:
        db.session.rollback()
        return erased
    if at_console:
        AuditEvent.write_at_console(AuditAction.ACCOUNT_ERASED, user.id, patient_id=user.id)
    else:
        AuditEvent.write(
            AuditAction.ACCOUNT_ERASED, actor_id=None, patient_id=user.id, reason=None, subject_id=user.id, address=""
        )
    db.session.commit()
    log.info("account №%d is erased", user.id)
    while search.forget_gone(db.session.connection()):
        db.session.commit()
    db.session.commit()
    cut_log(db.engine)
    for name in erased.files:
        current_services.uploads.drop(name.partition("-")[0])
        current_services.storage.delete(name)
    return erased
