"""What about money only a person can put right reaches the operator in Russian, and leaves when it is put right."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import later
from payment_steps import begin, waiting_jobs
from payment_worker import alerts, paid, reloaded, send_refund, work, work_on
from yookassa_stub import YooKassaStub

from ibolit.extensions import db
from ibolit.models import AlertKind, Chat, JobKind, Payment, PaymentAlert, PaymentState, RefundState


def said(as_operator: Browser) -> str:
    page = as_operator.get("/operator")
    assert page.status_code == 200
    words = re.sub(r"<[^>]*>", " ", page.text)
    assert not re.search(r"\b[a-z]+_[a-z_]+\b", words)  # no word of the bank's
    return " ".join(words.replace("\xa0", " ").split())


# A payment of another shop


def test_payment_of_another_shop_is_cancelled_and_replaced(
    yookassa: YooKassaStub, payment: Payment, chat: Chat, as_operator: Browser, as_patient: Browser
) -> None:
    yookassa.move_to_another_shop(payment.provider_id or "")
    work(minutes=5)
    payment = reloaded(payment)
    assert (payment.state, payment.reason) == (PaymentState.CANCELLED, "other_shop")
    assert "Платёжная система не знает этого платежа" in said(as_operator)
    assert "Этот счёт больше не действует" in as_patient.get(f"/payments/return/{payment.token}").text
    chat = db.session.get_one(Chat, chat.id)
    assert Payment.start_for_tariff(chat, chat.doctor.tariffs[0], chat.patient).id != payment.id


def press_again(as_patient: Browser, chat: Chat) -> str:
    """The same tariff, before the worker has looked; where it leads."""
    later(minutes=5)
    chosen = {"tariff_id": chat.doctor.tariffs[0].id}
    return str(as_patient.post(f"/chats/{chat.id}/payments", chosen, htmx=True).headers["HX-Redirect"])


def test_checkout_replaces_a_payment_of_another_shop(
    yookassa: YooKassaStub, payment: Payment, chat: Chat, as_patient: Browser
) -> None:
    yookassa.move_to_another_shop(payment.provider_id or "")
    led_to = press_again(as_patient, chat)
    pages = {one["confirmation"]["confirmation_url"] for one in yookassa.payments.values()}
    assert led_to in pages - {payment.page}


def test_checkout_of_a_paid_payment_shows_it(
    yookassa: YooKassaStub, payment: Payment, chat: Chat, as_patient: Browser
) -> None:
    yookassa.pay(payment.provider_id or "")
    assert press_again(as_patient, chat) == f"/payments/{payment.id}"
    assert "Оплачено" in as_patient.get(f"/payments/{payment.id}").text


def test_payment_of_another_shop_is_found_when_the_shop_is_back(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.pay(payment.provider_id or "")
    yookassa.lose_notices()
    yookassa.move_to_another_shop(payment.provider_id or "")
    work_on(3, days=1)
    assert reloaded(payment).state is PaymentState.CANCELLED
    yookassa.move_back(payment.provider_id or "")
    work(days=1)
    assert reloaded(payment).state is PaymentState.SUCCEEDED
    assert alerts() == []


def test_another_shop_is_not_asked_for_ever(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.move_to_another_shop(payment.provider_id or "")
    work_on(16, days=1)
    assert waiting_jobs(JobKind.PAYMENT) == []


def test_refund_of_another_shop_says_what_to_do(yookassa: YooKassaStub, payment: Payment, as_operator: Browser) -> None:
    bought = paid(yookassa, payment)
    yookassa.move_to_another_shop(bought.provider_id or "")
    refund = send_refund(bought, 1000_00)
    work(minutes=5)
    assert reloaded(refund).state is RefundState.FAILED
    assert "Вернули иначе" in said(as_operator)


# What cannot be read


def test_response_unreadable_for_an_hour_alerts_the_operator(
    yookassa: YooKassaStub, payment: Payment, as_operator: Browser
) -> None:
    yookassa.pay(payment.provider_id or "")
    yookassa.distort(payment.provider_id or "", "status", "dreaming")
    work(minutes=20)
    assert alerts() == []
    work(minutes=65)
    assert "не удаётся прочесть" in said(as_operator)
    assert len(db.session.scalars(db.select(PaymentAlert)).all()) == 1
    yookassa.straighten()
    work(hours=1)
    assert reloaded(payment).state is PaymentState.SUCCEEDED
    assert alerts() == []


# The shop


def test_refused_shop_key_alerts_after_ten_minutes(
    yookassa: YooKassaStub, chat: Chat, as_operator: Browser, as_patient: Browser
) -> None:
    payment = begin(chat)
    yookassa.break_for_hours("401")
    work(minutes=1)
    page = as_patient.get(f"/payments/{payment.id}").text
    assert "Создаём оплату" in page
    work(minutes=5)
    assert alerts() == []
    page = as_patient.get(f"/payments/{payment.id}").text
    assert "Сейчас оплатить не получается" in page
    assert "Подождите немного" not in page
    work(minutes=6)
    assert "не пускает клинику" in said(as_operator)
    yookassa.heal()
    work(minutes=10)
    assert reloaded(payment).state is PaymentState.WAITING
    assert alerts() == []


@pytest.mark.parametrize("lacks", ["needs_email", "has_no_methods"])
def test_missing_shop_setting_is_named_in_the_alert(
    yookassa: YooKassaStub, chat: Chat, as_operator: Browser, as_patient: Browser, lacks: str
) -> None:
    setattr(yookassa, lacks, True)
    chosen = {"tariff_id": chat.doctor.tariffs[0].id}
    answer = as_patient.post(f"/chats/{chat.id}/payments", chosen, htmx=True)
    assert answer.status_code == 409
    assert "Клиника ещё не всё настроила" in answer.text
    told = said(as_operator)
    assert ("RECEIPT_EMAIL=required" if lacks == "needs_email" else "не включён ни один способ оплаты") in told
    setattr(yookassa, lacks, False)
    assert as_patient.post(f"/chats/{chat.id}/payments", chosen, htmx=True).status_code == 200
    assert alerts() == []


# Receipts


def test_cancelled_receipt_alerts_the_operator(yookassa: YooKassaStub, payment: Payment, as_operator: Browser) -> None:
    yookassa.receipts_wait = True
    paid(yookassa, payment)
    yookassa.fail_receipts()
    work(hours=3)
    assert "Чек по этому платежу не пробит" in said(as_operator)


def test_receipt_unregistered_for_a_week_alerts_the_operator(yookassa: YooKassaStub, payment: Payment) -> None:
    yookassa.receipts_wait = True
    paid(yookassa, payment)
    work(days=6)
    assert alerts() == []
    work(days=2)
    assert alerts() == ["receipt_unregistered"]


def test_refused_closing_receipt_alerts_the_operator(
    yookassa: YooKassaStub, payment: Payment, as_operator: Browser
) -> None:
    paid(yookassa, payment)
    yookassa.break_next("POST /receipts", "410", times=9)
    work(days=33)
    assert "Второй чек, в конце услуги, не принят. Пробейте его сами на 2 500 ₽" in said(as_operator)


@pytest.mark.parametrize("kind", AlertKind)
def test_each_alert_kind_has_its_words(payment: Payment, as_operator: Browser, kind: AlertKind) -> None:
    about = None if kind in (AlertKind.AUTH_FAILED, AlertKind.SHOP_SETTINGS) else payment
    PaymentAlert.open(kind, about, "receipt.items.vat_code", amount=300_00)
    db.session.commit()
    as_operator.get("/operator")
    cause = re.search(r'class="decision__cause">([^<]{40,})<', as_operator.get("/operator").text)
    assert cause is not None
