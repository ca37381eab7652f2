"""Reconciliation: refunds made in the provider's own dashboard become refunds of ours.

The provider is asked outside any transaction (Statement.fetch); what it says is booked under the payment's lock, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...extensions import db
from ...services import clock
from ...services.payments import Gateway, GatewayStatus, ProviderPayment, ProviderRefund
from .alert import AlertKind, PaymentAlert
from .payment import Payment
from .refund import Refund
from .states import RefundReason, RefundState


@dataclass(frozen=True)
class Statement:
    """A payment as the provider sees it now, with its refunds where they come to another sum than ours."""

    found: ProviderPayment
    refunds: Sequence[ProviderRefund] = field(default=())

    @classmethod
    def fetch(cls, payment_id: str, known: int, gateway: Gateway) -> Statement:
        """`known`: kopecks refunded as far as we know. Raises GatewayOutcomeUnknown and GatewayRefused."""
        found = gateway.find(payment_id)
        if found.refunded == known:
            return cls(found)
        return cls(found, gateway.list_refunds(payment_id))


def book(payment: Payment, statement: Statement) -> bool:
    """Books each refund made in the dashboard, once. False: one cannot be told yet from ours that is on its way."""
    payment.lock()
    payment.chat.lock()
    succeeded = [one for one in statement.refunds if one.status is GatewayStatus.SUCCEEDED]
    is_booked = [_book_refund(payment, one) for one in succeeded]
    is_on_its_way = any(one.state is RefundState.SENDING for one in payment.refunds)
    unseen = (statement.found.refunded or 0) - payment.refunded_by_provider
    if unseen > 0 and not is_on_its_way:
        PaymentAlert.open(AlertKind.UNLISTED_REFUND, payment, amount=unseen)
    elif unseen <= 0:
        PaymentAlert.resolve(AlertKind.UNLISTED_REFUND, payment)
    return all(is_booked)


def _book_refund(payment: Payment, provider_refund: ProviderRefund) -> bool:
    if any(one.provider_id == provider_refund.id for one in payment.refunds):
        return True
    ours = next((one for one in payment.refunds if provider_refund.key and one.key == provider_refund.key), None)
    if ours is not None and ours.state is RefundState.SENDING:
        ours.settle(provider_refund)
        return True
    failed = [one for one in payment.refunds if one.state is RefundState.FAILED]
    same = ours if ours in failed else next((one for one in failed if one.amount == provider_refund.amount), None)
    if same is not None:
        same.succeed(provider_refund)
        return True
    return _book_dashboard_refund(payment, provider_refund, failed)


def _book_dashboard_refund(payment: Payment, provider_refund: ProviderRefund, failed: list[Refund]) -> bool:
    """It pays first what failed refunds still owe; what they owe beyond it is sent again."""
    fresh = max(0, provider_refund.amount - sum(one.amount for one in failed))
    otherwise = [one for one in payment.refunds if one.state is RefundState.OUT_OF_BAND]
    twice = max(0, fresh - payment.refundable)
    if twice > sum(one.amount for one in otherwise):
        return False
    owed = _supersede(failed, provider_refund.amount)
    _supersede(otherwise, twice)
    refund = Refund(
        payment=payment,
        amount=provider_refund.amount,
        cause=RefundReason.PROVIDER_DASHBOARD,
        state=RefundState.SUCCEEDED,
        provider_id=provider_refund.id,
        sent_at=clock.now(),
        done_at=min(provider_refund.created_at or clock.now(), clock.now()),
    )
    db.session.add(refund)
    refund.book(fresh - twice)
    for one in owed:
        one.retry(None)
    _alert_operator(payment, provider_refund.amount, twice)
    return True


def _supersede(refunds: list[Refund], amount: int) -> list[Refund]:
    """`amount` kopecks of these went back another way. Returns those of which a part is still owed."""
    parts = []
    for one in refunds:
        part = min(one.amount, amount)
        if part and not one.reduce_by(part):
            parts.append(one)
        amount -= part
    return parts


def _alert_operator(payment: Payment, amount: int, twice: int) -> None:
    if twice:
        PaymentAlert.open(AlertKind.REFUNDED_TWICE, payment, amount=twice)
    elif payment.consultation is not None and payment.consultation.may_be_cancelled() and payment.refundable > 0:
        PaymentAlert.open(AlertKind.PARTLY_REFUNDED, payment, amount=amount)
