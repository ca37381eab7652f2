"""Phone and address of receipts: kept by an erased account's payments until their money has come to rest.

Refunds and receipts under way go to whom they belong; a month after the erasure a refund that has failed is the
office's, with the phone and the sum alone, and nothing else stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, or_, select

from ...extensions import db
from ...services import clock
from ..job import Job, JobKind
from ..payments import UNFINISHED, AlertKind, Payment, PaymentAlert, RefundState
from ..people import User

FORGOTTEN_AFTER = timedelta(days=30)
ON_THE_WAY = (RefundState.REQUESTED, RefundState.SENDING, RefundState.FAILED)
KNOWS = or_(Payment.phone != "", Payment.email.is_not(None))
SPOKEN_OF_BY = (JobKind.RECEIPTS, JobKind.CLOSING_RECEIPT)


def forget_contacts(user: User) -> bool:
    """Of what has come to rest; of everything when a month has passed. True when no payment knows the person."""
    assert user.erased_at is not None
    is_late = clock.now() - user.erased_at >= FORGOTTEN_AFTER
    for payment in _known(user):
        payment.lock()
        if is_late:
            _hand_to_office(payment)
        if is_late or not _is_under_way(payment):
            payment.phone, payment.email = "", None
    db.session.flush()
    return not _known(user)


def end_prepayments(user: User) -> None:
    """What was bought is over now, whatever day it would have ended on: its last receipt (54-ФЗ) is due."""
    for payment in _known(user):
        if payment.opened_until is not None and payment.opened_until > clock.now():
            payment.opened_until = clock.now()
            Job.expedite(JobKind.CLOSING_RECEIPT, payment.id)


def _known(user: User) -> Sequence[Payment]:
    return db.session.scalars(select(Payment).where(Payment.payer_id == user.id, KNOWS).order_by(Payment.id)).all()


def _is_under_way(payment: Payment) -> bool:
    if payment.state in UNFINISHED or any(one.state in ON_THE_WAY for one in payment.refunds):
        return True
    waits = Job.kind.in_(SPOKEN_OF_BY), Job.subject_id == payment.id, Job.done_at.is_(None)
    return bool(db.session.scalar(select(exists().where(*waits))))


def _hand_to_office(payment: Payment) -> None:
    owed = sum(one.amount for one in payment.refunds if one.state in ON_THE_WAY)
    if owed and payment.phone:
        PaymentAlert.open(AlertKind.ERASED_PAYER, payment, payment.phone, amount=owed)
