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
from .outbox import Letter, Outbox

TIMEOUT = 10  # seconds for any step of the conversation


class MailFailed(Exception):
    """Not sent, or nobody knows. `permanent`: repeating it cannot help."""

    def __init__(self, why: str, *, permanent: bool) -> None:
        super().__init__(why)
        self.permanent = permanent


class Mailer(Protocol):
    def send(self, to: str, subject: str, text: str, html: str) -> None:
        """Raises MailFailed."""


class DemoMailer:
    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def send(self, to: str, subject: str, text: str, html: str) -> None:
        self.outbox.put(Letter("mail", to, subject, text, clock.now().isoformat()))


class CheckingSmtp(smtplib.SMTP):
    """STARTTLS that checks the certificate: flask-mailman gives smtplib no context, and then it believes any."""

    def starttls(self, *args: Any, **named: Any) -> tuple[int, bytes]:
        return super().starttls(context=ssl.create_default_context())


class CheckingBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return smtplib.SMTP_SSL if self.use_ssl else CheckingSmtp


class SmtpMailer:
    def __init__(self, app: Flask, settings: Settings) -> None:
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
        self.mail = Mail(app)

    def send(self, to: str, subject: str, text: str, html: str) -> None:
        try:
            with self.mail.get_connection(CheckingBackend) as connection:  # closed also when sending fails
                letter = EmailMultiAlternatives(subject, text, self.sender, [to], connection=connection)
                letter.attach_alternative(html, "text/html")
                letter.send()
        except smtplib.SMTPRecipientsRefused as refusal:
            codes = [code for code, _ in refusal.recipients.values()]
            raise MailFailed("recipient refused", permanent=min(codes) >= 500) from None  # 4xx: come again
        except (smtplib.SMTPException, OSError) as error:
            raise MailFailed(type(error).__name__, permanent=False) from None


def mailer_from(app: Flask, settings: Settings, outbox: Outbox) -> Mailer:
    return SmtpMailer(app, settings) if settings.mail_backend == "smtp" else DemoMailer(outbox)
