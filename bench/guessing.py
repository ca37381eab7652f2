"""Whether the time of an answer tells that somebody has an account: a stranger asks of people who do and who do not.

AUC is how often a guess by the clock alone is right: 0.5 knows nothing. Every try comes from an address of its own.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import requests

from .clinic import make_pairs, phone
from .figures import Row
from .server import Server, running

TRIES = 2_000  # of each door, half of them of people who have an account
PEOPLE = 1_000
STRANGER = 9_000_000  # numbers from here on are nobody's
AIM = "≤ 0.55"
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
SETTINGS = {"TRUSTED_PROXIES": "1", "REGISTRATION": "invite", "SMS_DAILY_MAX": "100000"}


def measure(folder: Path) -> list[Row]:
    data = folder / "guessing"
    make_pairs(data, PEOPLE // 2)
    with _settings(), running(data) as server:
        stranger = Stranger(server)
        doors = {
            "a wrong password": stranger.guess_password,
            "a code asked for": stranger.ask_code,
            "a wrong code": stranger.guess_code,
        }
        rows = []
        for name, door in doors.items():
            known, unknown = _times(door)
            what = f"{name}, {TRIES:,} tries: known or not, told by the time alone (AUC)"
            rows.append(Row(what, f"{_auc(known, unknown):.3f}", AIM))
        return rows


class Stranger:
    """In a fresh browser and at another address with every try."""

    def __init__(self, server: Server) -> None:
        self.home = f"http://{server.host}"
        self.tried = 0
        with requests.Session() as first:
            page = first.get(f"{self.home}/login/phone", timeout=30).text
            self.cookies = first.cookies.get_dict()
        found = TOKEN.search(page)
        assert found is not None
        self.token = found[1]
        self.line = requests.Session()

    def guess_password(self, login: str) -> float:
        return self._post("/login", {"login": login, "password": "wrong horse"}, 422)

    def ask_code(self, login: str) -> float:
        return self._post("/login/phone", {"phone": login}, 303)

    def guess_code(self, login: str) -> float:
        self._post("/login/phone", {"phone": login}, 303)
        return self._post("/login/code", {"code": "000000"}, 422, self.line.cookies.get_dict())

    def _post(self, path: str, typed: dict[str, str], status: int, cookies: dict[str, str] | None = None) -> float:
        self.tried += 1
        self.line.cookies.clear()
        address = f"10.{self.tried // 62_500}.{self.tried // 250 % 250}.{self.tried % 250}"
        began = perf_counter()
        answer = self.line.post(
            self.home + path, data=typed | {"csrf_token": self.token}, cookies=cookies or self.cookies,
            headers={"X-Forwarded-For": address}, allow_redirects=False, timeout=60,
        )  # fmt: skip
        took = perf_counter() - began
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        return took


def _times(door: Callable[[str], float]) -> tuple[list[float], list[float]]:
    """Side by side, in an order nobody foresees: what else the machine does falls on both."""
    order = random.Random(7)
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(TRIES // 2):
        whose = number % PEOPLE + 1
        for is_known in order.sample([True, False], 2):
            took[is_known].append(door(phone(whose if is_known else STRANGER + whose)))
    return took[True], took[False]


def _auc(some: Sequence[float], others: Sequence[float]) -> float:
    """Of the better of the two guesses: the slower one is known, or the faster one."""
    ranked = sorted([(took, True) for took in some] + [(took, False) for took in others])
    ranks = sum(place for place, (_, is_some) in enumerate(ranked, 1) if is_some)
    share = (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))
    return max(share, 1 - share)


@contextmanager
def _settings() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(SETTINGS)
    try:
        yield
    finally:
        for name in SETTINGS:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if value is not None})
