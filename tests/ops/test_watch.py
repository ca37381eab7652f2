"""The alarm by mail: five minutes of what is wrong, once, and once more when it is over, whatever else goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from local_server import Answers, LocalServer
from mail_server import MailServer, body_of

from ibolit.config import Settings
from ibolit.ops import watch
from ibolit.services.demo_outbox import DemoOutbox
from ibolit.services.mail import mailer_from

ROOT = Path(__file__).parents[2]
BEGUN = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
DISK = {"room": "1.0 GB are free in IBOLIT_DATA: files will soon be refused. Make room"}


class App:
    """What a clinic's server says of itself."""

    def __init__(self) -> None:
        self.wrong: dict[str, str] = {}
        self.body = b""
        self.hosts: list[str] = []
        told = self

        class Readyz(Answers):
            def do_GET(self) -> None:
                assert self.path == "/readyz"
                told.hosts.append(self.headers["Host"])
                parts = {name: {"well": name not in told.wrong, "words": told.wrong.get(name, "well")} for name in DISK}
                body = told.body or json.dumps({"parts": parts}).encode()
                self.send_response(503 if told.wrong else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = LocalServer(Readyz)


@pytest.fixture
def app() -> Iterator[App]:
    made = App()
    yield made
    made.server.stop()


class Watcher:
    def __init__(self, post: MailServer, data: Path, base: str) -> None:
        self.post, self.base = post, base
        self.settings = Settings.from_env(
            {"IBOLIT_ENV": "test", "IBOLIT_DATA": str(data), "ALERT_EMAIL": "it@clinic.example", "SMTP_TLS": "off"}
            | {"MAIL_BACKEND": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(post.port)}
            | {"PUBLIC_URL": "https://chat.example.ru", "MAIL_FROM": "ibolit@clinic.example"}
        )
        bare = Flask("watch")
        self.mailer = mailer_from(bare, self.settings, DemoOutbox(data))
        self.context = bare.app_context()

    def look(self, minutes: float) -> list[str]:
        """One look, so many minutes after the first; the texts that went out."""
        before = len(self.post.letters)
        with self.context:
            watch.step(self.settings, self.mailer, self.base, BEGUN + timedelta(minutes=minutes))
        return [body_of(letter, "plain") for letter in self.post.letters[before:]]


@pytest.fixture
def post() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def watcher(app: App, post: MailServer, tmp_path: Path) -> Watcher:
    return Watcher(post, tmp_path, app.server.host)


def test_told_after_five_minutes_once_and_when_it_is_over(app: App, post: MailServer, watcher: Watcher) -> None:
    assert watcher.look(0) == []
    app.wrong = DISK
    assert [watcher.look(minutes) for minutes in (1, 2, 5)] == [[], [], []]
    (alarm,) = watcher.look(6)
    assert "Место на диске: не в порядке дольше пяти минут. room: 1.0 GB are free" in alarm
    assert post.letters[0]["To"] == "it@clinic.example"
    assert "нужна помощь (Место на диске)" in post.letters[0]["Subject"]
    assert [watcher.look(minutes) for minutes in (7, 60, 600)] == [[], [], []]
    app.wrong = {}
    (calm,) = watcher.look(601)
    assert "Место на диске: снова в порядке." in calm
    assert watcher.look(602) == []
    assert set(app.hosts) == {"chat.example.ru"}


def test_what_passes_by_itself_wakes_nobody(app: App, watcher: Watcher) -> None:
    for minutes in range(0, 40, 4):
        app.wrong = {} if app.wrong else DISK
        assert watcher.look(minutes) == []


def test_app_that_is_dead_is_told(app: App, watcher: Watcher, post: MailServer, tmp_path: Path) -> None:
    app.server.stop()
    assert watcher.look(0) == []
    (alarm,) = watcher.look(5)
    assert "Приложение: не в порядке дольше пяти минут. app: does not answer (ConnectionRefusedError)" in alarm
    alive = App()
    watcher.base = alive.server.host
    (calm,) = watcher.look(6)
    alive.server.stop()
    assert "Приложение: снова в порядке." in calm


@pytest.mark.parametrize(
    "body", [b"<html>Hotel</html>", b"[]", b'{"parts": 1}', b'{"parts": {"room": "full"}}', b"\xff"]
)
def test_foreign_answer_is_none(app: App, watcher: Watcher, body: bytes) -> None:
    app.body = body
    watcher.look(0)
    assert "app: does not answer" in watcher.look(5)[0]


def test_alarm_that_does_not_go_out_is_sent_by_a_later_look(app: App, post: MailServer, watcher: Watcher) -> None:
    app.wrong = DISK
    watcher.look(0)
    post.answer = "451 come again"
    assert watcher.look(5) == []
    post.answer = ""
    assert len(watcher.look(6)) == 1
    assert watcher.look(7) == []


@pytest.mark.parametrize("spoilt", ["", "null", "[]", '{"since": {"room": 5}, "told": []}', '{"since": 1}', "\x00"])
def test_spoilt_memory_begins_anew(app: App, watcher: Watcher, tmp_path: Path, spoilt: str) -> None:
    (tmp_path / watch.KEPT).write_text(spoilt)
    app.wrong = DISK
    assert watcher.look(0) == []
    assert len(watcher.look(5)) == 1


def test_nobody_to_tell(app: App, post: MailServer, watcher: Watcher) -> None:
    object.__setattr__(watcher.settings, "alert_email", "")
    app.wrong = DISK
    assert [watcher.look(minutes) for minutes in (0, 5)] == [[], []]


def test_program_of_its_own_needs_no_app(tmp_path: Path) -> None:
    """As the timer starts it, with a server that is not there."""
    environ = {"IBOLIT_ENV": "test", "IBOLIT_DATA": str(tmp_path), "PORT": "9", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-m", "ibolit.ops.watch"], env=environ, cwd=ROOT, check=True, timeout=60)
    assert list(json.loads((tmp_path / watch.KEPT).read_text())["since"]) == ["app"]
