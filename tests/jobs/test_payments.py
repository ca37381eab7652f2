"""Payments and refunds driven to their ends by the worker, against YooKassa's API on this machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from payment_steps import begin, request_refund, settle, waiting_jobs
from payment_worker import paid, reloaded, send_refund, work
from yookassa_stub import YooKassaStub

from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Chat, Job, JobKind, Payment, PaymentState, Receipt, RefundState, User
from ibolit.models.payments import IDEMPOTENCY_KEY_LIFETIME
from ibolit.services import clock

# A payment


def test_worker_creates_the_payment_the_page_could_not(yookassa: YooKassaStub, chat: Chat) -> None:
    payment = begin(chat)
    assert run_due() == 0  # the page has its fifteen seconds
    work(seconds=16)
    payment = reloaded(payment)
    assert payment.state is PaymentState.WAITING
    [made] = yookassa.numbered(payment.id)
    assert (payment.provider_id, payment.page) == (made["id"], made["confirmation"]["confirmation_url"])
    [job] = waiting_jobs(JobKind.PAYMENT)
    assert job.due_at > clock.now()


def test_worker_asks_until_the_payment_has_ended(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.lose_notices()
    paid(yookassa, payment)
    assert waiting_jobs(JobKind.PAYMENT) == []


def test_payment_behind_a_lost_answer_is_not_created_again(yookassa: YooKassaStub, chat: Chat) -> None:
    payment = begin(chat)
    yookassa.break_next("POST /payments", "drop-after")
    work(minutes=1)
    assert reloaded(payment).state is PaymentState.CREATED
    work(minutes=1)
    assert reloaded(payment).state is PaymentState.WAITING
    assert len(yookassa.numbered(payment.id)) == 1


def test_refusal_cancels_the_payment(yookassa: YooKassaStub, chat: Chat) -> None:
    payment = begin(chat)
    yookassa.break_next("POST /payments", "410")
    work(minutes=1)
    payment = reloaded(payment)
    assert (payment.state, payment.reason) == (PaymentState.CANCELLED, "gone")
    assert waiting_jobs(JobKind.PAYMENT) == []


@pytest.mark.parametrize("made", [True, False])
def test_payment_older_than_its_key_is_found_by_order(yookassa: YooKassaStub, chat: Chat, made: bool) -> None:
    payment = begin(chat)
    yookassa.break_next("POST", "drop-after" if made else "drop")
    work(minutes=1)
    hours = IDEMPOTENCY_KEY_LIFETIME.total_seconds() / 3600 + 2
    yookassa.advance(hours)
    work(hours=hours)
    state = reloaded(payment).state
    assert state is (PaymentState.WAITING if made else PaymentState.CANCELLED)
    assert len(yookassa.numbered(payment.id)) == made


def test_webhook_expedites_the_job_and_is_not_believed(yookassa: YooKassaStub, payment: Payment) -> None:
    expedite_payment(payment.provider_id or "")
    assert run_due() == 1
    assert reloaded(payment).state is PaymentState.WAITING


def test_webhook_of_a_cancelled_payment_finds_its_money(yookassa: YooKassaStub, payment: Payment) -> None:
    """However it came to be: a payer has paid, and a notification of it must not fall on deaf ears."""
    payment.state = PaymentState.CANCELLED
    db.session.commit()
    yookassa.pay(payment.provider_id or "")
    expedite_payment(payment.provider_id or "")
    run_due()
    payment = reloaded(payment)
    assert payment.state is PaymentState.SUCCEEDED
    assert payment.applied_at is not None


def test_cancelled_payment_is_not_created_anew(yookassa: YooKassaStub, chat: Chat) -> None:
    payment = begin(chat)
    payment.end("invalid_request")
    db.session.commit()
    work(minutes=1)
    assert yookassa.requests == []


def test_answer_about_another_payment_is_not_applied(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.payments[payment.provider_id or ""]["metadata"] = {"payment": "777"}
    yookassa.pay(payment.provider_id or "")
    id = payment.id
    work(hours=1)
    assert db.session.get_one(Payment, id).state is PaymentState.WAITING
    [job] = waiting_jobs(JobKind.PAYMENT)
    assert job.failure == "WrongPayment"


# A refund


def test_refund_is_sent_and_its_receipt_fetched(yookassa: YooKassaStub, payment: Payment) -> None:
    refund = send_refund(paid(yookassa, payment), 1000_00)
    work(minutes=1)
    refund = reloaded(refund)
    assert refund.state is RefundState.SUCCEEDED
    assert [one["amount"]["value"] for one in yookassa.refunds.values()] == ["1000.00"]
    assert len(db.session.scalars(db.select(Receipt)).all()) == 2


def test_refund_with_a_lost_answer_is_sent_once(yookassa: YooKassaStub, payment: Payment) -> None:
    refund = send_refund(paid(yookassa, payment), 1000_00)
    yookassa.break_next("POST /refunds", "drop-after", times=2)
    for _ in range(4):
        work(minutes=10)
    refund = reloaded(refund)
    assert refund.state is RefundState.SUCCEEDED
    assert len(yookassa.refunds) == 1


def test_lost_refund_is_found_after_its_key_expired(yookassa: YooKassaStub, payment: Payment) -> None:
    refund = send_refund(paid(yookassa, payment), 1000_00)
    yookassa.break_next("POST /refunds", "drop-after")
    work(minutes=1)
    yookassa.break_next("", "500", times=99)
    yookassa.advance(30)
    work(hours=30)
    yookassa.heal()
    work(hours=2)
    refund = reloaded(refund)
    assert refund.state is RefundState.SUCCEEDED
    assert refund.provider_id in yookassa.refunds
    assert len(yookassa.refunds) == 1


def test_refund_refused_after_a_lost_success_is_sent_once(
    yookassa: YooKassaStub, payment: Payment, operator: User
) -> None:
    """The refund was made, its answer lost, and the retry refused: a new key would refund the patient twice."""
    refund = send_refund(paid(yookassa, payment), 1000_00)
    yookassa.break_next("POST /refunds", "drop-after")
    yookassa.break_next("POST /refunds", "410")
    work(minutes=1)
    work(minutes=5)
    refund = reloaded(refund)
    refund.retry(operator)
    db.session.commit()
    work(minutes=5)
    refund = reloaded(refund)
    assert refund.state is RefundState.SUCCEEDED
    assert len(yookassa.refunds) == 1


def test_refused_refund_waits_for_the_operator_and_is_retried(
    yookassa: YooKassaStub, payment: Payment, operator: User
) -> None:
    yookassa.refunds_wait = True
    refund = send_refund(paid(yookassa, payment), 1000_00)
    work(minutes=1)
    yookassa.fail_refund(next(iter(yookassa.refunds)))
    work(minutes=5)
    refund = reloaded(refund)
    assert (refund.state, refund.reason) == (RefundState.FAILED, "insufficient_funds")
    assert waiting_jobs(JobKind.REFUND) == []
    yookassa.refunds_wait = False
    refund.retry(operator)
    db.session.commit()
    work(minutes=5)
    refund = reloaded(refund)
    assert refund.state is RefundState.SUCCEEDED


def test_undecided_refund_request_is_approved_after_three_working_days(
    yookassa: YooKassaStub, payment: Payment
) -> None:
    refund = request_refund(paid(yookassa, payment))
    assert refund.decide_by is not None
    work(seconds=(refund.decide_by - clock.now()).total_seconds() - 60)
    refund = reloaded(refund)
    assert refund.state is RefundState.REQUESTED
    work(minutes=2)
    refund = reloaded(refund)
    assert (refund.state, refund.decided_by) == (RefundState.SUCCEEDED, None)
    assert yookassa.taken() == 0


def test_undecided_amount_mismatch_is_refunded(yookassa: YooKassaStub, payment: Payment) -> None:
    paid(yookassa, payment, value="13.00")
    work(days=6)
    assert [one["amount"]["value"] for one in yookassa.refunds.values()] == ["13.00"]
    assert yookassa.taken() == 0


# The net beneath


@pytest.mark.parametrize("kind", [JobKind.PAYMENT, JobKind.REFUND])
def test_sweep_gives_a_job_to_payments_without_one(yookassa: YooKassaStub, chat: Chat, kind: JobKind) -> None:
    payment = begin(chat)
    if kind is JobKind.REFUND:
        request_refund(settle(payment))
    db.session.execute(db.delete(Job))
    Job.ensure(JobKind.PAYMENTS_SWEEP)
    db.session.commit()
    run_due()
    assert db.session.scalars(db.select(Job.kind).where(Job.kind == kind)).first() is not None
    [sweep] = waiting_jobs(JobKind.PAYMENTS_SWEEP)
    assert sweep.due_at > clock.now() + timedelta(minutes=9)


def test_sweep_adds_no_second_job(yookassa: YooKassaStub, chat: Chat) -> None:
    begin(chat)
    Job.ensure(JobKind.PAYMENTS_SWEEP)
    db.session.commit()
    run_due()
    assert len(waiting_jobs(JobKind.PAYMENT)) == 1


def test_sweep_that_failed_is_planned_again(clinic: Flask) -> None:
    """Given up after its worker died six times, the net would be gone for good."""
    Job.ensure(JobKind.PAYMENTS_SWEEP)
    db.session.commit()
    db.session.scalars(db.select(Job)).one().give_up("its worker died every time")
    db.session.commit()
    Job.ensure(JobKind.PAYMENTS_SWEEP)
    db.session.commit()
    assert len(waiting_jobs(JobKind.PAYMENTS_SWEEP)) == 1
    assert run_due() == 1


# Receipts


def test_receipts_are_asked_for_until_they_are_registered(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.receipts_wait = True
    paid(yookassa, payment)
    [receipt] = db.session.scalars(db.select(Receipt))
    assert receipt.registered_at is None
    yookassa.register_receipts()
    work(hours=3)
    [receipt] = db.session.scalars(db.select(Receipt))
    assert (receipt.registered_at is not None, receipt.storage) == (True, "9288000100115785")
    assert waiting_jobs(JobKind.RECEIPTS) == []


def test_receipts_that_never_come_are_not_asked_for_after_a_week(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.receipts_wait = True
    paid(yookassa, payment)
    work(days=6)
    assert len(waiting_jobs(JobKind.RECEIPTS)) == 1
    work(days=2)
    assert waiting_jobs(JobKind.RECEIPTS) == []


def closing(yookassa: YooKassaStub) -> list[str]:
    prepaid = [one for one in yookassa.receipts.values() if one["settlements"][0]["type"] == "prepayment"]
    return [one["settlements"][0]["amount"]["value"] for one in prepaid]


def test_closing_receipt_follows_the_service(yookassa: YooKassaStub, payment: Payment) -> None:
    paid(yookassa, payment)
    work(days=31)
    assert closing(yookassa) == []
    work(days=2)
    assert closing(yookassa) == ["2500.00"]
    assert len(db.session.scalars(db.select(Receipt)).all()) == 2


def test_closing_receipt_is_for_what_was_not_refunded(yookassa: YooKassaStub, payment: Payment) -> None:
    send_refund(paid(yookassa, payment), 1000_00)
    work(days=33)
    assert closing(yookassa) == ["1500.00"]


def test_no_closing_receipt_after_a_full_refund(yookassa: YooKassaStub, payment: Payment) -> None:
    payment = paid(yookassa, payment)
    send_refund(payment, payment.refundable)
    work(days=33)
    assert closing(yookassa) == []


def test_no_closing_receipt_where_the_first_said_full_payment(
    yookassa: YooKassaStub, payment: Payment, change_settings: Callable[..., None]
) -> None:
    change_settings(receipt_mode="full_payment")
    paid(yookassa, payment)
    work(days=33)
    assert closing(yookassa) == []


def test_closing_receipt_survives_a_lost_answer(yookassa: YooKassaStub, payment: Payment) -> None:
    paid(yookassa, payment)
    yookassa.break_next("POST /receipts", "drop-after")
    work(days=33)
    work(minutes=6)
    assert closing(yookassa) == ["2500.00"]
