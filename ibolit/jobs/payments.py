"""Jobs of payments, refunds, reconciliation and receipts: each repeats until the provider has given a final answer.

No transaction is open while the provider is asked.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from ..config import current_settings
from ..database import release
from ..extensions import db
from ..models import (
    AlertKind,
    Consultation,
    Job,
    JobKind,
    Payment,
    PaymentAlert,
    PaymentState,
    Receipt,
    Refund,
    RefundState,
)
from ..models.payments import Statement, reconciliation
from ..rendering import link_to
from ..services import clock, current_services
from ..services.payments import GatewayOutcomeUnknown, GatewayRefused, GatewayStatus, ReceiptItem

log = logging.getLogger(__name__)

SWEEP_INTERVAL = timedelta(minutes=10)
RECONCILE_INTERVAL = timedelta(days=1)
UNKNOWN_OUTCOME_PAUSE = timedelta(minutes=5)
EMAIL_TIMEOUT = timedelta(hours=1)  # as long as a bill waits at the bank
RECEIPTS_TIMEOUT = timedelta(days=7)


def process_payment(job: Job) -> None:
    """Creates the payment at the provider if it is unknown there, then asks until it has ended."""
    payment = db.session.get_one(Payment, job.subject_id)
    if payment.state is PaymentState.SUCCEEDED or not (payment.is_unfinished or payment.provider_id):
        return  # a cancelled one is asked about once more when a webhook names it: money may have come
    if payment.lacks_email:
        if clock.now() - payment.created_at < EMAIL_TIMEOUT:
            job.repeat_in(UNKNOWN_OUTCOME_PAUSE)
        else:
            payment.end("no_email")
        return
    release()
    try:
        found = payment.ask(current_services.payments, link_to("payments.returned", token=payment.token))
    except GatewayOutcomeUnknown as error:
        _record_unknown_outcome(payment, error)
    except GatewayRefused as refusal:
        log.warning("payment №%d refused: %s", payment.id, refusal.reason)
        payment.record_refusal(refusal)
    else:
        PaymentAlert.resolve_provider_errors(payment)
        payment.settle(found) if found is not None else payment.end("not_created")
    if payment.is_unfinished:
        job.repeat_in(payment.poll_interval)
    elif payment.is_unknown_to_provider and payment.is_reconciled:
        job.repeat_in(RECONCILE_INTERVAL)


def process_refund(job: Job) -> None:
    """A requested refund waits for the operator until its deadline; a sent one is asked about until it ends."""
    refund = db.session.get_one(Refund, job.subject_id)
    if refund.is_overdue:
        refund.approve(refund.payment.refundable, "", None)
        return  # approve() has added the job that sends it
    if refund.state is not RefundState.SENDING:
        return
    _preload(refund)
    release()
    try:
        back = refund.ask(current_services.payments)
    except GatewayOutcomeUnknown as error:
        _record_unknown_outcome(refund.payment, error)
    except GatewayRefused as refusal:
        log.warning("refund №%d refused: %s", refund.id, refusal.reason)
        refund.fail(refusal.reason)
        PaymentAlert.open_for_refusal(refund.payment, refusal)
        Job.expedite(JobKind.RECONCILIATION, refund.payment_id)  # it may have been done in the provider's dashboard
    else:
        PaymentAlert.resolve_provider_errors(refund.payment)
        refund.settle(back)
    if refund.state is RefundState.SENDING:
        job.repeat_in(refund.poll_interval)


def reconcile(job: Job) -> None:
    """Books refunds made in the provider's dashboard: once a day for a fortnight, and after each webhook."""
    payment = db.session.get_one(Payment, job.subject_id)
    if payment.provider_id is None:
        return
    try:
        statement = _fetch_statement(payment)
    except GatewayRefused as refusal:  # paid in another shop, which cannot be asked now
        log.warning("payment №%d: %s", payment.id, refusal.reason)
        if payment.is_reconciled:
            job.repeat_in(RECONCILE_INTERVAL)
        return
    if statement is None or not reconciliation.book(payment, statement):
        job.repeat_in(UNKNOWN_OUTCOME_PAUSE)
    elif payment.is_reconciled:
        job.repeat_in(RECONCILE_INTERVAL)


def _record_unknown_outcome(payment: Payment, error: GatewayOutcomeUnknown) -> None:
    log.info("payment №%d: %s", payment.id, error)
    PaymentAlert.open_for_unknown_outcome(payment, error)


def _fetch_statement(payment: Payment) -> Statement | None:
    """What the provider says of it now; None when that is unknown. Ends the transaction. Raises GatewayRefused."""
    assert payment.provider_id is not None
    provider_id, known = payment.provider_id, payment.refunded_by_provider
    release()
    try:
        statement = Statement.fetch(provider_id, known, current_services.payments)
    except GatewayOutcomeUnknown as error:
        _record_unknown_outcome(payment, error)
        return None
    PaymentAlert.resolve_provider_errors(payment)
    return statement


def fetch_receipts(job: Job) -> None:
    """Receipts are registered within minutes, sometimes days: asked for a week with growing pauses."""
    payment = db.session.get_one(Payment, job.subject_id)
    if payment.provider_id is None or payment.paid_at is None:
        return
    moved_at, due = payment.moved_at, payment.expected_receipts(closing=_needs_closing_receipt())
    release()
    try:
        told = current_services.payments.list_receipts(payment.provider_id)
    except (GatewayOutcomeUnknown, GatewayRefused) as error:
        log.info("receipts of payment №%d: %s", payment.id, error)
        told = []
    is_complete = Receipt.record(payment, told) and len(told) >= due
    since = clock.now() - moved_at
    if is_complete:
        PaymentAlert.resolve(AlertKind.RECEIPT_UNREGISTERED, payment)
        return
    if since >= RECEIPTS_TIMEOUT or any(one.status is GatewayStatus.CANCELLED for one in told):
        PaymentAlert.open(AlertKind.RECEIPT_UNREGISTERED, payment)
    if since < RECEIPTS_TIMEOUT:
        job.repeat_in(min(max(since / 2, timedelta(seconds=10)), timedelta(hours=3)))


def send_closing_receipt(job: Job) -> None:
    """The second receipt of a prepayment, when the bought time is over (54-ФЗ; RECEIPT_MODE is the accountant's).

    The provider is asked first, since no closing receipt is due for money that was refunded.
    """
    payment = db.session.get_one(Payment, job.subject_id)
    if not _needs_closing_receipt() or payment.refundable <= 0 or payment.provider_id is None:
        return
    try:
        statement = _fetch_statement(payment)
    except GatewayRefused as refusal:
        _alert_closing_refused(payment, refusal)
        return
    if statement is None or not reconciliation.book(payment, statement):
        job.repeat_in(UNKNOWN_OUTCOME_PAUSE)
        return
    left = min(payment.refundable, statement.found.amount - (statement.found.refunded or 0))
    if left > 0:
        _create_closing_receipt(job, payment, left)


def _create_closing_receipt(job: Job, payment: Payment, left: int) -> None:
    assert payment.provider_id is not None
    key, items = f"closing-{payment.key}"[:36], [ReceiptItem(payment.title, left)]
    asked = payment.provider_id, left, key, payment.customer, items
    db.session.commit()
    try:
        current_services.payments.create_closing_receipt(*asked)
    except GatewayOutcomeUnknown as error:
        _record_unknown_outcome(payment, error)
        job.repeat_in(UNKNOWN_OUTCOME_PAUSE)
    except GatewayRefused as refusal:
        _alert_closing_refused(payment, refusal)
    else:
        Job.add(JobKind.RECEIPTS, payment.id)


def _alert_closing_refused(payment: Payment, refusal: GatewayRefused) -> None:
    log.error("closing receipt of payment №%d refused: %s", payment.id, refusal.reason)
    PaymentAlert.open(AlertKind.CLOSING_REFUSED, payment, refusal.parameter)


def sweep(job: Job) -> None:
    """Gives a job to every unfinished payment, refund, reconciliation and consultation that has none."""
    waiting = {
        JobKind.PAYMENT: Payment.unfinished(),
        JobKind.REFUND: Refund.unfinished(),
        JobKind.RECONCILIATION: Payment.to_reconcile(),
        JobKind.CONSULTATION: Consultation.unended(),
    }
    for kind, ids in waiting.items():
        for id in set(ids) - Job.pending(kind):
            Job.add(kind, id)
    job.repeat_in(SWEEP_INTERVAL)


def _preload(refund: Refund) -> None:
    """Loads what ask() reads, since it runs outside a transaction."""
    _ = refund.payment.refunds


def _needs_closing_receipt() -> bool:
    return current_settings.receipt_mode == "full_prepayment"
