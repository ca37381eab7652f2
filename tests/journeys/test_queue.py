"""A doctor answers who waits, one after the other: a press that sends, a press on «Следующий»."""

from __future__ import annotations

import pytest
from conftest import DESKTOP, Visitors
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

DOCTOR = "8 900 000 01 01"


def read_queue(page: Page) -> int:
    """How many rows stand in «Ждут ответа», and on its chip."""
    page.goto("/messages?only=waiting")
    expect(page.locator("#chats .row").first).to_be_visible()
    waiting = page.locator("#chats .row").count()
    expect(page.locator("#chip-waiting")).to_have_text(str(waiting))
    return waiting


def test_who_waits_is_answered_in_turn(visitors: Visitors) -> None:
    """By taps on a phone, then by keys on a desktop, where the list is swapped: the page is never loaded anew."""
    phone = visitors.sign_in(DOCTOR)
    waiting = read_queue(phone)
    assert waiting >= 3
    phone.locator(".row__link").first.click()
    expect(phone.locator(".queue-bar")).to_contain_text("Ждёт")
    expect(phone.locator(".chat__bar")).to_be_in_viewport(ratio=1)  # the address leads to a message, the page stays
    first = phone.locator(".chat__name").inner_text()
    phone.fill(".composer__text", "Отвечаю вам")
    phone.click(".composer__send")
    expect(phone.locator(".queue-bar")).to_contain_text(f"Ждут ещё {waiting - 1}")
    phone.click(".queue-bar__action--next")
    expect(phone.locator(".chat__name")).not_to_have_text(first)
    expect(phone.locator(".queue-bar")).to_contain_text("Ждёт")

    desktop = visitors.sign_in(DOCTOR, DESKTOP)
    assert read_queue(desktop) == waiting - 1
    desktop.evaluate("() => { window.isTheSame = true }")
    desktop.locator(".row__link").first.click()
    second = desktop.locator(".chat__name").inner_text()
    desktop.fill(".composer__text", "И вам")
    desktop.keyboard.press("Enter")
    expect(desktop.locator("#chats .row")).to_have_count(waiting - 2)
    expect(desktop.locator(".queue-bar__action--next")).to_be_visible()
    desktop.keyboard.press("Alt+n")
    expect(desktop.locator(".chat__name")).not_to_have_text(second)
    expect(desktop.locator("#chip-waiting")).to_have_text(str(waiting - 2))
    desktop.locator(".queue-bar__action", has_text="Ответ не нужен").click()
    expect(desktop.locator("#chats .row")).to_have_count(waiting - 3)
    assert desktop.evaluate("() => window.isTheSame")
