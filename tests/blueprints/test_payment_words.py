"""What the pages of a payment say when it went another way than usual."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
from browser import Browser
from consultation_steps import begin_to_pay, pay, succeed
from factories import later, make_user, propose
from flask import Flask
from payment_steps import begin, buy, settle
from reading import one_line, words

from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Payment, RefundReason, RefundState, Role
from ibolit.services import clock
from ibolit.services.payments import GatewayRefused, GatewayStatus, RefusalReason

pytestmark = pytest.mark.any_database


@pytest.fixture
def as_operator(clinic: Flask) -> Browser:
    return Browser(clinic, make_user("Ольга", Role.OPERATOR))


# A duplicate payment


@pytest.fixture
def twice(chat: Chat) -> Payment:
    """The shop did not know the first one, a second one was paid, and then the first one's money came too."""
    consultation = propose(chat, starts_at=clock.now() + timedelta(hours=30), price=1500_00)
    first = begin_to_pay(consultation)
    first.record_refusal(GatewayRefused(RefusalReason.NOT_FOUND))
    db.session.commit()
    pay(db.session.get_one(Consultation, consultation.id))
    return succeed(db.session.get_one(Payment, first.id))


def test_duplicate_payment_says_so_and_that_the_consultation_is_confirmed(
    as_patient: Browser, visitor: Browser, as_operator: Browser, twice: Payment
) -> None:
    assert [one.cause for one in twice.refunds] == [RefundReason.DUPLICATE]
    page = words(as_patient.get(f"/payments/return/{twice.token}").text)
    assert "Оплачено дважды, лишнее возвращаем; консультация подтверждена" in page
    assert "отменена" not in page
    refund = db.session.get_one(Payment, twice.id).refunds[0]
    refund.state, refund.done_at = "succeeded", clock.now()
    db.session.commit()
    page = words(as_patient.get(f"/payments/return/{twice.token}").text)
    assert "Оплачено дважды, лишнее вернули; консультация подтверждена" in page
    assert "Оплачено дважды, лишнее вернули" in words(as_patient.get("/profile/payments").text)
    out = visitor.get(f"/payments/return/{twice.token}").text
    assert "Оплачено дважды, лишнее вернули." in words(out)
    assert "онсультаци" not in out
    assert "Консультация оплачена дважды" in words(as_operator.get(f"/operator/payments/{twice.id}").text)


def test_return_page_reloads_until_a_duplicate_payment_is_refunded(
    as_patient: Browser, visitor: Browser, twice: Payment
) -> None:
    url = f"/payments/return/{twice.token}"
    for browser in (as_patient, visitor):
        assert f'hx-get="{url}?look=1" hx-trigger="every 2s"' in one_line(browser.get(url).text)
        assert '<noscript><meta http-equiv="refresh"' in browser.get(url).text
    refund = db.session.get_one(Payment, twice.id).refunds[0]
    refund.state, refund.done_at = RefundState.SUCCEEDED, clock.now()
    db.session.commit()
    for browser in (as_patient, visitor):
        page = browser.get(url).text
        assert "every 2s" not in page
        assert "http-equiv" not in page


# How it was paid


@pytest.mark.parametrize("method", ["sbp", "yoo_money", "tinkoff_bank", ""])
@pytest.mark.parametrize(
    "reason", ["insufficient_funds", "general_decline", "call_issuer", "fraud_suspected", "issuer_unavailable",
               "payment_method_limit_exceeded", "country_forbidden", "moon_phase"],
)  # fmt: skip
def test_payment_without_a_card_names_no_card(as_patient: Browser, chat: Chat, method: str, reason: str) -> None:
    payment = settle(begin(chat), GatewayStatus.CANCELLED, reason=reason, method=method)
    page = words(as_patient.get(f"/payments/return/{payment.token}").text)
    assert "Деньги не списаны." in page
    assert "карт" not in page.lower()


def test_payment_by_card_names_the_card(as_patient: Browser, chat: Chat) -> None:
    payment = settle(begin(chat), GatewayStatus.CANCELLED, reason="insufficient_funds", method="bank_card")
    assert "На карте не хватило денег." in as_patient.get(f"/payments/return/{payment.token}").text


# Another currency


def test_other_currency_is_never_called_rubles(as_patient: Browser, as_operator: Browser, chat: Chat) -> None:
    payment = settle(begin(chat), amount=30_00, currency="USD")
    for page in (
        as_operator.get("/operator"),
        as_patient.get(f"/payments/return/{payment.token}"),
        as_patient.get("/profile/payments"),
    ):
        assert "30 USD вместо 2 500 ₽" in words(page.text)
    assert "Пришли не рубли" in words(as_operator.get("/operator").text)


def test_other_currency_is_no_income_in_rubles(as_doctor: Browser, chat: Chat) -> None:
    settle(begin(chat), amount=30_00, currency="USD")
    assert "Пока никто не платил" in as_doctor.get("/profile/income").text


# On the way back


def test_signed_out_return_leads_to_the_clinic(visitor: Browser, chat: Chat) -> None:
    page = visitor.get(f"/payments/return/{buy(chat).token}").text
    assert re.search(r'<a class="button[^"]*" href="/">Перейти на сайт клиники</a>', page)


def test_webhook_of_an_unknown_payment_is_a_warning(clinic: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        expedite_payment("2d0c1a5e-000f-5000-9000-1b2c3d4e5f60")
    assert "2d0c1a5e-000f-5000-9000-1b2c3d4e5f60" in caplog.text


@pytest.mark.parametrize("htmx", [True, False])
def test_second_purchase_right_after_paying_is_asked_back(as_patient: Browser, chat: Chat, htmx: bool) -> None:
    door, chosen = f"/chats/{chat.id}/payments", {"tariff_id": chat.doctor.tariffs[0].id}
    first = buy(chat)
    later(minutes=1)
    asked = as_patient.post(door, chosen, htmx=htmx)
    assert (asked.status_code, "Вы оплатили минуту назад" in asked.text) == (409, True)
    assert "Оплатить ещё раз" in asked.text
    told = re.search(r'name="again" value="(\d+)"', asked.text)
    assert told is not None
    assert int(told.group(1)) == first.id
    assert len(db.session.scalars(db.select(Payment)).all()) == 1
    answer = as_patient.post(door, chosen | {"again": told.group(1)}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert len(db.session.scalars(db.select(Payment)).all()) == 2


def test_second_purchase_later_is_not_asked_back(as_patient: Browser, chat: Chat) -> None:
    buy(chat)
    later(minutes=11)
    chosen = {"tariff_id": chat.doctor.tariffs[0].id}
    assert as_patient.post(f"/chats/{chat.id}/payments", chosen, htmx=True).status_code == 200
