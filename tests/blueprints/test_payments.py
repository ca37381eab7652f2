"""The way to the bank and back, «Платежи», «Доходы»: who sees what of the money, signed in or not."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser import Browser
from factories import add_tariff, later, make_chat, make_doctor, say
from flask import Flask
from payment_steps import begin, buy, request_refund, waiting_jobs
from payment_steps import settle as settle_this
from reading import one_line

from ibolit.extensions import db
from ibolit.formatting import day_of
from ibolit.jobs import run_due
from ibolit.models import Chat, Doctor, JobKind, Payment, Receipt, Refund, RefundReason, RefundState, User
from ibolit.services import Services, clock
from ibolit.services.payments import GatewayOutcomeUnknown, GatewayStatus, ProviderReceipt
from ibolit.services.payments.demo import DemoBank

Change = Callable[..., None]

CHECKING = "Проверяем оплату…"


@pytest.fixture
def payment(patient: User, doctor: Doctor) -> Payment:
    return begin(make_chat(patient, doctor, days_left=-1))


@pytest.fixture
def waiting(payment: Payment) -> Payment:
    return settle(payment, GatewayStatus.WAITING)


def settle(payment: Payment, status: GatewayStatus = GatewayStatus.SUCCEEDED, **more: object) -> Payment:
    """A visit before may have ended the session that knew it."""
    return settle_this(db.session.get_one(Payment, payment.id), status, **more)


def way_back(payment: Payment) -> str:
    return f"/payments/return/{payment.token}"


# The way there


def test_payer_waiting_for_the_providers_page_is_redirected(as_patient: Browser, payment: Payment) -> None:
    url = f"/payments/{payment.id}"
    page = as_patient.get(url).text
    assert "Создаём оплату…" in page
    assert f'hx-get="{url}" hx-trigger="every 2s"' in one_line(page)
    assert '<noscript><meta http-equiv="refresh"' in page
    bank = settle(payment, GatewayStatus.WAITING).page
    assert as_patient.get(url, htmx=True).headers["HX-Redirect"] == bank
    page = as_patient.get(url).text
    assert f'href="{bank}">Перейти к оплате' in page
    assert "every 2s" not in page
    assert "http-equiv" not in page


@pytest.mark.parametrize("htmx", [True, False])
def test_payment_page_shows_how_the_payment_ended(as_patient: Browser, waiting: Payment, htmx: bool) -> None:
    settle(waiting)
    page = as_patient.get(f"/payments/{waiting.id}", htmx=htmx).text
    assert "Чат открыт до" in page
    assert "Перейти к оплате" not in page


def test_payment_page_is_the_payers_alone(
    as_doctor: Browser, as_stranger: Browser, visitor: Browser, waiting: Payment
) -> None:
    for browser in (as_doctor, as_stranger):
        for htmx in (True, False):
            assert browser.get(f"/payments/{waiting.id}", htmx=htmx).status_code == 404
    assert visitor.get(f"/payments/{waiting.id}").location.startswith("/login")


# The way back


def test_return_page_looks_again_and_again_with_growing_pauses(as_patient: Browser, waiting: Payment) -> None:
    page = as_patient.get(way_back(waiting)).text
    assert CHECKING in page
    assert "Оплатить" not in page
    assert '<noscript><meta http-equiv="refresh"' in page
    pauses = []
    for look in range(1, 30):
        found = re.search(rf'hx-get="{way_back(waiting)}\?look={look}" hx-trigger="every (\d+)s"', one_line(page))
        assert found is not None
        pauses.append(int(found.group(1)))
        page = as_patient.get(f"{way_back(waiting)}?look={look}", htmx=True).text
    assert pauses[0] == 2
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30
    assert "Оплата пока не поступила" in page
    assert f'href="{waiting.page}">Оплатить' in page
    assert "every" not in as_patient.get(f"{way_back(waiting)}?look=99", htmx=True).text


@pytest.mark.parametrize("look", ["-1", "x", "9" * 40])
def test_return_page_ignores_a_nonsense_look(as_patient: Browser, waiting: Payment, look: str) -> None:
    assert as_patient.get(f"{way_back(waiting)}?look={look}", htmx=True).status_code == 200


def test_payer_sees_until_when_the_chat_is_open(as_patient: Browser, waiting: Payment, patient: User) -> None:
    until = settle(waiting).opened_until
    assert until is not None
    for htmx in (True, False):
        page = as_patient.get(way_back(waiting), htmx=htmx).text
        assert "Оплачено" in page
        assert f"Чат открыт до {day_of(until, patient.zone)}." in page
        assert f'href="/chats/{waiting.chat_id}#end">Вернуться в чат' in page
        assert "every" not in page


def test_signed_out_return_page_shows_state_and_amount_only(
    visitor: Browser, as_stranger: Browser, as_doctor: Browser, waiting: Payment, patient: User, doctor: Doctor
) -> None:
    for said in ({}, {"status": GatewayStatus.SUCCEEDED}):
        if said:
            settle(waiting)
        for browser in (visitor, as_stranger, as_doctor):
            for htmx in (True, False):
                reply = browser.get(way_back(waiting), htmx=htmx)
                assert reply.status_code == 200
                assert "2\u00a0500\u00a0₽" in reply.text
                assert "Вернитесь в приложение" in reply.text
                for secret in (doctor.user.name, doctor.specialty, patient.name, patient.phone, "/chats/", "Чат "):
                    assert secret not in reply.text


def test_unknown_return_token_is_404(visitor: Browser, as_patient: Browser, waiting: Payment) -> None:
    for browser in (visitor, as_patient):
        assert browser.get("/payments/return/" + "0" * 32).status_code == 404
        assert browser.post("/payments/return/" + "0" * 32 + "/check").status_code == 404


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("insufficient_funds", "не хватило денег"),
        ("card_expired", "Срок действия карты истёк"),
        ("expired_on_confirmation", "Время на оплату вышло"),
        ("canceled_by_merchant", "Клиника отменила"),
        ("fraud_suspected", "не пропустил"),
        ("something_new", "Банк отменил оплату"),
        ("", "Банк отменил оплату"),
    ],
)
def test_cancelled_payment_says_why(as_patient: Browser, waiting: Payment, reason: str, words: str) -> None:
    settle(waiting, GatewayStatus.CANCELLED, reason=reason)
    for url in (way_back(waiting), "/profile/payments"):
        page = as_patient.get(url).text
        assert words in page
        assert "Деньги не списаны" in page
        assert "something_new" not in page
    assert f'href="/chats/{waiting.chat_id}/tariffs">Попробовать ещё раз' in as_patient.get(way_back(waiting)).text


def test_amount_mismatch_and_refunds_in_words(as_patient: Browser, visitor: Browser, waiting: Payment) -> None:
    settle(waiting, amount=2400_00)
    for browser in (as_patient, visitor):
        page = browser.get(way_back(waiting)).text
        assert "2\u00a0400\u00a0₽ вместо 2\u00a0500\u00a0₽" in page
        assert "Деньги не потеряны" in page


def test_partial_and_full_refunds_in_words(as_patient: Browser, waiting: Payment) -> None:
    settle(waiting)
    first = waiting.refund(500_00, RefundReason.OPERATOR)
    db.session.commit()
    assert "Часть денег возвращается" in as_patient.get(way_back(waiting)).text
    end(first)
    page = as_patient.get(way_back(waiting)).text
    assert "Часть денег возвращена" in page
    assert "500\u00a0₽ из 2\u00a0500\u00a0₽" in page
    second = db.session.get_one(Payment, waiting.id).refund(2000_00, RefundReason.OPERATOR)
    db.session.commit()
    assert "Деньги возвращаются" in as_patient.get(way_back(waiting)).text
    end(second)
    assert "Деньги возвращены" in as_patient.get(way_back(waiting)).text


def test_failed_refund_is_not_promised(as_patient: Browser, visitor: Browser, waiting: Payment) -> None:
    settle(waiting)
    refund = db.session.get_one(Payment, waiting.id).refund(500_00, RefundReason.OPERATOR)
    refund.fail("general_decline")
    db.session.commit()
    for browser in (as_patient, visitor):
        page = browser.get(way_back(waiting)).text
        assert "Возврат задерживается" in page
        assert "возвращается" not in page
        assert "general_decline" not in page
    assert "Возврат задерживается" in as_patient.get("/profile/payments").text


def end(refund: Refund) -> None:
    refund = db.session.get_one(Refund, refund.id)
    refund.state, refund.done_at = RefundState.SUCCEEDED, clock.now()
    db.session.commit()


# «Проверяем оплату…»


def test_return_page_asks_once_and_the_worker_answers(
    as_patient: Browser, payment: Payment, services: Services
) -> None:
    bank = services.payments
    assert isinstance(bank, DemoBank)
    found = payment.ask(bank, "/back")
    assert found is not None
    payment.settle(found)
    for job in waiting_jobs(JobKind.PAYMENT):
        job.due_at = clock.now().replace(year=2100)
    db.session.commit()
    bank.pay(found.id)
    page = as_patient.get(way_back(payment)).text
    assert f'hx-post="{way_back(payment)}/check" hx-trigger="load"' in page
    assert run_due() == 0
    assert as_patient.post(f"{way_back(payment)}/check", htmx=True).status_code == 204
    run_due()
    assert "Чат открыт до" in as_patient.get(way_back(payment)).text


def test_check_never_asks_the_provider_itself(
    visitor: Browser, waiting: Payment, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise GatewayOutcomeUnknown("asked")

    for verb in ("create", "find", "find_by_order"):
        monkeypatch.setattr(services.payments, verb, never)
    reply = visitor.post(f"{way_back(waiting)}/check")
    assert (reply.status_code, reply.location) == (303, way_back(waiting))


def test_check_over_the_rate_limit_changes_nothing(visitor: Browser, waiting: Payment) -> None:
    for _ in range(25):
        assert visitor.post(f"{way_back(waiting)}/check", htmx=True).status_code == 204
    for job in waiting_jobs(JobKind.PAYMENT):
        job.due_at = clock.now().replace(year=2100)
    db.session.commit()
    visitor.post(f"{way_back(waiting)}/check", htmx=True)
    assert [job.due_at.year for job in waiting_jobs(JobKind.PAYMENT)] == [2100]
    later(minutes=11)
    visitor.post(f"{way_back(waiting)}/check", htmx=True)
    assert [job.due_at.year for job in waiting_jobs(JobKind.PAYMENT)] != [2100]


def test_check_of_an_ended_payment_adds_no_job(visitor: Browser, waiting: Payment) -> None:
    settle(waiting, GatewayStatus.CANCELLED)
    for job in waiting_jobs(JobKind.PAYMENT):
        job.finish()
    db.session.commit()
    assert visitor.post(f"{way_back(waiting)}/check", htmx=True).status_code == 204
    assert waiting_jobs(JobKind.PAYMENT) == []


# «Платежи»


def test_profile_leads_each_to_his_own(as_patient: Browser, as_doctor: Browser) -> None:
    patients, doctors = as_patient.get("/profile").text, as_doctor.get("/profile").text
    assert 'href="/profile/payments"' in patients
    assert 'href="/profile/income"' not in patients
    assert 'href="/profile/income"' in doctors
    assert 'href="/profile/payments"' not in doctors


def test_payments_list_tells_everything_of_each(
    as_patient: Browser, payment: Payment, doctor: Doctor, change_settings: Change
) -> None:
    change_settings(receipt_url="https://check.example/?fn={fn}&i={fd}&fp={fp}")
    settle(payment)
    Receipt.record(payment, [ProviderReceipt("r1", GatewayStatus.SUCCEEDED, "9999", "12", "345", clock.now())])
    db.session.commit()
    for htmx in (True, False):
        page = as_patient.get("/profile/payments", htmx=htmx).text
        for words in ("Тариф 1", "2\u00a0500\u00a0₽", "Оплачено", f"Платёж №{payment.id}", doctor.user.name,
                      "ФН 9999, ФД 12, ФП 345", 'href="https://check.example/?fn=9999&amp;i=12&amp;fp=345"',
                      f'href="/profile/payments/{payment.id}/refunds"', "?subject=%D0%9F"):  # fmt: skip
            assert words in one_line(page)
        assert doctor.specialty not in page
        assert ("<html" in page) is not htmx


def test_receipt_without_an_address_is_no_link(as_patient: Browser, payment: Payment) -> None:
    settle(payment)
    Receipt.record(payment, [ProviderReceipt("r1", GatewayStatus.SUCCEEDED, "9999", "12", "345", clock.now())])
    db.session.commit()
    page = as_patient.get("/profile/payments").text
    assert "Чек от" in page
    assert "fn=" not in page


def test_newest_first_a_page_at_a_time(as_patient: Browser, payment: Payment) -> None:
    chat = payment.chat
    settle(payment, GatewayStatus.CANCELLED)
    for _ in range(22):
        settle(begin(chat), GatewayStatus.CANCELLED)
    seen: list[int] = []
    url: str | None = "/profile/payments"
    while url:
        page = as_patient.get(url, htmx="before" in url).text
        seen += map(int, re.findall(r'<li id="payment-(\d+)"', page))
        more = re.search(r'hx-get="([^"]*before=\d+)"', page)
        url = more.group(1) if more else None
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 23


def test_payments_are_for_patients_income_for_doctors(
    as_doctor: Browser, as_patient: Browser, as_stranger: Browser, visitor: Browser, payment: Payment
) -> None:
    assert as_doctor.get("/profile/payments").status_code == 404
    assert as_patient.get("/profile/income").status_code == 404
    assert "Пока нет платежей" in as_stranger.get("/profile/payments").text
    for url in ("/profile/payments", "/profile/income", f"/profile/payments/{payment.id}/refunds"):
        assert visitor.get(url).location.startswith("/login")


# «Вернуть деньги»


@pytest.fixture
def paid(chat: Chat) -> Payment:
    return buy(chat)


def test_refund_request_form_says_the_amount(as_patient: Browser, paid: Payment, doctor: Doctor) -> None:
    url = f"/profile/payments/{paid.id}/refunds"
    assert "сообщений от врача не было" in as_patient.get(url).text
    later(hours=1)
    say(db.session.get_one(Chat, paid.chat_id), doctor.user)
    later(days=12, hours=1)  # two days were left before
    page = as_patient.get(url).text
    fair = db.session.get_one(Payment, paid.id).prorated_refund()
    assert fair < paid.amount
    assert "целые неиспользованные дни" in page
    assert f"{fair // 100 % 1000:03},{fair % 100:02}\u00a0₽" in page


def test_refund_request_waits_for_the_operator_and_is_seen(as_patient: Browser, paid: Payment) -> None:
    reply = as_patient.post(f"/profile/payments/{paid.id}/refunds", {"note": "Передумала"})
    assert (reply.status_code, reply.location) == (303, f"/profile/payments#payment-{paid.id}")
    refund = db.session.scalars(db.select(Refund)).one()
    assert (refund.state, refund.cause, refund.note) == (
        RefundState.REQUESTED,
        RefundReason.REQUESTED_BY_PAYER,
        "Передумала",
    )
    page = as_patient.get("/profile/payments").text
    assert "Вы просите вернуть 2\u00a0500\u00a0₽" in page
    assert f"/profile/payments/{paid.id}/refunds" not in page


def test_second_press_is_the_same_refund_request(as_patient: Browser, paid: Payment) -> None:
    for _ in range(2):
        reply = as_patient.post(f"/profile/payments/{paid.id}/refunds", htmx=True)
        assert reply.headers["HX-Redirect"] == f"/profile/payments#payment-{paid.id}"
    assert len(db.session.scalars(db.select(Refund)).all()) == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_too_long_refund_request_is_shown_again(as_patient: Browser, paid: Payment, htmx: bool) -> None:
    reply = as_patient.post(f"/profile/payments/{paid.id}/refunds", {"note": "я" * 301}, htmx=htmx)
    assert reply.status_code == 422
    assert "длиннее 300 знаков" in reply.text
    assert "я" * 301 in reply.text
    assert db.session.scalars(db.select(Refund)).all() == []


@pytest.mark.parametrize("htmx", [True, False])
def test_unpaid_payment_has_no_refund_request(as_patient: Browser, waiting: Payment, htmx: bool) -> None:
    url = f"/profile/payments/{waiting.id}/refunds"
    assert "возвращать сейчас нечего" in as_patient.get(url).text
    reply = as_patient.post(url, htmx=htmx)
    assert reply.status_code == 409
    assert "возвращать уже нечего" in reply.text


def test_no_unused_days_are_said_before_the_refund_request_form(
    as_patient: Browser, paid: Payment, doctor: Doctor
) -> None:
    later(hours=1)
    say(db.session.get_one(Chat, paid.chat_id), doctor.user)
    later(days=40)
    page = as_patient.get(f"/profile/payments/{paid.id}/refunds").text
    assert "неиспользованных дней не осталось" in page
    assert "Отправить заявку" not in page


def test_stranger_requests_no_refund(as_stranger: Browser, as_doctor: Browser, paid: Payment) -> None:
    for browser in (as_stranger, as_doctor):
        assert browser.get(f"/profile/payments/{paid.id}/refunds").status_code == 404
        assert browser.post(f"/profile/payments/{paid.id}/refunds").status_code == 404
    assert db.session.scalars(db.select(Refund)).all() == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RefundState.SENDING, "Возвращаем 2\u00a0500\u00a0₽"),
        (RefundState.SUCCEEDED, "Возвращено 2\u00a0500\u00a0₽"),
        (RefundState.FAILED, "пока не получилось"),
        (RefundState.DECLINED, "В возврате отказано: Врач ответил"),
    ],
)
def test_refunds_in_words(as_patient: Browser, paid: Payment, state: RefundState, words: str) -> None:
    refund = request_refund(paid)
    refund.state, refund.note, refund.done_at = state, "Врач ответил", clock.now()
    db.session.commit()
    assert words in as_patient.get("/profile/payments").text


# «Доходы»


def test_income_by_months_without_names(as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    first = buy(chat, add_tariff(doctor, price=1000_00))
    first.paid_at = clock.now().replace(year=2020, month=2, day=10)
    buy(chat).refund(500_00, RefundReason.OPERATOR)
    buy(chat, add_tariff(doctor, price=900_00))
    begin(chat)  # not paid
    db.session.commit()
    page = as_doctor.get("/profile/income").text
    for words in ("Февраль 2020", "1\u00a0000\u00a0₽", "2\u00a0платежа", "3\u00a0400\u00a0₽", "−500\u00a0₽",
                  "2\u00a0900\u00a0₽"):  # fmt: skip
        assert words in page
    assert patient.name not in page


def test_failed_refund_is_not_counted_as_returned_income(as_doctor: Browser, chat: Chat) -> None:
    payment = buy(chat)
    refund = payment.refund(1000_00, RefundReason.OPERATOR)
    db.session.commit()
    assert "1\u00a0000\u00a0₽" in as_doctor.get("/profile/income").text
    db.session.get_one(Refund, refund.id).fail("general_decline")
    db.session.commit()
    assert "1\u00a0000\u00a0₽" not in as_doctor.get("/profile/income").text


def test_income_is_ones_own(clinic: Flask, chat: Chat) -> None:
    buy(chat)
    page = Browser(clinic, make_doctor("Орлов Дмитрий").user).get("/profile/income").text
    assert "Пока никто не платил" in page


def test_income_months_turn_in_the_doctors_zone(as_doctor: Browser, chat: Chat, doctor: Doctor) -> None:
    """23:30 of the 31st in London is the 1st in Moscow."""
    payment = buy(chat)
    payment.paid_at = clock.now().replace(year=2020, month=12, day=31, hour=23, minute=30)
    db.session.commit()
    assert "Январь 2021" in as_doctor.get("/profile/income").text


# Both see it in the chat


def test_note_stands_once_for_both_and_the_composer_opens(
    as_patient: Browser, as_doctor: Browser, waiting: Payment
) -> None:
    url = f"/chats/{waiting.chat_id}"
    assert "composer__text" not in as_patient.get(url).text
    settle(waiting)
    settle(waiting)
    for browser in (as_patient, as_doctor):
        page = browser.get(url).text
        assert page.count('<article id="message-') == 1
        assert "Чат продлён до" in page
        assert "composer__text" in page
