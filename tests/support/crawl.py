"""Everything the demo clinic answers, asked without a browser: every page of every person as a page and for htmx, every
form sent in several ways, and what follows: fragments for open screens, SMS, letters and pushes.

The clinic stands at one moment, so that two walks through the same house say the same. After each step it is put back.
"""

from __future__ import annotations

import datetime as datetimes
import json
import pkgutil
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from live_clinic import PASSWORD, ROOT
from matrix_world import Snapshot
from page_text import without_chance, words_of
from screens import SCREENS, prepare
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.routing.exceptions import WebsocketMismatch
from werkzeug.test import TestResponse

import ibolit
from ibolit import create_app
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.services import clock

MOMENT = datetimes.datetime(2027, 3, 10, 9, tzinfo=datetimes.UTC)  # a Wednesday, noon in Moscow
HOST = "http://127.0.0.1:8000"
PEOPLE = (
    *(("patient", f"+7900000000{number}") for number in (1, 2, 3)),
    *(("doctor", f"+7900000010{number}") for number in range(1, 7)),
    ("operator", "operator@example.org"),
)
MOST_PAGES = 200  # a person's
TOLD_HEADERS = re.compile(r"Location|HX-|Content-Type|Cache-Control|Vary|Content-Disposition|Content-Security", re.I)
GOOD = {
    "email": "zoya@example.org", "tel": "+79165550777", "number": "1", "password": "horse-12345", "search": "а",
    "date": "2027-03-12", "time": "15:30", "datetime-local": "2027-03-12T15:30",
}  # fmt: skip
GOOD_BY_NAME = {"code": "000000", "phone": "+79165550777", "price": "500", "amount": "100"}


class _Standing(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, datetimes.datetime)


class StandingTime(datetimes.datetime, metaclass=_Standing):
    """datetime whose now() is always the same."""

    def __new__(cls, *parts: Any, **more: Any) -> Any:
        return datetimes.datetime(*parts, **more)  # noqa: DTZ001

    @classmethod
    def now(cls, tz: datetimes.tzinfo | None = None) -> Any:
        return MOMENT.astimezone(tz) if tz else MOMENT.replace(tzinfo=None)


@contextmanager
def standing_time() -> Iterator[None]:
    """For every module of ours, loaded for that; the decoder is a process of its own and asks no clock."""
    names = [module.name for module in pkgutil.walk_packages(ibolit.__path__, "ibolit.", lambda _name: None)]
    ours = [import_module(name) for name in names if ".decoder" not in name]
    held = [one for one in ours if getattr(one, "datetime", None) is datetimes.datetime]
    for module in held:
        module.datetime = StandingTime  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in held:
            module.datetime = datetimes.datetime  # type: ignore[attr-defined]


@dataclass
class Form:
    action: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)  # name, type, value
    choices: dict[str, list[str]] = field(default_factory=dict)  # of selects and radios, and boxes that are off
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def sendings(self) -> list[tuple[str, dict[str, str]]]:
        """As it stands by each of its buttons, with nothing typed, and with everything typed and chosen."""
        usual = {name: value for name, _kind, value in self.fields}
        empty = usual | {name: "" for name, kind, _value in self.fields if kind not in ("hidden", "on")}
        good = usual | {name: _good(name, kind, value) for name, kind, value in self.fields if kind != "hidden"}
        good |= {name: values[-1] for name, values in self.choices.items() if values}
        first = dict(self.buttons[:1])
        ways = [(f"button {n}", usual | dict([button])) for n, button in enumerate(self.buttons)] or [
            ("as it is", usual)
        ]
        return [*ways, ("empty", empty | first), ("filled", good | first)]


def _good(name: str, kind: str, value: str) -> str:
    return value or GOOD_BY_NAME.get(name.rpartition("-")[2]) or GOOD.get(kind, "Проверка" if kind != "on" else value)


class _Reader(HTMLParser):
    """Forms that post, what htmx posts without one, and all addresses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.addresses: list[str] = []
        self._by_id: dict[str, Form] = {}
        self._form: Form | None = None
        self._select = self._area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.addresses += [value for name, value in known.items() if value.startswith("/") and name != "hx-post"]
        if tag == "form":
            self._form = self._begin(known)
        elif "hx-post" in known:
            self.forms.append(Form(known["hx-post"], _values(known)))
        form = self._by_id.get(known.get("form", "")) or self._form
        name = known.get("name", "")
        if form is None or "disabled" in known:
            return
        if tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(known.get("value", ""))
            if "selected" in known or len(form.choices[self._select]) == 1:
                form.fields = [one for one in form.fields if one[0] != self._select]
                form.fields.append((self._select, "on", known.get("value", "")))
        elif tag == "select":
            self._select = name
        elif tag == "textarea" and name:
            self._area = name
            form.fields.append((name, "textarea", ""))
        elif tag == "input" and name and known.get("type") not in ("submit", "file", "button"):
            self._input(form, name, known)
        elif tag == "button" and known.get("type", "submit") == "submit" and name:
            form.buttons.append((name, known.get("value", "")))

    def _begin(self, known: dict[str, str]) -> Form | None:
        if known.get("method", "").lower() != "post" and "hx-post" not in known:
            return Form("")  # a search: nothing of it is sent
        form = Form(known.get("action") or known.get("hx-post", ""), _values(known))
        self.forms.append(form)
        if known.get("id"):
            self._by_id[known["id"]] = form
        return form

    def _input(self, form: Form, name: str, known: dict[str, str]) -> None:
        kind, value = known.get("type", "text"), known.get("value", "")
        if kind in ("checkbox", "radio"):
            value = value or "on"
            if "checked" in known:
                form.fields.append((name, "on", value))
            else:
                form.choices.setdefault(name, []).append(value)
        else:
            form.fields.append((name, kind, value))

    def handle_data(self, data: str) -> None:
        if self._area and self._form:
            name, kind, value = self._form.fields[-1]
            self._form.fields[-1] = (name, kind, value + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None


def _values(known: dict[str, str]) -> list[tuple[str, str, str]]:
    try:
        values: dict[str, object] = json.loads(known.get("hx-vals", "{}"))
    except ValueError:
        return []
    return [(name, "hidden", str(value)) for name, value in values.items()]


class Walk:
    """Writes what it hears into a folder a person."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.folder = folder
        self.data = data
        self.app: Flask = create_app({"IBOLIT_ENV": "demo", "IBOLIT_DATA": str(data), "PORT": "8000"})
        self.heard: list[str] = []
        self.written: set[str] = set()
        self.sent: set[str] = set()

    def go(self) -> None:
        with self.app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            self.app.test_cli_runner().invoke(args=["seed"], catch_exceptions=False)
            db.session.remove()
        # Without the context: backstage has a house of its own.
        known = prepare(SimpleNamespace(data=self.data, port=8000, settings={}))  # type: ignore[arg-type]
        with self.app.app_context():
            run_due()
            db.session.remove()
            people = self._people(known)
            self._listen()
            self.snapshot = Snapshot(self.data / "ibolit.db")
            self.kept = {path: path.read_bytes() for path in self._own_files()}
            starts = [screen.path.format(**known) for screen in SCREENS if screen.path]
            for name, client in people.items():
                self._visit(name, client, starts)
            self._let_time_pass()
            self.snapshot.close()
            db.session.remove()
            db.engine.dispose()

    def _own_files(self) -> list[Path]:
        """Beside the database: what was sent, and the demo bank's own."""
        return [path for path in self.data.iterdir() if path.is_file() and not path.name.startswith("ibolit.db")]

    def _put_back(self) -> None:
        self.snapshot.put_back()
        for path in self._own_files():
            if path not in self.kept:
                path.unlink()
            elif path.read_bytes() != self.kept[path]:
                path.write_bytes(self.kept[path])
        self.heard.clear()

    def _listen(self) -> None:
        """Everybody has a screen open."""
        realtime = self.app.extensions["ibolit_services"].realtime

        def publish(user_id: int, html: str, chat_id: int | None = None) -> None:
            self.heard.extend([f"-- fragment for {user_id}, chat {chat_id}", *words_of(html, "text/html")])

        realtime.publish = publish
        realtime.has_listeners = lambda _user_id: True

    def _people(self, known: dict[str, object]) -> dict[str, FlaskClient]:
        people = {"nobody": self.app.test_client()}
        for kind, login in PEOPLE:
            client = people[f"{kind}-{login[-1] if login[-1].isdigit() else 0}"] = self.app.test_client()
            form = _Reader(self._ask(client, "GET", "/login").text).forms[0]
            sent = form.sendings()[0][1] | {"login": login, "password": PASSWORD}
            assert self._ask(client, "POST", form.action or "/login", data=sent).status_code == 303
        guest = people["guest"] = self.app.test_client()
        letter = "/h/{handover}?token={handover_token}".format(**known)
        form = _Reader(self._ask(guest, "GET", letter).text).forms[0]
        assert self._ask(guest, "POST", form.action or letter, data=form.sendings()[0][1]).status_code == 303
        return people

    def _ask(self, client: FlaskClient, method: str, address: str, **more: Any) -> TestResponse:
        db.session.remove()
        answer = Context().run(client.open, address, method=method, base_url=HOST, buffered=True, **more)
        db.session.remove()
        return answer

    def _is_page(self, address: str) -> bool:
        path = urlsplit(address).path
        if path.startswith(("/assets/", "/static/")):
            return False
        try:
            self.app.url_map.bind("127.0.0.1:8000").match(path, method="GET")
        except (NotFound, MethodNotAllowed, WebsocketMismatch):
            return False
        except RequestRedirect:
            return True
        return True

    def _visit(self, name: str, client: FlaskClient, starts: list[str]) -> None:
        rules = sorted(rule.rule for rule in self.app.url_map.iter_rules() if not rule.arguments)
        waiting = [*starts, *(rule for rule in rules if self._is_page(rule))]
        done: set[str] = set()
        while waiting and len(done) < MOST_PAGES:
            address = waiting.pop(0)
            if without_chance(address) in done:
                continue
            done.add(without_chance(address))
            for is_htmx in (False, True):
                headers = {"HX-Request": "true"} if is_htmx else {}
                answer = self._ask(client, "GET", address, headers=headers)
                self._write(name, f"GET {address}{' htmx' if is_htmx else ''}", self._told(answer))
                self._put_back()
                if answer.mimetype == "text/html":
                    reader = _Reader(answer.text)
                    waiting += [one for one in reader.addresses if self._is_page(one)]
                    for form in reader.forms:
                        self._send(name, client, form, address)

    def _send(self, name: str, client: FlaskClient, form: Form, page: str) -> None:
        action = form.action or page
        if not action.startswith("/"):
            return
        for way, data in form.sendings():
            once = without_chance(f"{name} {action} {sorted(data.items())}")
            if once in self.sent:
                continue
            self.sent.add(once)
            for is_htmx in (True, False):
                kept = dict(client._cookies)  # type: ignore[attr-defined]
                headers = {"HX-Request": "true", "HX-Current-URL": HOST + page} if is_htmx else {}
                answer = self._ask(client, "POST", action, data=data, headers=headers)
                told = [f"-- sent: {without_chance(json.dumps(data, ensure_ascii=False))[:2000]}", *self._told(answer)]
                led = answer.headers.get("Location") or answer.headers.get("HX-Redirect")
                if led and led.startswith("/") and self._is_page(led):
                    told += [f"-- then {without_chance(led)}", *self._told(self._ask(client, "GET", led))]
                told += self._follows()
                self._write(name, f"POST {action} {way}{' htmx' if is_htmx else ''}", told)
                client._cookies = kept  # type: ignore[attr-defined]
                self._put_back()

    def _told(self, answer: TestResponse) -> list[str]:
        told = [answer.status]
        told += sorted(without_chance(f"{name}: {value}") for name, value in answer.headers if TOLD_HEADERS.match(name))
        if answer.mimetype.startswith("text/") or answer.mimetype in ("application/json", "application/manifest+json"):
            told += words_of(answer.text, answer.mimetype)
        return told

    def _follows(self) -> list[str]:
        """What the commit's jobs do, and what everybody hears."""
        run_due()
        db.session.remove()
        told = list(self.heard)
        self.heard.clear()
        path = self.data / "outbox.jsonl"
        if path.exists():
            new = path.read_bytes()[len(self.kept.get(path, b"")) :].decode()
            told += [f"-- sent out: {without_chance(line)}" for line in new.splitlines()]
        return told

    def _let_time_pass(self) -> None:
        """Two days by quarters of an hour, then two weeks by days."""
        hours = [quarter / 4 for quarter in range(1, 192)] + [48 + 24 * day for day in range(14)]
        for hour in hours:
            clock.shift(int(hour * 3600))
            if told := self._follows():
                self._write("time", f"after {hour:06.2f} h", told)
            path = self.data / "outbox.jsonl"
            if path.exists():
                self.kept[path] = path.read_bytes()
        clock.shift(0)

    def _write(self, name: str, what: str, lines: list[str]) -> None:
        plain = without_chance(what)
        stem = re.sub(r"[^\w.-]+", "_", plain).strip("_")
        if len(stem) > 90:
            stem = f"{stem[:80]}_{sha256(plain.encode()).hexdigest()[:8]}"
        number, path = 1, self.folder / name / f"{stem}.txt"
        while str(path) in self.written:
            number += 1
            path = self.folder / name / f"{stem}_{number}.txt"
        self.written.add(str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([plain, *lines]) + "\n")


def crawl(folder: Path, scratch: Path) -> None:
    """Empties the folder first."""
    shutil.rmtree(folder, ignore_errors=True)
    with standing_time():
        Walk(scratch, folder).go()
