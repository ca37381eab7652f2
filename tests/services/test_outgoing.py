"""No provider keeps a worker for longer than one may, however slowly it speaks; what nobody knows is said to be so."""

from __future__ import annotations

import gc
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

import pytest
import requests
from dripping_server import DrippingServer
from flask import Flask
from push_service import Listener

from ibolit.config import Settings
from ibolit.ops import probes
from ibolit.services import outgoing, push, sms
from ibolit.services.mail import MailFailed, SmtpMailer
from ibolit.services.outgoing import bounded, web_session
from ibolit.services.payments import GatewayOutcomeUnknown
from ibolit.services.payments.yookassa import Shop, YooKassa
from ibolit.services.push import PushFailed, PushOptions, PushTarget, WebPush
from ibolit.services.sms import SmsAero, SmsFailed

MAY_LAST = 0.4  # seconds, of what would last for ever
PATIENCE = 5.0  # seconds in which every one of them has ended, on a busy machine, too

OK = b"HTTP/1.1 200 OK\r\n"
HTTP: dict[str, tuple[bytes, bytes]] = {
    "nothing yet": (b"", b"HTTP/1.1 "),
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (OK + b"X-Long: ", b"x"),
    "more headers": (OK, b"X-A: b\r\n"),
    "body of a length": (OK + b"Content-Length: 100000\r\n\r\n{", b" "),
    "body without a length": (OK + b"\r\n" + b'{"success": true, "id": "1"}', b" "),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}
FINE: dict[bytes, bytes | None] = {
    b"ehlo": b"250 post.example\r\n", b"mail": b"250 ok\r\n", b"rcpt": b"250 ok\r\n", b"data": b"354 go on\r\n",
    b".\r\n": b"250 taken\r\n", b"rset": b"250 ok\r\n", b"quit": b"221 bye\r\n",
}  # fmt: skip
MAIL: dict[str, tuple[bytes, dict[bytes, bytes | None] | None, bool]] = {
    "greeting": (b"220-", None, False),
    "mail": (b"220 post.example\r\n", FINE | {b"mail": None}, False),
    "data": (b"220 post.example\r\n", FINE | {b"data": None}, True),
    "letter": (b"220 post.example\r\n", FINE | {b".\r\n": None}, True),
}
Drips = Callable[..., DrippingServer]


@pytest.fixture
def drips(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drips]:
    """What begins a server that speaks so."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    begun: list[DrippingServer] = []

    def begin(*speaks: object) -> DrippingServer:
        begun.append(DrippingServer(*speaks))  # type: ignore[arg-type]
        return begun[-1]

    yield begin
    for server in begun:
        server.stop()
    with warnings.catch_warnings():  # Python itself does not close a line that is hung up on just before its handshake
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def ends(server: DrippingServer, ask: Callable[[], object], error: type[Exception]) -> Exception:
    """In time, by this error; and nobody listens at the other side any more."""
    begun = monotonic()
    with pytest.raises(error) as raised:
        ask()
    assert monotonic() - begun < PATIENCE
    assert server.was_hung_up.wait(PATIENCE), "the line is still open"
    return raised.value


@pytest.mark.parametrize("drip", HTTP)
def test_sms_gate_that_drips(drips: Drips, drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = drips(*HTTP[drip])
    monkeypatch.setattr(sms, "IN_ALL", MAY_LAST)
    monkeypatch.setattr(SmsAero, "url", server.host)
    failure = ends(server, lambda: SmsAero("a@example.org", "key", "iBolit").send("+79161234567", "1"), SmsFailed)
    assert isinstance(failure, SmsFailed)
    assert (failure.permanent, failure.unknown) == (False, True)


@pytest.mark.parametrize("drip", HTTP)
def test_bank_that_drips(drips: Drips, drip: str) -> None:
    server = drips(*HTTP[drip])
    bank = YooKassa(Shop("1", "key", server.host), in_all=MAY_LAST)
    ends(server, lambda: bank.find("22e12f66-000f-5000-8000-18db351245c7"), GatewayOutcomeUnknown)


@pytest.mark.parametrize("drip", HTTP)
def test_push_service_that_drips(drips: Drips, drip: str, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    server, settings = drips(*HTTP[drip]), app.extensions["ibolit_settings"]
    monkeypatch.setattr(push, "IN_ALL", MAY_LAST)
    told = Listener(f"{server.host}/phone").told_to_the_clinic
    sender = WebPush("", settings.data, settings.vapid_subject, (server.host,))
    target, options = PushTarget(**told), PushOptions(60, "chat-1", is_urgent=False)
    failure = ends(server, lambda: sender.send(target, {"title": "iBolit"}, options), PushFailed)
    assert isinstance(failure, PushFailed)
    assert not failure.permanent


@pytest.mark.parametrize("drip", MAIL)
def test_mail_server_that_drips(drips: Drips, drip: str, app: Flask) -> None:
    before, turns, is_unknown = MAIL[drip]
    server = drips(before, b"250-and so on\r\n", turns)
    settings = replace(app.extensions["ibolit_settings"], smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls=False)
    mailer = SmtpMailer(app, settings, in_all=MAY_LAST)
    with app.app_context():
        failure = ends(server, lambda: mailer.send("zoya@example.org", "iBolit", "1", "<p>1</p>"), MailFailed)
    assert isinstance(failure, MailFailed)
    assert (failure.permanent, failure.unknown) == (False, is_unknown)


@pytest.mark.parametrize("port", [465, 587])
def test_mail_server_whose_tls_drips(drips: Drips, app: Flask, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first byte on, or after STARTTLS: a record that says it is long, and comes for ever."""
    begin: dict[bytes, bytes | None] = {b"ehlo": b"250-post.example\r\n250 STARTTLS\r\n", b"STARTTLS": b"220 go\r\n"}
    server = (
        drips(b"220 post.example\r\n", b"\x16\x03\x03\x40\x00", begin) if port == 587 else drips(b"\x16\x03\x03\x40")
    )
    settings = replace(app.extensions["ibolit_settings"], smtp_host="127.0.0.1", smtp_port=port, smtp_tls=True)
    mailer = SmtpMailer(app, settings, in_all=MAY_LAST)
    monkeypatch.setattr(app.extensions["mailman"], "port", server.port)
    with app.app_context():
        failure = ends(server, lambda: mailer.send("zoya@example.org", "iBolit", "1", "<p>1</p>"), MailFailed)
    assert isinstance(failure, MailFailed)
    assert (failure.permanent, failure.unknown) == (False, False)


@pytest.mark.parametrize("ask", [probes.sms, probes.shop])
def test_probe_that_is_answered_so(
    drips: Drips, app: Flask, ask: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = drips(*HTTP["header"])
    monkeypatch.setattr(probes, "IN_ALL", MAY_LAST)
    settings: Settings = replace(app.extensions["ibolit_settings"], yookassa_api_url=server.host)
    given = (settings, server.host) if ask is probes.sms else (settings,)
    ends(server, lambda: ask(*given), probes.ProbeFailed)


def test_probe_of_a_mail_server_that_drips(drips: Drips, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    server = drips(b"220-", b"220-\r\n")
    monkeypatch.setattr(probes, "IN_ALL", MAY_LAST)
    settings = replace(app.extensions["ibolit_settings"], smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls=False)
    ends(server, lambda: probes.mail(settings), probes.ProbeFailed)


def test_tls_that_drips(drips: Drips) -> None:
    server = drips(b"\x16\x03\x03\x40\x00")

    def ask() -> None:
        with web_session(MAY_LAST) as session:
            session.get(server.host.replace("http:", "https:"), timeout=10)

    ends(server, ask, requests.ReadTimeout)


def test_proxy_that_drips(drips: Drips, monkeypatch: pytest.MonkeyPatch) -> None:
    server = drips(b"HTTP/1.1 200 ", b"O")
    monkeypatch.setenv("NO_PROXY", "")
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", server.host)

        def ask(scheme: str = scheme) -> None:
            with web_session(MAY_LAST) as session:
                session.get(f"{scheme}://gate.example/", timeout=10)

        ends(server, ask, requests.ReadTimeout)


def test_nothing_of_a_conversation_is_left_behind(drips: Drips) -> None:
    """Neither a timer's thread nor a descriptor, whether it ended in time or not."""

    def count() -> tuple[int, int]:
        timers = [
            one for one in threading.enumerate() if isinstance(one, threading.Timer) and not one.finished.is_set()
        ]
        return len(timers), len(os.listdir("/proc/self/fd"))

    server = drips(OK + b"Content-Length: 1\r\n\r\n1")
    before = count()
    for _ in range(3):
        with web_session(PATIENCE) as session:
            assert session.get(server.host, timeout=10).text == "1"
    timers, descriptors = count()
    assert timers == before[0]
    assert descriptors <= before[1] + 3  # the server's own ends of these lines


def test_line_that_is_opened_too_late_is_not_spoken_on(drips: Drips) -> None:
    """As by an address of many that took the whole time to be reached."""
    server = drips(b"220 post.example\r\n", b"x", FINE)
    with bounded(60) as deadline:
        deadline._hang_up()
        with pytest.raises(TimeoutError):
            outgoing.BoundedSmtp("127.0.0.1", server.port, timeout=10)


def test_time_outs_outside_a_conversation_are_left_alone(drips: Drips) -> None:
    server = drips(b"220 post.example\r\n", b"x", FINE)
    with outgoing.BoundedSmtp("127.0.0.1", server.port, timeout=10) as speaks:
        assert speaks.mail("a@example.org") == (250, b"ok")
