"""A doctor's day: who is unread, an answer from a template, a note, a gift, a photo, a new price seen by a patient."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from chat_page import bubble, open_chat, write
from conftest import DESKTOP, Visitors
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
ANNAS, PYOTRS = "#chat-1-row", "#chat-6-row"
REPLY = "Сейчас на приёме. Отвечу сегодня после 19:00."


def photo() -> bytes:
    file = BytesIO()
    Image.new("RGB", (400, 600), (0, 120, 110)).save(file, "JPEG")
    return file.getvalue()


def test_day_of_a_doctor(visitors: Visitors) -> None:
    doctor, patient = visitors.sign_in(DOCTOR, DESKTOP), visitors.sign_in(PATIENT)
    lists = doctor.context.new_page()
    open_chat(doctor)  # read
    open_chat(doctor, "/chats/6")  # Pyotr's, too
    _who_is_unread(lists, doctor, patient)
    _answers_from_a_template(doctor, patient)
    _writes_a_note_and_gives_days(doctor, patient)
    _writes_before_the_scripts_come(doctor)
    _changes_photo_and_price(doctor, patient)
    # Of the days that were too many, and the price that was no more: nothing else was wrong.
    assert [one.rpartition("/")[2] for one in visitors.complaints] == ["days", "payments"]


def _who_is_unread(lists: Page, doctor: Page, patient: Page) -> None:
    with lists.expect_websocket():
        lists.goto("/messages")
    lists.click("text=Непрочитанные")
    expect(lists).to_have_url(re.compile(r"/messages\?only=unread$"))
    expect(lists.locator("#chats .row")).not_to_have_count(0)
    expect(lists.locator(f"{ANNAS}, {PYOTRS}")).to_have_count(0)
    write(doctor, "Как ваш кашель?")  # to Pyotr: that chat is not unread by it
    open_chat(patient)
    write(patient, "Можно сегодня гулять?")
    expect(lists.locator(ANNAS)).to_contain_text("Можно сегодня гулять?")
    expect(lists.locator(PYOTRS)).to_have_count(0)


def _answers_from_a_template(doctor: Page, patient: Page) -> None:
    open_chat(doctor)
    field, shown = doctor.locator("#composer-text"), doctor.locator(".replies__one:visible")
    field.press_sequentially("/")
    expect(shown).to_have_count(6)  # two of them the clinic's
    doctor.keyboard.press("ArrowDown")
    expect(doctor.locator(".replies__one[aria-selected=true]")).to_contain_text("Давление")
    field.press_sequentially("вечер")
    expect(shown).to_have_count(2)
    doctor.keyboard.press("Enter")
    expect(field).to_have_value(REPLY)
    expect(shown).to_have_count(0)
    doctor.keyboard.press("Enter")
    expect(bubble(patient, REPLY)).to_be_visible()
    field.fill("/нет такого")
    expect(shown).to_have_count(0)
    field.fill("/")
    doctor.click(".replies__one:has-text('Скорая')")
    expect(field).to_have_value(re.compile("Вызовите, пожалуйста, 103"))
    field.fill("")


def _writes_a_note_and_gives_days(doctor: Page, patient: Page) -> None:
    doctor.click(".chat__who")
    expect(doctor).to_have_url(re.compile(r"/patients/1$"))
    with doctor.expect_response("**/note"):  # it may be there before the next word of a slow test
        doctor.fill("#note textarea", "Гуляет каждый день")
        doctor.locator("#note textarea").press("End")
    expect(doctor.locator("#note [data-state]")).to_contain_text("Сохранено")
    doctor.reload()
    expect(doctor.locator("#note textarea")).to_have_value("Гуляет каждый день")
    doctor.fill("#gift input[name=days]", "400")
    doctor.click("text=Подарить дни")
    expect(doctor.locator("#gift .field__error")).to_contain_text("от 1 до 365")
    doctor.fill("#gift input[name=days]", "30")
    doctor.click("text=Подарить дни")
    expect(doctor.locator("#gift .saved")).to_contain_text("Подарено: 30\u00a0дней")
    expect(bubble(patient, "Подарок врача: 30\u00a0дней общения.")).to_be_visible()


def _writes_before_the_scripts_come(doctor: Page) -> None:
    """On a slow line one types as soon as the field is there; nothing more is typed after it."""
    scripts = re.compile(r"\.js")
    doctor.route(scripts, lambda route: None)  # held
    doctor.goto("/patients/1", wait_until="commit")
    doctor.fill("#note textarea", "Гуляет и вечером")
    with doctor.expect_response("**/note"):
        doctor.unroute(scripts)  # lets them come
    expect(doctor.locator("#note [data-state]")).to_contain_text("Сохранено")


def _changes_photo_and_price(doctor: Page, patient: Page) -> None:
    patient.goto("/chats/4/tariffs")  # of another doctor, whose prices stay
    expect(patient.locator(".tariff")).to_have_count(3)
    patient.goto("/chats/1/tariffs")
    doctor.goto("/practice")
    doctor.click("text=Фото")
    doctor.set_input_files("#photo-file", {"name": "я.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    doctor.click("text=Сохранить фото")
    expect(doctor.locator("#photo .saved")).to_contain_text("Фото сохранено")
    assert (
        doctor.locator("#photo .avatar img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 400
    )
    doctor.click(".bar__back")
    expect(doctor.locator("#photo")).to_contain_text("Поставлено")
    doctor.click("#tariffs a")
    doctor.click("#tariffs .kept__one:first-child summary")
    doctor.fill("#tariffs .kept__one:first-child input[name$=price]", "1 100")
    doctor.click("text=Сохранить тариф")
    expect(doctor.locator("#tariffs .kept__one").first).to_contain_text("1\u00a0100\u00a0₽")
    patient.locator(".tariff").first.click()
    patient.click("text=Оплатить")
    expect(patient.locator("#tariffs-error")).to_contain_text("сейчас не продаётся")
    expect(patient.locator(".tariff").first).to_contain_text("1\u00a0100\u00a0₽")
