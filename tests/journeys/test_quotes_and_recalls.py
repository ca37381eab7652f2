"""«Ответить» and «Отозвать» on two open phones: a quote survives a tunnel, what was recalled is gone from both."""

from __future__ import annotations

import pytest
from chat_page import bubble, open_chat, write
from conftest import DESKTOP, Visitors
from playwright.sync_api import expect

pytestmark = [pytest.mark.journey, pytest.mark.long]

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"


def test_quote_waits_on_the_device_and_what_is_recalled_goes(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    write(doctor, "Какое у вас давление?")
    asked = bubble(patient, "Какое у вас давление?")
    asked.locator(".message__reply").click()
    quoting = patient.locator(".quoting")
    expect(quoting).to_contain_text("Какое у вас давление?")
    expect(patient.locator(".composer__text")).to_be_focused()

    patient.context.set_offline(True)
    write(patient, "Сто двадцать")
    expect(quoting).to_be_hidden()
    waiting = bubble(patient, "Сто двадцать")
    expect(waiting.locator(".quote")).to_contain_text("Какое у вас давление?")
    patient.context.set_offline(False)
    answer = bubble(doctor, "Сто двадцать")
    expect(answer.locator(".quote__text")).to_have_text("Какое у вас давление?")

    doctor.goto("/patients")  # nobody reads now
    write(patient, "Это не вам")
    mine = patient.locator(".message--mine", has_text="Это не вам")
    mine.get_by_role("button", name="Отозвать").click()
    expect(patient.locator(".message__bubble--recalled")).to_have_count(1)
    expect(bubble(patient, "Это не вам")).to_have_count(0)
    doctor.goto("/chats/1")
    expect(doctor.locator(".message__bubble--recalled")).to_contain_text("Сообщение отозвано")
    expect(bubble(doctor, "Это не вам")).to_have_count(0)

    write(patient, "Теперь вам")
    expect(bubble(doctor, "Теперь вам")).to_have_count(1)
    read = patient.locator(".message--mine", has_text="Теперь вам")
    expect(read.locator(".ticks--read")).to_have_count(1)
    expect(read.get_by_role("button", name="Отозвать")).to_have_count(0)
