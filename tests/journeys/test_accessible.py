"""Every screen of every person: WCAG 2.2 AA by axe in both themes, and large letters, little width, no colours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
from accessible import AS_IT_IS, LETTERS, Look
from conftest import PHONE
from flask import Flask
from live_clinic import LiveClinic
from playwright.sync_api import Browser, Page
from screens import SCREENS, door_of, persons, prepare, show, sign_in, signs_in

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def known(live: LiveClinic) -> dict[str, object]:
    return prepare(live)


@pytest.fixture
def page(chromium: Browser, live: LiveClinic) -> Iterator[Page]:
    context = chromium.new_context(
        viewport=PHONE, locale="ru-RU", timezone_id="Europe/Moscow", base_url=live.url, reduced_motion="reduce",
        service_workers="block", permissions=["camera", "microphone"],
    )  # fmt: skip
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("person", persons(), ids=lambda person: person or "nobody")
def test_screen_has_no_accessibility_violations(page: Page, known: dict[str, object], app: Flask, person: str) -> None:
    doors = app.url_map.bind("127.0.0.1")
    found: list[str] = []
    titles: defaultdict[str, set[str]] = defaultdict(set)
    if signs_in(person):
        sign_in(page, person)
    look = Look(page)
    for screen in SCREENS:
        if screen.person != person:
            continue
        show(page, screen, known)
        door = door_of(page.url, doors)
        assert screen.lands in ("", door), (screen.name, page.url)
        if not page.locator(".field__error").count():  # a refused form keeps its page's title at another address
            titles[page.title()].add(door)
        found += [f"{screen.name}: {one}" for one in look.everything(is_whole=screen.pictured)]
    found += [f"{title} is the title of {sorted(doors)}" for title, doors in titles.items() if len(doors) > 1]
    assert not found, f"{len(found)} findings:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("2500", ["«2500»"]),
        ("слово", ["«слово»"]),
        ("https://clinic.example/n/1?token=qnf33rbvfpq-9911_2500", []),  # a token's digits are no sum
    ],
)
def test_words_and_sums_stay_whole_and_addresses_need_not(page: Page, text: str, broken: list[str]) -> None:
    page.set_content(f'<html style="font-size: 106.25%"><p style="width: 1em; word-break: break-all">{text}</p>')
    found = Look(page).dress(PHONE, LETTERS, AS_IT_IS, "whole")
    assert [one.removeprefix("whole: ").split(" ")[0] for one in found] == broken


EACH_OTHER = ["«Включить звук» and «Связь прерывается» lie over each other"]
FLOATING = """<div style="position: absolute; top: 0; left: 0; {}">Связь прерывается</div>
<div style="position: absolute; top: 0; left: 0">Включить звук</div>"""
IN_A_ROOM = """<div style="overflow-y: auto; height: {}">Анализы за ноябрь<br>Проверяем</div>"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (FLOATING.format(""), EACH_OTHER),
        (FLOATING.format("pointer-events: none; z-index: 1"), EACH_OTHER),
        (FLOATING.format("z-index: 1; background: #fff"), []),  # it covers the other, as a panel may
        (IN_A_ROOM.format("2.2em"), ["cuts a line of «Анализы за ноябрьПроверяем»"]),
        (IN_A_ROOM.format("1.5em"), []),
    ],
)  # fmt: skip
def test_words_are_found_that_lie_over_words_or_are_cut_through_the_middle(
    page: Page, body: str, found: list[str]
) -> None:
    page.set_content(f'<html style="font: 106.25%/1.5 sans-serif"><main>{body}</main>')
    told = Look(page).dress(PHONE, LETTERS, AS_IT_IS, "fit")
    assert len(told) == len(found), told
    assert all(one.endswith(end) for one, end in zip(told, found, strict=True)), told
