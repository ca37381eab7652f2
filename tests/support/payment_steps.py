"""Payments of the tests: begun, answered by a provider, refund requested; each step committed as a request would."""

from __future__ import annotations

from ibolit.extensions import db
from ibolit.models import Chat, Job, JobKind, Payment, Refund, RefundReason, Tariff
from ibolit.services.payments import GatewayStatus, ProviderPayment

PAGE = "https://yookassa.example/pay"


def begin(chat: Chat, tariff: Tariff | None = None) -> Payment:
    payment = Payment.start_for_tariff(chat, tariff or chat.doctor.tariffs[0], chat.patient)
    db.session.commit()
    return payment


def answer(payment: Payment, status: GatewayStatus = GatewayStatus.SUCCEEDED, **more: object) -> ProviderPayment:
    """What a provider would say of it."""
    said: dict[str, object] = {
        "id": payment.provider_id or f"yk-{payment.id}",
        "status": status,
        "amount": payment.amount,
        "currency": "RUB",
        "number": payment.id,
        "page": PAGE if status is GatewayStatus.WAITING else "",
    }
    return ProviderPayment(**(said | more))  # type: ignore[arg-type]


def settle(payment: Payment, status: GatewayStatus = GatewayStatus.SUCCEEDED, **more: object) -> Payment:
    payment.settle(answer(payment, status, **more))
    db.session.commit()
    return payment


def buy(chat: Chat, tariff: Tariff | None = None) -> Payment:
    """Paid, and the time is given."""
    return settle(begin(chat, tariff))


def request_refund(payment: Payment) -> Refund:
    refund = payment.request_refund(RefundReason.REQUESTED_BY_PAYER, "Передумала")
    db.session.commit()
    return refund


def waiting_jobs(kind: JobKind) -> list[Job]:
    return list(db.session.scalars(db.select(Job).where(Job.kind == kind, Job.done_at.is_(None)).order_by(Job.id)))
