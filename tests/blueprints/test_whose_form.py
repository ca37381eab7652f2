"""Forms of people whose tools hide Referer, of foreign pages, of second tabs; and HEAD, which answers as GET does."""

from __future__ import annotations

import pytest
from browser import Browser
from factories import PASSWORD
from flask import Flask

from ibolit.models import Chat, User

HTTPS = {"base_url": "https://localhost"}
HERE, ELSEWHERE = "https://localhost", "https://elsewhere.example"


def rename(browser: Browser, headers: dict[str, str]) -> int:
    """Behind https, with the page's own token."""
    token = {"X-CSRFToken": browser.token()}
    answer = browser.open("/profile/name", method="POST", data={"name": "Анна"}, headers=token | headers, **HTTPS)
    return answer.status_code


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"Origin": HERE}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Referer": HERE + "/profile"}, True),
        ({}, True),
        ({"Origin": ELSEWHERE}, False),
        ({"Origin": ELSEWHERE, "Sec-Fetch-Site": "same-origin", "Referer": HERE + "/"}, False),
        ({"Origin": HERE + ".elsewhere.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Referer": ELSEWHERE}, False),
        ({"Origin": "https://["}, False),
    ],
)
def test_browser_says_where_the_form_stood(as_patient: Browser, headers: dict[str, str], is_ours: bool) -> None:
    assert (rename(as_patient, headers) != 400) is is_ours


def test_foreign_form_is_named(as_patient: Browser) -> None:
    headers = {"X-CSRFToken": as_patient.token(), "Origin": ELSEWHERE}
    answer = as_patient.open("/profile/name", method="POST", data={"name": "Анна"}, headers=headers, **HTTPS)
    assert "Форма с чужой страницы" in answer.text


def test_who_keeps_no_cookies_is_told_so(clinic: Flask, patient: User) -> None:
    client = clinic.test_client(use_cookies=False)
    answer = client.post("/login", data={"login": patient.phone, "password": PASSWORD, "csrf_token": "x"})
    assert answer.status_code == 400
    assert "разрешите в его настройках файлы cookie" in answer.text


def test_second_tab_of_who_has_signed_in_leads_home(as_patient: Browser) -> None:
    answer = as_patient.open("/login", method="POST", data={"csrf_token": "of the tab that was opened before"})
    assert (answer.status_code, answer.location) == (303, "/doctors")


@pytest.mark.parametrize("token", ["", "forged"])
def test_old_page_signs_nobody_in(visitor: Browser, patient: User, token: str) -> None:
    visitor.token()
    who = {"login": patient.phone, "password": PASSWORD, "csrf_token": token}
    answer = visitor.open("/login", method="POST", data=who)
    assert answer.status_code == 400
    assert "Страница устарела" in answer.text


@pytest.mark.parametrize("who", ["visitor", "as_patient", "as_doctor"])
def test_head_answers_as_get_does(request: pytest.FixtureRequest, clinic: Flask, chat: Chat, who: str) -> None:
    browser: Browser = request.getfixturevalue(who)
    plain = [rule for rule in clinic.url_map.iter_rules() if "GET" in (rule.methods or ())]
    pages = sorted(str(rule).replace("<int:id>", "1") for rule in plain if "websocket" not in rule.methods)
    pages = [page for page in pages if "<" not in page and page not in ("/live",) and not page.endswith("/signal")]
    assert len(pages) > 40
    for page in pages:
        head, get = browser.open(page, method="HEAD"), browser.open(page, method="GET")
        assert (head.status_code, head.location) == (get.status_code, get.location), page
        assert head.data == b""


def test_search_engines_are_sent_away(visitor: Browser) -> None:
    assert visitor.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
