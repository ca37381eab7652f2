"""No word of a patient in a log, whatever breaks: real processes, real faults, and a search of all that was printed."""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, Response
from live_clinic import PASSWORD, ROOT, LiveClinic
from oldphones.person import Forms
from sqlalchemy.exc import IntegrityError, OperationalError

from ibolit import faults

pytestmark = pytest.mark.slow_file

ANNA = "+79000000001"
TEXT, NAME, PHONE, CODE = "болит-меченое", "Меченая Анна", "+79167770011", "808808"
TOKEN = "marked0token0of0an0invitation0abcdef"
ROOM = 16 * 1024**2  # bytes
MARKS = (TEXT, NAME, PHONE[2:], CODE, TOKEN, "болит", "Меченая", "916777")


class Anna:
    """Her browser, which takes whatever answer it gets."""

    def __init__(self, clinic: LiveClinic) -> None:
        self.port = clinic.port
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.ask("GET", "/login")
        assert self.ask("POST", "/login", login=ANNA, password=PASSWORD)[0] == 303
        self.ask("GET", "/profile")

    def ask(self, method: str, path: str, **fields: str) -> tuple[int, str]:
        here = f"http://127.0.0.1:{self.port}"
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Origin": here}
        headers |= {"Referer": f"{here}/", "Content-Type": "application/x-www-form-urlencoded"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = "&".join(f"{name}={quoted(value)}" for name, value in ({"csrf_token": self.token} | fields).items())
        connection.request(method, path, body if method == "POST" else None, headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        html = answer.read().decode()
        connection.close()
        found = [form["csrf_token"] for _, form in Forms(html).found if "csrf_token" in form]
        self.token = found[0] if found else self.token
        return answer.status, html

    def do_everything_marked(self) -> list[tuple[int, str]]:
        """Text, name, phone, code and token go through every kind of door; what became of them."""
        return [
            self.ask("POST", "/chats/1/messages", text=TEXT, client_id="abcdef0123456789"),
            self.ask("POST", "/messages/search", q=TEXT),
            self.ask("POST", "/profile/name", name=NAME),
            self.ask("POST", "/login/phone", phone=PHONE),
            self.ask("POST", "/login/code", code=CODE),
            self.ask("GET", f"/i/{TOKEN}"),
            self.ask("POST", f"/i/{TOKEN}/password", password=TEXT),
            self.ask("GET", f"/payments/return/{TOKEN}"),
            self.ask("GET", f"/chats/1?q={quoted(TEXT)}"),
        ]


CODE_IS_WRONG = 4  # the place of /login/code among them


def quoted(words: str) -> str:
    from urllib.parse import quote

    return quote(words)


def nothing_marked_in(log: str) -> None:
    found = [mark for mark in (*MARKS, *map(quoted, MARKS)) if mark in log]
    assert found == [], log
    assert "Traceback" not in log
    assert "parameters" not in log


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = Path(f"/tmp/pg-faults-{os.getpid()}")
    url = subprocess.run(
        [ROOT / "bin" / "postgres", "start", folder], capture_output=True, text=True, timeout=120, check=True
    ).stdout.strip()
    engine = sa.create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE faults"))
        guide = (ROOT / "docs" / "running.md").read_text()
        for told in re.findall(r"(?<= -c ')[^']+", guide[guide.index("psql -c") :].partition("\n")[0]):
            connection.execute(sa.text(told))
    engine.dispose()
    yield f"{url}/faults", folder
    subprocess.run([ROOT / "bin" / "postgres", "stop", folder], timeout=60, check=True)


def be_refused_with_marks(url: str) -> None:
    """PostgreSQL itself would quote such rows in its log."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE marked (words text UNIQUE NOT NULL, name text NOT NULL)"))
    for words, name in ((TEXT, NAME), (TEXT, NAME), (PHONE, None)):
        with suppress(IntegrityError), engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO marked VALUES (:words, :name)"), {"words": words, "name": name})
    engine.dispose()


def test_postgres_goes_away_in_the_middle(postgres: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = postgres
    be_refused_with_marks(url)
    clinic = LiveClinic(tmp_path, DATABASE_URL=url)
    clinic.start()
    try:
        anna = Anna(clinic)
        assert anna.do_everything_marked()[0][0] in (200, 303)
        engine = sa.create_engine(url)
        held = engine.connect()
        held.execute(sa.text("SELECT id FROM chat WHERE id = 1 FOR UPDATE"))  # her message waits in the middle
        waiting: list[tuple[int, str]] = []
        post = threading.Thread(
            target=lambda: waiting.append(anna.ask("POST", "/chats/1/messages", text=TEXT, client_id="f" * 16))
        )
        post.start()
        with engine.connect() as look:
            while not look.scalar(sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")):
                look.rollback()
        os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        post.join(60)
        held.invalidate()
        engine.dispose()
        answers = waiting + anna.do_everything_marked()
        for status, html in answers:
            assert status == 503
            assert "Сервер занят" in html
            assert "support@ibolit.pro" in html
    finally:
        clinic.stop()
    log = clinic.log.read_text()
    nothing_marked_in(log)
    told = [line for line in log.splitlines() if "failed" in line]
    assert all("the database is gone" in line for line in told), log
    assert len(told) >= len(answers)
    theirs = (folder / "log").read_text()
    nothing_marked_in(theirs)
    assert ("duplicate key value" in theirs, "violates not-null" in theirs) == (True, True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk of its own can be mounted by root only")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_disk_is_full(filled: Path, small_disk: Path, tmp_path: Path) -> None:
    clinic = LiveClinic(small_disk, filled)
    clinic.log = tmp_path / "clinic.log"  # on another disk
    clinic.start()
    try:
        anna = Anna(clinic)
        ballast = small_disk / "ballast"
        number = 0
        while anna.ask("POST", "/chats/1/messages", text=TEXT, client_id=f"full-{number:011}")[0] != 503:
            number += 1  # there is room yet, or again: a database gives some back by itself
            with suppress(OSError), ballast.open("ab", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        answers = anna.do_everything_marked()
        code, _ = answers.pop(CODE_IS_WRONG)
        assert code in (303, 422, 503)  # where a new code still found room, another one is wrong as ever
        assert {status for status, _ in answers} <= {200, 303, 404, 503}
        ballast.unlink()
        assert anna.ask("GET", "/profile")[0] == 200
        assert anna.ask("POST", "/profile/name", name=NAME)[0] == 303
    finally:
        clinic.stop()
    log = clinic.log.read_text()
    nothing_marked_in(log)
    assert "POST /chats/<int:id>/messages failed: the disk is full" in log, log


def test_nonsense_on_the_wire(filled: Path, tmp_path: Path) -> None:
    """gunicorn itself complains of what is no HTTP, and would quote it."""
    clinic = LiveClinic(tmp_path, filled)
    clinic.start()
    try:
        for sent in (f"GET /i/{TOKEN} HTTP/9.9", f"GET / HTTP/1.1\r\nCookie {TEXT}: {TOKEN}", f"{TEXT} {PHONE}"):
            with socket.create_connection(("127.0.0.1", clinic.port), timeout=10) as line:
                line.sendall(sent.encode() + b"\r\n\r\n")
                line.recv(1000)
    finally:
        clinic.stop()
    log = clinic.log.read_text()
    nothing_marked_in(log)
    assert "Invalid request" in log


# What is said of an error


def wrapped(orig: Exception) -> Exception:
    return OperationalError(f"INSERT {TEXT}", {"text": TEXT}, orig)


def sqlite_error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError(TEXT)
    error.sqlite_errorname = name  # type: ignore[misc]
    return error


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.ENOSPC, TEXT), "the disk is full"),
        (wrapped(sqlite_error("SQLITE_FULL")), "the disk is full"),
        (wrapped(sqlite_error("SQLITE_IOERR_WRITE")), "the disk does not work"),
        (wrapped(sqlite_error("SQLITE_BUSY_SNAPSHOT")), "the database is busy"),
        (wrapped(sqlite3.OperationalError("database is locked: no write lock in time")), "the database is busy"),
        (wrapped(ConnectionError(TEXT)), "the database is gone"),
        (IntegrityError(TEXT, {}, sqlite_error("SQLITE_CONSTRAINT_UNIQUE")), ""),
        (ValueError(TEXT), ""),
    ],
)
def test_cause_is_named_and_nothing_is_quoted(error: Exception, cause: str) -> None:
    assert faults.cause_of(error) == cause
    assert TEXT not in faults.told(error)
    chained = RuntimeError(TEXT)
    chained.__cause__ = error
    assert faults.cause_of(chained) == cause


def test_place_is_told_in_one_line() -> None:
    try:
        Path("/").joinpath(TEXT).read_text()
    except OSError as error:
        told = faults.told(error)
    assert told.startswith("FileNotFoundError at pathlib.py:")
    assert "\n" not in told
    assert TEXT not in told


def test_what_fails_when_the_answer_is_ready_quotes_no_address(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_answer: Response) -> Response:
        raise wrapped(ConnectionError(TEXT))

    monkeypatch.setitem(clinic.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(clinic.after_request_funcs, "welcome", [fail])
    answer = clinic.test_client().get(f"/i/{TOKEN}")
    assert (answer.status_code, "Сервер занят" in answer.text) == (503, True)
    line = "GET /i/<token> failed at its end: the database is gone (OperationalError)"
    assert line in [record.getMessage() for record in caplog.records]
    nothing_marked_in(caplog.text)


def test_logged_exceptions_of_others_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("library", logging.ERROR, __file__, 1, "it broke", (), None)
    try:
        raise ValueError(TEXT)
    except ValueError:
        record.exc_info = sys.exc_info()
    line = faults.WithoutWords(faults.FORMAT).format(record)
    assert "it broke: ValueError at test_faults.py:" in line
    assert "\n" not in line
    assert TEXT not in line


def test_thread_and_program_end_without_words() -> None:
    code = f"""
import threading
from ibolit import faults
faults.hush()
def fail(): raise ValueError({TEXT!r})
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert told.stderr.count("ValueError at") == 2
    nothing_marked_in(told.stderr)


# The proxy


def answer_of(port: int, path: str) -> int:
    """0 when nobody listens yet."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("GET", path, headers={"Referer": f"http://a/i/{TOKEN}"})
            with connection.getresponse() as answer:
                return answer.status
        except OSError:
            return 0


def test_nginx_logs_no_address(tmp_path: Path) -> None:
    """Its lines of errors quote the address and the page before it: the app's own log tells what failed."""
    if shutil.which("nginx") is None:
        pytest.skip("no nginx here")
    told = (ROOT / "deploy" / "nginx.conf").read_text()
    port, nobody = LiveClinic(tmp_path).port, LiveClinic(tmp_path).port
    site = told[told.index("server {", told.index("server {") + 1) :]
    site = site.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};").replace("listen [::]:443 ssl http2;", "")
    site = "\n".join(line for line in site.splitlines() if " ssl_" not in line)
    head = told[: told.index("server {")].replace("/var/log/nginx", str(tmp_path))
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{nobody}").replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/main.log;\nevents {{}}\nhttp {{\n"
        f"client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p; fastcgi_temp_path {tmp_path}/f;\n"
        f"uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n{head}\n{site}\n}}\n"
    )
    nginx = subprocess.Popen(["nginx", "-c", tmp_path / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        while not (status := answer_of(port, f"/i/{TOKEN}")):
            assert nginx.poll() is None
        assert status == 503
        assert answer_of(port, f"/profile/email/1?token={TOKEN}") == 503
        assert answer_of(port, "/" + TOKEN * 2000) == 414
    finally:
        nginx.terminate()
        nginx.wait(10)
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    nothing_marked_in("\n".join(logs.values()))
    assert " 503 127.0.0.1:" in logs["ibolit.log"]  # what failed, and when, is told all the same


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf"


def half_an_answer(server: socket.socket) -> None:
    """To whoever asks next, and then the line is cut."""
    line, _ = server.accept()
    with line:
        line.recv(65536)
        line.sendall(HALF)


def test_caddy_logs_no_address(tmp_path: Path) -> None:
    """Not even where somebody looks for a mistake: only then it would write of every request with its address."""
    if shutil.which("caddy") is None:
        pytest.skip("no caddy here")
    port = LiveClinic(tmp_path).port
    config = tmp_path / "Caddyfile"
    told = (ROOT / "deploy" / "Caddyfile").read_text()
    told = told.replace("\tauto_https disable_certs", "\tdebug\n\tadmin off\n\tauto_https off")
    config.write_text("\n".join(line for line in told.splitlines() if "\ttls {" not in line) + "\n")
    with socket.create_server(("127.0.0.1", 0)) as upstream, (tmp_path / "log").open("wb") as log:
        environ = {"HOME": str(tmp_path), "IBOLIT_HOST": f"http://127.0.0.1:{port}"}
        environ["IBOLIT_UPSTREAM"] = f"127.0.0.1:{upstream.getsockname()[1]}"
        caddy = subprocess.Popen(
            ["caddy", "run", "--adapter", "caddyfile", "--config", config], env=environ, stdout=log, stderr=log
        )
        try:
            for path in (f"/i/{TOKEN}", f"/profile/email/1?token={TOKEN}"):
                answering = threading.Thread(target=half_an_answer, args=(upstream,))
                answering.start()
                while not answer_of(port, path):
                    assert caddy.poll() is None
                answering.join(10)
        finally:
            caddy.terminate()
            caddy.wait(10)
    written = (tmp_path / "log").read_text()
    assert "aborting with incomplete response" in written
    assert '"request":{' in written
    nothing_marked_in(written)
