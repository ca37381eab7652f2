"""A network that answers in the clinic's place, or swallows sockets: only the clinic's own answers count."""

from __future__ import annotations

import re

import pytest
from backstage import backstage
from chat_page import bubble, by_form, open_chat, write
from conftest import DESKTOP, Visitors
from gate import Action, Foreign, Gate
from live_clinic import LiveClinic
from playwright.sync_api import Locator, Page, expect

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationState
from ibolit.services import clock

pytestmark = [pytest.mark.journey, pytest.mark.whole]

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
IN_OUR_PLACE = Foreign("<i id='content' data-device='0'>чужое</i><i id='chat-1' data-list='chats'>чужое</i>")


def test_only_the_clinics_answer_is_success(visitors: Visitors, gate: Gate) -> None:
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
    by_form(patient)
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


@pytest.mark.long
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


SLEEP = """is => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => is });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def sleep(page: Page, seconds: int) -> None:
    page.evaluate(SLEEP, True)
    page.clock.fast_forward(seconds * 1000)
    page.evaluate(SLEEP, False)


def open_and_hear(page: Page, address: str) -> None:
    """Ready when its socket has said its first word."""
    heard: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda words: heard.append(words)))
    page.goto(address)
    while not heard:
        page.wait_for_timeout(20)


def answer(live: LiveClinic, text: str) -> None:
    """The doctor writes; no open page hears of it."""
    with backstage(live):
        chat = db.session.get_one(Chat, 1)
        chat.post(chat.doctor.user, text, f"backstage-{text}")


def number_in(badge: Locator) -> int:
    return int(re.match(r"\d+", badge.text_content() or "0")[0])  # type: ignore[index]


@pytest.mark.long
def test_screens_are_true_when_the_network_is_back(visitors: Visitors, live: LiveClinic) -> None:
    lists = visitors.open()
    lists.clock.install()
    lists.goto("/login")
    visitors.enter(lists, PATIENT)
    open_and_hear(lists, "/messages")
    row, badge = lists.locator("#chat-1-row"), lists.locator("#badge")
    before = number_in(badge)
    answer(live, "пока вы спали")
    sleep(lists, 15)
    expect(row).to_contain_text("пока вы спали", timeout=5000)
    expect(badge).to_have_text(re.compile(rf"^{before + 1}\b"), timeout=5000)
    # Nobody slept: the socket has been silent for longer than the clinic ever is.
    answer(live, "в тишине")
    lists.clock.fast_forward(56_000)
    expect(row).to_contain_text("в тишине", timeout=5000)
    # The list of consultations, and a card.
    with backstage(live):
        consultation = db.session.scalars(
            db.select(Consultation).where(Consultation.chat_id == 1, Consultation.starts_at > clock.now())
        ).first()
        assert consultation is not None
        number = consultation.id
    card = lists.context.new_page()
    card.clock.install()
    for page, address in ((lists, "/consultations"), (card, f"/consultations/{number}")):
        open_and_hear(page, address)
    with backstage(live):
        db.session.get_one(Consultation, number).state = ConsultationState.CANCELLED
    for page in (lists, card):
        sleep(page, 15)
        expect(page.locator(f"#consultation-{number}")).to_have_class(
            "card consultation consultation--cancelled", timeout=5000
        )


@pytest.mark.long
def test_socket_that_opens_into_nothing(visitors: Visitors, live: LiveClinic, gate: Gate) -> None:
    """Swallowed at its very opening; and a server that is away is asked again while its page is open."""
    page = visitors.open(base_url=gate.url)
    page.clock.install()
    page.goto("/login")
    visitors.enter(page, PATIENT)
    gate.spoil(Action.SWALLOW, "^/live")
    page.goto("/messages")
    answer(live, "в никуда")
    gate.rules.clear()
    page.clock.fast_forward(16_000)
    expect(page.locator("#chat-1-row")).to_contain_text("в никуда", timeout=5000)
    page.goto("/chats/1")
    gate.spoil(Foreign(status=503), "/messages$", "POST")
    page.fill(".composer__text", "серверу нехорошо")
    page.click(".composer__send")
    failed = page.locator(".message", has_text="серверу нехорошо")
    expect(failed).to_contain_text("Не отправлено")
    gate.rules.clear()
    page.clock.run_for(5000)
    expect(failed.locator(".ticks--sent, .ticks--delivered")).to_have_count(1)
