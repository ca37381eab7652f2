"""The main ways: first entry, two browsers in one chat, a server that dies, a time that ends."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from chat_page import bubble, write
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"


def open_chat(page: Page, name: str) -> None:
    page.goto("/messages")
    page.click(f".row__link:has(.row__name:text('{name}'))")  # another chat may speak of them
    page.wait_for_selector(".chat")


@pytest.mark.parametrize(("scripts", "last"), [(True, "7"), (False, "8")], ids=["with scripts", "without"])
def test_first_entry_by_sms_code_to_the_first_message(
    visitors: Visitors, no_complaints: Callable[[], None], scripts: bool, last: str
) -> None:
    page = visitors.open(java_script_enabled=scripts)
    page.goto("/doctors")
    expect(page.locator("h1")).to_have_text("Вход")
    page.click("text=Первый вход")
    page.fill("[name=phone]", f"8 (916) 555-66-7{last}")
    page.click("text=Получить код")
    expect(page.locator(".bare__lead")).to_contain_text(f"+7 916 555-66-7{last}")
    code = read_code(visitors, f"+7916555667{last}")
    page.fill("[name=code]", code)
    if not scripts:  # six digits go by themselves
        page.click("text=Дальше")
    page.fill("[name=name]", "Зоя Новикова")
    page.fill("[name=password]", "zoya-12345")
    page.click("text=Сохранить и войти")
    page.check("[name=offer]")
    page.check("[name=personal_data]")
    page.click("text=Продолжить")
    # The patient lands on the page that was asked for.
    page.wait_for_url("**/doctors")
    page.fill("[name=q]", "кардиолога")
    page.press("[name=q]", "Enter")
    expect(page.locator(".doctor-card")).to_have_count(1)
    page.click(".doctor-card__link")
    page.click("text=Написать сообщение")
    expect(page.locator(".legal")).to_contain_text("103")
    write(page, "Здравствуйте, можно вопрос?")
    expect(bubble(page, "можно вопрос")).to_have_count(1)
    expect(page.locator(".access-bar")).to_contain_text("Бесплатно до")
    no_complaints()
    if scripts:
        assert [takes_script(page, one) for one in ("https://example.com/x.js", "/files/1", "/sw.js")] == [0, 0, 1]


def takes_script(page: Page, address: str) -> bool:
    """Whether the page lets anybody make a script of what lies there (Trusted Types)."""
    return page.evaluate(
        "src => { try { document.createElement('script').src = src; return true } catch (e) { return false } }", address
    )


def read_code(visitors: Visitors, phone: str) -> str:
    outbox = visitors.open()
    outbox.goto("/demo/outbox")
    while not outbox.locator(".letter", has_text=phone).count():  # the worker sends it in its own time
        outbox.reload()
    text = outbox.locator(".letter", has_text=phone).first.inner_text()
    found = re.search(r"код (\d{6})", text)
    assert found is not None
    assert text.rstrip().endswith(f"@127.0.0.1 #{found.group(1)}")
    return found.group(1)


def test_two_browsers_write_to_each_other(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient, "Иванова")
    doctor.goto("/messages")
    write(patient, "Добрый день! Как анализы?")
    # The doctor's list moves by itself, below the emergency, with the count; the patient learns that it was delivered.
    expect(doctor.locator(".rows .row").first).to_contain_text("Срочно")
    newest = doctor.locator(".rows .row").nth(1)
    expect(newest).to_contain_text("Как анализы?")
    expect(newest.locator(".pill")).to_have_text(re.compile("^2"))
    expect(bubble(patient, "Как анализы").locator(".ticks--delivered")).to_have_count(1)
    newest.locator(".row__link").click()
    expect(bubble(patient, "Как анализы").locator(".ticks--read")).to_have_count(1)
    doctor.locator(".composer__text").press_sequentially("Сейчас")
    expect(patient.locator(".typing")).to_have_text("печатает…")
    doctor.locator(".composer__text").fill("Сейчас посмотрю")
    doctor.keyboard.press("Enter")
    expect(bubble(patient, "Сейчас посмотрю")).to_have_count(1)
    expect(patient.locator(".typing")).to_have_text("")
    expect(bubble(doctor, "Сейчас посмотрю").locator(".ticks--read")).to_have_count(1)
    # A reload shows the same, once; a draft survives leaving.
    patient.fill(".composer__text", "недописанное")
    patient.reload()
    expect(bubble(patient, "Сейчас посмотрю")).to_have_count(1)
    expect(patient.locator(".composer__text")).to_have_value("недописанное")
    no_complaints()


def test_message_arrives_after_the_server_died(visitors: Visitors, live: LiveClinic) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient, "Иванова")
    open_chat(doctor, "Соколова")
    write(doctor, "До обрыва")
    expect(bubble(patient, "До обрыва")).to_have_count(1)
    live.kill()
    expect(patient.locator("#connection")).to_be_visible()
    write(patient, "Во время обрыва")
    expect(bubble(patient, "Во время обрыва")).to_contain_text("Повторить")
    live.start()
    # Both come back by themselves; what was written meanwhile goes out once.
    expect(patient.locator("#connection")).to_be_hidden()
    expect(bubble(doctor, "Во время обрыва")).to_have_count(1)
    expect(bubble(patient, "Во время обрыва")).to_have_count(1)
    expect(bubble(patient, "Во время обрыва").locator(".message__retry")).to_have_count(0)
    write(doctor, "После обрыва")
    expect(bubble(patient, "После обрыва")).to_have_count(1)
    patient.reload()
    expect(bubble(patient, "обрыв")).to_have_count(3)


def test_expired_chat_keeps_the_text_and_offers_to_prolong(
    visitors: Visitors, no_complaints: Callable[[], None]
) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient, "Лебедев")
    expect(patient.locator(".foot")).to_contain_text("Время общения истекло")
    expect(patient.locator(".composer")).to_have_count(0)
    patient.locator(".foot").get_by_text("Продлить").click()
    expect(patient.locator(".tariff")).to_have_count(3)
    expect(patient.locator(".tariffs")).to_contain_text("2 500 ₽")
    no_complaints()


def test_first_entry_without_scripts_is_the_same(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT, java_script_enabled=False)
    patient.goto("/doctors?specialty=Педиатр")
    patient.click(".doctor-card__link")
    patient.click("text=Написать сообщение")
    write(patient, "Пишу без скриптов")
    expect(bubble(patient, "Пишу без скриптов")).to_have_count(1)
    patient.goto("/messages")
    patient.fill("[name=q]", "скрипт")
    patient.click("text=Найти")
    expect(patient.locator(".row")).to_contain_text("Пишу без скриптов")
    patient.goto("/profile")
    patient.locator(".sign-out button").click()
    expect(patient.locator("h1")).to_have_text("Вход")
