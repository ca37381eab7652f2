"""Whatever a network does to two people with three tabs: every message arrives once, all screens agree."""

from __future__ import annotations

import re
import time
from random import Random

import pytest
from backstage import backstage
from chat_page import bubble, open_chat
from conftest import DESKTOP, Visitors
from gate import Action, Foreign, Gate
from live_clinic import LiveClinic
from playwright.sync_api import Error, Page, expect

from ibolit.extensions import db
from ibolit.models import ChatMember, Message

pytestmark = [pytest.mark.journey, pytest.mark.long]

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
STEPS = 40
ACTIONS = (
    Action.REFUSE,
    Action.SWALLOW,
    Action.LOSE,
    Foreign(),
    Foreign(status=503),
    Foreign(status=502, version="this"),
)
WHERE = ("", "^/live", "/messages$", r"/messages\?", "^/messages")
DRAFT = "не отправлять"
SEND = """text => {
    var field = document.querySelector('.composer__text'), draft = field.value;
    function type(words) { field.value = words; field.dispatchEvent(new Event('input')); }
    type(text);
    document.querySelector('.composer__send').click();
    type(draft);
}"""


class Network:
    """Two people, each behind a gate of their own; what they write is noted."""

    def __init__(self, visitors: Visitors, live: LiveClinic, gates: list[Gate], seed: int) -> None:
        self.random = Random(seed)
        self.mark, self.live, self.gates = f"[{seed}]", live, gates
        self.written: dict[str, list[str]] = {"patient": [], "doctor": []}
        patient = visitors.sign_in(PATIENT, base_url=gates[0].url)
        doctor = visitors.sign_in(DOCTOR, DESKTOP, base_url=gates[1].url)
        self.lists = patient.context.new_page()
        self.pages: dict[str, Page] = {"patient": patient, "doctor": doctor}
        for page in self.pages.values():
            open_chat(page)
            page.fill(".composer__text", DRAFT)
        self.lists.goto("/messages")

    def step(self) -> None:
        actions = (self.spoil, self.spoil, self.heal, self.write, self.write, self.write, self.reload)
        self.random.choice(actions)()

    def spoil(self) -> None:
        self.random.choice(self.gates).spoil(self.random.choice(ACTIONS), self.random.choice(WHERE))

    def heal(self) -> None:
        gate = self.random.choice(self.gates)
        gate.rules.clear()
        if self.random.random() < 0.5:
            gate.cut()

    def write(self) -> None:
        who = self.random.choice(sorted(self.pages))
        if self.pages[who].locator(".composer__text").count():
            text = f"{self.mark} {who} {len(self.written[who])}."
            self.written[who].append(text)
            self.pages[who].evaluate(SEND, text)

    def reload(self) -> None:
        page = self.pages[self.random.choice(sorted(self.pages))]
        try:
            page.goto("/chats/1", timeout=1000)
        except Error:  # no network
            page.goto("about:blank")

    def get_well(self) -> None:
        for gate in self.gates:
            gate.be_well()
        for page in self.pages.values():
            if not page.locator(".composer__text").count():
                page.goto("/chats/1")

    def is_true_everywhere(self) -> None:
        wanted = self.written["patient"] + self.written["doctor"]
        for page in self.pages.values():
            expect(bubble(page, self.mark)).to_have_count(len(wanted))
            expect(page.locator(".message--waiting")).to_have_count(0)
            expect(page.locator(".composer__text")).to_have_value(DRAFT)
        texts = self.stored()
        assert sorted(texts) == sorted(wanted)
        for who, mine in self.written.items():
            assert [text for text in texts if who in text] == mine
        for page in self.pages.values():
            assert page.locator(".message__text", has_text=self.mark).all_text_contents() == texts
        if texts:
            expect(self.lists.locator("#chat-1-row")).to_contain_text(texts[-1])
        self.agrees_on_the_badge()

    def agrees_on_the_badge(self) -> None:
        """An open chat tells the clinic what was read, so both numbers may still move."""
        badge, end = self.lists.locator("#badge"), time.monotonic() + 15
        while int(re.match(r"\d+", badge.text_content() or "")[0]) != (unread := self.unread()):  # type: ignore[index]
            assert time.monotonic() < end, f"{unread} in the database, {badge.text_content()} on the page"
            self.lists.wait_for_timeout(200)

    def unread(self) -> int:
        with backstage(self.live):
            of_hers = db.select(ChatMember).where(ChatMember.user_id == 1, ChatMember.unread > 0)
            return len(db.session.scalars(of_hers).all())

    def stored(self) -> list[str]:
        with backstage(self.live):
            of_chat = db.select(Message.text).where(Message.chat_id == 1).order_by(Message.seq)
            return [text for text in db.session.scalars(of_chat) if text and text.startswith(self.mark)]


@pytest.mark.parametrize("seed", range(12))
def test_every_message_arrives_once(visitors: Visitors, live: LiveClinic, gate: Gate, seed: int) -> None:
    gates = [gate, Gate(live.port)]
    try:
        network = Network(visitors, live, gates, seed)
        for _ in range(STEPS):
            network.step()
        network.get_well()
        network.is_true_everywhere()
    finally:
        gates[1].stop()
