"""What strangers do changes nothing for the owner, and no answer tells them whose account it is."""

from __future__ import annotations

import re
import threading
from itertools import pairwise
from time import monotonic

import pytest
from browser import Browser
from factories import PASSWORD, later
from flask import Flask
from guests import PHONE, make_anna
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import Invitation, Job, JobKind, LoginCode, SecurityEvent, SecurityEventKind, User
from ibolit.services import passwords, weak_passwords


@pytest.fixture
def anna(clinic: Flask) -> User:
    return make_anna()


def post(browser: Browser, url: str, data: dict[str, object], address: str = "127.0.0.1") -> TestResponse:
    return browser.post(url, data, environ_overrides={"REMOTE_ADDR": address})


def code_of(browser: Browser) -> LoginCode:
    with browser.client.session_transaction() as session:
        return db.session.get_one(LoginCode, session["code"])


def wrong(code: LoginCode) -> str:
    return "000000" if code.digits != "000000" else "000001"


# Codes belong to the browser that asked


def test_strangers_guesses_spoil_no_code(clinic: Flask, visitor: Browser, anna: User) -> None:
    post(visitor, "/login/phone", {"phone": PHONE})
    thief = Browser(clinic)
    post(thief, "/login/phone", {"phone": PHONE}, "203.0.113.1")
    for _ in range(6):
        post(thief, "/login/code", {"code": wrong(code_of(thief))}, "203.0.113.1")
    assert post(visitor, "/login/code", {"code": code_of(visitor).digits}).location.startswith("/login/password")


def test_newer_code_of_a_stranger_makes_none_old(clinic: Flask, visitor: Browser, anna: User) -> None:
    post(visitor, "/login/phone", {"phone": PHONE})
    for number in range(3):
        post(Browser(clinic), "/login/phone", {"phone": PHONE}, f"203.0.113.{number}")
    assert post(visitor, "/login/code", {"code": code_of(visitor).digits}).location.startswith("/login/password")


def test_code_of_another_browser_is_named_and_opens_nothing(clinic: Flask, visitor: Browser, anna: User) -> None:
    post(visitor, "/login/phone", {"phone": PHONE})
    other = Browser(clinic)
    post(other, "/login/phone", {"phone": PHONE})
    answer = post(other, "/login/code", {"code": code_of(visitor).digits})
    assert answer.status_code == 422
    assert "Код просили в другом браузере, запросите новый здесь" in answer.text
    assert post(visitor, "/login/code", {"code": code_of(visitor).digits}).status_code == 303


def test_three_live_beside_each_other(clinic: Flask, anna: User) -> None:
    asked = [
        post(Browser(clinic), "/login/phone", {"phone": PHONE}, f"203.0.113.{number}").status_code
        for number in range(4)
    ]
    assert asked == [303, 303, 303, 429]


@pytest.mark.parametrize("same", ["browser", "address"])
def test_of_five_an_hour_one_gets_three(clinic: Flask, anna: User, same: str) -> None:
    browser = Browser(clinic)
    for number in range(4):
        later(minutes=number * 11)
        asker = browser if same == "browser" else Browser(clinic)
        address = "203.0.113.9" if same == "address" else f"203.0.113.{number}"
        answer = post(asker, "/login/phone", {"phone": PHONE}, address)
        assert answer.status_code == (303 if number < 3 else 429)


def test_known_browser_has_codes_of_its_own(clinic: Flask, visitor: Browser, anna: User) -> None:
    post(visitor, "/login", {"login": PHONE, "password": PASSWORD})
    visitor.post("/logout")
    for number in range(7):
        later(minutes=number * 11)
        post(Browser(clinic), "/login/phone", {"phone": PHONE}, f"203.0.113.{number}")
    for _ in range(3):
        assert post(visitor, "/login/phone", {"phone": PHONE}).status_code == 303
        code_of(visitor).spent_at = code_of(visitor).created_at
        db.session.commit()
    assert post(visitor, "/login/phone", {"phone": PHONE}).status_code == 429


def test_link_of_an_invitation_has_codes_of_its_own(clinic: Flask, doctor: object, visitor: Browser) -> None:
    invited = invite(doctor, phone="+79167654321")
    for number in range(6):
        later(minutes=number * 11)
        post(Browser(clinic), "/login/phone", {"phone": "+79167654321"}, f"203.0.113.{number}")
    assert post(visitor, f"/i/{invited.token}", {}).location.startswith("/login/code")


def test_mailed_link_is_no_allowance_for_any_phone(clinic: Flask, doctor: object, anna: User) -> None:
    invited = invite(doctor, email="zoya@example.org")
    for number in range(6):
        later(minutes=number * 11)
        post(Browser(clinic), "/login/phone", {"phone": PHONE}, f"203.0.113.{number}")
    assert post(Browser(clinic), f"/i/{invited.token}", {"phone": PHONE}).status_code == 429


def invite(doctor: object, **contact: str) -> Invitation:
    from ibolit.services.codes import fingerprint

    invited = Invitation.invite(doctor, doctor.user, name="Зоя", **contact)  # type: ignore[arg-type, attr-defined]
    invited.token_hash = fingerprint(invited.token)
    db.session.commit()
    return invited


# Counters that do not talk


def test_number_of_an_account_is_no_login(clinic: Flask, anna: User, visitor: Browser) -> None:
    for _ in range(10):
        post(Browser(clinic), "/login", {"login": str(anna.id), "password": "wrong horse"})
    assert post(visitor, "/login", {"login": PHONE, "password": PASSWORD}).status_code == 303


def test_phone_and_address_do_not_tell_of_each_other(clinic: Flask, anna: User, visitor: Browser) -> None:
    for _ in range(10):
        post(visitor, "/login", {"login": PHONE, "password": "wrong horse"})
    assert post(visitor, "/login", {"login": PHONE, "password": "wrong horse"}).status_code == 429
    assert post(visitor, "/login", {"login": "anna@example.org", "password": "wrong horse"}).status_code == 422
    assert post(visitor, "/login", {"login": "anna@example.org", "password": PASSWORD}).status_code == 303


def tries(clinic: Flask, login: str, count: int) -> list[tuple[int, str]]:
    """Each from an address of its own but for the last five."""
    said = []
    for number in range(count):
        address = f"203.0.113.{min(number, count - 5)}"
        answer = post(Browser(clinic), "/login", {"login": login, "password": "wrong horse"}, address)
        page = re.sub(r'(name="csrf_token"[^>]* value)="[^"]*"', "", answer.text).replace(login, "…")
        said.append((answer.status_code, page))
    return said


def test_slowing_tells_of_no_account(clinic: Flask, anna: User) -> None:
    known, unknown = (tries(clinic, login, 30) for login in (PHONE, "+79160000099"))
    assert [status for status, _ in known].count(429) > 0
    assert known == unknown


# Guessing from many addresses


def test_twenty_wrong_tries_slow_strangers_and_not_a_known_browser(clinic: Flask, visitor: Browser, anna: User) -> None:
    post(visitor, "/login", {"login": PHONE, "password": PASSWORD})
    visitor.post("/logout")
    said = [
        post(
            Browser(clinic), "/login", {"login": PHONE, "password": "wrong horse"}, f"203.0.113.{number % 3}"
        ).status_code
        for number in range(60)
    ]
    assert said.count(422) <= 20 + 3 * 4
    assert said[40:] == [429] * 20
    assert post(visitor, "/login", {"login": PHONE, "password": PASSWORD}, "203.0.113.1").status_code == 303
    fresh = post(Browser(clinic), "/login", {"login": PHONE, "password": PASSWORD}, "198.51.100.7")
    assert fresh.status_code == 303  # the owner at a new place is a stranger, and has tries of his own


def test_owner_learns_of_it_once_a_day(clinic: Flask, anna: User) -> None:
    for number in range(19):
        post(
            Browser(clinic),
            "/login",
            {"login": (PHONE, "anna@example.org")[number % 2], "password": "wrong horse"},
            f"203.0.113.{number}",
        )
    assert db.session.scalars(db.select(SecurityEvent)).all() == []
    for number in range(5):
        post(Browser(clinic), "/login", {"login": PHONE, "password": "wrong horse"}, f"203.0.114.{number}")
    [told] = db.session.scalars(db.select(SecurityEvent)).all()
    assert told.kind is SecurityEventKind.WRONG_PASSWORDS
    assert set(
        db.session.scalars(db.select(Job.kind).where(Job.subject_id == told.id, Job.kind != JobKind.LOGIN_CODE))
    ) == {JobKind.SECURITY_MAIL}


def test_browser_whose_device_was_ended_is_known_no_more(clinic: Flask, visitor: Browser, anna: User) -> None:
    """A thief's: it would go on guessing beside the slow strangers."""
    thief = Browser(clinic)
    post(thief, "/login", {"login": PHONE, "password": PASSWORD})
    post(visitor, "/login", {"login": PHONE, "password": PASSWORD})
    device = re.search(r"/profile/devices/(\d+)/end", visitor.get("/profile/devices").text)
    assert device is not None
    visitor.post(device[0])
    for number in range(24):
        post(Browser(clinic), "/login", {"login": PHONE, "password": "wrong horse"}, f"203.0.113.{number}")
    said = [post(thief, "/login", {"login": PHONE, "password": "wrong horse"}).status_code for _ in range(6)]
    assert said == [422] * 4 + [429] * 2


def test_tries_of_strangers_take_half_a_core_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many at once: one at a time, and after each a rest as long."""
    spans: list[tuple[float, float]] = []

    def slow(_password: str, _hashed: str | None) -> bool:
        began = monotonic()
        threading.Event().wait(0.05)
        spans.append((began, monotonic()))
        return False

    monkeypatch.setattr(passwords, "is_right", slow)
    threads = [threading.Thread(target=passwords.is_right_for_stranger, args=("x", None)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pairs = list(pairwise(spans))
    assert len(spans) == 6
    assert all(after[0] - before[1] >= (before[1] - before[0]) * 0.9 for before, after in pairs)


# Passwords that are guessed first


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("qwerty123", "подбирают первым"), ("Password1", "подбирают первым"), ("йцукен123", "подбирают первым"),
        ("11111111", "подбирают первым"), ("89161234567", "телефона, имени"), ("9161234567", "телефона, имени"),
        ("Соколова", "телефона, имени"), ("соколова12", "телефона, имени"), ("АннаСоколова", "телефона, имени"),
        ("Айболит1", "телефона, имени"), ("short7!", "короче 8"),
    ],
)  # fmt: skip
def test_weak_password_is_refused(clinic: Flask, anna: User, password: str, words: str) -> None:
    answer = Browser(clinic, anna).post("/profile/password", {"current": PASSWORD, "password": password})
    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.parametrize("password", ["кот на окне спит", "Соколова любит чай", "gh7-Kd2-qq", "верёвка и мыло 7"])
def test_pass_phrase_is_welcome(clinic: Flask, anna: User, password: str) -> None:
    answer = Browser(clinic, anna).post("/profile/password", {"current": PASSWORD, "password": password})
    assert answer.location == "/profile/password"


def test_ten_thousand_are_known() -> None:
    assert weak_passwords.is_common("trustno1")
    assert not weak_passwords.is_common("correct horse")
