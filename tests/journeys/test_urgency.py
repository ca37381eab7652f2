"""An emergency on two open screens: asked before it goes, without a network too; marked, told of, and answered."""

from __future__ import annotations

import pytest
from chat_page import bubble, open_chat, write
from conftest import DESKTOP, Visitors
from playwright.sync_api import expect

pytestmark = [pytest.mark.journey, pytest.mark.long]

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
URGENT, SUICIDE = "Сильно давит в груди, трудно дышать", "Не хочу больше жить"


def test_emergency_is_asked_about_marked_and_answered(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    doctor.goto("/messages")
    patient.wait_for_function("() => !!ibolit.urgentWords", timeout=20_000)
    card, field = patient.locator(".composer .urgent"), patient.locator(".composer__text")

    write(patient, "Здравствуйте, колено не болит")
    expect(bubble(patient, "колено не болит")).to_have_count(1)
    expect(card).to_be_hidden()

    write(patient, SUICIDE)
    expect(card).to_contain_text("Похоже на неотложное состояние. Звоните 103 или 112")
    expect(card.locator("a[href='tel:88002000122']")).to_be_visible()
    expect(field).to_have_value(SUICIDE)
    field.fill("Вечером напишу ещё")
    expect(card).to_be_hidden()
    field.fill("")

    write(patient, URGENT)
    expect(card.locator("a[href='tel:103']")).to_be_visible()
    expect(card.locator(".urgent__lines")).to_be_hidden()
    expect(bubble(patient, URGENT)).to_have_count(0)
    card.get_by_role("button", name="Всё равно отправить").click()
    sent = bubble(patient, URGENT)
    expect(sent).to_have_count(1)
    expect(patient.locator(".urgent--sent")).to_contain_text("Врач может прочитать не сразу")
    row = doctor.locator("#chat-1-row")
    expect(row.locator(".row__urgent")).to_have_text("Срочно")
    in_order = "rows => rows.sort((a, b) => a.offsetTop - b.offsetTop).slice(0, 2).map(row => row.id)"
    assert doctor.locator("#chats > li").evaluate_all(in_order) == ["chat-7-row", "chat-1-row"]  # the older one first

    row.locator(".row__link").click()
    expect(doctor.locator(".message__urgent")).to_have_count(1)
    doctor.locator(".composer__templates").click()
    doctor.locator(".replies__one", has_text="Скорая").click()
    expect(doctor.locator(".composer__text")).to_have_value(
        "С такими признаками нужен осмотр сегодня. Вызовите, пожалуйста, 103."
    )
    doctor.locator(".composer__send").click()
    expect(bubble(patient, "Вызовите, пожалуйста, 103")).to_have_count(1)
    expect(doctor.locator("#chat-1-row .row__urgent")).to_have_count(0)

    patient.context.set_offline(True)
    write(patient, "Снова " + URGENT.lower())
    expect(card.locator("a[href='tel:112']")).to_be_visible()
    card.get_by_role("button", name="Всё равно отправить").click()
    expect(bubble(patient, "Снова")).to_have_count(1)
    patient.context.set_offline(False)
    expect(patient.locator(".urgent--sent")).to_have_count(1)
    expect(doctor.locator("#chat-1-row .row__urgent")).to_have_text("Срочно")
