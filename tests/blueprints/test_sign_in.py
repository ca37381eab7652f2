"""The entrance with a password, and the exit."""

from __future__ import annotations

import re
import unicodedata

import pytest
from browser import Browser
from factories import PASSWORD, later, make_chat, make_user, say
from flask import Flask
from guests import make_anna
from queries import Queries
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, Chat, Device, Doctor, LimitKind, RateLimitHit, User
from ibolit.services import passwords


def sign_in(browser: Browser, login: str, password: str = PASSWORD, to: str = "") -> TestResponse:
    return browser.post("/login" + (f"?next={to}" if to else ""), {"login": login, "password": password})


def acts() -> list[AuditAction]:
    return list(db.session.scalars(db.select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.fixture
def anna(clinic: Flask) -> User:
    return make_anna()


@pytest.mark.parametrize(
    "login", ["+79161234567", "8 (916) 123-45-67", "9161234567", "anna@example.org", " Anna@Example.ORG ",
     "+8 916 123-45-67", "\u202a+7\u00a0916 123\u201045\u201067\u202c", "＋７９１６１２３４５６７", "anna＠example.org"]
)  # fmt: skip
def test_phone_or_email_opens_the_door(visitor: Browser, anna: User, login: str) -> None:
    answer = sign_in(visitor, login)
    assert (answer.status_code, answer.location) == (303, "/doctors")
    assert anna.name in visitor.get("/profile").text
    assert acts() == [AuditAction.SIGNED_IN]


@pytest.mark.parametrize("first", ["Мой пароль ёжик", unicodedata.normalize("NFD", "Мой пароль ёжик")])
@pytest.mark.parametrize("then", ["Мой пароль ёжик", unicodedata.normalize("NFD", "Мой\u00a0пароль ёжик")])
def test_password_set_on_one_system_opens_on_another(visitor: Browser, anna: User, first: str, then: str) -> None:
    anna.password_hash = passwords.hash_password(first)
    db.session.commit()
    assert sign_in(visitor, anna.phone, then).status_code == 303


def test_front_door_leads_in_or_home(visitor: Browser, as_patient: Browser) -> None:
    assert visitor.get("/").location == "/login"
    assert as_patient.get("/").location == "/doctors"
    assert as_patient.get("/login").location == "/doctors"


def test_who_has_chats_comes_in_to_them(visitor: Browser, anna: User, doctor: Doctor) -> None:
    """Also when all of it is read."""
    say(make_chat(anna, doctor), anna)
    assert sign_in(visitor, anna.phone).location == "/messages"


def test_sign_in_leads_where_one_was_going(visitor: Browser, anna: User) -> None:
    asked = visitor.get("/doctors?q=%D0%B0%D0%BD&specialty=x")
    assert asked.status_code == 303
    page = visitor.get(asked.location)
    assert page.status_code == 200
    answer = visitor.post(asked.location, {"login": anna.phone, "password": PASSWORD})
    assert answer.location == "/doctors?q=%D0%B0%D0%BD&specialty=x"


def test_links_of_the_page_keep_the_way(visitor: Browser) -> None:
    page = visitor.get("/login?next=/messages").text
    assert "/login/phone?next=/messages" in page
    assert "next=/messages" in visitor.get("/login/phone?next=/messages&why=forgot").text


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil.example", "/%0D/evil",
     "/%0A/evil.example", "javascript:alert(1)", "evil.example", "/a%5C..%5C", "%20//evil.example", "/%00/evil"],
)  # fmt: skip
def test_foreign_addresses_are_not_followed(visitor: Browser, anna: User, to: str) -> None:
    assert sign_in(visitor, anna.phone, to=to).location == "/doctors"


def test_doctor_and_who_has_news_begin_with_messages(visitor: Browser, clinic: Flask, chat: Chat) -> None:
    patient, doctor = db.session.get_one(User, chat.patient_id), db.session.get_one(Doctor, chat.doctor_id)
    assert sign_in(visitor, doctor.user.phone).location == "/messages"
    say(chat, doctor.user, "Как вы?")
    assert sign_in(Browser(clinic), patient.phone).location == "/messages"


@pytest.mark.parametrize(("login", "password"), [("", ""), ("", "x"), ("8 916 123-45-67", "")])
def test_empty_fields_are_explained(visitor: Browser, login: str, password: str) -> None:
    answer = sign_in(visitor, login, password)
    assert answer.status_code == 422
    assert "Введите" in answer.text
    assert f'value="{login}"' in answer.text


@pytest.mark.parametrize(
    ("login", "password", "words"),
    [("я" * 255, "x", "Слишком длинно"), ("8 916 123-45-67", "я" * 201, "длиннее 200 знаков")],
)
def test_what_is_too_long_is_explained_in_russian(visitor: Browser, login: str, password: str, words: str) -> None:
    answer = sign_in(visitor, login, password)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Field" not in answer.text


@pytest.mark.parametrize(
    "login",
    ["8 916 999-99-99", "nobody@клиника.рф", "nobody@example.org", "не номер", "8\x00 916", "a\x00@b.ru", "я" * 254],
)
def test_wrong_password_and_missing_account_look_alike(
    visitor: Browser, clinic: Flask, anna: User, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same page, and the same work: time is not measured, but what hasher and database are asked is."""
    asked: list[bool] = []
    monkeypatch.setattr(passwords, "is_right", lambda password, hashed: asked.append(hashed is None))
    stranger = Browser(clinic)
    with Queries() as about_known:
        known = sign_in(visitor, anna.phone, "wrong horse")
    with Queries() as about_unknown:
        unknown = sign_in(stranger, login, "wrong horse")
    assert (known.status_code, unknown.status_code) == (422, 422)
    assert anyones(about_known) == anyones(about_unknown)
    assert "не подходят друг к другу" in known.text
    assert anonymous(known.text) == anonymous(unknown.text)
    assert asked == [False, True]
    assert acts() == [AuditAction.SIGN_IN_REFUSED] * 2


def anyones(queries: list[str]) -> list[str]:
    """Without the column that a login is looked for by: a phone, or an address."""
    cut = [query.rpartition("WHERE") for query in queries]
    return [head + where + re.sub(r"\b(phone|email)(_1)?\b", "login", tail) for head, where, tail in cut]


def anonymous(page: str) -> str:
    """Without what differs by itself: the token and the login that was typed."""
    page = re.sub(r'(name="csrf_token"[^>]* value)="[^"]*"', r"\1", page)
    return re.sub(r'(name="login"[^>]* value)="[^"]*"', r"\1", page)


def test_typed_login_stays_and_password_does_not(visitor: Browser, anna: User) -> None:
    page = sign_in(visitor, "8 916 123-45-67", "my secret horse").text
    assert 'value="8 916 123-45-67"' in page
    assert "my secret horse" not in page


@pytest.mark.parametrize("spellings", [("+79161234567",), ("8 916 123-45-67", "9161234567")])
@pytest.mark.parametrize("exists", [True, False])
def test_ten_passwords_in_a_quarter_hour(visitor: Browser, spellings: tuple[str, ...], exists: bool) -> None:
    """Also of an account that is not there, or the eleventh would tell."""
    user = make_user(email="anna@example.org")
    if exists:
        user.phone = "+79161234567"
        db.session.commit()
    spellings = spellings if exists else spellings[:2]
    for number in range(10):
        assert sign_in(visitor, spellings[number % len(spellings)], "wrong horse").status_code == 422
    answer = sign_in(visitor, spellings[0])
    assert answer.status_code == 429
    assert "Слишком много попыток" in answer.text
    assert f'value="{spellings[0]}"' in answer.text
    later(minutes=15, seconds=1)
    assert sign_in(visitor, spellings[0]).status_code == (303 if exists else 422)


def test_other_addresses_are_not_locked_out(visitor: Browser, anna: User) -> None:
    for _ in range(10):
        sign_in(visitor, anna.phone, "wrong horse")
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    letter = {"login": anna.phone, "password": PASSWORD}
    assert visitor.post("/login", letter, environ_overrides=elsewhere).status_code == 303


def test_right_password_forgives_the_wrong_ones(visitor: Browser, clinic: Flask, anna: User) -> None:
    for _ in range(9):
        sign_in(visitor, anna.phone, "wrong horse")
    assert sign_in(visitor, anna.phone).status_code == 303
    for _ in range(9):
        assert sign_in(Browser(clinic), anna.phone, "wrong horse").status_code == 422


def test_hundred_passwords_from_an_address(visitor: Browser, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "is_right", lambda *_: False)
    token = visitor.token()
    for number in range(100):
        letter = {"login": f"nobody{number}@example.org", "password": "x", "csrf_token": token}
        assert visitor.open("/login", method="POST", data=letter).status_code == 422
    assert sign_in(visitor, anna.phone).status_code == 429
    assert (
        db.session.scalar(db.select(db.func.count()).where(RateLimitHit.kind == LimitKind.PASSWORD_FROM_ADDRESS)) == 100
    )


def test_a_session_made_before_is_worth_nothing_after(visitor: Browser, anna: User) -> None:
    with visitor.client.session_transaction() as session:
        session["planted"] = "by somebody"
    sign_in(visitor, anna.phone)
    with visitor.client.session_transaction() as session:
        assert "planted" not in session


def test_signing_in_twice_leaves_one_device(visitor: Browser, anna: User) -> None:
    sign_in(visitor, anna.phone)
    sign_in(visitor, anna.phone)
    assert len(db.session.scalars(Device.of(anna)).all()) == 1
    assert visitor.get("/profile").status_code == 200


def test_cookie_is_hidden_from_scripts_and_lives_ninety_days(visitor: Browser, anna: User) -> None:
    cookies = sign_in(visitor, anna.phone).headers.getlist("Set-Cookie")
    [cookie] = [cookie for cookie in cookies if cookie.startswith("ibolit_8000=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires=" in cookie
    assert visitor.client.get_cookie("ibolit_8000") is not None


def test_device_has_a_name_one_knows(visitor: Browser, anna: User) -> None:
    agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
    visitor.post("/login", {"login": anna.phone, "password": PASSWORD}, headers={"User-Agent": agent})
    assert db.session.scalars(db.select(Device.name)).one() == "Chrome, Android"


# The exit


def test_exit_of_an_old_browser_is_left_to_its_scripts(as_patient: Browser) -> None:
    assert "Clear-Site-Data" not in as_patient.post("/logout").headers  # Chrome 64 would be stuck


def test_exit_leaves_nothing_behind(as_patient: Browser) -> None:
    answer = as_patient.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert db.session.scalars(db.select(Device)).all() == []
    assert as_patient.get("/messages").location.startswith("/login")
    assert acts() == [AuditAction.SIGNED_OUT]


def test_stolen_cookie_dies_with_the_exit(as_patient: Browser, clinic: Flask) -> None:
    cookie = as_patient.client.get_cookie("ibolit_8000")
    assert cookie is not None
    as_patient.post("/logout")
    thief = Browser(clinic)
    thief.client.set_cookie("ibolit_8000", cookie.value)
    assert thief.get("/messages").location.startswith("/login")


def test_exit_ends_only_this_device(as_patient: Browser, clinic: Flask, patient: User) -> None:
    other = Browser(clinic, patient)
    as_patient.post("/logout")
    assert other.get("/messages").status_code == 200


def test_exit_needs_a_press(as_patient: Browser) -> None:
    assert as_patient.get("/logout").status_code == 405
    assert as_patient.get("/messages").status_code == 200


def test_signed_out_visitor_has_nothing_to_leave(visitor: Browser) -> None:
    assert visitor.post("/logout").location.startswith("/login")


# Who is not in


@pytest.mark.parametrize("url", ["/doctors", "/messages", "/chats/1", "/profile", "/consultations", "/patients"])
def test_expired_session_leads_htmx_to_the_sign_in_page(visitor: Browser, url: str) -> None:
    answer = visitor.get(url, htmx=True)
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"].startswith("/login")
    assert answer.text == ""
    assert "HX-Request" in answer.headers["Vary"]
    assert visitor.get(url).status_code == 303


def test_post_of_an_expired_session_comes_back_to_no_post(visitor: Browser) -> None:
    answer = visitor.post("/chats/1/messages", {"text": "Болит", "client_id": "abcdef123456"})
    assert (answer.status_code, answer.location) == (303, "/login")
    answer = visitor.post("/chats/1/messages", {"text": "Болит", "client_id": "abcdef123456"}, htmx=True)
    assert answer.headers["HX-Redirect"] == "/login"


@pytest.mark.parametrize(
    ("page", "lands"),
    [
        ("http://127.0.0.1/chats/1", "/login?next=/chats/1"),
        ("http://127.0.0.1/doctors?q=%D0%B0", "/login?next=/doctors?q%3D%25D0%25B0"),
        ("http://127.0.0.1//evil.example/", "/login"),
        ("http://[", "/login"),
        ("", "/login"),
    ],
)
def test_fragment_of_an_expired_session_comes_back_to_its_page(visitor: Browser, page: str, lands: str) -> None:
    """Somebody writes in a chat when his session ends: signed in again, he is in the same chat."""
    letter = {"text": "Болит", "client_id": "abcdef123456"}
    answer = visitor.post("/chats/1/messages", letter, htmx=True, headers={"HX-Current-URL": page})
    assert answer.headers["HX-Redirect"] == lands


def test_session_ends_after_ninety_silent_days(as_patient: Browser) -> None:
    later(days=89)
    assert as_patient.get("/messages").status_code == 200
    later(days=178)
    assert as_patient.get("/messages").status_code == 200
    later(days=269)
    assert as_patient.get("/messages").status_code == 303
