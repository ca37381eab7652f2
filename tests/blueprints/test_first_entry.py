"""«Первый вход» and «Забыли пароль»: phone, code, password, the two consents, in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser import Browser
from factories import PASSWORD, later, make_user
from flask import Flask
from guests import BOTH, PHONE, TYPED, code_of
from werkzeug.test import TestResponse

from ibolit import phones
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import AuditAction, AuditEvent, Consent, Device, LoginCode, Role, User
from ibolit.services import Services

NEW = {"name": " Анна   Соколова ", "password": "new horse battery"}


def prove(browser: Browser, services: Services, phone: str = TYPED) -> TestResponse:
    browser.post("/login/phone", {"phone": phone})
    return browser.post("/login/code", {"code": code_of(services)})


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def anonymous(page: str, phone: str) -> str:
    """Without what differs by itself: tokens, and the number that was typed."""
    return re.sub(r'(name="csrf_token"[^>]* value)="[^"]*"', r"\1", page).replace(phone, "№")


def test_newcomer_comes_in_and_lands_where_he_was_going(visitor: Browser, services: Services) -> None:
    asked = visitor.get("/messages")
    assert asked.location == "/login?next=/messages"
    answer = visitor.post("/login/phone?next=/messages", {"phone": TYPED})
    assert (answer.status_code, answer.location) == (303, "/login/code?next=/messages")
    page = visitor.get(answer.location).text
    assert "+7 916 123-45-67" in page
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    answer = visitor.post(answer.location, {"code": code_of(services)})
    assert answer.location == "/login/password?next=/messages"
    assert "Знакомство" in visitor.get(answer.location).text
    answer = visitor.post(answer.location, NEW)
    assert answer.location == "/messages"
    answer = visitor.get(answer.location)
    assert answer.location == "/consent?next=/messages"
    assert visitor.get(answer.location).status_code == 200
    answer = visitor.post(answer.location, BOTH)
    assert answer.location == "/messages"
    assert visitor.get(answer.location).status_code == 200

    user = db.session.scalars(db.select(User)).one()
    assert (user.phone, user.name, user.role) == (PHONE, "Анна Соколова", Role.PATIENT)
    assert Consent.is_given_by(user)
    acts = db.session.scalars(db.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert acts == [AuditAction.REGISTERED, AuditAction.SIGNED_IN, AuditAction.CONSENTED]


def test_later_he_comes_with_phone_and_password(visitor: Browser, clinic: Flask, services: Services) -> None:
    prove(visitor, services)
    visitor.post("/login/password", NEW)
    answer = Browser(clinic).post("/login", {"login": "9161234567", "password": NEW["password"]})
    assert answer.location == "/doctors"


@pytest.mark.parametrize("typed", ["", "телефон", "8 916 123", "103"])
def test_no_phone_is_explained_and_kept(visitor: Browser, typed: str) -> None:
    answer = visitor.post("/login/phone", {"phone": typed})
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text
    assert ("Введите номер" if not typed else "Такого номера не бывает") in answer.text
    assert db.session.scalars(db.select(LoginCode)).all() == []


# Nobody learns who has an account


def test_known_and_unknown_phone_look_alike(visitor: Browser, clinic: Flask, patient: User) -> None:
    pages = []
    for browser, phone in ((visitor, patient.phone), (Browser(clinic), PHONE)):
        readable = phones.readable(phone)
        answers = [
            browser.post("/login/phone", {"phone": phone}),
            browser.get("/login/code"),
            browser.post("/login/code", {"code": "12345"}),
            browser.post("/login/code/again"),
            browser.get("/login/password"),
        ]
        pages.append([(answer.status_code, answer.location, anonymous(answer.text, readable)) for answer in answers])
    assert pages[0] == pages[1]


def test_first_entry_and_forgotten_password_are_one_way(visitor: Browser, clinic: Flask) -> None:
    first, forgot = visitor.get("/login/phone"), visitor.get("/login/phone?why=forgot")
    assert "Первый вход" in first.text
    assert "Забыли пароль" in forgot.text
    answers = [
        visitor.post("/login/phone", {"phone": TYPED}),
        Browser(clinic).post("/login/phone?why=forgot", {"phone": TYPED}),
    ]
    assert answers[0].location == answers[1].location


def test_invite_mode_sends_nothing_to_strangers_and_shows_the_same(
    visitor: Browser, clinic: Flask, patient: User, services: Services, change_settings: Callable[..., None]
) -> None:
    change_settings(registration_is_open=False)
    pages = []
    for browser, phone in ((visitor, patient.phone), (Browser(clinic), PHONE)):
        answer = browser.post("/login/phone", {"phone": phone})
        pages.append(
            (answer.status_code, answer.location, anonymous(browser.get(answer.location).text, phones.readable(phone)))
        )
    assert pages[0] == pages[1]
    run_due()
    assert [letter.to for letter in services.outbox.latest()] == [patient.phone]


def test_lucky_guess_of_the_uninvited_opens_nothing(visitor: Browser, change_settings: Callable[..., None]) -> None:
    change_settings(registration_is_open=False)
    visitor.post("/login/phone", {"phone": TYPED})
    code = LoginCode.newest_for(PHONE)
    assert code is not None
    answer = visitor.post("/login/code", {"code": code.digits})
    assert answer.status_code == 422
    assert "Код не подходит" in answer.text


# The code


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "123456 654321"])
def test_what_is_no_code_is_explained_and_costs_no_guess(visitor: Browser, code: str) -> None:
    visitor.post("/login/phone", {"phone": TYPED})
    answer = visitor.post("/login/code", {"code": code})
    assert answer.status_code == 422
    assert "шесть цифр" in answer.text
    asked = LoginCode.newest_for(PHONE)
    assert asked is not None
    assert asked.guesses == 0


def test_spaces_in_the_code_do_not_matter(visitor: Browser, services: Services) -> None:
    visitor.post("/login/phone", {"phone": TYPED})
    code = code_of(services)
    assert visitor.post("/login/code", {"code": f" {code[:3]} {code[3:]} "}).status_code == 303


def test_whole_sms_may_be_pasted(visitor: Browser, services: Services) -> None:
    visitor.post("/login/phone", {"phone": TYPED})
    run_due()
    [sms] = services.outbox.latest()
    [field] = re.findall(r'<input[^>]* name="code"[^>]*>', visitor.get("/login/code").text)
    assert 'maxlength="500"' in field  # or the browser would cut it
    assert visitor.post("/login/code", {"code": f"\u202a{sms.text}\u202c"}).status_code == 303


def test_wrong_spent_and_old_codes_have_their_words(visitor: Browser, services: Services) -> None:
    visitor.post("/login/phone", {"phone": TYPED})
    code = code_of(services)
    for words in ["Проверьте цифры"] * 4 + ["попытки кончились", "больше не действует"]:
        answer = visitor.post("/login/code", {"code": wrong(code)})
        assert answer.status_code == 422
        assert words in answer.text
    assert "больше не действует" in visitor.post("/login/code", {"code": code}).text
    visitor.post("/login/code/again")
    later(minutes=11)
    assert "устарел" in visitor.post("/login/code", {"code": sent_code_of(PHONE)}).text


def sent_code_of(phone: str) -> str:
    code = LoginCode.newest_for(phone)
    assert code is not None
    return code.digits


def test_resend_waits_a_minute_and_repeats_the_code(visitor: Browser, services: Services) -> None:
    visitor.post("/login/phone", {"phone": TYPED})
    first = code_of(services)
    assert "data-wait>" in visitor.get("/login/code").text
    assert visitor.post("/login/code/again").location == "/login/code"
    run_due()
    assert len(services.outbox.latest()) == 1
    later(seconds=61)
    assert "data-wait hidden>" in visitor.get("/login/code").text
    visitor.post("/login/code/again?next=/messages")
    assert code_of(services) == first
    assert len(services.outbox.latest()) == 2


def test_three_codes_an_hour_then_a_pause_with_the_number_kept(visitor: Browser, clinic: Flask) -> None:
    for number in range(3):
        later(minutes=number * 11)
        assert visitor.post("/login/phone", {"phone": TYPED}).status_code == 303
    later(minutes=34)
    answer = visitor.post("/login/phone", {"phone": TYPED})
    assert answer.status_code == 429
    assert "Слишком много попыток" in answer.text
    assert f'value="{TYPED}"' in answer.text
    answer = visitor.post("/login/code/again")
    assert answer.status_code == 429
    assert "Слишком много попыток" in answer.text
    assert Browser(clinic).post("/login/phone", {"phone": "8 916 765-43-21"}).status_code == 303


def test_thirty_codes_an_hour_from_an_address(visitor: Browser) -> None:
    token = visitor.token()
    for number in range(30):
        letter = {"phone": f"+791600000{number:02}", "csrf_token": token}
        assert visitor.open("/login/phone", method="POST", data=letter).status_code == 303
    assert visitor.post("/login/phone", {"phone": TYPED}).status_code == 429
    elsewhere = visitor.post("/login/phone", {"phone": TYPED}, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    assert elsewhere.status_code == 303


@pytest.mark.parametrize("url", ["/login/code", "/login/password"])
def test_steps_cannot_be_skipped(visitor: Browser, url: str) -> None:
    assert visitor.get(url).location == "/login/phone"
    assert visitor.post(url, NEW | {"code": "123456"}).location == "/login/phone"
    assert visitor.post("/login/code/again").location == "/login/phone"
    visitor.post("/login/phone", {"phone": TYPED})
    assert visitor.get("/login/password").location == "/login/phone"
    assert db.session.scalars(db.select(User)).all() == []


# The password


@pytest.mark.parametrize(
    ("letter", "words"),
    [
        ({"name": "", "password": "new horse battery"}, "как вас зовут"),
        ({"name": "   ", "password": "new horse battery"}, "как вас зовут"),
        ({"name": "я" * 121, "password": "new horse battery"}, "длиннее 120"),
        ({"name": "Анна", "password": ""}, "Придумайте пароль"),
        ({"name": "Анна", "password": "short 7"}, "короче 8"),
        ({"name": "Анна", "password": "я" * 201}, "длиннее 200"),
    ],
)
def test_bad_name_or_password_is_explained(
    visitor: Browser, services: Services, letter: dict[str, object], words: str
) -> None:
    prove(visitor, services)
    answer = visitor.post("/login/password", letter)
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.scalars(db.select(User)).all() == []
    assert visitor.post("/login/password", NEW).status_code == 303


def test_proof_is_for_one_password_and_a_quarter_hour(visitor: Browser, services: Services) -> None:
    prove(visitor, services)
    later(minutes=15, seconds=1)
    assert visitor.post("/login/password", NEW).location == "/login/phone"
    later(minutes=16)
    prove(visitor, services)
    with visitor.client.session_transaction() as session:
        kept = dict(session)
    assert visitor.post("/login/password", NEW).location == "/doctors"
    with visitor.client.session_transaction() as session:
        session.clear()
        session.update(kept)
    assert visitor.post("/login/password", {"password": "thief's horse"}).status_code == 409


def test_code_proved_by_its_owner_opens_nothing_for_another_who_asked(
    visitor: Browser, clinic: Flask, patient: User, services: Services
) -> None:
    """Both asked for the same phone in the same minutes, so both wait for the same code; only one can read it."""
    stranger = Browser(clinic)
    stranger.post("/login/phone", {"phone": patient.phone})
    prove(visitor, services, patient.phone)
    assert stranger.get("/login/password").location == "/login/phone"
    assert stranger.post("/login/password", {"password": "thief's horse"}).location == "/login/phone"
    assert visitor.post("/login/password", {"password": "new horse battery"}).status_code == 303


def test_forgotten_password_ends_all_other_devices(
    visitor: Browser, clinic: Flask, patient: User, services: Services
) -> None:
    elsewhere = Browser(clinic, patient)
    prove(visitor, services, patient.phone)
    page = visitor.get("/login/password").text
    assert patient.name in page
    assert 'name="name"' not in page
    assert visitor.post("/login/password", {"password": "new horse battery"}).location == "/doctors"
    assert elsewhere.get("/messages").location.startswith("/login")
    assert visitor.get("/messages").status_code == 200
    assert len(db.session.scalars(db.select(Device)).all()) == 1
    for password, status in ((PASSWORD, 422), ("new horse battery", 303)):
        assert Browser(clinic).post("/login", {"login": patient.phone, "password": password}).status_code == status
    acts = db.session.scalars(db.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert acts[:2] == [AuditAction.PASSWORD_CHANGED, AuditAction.SIGNED_IN]


def test_name_of_the_known_is_not_changed_by_the_way(visitor: Browser, patient: User, services: Services) -> None:
    prove(visitor, services, patient.phone)
    visitor.post("/login/password", NEW)
    user = User.by_phone(patient.phone)
    assert user is not None
    assert user.name == patient.name


# The two consents


@pytest.fixture
def newcomer(clinic: Flask) -> Browser:
    return Browser(clinic, make_user(consented=False))


@pytest.mark.parametrize(
    "url",
    ["/doctors", "/doctors/1", "/messages", "/chats/1", "/chats/1/tariffs", "/profile", "/consultations", "/nowhere"],
)
def test_every_page_is_behind_the_consents(newcomer: Browser, url: str) -> None:
    answer = newcomer.get(url)
    assert (answer.status_code, answer.location) == (303, f"/consent?next={url}")
    assert newcomer.get(url, htmx=True).headers["HX-Redirect"].startswith("/consent")


def test_posts_are_behind_them_too(newcomer: Browser) -> None:
    assert newcomer.post("/chats", {"doctor_id": 1}).location == "/consent"
    assert newcomer.post("/profile/name", {"name": "Анна"}).location == "/consent"


def test_texts_and_the_exit_are_not(newcomer: Browser) -> None:
    for kind in ("offer", "personal-data"):
        assert newcomer.get(f"/documents/{kind}").status_code == 200
    assert newcomer.post("/logout").location == "/login"


def test_ticks_are_two_and_never_set_before(newcomer: Browser) -> None:
    page = newcomer.get("/consent").text
    assert page.count('type="checkbox"') == 2
    assert "checked" not in page
    assert "/documents/offer" in page
    assert "/documents/personal-data" in page


@pytest.mark.parametrize("ticked", [{}, {"offer": "y"}, {"personal_data": "y"}])
def test_one_tick_is_not_enough(newcomer: Browser, ticked: dict[str, object]) -> None:
    answer = newcomer.post("/consent?next=/messages", ticked)
    assert answer.status_code == 422
    assert "Без этого согласия" in answer.text
    assert answer.text.count("checked") == len(ticked)
    assert db.session.scalars(db.select(Consent)).all() == []
    assert newcomer.get("/messages").status_code == 303


def test_consent_says_who_when_where_and_to_what(newcomer: Browser) -> None:
    newcomer.post("/consent", BOTH, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    newcomer.post("/consent", BOTH)
    rows = db.session.scalars(db.select(Consent)).all()
    assert len(rows) == 2
    assert {row.address for row in rows} == {"198.51.100.7"}


def test_visitor_reads_the_texts_and_consents_to_nothing(visitor: Browser) -> None:
    assert "152-ФЗ" in visitor.get("/documents/personal-data").text
    assert visitor.get("/documents/other").status_code == 404
    assert visitor.get("/consent").location.startswith("/login")


def test_typed_phone_goes_along_to_the_forgotten_password(visitor: Browser) -> None:
    answer = visitor.post("/login/phone?why=forgot", {"login": TYPED, "password": ""})
    assert answer.location == "/login/phone?why=forgot"
    assert f'value="{phones.readable(PHONE)}"' in visitor.get(answer.location).text


@pytest.mark.parametrize("typed", ["zoya@example.org", "", "12"])
def test_what_is_no_phone_does_not(visitor: Browser, typed: str) -> None:
    visitor.post("/login/phone?why=forgot", {"login": TYPED})
    page = visitor.get(visitor.post("/login/phone?why=forgot", {"login": typed}).location)
    assert f'value="{phones.readable(PHONE)}"' not in page.text
    assert "field__error" not in page.text


def test_newcomer_reads_of_the_clinics_phone_and_no_proved_address(
    visitor: Browser, change_settings: Callable[..., None]
) -> None:
    change_settings(clinic_phone="+7 495 000-00-00")
    visitor.post("/login/phone", {"phone": TYPED})
    page = visitor.get("/login/code").text
    assert "подтвержден" not in page
    assert "tel:+7495000-00-00" in page
    visitor.post("/login/phone?why=forgot", {"phone": TYPED})
    assert "подтверждена в профиле" in visitor.get("/login/code").text


@pytest.mark.parametrize(
    ("is_open", "why", "words"),
    [
        (True, "", "на ваш телефон."),
        (False, "", "на телефон, который вы назвали при записи."),
        (True, "?why=forgot", "на телефон, с которым вы входите."),
    ],
)
def test_words_follow_who_may_register(
    visitor: Browser, change_settings: Callable[..., None], is_open: bool, why: str, words: str
) -> None:
    change_settings(registration_is_open=is_open)
    assert f"Пришлём СМС с кодом {words}" in visitor.get(f"/login/phone{why}").text
