"""«Пишу за» with scripts on: what was typed goes along to the other chat, and is no draft of the first one any more."""

from __future__ import annotations

import re

import pytest
from chat_page import bubble, write
from conftest import Visitors
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.long]

MOTHER = "+7 900 000-00-04"
TYPED, BEGUN = "Опять сыпь, уже на руках", "Маша не ест"


def test_words_go_to_the_other_childs_chat_and_a_message_after_them(visitors: Visitors) -> None:
    page = visitors.sign_in(MOTHER)
    field = page.locator(".composer__text")
    masha = _open(page, "Маша")
    field.fill(BEGUN)
    vanya = _open(page, "Ваня")
    field.fill(TYPED)
    page.locator(".writing-for__now").click()
    page.get_by_role("button", name="Маша, 8 месяцев").click()
    expect(page.locator(".writing-for__now")).to_contain_text("Маша, 8 месяцев")
    expect(field).to_have_value(f"{BEGUN}\n{TYPED}")  # after what was begun there
    assert page.url.endswith(masha)  # so that a reload is none of the form
    page.reload()
    expect(field).to_have_value(f"{BEGUN}\n{TYPED}")
    page.goto(vanya)
    expect(page.locator(".writing-for__now")).to_contain_text("Ваня")
    expect(field).to_have_value("")

    write(page, "У Маши прорезался зуб")
    own = page.locator(".message--mine", has_text="прорезался зуб")
    expect(own.locator(".ticks")).to_have_count(1)
    own.get_by_role("link", name="Это про…").click()
    page.get_by_role("button", name="Это про Машу").click()
    page.wait_for_url(re.compile(rf"{re.escape(masha)}\b"))
    expect(bubble(page, "прорезался зуб")).to_have_count(1)
    page.goto(vanya)
    expect(page.locator(".message--note").last).to_contain_text("Сообщение скопировано в другую переписку")


def _open(page: Page, name: str) -> str:
    """The chat about this child from the list; its address."""
    page.goto("/messages")
    page.locator(".row", has_text=name).locator(".row__link").click()
    expect(page.locator(".writing-for__now")).to_contain_text(name)
    expect(page.locator(".composer[novalidate]")).to_be_visible()  # its script keeps what is typed
    return re.sub(r"[?#].*", "", page.url)
