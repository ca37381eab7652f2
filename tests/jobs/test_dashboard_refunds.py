"""Refunds made in the provider's dashboard are booked once, and followed by days, consultations and words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from browser import Browser
from factories import propose
from payment_steps import waiting_jobs
from payment_worker import alerts, paid, reloaded, send_refund, work, work_on
from yookassa_stub import YooKassaStub

from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationState,
    JobKind,
    Payment,
    PaymentAlert,
    Refund,
    RefundReason,
    RefundState,
    User,
)
from ibolit.models.payments import payment_reports
from ibolit.services import clock


def rows(payment: Payment) -> list[tuple[RefundState, RefundReason, int]]:
    return [(one.state, one.cause, one.amount) for one in reloaded(payment).refunds]


def days_left(payment: Payment) -> float:
    end = reloaded(payment).chat.open_until
    assert end is not None
    return (end - clock.now()) / timedelta(days=1)


def hear(yookassa: YooKassaStub, payment: Payment) -> None:
    """As the webhook does."""
    yookassa.lose_notices()
    expedite_payment(payment.provider_id or "")
    run_due()


@pytest.fixture
def bought(yookassa: YooKassaStub, payment: Payment) -> Payment:
    """A month for 2,500."""
    return paid(yookassa, payment)


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return propose(chat, starts_at=clock.now() + timedelta(days=3), price=1500_00)


@pytest.fixture
def paid_consultation(yookassa: YooKassaStub, consultation: Consultation) -> Payment:
    payment = consultation.start_payment(consultation.patient, consultation.starts_at)
    db.session.commit()
    work(minutes=1)
    return paid(yookassa, reloaded(payment))


# Seen


def test_partial_dashboard_refund_is_booked_with_its_days(yookassa: YooKassaStub, bought: Payment) -> None:
    before = days_left(bought)
    yookassa.refund_by_hand(bought.provider_id or "", "1000.00")
    hear(yookassa, bought)
    assert rows(bought) == [(RefundState.SUCCEEDED, RefundReason.PROVIDER_DASHBOARD, 1000_00)]
    assert (reloaded(bought).refundable, reloaded(bought).withdrawn_days) == (1500_00, 12)
    assert days_left(bought) == pytest.approx(before - 12, abs=0.1)
    hear(yookassa, bought)
    assert len(rows(bought)) == 1
    assert alerts() == []


def test_full_dashboard_refund_closes_the_chat(yookassa: YooKassaStub, bought: Payment) -> None:
    yookassa.refund_by_hand(bought.provider_id or "")
    hear(yookassa, bought)
    assert rows(bought) == [(RefundState.SUCCEEDED, RefundReason.PROVIDER_DASHBOARD, 2500_00)]
    assert days_left(bought) == pytest.approx(2, abs=0.1)  # what was there before
    months = payment_reports.monthly_incomes(bought.doctor_id, reloaded(bought).payer.zone)
    assert [(month.paid, month.returned) for month in months] == [(2500_00, 2500_00)]


def test_dashboard_refund_without_a_webhook_is_booked_within_a_day(yookassa: YooKassaStub, bought: Payment) -> None:
    yookassa.refund_by_hand(bought.provider_id or "", "1000.00")
    yookassa.lose_notices()
    work(days=1)
    assert len(rows(bought)) == 1
    work_on(12, days=1)
    yookassa.refund_by_hand(bought.provider_id or "", "500.00")
    yookassa.lose_notices()
    work(days=1)
    assert [amount for _, _, amount in rows(bought)] == [1000_00, 500_00]
    work(days=2)
    assert waiting_jobs(JobKind.RECONCILIATION) == []


def test_dashboard_refund_before_the_first_poll_is_booked(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.pay(payment.provider_id or "")
    yookassa.refund_by_hand(payment.provider_id or "")
    yookassa.lose_notices()
    work(minutes=30)
    assert (reloaded(payment).refundable, reloaded(payment).withdrawn_days) == (0, 30)


def test_fully_refunded_consultation_is_cancelled(
    yookassa: YooKassaStub, paid_consultation: Payment, consultation: Consultation, as_patient: Browser
) -> None:
    yookassa.refund_by_hand(paid_consultation.provider_id or "")
    hear(yookassa, paid_consultation)
    consultation = db.session.get_one(Consultation, consultation.id, populate_existing=True)
    assert (consultation.state, consultation.cancel_reason) == (
        ConsultationState.CANCELLED,
        CancellationReason.MONEY_BACK,
    )
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.NOTHING_PAID
    page = as_patient.get("/profile/payments").text
    assert "Возвращено банком 1\u00a0500\u00a0₽" in page
    assert "Деньги возвращены" in page
    assert "Оплачено" not in page
    card = as_patient.get(f"/consultations/{consultation.id}").text
    assert "Деньги возвращены" in card


def test_partial_dashboard_refund_of_a_consultation_alerts_the_operator(
    yookassa: YooKassaStub, paid_consultation: Payment, consultation: Consultation, as_operator: Browser
) -> None:
    yookassa.refund_by_hand(paid_consultation.provider_id or "", "300.00")
    hear(yookassa, paid_consultation)
    consultation = db.session.get_one(Consultation, consultation.id, populate_existing=True)
    assert consultation.state is ConsultationState.CONFIRMED
    assert alerts() == ["partly_refunded"]
    page = as_operator.get("/operator").text
    assert "Банк вернул пациенту 300\u00a0₽" in page
    alert = db.session.scalars(PaymentAlert.unresolved()).one()
    for _ in range(2):
        answer = as_operator.post(f"/operator/alerts/{alert.id}/closing", htmx=True)
        assert (answer.status_code, "Разобрались." in answer.text) == (200, True)
    assert alerts() == []


def test_cancelling_after_a_partial_dashboard_refund_refunds_the_remainder(
    yookassa: YooKassaStub, paid_consultation: Payment, consultation: Consultation
) -> None:
    """Nobody had told of the part: the bank refuses the whole, and the rest goes back by itself."""
    yookassa.refund_by_hand(paid_consultation.provider_id or "", "300.00")
    yookassa.lose_notices()
    consultation = db.session.get_one(Consultation, consultation.id)
    consultation.cancel(consultation.doctor.user, CancellationReason.BAD_TIME, CancellationTerms.FULL)
    db.session.commit()
    work_on(3, minutes=5)
    assert sorted(rows(paid_consultation)) == [
        (RefundState.SUCCEEDED, RefundReason.CANCELLED, 1200_00),
        (RefundState.SUCCEEDED, RefundReason.PROVIDER_DASHBOARD, 300_00),
    ]
    assert yookassa.taken() == 0


# What was owed


def fail(yookassa: YooKassaStub, payment: Payment, amount: int) -> Refund:
    yookassa.refunds_fail = "general_decline"
    refund = send_refund(payment, amount)
    work(minutes=5)
    yookassa.refunds_fail = ""
    refund = reloaded(refund)
    assert refund.state is RefundState.FAILED
    return refund


def test_failed_refund_made_in_the_dashboard_has_succeeded(yookassa: YooKassaStub, bought: Payment) -> None:
    fail(yookassa, bought, 1000_00)
    yookassa.refund_by_hand(bought.provider_id or "", "1000.00")
    hear(yookassa, bought)
    assert rows(bought) == [(RefundState.SUCCEEDED, RefundReason.OPERATOR, 1000_00)]
    assert db.session.scalars(payment_reports.pending_decisions()).all() == []


def test_dashboard_refund_larger_than_a_failed_one_supersedes_it(yookassa: YooKassaStub, bought: Payment) -> None:
    fail(yookassa, bought, 1000_00)
    yookassa.refund_by_hand(bought.provider_id or "", "1200.00")
    hear(yookassa, bought)
    assert rows(bought) == [
        (RefundState.SUPERSEDED, RefundReason.OPERATOR, 1000_00),
        (RefundState.SUCCEEDED, RefundReason.PROVIDER_DASHBOARD, 1200_00),
    ]
    assert (reloaded(bought).refunded, reloaded(bought).withdrawn_days) == (1200_00, 14)


def test_dashboard_refund_smaller_than_a_failed_one_leaves_the_remainder(
    yookassa: YooKassaStub, bought: Payment
) -> None:
    fail(yookassa, bought, 1000_00)
    yookassa.refund_by_hand(bought.provider_id or "", "400.00")
    hear(yookassa, bought)
    work(minutes=5)
    assert rows(bought) == [
        (RefundState.SUCCEEDED, RefundReason.OPERATOR, 600_00),
        (RefundState.SUCCEEDED, RefundReason.PROVIDER_DASHBOARD, 400_00),
    ]
    assert (reloaded(bought).refunded, kept(yookassa)) == (1000_00, 1500_00)


def kept(yookassa: YooKassaStub) -> int:
    return yookassa.taken()


def test_full_dashboard_refund_while_ours_is_sending(yookassa: YooKassaStub, bought: Payment) -> None:
    """The bank has no room for both: ours is refused, and its place is taken."""
    refund = send_refund(bought, 1000_00)
    yookassa.refund_by_hand(bought.provider_id or "")
    hear(yookassa, reloaded(refund).payment)
    work_on(4, minutes=6)
    assert rows(bought) == [
        (RefundState.SUPERSEDED, RefundReason.OPERATOR, 1000_00),
        (RefundState.SUCCEEDED, RefundReason.PROVIDER_DASHBOARD, 2500_00),
    ]
    assert reloaded(bought).refundable == 0


def test_refund_out_of_band_and_in_the_dashboard_alerts_the_operator(
    yookassa: YooKassaStub, bought: Payment, operator: User
) -> None:
    refund = fail(yookassa, bought, 2500_00)
    assert refund.mark_out_of_band("Наличными", "17", operator)
    db.session.commit()
    yookassa.refund_by_hand(bought.provider_id or "", "1000.00")
    hear(yookassa, bought)
    assert sorted(rows(bought)) == [
        (RefundState.OUT_OF_BAND, RefundReason.OPERATOR, 1500_00),
        (RefundState.SUCCEEDED, RefundReason.PROVIDER_DASHBOARD, 1000_00),
    ]
    assert alerts() == ["refunded_twice"]


def test_unlisted_refund_alerts_the_operator(yookassa: YooKassaStub, bought: Payment) -> None:
    """As after a dispute: nobody can say what it was."""
    yookassa.distort(bought.provider_id or "", "refunded_amount", {"value": "700.00", "currency": "RUB"})
    hear(yookassa, bought)
    assert (rows(bought), alerts()) == ([], ["unlisted_refund"])
    yookassa.straighten()
    hear(yookassa, bought)
    assert alerts() == []


# The closing receipt


def settled(yookassa: YooKassaStub) -> list[str]:
    all_of_them = [one["settlements"][0] for one in yookassa.receipts.values()]
    return [one["amount"]["value"] for one in all_of_them if one["type"] == "prepayment"]


@pytest.mark.parametrize(("by_hand", "closed"), [("1000.00", ["1500.00"]), ("", [])])
def test_closing_receipt_is_for_what_is_not_refunded(
    yookassa: YooKassaStub, bought: Payment, by_hand: str, closed: list[str]
) -> None:
    work_on(16, days=1)
    yookassa.refund_by_hand(bought.provider_id or "", by_hand)
    yookassa.lose_notices()
    work(days=20)
    assert settled(yookassa) == closed


def test_closing_receipt_waits_for_the_providers_statement(yookassa: YooKassaStub, bought: Payment) -> None:
    work_on(16, days=1)
    yookassa.refund_by_hand(bought.provider_id or "")
    yookassa.lose_notices()
    yookassa.break_for_hours("500", "GET")
    work(days=20)
    work(minutes=6)
    yookassa.heal()
    work(minutes=6)
    assert settled(yookassa) == []
    assert reloaded(bought).refundable == 0
