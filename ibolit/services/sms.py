"""SMS: the contract, the demo outbox, and SMS Aero by its HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from ..config import Settings
from . import clock
from .demo_outbox import DemoMessage, DemoOutbox
from .outgoing import web_session

TIMEOUT = (3, 10)  # seconds to connect, and from one byte of the answer to the next
IN_ALL = 20.0  # seconds


class SmsFailed(Exception):
    """Not sent. `permanent`: repeating it cannot help. `unknown`: it may have been sent all the same."""

    def __init__(self, why: str, *, permanent: bool, unknown: bool = False) -> None:
        super().__init__(why)
        self.permanent = permanent
        self.unknown = unknown


class ProviderStatus(StrEnum):
    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class Sms(Protocol):
    def send(self, phone: str, text: str) -> str:
        """The provider's number of it, empty if it reports no status. `phone` is E.164. Raises SmsFailed."""

    def status(self, reference: str) -> ProviderStatus:
        """What became of it. Raises SmsFailed."""


def parts_of(text: str) -> int:
    """How many SMS are paid for: 160 Latin letters or 70 of any other in one, a little less in each of several."""
    alone, joined = (160, 153) if text.isascii() else (70, 67)
    return 1 if len(text) <= alone else -(-len(text) // joined)


class DemoSms:
    def __init__(self, outbox: DemoOutbox) -> None:
        self.outbox = outbox

    def send(self, phone: str, text: str) -> str:
        self.outbox.put(DemoMessage("sms", phone, "", text, clock.now().isoformat()))
        return ""

    def status(self, reference: str) -> ProviderStatus:
        return ProviderStatus.DELIVERED


class SmsAero:
    """gate.smsaero.ru/v2: POST with basic auth, JSON back.

    Their own client library falls back to plain http with the credentials in it, hence this adapter.
    """

    url = "https://gate.smsaero.ru/v2/sms/send"
    status_url = "https://gate.smsaero.ru/v2/sms/status"

    NOT_SENT_NOW = (404, 429, 503)  # and every redirect: nobody looked at it
    NEVER = (400, 401, 402, 403)
    # 0 queued, 3 handed on, 4 waiting for news, 8 looked at by a moderator
    STATUSES = {1: ProviderStatus.DELIVERED, 2: ProviderStatus.UNDELIVERED, 6: ProviderStatus.UNDELIVERED}

    def __init__(self, email: str, key: str, sign: str) -> None:
        self.auth = (email, key)
        self.sign = sign

    def send(self, phone: str, text: str) -> str:
        said = self._ask(self.url, {"number": phone.lstrip("+"), "text": text, "sign": self.sign})
        data = said.get("data")
        number = data.get("id") if isinstance(data, dict) else None
        return str(number)[:64] if isinstance(number, int | str) else ""

    def status(self, reference: str) -> ProviderStatus:
        said = self._ask(self.status_url, {"id": int(reference) if reference.isdecimal() else reference})
        data = said.get("data")
        status = data.get("status") if isinstance(data, dict) else None
        return (
            self.STATUSES.get(status, ProviderStatus.ON_ITS_WAY)
            if isinstance(status, int)
            else ProviderStatus.ON_ITS_WAY
        )

    def _ask(self, url: str, body: Mapping[str, str | int]) -> dict[str, object]:
        """Only a clear yes is a success; raises SmsFailed, which tells a clear no from what nobody knows."""
        import requests

        try:
            with web_session(IN_ALL) as session:
                answer = session.post(url, json=dict(body), auth=self.auth, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise SmsFailed(type(error).__name__, permanent=False, unknown=not _never_arrived(error)) from None
        status = answer.status_code
        if status != 200:
            is_no = status in self.NEVER or status in self.NOT_SENT_NOW or 300 <= status < 400
            raise SmsFailed(f"status {status}", permanent=status in self.NEVER, unknown=not is_no)
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("success"), bool):
            raise SmsFailed("no answer to read", permanent=False, unknown=True)
        if not said["success"]:
            raise SmsFailed("refused", permanent=False)
        return said


def _never_arrived(error: Exception) -> bool:
    """No connection was made, so nothing was said."""
    import requests
    from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | NameResolutionError)


def sms_from(settings: Settings, outbox: DemoOutbox) -> Sms:
    if settings.sms_backend == "smsaero":
        return SmsAero(settings.smsaero_email, settings.smsaero_key, settings.smsaero_sign)
    return DemoSms(outbox)
