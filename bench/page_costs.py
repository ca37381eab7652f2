"""What a page costs inside one process. Run by compare.py with a clone's own Python, so it knows nothing of its own
house but through that clone: page_costs.py CLONE DATA, then lines of «page visits» to read.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCTORS = 25
PATIENT = DOCTORS + 1


@dataclass(frozen=True)
class Visit:
    path: str
    who: int = PATIENT  # whose phone it is, see clinic.phone()
    form: tuple[tuple[str, str], ...] = ()

    @property
    def is_asked_by_htmx(self) -> bool:
        return bool(self.form)


PAGES = {
    "chat with 50 messages": Visit("/chats/1"),
    "the same, its doctor": Visit("/chats/1", who=1),
    "chat with a card": Visit("/chats/3"),
    "directory": Visit("/doctors"),
    "a doctor": Visit("/doctors/3"),
    "profile": Visit("/profile"),
    "inbox with 25 chats": Visit("/messages"),
    "«Консультации» with 20 cards": Visit("/consultations"),
    "a press on a card": Visit("/consultations/3/readiness", form=(("seen", "0"),)),
}


class House:
    """The app of this clone on a clinic of its own, asked as a server asks it."""

    def __init__(self, data: Path) -> None:
        from bench import clinic
        from ibolit.services import passwords

        passwords.is_right = lambda *_: True  # a hash is meant to be slow
        clinic.make_patient(data, doctors=DOCTORS, messages=60)
        clinic.make_consultations(data, 20)
        self.app = clinic.opened(data)
        self._asked: dict[str, tuple[dict[str, Any], bytes]] = {}
        self._people: dict[int, tuple[str, str]] = {}

    def visit(self, page: str) -> None:
        if page not in self._asked:
            self._asked[page] = self._request(PAGES[page])
        environ, body = self._asked[page]
        status: list[str] = []
        answer = self.app.wsgi_app(environ | {"wsgi.input": io.BytesIO(body)}, lambda line, *_: status.append(line))  # type: ignore[arg-type]
        for _ in answer:
            pass
        answer.close()  # type: ignore[attr-defined]
        assert status[0].startswith("200"), f"{page}: {status[0]}"

    def _request(self, visit: Visit) -> tuple[dict[str, Any], bytes]:
        from werkzeug.test import EnvironBuilder

        cookie, token = self._signed_in(visit.who)
        headers = {"Cookie": cookie, "Accept-Encoding": "gzip, deflate, br"}
        if visit.is_asked_by_htmx:
            headers |= {"HX-Request": "true", "X-CSRFToken": token}
        method = "POST" if visit.form else "GET"
        asked = EnvironBuilder(visit.path, method=method, data=dict(visit.form), headers=headers).get_environ()
        return asked, asked["wsgi.input"].read()

    def _signed_in(self, number: int) -> tuple[str, str]:
        from bench import clinic
        from bench.pages import visitor

        if number not in self._people:
            person = visitor(self.app, clinic.phone(number))
            name = self.app.config["SESSION_COOKIE_NAME"]
            cookie = person.client.get_cookie(name)
            assert cookie is not None
            self._people[number] = (f"{name}={cookie.value}", person.token)
        return self._people[number]


def main(clone: str, data: str) -> None:
    os.chdir(clone)
    sys.path[0:1] = [clone, f"{clone}/tests", f"{clone}/tests/support"]
    house = House(Path(data))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as gunicorn.conf.py has it
    for line in sys.stdin:
        page, _, visits = line.strip().rpartition(" ")
        begun = time.process_time()
        for _ in range(int(visits)):
            house.visit(page)
        print((time.process_time() - begun) / int(visits) * 1000, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
