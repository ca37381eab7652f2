"""Long lists: where the next page begins is read from an address, and an address may say anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from browser import Browser
from factories import attach, make_chat, make_doctor, make_user, propose, say
from flask import Flask
from payment_steps import buy

from ibolit.models import Chat, Doctor, User
from ibolit.web.pagination import decode_cursor, encode_cursor, split_page

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
BAD = ["", "x", "~", "~x", "x~1", "1-1", "nan~1", "1e9~1", "-1~-1", "²~²", "~1\x00", "0~0", "9" * 16 + "~" + "9" * 18]
BAD += ["9" * 30, f"{'9' * 30}~1", f"1~{'9' * 30}", "9" * 5000]


def test_place_is_read_as_it_was_marked() -> None:
    assert decode_cursor(encode_cursor(NOON, 17)) == (NOON, 17)
    assert encode_cursor(None, 17) == "~17"


@pytest.mark.parametrize("words", [*BAD[:11], *BAD[13:], "~17"])
def test_what_no_page_has_said_is_no_place(words: str) -> None:
    assert decode_cursor(words) is None


def test_page_is_cut_from_one_row_more() -> None:
    assert split_page([], 2) == ([], None)
    assert split_page([1, 2], 2) == ([1, 2], None)
    assert split_page([1, 2, 3], 2) == ([1, 2], 2)


@pytest.fixture
def full(chat: Chat, patient: User, doctor: Doctor) -> Chat:
    """Something in every list."""
    buy(chat)
    propose(chat)
    say(chat, patient, "", files=[attach(chat, patient)])
    return chat


@pytest.mark.every_case
@pytest.mark.parametrize("before", BAD)
def test_no_address_breaks_a_list(as_patient: Browser, as_doctor: Browser, full: Chat, before: str) -> None:
    chat, consultations = f"/chats/{full.id}", f"/patients/{full.patient_id}/consultations"
    of_both = ["/messages", "/consultations", chat, f"{chat}/messages", f"{chat}/files"]
    places = [(as_patient, url) for url in (*of_both, "/doctors", "/profile/payments")]
    places += [(as_doctor, url) for url in (*of_both, "/patients", consultations, "/invitations")]
    of_doctor = as_doctor.get("/messages", htmx=True, query_string={"only": "waiting", "before": before})
    urgent = as_doctor.get("/messages", htmx=True, query_string={"only": "waiting", "before": f"urgent~{before}"})
    assert of_doctor.status_code == urgent.status_code == 200
    for browser, url in places:
        answer = browser.get(url, htmx=True, query_string={"before": before, "after": before})
        assert answer.status_code in (200, 204, 404), url


@pytest.mark.parametrize("url", ["/messages", "/consultations", "/patients"])
def test_place_in_anothers_list_shows_ones_own(clinic: Flask, full: Chat, url: str) -> None:
    """It says where, not whose."""
    other = make_doctor("Лебедев Михаил")
    theirs = make_chat(make_user("Посторонний Пётр"), other, days_left=2)
    say(theirs, theirs.patient)
    place = encode_cursor(NOON + timedelta(days=36_500), theirs.id)
    page = Browser(clinic, full.doctor.user).get(url, query_string={"before": place}).text
    assert theirs.patient.name not in page
    assert (full.patient.name in page) is (url != "/consultations")  # there one pages in what is past
