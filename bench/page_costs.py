"""What a page or a message costs inside one process. Run by compare.py with a clone's own Python, so it knows nothing
of its own house but through that clone: page_costs.py CLONE DATA, then lines of «page visits» to read. It answers with
milliseconds and calls in Python a visit.
"""

from __future__ import annotations

import cProfile
import gc
import io
import itertools
import json
import os
import pstats
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCTORS = 25
PATIENT = DOCTORS + 1
BY_FORM = "a message by the form"
TALK = 24  # the chat, and its doctor, where messages are written: no card stands in it


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
    BY_FORM: Visit(f"/chats/{TALK}/messages", form=(("text", "Давление утром было повышенное."),)),
    "a message by the socket": Visit("/live", form=(("text", "Давление утром было повышенное."),)),
    "a doctor's by the socket": Visit("/live", who=TALK, form=(("text", "Давление утром было повышенное."),)),
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
        self._queues: dict[int, Any] = {}
        self._numbers = itertools.count(100_000_000)
        self._handshake = self.app.test_request_context("/live")
        for number in (TALK, PATIENT):
            self._signed_in(number)
        with self.app.app_context():
            self._open_screens()

    def _open_screens(self) -> None:
        """Both of the talk look on."""
        from bench import clinic
        from ibolit.extensions import db
        from ibolit.models import Device, User
        from ibolit.services import current_services

        for number in (TALK, PATIENT):
            person = User.by_phone(clinic.phone(number))
            assert person is not None
            device = db.session.scalars(db.select(Device).where(Device.user_id == person.id)).first()
            assert device is not None
            self._queues[number] = current_services.realtime.open(person.id, device.id)
        db.session.remove()

    def visit(self, page: str) -> None:
        if page not in self._asked:
            self._asked[page] = self._request(PAGES[page])
        if PAGES[page].path == "/live":
            self._say(PAGES[page])
        else:
            self._ask(page)
        for queue in self._queues.values():
            while queue.take() is not None:
                pass

    def calls_of(self, page: str) -> int:
        """In Python, of one visit."""
        profile = cProfile.Profile()
        profile.runcall(self.visit, page)
        return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]

    def _say(self, visit: Visit) -> None:
        from ibolit.blueprints.live import socket

        queue = self._queues[visit.who]
        frame = {"kind": "send", "chat": TALK, "client_id": f"abcdef-{next(self._numbers)}"} | dict(visit.form)
        socket._hear(queue, self._handshake, json.dumps(frame, ensure_ascii=False))
        said = "".join(iter(queue.take, None))
        assert 'data-status="200"' in said, said

    def _ask(self, page: str) -> None:
        environ, body = self._asked[page]
        if page == BY_FORM:
            body += f"&client_id=abcdef-{next(self._numbers)}".encode()
            environ["CONTENT_LENGTH"] = str(len(body))
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
        spent = (time.process_time() - begun) / int(visits) * 1000
        print(spent, house.calls_of(page), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
