"""The main ways without a mouse: every stop is seen, shows that it has the focus, and hides beneath no bar."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from chat_page import bubble, open_chat
from conftest import PHONE, Visitors
from live_clinic import PASSWORD
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
MANY = 80  # more stops than any page here has

# Where the focus is: its words, whether it is seen, what shows it, and what lies over its middle.
STOP = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const inside = at.matches('.clip__input') ? at.closest('label') : at;
    const box = inside.getBoundingClientRect();
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(inside);
    const around = getComputedStyle(at.closest('.tariff, .kinds__one, .tick') || inside);
    const clear = color => /rgba\\(.*, 0\\)|transparent/.test(color);
    const ring = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !clear(outlineColor);
    const disc = at.querySelector('.control__disc');
    const shadowed = boxShadow !== 'none' || (disc && getComputedStyle(disc).boxShadow !== 'none');
    const marked = ring || shadowed || around.outlineStyle !== 'none';
    const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
    const points = [0.1, 0.5, 0.9].map(part => document.elementFromPoint(x, box.top + box.height * part));
    const free = points.filter(hit => hit && (inside.contains(hit) || hit.contains(inside))).length;
    const label = at.labels && at.labels[0] ? at.labels[0].textContent : '';
    const name = at.getAttribute('aria-label') || label || at.textContent || at.name;
    return {
        name: name.replace(/\\s+/g, ' ').trim(), id: at.id, tag: at.tagName, marked,
        seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && free > 0,
        y: box.top + scrollY, inside: Boolean(at.closest('[role=dialog]')),
    };
}"""


class Hands:
    """On a keyboard alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def at(self) -> dict[str, object]:
        stop = self.look()
        assert stop is not None, "the focus is nowhere"
        return stop

    def look(self) -> dict[str, object] | None:
        """One look: what is drawn anew between two lets go of the focus, and the next key goes on from there."""
        stop: dict[str, object] | None = self.page.evaluate(STOP)
        if stop is None:
            return None
        assert stop["seen"], f"{stop} is not seen"
        assert stop["marked"], f"{stop} does not show that it has the focus"
        return stop

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def walk_to(self, name: str, key: str = "Tab") -> dict[str, object]:
        """Stop by stop, each of them good, until one is called so."""
        passed = []
        for _ in range(MANY):
            self.press(key)
            stop = self.look()
            if stop is None:
                continue  # past the end of the page, where the browser's own buttons are
            if re.search(name, str(stop["name"])):
                return stop
            passed.append(stop["name"])
        raise AssertionError(f"«{name}» is not among {passed}")

    def round(self) -> list[dict[str, object]]:
        """All stops of the page from here on, until the focus leaves it or comes back."""
        stops: list[dict[str, object]] = []
        for _ in range(MANY):
            self.press("Tab")
            stop = self.look()
            if stop is None:
                return stops
            if stops and stop == stops[0]:
                return stops
            stops.append(stop)
        raise AssertionError(f"no way out: {[stop['name'] for stop in stops[-6:]]}")

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)

    def sign_in(self, phone: str) -> None:
        self.page.goto("/login")
        self.walk_to("Телефон")
        self.type(phone)
        self.walk_to("^Пароль")
        self.type(PASSWORD)
        self.walk_to("Показать пароль")
        self.walk_to("^Войти")
        self.press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)


def follow(page: Page, hands: Hands, address: str) -> None:
    hands.press("Enter")
    page.wait_for_url(re.compile(address))
    page.wait_for_load_state()


def test_patient_from_the_sign_in_to_the_sign_out(visitors: Visitors) -> None:
    page = visitors.open(PHONE)
    hands = Hands(page)
    hands.sign_in(PATIENT)
    page.goto("/doctors")
    _skips_the_tabs(page, hands)
    hands.walk_to("Хасанова")
    follow(page, hands, r"/doctors/\d+$")
    hands.walk_to("Написать сообщение")
    follow(page, hands, r"/chats/\d+")
    _writes(page, hands)
    _opens_the_clip(page, hands)
    _looks_at_tariffs(page, hands)
    _agrees_to_a_consultation(page, hands)
    page.goto("/profile")
    hands.walk_to("^Выйти")
    follow(page, hands, "/login")
    # Of the reason that was not chosen: nothing else was wrong.
    assert [one.rpartition("/")[2] for one in visitors.complaints] == ["cancellation"]


def _skips_the_tabs(page: Page, hands: Hands) -> None:
    assert hands.walk_to("К содержанию")
    hands.press("Enter")
    assert hands.walk_to("что беспокоит")["tag"] == "INPUT"
    hands.type("педиатр")
    expect(page.locator(".doctor-card")).to_have_count(1)
    expect(page.locator("#said")).to_have_text("Найдено: 1")


def _writes(page: Page, hands: Hands) -> None:
    page.locator(".composer__text").wait_for()
    hands.walk_to("Сообщение")
    hands.type("Пишу без мыши")
    hands.walk_to("Отправить")
    hands.press("Enter")
    expect(bubble(page, "Пишу без мыши").locator(".ticks--sent, .ticks--delivered")).to_have_count(1)
    assert hands.at()["id"] == "composer-text"


def _opens_the_clip(page: Page, hands: Hands) -> None:
    hands.walk_to("Прикрепить", "Shift+Tab")
    hands.press("Enter")
    hands.walk_to("Выбрать файлы")
    hands.walk_to("Попросить консультацию")
    hands.press("Enter")
    _is_kept_in_a_sheet(page, hands, "asking-title")
    assert hands.at()["name"] == "Прикрепить файл"  # the menu has closed over what was pressed


def _is_kept_in_a_sheet(page: Page, hands: Hands, title: str) -> None:
    """The focus goes in, round, and out by Escape to where it came from."""
    sheet = page.locator(f".bottom-sheet[aria-labelledby={title}]")
    expect(sheet.locator(":focus")).to_have_count(1)
    for key in ("Tab", "Shift+Tab"):
        for _ in range(12):
            hands.press(key)
            assert page.evaluate("() => Boolean(document.activeElement.closest('.bottom-sheet'))"), hands.at()
    hands.press("Escape")
    expect(sheet).to_have_count(0)


def _looks_at_tariffs(page: Page, hands: Hands) -> None:
    page.goto("/chats/4")
    hands.walk_to("^Продлить")
    hands.press("Enter")
    _is_kept_in_a_sheet(page, hands, "tariffs-title")
    assert hands.at()["name"] == "Продлить"


def _agrees_to_a_consultation(page: Page, hands: Hands) -> None:
    page.goto("/consultations/2")
    hands.walk_to("^Подтвердить")
    hands.press("Enter")
    expect(page.locator(".consultation__state")).to_contain_text("Подтверждена")
    expect(page.locator("#said")).to_contain_text("Подтверждена")
    assert page.evaluate(
        "() => Boolean(document.activeElement.closest('.consultation'))"
    )  # the button is gone, the focus is not
    hands.walk_to("^Ещё")
    hands.press("Enter")
    hands.walk_to("Отменить")
    follow(page, hands, "cancellation$")
    hands.walk_to("Отменить консультацию")
    hands.press("Enter")
    expect(page.locator(".field__error")).to_be_visible()
    expect(page.locator("#said")).to_have_text("Выберите причину.")
    expect(page.locator("fieldset:focus")).to_have_count(1)
    hands.press("Tab", "Space")
    expect(page.locator("[name=reason]:checked:focus")).to_have_count(1)
    hands.walk_to("Отменить консультацию")
    follow(page, hands, r"/consultations/2$")
    expect(page.locator(".consultation__state")).to_contain_text("Отменена")


@pytest.mark.long
def test_doctor_answers_and_proposes(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    page = visitors.open(PHONE)
    hands = Hands(page)
    hands.sign_in(DOCTOR)
    page.goto("/messages")
    hands.walk_to("Соколова")
    follow(page, hands, r"/chats/1")
    open_chat(page, "/chats/1")
    hands.walk_to("К переписке")
    hands.press("Enter")
    hands.walk_to("^Сообщение")
    hands.type("/")
    expect(page.locator(".replies__one[aria-selected=true]")).to_have_count(1)
    hands.press("ArrowDown", "Enter")
    hands.walk_to("Отправить")
    hands.press("Enter")
    expect(page.locator(".message--mine").last).to_contain_text("Измеряйте давление")
    hands.walk_to("^Консультация", "Shift+Tab")
    hands.press("Enter")
    _is_kept_in_a_sheet(page, hands, "proposal-title")
    for address in ("/patients/1", "/practice", "/practice/introduction", "/replies"):
        page.goto(address)
        stops = hands.round()
        assert len(stops) > 10
    no_complaints()


@pytest.mark.long
@pytest.mark.parametrize(
    "address", ["/doctors", "/messages", "/consultations", "/profile", "/profile/password", "/profile/payments"]
)
def test_focus_order_follows_the_layout(visitors: Visitors, address: str) -> None:
    """From the top down; the tabs at the bottom of a phone come first, as they do everywhere."""
    page = visitors.sign_in(PATIENT)
    page.goto(address)
    hands = Hands(page)
    hands.walk_to("К содержанию")
    hands.press("Enter")
    heights = [float(str(stop["y"])) for stop in hands.round() if stop["tag"] != "HTML"]
    below = [later - earlier for earlier, later in pairwise(heights)]
    assert min(below, default=0) > -60, heights
