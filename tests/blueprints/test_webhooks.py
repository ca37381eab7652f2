"""A provider's notification: where from, how long, about whom; it expedites work and is believed in nothing."""

from __future__ import annotations

import json
from ipaddress import ip_network

import pytest
from browser import Browser
from factories import make_chat
from flask import Flask
from payment_steps import begin, buy, settle, waiting_jobs
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Chat, Doctor, Job, JobKind, Payment, PaymentState, RefundReason, User
from ibolit.services import Services, clock
from ibolit.services.payments import GatewayOutcomeUnknown, GatewayStatus
from ibolit.services.payments.demo import DemoBank

THEIRS = "77.75.153.5"


@pytest.fixture
def payment(patient: User, doctor: Doctor) -> Payment:
    """Waits for its payer; the job's next look is far away."""
    payment = settle(begin(make_chat(patient, doctor, days_left=-1)), GatewayStatus.WAITING)
    postpone()
    return payment


def postpone() -> None:
    for job in db.session.scalars(db.select(Job).where(Job.done_at.is_(None))):
        job.due_at = clock.now().replace(year=2100)
    db.session.commit()


def due(kind: JobKind) -> list[int]:
    db.session.expire_all()
    return [job.subject_id for job in waiting_jobs(kind) if job.due_at <= clock.now()]


def body(payment_id: str | None, event: str = "payment.succeeded") -> str:
    field = "payment_id" if event.startswith("refund") else "id"
    told = {"type": "notification", "event": event, "object": {field: payment_id, "status": "succeeded", "paid": True}}
    return json.dumps(told)


def tell(browser: Browser, what: str | bytes, source: str = THEIRS) -> TestResponse:
    db.session.remove()
    return browser.open(
        "/webhooks/yookassa",
        method="POST",
        data=what,
        content_type="application/json",
        environ_overrides={"REMOTE_ADDR": source},
    )


def test_webhook_expedites_its_payment(visitor: Browser, payment: Payment) -> None:
    assert tell(visitor, body(payment.provider_id)).status_code == 200
    assert due(JobKind.PAYMENT) == [payment.id]


def test_webhook_is_not_believed_and_calls_nobody(
    visitor: Browser, payment: Payment, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise GatewayOutcomeUnknown("asked")

    for verb in ("create", "find", "find_by_order", "find_refund", "list_receipts"):
        monkeypatch.setattr(services.payments, verb, never)
    for event in ("payment.succeeded", "payment.canceled", "refund.succeeded"):
        assert tell(visitor, body(payment.provider_id, event)).status_code == 200
    assert db.session.scalars(db.select(Payment.state)).one() is PaymentState.WAITING


def test_webhook_sent_ten_times_is_one_job(visitor: Browser, payment: Payment) -> None:
    for _ in range(10):
        tell(visitor, body(payment.provider_id))
    assert due(JobKind.PAYMENT) == [payment.id]


def test_webhook_expedites_a_sending_refund(visitor: Browser, chat: Chat) -> None:
    payment = buy(chat)
    refund = payment.refund(500_00, RefundReason.OPERATOR)
    db.session.commit()
    postpone()
    assert tell(visitor, body(payment.provider_id, "refund.succeeded")).status_code == 200
    assert due(JobKind.REFUND) == [refund.id]
    assert due(JobKind.PAYMENT) == []


@pytest.mark.parametrize("id", ["somebody-elses", "x" * 64])
def test_webhook_of_an_unknown_payment_does_nothing(visitor: Browser, payment: Payment, id: str) -> None:
    assert tell(visitor, body(id)).status_code == 200
    assert due(JobKind.PAYMENT) == []


def test_webhook_event_of_another_kind_is_accepted(visitor: Browser, payment: Payment) -> None:
    assert tell(visitor, body(payment.provider_id, "payout.succeeded")).status_code == 200
    assert due(JobKind.PAYMENT) == []


@pytest.mark.parametrize(
    "malformed", [b"", b"\xff", b"[]", b"{}", b"null", body(None), body("../../x"), '{"event": "payment.succeeded"}']
)
def test_malformed_webhook_is_400(visitor: Browser, payment: Payment, malformed: str | bytes) -> None:
    assert tell(visitor, malformed).status_code == 400


def test_webhook_over_64_kb_is_not_read(visitor: Browser, payment: Payment) -> None:
    whole = body(payment.provider_id)
    assert tell(visitor, whole + " " * (64 * 1024 - len(whole))).status_code == 200
    assert tell(visitor, whole + " " * (64 * 1024 - len(whole) + 1)).status_code == 413


@pytest.mark.parametrize("source", [THEIRS, f"::ffff:{THEIRS}", "77.75.156.11", "2a02:5180:0:1509::7"])
def test_yookassa_addresses_are_accepted(visitor: Browser, payment: Payment, source: str) -> None:
    assert tell(visitor, body(payment.provider_id), source).status_code == 200


@pytest.mark.parametrize("source", ["127.0.0.1", "77.75.156.12", "::ffff:8.8.8.8", "::1", "", "unknown"])
def test_other_addresses_are_refused(visitor: Browser, payment: Payment, source: str) -> None:
    assert tell(visitor, body(payment.provider_id), source).status_code == 403
    assert due(JobKind.PAYMENT) == []


def test_yookassa_networks_are_a_setting(visitor: Browser, payment: Payment, change_settings: object) -> None:
    change_settings(yookassa_networks=(ip_network("10.0.0.0/8"),))  # type: ignore[operator]
    assert tell(visitor, body(payment.provider_id), "10.1.2.3").status_code == 200
    assert tell(visitor, body(payment.provider_id)).status_code == 403


def test_forged_header_is_not_the_source_address(visitor: Browser, payment: Payment) -> None:
    answer = visitor.open(
        "/webhooks/yookassa", method="POST", data=body(payment.provider_id), headers={"X-Forwarded-For": THEIRS}
    )
    assert answer.status_code == 403


def test_webhook_by_get_is_refused(visitor: Browser) -> None:
    assert visitor.get("/webhooks/yookassa").status_code == 405


def test_demo_bank_sends_webhooks(
    as_patient: Browser, patient: User, doctor: Doctor, services: Services, clinic: Flask
) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    bank_page = as_patient.post(f"/chats/{chat.id}/payments", {"tariff_id": doctor.tariffs[0].id}, htmx=True).headers[
        "HX-Redirect"
    ]
    postpone()
    back = as_patient.post(f"{bank_page}/decision", {"decision": "pay"})
    assert isinstance(services.payments, DemoBank)
    assert back.location.startswith("/payments/return/")
    assert due(JobKind.PAYMENT) == [1]
    run_due()
    assert "Чат открыт до" in as_patient.get(back.location).text
