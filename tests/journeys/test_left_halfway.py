"""What is under way when a page is left, reloaded or closed: files that were sent, words that are being spoken."""

from __future__ import annotations

import os
import re

import pytest
from chat_page import bubble, open_chat
from conftest import DESKTOP, Visitors
from playwright.sync_api import Dialog, Page, expect
from support.gate import Deed, Gate

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"


def attach(page: Page, name: str) -> None:
    page.click(".clip__button")
    lines = "\n".join(os.urandom(40).hex() for _ in range(7_500))  # more than a piece
    chosen = {"name": name, "mimeType": "text/plain", "buffer": lines.encode()}
    page.locator(".clip__choice:visible .clip__input").last.set_input_files(chosen)


def press_send(page: Page, gate: Gate, name: str, words: str) -> None:
    """On a line that takes everything and carries nothing."""
    gate.spoil(Deed.SWALLOW, "/uploads")
    attach(page, name)
    page.fill(".composer__text", words)
    page.click(".composer__send:visible")
    expect(page.locator(".tray__pending")).to_contain_text("Отправим, когда файлы загрузятся")


def test_send_that_was_pressed_is_kept(visitors: Visitors, gate: Gate) -> None:
    patient, doctor = visitors.sign_in(PATIENT, base_url=gate.url), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    open_chat(patient)
    # She goes to the list: it says so, and sends it.
    press_send(patient, gate, "первый.txt", "первая подпись")
    patient.click(".bar__back")
    unsent = patient.locator("#chat-1-row .row__unsent")
    expect(unsent).to_have_text("Не отправлено")
    gate.be_well()
    expect(bubble(doctor, "первая подпись")).to_contain_text("первый.txt")
    expect(unsent).to_have_count(0)
    # She reloads the page.
    open_chat(patient)
    expect(patient.locator(".composer__text")).to_have_value("")
    press_send(patient, gate, "второй.txt", "вторая подпись")
    patient.reload()
    expect(patient.locator(".tray__pending")).to_be_visible()
    expect(patient.locator(".composer__text")).to_have_value("вторая подпись")
    gate.be_well()
    expect(bubble(doctor, "вторая подпись")).to_contain_text("второй.txt")
    expect(patient.locator(".tray__item")).to_have_count(0)
    # She closes the app, and is asked; the next day she opens another page of it.
    press_send(patient, gate, "третий.txt", "третья подпись")
    asked: list[str] = []
    patient.on("dialog", lambda dialog: _stay(dialog, asked))
    patient.close(run_before_unload=True)
    expect(patient.locator(".tray__pending")).to_be_visible()
    while not asked:
        patient.wait_for_timeout(50)
    assert asked == ["beforeunload"]
    patient.close()
    tomorrow = visitors.contexts[0].new_page()
    gate.be_well()
    tomorrow.goto("/doctors")
    expect(bubble(doctor, "третья подпись")).to_contain_text("третий.txt")
    # What was taken back is a draft again.
    open_chat(tomorrow)
    press_send(tomorrow, gate, "четвёртый.txt", "четвёртая подпись")
    tomorrow.click("text=Не отправлять")
    tomorrow.click(".bar__back")
    gate.be_well()
    open_chat(tomorrow)
    expect(tomorrow.locator(".tray__item--done")).to_have_count(1)
    expect(tomorrow.locator(".composer__text")).to_have_value("четвёртая подпись")
    for words in ("первая", "вторая", "третья"):
        expect(bubble(doctor, f"{words} подпись")).to_have_count(1)
    expect(bubble(doctor, "четвёртая подпись")).to_have_count(0)


def _stay(dialog: Dialog, asked: list[str]) -> None:
    asked.append(dialog.type)
    dialog.dismiss()


def test_what_was_spoken_is_kept(visitors: Visitors, gate: Gate) -> None:
    patient, doctor = visitors.sign_in(PATIENT, base_url=gate.url), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    open_chat(patient, "/chats/1")
    voices = doctor.locator(".message .voice").count()
    heard = patient.locator(".recorder__time")
    # Left in the middle, by a link and by a reload.
    for leave in (lambda: patient.click(".bar__back"), lambda: patient.reload()):
        patient.click(".composer__voice")
        expect(heard).to_have_text("0:03")
        other = patient.context.new_page()
        open_chat(other)
        expect(other.locator(".composer__voice")).to_be_visible()
        expect(other.locator(".composer--recorded")).to_have_count(0)  # it is still being spoken
        other.close()
        leave()
        open_chat(patient)
        expect(patient.locator(".composer--recorded")).to_have_count(1)
        expect(heard).to_have_text(re.compile("0:0[2-9]"))
        expect(patient.locator(".recorder__hint")).to_have_text("Прослушайте и отправьте")
        patient.click(".recorder__delete")
        expect(patient.locator(".composer--recorded")).to_have_count(0)
    # Finished and sent on a dead line, then left.
    patient.click(".composer__voice")
    expect(heard).to_have_text("0:02")
    gate.spoil(Deed.SWALLOW, "/uploads")
    patient.click(".composer__voice")
    patient.click(".recorder__send")
    expect(patient.locator(".recorder__hint")).to_have_text("Отправляем…")
    patient.click(".bar__back")
    expect(patient.locator("#chat-1-row .row__unsent")).to_have_text("Не отправлено")
    gate.be_well()
    expect(doctor.locator(".message .voice")).to_have_count(voices + 1)
    open_chat(patient)
    expect(patient.locator(".composer--recorded")).to_have_count(0)
