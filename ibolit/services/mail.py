"""E-mail: the contract, the demo outbox, and SMTP through flask-mailman."""

from __future__ import annotations

import smtplib
import ssl
from typing import Any, Protocol

from flask import Flask
from flask_mailman import EmailMultiAlternatives, Mail
from flask_mailman.backends.smtp import EmailBackend

from ..config import Settings
from . import clock
from .demo_outbox import DemoMessage, DemoOutbox
from .outgoing import BoundedSmtp, BoundedSmtpSsl, bounded

TIMEOUT = 10  # seconds from one byte of an answer to the next
IN_ALL = 60.0  # seconds for the whole conversation


class MailFailed(Exception):
    """Not sent. `permanent`: repeating it cannot help. `unknown`: it may have been sent all the same."""

    def __init__(self, why: str, *, permanent: bool, unknown: bool = False) -> None:
        super().__init__(why)
        self.permanent = permanent
        self.unknown = unknown


class Mailer(Protocol):
    def send(self, to: str, subject: str, text: str, html: str, key: str = "") -> None:
        """Letters with one `key` are one letter, should two of them arrive. Raises MailFailed."""


class DemoMailer:
    def __init__(self, outbox: DemoOutbox) -> None:
        self.outbox = outbox

    def send(self, to: str, subject: str, text: str, html: str, key: str = "") -> None:
        self.outbox.put(DemoMessage("mail", to, subject, text, clock.now().isoformat()))


class LostOnTheWay(Exception):
    """The line went dead after the letter was begun: the server may have it."""


class TellingSmtp(smtplib.SMTP):
    def data(self, msg: Any) -> tuple[int, bytes]:
        try:
            return super().data(msg)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            if isinstance(error, smtplib.SMTPDataError):  # a clear no
                raise
            raise LostOnTheWay(type(error).__name__) from None


class TellingSmtpSsl(TellingSmtp, BoundedSmtpSsl):
    pass


class CheckingSmtp(TellingSmtp, BoundedSmtp):
    """STARTTLS that checks the certificate: flask-mailman gives smtplib no context, and then it believes any."""

    def starttls(self, *args: Any, **named: Any) -> tuple[int, bytes]:
        return super().starttls(context=ssl.create_default_context())


class CheckingBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return TellingSmtpSsl if self.use_ssl else CheckingSmtp


class SmtpMailer:
    def __init__(self, app: Flask, settings: Settings, in_all: float = IN_ALL) -> None:
        app.config.update(
            MAIL_SERVER=settings.smtp_host,
            MAIL_PORT=settings.smtp_port,
            MAIL_USERNAME=settings.smtp_user or None,
            MAIL_PASSWORD=settings.smtp_password or None,
            MAIL_USE_TLS=settings.smtp_tls and settings.smtp_port != 465,
            MAIL_USE_SSL=settings.smtp_tls and settings.smtp_port == 465,
            MAIL_TIMEOUT=TIMEOUT,
        )
        self.sender = settings.mail_from
        self.in_all = in_all
        self.mail = Mail(app)

    def send(self, to: str, subject: str, text: str, html: str, key: str = "") -> None:
        """The domain goes in punycode; nothing before the «@» can, and flask-mailman would write to somebody else."""
        if not to.rpartition("@")[0].isascii():
            raise MailFailed("letters other than Latin before the @", permanent=True)
        is_taken = False
        try:
            with (
                bounded(self.in_all),
                self.mail.get_connection(CheckingBackend) as connection,
            ):  # closed also when sending fails
                letter = EmailMultiAlternatives(subject, text, self.sender, [to], connection=connection)
                if key:
                    letter.extra_headers["Message-ID"] = f"<{key}@{self.sender.rsplit('@', 1)[-1]}>"
                letter.attach_alternative(html, "text/html")
                letter.send()
                is_taken = True
        except smtplib.SMTPRecipientsRefused as refusal:
            codes = [code for code, _ in refusal.recipients.values()]
            raise MailFailed("recipient refused", permanent=min(codes) >= 500) from None  # 4xx: come again
        except smtplib.SMTPDataError as refusal:
            raise MailFailed("letter refused", permanent=refusal.smtp_code >= 500) from None
        except LostOnTheWay as error:
            raise MailFailed(str(error), permanent=False, unknown=True) from None
        except (smtplib.SMTPException, OSError) as error:
            if not is_taken:  # a server that forgets to say good-bye has the letter
                raise MailFailed(type(error).__name__, permanent=False) from None


def mailer_from(app: Flask, settings: Settings, outbox: DemoOutbox) -> Mailer:
    return SmtpMailer(app, settings) if settings.mail_backend == "smtp" else DemoMailer(outbox)
