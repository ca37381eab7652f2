"""«Требует решения»: what the operator sees, decides once, and leaves in the audit log; nobody else finds the door."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from browser import Browser
from consultation_steps import pay, ready
from factories import PASSWORD, add_tariff, later, make_user, propose, say
from flask import Flask
from payment_steps import begin, buy, request_refund, settle
from reading import one_line, plain

from ibolit.config import current_settings
from ibolit.extensions import db
from ibolit.formatting import day_and_time
from ibolit.models import (
    AlertKind,
    AuditAction,
    AuditEvent,
    Chat,
    Conclusion,
    Consultation,
    Doctor,
    Payment,
    PaymentAlert,
    Receipt,
    Refund,
    RefundReason,
    RefundState,
    Role,
    User,
)
from ibolit.services import clock
from ibolit.services.payments import GatewayStatus, ProviderReceipt, RefusalReason


@pytest.fixture
def operator(clinic: Flask) -> User:
    return make_user("Оператор Ольга", Role.OPERATOR)


@pytest.fixture
def as_operator(clinic: Flask, operator: User) -> Browser:
    return Browser(clinic, operator)


@pytest.fixture
def paid(chat: Chat) -> Payment:
    return buy(chat)


@pytest.fixture
def requested(paid: Payment) -> Refund:
    return request_refund(paid)


@pytest.fixture
def failed(paid: Payment) -> Refund:
    refund = paid.refund(2500_00, RefundReason.OPERATOR)
    refund.fail("general_decline")
    db.session.commit()
    return refund


def now(refund: Refund) -> Refund:
    return db.session.get_one(Refund, refund.id, populate_existing=True)


def acts() -> list[AuditAction]:
    return list(db.session.scalars(db.select(AuditEvent.action).order_by(AuditEvent.id)))


# Who is let in


DOORS = [
    ("GET", ""),
    ("POST", "/payments/search"),
    ("GET", "/payments/1"),
    ("POST", "/payments/1/refunds"),
    ("POST", "/refunds/1/approval"),
    ("POST", "/refunds/1/refusal"),
    ("POST", "/refunds/1/repeat"),
    ("POST", "/refunds/1/otherwise"),
    ("POST", "/alerts/1/closing"),
]


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_others_find_nothing(
    as_patient: Browser,
    as_doctor: Browser,
    as_stranger: Browser,
    visitor: Browser,
    requested: Refund,
    method: str,
    path: str,
) -> None:
    letter: dict[str, object] = {"amount": "10", "note": "Так", "expected": 250000}
    for browser in (as_patient, as_doctor, as_stranger):
        for htmx in (True, False):
            go = browser.get if method == "GET" else browser.post
            more = {} if method == "GET" else {"data": letter}
            assert go(f"/operator{path}", htmx=htmx, **more).status_code == 404
    out = visitor.get(f"/operator{path}") if method == "GET" else visitor.post(f"/operator{path}", letter)
    assert out.location.startswith("/login")
    assert now(requested).state is RefundState.REQUESTED


def test_sign_in_leads_to_what_must_be_decided(visitor: Browser, operator: User) -> None:
    answer = visitor.post("/login", {"login": operator.phone, "password": PASSWORD})
    assert answer.location == "/operator"


def test_tabs_of_the_operator(as_operator: Browser) -> None:
    page = as_operator.get("/operator").text
    assert re.findall(r'class="tabs__word[^>]*>([^<]+)', page) == ["Решения", "Профиль"]
    assert "Платежи" not in as_operator.get("/profile").text


def test_operator_reads_no_chat(as_operator: Browser, chat: Chat) -> None:
    assert as_operator.get(f"/chats/{chat.id}").status_code == 404
    assert as_operator.get(f"/chats/{chat.id}/messages?after=0").status_code == 404
    assert as_operator.get(f"/chats/{chat.id}/tariffs").status_code == 404


# The list


def test_list_says_who_how_much_why_and_until_when(as_operator: Browser, requested: Refund, patient: User) -> None:
    page = as_operator.get("/operator").text
    for words in (f"Платёж №{requested.payment_id}", "2\u00a0500\u00a0₽", patient.name, "Пациент просит",
                  "«Передумала»", "Решить до", 'value="2\u00a0500"'):  # fmt: skip
        assert words in page
    event = db.session.scalars(db.select(AuditEvent)).one()
    assert (event.action, event.first, event.last) == (
        AuditAction.REFUNDS_LISTED,
        requested.payment_id,
        requested.payment_id,
    )


def test_amount_mismatch_is_explained(as_operator: Browser, chat: Chat) -> None:
    settle(begin(chat), amount=2400_00)
    page = as_operator.get("/operator").text
    assert "2\u00a0400\u00a0₽ вместо 2\u00a0500\u00a0₽" in page
    assert "то, что заказано, будет дано" in page


def test_nothing_to_decide(as_operator: Browser, paid: Payment) -> None:
    assert "Сейчас решать нечего" in as_operator.get("/operator").text


# Deciding


@pytest.mark.parametrize("htmx", [True, False])
def test_approval_sends_the_money(as_operator: Browser, requested: Refund, operator: User, htmx: bool) -> None:
    answer = as_operator.post(
        f"/operator/refunds/{requested.id}/approval", {"amount": "2 500", "confirmed": 2500_00}, htmx=htmx
    )
    assert answer.status_code == (200 if htmx else 303)
    refund = now(requested)
    assert (refund.state, refund.amount, refund.decided_by) == (RefundState.SENDING, 2500_00, operator.id)
    assert acts() == [AuditAction.REFUND_APPROVED]
    if htmx:
        assert "Деньги возвращаются." in answer.text
        assert f'id="refund-{requested.id}"' in answer.text
    else:
        assert "Деньги возвращаются." in as_operator.get(answer.location).text


def test_another_amount_may_be_approved(as_operator: Browser, requested: Refund) -> None:
    typed: dict[str, object] = {"amount": "1000,50", "confirmed": 1000_50, "note": "Половина"}
    as_operator.post(f"/operator/refunds/{requested.id}/approval", typed, htmx=True)
    assert (now(requested).amount, now(requested).note) == (1000_50, "Половина")


@pytest.mark.parametrize("htmx", [True, False])
def test_refund_amount_is_said_back_before_it_is_sent(
    as_operator: Browser, requested: Refund, patient: User, htmx: bool
) -> None:
    """«1500» for «150»: whoever reads his own number again sees it."""
    url = f"/operator/refunds/{requested.id}/approval"
    answer = as_operator.post(url, {"amount": "1 500", "note": "Половина"}, htmx=htmx)
    assert answer.status_code == 200
    for words in (
        "Вернуть 1\u00a0500\u00a0₽?",
        f"Деньги получит {patient.name}.",
        'value="150000"',
        'value="Половина"',
    ):
        assert words in answer.text
    assert (now(requested).state, acts().count(AuditAction.REFUND_APPROVED)) == (RefundState.REQUESTED, 0)
    changed = as_operator.post(url, {"amount": "150", "confirmed": 1500_00}, htmx=htmx)
    assert "Вернуть 150\u00a0₽?" in changed.text  # another sum is another question
    as_operator.post(url, {"amount": "150", "confirmed": 150_00}, htmx=htmx)
    assert (now(requested).state, now(requested).amount) == (RefundState.SENDING, 150_00)


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("", "Введите сумму."),
        ("сто", "Введите сумму в рублях"),
        ("0", "Введите сумму в рублях"),
        ("-5", "Введите сумму в рублях"),
        ("1,005", "Введите сумму в рублях"),
        ("1.500", "Введите сумму в рублях"),
        ("1e3", "Введите сумму в рублях"),
        ("2500,01", "Вернуть можно не больше 2\u00a0500\u00a0₽."),
        ("99999999", "Вернуть можно не больше 2\u00a0500\u00a0₽."),
    ],
)
def test_wrong_refund_amount_is_said_at_its_field(
    as_operator: Browser, requested: Refund, amount: str, words: str, htmx: bool
) -> None:
    answer = as_operator.post(f"/operator/refunds/{requested.id}/approval", {"amount": amount}, htmx=htmx)
    assert answer.status_code == 422
    error = re.search(rf'id="refund-{requested.id}-amount-error">.*?<span>([^<]+)', answer.text, re.DOTALL)
    assert error is not None
    assert error.group(1).startswith(words)
    assert ("<html" in answer.text) is not htmx
    assert now(requested).state is RefundState.REQUESTED
    assert AuditAction.REFUND_APPROVED not in acts()


@pytest.mark.parametrize("htmx", [True, False])
def test_refusal_needs_words_the_patient_reads(
    as_operator: Browser, as_patient: Browser, requested: Refund, htmx: bool
) -> None:
    url = f"/operator/refunds/{requested.id}/refusal"
    answer = as_operator.post(url, {"note": " "}, htmx=htmx)
    assert answer.status_code == 422
    assert "Напишите причину отказа" in answer.text
    as_operator.post(url, {"note": "Врач ответил в тот же день"}, htmx=htmx)
    assert now(requested).state is RefundState.DECLINED
    assert acts()[-1:] == [AuditAction.REFUND_DECLINED]
    assert "В возврате отказано: Врач ответил в тот же день" in as_patient.get("/profile/payments").text


def test_declined_amount_mismatch_opens_the_chat(as_operator: Browser, chat: Chat) -> None:
    payment = settle(begin(chat), amount=2400_00)
    refund = payment.refunds[0]
    as_operator.post(f"/operator/refunds/{refund.id}/refusal", {"note": "Зачтено"}, htmx=True)
    assert db.session.get_one(Payment, payment.id).applied_at is not None


@pytest.mark.parametrize("htmx", [True, False])
def test_failed_refund_is_retried(as_operator: Browser, failed: Refund, htmx: bool) -> None:
    page = as_operator.get("/operator").text
    assert "Банк не принял возврат: карта или счёт, с которых платили, могут быть закрыты." in page
    assert "Пока не вернулось 2\u00a0500\u00a0₽" in page
    key, same = failed.key, {"amount": "2500", "confirmed": 2500_00}
    as_operator.post(f"/operator/refunds/{failed.id}/repeat", same, htmx=htmx)
    assert now(failed).state is RefundState.SENDING
    assert now(failed).key != key
    assert acts()[-1:] == [AuditAction.REFUND_REPEATED]


@pytest.mark.parametrize("htmx", [True, False])
def test_partial_retry_leaves_the_remainder_in_the_list(as_operator: Browser, failed: Refund, htmx: bool) -> None:
    door, part = f"/operator/refunds/{failed.id}/repeat", {"amount": "1000"}
    asked = as_operator.post(door, part, htmx=htmx)
    assert (asked.status_code, "Вернуть 1\u00a0000\u00a0₽?" in asked.text) == (200, True)
    assert now(failed).state is RefundState.FAILED
    as_operator.post(door, part | {"confirmed": 1000_00}, htmx=htmx)
    assert (now(failed).state, now(failed).amount) == (RefundState.SENDING, 1000_00)
    left = now(failed).payment.refunds[-1]
    assert (left.state, left.amount, left.payment.refunded) == (RefundState.FAILED, 1500_00, 2500_00)
    assert "Пока не вернулось 1\u00a0500\u00a0₽" in as_operator.get("/operator").text


@pytest.mark.parametrize("sum_", ["0", "", "2500,01", "много"])
def test_failed_refund_is_not_retried_with_an_impossible_amount(
    as_operator: Browser, failed: Refund, sum_: str
) -> None:
    answer = as_operator.post(f"/operator/refunds/{failed.id}/repeat", {"amount": sum_}, htmx=True)
    assert (answer.status_code, "field__error" in answer.text) == (422, True)
    assert now(failed).state is RefundState.FAILED


@pytest.mark.parametrize("htmx", [True, False])
def test_refund_out_of_band_is_audited_and_told(
    as_operator: Browser, as_patient: Browser, failed: Refund, htmx: bool
) -> None:
    door = f"/operator/refunds/{failed.id}/otherwise"
    wrong = as_operator.post(door, {"note": "Наличными в кассе", "receipt": " "}, htmx=htmx)
    assert wrong.status_code == 422
    for words in ("Введите номер чека возврата.", 'value="Наличными в кассе"'):
        assert words in wrong.text
    assert now(failed).state is RefundState.FAILED
    told = {"note": "Наличными в кассе", "receipt": "0017"}
    for _ in range(2):
        as_operator.post(door, told, htmx=htmx)
    assert (now(failed).state, now(failed).payment.refunded) == (RefundState.OUT_OF_BAND, 2500_00)
    assert acts()[-1:] == [AuditAction.REFUND_OTHERWISE]
    assert acts().count(AuditAction.REFUND_OTHERWISE) == 1
    assert "Сейчас решать нечего" in as_operator.get("/operator").text
    assert "Чек №0017" in as_patient.get("/profile/payments").text
    desk = as_operator.get(f"/operator/payments/{failed.payment_id}").text
    assert "вернули иначе" in desk
    for page in (as_patient.get("/profile/payments").text, desk):
        assert "Деньги возвращены" in page


REASONS = ["insufficient_funds", "general_decline", "rejected_by_payee", "yoo_money_account_closed", "invalid_request",
           "not_found", "gone", "key_taken", "too_many_refunding_articles", ""]  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_no_word_of_the_bank_stands_in_english(
    as_operator: Browser, as_patient: Browser, failed: Refund, reason: str
) -> None:
    now(failed).reason = reason
    db.session.commit()
    pages = [as_operator.get("/operator"), as_operator.get(f"/operator/payments/{failed.payment_id}")]
    for page in (*pages, as_patient.get("/profile/payments")):
        assert page.status_code == 200
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", re.sub(r"<[^>]*>", " ", page.text))


@pytest.mark.parametrize("second", ["approval", "refusal", "repeat"])
def test_refund_decided_once_is_audited_once(as_operator: Browser, requested: Refund, second: str) -> None:
    first = as_operator.post(
        f"/operator/refunds/{requested.id}/approval", {"amount": "100", "confirmed": 100_00}, htmx=True
    )
    assert first.status_code == 200
    again = as_operator.post(f"/operator/refunds/{requested.id}/{second}", {"amount": "200", "note": "Нет"}, htmx=True)
    assert again.status_code == 200
    assert "Деньги возвращаются." in again.text
    assert (now(requested).state, now(requested).amount) == (RefundState.SENDING, 100_00)
    assert acts() == [AuditAction.REFUND_APPROVED]


def test_unknown_refund_and_payment_are_404(as_operator: Browser) -> None:
    for path in ("refunds/9/approval", "refunds/9/refusal", "refunds/9/repeat", "payments/9/refunds"):
        assert as_operator.post(f"/operator/{path}", {"amount": "1", "note": "a"}).status_code == 404
    assert as_operator.get("/operator/payments/9").status_code == 404


# A payment by its number


@pytest.mark.parametrize("typed", ["{}", " {} ", "№{}", "№ {}"])
def test_payment_is_found_by_its_number(as_operator: Browser, paid: Payment, patient: User, typed: str) -> None:
    answer = as_operator.post("/operator/payments/search", {"q": typed.format(paid.id)})
    assert (answer.status_code, answer.location) == (303, f"/operator/payments/{paid.id}")
    page = as_operator.get(answer.location).text
    for words in (patient.name, "2\u00a0500\u00a0₽", "Оплачено", paid.provider_id):
        assert words is not None
        assert words in page
    assert acts() == [AuditAction.PAYMENT_READ]


@pytest.mark.every_case
@pytest.mark.parametrize("words", ["Соколова", "анна сокол", "+7916", "2500", "2 500,00 ₽"])
def test_payments_are_found_by_person_and_sum(as_operator: Browser, paid: Payment, patient: User, words: str) -> None:
    words = patient.phone if words == "+7916" else words
    page = as_operator.post("/operator/payments/search", {"q": words}).text
    assert f'href="/operator/payments/{paid.id}"' in page
    assert patient.name in page
    assert acts() == [AuditAction.PAYMENTS_FOUND]
    assert as_operator.post("/operator/payments/search", {"q": "Орлова"}).status_code == 404


def test_decisions_are_counted_and_come_in_pages(
    as_operator: Browser, chat: Chat, requested: Refund, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = request_refund(buy(chat, add_tariff(chat.doctor, price=900_00)))
    monkeypatch.setattr("ibolit.blueprints.operator.views.PAGE", 1)
    page = as_operator.get("/operator").text
    assert "Ждут решения: 2" in page
    assert f'id="refund-{requested.id}"' in page
    assert f'id="refund-{second.id}"' not in page
    assert f'href="/operator?after={requested.id}"' in page
    assert f'id="refund-{second.id}"' in as_operator.get(f"/operator?after={requested.id}").text


def words(html: str) -> str:
    return plain(re.sub(r"<[^>]*>", " ", html)).replace(" ,", ",").replace(" .", ".").replace(" :", ":")


def test_decision_names_doctor_purchase_and_what_was_done(
    as_operator: Browser, requested: Refund, doctor: Doctor
) -> None:
    chat = requested.payment.chat
    until = day_and_time(requested.payment.opened_until, current_settings.clinic_timezone)
    shown = f"Врач: {doctor.user.name} Куплено: Тариф 1, 30 дней, 2 500 ₽ Сделано: переписка открыта до {until}"
    pages = ("/operator", f"/operator/payments/{requested.payment_id}")
    page = words(as_operator.get("/operator").text)
    assert plain(f"{shown}, осталось 30 полных дней из 30; сообщений от врача после оплаты нет") in page
    later(days=3)
    for text in ("Добрый день", "Как вы?"):
        say(chat, doctor.user, text)
    say(chat, chat.patient, "Хорошо")
    for address in pages:
        page = words(as_operator.get(address).text)
        assert plain("осталось 28 полных дней из 30; от врача после оплаты 2 сообщения") in page
        assert doctor.user.name in page
        assert "Добрый день" not in page
        assert doctor.specialty not in page


def test_decision_about_a_consultation_says_what_became_of_it(as_operator: Browser, chat: Chat) -> None:
    consultation = propose(chat, starts_at=clock.now() + timedelta(minutes=16), price=100_00)
    payment = pay(consultation)
    later(minutes=16)
    ready(consultation, consultation.patient, consultation.doctor.user)
    consultation.end(consultation.doctor.user)
    db.session.commit()
    request_refund(db.session.get_one(Payment, payment.id))
    page = words(as_operator.get("/operator").text)
    assert re.search(r"Сделано: консультация [^:]+:\d\d \(МСК\): состоялась, заключения пока нет", page)
    Conclusion.give(db.session.get_one(Consultation, consultation.id), "Отдыхайте.", "client-0001", seen=0)
    db.session.commit()
    assert "состоялась, заключение отправлено" in words(as_operator.get("/operator").text)


def test_found_payments_and_alerts_name_the_doctor(as_operator: Browser, paid: Payment, doctor: Doctor) -> None:
    PaymentAlert.open(AlertKind.RECEIPT_UNREGISTERED, paid)
    db.session.commit()
    for page in (as_operator.get("/operator"), as_operator.post("/operator/payments/search", {"q": "2500"})):
        assert plain(f"Врач: {doctor.user.name} Куплено: Тариф 1, 30 дней, 2 500 ₽") in words(page.text)


# The provider's codes (yookassa.ru/developers/payment-acceptance/after-the-payment: declined-payments, refunds)


PAYMENT_CODES = [
    "3d_secure_failed", "call_issuer", "canceled_by_merchant", "card_expired", "country_forbidden",
    "deal_expired", "expired_on_capture", "expired_on_confirmation", "fraud_suspected", "general_decline",
    "identification_required", "insufficient_funds", "internal_timeout", "invalid_card_number", "invalid_csc",
    "issuer_unavailable", "payment_method_limit_exceeded", "payment_method_restricted", "permission_revoked",
    "unsupported_mobile_operator",
]  # fmt: skip
REFUND_CODES = [
    "general_decline", "insufficient_funds", "rejected_by_payee", "rejected_by_timeout",
    "yoo_money_account_closed", "payment_article_number_not_found", "payment_basket_id_not_found",
    "payment_tru_code_not_found", "some_articles_already_refunded", "too_many_refunding_articles",
]  # fmt: skip


def test_every_documented_code_is_a_sentence(clinic: Flask) -> None:
    named = {
        "payments": (PAYMENT_CODES, "REASONS"),
        "operator": (REFUND_CODES + [str(one) for one in RefusalReason if one != "not_due"], "REFUND_REASONS"),
    }
    for file, (codes, table) in named.items():
        known = getattr(clinic.jinja_env.get_template(f"macros/{file}.html").module, table)
        assert [code for code in codes if not re.search("[а-я]", known.get(code, ""))] == []


def test_code_that_nobody_knows_is_named_to_the_clinic_alone(
    as_operator: Browser, as_patient: Browser, chat: Chat, paid: Payment
) -> None:
    refund = paid.refund(100_00, RefundReason.OPERATOR)
    refund.fail("moon_phase")
    db.session.commit()
    unpaid = settle(begin(chat), GatewayStatus.CANCELLED, reason="mars_phase")
    assert "причину он назвал кодом «moon_phase»" in words(as_operator.get("/operator").text)
    page = words(as_operator.get(f"/operator/payments/{unpaid.id}").text)
    assert "Пациенту сказано: «Банк отменил оплату." in page
    assert "Причину банк назвал кодом «mars_phase»" in page
    assert "_phase" not in as_patient.get("/profile/payments").text


def test_receipt_leads_to_where_it_is_seen(
    as_operator: Browser, paid: Payment, change_settings: Callable[..., None]
) -> None:
    Receipt.record(paid, [ProviderReceipt("r1", GatewayStatus.SUCCEEDED, "9999", "12", "345", clock.now())])
    db.session.commit()
    assert "ФН 9999, ФД 12, ФП 345" in as_operator.get(f"/operator/payments/{paid.id}").text
    change_settings(receipt_url="https://check.example/?fn={fn}&i={fd}&fp={fp}")
    page = one_line(as_operator.get(f"/operator/payments/{paid.id}").text)
    assert re.search(r'<a href="https://check.example/\?fn=9999&amp;i=12&amp;fp=345"[^>]*>Чек от', page)


@pytest.mark.every_case
@pytest.mark.parametrize("number", ["", "x", "!!!", "+7", "99", "9" * 40, "-1", "²"])
def test_unknown_number_is_said_at_its_field(as_operator: Browser, paid: Payment, number: str) -> None:
    answer = as_operator.post("/operator/payments/search", {"q": number})
    assert answer.status_code == 404
    assert 'id="q-error"' in answer.text


def give(browser: Browser, payment: Payment, htmx: bool = True, **more: object):  # type: ignore[no-untyped-def]
    letter: dict[str, object] = {"amount": "500", "confirmed": 500_00, "note": "Сбой связи", "expected": 2500_00}
    return browser.post(f"/operator/payments/{payment.id}/refunds", letter | more, htmx=htmx)


@pytest.mark.parametrize("htmx", [True, False])
def test_partial_refund_has_a_reason(as_operator: Browser, paid: Payment, operator: User, htmx: bool) -> None:
    assert give(as_operator, paid, htmx).status_code == (200 if htmx else 303)
    refund = db.session.scalars(db.select(Refund)).one()
    assert (refund.amount, refund.cause, refund.note) == (500_00, RefundReason.OPERATOR, "Сбой связи")
    assert refund.decided_by == operator.id
    assert acts() == [AuditAction.REFUND_MADE]


@pytest.mark.parametrize("htmx", [True, False])
def test_partial_refund_is_said_back_before_it_is_sent(
    as_operator: Browser, paid: Payment, patient: User, htmx: bool
) -> None:
    answer = give(as_operator, paid, htmx, confirmed="")
    assert answer.status_code == 200
    assert "Вернуть 500\u00a0₽?" in answer.text
    assert f"Деньги получит {patient.name}." in answer.text
    assert 'value="Сбой связи"' in answer.text
    assert db.session.scalars(db.select(Refund)).all() == []


def test_double_click_refunds_once(as_operator: Browser, paid: Payment) -> None:
    give(as_operator, paid)
    again = give(as_operator, paid)
    assert again.status_code == 422
    assert "только что возвращали" in again.text
    assert 'name="expected" value="200000"' in again.text
    assert [one.amount for one in db.session.scalars(db.select(Refund))] == [500_00]
    assert give(as_operator, paid, expected=2000_00).status_code == 200
    assert acts() == [AuditAction.REFUND_MADE] * 2


@pytest.mark.every_case
@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [{"amount": "x"}, {"amount": ""}, {"amount": "2500,01"}, {"note": ""}, {"expected": "x"}, {"note": "я" * 301}],
)
def test_nonsense_refunds_nothing(as_operator: Browser, paid: Payment, wrong: dict[str, object], htmx: bool) -> None:
    answer = give(as_operator, paid, htmx, **wrong)
    assert answer.status_code == 422
    assert "field--wrong" in answer.text
    assert db.session.scalars(db.select(Refund)).all() == []
    assert acts() == []


def test_unpaid_payment_is_not_refunded(as_operator: Browser, chat: Chat) -> None:
    payment = begin(chat)
    assert 'name="amount"' not in as_operator.get(f"/operator/payments/{payment.id}").text
    assert give(as_operator, payment, expected=0).status_code == 422
