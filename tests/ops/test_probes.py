"""Every provider asked something harmless: well, refusing, poor, confused, absent."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ibolit.config import Settings
from ibolit.ops import probes
from ibolit.ops.probes import ProbeFailed
from ibolit.services.antivirus import AntivirusFailed, Infected


class Provider:
    """Answers as the test wishes, and keeps who asked."""

    def __init__(self) -> None:
        self.status, self.answer, self.date = 200, b"{}", "Mon, 23 Nov 2026 10:00:00 GMT"
        self.asked: list[tuple[str, str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append((self.command, self.path, self.headers["Authorization"]))
                self.send_response_only(provider.status)
                self.send_header("Date", provider.date)
                self.end_headers()
                self.wfile.write(provider.answer)

            do_POST = do_GET

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def say(self, **words: Any) -> None:
        self.answer = json.dumps(words).encode()


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()
    provider.server.server_close()


def settings(**environ: str) -> Settings:
    known = {"SMSAERO_EMAIL": "it@clinic.example", "SMSAERO_KEY": "key", "SMSAERO_SIGN": "Aurora"}
    known |= {"YOOKASSA_SHOP_ID": "100500", "YOOKASSA_SECRET_KEY": "secret", "MAIL_FROM": "clinic@clinic.example"}
    return Settings.from_env({"IBOLIT_ENV": "test", "IBOLIT_DATA": "/nowhere"} | known | environ)


# SMS


def test_sms_tells_what_is_left(provider: Provider) -> None:
    provider.say(success=True, data={"balance": 337.03})
    words, date = probes.sms(settings(), f"{provider.url}/v2/balance")
    assert words == "SMS Aero, 337.03 ₽ left"
    assert date == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert provider.asked == [("POST", "/v2/balance", "Basic aXRAY2xpbmljLmV4YW1wbGU6a2V5")]


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (401, {"success": False}, "look at SMSAERO_EMAIL and SMSAERO_KEY"),
        (200, {"success": False, "data": {"balance": 300}}, "answers something else"),
        (200, {"success": True, "data": None}, "answers something else"),
        (200, {"success": True, "data": {"balance": "much"}}, "answers something else"),
        (200, {"success": True, "data": {"balance": 99.99}}, "99.99 ₽ are left at SMS Aero: top up"),
        (502, {}, "answers something else (status 502)"),
    ],
)
def test_sms_in_trouble(provider: Provider, status: int, said: dict[str, Any], words: str) -> None:
    provider.status = status
    provider.say(**said)
    with pytest.raises(ProbeFailed, match=words.replace("(", r"\(").replace(")", r"\)")):
        probes.sms(settings(), provider.url)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"\xff"])
def test_garbage(provider: Provider, answer: bytes) -> None:
    provider.answer, provider.date = answer, "yesterday"
    with pytest.raises(ProbeFailed, match="something else"):
        probes.sms(settings(), provider.url)


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    with pytest.raises(ProbeFailed, match=r"SMS Aero does not answer .ConnectionError.") as caught:
        probes.sms(settings(), url)
    assert "key" not in str(caught.value)


# Payments


def test_shop_is_known(provider: Provider) -> None:
    provider.say(account_id="100500", status="enabled", test=True)
    words, date = probes.shop(settings(YOOKASSA_API_URL=f"{provider.url}/v3"))
    assert (words, date is not None) == ("YooKassa knows shop 100500", True)
    assert provider.asked == [("GET", "/v3/me", "Basic MTAwNTAwOnNlY3JldA==")]


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (401, {"type": "error"}, "look at YOOKASSA_SHOP_ID"),
        (200, {}, "something else"),
        (200, {"account_id": "1", "status": "disabled"}, "switched off"),
        (302, {}, "something else .status 302."),
    ],
)
def test_shop_in_trouble(provider: Provider, status: int, said: dict[str, Any], words: str) -> None:
    provider.status = status
    provider.say(**said)
    with pytest.raises(ProbeFailed, match=words):
        probes.shop(settings(YOOKASSA_API_URL=f"{provider.url}/v3"))


def test_production_wants_a_real_shop(provider: Provider) -> None:
    from dataclasses import replace

    from ibolit.config import Environment

    provider.say(account_id="100500", status="enabled", test=True)
    real = replace(settings(YOOKASSA_API_URL=provider.url), environment=Environment.PRODUCTION)
    with pytest.raises(ProbeFailed, match="test shop"):
        probes.shop(real)


# Mail


class Post:
    """A mail server that says what it is told to, line by line."""

    def __init__(self, **answers: str) -> None:
        self.answers = {"EHLO": "250-post\r\n250 AUTH PLAIN", "AUTH": "235 in", "MAIL": "250 ok", "RSET": "250 ok"}
        self.answers |= {"QUIT": "221 bye"} | answers
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard: list[str] = []
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        line, _ = self.listener.accept()
        with line, line.makefile("rw", newline="") as consultation:
            consultation.write(self.answers.get("hello", "220 post") + "\r\n")
            consultation.flush()
            for said in consultation:
                self.heard.append(said.strip())
                consultation.write(self.answers.get(said.split()[0].upper(), "500 what") + "\r\n")
                consultation.flush()
                if said.startswith("quit"):
                    break

    def settings(self, **more: str) -> Settings:
        known = {"MAIL_BACKEND": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.port), "SMTP_TLS": "0"}
        return settings(**known | {"SMTP_USER": "clinic", "SMTP_PASSWORD": "word"} | more)

    def end(self) -> list[str]:
        self.thread.join(10)
        self.listener.close()
        return self.heard


def test_mail_lets_us_in_and_nothing_is_sent() -> None:
    post = Post()
    assert probes.mail(post.settings()) == "127.0.0.1 takes letters from clinic@clinic.example"
    words = [said.split()[0].upper() for said in post.end()]
    assert words == ["EHLO", "AUTH", "MAIL", "RSET", "QUIT"]


@pytest.mark.parametrize(
    ("answers", "more", "words"),
    [
        ({"AUTH": "535 no"}, {}, "look at SMTP_USER and SMTP_PASSWORD"),
        ({"MAIL": "550 not yours"}, {}, "takes no letters from MAIL_FROM .answer 550."),
        ({"hello": "554 go away"}, {}, "does not answer"),
        ({}, {"SMTP_TLS": "1"}, "look at SMTP_TLS"),
    ],
)
def test_mail_in_trouble(answers: dict[str, str], more: dict[str, str], words: str) -> None:
    post = Post(**answers)
    with pytest.raises(ProbeFailed, match=words):
        probes.mail(post.settings(**more))
    post.end()


def test_no_mail_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = str(nobody.getsockname()[1])
    with pytest.raises(ProbeFailed, match="look at SMTP_HOST and SMTP_PORT"):
        probes.mail(settings(MAIL_BACKEND="smtp", SMTP_HOST="127.0.0.1", SMTP_PORT=port))


# Antivirus


class Scanner:
    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = iter(outcomes)
        self.seen: list[bytes] = []

    def check(self, path: Path) -> None:
        self.seen.append(path.read_bytes())
        outcome = next(self.outcomes)
        if outcome is not None:
            raise outcome


def test_antivirus_finds_the_test_virus(tmp_path: Path) -> None:
    scanner = Scanner(None, Infected())
    assert probes.antivirus(scanner, tmp_path) == "it finds the test virus"
    assert b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE" in scanner.seen[1]
    assert len(scanner.seen[1]) == 68


def test_antivirus_in_trouble(tmp_path: Path) -> None:
    with pytest.raises(ProbeFailed, match=r"does not answer .ConnectionRefusedError."):
        probes.antivirus(Scanner(AntivirusFailed("ConnectionRefusedError")), tmp_path)
    with pytest.raises(ProbeFailed, match="freshclam"):
        probes.antivirus(Scanner(None, None), tmp_path)
