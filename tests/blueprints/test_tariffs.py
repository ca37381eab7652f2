"""«Продлить» and the press on «Оплатить»: who may, what it costs, and that two presses are one payment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from browser import Browser
from factories import add_tariff, make_chat, make_doctor
from reading import one_line

from ibolit.extensions import db
from ibolit.formatting import day_of
from ibolit.models import AccessMode, Chat, Doctor, Job, JobKind, Payment, PaymentState, User
from ibolit.models.people import OFFER
from ibolit.services import Services, clock
from ibolit.services.payments import (
    GatewayOutcomeUnknown,
    GatewayRefused,
    GatewayStatus,
    Order,
    ProviderPayment,
    RefusalReason,
)

Change = Callable[..., None]


@pytest.fixture
def closed(patient: User, doctor: Doctor) -> Chat:
    return make_chat(patient, doctor, days_left=-1)


def payments() -> list[Payment]:
    db.session.expire_all()
    return list(db.session.scalars(db.select(Payment).order_by(Payment.id)))


def buy(browser: Browser, chat: Chat, tariff_id: object = None, *, htmx: bool = False):  # type: ignore[no-untyped-def]
    tariff_id = tariff_id or db.session.get_one(Chat, chat.id).doctor.tariffs[0].id
    return browser.post(f"/chats/{chat.id}/payments", {"tariff_id": tariff_id}, htmx=htmx)


# What is shown


def test_sheet_over_the_chat_and_page_without_htmx(as_patient: Browser, closed: Chat) -> None:
    sheet = as_patient.get(f"/chats/{closed.id}/tariffs", htmx=True).text
    assert 'role="dialog"' in sheet
    assert "<html" not in sheet
    page = as_patient.get(f"/chats/{closed.id}/tariffs").text
    assert 'role="dialog"' not in page
    assert f'action="/chats/{closed.id}/payments"' in page


@pytest.mark.parametrize("days_left", [-1, 10])
def test_end_is_told_from_the_later_of_now_and_the_present_end(
    as_patient: Browser, patient: User, doctor: Doctor, days_left: int
) -> None:
    chat = make_chat(patient, doctor, days_left=days_left)
    end = clock.now() + timedelta(days=30 + max(days_left, 0))
    page = as_patient.get(f"/chats/{chat.id}/tariffs").text
    assert f"чат будет открыт до {day_of(end, patient.zone)}".replace(" ", "") in re.sub(r"\s", "", page)


def test_usual_one_is_chosen_already(as_patient: Browser, closed: Chat, doctor: Doctor) -> None:
    usual = add_tariff(doctor, price=6000_00, is_recommended=True)
    page = as_patient.get(f"/chats/{closed.id}/tariffs").text
    assert re.findall(r'value="(\d+)"[^>]* checked', page) == [str(usual.id)]


def test_what_the_law_wants_to_be_said_before(as_patient: Browser, closed: Chat, change_settings: Change) -> None:
    change_settings(
        clinic_legal_name="ООО «Пример»", clinic_inn="7707083893", clinic_ogrn="1027700132195", clinic_licence="Л041-1"
    )
    page = as_patient.get(f"/chats/{closed.id}/tariffs").text
    for words in ("ООО «Пример»", "ИНН 7707083893", "ОГРН 1027700132195", "Лицензия: Л041-1", "/documents/offer"):
        assert words in page
    for words in ("первичный диагноз", "вернём все деньги", "целые неиспользованные дни", "принимаете условия"):
        assert words in page


def test_doctor_sees_his_tariffs_and_no_button(as_doctor: Browser, closed: Chat) -> None:
    page = as_doctor.get(f"/chats/{closed.id}/tariffs").text
    assert "2\u00a0500\u00a0₽" in page
    assert "Оплатить" not in page
    assert 'name="tariff_id"' not in page


def test_chat_leads_to_the_sheet(as_patient: Browser, closed: Chat) -> None:
    page = one_line(as_patient.get(f"/chats/{closed.id}").text)
    assert page.count(f'hx-get="/chats/{closed.id}/tariffs" hx-target="#sheet"') == 1  # below; the bar is hidden
    assert page.count('id="sheet"') == 1


# The press


def test_press_leads_to_the_bank(as_patient: Browser, closed: Chat, patient: User) -> None:
    answer = buy(as_patient, closed, htmx=True)
    (payment,) = payments()
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, payment.page)
    assert payment.page.startswith("/demo/bank/")
    assert (payment.state, payment.amount, payment.days) == (PaymentState.WAITING, 2500_00, 30)
    assert (payment.offer_version, payment.payer_id) == (OFFER.version, patient.id)


def test_press_without_htmx_leads_to_a_page_of_ours(as_patient: Browser, closed: Chat) -> None:
    """The policy's form-action lets no form end at a foreign site."""
    answer = buy(as_patient, closed)
    (payment,) = payments()
    assert (answer.status_code, answer.location) == (303, f"/payments/{payment.id}")
    assert f'href="{payment.page}">Перейти к оплате' in as_patient.get(answer.location).text


def test_double_click_and_two_tabs_are_one_payment(as_patient: Browser, closed: Chat, services: Services) -> None:
    pages = {buy(as_patient, closed, htmx=True).headers["HX-Redirect"] for _ in range(3)}
    assert len(pages) == len(payments()) == 1


def test_the_bank_is_asked_outside_a_transaction(
    as_patient: Browser, closed: Chat, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, seen = services.payments.create, []

    def look(order: Order) -> ProviderPayment:
        seen.append((db.session().in_transaction(), [one.id for one in payments()]))
        db.session.rollback()
        return create(order)

    monkeypatch.setattr(services.payments, "create", look)
    buy(as_patient, closed)
    assert seen == [(False, [1])]


@pytest.mark.parametrize("htmx", [True, False])
def test_unknown_outcome_is_left_to_the_job(
    as_patient: Browser, closed: Chat, services: Services, monkeypatch: pytest.MonkeyPatch, htmx: bool
) -> None:
    def hang(_order: Order) -> ProviderPayment:
        raise GatewayOutcomeUnknown("timeout")

    monkeypatch.setattr(services.payments, "create", hang)
    answer = buy(as_patient, closed, htmx=htmx)
    (payment,) = payments()
    assert payment.state is PaymentState.CREATED
    assert (answer.headers.get("HX-Redirect") or answer.location) == f"/payments/{payment.id}"
    assert Job.pending(JobKind.PAYMENT) == {payment.id}
    assert "Создаём оплату…" in as_patient.get(f"/payments/{payment.id}").text


@pytest.mark.parametrize("htmx", [True, False])
def test_refused_by_the_bank_says_so_and_keeps_the_choice(
    as_patient: Browser, closed: Chat, services: Services, monkeypatch: pytest.MonkeyPatch, htmx: bool
) -> None:
    def refuse(_order: Order) -> ProviderPayment:
        raise GatewayRefused(RefusalReason.INVALID_REQUEST)

    monkeypatch.setattr(services.payments, "create", refuse)
    answer = buy(as_patient, closed, htmx=htmx)
    assert answer.status_code == 409
    assert "Оплату создать не получилось, деньги не списаны" in answer.text
    assert ("<html" in answer.text) is not htmx
    assert [one.state for one in payments()] == [PaymentState.CANCELLED]
    monkeypatch.undo()
    assert buy(as_patient, closed, htmx=True).status_code == 200


def test_return_address_is_the_public_one(
    as_patient: Browser, closed: Chat, services: Services, change_settings: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(public_url="https://chat.example.ru")
    create, told = services.payments.create, []
    monkeypatch.setattr(services.payments, "create", lambda order: told.append(order.return_url) or create(order))
    buy(as_patient, closed)
    assert told == [f"https://chat.example.ru/payments/return/{payments()[0].token}"]


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(("tariff_id", "status"), [("", 422), ("x", 422), ("999", 409), ("9" * 30, 409)])
def test_nothing_chosen_or_not_sold(as_patient: Browser, closed: Chat, tariff_id: str, status: int, htmx: bool) -> None:
    answer = as_patient.post(f"/chats/{closed.id}/payments", {"tariff_id": tariff_id}, htmx=htmx)
    assert answer.status_code == status
    assert ("Выберите тариф." if status == 422 else "сейчас не продаётся") in answer.text
    assert 'aria-describedby="tariffs-error"' in answer.text
    assert payments() == []


def test_tariffs_of_others_and_hidden_ones_are_not_sold(as_patient: Browser, closed: Chat, doctor: Doctor) -> None:
    foreign = make_doctor("Орлов Дмитрий").tariffs[0]
    hidden = add_tariff(doctor, hidden=True)
    for tariff in (foreign, hidden):
        assert buy(as_patient, closed, tariff.id).status_code == 409
    assert payments() == []


@pytest.mark.parametrize("why", ["unlimited", "hidden"])
def test_nothing_is_sold_where_nothing_can_be_given(
    as_patient: Browser, closed: Chat, doctor: Doctor, why: str
) -> None:
    if why == "hidden":
        db.session.get_one(Doctor, doctor.id).hidden = True
    else:
        db.session.get_one(Chat, closed.id).access = AccessMode.UNLIMITED
    db.session.commit()
    assert buy(as_patient, closed).status_code == 409
    assert payments() == []


def test_only_the_patient_of_the_chat_pays(
    as_doctor: Browser, as_stranger: Browser, visitor: Browser, closed: Chat
) -> None:
    assert buy(as_doctor, closed).status_code == 403
    assert buy(as_stranger, closed).status_code == 404
    assert buy(visitor, closed).location.startswith("/login")
    assert buy(visitor, closed, htmx=True).headers["HX-Redirect"].startswith("/login")
    assert payments() == []


def test_another_tariff_is_another_payment(as_patient: Browser, closed: Chat, doctor: Doctor) -> None:
    other = add_tariff(doctor, price=900_00, days=7)
    buy(as_patient, closed)
    buy(as_patient, closed, other.id)
    assert sorted(one.amount for one in payments()) == [900_00, 2500_00]


def test_answer_about_another_payment_is_a_doubt(
    as_patient: Browser, closed: Chat, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is believed; the job asks again."""

    def confuse(order: Order) -> ProviderPayment:
        return ProviderPayment("foreign", GatewayStatus.SUCCEEDED, order.amount, "RUB", number=order.number + 1)

    monkeypatch.setattr(services.payments, "create", confuse)
    assert buy(as_patient, closed).status_code == 303
    (payment,) = payments()
    assert (payment.state, payment.provider_id, payment.paid) == (PaymentState.CREATED, None, 0)
    assert payment.id in Job.pending(JobKind.PAYMENT)
    db.session.commit()
