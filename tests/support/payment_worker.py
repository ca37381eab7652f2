"""Payments the worker drives against YooKassa's API on this machine, and the clock that goes on between its looks."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from factories import later
from yookassa_stub import YooKassaStub

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Payment, PaymentAlert, PaymentState, Refund, RefundReason

Thing = TypeVar("Thing", Payment, Refund)

_ahead: list[timedelta] = []


def reset_clock() -> None:
    _ahead.clear()


def work(**by: float) -> int:
    """So much later the worker looks."""
    _ahead.append(timedelta(**by))
    later(seconds=sum(_ahead, timedelta()).total_seconds())
    return run_due()


def work_on(looks: int, **by: float) -> None:
    """Several looks, so long apart."""
    for _ in range(looks):
        work(**by)


def reloaded(thing: Thing) -> Thing:
    """As it is now: the worker ends its session behind itself."""
    return db.session.get_one(type(thing), thing.id, populate_existing=True)


def paid(yookassa: YooKassaStub, payment: Payment, **odd: str) -> Payment:
    yookassa.pay(payment.provider_id or "", **odd)
    work(minutes=30)
    payment = reloaded(payment)
    assert payment.state is PaymentState.SUCCEEDED
    return payment


def send_refund(payment: Payment, amount: int) -> Refund:
    refund = payment.refund(amount, RefundReason.OPERATOR)
    db.session.commit()
    return refund


def alerts() -> list[str]:
    """What the operator is told now."""
    return [str(alert.kind) for alert in db.session.scalars(PaymentAlert.unresolved())]
