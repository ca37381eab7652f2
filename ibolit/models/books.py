"""What payments come to: a doctor's income, and the refunds that wait for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
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
    """By the months of the doctor's own calendar, the newest first. What the bank would not take back has not gone."""
    failed = Refund.payment_id == Payment.id, Refund.state == RefundState.FAILED
    owed = select(func.coalesce(func.sum(Refund.amount), 0)).where(*failed).scalar_subquery()
    paid = select(Payment.paid_at, Payment.paid, Payment.refunded - owed)
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
