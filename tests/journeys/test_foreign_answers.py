"""What answers in the clinic's place: a filter, a hotel, a page of repairs. Nothing of it is believed."""

from __future__ import annotations

import re

import pytest
from chat_page import bubble, open_chat, write
from conftest import DESKTOP, Visitors
from playwright.sync_api import expect
from support.gate import Foreign, Gate

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
IN_OUR_PLACE = Foreign("<i id='content' data-device='0'>чужое</i><i id='chat-1' data-list='chats'>чужое</i>")


def test_only_our_own_answer_is_success(visitors: Visitors, gate: Gate) -> None:
    patient, doctor = visitors.sign_in(PATIENT, base_url=gate.url), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    # A part of the chat is replaced at its first use: it is not kept, and the next page has its own.
    patient.wait_for_function("navigator.serviceWorker.controller !== null")
    gate.spoil(Foreign(mimetype="text/javascript"), r"/assets/chat\.")
    open_chat(patient)
    gate.be_well()
    open_chat(patient)
    expect(patient.locator("html")).to_have_class(re.compile(r"\bmodern\b"))
    # A message, and what the chat and the list ask for.
    gate.spoil(IN_OUR_PLACE, r"^/(chats|messages)", "POST")
    gate.spoil(IN_OUR_PLACE, r"/messages\?", "GET")
    write(patient, "через фильтр")
    expect(bubble(patient, "через фильтр")).to_contain_text("Не отправлено")
    with patient.expect_response("**/messages?after=*"):
        patient.evaluate("dispatchEvent(new Event('online'))")
    expect(patient.get_by_text("чужое")).to_have_count(0)
    expect(bubble(patient, "через фильтр")).to_contain_text("Не отправлено")
    expect(patient.locator("h1")).to_contain_text("Иванова")
    gate.be_well()
    expect(bubble(doctor, "через фильтр")).to_have_count(1)
    expect(bubble(patient, "через фильтр").locator(".ticks--read, .ticks--delivered")).to_have_count(1)
    # What htmx asks for.
    patient.goto("/messages")
    gate.spoil(IN_OUR_PLACE, "^/messages/search")
    patient.fill("[name=q]", "фильтр")
    expect(patient.locator("#notices")).to_contain_text("Нет связи")
    expect(patient.get_by_text("чужое")).to_have_count(0)
    gate.be_well()
    patient.fill("[name=q]", "через фильтр")
    expect(patient.locator(".found, .row").first).to_contain_text("фильтр")


def test_filter_takes_no_doctors_note(visitors: Visitors, gate: Gate) -> None:
    doctor = visitors.sign_in(DOCTOR, DESKTOP, base_url=gate.url)
    doctor.goto("/chats/1")
    doctor.click(".chat__who")
    note = doctor.locator("form[data-behaviour=autosave]")
    gate.spoil(Foreign(), "/note", "POST")
    note.locator("textarea").fill("Не отменять бета-блокатор")
    expect(note.locator("[data-state]")).to_contain_text("нет связи")
    doctor.reload()
    expect(note.locator("textarea")).to_have_value("Не отменять бета-блокатор")
    gate.be_well()
    expect(note.locator("[data-state]")).to_contain_text("Сохранено")
