"""A phone slept, a network swallowed the socket without a word: on return everything is true again, by itself."""

from __future__ import annotations

import re

import pytest
from backstage import backstage
from conftest import Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Locator, Page, expect
from support.gate import Deed, Foreign, Gate

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationState
from ibolit.services import clock

pytestmark = pytest.mark.journey

PATIENT = "+7 900 000-00-01"
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


def test_everything_is_true_on_return(visitors: Visitors, live: LiveClinic) -> None:
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
        talk = db.session.scalars(
            db.select(Consultation).where(Consultation.chat_id == 1, Consultation.starts_at > clock.now())
        ).first()
        assert talk is not None
        number = talk.id
    card = lists.context.new_page()
    card.clock.install()
    for page, address in ((lists, "/consultations"), (card, f"/consultations/{number}")):
        open_and_hear(page, address)
    with backstage(live):
        db.session.get_one(Consultation, number).state = ConsultationState.CANCELLED
    for page in (lists, card):
        sleep(page, 15)
        expect(page.locator(f"#consultation-{number}")).to_have_class("card talk talk--cancelled", timeout=5000)


def test_socket_that_opens_into_nothing(visitors: Visitors, live: LiveClinic, gate: Gate) -> None:
    """Swallowed at its very opening; and a server that is away is asked again while its page is open."""
    page = visitors.open(base_url=gate.url)
    page.clock.install()
    page.goto("/login")
    visitors.enter(page, PATIENT)
    gate.spoil(Deed.SWALLOW, "^/live")
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
