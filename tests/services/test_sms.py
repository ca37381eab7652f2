"""Every sender of SMS keeps one contract; SMS Aero answers from this machine."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ibolit.services import sms
from ibolit.services.outbox import Outbox
from ibolit.services.sms import DemoSms, Sms, SmsAero, SmsFailed

PHONE = "+79161234567"
TEXT = "iBolit: код 123456.\n\n@ibolit.pro #123456"
ACCEPTED = json.dumps({"success": True, "data": {"id": 1}, "message": None})


class Gate:
    """What gate.smsaero.ru would be: keeps what it was told, answers as the test wishes."""

    def __init__(self) -> None:
        self.status, self.answer = 200, ACCEPTED
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                gate.requests.append((self.path, self.headers["Authorization"], body))
                gate.may_answer.wait(10)
                self.send_response(gate.status)
                for name, value in gate.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(gate.answer.encode())

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:  # who would not wait is gone
                    self.close_connection = True

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v2/sms/send"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.may_answer.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    gate = Gate()
    monkeypatch.setattr(SmsAero, "url", gate.url)
    yield gate
    gate.stop()


@pytest.fixture
def aero(gate: Gate) -> SmsAero:
    return SmsAero("clinic@example.org", "key", "iBolit")


@pytest.fixture(params=["demo", "smsaero"])
def sender_and_sent(
    request: pytest.FixtureRequest, tmp_path: Path, gate: Gate
) -> tuple[Sms, Callable[[], list[tuple[str, str]]]]:
    if request.param == "demo":
        outbox = Outbox(tmp_path)
        return DemoSms(outbox), lambda: [(letter.to, letter.text) for letter in reversed(outbox.latest())]
    aero = SmsAero("clinic@example.org", "key", "iBolit")
    return aero, lambda: [("+" + body["number"], body["text"]) for _, _, body in gate.requests]


def test_every_sender_sends_number_and_text(
    sender_and_sent: tuple[Sms, Callable[[], list[tuple[str, str]]]],
) -> None:
    sender, sent = sender_and_sent
    sender.send(PHONE, TEXT)
    sender.send("+4915112345678", "Zweite")
    assert sent() == [(PHONE, TEXT), ("+4915112345678", "Zweite")]


def test_aero_is_asked_with_the_clinics_key(aero: SmsAero, gate: Gate) -> None:
    aero.send(PHONE, TEXT)
    [(path, authorization, body)] = gate.requests
    assert path == "/v2/sms/send"
    assert authorization == "Basic " + base64.b64encode(b"clinic@example.org:key").decode()
    assert body == {"number": "79161234567", "text": TEXT, "sign": "iBolit"}


@pytest.mark.parametrize(
    ("status", "answer", "permanent"),
    [
        (400, '{"success": false, "message": "Validation error"}', True),
        (401, '{"success": false}', True),
        (402, '{"success": false, "message": "Not enough money"}', True),
        (403, "", True),
        (429, '{"success": false}', False),
        (500, "<h1>Bad Gateway</h1>", False),
        (502, '{"success": true}', False),
        (200, '{"success": false}', False),
        (200, "<html>захвачено гостиничным вай-фаем</html>", False),
        (200, "", False),
        (200, "[]", False),
        (200, '"success"', False),
        (200, "null", False),
        (200, '{"success": "true"}', False),
    ],
)
def test_only_a_clear_yes_is_success(aero: SmsAero, gate: Gate, status: int, answer: str, permanent: bool) -> None:
    gate.status, gate.answer = status, answer
    with pytest.raises(SmsFailed) as failure:
        aero.send(PHONE, TEXT)
    assert failure.value.permanent is permanent
    assert_says_nothing(failure.value)


def test_key_follows_no_redirect(aero: SmsAero, gate: Gate) -> None:
    gate.status, gate.headers = 307, {"Location": gate.url}
    with pytest.raises(SmsFailed):
        aero.send(PHONE, TEXT)
    assert len(gate.requests) == 1


def test_slow_provider_is_not_waited_for(aero: SmsAero, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "TIMEOUT", (0.2, 0.1))
    gate.may_answer.clear()
    with pytest.raises(SmsFailed) as failure:
        aero.send(PHONE, TEXT)
    assert not failure.value.permanent
    assert_says_nothing(failure.value)


def test_absent_provider_may_come_back(aero: SmsAero, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SmsAero, "url", "http://127.0.0.1:1/")
    with pytest.raises(SmsFailed) as failure:
        aero.send(PHONE, TEXT)
    assert not failure.value.permanent


def assert_says_nothing(failure: SmsFailed) -> None:
    """The failure is kept with the job and logged."""
    assert "916" not in str(failure)
    assert "123456" not in str(failure)
