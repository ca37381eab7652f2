"""Payments, refunds, cancellation terms, fiscal receipts, reconciliation, alerts for the operator, and reports.
Money is kopecks; what a provider says is believed only when it was asked."""

from . import payment_reports, reconciliation
from .alert import AlertKind, PaymentAlert
from .cancellation_terms import CancellationTerms, RefundRule
from .payment import Payment
from .payment_reports import monthly_incomes
from .provider_polling import FIRST_POLL_DELAY, IDEMPOTENCY_KEY_LIFETIME, poll_interval
from .receipt import Receipt
from .reconciliation import Statement
from .refund import Refund, in_working_days
from .refunding import round_half_up
from .states import COUNTED_STATES, UNFINISHED, PaymentState, RefundReason, RefundState
from .summary import PaymentStatus, PaymentStep, RefundOption, RefundStatus

__all__ = [
    "COUNTED_STATES",
    "FIRST_POLL_DELAY",
    "IDEMPOTENCY_KEY_LIFETIME",
    "UNFINISHED",
    "AlertKind",
    "CancellationTerms",
    "Payment",
    "PaymentAlert",
    "PaymentState",
    "PaymentStatus",
    "PaymentStep",
    "Receipt",
    "Refund",
    "RefundOption",
    "RefundReason",
    "RefundRule",
    "RefundState",
    "RefundStatus",
    "Statement",
    "in_working_days",
    "monthly_incomes",
    "payment_reports",
    "poll_interval",
    "reconciliation",
    "round_half_up",
]
