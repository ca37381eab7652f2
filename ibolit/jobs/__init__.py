"""Work due later: what each kind of Job does, and how due ones are run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ..extensions import db
from ..models import Job, JobKind
from ..models.job import CLAIMED_FOR, LONG_CLAIM, PAUSES
from . import (
    chats,
    consultations,
    data_copies,
    delivery_status,
    erasures,
    family,
    invitations,
    login_codes,
    notifications,
    operator_alerts,
    payments,
    pushes,
    security_events,
    sending,
    sweep,
    voices,
)

log = logging.getLogger(__name__)

MOST_ATTEMPTS = len(PAUSES) + 1

WORK: dict[JobKind, Callable[[Job], None]] = {
    JobKind.LOGIN_CODE: login_codes.send_login_code,
    JobKind.CODE_BY_MAIL: login_codes.mail_login_code,
    JobKind.OWNER_BY_MAIL: login_codes.mail_owner_code,
    JobKind.INVITATION: invitations.send,
    JobKind.PATIENT_IMPORT: invitations.invite_list,
    JobKind.DELIVERY_STATUS: delivery_status.poll,
    JobKind.EMAIL_PROOF: login_codes.send_email_proof,
    JobKind.SECURITY_SMS: security_events.send_sms,
    JobKind.SECURITY_MAIL: security_events.send_mail,
    JobKind.SECURITY_PUSH: security_events.push,
    JobKind.SMS_ALARM: operator_alerts.tell_of_sms,
    JobKind.VOICE: voices.prepare,
    JobKind.PAYMENT: payments.process_payment,
    JobKind.REFUND: payments.process_refund,
    JobKind.RECEIPTS: payments.fetch_receipts,
    JobKind.CLOSING_RECEIPT: payments.send_closing_receipt,
    JobKind.RECONCILIATION: payments.reconcile,
    JobKind.CONSULTATION: consultations.process_consultation,
    JobKind.NOTIFICATION: notifications.deliver,
    JobKind.PUSH: pushes.push,
    JobKind.CHAT_ENDS: chats.announce_end,
    JobKind.PROMISE: chats.check_promise,
    JobKind.URGENT_UNOPENED: chats.check_urgent,
    JobKind.TIME_OFF: chats.process_time_off,
    JobKind.ERASURE: erasures.process_erasure,
    JobKind.DATA_COPY: data_copies.make,
    JobKind.DATA_COPY_END: data_copies.end,
    JobKind.PAYMENTS_SWEEP: payments.sweep,
    JobKind.SWEEP: sweep.purge_expired,
    JobKind.FAMILY_CODE: family.send_code,
    JobKind.FAMILY: family.process_due,
}


@dataclass(frozen=True)
class Queue:
    """Kinds of work that may keep each other waiting."""

    kinds: frozenset[JobKind]
    claim_for: timedelta = CLAIMED_FOR  # longer than the longest of them takes
    concurrency: int = 1  # so many of them go on beside each other


# A code that somebody waits for at the sign-in page stands behind no five minutes of somebody's voice, behind no
# provider of payments who thinks, and behind no ten thousand invitations; nobody's push stands behind one slow
# push service, and nobody's voice behind a copy of a gigabyte.
HEAVY = Queue(frozenset({JobKind.VOICE}), claim_for=timedelta(minutes=5))
MONEY = Queue(
    frozenset({JobKind.PAYMENT, JobKind.REFUND, JobKind.RECEIPTS, JobKind.CLOSING_RECEIPT, JobKind.RECONCILIATION})
)
MANY = Queue(frozenset({JobKind.INVITATION, JobKind.PATIENT_IMPORT, JobKind.DELIVERY_STATUS}))
PUSHES = Queue(
    frozenset({JobKind.PUSH, JobKind.SECURITY_PUSH, JobKind.SMS_ALARM}), claim_for=timedelta(minutes=5), concurrency=4
)
COPIES = Queue(frozenset({JobKind.DATA_COPY, JobKind.DATA_COPY_END}), claim_for=LONG_CLAIM)
LIGHT = Queue(frozenset(JobKind) - HEAVY.kinds - MONEY.kinds - MANY.kinds - PUSHES.kinds - COPIES.kinds)
QUEUES = (LIGHT, HEAVY, MONEY, MANY, PUSHES, COPIES)
ALL = Queue(frozenset(JobKind), claim_for=HEAVY.claim_for)


def run_due(queue: Queue = ALL) -> int:
    """Claims and does everything due now; returns how many. Work is idempotent: a crash repeats it."""
    count = 0
    while (job := _claim(queue)) is not None:
        _do(job)
        count += 1
    return count


def _claim(queue: Queue) -> Job | None:
    job = Job.claim(queue.kinds, queue.claim_for)
    db.session.commit()
    return job


def _do(job: Job) -> None:
    try:
        if job.attempts > MOST_ATTEMPTS:  # it was claimed and never ended: it takes its worker with it
            raise sending.Undeliverable("its worker died every time")
        WORK[job.kind](job)
        if job.claimed_until is not None:  # who goes on has let go of it
            job.finish()
    except sending.Undeliverable as error:
        db.session.rollback()
        job.give_up(str(error))
        log.warning("job %d (%s) given up: %s", job.id, job.kind, error)
    except Exception as error:
        db.session.rollback()
        job.retry(type(error).__name__)
        log.warning("job %d (%s) failed, attempt %d: %s", job.id, job.kind, job.attempts, type(error).__name__)
    db.session.commit()
    db.session.remove()
