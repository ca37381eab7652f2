"""A doctor is away: the patient lets a colleague answer, who answers, and the return shuts the chat again."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from conftest import DESKTOP, Visitors
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.long]

PATIENT, COLLEAGUE, DOCTOR = "+7 900 000-00-01", "8 900 000 01 02", "8 900 000 01 04"


def write(page: Page, words: str) -> None:
    page.fill(".composer__text", words)
    page.click(".composer__send")
    expect(page.locator(".message", has_text=words)).to_be_visible()


def test_colleague_answers_until_the_return(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    patient.goto("/messages")
    patient.click(".row__link:has(.row__name:text('Орлов'))")
    patient.click("text=Пусть ответит Лебедев")
    expect(patient.locator(".stand-in__state").last).to_contain_text(
        "Отвечает Лебедев Михаил Аркадьевич, пока врача нет"
    )

    colleague = visitors.sign_in(COLLEAGUE, DESKTOP)
    chat = urlsplit(patient.url).path
    colleague.goto("/messages")
    colleague.click(f".row__link[href^='{chat}#']")
    write(colleague, "Пришлите фото при дневном свете")
    answer = patient.locator(".message", has_text="Пришлите фото при дневном свете")
    expect(answer.locator(".message__author")).to_have_text("Лебедев Михаил Аркадьевич")
    expect(colleague.locator(".message__author").first).to_have_text("Орлов Дмитрий Викторович")

    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    doctor.goto("/practice/time-off")
    doctor.click("text=Закончить сейчас")
    expect(doctor.locator("#time-off")).to_contain_text("Отсутствие закончено")
    colleague.goto(chat)
    expect(colleague.locator("h1")).to_have_text("Здесь ничего нет")
    doctor.goto(chat)
    expect(doctor.locator(".message", has_text="Пришлите фото при дневном свете")).to_be_visible()
    write(doctor, "Спасибо коллеге, дальше веду я")
    expect(patient.locator(".message", has_text="дальше веду я")).to_be_visible()
