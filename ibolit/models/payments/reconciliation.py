"""What the bank's own cabinet did: money that went back there without us becomes refunds of ours.

The bank is asked outside any transaction (Statement.of); what it says is booked under the payment's lock, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...extensions import db
from ...services import clock
from ...services.payments import Gateway, GatewayStatus, ProviderPayment, ProviderRefund
from .alert import AlertKind, PaymentAlert
from .payment import Payment
from .refund import Refund, RefundReason, RefundState


@dataclass(frozen=True)
class Statement:
    """A payment as the bank sees it now, with its refunds where they come to another sum than ours."""

    found: ProviderPayment
    refunds: Sequence[ProviderRefund] = field(default=())

    @classmethod
    def of(cls, payment_id: str, known: int, gateway: Gateway) -> Statement:
        """`known` kopecks have gone back as far as we know. Raises GatewayOutcomeUnknown and GatewayRefused."""
        found = gateway.find(payment_id)
        if found.refunded == known:
            return cls(found)
        return cls(found, gateway.list_refunds(payment_id))


def book(payment: Payment, said: Statement) -> bool:
    """Refunds nobody pressed here, once each. False while one of ours on its way leaves no room for one of them."""
    payment.lock()
    payment.chat.lock()
    backs = [back for back in said.refunds if back.status is GatewayStatus.SUCCEEDED]
    is_booked = [_book_one(payment, back) for back in backs]
    is_on_its_way = any(one.state is RefundState.SENDING for one in payment.refunds)
    unseen = (said.found.refunded or 0) - payment.returned_by_bank
    if unseen > 0 and not is_on_its_way:
        PaymentAlert.note(AlertKind.RETURN_UNSEEN, payment, amount=unseen)
    elif unseen <= 0:
        PaymentAlert.settle(AlertKind.RETURN_UNSEEN, payment)
    return all(is_booked)


def _book_one(payment: Payment, back: ProviderRefund) -> bool:
    if any(one.provider_id == back.id for one in payment.refunds):
        return True
    ours = next((one for one in payment.refunds if back.key and one.key == back.key), None)
    if ours is not None and ours.state is RefundState.SENDING:
        ours.settle(back)
        return True
    failed = [one for one in payment.refunds if one.state is RefundState.FAILED]
    same = ours if ours in failed else next((one for one in failed if one.amount == back.amount), None)
    if same is not None:
        same.succeed(back)
        return True
    return _book_from_outside(payment, back, failed)


def _book_from_outside(payment: Payment, back: ProviderRefund, failed: list[Refund]) -> bool:
    """First it pays what the clinic still owed; of what it owes more the bank is asked once more by itself."""
    fresh = max(0, back.amount - sum(one.amount for one in failed))
    otherwise = [one for one in payment.refunds if one.state is RefundState.OUT_OF_BAND]
    twice = max(0, fresh - payment.refundable)
    if twice > sum(one.amount for one in otherwise):
        return False
    owed = _cover(failed, back.amount)
    _cover(otherwise, twice)
    refund = Refund(
        payment=payment,
        amount=back.amount,
        cause=RefundReason.PROVIDER_DASHBOARD,
        state=RefundState.SUCCEEDED,
        provider_id=back.id,
        sent_at=clock.now(),
        done_at=min(back.created_at or clock.now(), clock.now()),
    )
    db.session.add(refund)
    refund.arrive(fresh - twice)
    for one in owed:
        one.repeat(None)
    _tell_the_operator(payment, back.amount, twice)
    return True


def _cover(refunds: list[Refund], amount: int) -> list[Refund]:
    """So many kopecks of these went back another way. Gives what is owed of only in part now."""
    parts = []
    for one in refunds:
        part = min(one.amount, amount)
        if part and not one.yield_to_bank(part):
            parts.append(one)
        amount -= part
    return parts


def _tell_the_operator(payment: Payment, amount: int, twice: int) -> None:
    if twice:
        PaymentAlert.note(AlertKind.RETURNED_TWICE, payment, amount=twice)
    elif payment.consultation is not None and payment.consultation.may_be_cancelled() and payment.refundable > 0:
        PaymentAlert.note(AlertKind.PART_RETURNED, payment, amount=amount)
