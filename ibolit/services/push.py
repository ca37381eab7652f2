"""Web push: to the browser of a person whose page is closed, by the push service of that browser's maker.

What is sent is encrypted for that browser alone. The embedded default works as it is: its keys are made at the first
need and kept in IBOLIT_DATA, and the demo outbox shows beside it what was pushed.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..config import Settings
from . import clock
from .demo_outbox import DemoMessage, DemoOutbox
from .outgoing import web_session

TIMEOUT = 5  # seconds to connect, and from one byte of the answer to the next
IN_ALL = 10.0  # seconds
LONGEST = 3000  # bytes; push services take 4096 of what is encrypted
KEY_FILE = "push-key"


class PushFailed(Exception):
    """Not sent, or nobody knows. `permanent`: repeating it cannot help."""

    def __init__(self, why: str, *, permanent: bool) -> None:
        super().__init__(why)
        self.permanent = permanent


class PushGone(PushFailed):
    """Nobody listens at this address any more."""

    def __init__(self, why: str) -> None:
        super().__init__(why, permanent=True)


@dataclass(frozen=True)
class PushTarget:
    """Where one listens, and the keys only it can read with; as the browser itself named them."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True)
class PushOptions:
    """What a push service needs to know, and sees. The newer takes the place of what waits under the same topic."""

    ttl: int  # seconds it is worth keeping for a phone that is off
    topic: str
    is_urgent: bool


class Push(Protocol):
    @property
    def public_key(self) -> str: ...

    def is_push_service(self, endpoint: str) -> bool:
        """It is an address of a push service: addresses come from browsers, and we call nobody else."""

    def send(self, target: PushTarget, told: Mapping[str, object], options: PushOptions) -> None:
        """Raises PushFailed, PushGone."""


class WebPush:
    def __init__(self, key: str, folder: Path, subject: str, hosts: tuple[str, ...]) -> None:
        self._given_key = key
        self._folder = folder
        self._subject = subject
        self._hosts = hosts

    @cached_property
    def private_key(self) -> str:
        return self._given_key or kept_key(self._folder)

    @cached_property
    def public_key(self) -> str:
        return public_key_of(self.private_key)

    def is_push_service(self, endpoint: str) -> bool:
        try:
            url = urlsplit(endpoint)
            port = url.port
        except ValueError:
            return False
        if f"{url.scheme}://{url.netloc}" in self._hosts:  # the tests' own, which production refuses
            return True
        is_plain = url.scheme == "https" and port in (None, 443) and "@" not in url.netloc
        return is_plain and any(_is_of(url.hostname or "", host) for host in self._hosts)

    def send(self, target: PushTarget, told: Mapping[str, object], options: PushOptions) -> None:
        if not self.is_push_service(target.endpoint):
            raise PushGone("not a push service")
        try:
            self._post(target, json.dumps(told, ensure_ascii=False), options)
        except PushFailed:
            raise
        except (OSError, ValueError) as error:  # nobody answers; or a browser's key that is no point of the curve
            raise PushFailed(type(error).__name__, permanent=isinstance(error, ValueError)) from None

    def _post(self, target: PushTarget, words: str, options: PushOptions) -> None:
        """Heavy, and needed only by who sends."""
        from pywebpush import WebPushException, webpush

        headers = {"Topic": options.topic, "Urgency": "high" if options.is_urgent else "normal"}
        keys = {"p256dh": target.p256dh, "auth": target.auth}
        try:
            with web_session(IN_ALL) as session:
                webpush(
                    {"endpoint": target.endpoint, "keys": keys},
                    words,
                    vapid_private_key=self.private_key,
                    vapid_claims={"sub": self._subject},  # a new one each time: the library writes the host into it
                    timeout=TIMEOUT,
                    ttl=options.ttl,
                    headers=headers,
                    requests_session=session,
                )
        except WebPushException as failure:
            status = failure.status_code
            if status in (404, 410):
                raise PushGone(f"status {status}") from None
            is_final = status is not None and 300 <= status < 500 and status not in (408, 429)
            raise PushFailed(f"status {status}", permanent=is_final) from None


class DemoPush(WebPush):
    """Delivers as the real one does; and the newcomer reads in the outbox what was pushed."""

    def __init__(self, outbox: DemoOutbox, *args: Any) -> None:
        super().__init__(*args)
        self.outbox = outbox

    def send(self, target: PushTarget, told: Mapping[str, object], options: PushOptions) -> None:
        super().send(target, told, options)
        text = "\n".join(str(told[name]) for name in ("title", "body", "url") if told.get(name))
        self.outbox.put(
            DemoMessage("push", urlsplit(target.endpoint).hostname or "", "", text, clock.now().isoformat())
        )


def are_keys(p256dh: str, auth: str) -> bool:
    """A point of the curve, uncompressed, and sixteen bytes."""
    point, secret = _bytes_of(p256dh), _bytes_of(auth)
    return len(point) == 65 and point[0] == 4 and len(secret) == 16


def new_key() -> str:
    """A private key of the curve P-256, as VAPID_PRIVATE_KEY takes it."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _text_of(number.to_bytes(32))


def public_key_of(private_key: str) -> str:
    """What browsers subscribe with, and by which a push service knows us."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = ec.derive_private_key(int.from_bytes(_bytes_of(private_key)), ec.SECP256R1())
    return _text_of(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def signed(private_key: str, subject: str) -> str:
    """How a push service is told who calls: a token, and the key it is read with. Raises ValueError."""
    from py_vapid import Vapid02, VapidException

    claims = {"sub": subject, "aud": "https://push.example"}
    try:
        header: str = Vapid02.from_string(private_key).sign(claims)["Authorization"]
    except VapidException as error:
        raise ValueError(str(error)) from error
    return header


def kept_key(folder: Path) -> str:
    """Made when there is none: two processes that start together keep the same."""
    path = folder / KEY_FILE
    if not path.exists():
        made = _written(folder, new_key())
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text().strip()


def keep_key(folder: Path, key: str) -> None:
    """In place of what is there, whole or not at all."""
    made = _written(folder, key)
    made.replace(folder / KEY_FILE)


def _written(folder: Path, key: str) -> Path:
    made = folder / f"{KEY_FILE}.{secrets.token_hex(8)}"
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.strip() + "\n")
    return made


def push_from(settings: Settings, outbox: DemoOutbox) -> Push:
    given = (settings.vapid_private_key, settings.data, settings.vapid_subject, settings.push_hosts)
    return DemoPush(outbox, *given) if settings.is_demo else WebPush(*given)


def _is_of(name: str, host: str) -> bool:
    return name.endswith(host[1:]) if host.startswith("*.") else name == host


def _bytes_of(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.rstrip("=").encode() + b"=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        return b""


def _text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
