"""A real SMTP server on a free port of this machine: keeps letters, or fails as the test wishes."""

from __future__ import annotations

import email
import email.policy
import socket
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def body_of(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class MailServer:
    """`drops`: has the letter and breaks the line; `answer`: what it says to the letter instead of taking it."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.drops = False
        self.answer = ""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, server_hostname="post.example")
        self.controller.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer:
            return self.answer
        read = email.message_from_bytes(cast(bytes, envelope.content), policy=cast(Any, email.policy.default))
        self.letters.append(cast(EmailMessage, read))
        if self.drops:
            cast(Any, server.transport).abort()
        return "250 taken"

    def stop(self) -> None:
        self.controller.stop()
