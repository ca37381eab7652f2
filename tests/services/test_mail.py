"""Every mailer keeps one contract; the SMTP server is a small one on this machine."""

from __future__ import annotations

import email
import email.policy
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from flask import Flask

from ibolit.config import Settings
from ibolit.services import mail
from ibolit.services.demo_outbox import DemoOutbox
from ibolit.services.mail import DemoMailer, Mailer, MailFailed, SmtpMailer, mailer_from

TO = "anna@example.org"
SUBJECT = "iBolit: подтвердите почту"
TEXT = "Откройте ссылку:\n\nhttps://ibolit.example/profile/email/1/abc\n"
HTML = "<p>Откройте <a href='https://ibolit.example/profile/email/1/abc'>ссылку</a></p>"


class PostOffice:
    """A small SMTP server: `answers` holds what it says instead of 250 to a command."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.greeting = "220 post.example"
        self.tls: ssl.SSLContext | None = None
        self.envelopes: list[tuple[str, str]] = []
        self.letters: list[EmailMessage] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        office = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                office.may_answer.wait(10)
                self.say(office.greeting)
                sender = recipient = ""
                while line := self.rfile.readline().decode().strip():
                    verb = line.split(":")[0].upper()
                    if verb.startswith("MAIL"):
                        sender = line.split("<")[1].split(">")[0]
                    elif verb.startswith("RCPT"):
                        recipient = line.split("<")[1].split(">")[0]
                    self.say(office.answers.get(verb.split()[0], self.usual(verb)))
                    if verb == "DATA" and "DATA" not in office.answers:
                        office.envelopes.append((sender, recipient))
                        office.letters.append(self.letter())
                        self.say("250 taken")
                    if verb == "STARTTLS" and not self.begin_tls():
                        return
                    if verb == "QUIT":
                        return

            def usual(self, verb: str) -> str:
                if verb.startswith("EHLO") and office.tls:
                    return "250-hello\r\n250 STARTTLS"
                return {"DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on"}.get(verb, "250 yes")

            def begin_tls(self) -> bool:
                assert office.tls is not None
                try:
                    self.request = office.tls.wrap_socket(self.request, server_side=True)
                except OSError:
                    return False
                self.setup()
                return True

            def finish(self) -> None:
                super().finish()
                self.request.close()

            def letter(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b"."))
                return cast(EmailMessage, email.message_from_bytes(b"".join(lines), policy=email.policy.default))

            def say(self, line: str) -> None:
                try:
                    self.wfile.write(line.encode() + b"\r\n")
                except OSError:  # who would not wait is gone
                    office.may_answer.set()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.may_answer.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    monkeypatch.setattr("socket.getfqdn", lambda *_: "clinic.example")  # asks no name server
    office = PostOffice()
    yield office
    office.stop()


def smtp_mailer(port: int, tmp_path: Path, **more: str) -> Iterator[Mailer]:
    app = Flask("mail")
    settings = Settings.from_env(
        {"IBOLIT_ENV": "test", "IBOLIT_DATA": str(tmp_path), "MAIL_BACKEND": "smtp", "MAIL_FROM": "clinic@example.org"}
        | {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "0"}
        | more
    )
    with app.app_context():
        yield mailer_from(app, settings, DemoOutbox(tmp_path))


@pytest.fixture
def smtp(office: PostOffice, tmp_path: Path) -> Iterator[Mailer]:
    yield from smtp_mailer(office.port, tmp_path)


@pytest.fixture(params=["demo", "smtp"])
def mailer_and_sent(
    request: pytest.FixtureRequest, tmp_path: Path, office: PostOffice, smtp: Mailer
) -> tuple[Mailer, Callable[[], list[tuple[str, str, str]]]]:
    if request.param == "smtp":
        return smtp, lambda: [(letter["To"], letter["Subject"], body_of(letter, "plain")) for letter in office.letters]
    outbox = DemoOutbox(tmp_path)
    letters = lambda: [(letter.to, letter.subject, letter.text) for letter in reversed(outbox.latest())]  # noqa: E731
    return DemoMailer(outbox), letters


def test_every_mailer_sends_address_subject_and_text(
    mailer_and_sent: tuple[Mailer, Callable[[], list[tuple[str, str, str]]]],
) -> None:
    mailer, sent = mailer_and_sent
    mailer.send(TO, SUBJECT, TEXT, HTML)
    mailer.send("petr@example.org", SUBJECT, TEXT, HTML)
    assert sent() == [(TO, SUBJECT, TEXT), ("petr@example.org", SUBJECT, TEXT)]


def test_letter_has_both_forms_and_the_clinics_sender(smtp: Mailer, office: PostOffice) -> None:
    assert isinstance(smtp, SmtpMailer)
    smtp.send(TO, SUBJECT, TEXT, HTML)
    [letter] = office.letters
    assert office.envelopes == [("clinic@example.org", TO)]
    assert letter["From"] == "clinic@example.org"
    assert body_of(letter, "html") == HTML


def body_of(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("verb", "answer", "permanent"),
    [
        ("RCPT", "550 no such person", True),
        ("RCPT", "553 not a name", True),
        ("RCPT", "450 greylisted, come again", False),
        ("RCPT", "452 mailbox full", False),
        ("MAIL", "451 not now", False),
        ("DATA", "451 not now", False),
        ("EHLO", "garbage", False),
    ],
)
def test_refusals_tell_now_from_never(
    smtp: Mailer, office: PostOffice, verb: str, answer: str, permanent: bool
) -> None:
    office.answers[verb] = answer
    if verb == "EHLO":
        office.answers["HELO"] = answer
    with pytest.raises(MailFailed) as failure:
        smtp.send(TO, SUBJECT, TEXT, HTML)
    assert failure.value.permanent is permanent
    assert "anna" not in str(failure.value)
    assert office.letters == []


@pytest.mark.parametrize("greeting", ["554 go away", "GET / HTTP/1.1", ""])
def test_who_does_not_speak_smtp_may_come_back(smtp: Mailer, office: PostOffice, greeting: str) -> None:
    office.greeting = greeting
    with pytest.raises(MailFailed) as failure:
        smtp.send(TO, SUBJECT, TEXT, HTML)
    assert not failure.value.permanent


def test_slow_server_is_not_waited_for(office: PostOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.1)
    office.may_answer.clear()
    for mailer in smtp_mailer(office.port, tmp_path):
        with pytest.raises(MailFailed) as failure:
            mailer.send(TO, SUBJECT, TEXT, HTML)
        assert not failure.value.permanent


def test_absent_server_may_come_back(office: PostOffice, tmp_path: Path) -> None:
    for mailer in smtp_mailer(1, tmp_path):
        with pytest.raises(MailFailed) as failure:
            mailer.send(TO, SUBJECT, TEXT, HTML)
        assert not failure.value.permanent


# The password and what people are written must reach the right server only.


@pytest.fixture
def certificate(office: PostOffice, tmp_path: Path) -> Path:
    """The server's own, signed by nobody."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    who = ["-subj", "/CN=post", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    how = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", "-x509", *who, *how], check=True, capture_output=True)
    office.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    office.tls.load_cert_chain(certificate, key)
    return certificate


def test_letters_go_encrypted_to_a_server_that_is_known(
    office: PostOffice, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for mailer in smtp_mailer(office.port, tmp_path, SMTP_TLS="1"):
        mailer.send(TO, SUBJECT, TEXT, HTML)
    assert len(office.letters) == 1


def test_unknown_certificate_gets_no_letter(office: PostOffice, certificate: Path, tmp_path: Path) -> None:
    for mailer in smtp_mailer(office.port, tmp_path, SMTP_TLS="1"):
        with pytest.raises(MailFailed):
            mailer.send(TO, SUBJECT, TEXT, HTML)
    assert office.letters == []


def test_server_without_tls_gets_no_letter(office: PostOffice, tmp_path: Path) -> None:
    for mailer in smtp_mailer(office.port, tmp_path, SMTP_TLS="1"):
        with pytest.raises(MailFailed):
            mailer.send(TO, SUBJECT, TEXT, HTML)
    assert office.letters == []


def test_domain_of_other_letters_goes_in_punycode(smtp: Mailer, office: PostOffice) -> None:
    smtp.send("anna@клиника.рф", SUBJECT, TEXT, HTML)
    assert office.envelopes == [("clinic@example.org", f"anna@{'клиника.рф'.encode('idna').decode()}")]


def test_mailbox_of_other_letters_gets_no_garbled_letter(smtp: Mailer, office: PostOffice) -> None:
    """Such addresses are refused where they are typed; those of before are refused here, for good."""
    with pytest.raises(MailFailed) as failure:
        smtp.send("анна@example.org", SUBJECT, TEXT, HTML)
    assert failure.value.permanent
    assert office.envelopes == []
