"""Reports over payments: a doctor's income, refunds that wait for the operator, search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ScalarSelect, Select, and_, false, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from ...extensions import db
from ...services.payments import CURRENCY
from ..chats import Chat, Message, matches_name_or_phone
from ..doctors import Doctor
from .payment import Payment
from .refund import Refund
from .states import PaymentState, RefundState

OPEN = Refund.state.in_((RefundState.REQUESTED, RefundState.FAILED))


@dataclass
class Income:
    """What a doctor's patients paid within a month, and how much of exactly that went back, whenever it did."""

    month: datetime  # a moment in it
    paid: int = 0
    returned: int = 0
    count: int = 0


def monthly_incomes(doctor_id: int, zone: ZoneInfo) -> list[Income]:
    """By the months of the doctor's own calendar, the newest first. Failed refunds are not counted as returned."""
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


def pending_decisions(after: int = 0) -> Select[tuple[Refund]]:
    """«Требует решения»: requested and failed refunds, the oldest first, after the one with this number."""
    payment = joinedload(Refund.payment)
    doctor = payment.joinedload(Payment.chat).joinedload(Chat.doctor).joinedload(Doctor.user)
    people = payment.joinedload(Payment.payer), doctor
    whole = select(Refund).options(*people, payment.joinedload(Payment.consultation))
    return whole.where(OPEN, Refund.id > after).order_by(Refund.id)


def count_pending_decisions() -> ScalarSelect[int]:
    """A number beside what else is asked for."""
    return select(func.count()).select_from(Refund).where(OPEN).scalar_subquery()


def replies() -> ScalarSelect[int]:
    """How many messages the doctor has sent since the payment was applied: a column beside what is selected of it."""
    by_doctor = Message.chat_id == Chat.id, Message.author_id == Doctor.user_id, Message.sent_at > Payment.applied_at
    counted = select(func.count()).select_from(Chat).join(Chat.doctor).join(Message, and_(*by_doctor))
    return counted.where(Chat.id == Payment.chat_id).correlate(Payment).scalar_subquery()


def search(words: str, sum_: int) -> Select[tuple[Payment]]:
    """Payments of whom these words name – beginnings of a name, or a part of a phone – or of this sum in kopecks."""
    doctor = joinedload(Payment.chat).joinedload(Chat.doctor).joinedload(Doctor.user)
    whole = (
        select(Payment).join(Payment.payer).options(contains_eager(Payment.payer), doctor).order_by(Payment.id.desc())
    )
    is_name = sum(map(str.isalpha, words)) >= 2 or sum(map(str.isdecimal, words)) >= 4
    person = matches_name_or_phone(words) if is_name else false()
    return whole.where(or_(person, Payment.amount == sum_, Payment.paid == sum_) if sum_ else person)
