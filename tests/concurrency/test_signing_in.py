"""The entrance under a crowd: codes, proofs, limits and registrations count right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from browser import Browser
from factories import make_user
from flask import Flask

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Device, EmailProof, Job, LimitKind, LoginCode, RateLimitHit, Role, User
from ibolit.models.invitations import PhoneHolder
from ibolit.services import Services, clock
from ibolit.services.codes import new_nonce

from .crowd import at_once, outcomes

PHONE = "+79161234567"


def ask() -> LoginCode:
    code = LoginCode.ask(PHONE, "192.0.2.1")
    db.session.commit()
    return code


def wrong(code: LoginCode) -> str:
    return f"{(int(code.digits) + 1) % 1_000_000:06}"


def test_ten_guess_at_once_and_five_are_heard(clinic: Flask) -> None:
    code = ask()
    digits, id = wrong(code), code.id
    counted = outcomes(clinic, 10, lambda _: db.session.get_one(LoginCode, id).guess(digits))
    assert counted == {"CodeIsWrong": 5, "CodeIsSpent": 5}
    assert db.session.get_one(LoginCode, id).guesses == 5


def test_right_code_proves_once(clinic: Flask) -> None:
    code = ask()
    digits, id = code.digits, code.id
    counted = outcomes(clinic, 4, lambda _: db.session.get_one(LoginCode, id).guess(digits))
    assert counted == {"done": 1, "CodeIsSpent": 3}


def test_proof_is_spent_once(clinic: Flask) -> None:
    code = ask()
    code.guess(code.digits)
    db.session.commit()
    id = code.id
    counted = outcomes(clinic, 4, lambda _: db.session.get_one(LoginCode, id).spend())
    assert counted == {"done": 1, "CodeIsSpent": 3}


def test_codes_asked_at_once_are_one_code_sent_once(clinic: Flask) -> None:
    ids = at_once(clinic, 8, lambda _: ask().id)
    assert len(set(ids)) == 1
    assert len(db.session.scalars(db.select(LoginCode)).all()) == 1
    assert len(db.session.scalars(db.select(Job)).all()) == 1


@pytest.mark.parametrize(
    ("kind", "most"),
    [(LimitKind.CODE_FOR_PHONE, 5), (LimitKind.PASSWORD_FOR_ACCOUNT, 10), (LimitKind.CODE_FROM_ADDRESS, 30)],
)
def test_limits_hold_under_a_crowd(clinic: Flask, kind: LimitKind, most: int) -> None:
    def try_twice(_number: int) -> int:
        done = 0
        for _ in range(2):
            try:
                RateLimitHit.count(kind, "somebody")
                done += 1
            except errors.TooManyAttempts:
                pass
            db.session.commit()
        return done

    assert sum(at_once(clinic, 20, try_twice)) == most
    assert len(db.session.scalars(db.select(RateLimitHit)).all()) == most


def test_twenty_wrong_passwords_at_once(clinic: Flask) -> None:
    user = make_user()
    browsers = [Browser(clinic) for _ in range(20)]
    letters = [{"login": user.phone, "password": "wrong horse", "csrf_token": one.token()} for one in browsers]
    statuses = at_once(clinic, 20, lambda n: browsers[n].open("/login", method="POST", data=letters[n]).status_code)
    assert Counter(statuses) == {422: 10, 429: 10}


def newcomer(clinic: Flask) -> tuple[Browser, dict[str, str]]:
    """Has just proved the phone; the next thing is his name and password."""
    browser = Browser(clinic)
    browser.post("/login/phone", {"phone": PHONE})
    code = LoginCode.newest_for(PHONE)
    assert code is not None
    assert browser.post("/login/code", {"code": code.digits}).location == "/login/password"
    return browser, {"name": "Анна", "password": "new horse battery", "csrf_token": browser.token()}


def test_double_press_registers_once(clinic: Flask) -> None:
    browser, letter = newcomer(clinic)
    cookie = browser.client.get_cookie("ibolit_8000")
    assert cookie is not None

    def press(_number: int) -> int:
        tab = Browser(clinic)
        tab.client.set_cookie("ibolit_8000", cookie.value)
        return tab.open("/login/password", method="POST", data=letter).status_code

    statuses = at_once(clinic, 4, press)
    assert statuses.count(303) >= 1
    assert set(statuses) <= {303, 409}  # «Пароль уже создан. Войти»
    assert len(db.session.scalars(db.select(User)).all()) == 1
    assert len(db.session.scalars(db.select(Device)).all()) == 1


def test_two_who_proved_the_same_phone_make_one_person(clinic: Flask) -> None:
    two = [newcomer(clinic), newcomer(clinic)]
    statuses = at_once(
        clinic, 2, lambda n: two[n][0].open("/login/password", method="POST", data=two[n][1]).status_code
    )
    assert statuses == [303, 303]
    assert len(db.session.scalars(db.select(User)).all()) == 1
    assert len(db.session.scalars(db.select(Device)).all()) == 1  # the second set a new password and ended the first


def test_address_proved_by_two_at_once_is_one_persons(clinic: Flask) -> None:
    proofs = [
        EmailProof(user_id=make_user(name).id, email="anna@example.org", nonce=new_nonce())
        for name in ("Анна", "Другая")
    ]
    db.session.add_all(proofs)
    db.session.commit()
    links = [f"/profile/email/{proof.id}?token={proof.token}" for proof in proofs]
    browsers = [Browser(clinic) for _ in links]
    tokens = [browser.token() for browser in browsers]

    def press(number: int) -> int:
        return browsers[number].open(links[number], method="POST", data={"csrf_token": tokens[number]}).status_code

    assert Counter(at_once(clinic, 2, press)) == {200: 1, 422: 1}
    assert len(db.session.scalars(db.select(User).where(User.email == "anna@example.org")).all()) == 1


def test_day_and_country_hold_however_many_workers(
    clinic: Flask, services: Services, change_settings: Callable[..., None]
) -> None:
    change_settings(sms_countries=("7", "375"), sms_daily_max=8, sms_country_max=3)
    make_user("Оператор Ольга", Role.OPERATOR, email="olga@example.org")
    for number in range(6):
        LoginCode.ask(f"+37529123456{number}", "192.0.2.1")
        LoginCode.ask(f"+7916000000{number}", "192.0.2.1")
    db.session.commit()
    at_once(clinic, 8, lambda _: run_due())
    run_due()
    sent = [letter.to for letter in services.outbox.latest() if letter.channel == "sms"]
    assert len(sent) == len(set(sent)) == 8
    assert len([to for to in sent if to.startswith("+375")]) <= 3
    assert len([letter for letter in services.outbox.latest() if letter.channel == "mail"]) == 1


def test_network_holds_when_all_ask_at_once(clinic: Flask, change_settings: Callable[..., None]) -> None:
    change_settings(sms_network_max=5)
    answers: list[int] = []

    def ask(number: int) -> None:
        came_from = {"REMOTE_ADDR": f"203.0.113.{number}"}
        phone = {"phone": f"+791600000{number:02}"}
        answers.append(Browser(clinic).post("/login/phone", phone, environ_overrides=came_from).status_code)

    at_once(clinic, 10, ask)
    assert sorted(answers) == [303] * 5 + [429] * 5


def test_number_goes_to_one_new_holder(clinic: Flask) -> None:
    """Who has bought it presses twice, in two browsers: one empty account, and the old one has no phone."""
    old = make_user(seen_at=clock.now() - timedelta(days=200))
    old.phone = PHONE
    db.session.commit()
    proved = []
    for number in range(4):
        code = LoginCode.ask(PHONE, f"192.0.2.{number}", browser=f"browser {number}", own=f"test {number}")
        code.guess(code.digits)
        code.holder = PhoneHolder.NEW
        db.session.commit()
        proved.append(code.id)
    answers: list[int] = []

    def begin(number: int) -> None:
        browser = Browser(clinic)
        with browser.client.session_transaction() as session:
            session["code"] = session["proved"] = proved[number % 2]
        answers.append(
            browser.post("/login/password", {"name": "Борис Орлов", "password": "a new pass phrase"}).status_code
        )

    at_once(clinic, 4, begin)
    assert set(answers) <= {303, 409}
    assert sorted(phone or "" for phone in db.session.scalars(db.select(User.phone))) == ["", PHONE]
