"""What payments come to: a doctor's income, and the refunds that wait for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from ..extensions import db
from ..services.payments import CURRENCY
from .payment import Payment, PaymentState
from .refund import Refund, RefundState


@dataclass
class Income:
    """What a doctor's patients paid within a month, and how much of exactly that went back, whenever it did."""

    month: datetime  # a moment in it
    paid: int = 0
    returned: int = 0
    count: int = 0


def incomes_of(doctor_id: int, zone: ZoneInfo) -> list[Income]:
    """By the months of the doctor's own calendar, the newest first."""
    paid = select(Payment.paid_at, Payment.paid, Payment.refunded)
    in_rubles = Payment.currency == CURRENCY
    paid = paid.where(Payment.doctor_id == doctor_id, Payment.state == PaymentState.SUCCEEDED, in_rubles)
    months: dict[tuple[int, int], Income] = {}
    for paid_at, sum_, refunded in db.session.execute(paid.order_by(Payment.paid_at.desc())).tuples():
        assert paid_at is not None
        local = paid_at.astimezone(zone)
        income = months.setdefault((local.year, local.month), Income(paid_at))
        income.paid, income.returned, income.count = income.paid + sum_, income.returned + refunded, income.count + 1
    return list(months.values())


def to_decide() -> Select[tuple[Refund]]:
    """«Требует решения»: wishes and failures, the oldest first."""
    open_ones = Refund.state.in_((RefundState.WISHED, RefundState.FAILED))
    payment = joinedload(Refund.payment)
    whole = select(Refund).options(payment.joinedload(Payment.payer), payment.joinedload(Payment.consultation))
    return whole.where(open_ones).order_by(Refund.id)
