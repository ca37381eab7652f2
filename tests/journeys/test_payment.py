"""The whole way of money: the time is over, «Продлить», a tariff, the bank, and back to what one was writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from chat_page import backstage, bubble, open_chat
from conftest import DESKTOP_TOO, PHONE, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

from ibolit.extensions import db
from ibolit.models import Chat, ChatState, Payment, PaymentState
from ibolit.services import clock

pytestmark = pytest.mark.journey

PATIENT = "+7 900 000-00-01"
DRAFT = "Доктор, ещё один вопрос про анализы"


def chat_of_anna(live: LiveClinic) -> int:
    """One that will be over as soon as the patient has begun to write; its doctor sells time."""
    with backstage(live):
        chats = db.session.scalars(db.select(Chat).where(Chat.patient_id == 1).order_by(Chat.id)).all()
        chat = next(one for one in chats if one.can_be_prolonged(one.doctor.tariffs))
        chat.open_until = clock.now() + timedelta(hours=2)
        # Who paid minutes ago is asked whether it is meant; what an earlier journey paid was long before.
        for payment in db.session.scalars(db.select(Payment).where(Payment.chat_id == chat.id)):
            payment.paid_at = payment.paid_at and payment.paid_at - timedelta(days=1)
        return chat.id


def write_until_the_time_is_over(page: Page, live: LiveClinic, chat_id: int) -> None:
    open_chat(page, f"/chats/{chat_id}")
    page.fill(".composer__text", DRAFT)
    with backstage(live):
        db.session.get_one(Chat, chat_id).open_until = clock.now() - timedelta(minutes=1)
    page.reload()
    expect(page.locator(".foot__text")).to_have_value(DRAFT)


def go_to_the_bank(page: Page) -> None:
    page.click(".foot >> text=Продлить")
    expect(page.locator(".bottom-sheet")).to_be_visible()
    page.locator(".tariff").first.click()
    page.click(".pay__button")
    page.wait_for_url("**/demo/bank/**")
    expect(page.locator("#warning")).to_contain_text("деньги не списываются")


def newest(live: LiveClinic) -> tuple[PaymentState, ChatState, int]:
    with backstage(live):
        payment = db.session.scalars(db.select(Payment).order_by(Payment.id.desc()).limit(1)).one()
        return payment.state, payment.chat.state, payment.refunded


@pytest.mark.parametrize("size", [pytest.param(PHONE, id="phone"), DESKTOP_TOO])
def test_ended_chat_paid_and_open_with_the_draft(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None], size: dict[str, int]
) -> None:
    chat_id = chat_of_anna(live)
    page = visitors.sign_in(PATIENT, size)
    write_until_the_time_is_over(page, live, chat_id)
    go_to_the_bank(page)
    page.click("text=Оплатить")
    expect(page.locator(".outcome__title")).to_have_text("Оплачено")
    page.click("text=Вернуться в чат")
    expect(page.locator(".composer__text")).to_have_value(DRAFT)
    expect(page.locator(".message", has_text="Чат продлён до").last).to_be_visible()
    page.click(".composer__send")
    expect(bubble(page, DRAFT).last).to_be_visible()
    expect(page.locator(".composer__text")).to_have_value("")
    assert newest(live)[:2] == (PaymentState.SUCCEEDED, ChatState.OPEN)
    no_complaints()


def test_declined_payment_keeps_the_draft_and_may_be_tried_again(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    chat_id = chat_of_anna(live)
    page = visitors.sign_in(PATIENT)
    write_until_the_time_is_over(page, live, chat_id)
    go_to_the_bank(page)
    page.click("text=Отклонить")
    expect(page.locator(".outcome__title")).to_have_text("Оплата не прошла")
    expect(page.locator(".outcome")).to_contain_text("Деньги не списаны")
    assert newest(live)[:2] == (PaymentState.CANCELLED, ChatState.OVER)
    page.click("text=Вернуться в чат")
    expect(page.locator(".foot__text")).to_have_value(DRAFT)
    go_to_the_bank(page)
    page.click("text=Оплатить")
    expect(page.locator(".outcome__title")).to_have_text("Оплачено")
    page.click("text=Вернуться в чат")
    expect(page.locator(".composer__text")).to_have_value(DRAFT)
    no_complaints()


def test_bank_left_by_the_back_button_makes_one_payment(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    chat_id = chat_of_anna(live)
    page = visitors.sign_in(PATIENT)
    write_until_the_time_is_over(page, live, chat_id)
    go_to_the_bank(page)
    bank = page.url
    page.go_back()
    expect(page.locator(".foot__text")).to_have_value(DRAFT)
    page.reload()
    go_to_the_bank(page)
    assert page.url == bank
    page.click("text=Закрыть, не заплатив")
    expect(page.locator(".outcome__title")).to_have_text("Проверяем оплату…")
    no_complaints()


@pytest.mark.long
def test_open_chat_of_another_tab_opens_by_itself(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    chat_id = chat_of_anna(live)
    page = visitors.sign_in(PATIENT)
    write_until_the_time_is_over(page, live, chat_id)
    other = page.context.new_page()
    open_chat(other, f"/chats/{chat_id}")
    expect(other.locator(".foot__closed")).to_be_visible()
    go_to_the_bank(page)
    page.click("text=Оплатить")
    expect(other.locator(".composer__text")).to_have_value(DRAFT)
    no_complaints()
