"""Three strangers with many browsers and addresses beside two owners: one with a known browser, one without.

Whatever the strangers do, no stranger gets in, both owners do, and a stranger hears of a phone that has an account what
he hears of one that has none. LONG_TESTS=1 searches longer.
"""

from __future__ import annotations

import re

import pytest
from argon2 import PasswordHasher
from browser import Browser
from emptying import empty
from factories import PASSWORD, make_user
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from stories import search
from werkzeug.test import TestResponse

from ibolit import phones as phones_of
from ibolit.extensions import db
from ibolit.models import LoginCode
from ibolit.services import clock, passwords

OWNERS, MAIL = ("+79161230001", "+79161230002"), "owner@example.org"
TWIN = {OWNERS[0]: "+79161239991", OWNERS[1]: "+79161239992", MAIL: "nobody@example.org"}  # without an account
VARIES = re.compile(r'csrf_token"[^>]* value="[^"]*"|data-seconds="\d+"|data-left>\d+')

logins = st.sampled_from([*OWNERS, MAIL])
phones = st.sampled_from(OWNERS)
browsers = st.integers(0, 4)
addresses = st.integers(0, 5)


class Strangers(RuleBasedStateMachine):
    app: Flask

    @initialize()
    def open(self) -> None:
        empty(self.app)
        self.ahead = 0
        clock.shift(0)
        for number, phone in enumerate(OWNERS):
            user = make_user(email=MAIL if number == 0 else None)
            user.phone, user.password_hash = phone, passwords.hash_password(PASSWORD)
        db.session.commit()
        self.browsers: dict[tuple[int, str], Browser] = {}
        self.at_home = Browser(self.app)
        assert self.sign_in(self.at_home, OWNERS[0], "198.51.100.1").status_code == 303
        self.at_home.post("/logout")

    @rule(who=browsers, address=addresses, login=logins, times=st.integers(4, 12))
    def guess_passwords(self, who: int, address: int, login: str, times: int) -> None:
        for _ in range(times):
            self.do(who, address, login, "/login", login=login, password="wrong horse")

    @rule(who=browsers, address=addresses, phone=phones)
    def ask_code(self, who: int, address: int, phone: str) -> None:
        self.do(who, address, phone, "/login/phone", phone=phone)

    @rule(who=browsers, address=addresses, phone=phones, times=st.integers(1, 6))
    def guess_code(self, who: int, address: int, phone: str, times: int) -> None:
        right = {code.digits for code in db.session.scalars(db.select(LoginCode))}
        digits = next(f"{number:06}" for number in range(1000) if f"{number:06}" not in right)
        for _ in range(times):
            self.do(who, address, phone, "/login/code", code=digits)

    @rule(minutes=st.sampled_from([1, 11, 20, 61]))
    def wait(self, minutes: int) -> None:
        self.ahead += minutes * 60
        clock.shift(self.ahead)

    @invariant()
    def nobody_is_in(self) -> None:
        for browser in getattr(self, "browsers", {}).values():
            with browser.client.session_transaction() as session:
                assert "device" not in session

    def teardown(self) -> None:
        """Whatever it has come to: each owner gets in, where he is known and where he never was."""
        if not hasattr(self, "at_home"):
            return
        self.besiege()
        assert self.sign_in(self.at_home, OWNERS[0], "203.0.113.0").status_code == 303
        away = Browser(self.app)
        assert self.sign_in(away, OWNERS[1], "192.0.2.77").status_code == 303

    def besiege(self) -> None:
        """At the end as hard as they can: from the owner's own network, and from all over the world."""
        for number in range(24):
            owner, browser = OWNERS[number % 2], Browser(self.app)
            for address in ("203.0.113.0", f"198.51.100.{number + 2}"):
                self.post(browser, "/login", address, login=owner, password="wrong horse")
            self.post(browser, "/login/phone", f"198.51.100.{number + 2}", phone=owner)

    def do(self, who: int, address: int, whose: str, url: str, **data: str) -> None:
        """To an account, and from a place like it to one that is not there: the stranger hears the same."""
        heard = []
        for of, net in ((whose, 113), (TWIN[whose], 114)):
            browser = self.browsers.setdefault((who, of), Browser(self.app))
            typed = {name: value.replace(whose, of) for name, value in data.items()}
            answer = self.post(browser, url, f"203.0.{net}.{address}", **typed)
            page = answer.text.replace(of, "…").replace(readable(of), "…")
            names = sorted(name for name, _ in answer.headers)
            heard.append((answer.status_code, answer.location, VARIES.sub("", page), names))
        assert heard[0] == heard[1]

    def sign_in(self, browser: Browser, login: str, address: str) -> TestResponse:
        return self.post(browser, "/login", address, login=login, password=PASSWORD)

    def post(self, browser: Browser, url: str, address: str, **data: str) -> TestResponse:
        return browser.post(url, dict(data), environ_overrides={"REMOTE_ADDR": address})


def readable(login: str) -> str:
    return login if "@" in login else phones_of.readable(login)


def test_strangers_change_nothing(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # thousands of tries
    monkeypatch.setattr(passwords, "_hasher", cheap)
    monkeypatch.setattr(passwords, "_nobodys", cheap.hash("nobody"))

    class Here(Strangers):
        app = clinic

    run_state_machine_as_test(Here, settings=search(short=2, long=80, steps=16, steps_of_long=60))
