"""SMS: the contract, the demo outbox, and SMS Aero by its HTTP API."""

from __future__ import annotations

from typing import Protocol

from ..config import Settings
from . import clock
from .outbox import Letter, Outbox

TIMEOUT = (3, 10)  # seconds to connect, to answer


class SmsFailed(Exception):
    """Not sent, or nobody knows. `permanent`: repeating it cannot help."""

    def __init__(self, why: str, *, permanent: bool) -> None:
        super().__init__(why)
        self.permanent = permanent


class Sms(Protocol):
    def send(self, phone: str, text: str) -> None:
        """`phone` is E.164. Raises SmsFailed."""


class DemoSms:
    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def send(self, phone: str, text: str) -> None:
        self.outbox.put(Letter("sms", phone, "", text, clock.now().isoformat()))


class SmsAero:
    """gate.smsaero.ru/v2: POST with basic auth, JSON back.

    Their own client library falls back to plain http with the credentials in it, hence this adapter.
    """

    url = "https://gate.smsaero.ru/v2/sms/send"

    def __init__(self, email: str, key: str, sign: str) -> None:
        self.auth = (email, key)
        self.sign = sign

    def send(self, phone: str, text: str) -> None:
        import requests

        body = {"number": phone.lstrip("+"), "text": text, "sign": self.sign}
        try:
            answer = requests.post(self.url, json=body, auth=self.auth, timeout=TIMEOUT, allow_redirects=False)
            said = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError) as error:
            raise SmsFailed(type(error).__name__, permanent=False) from None
        if not isinstance(said, dict) or said.get("success") is not True:
            raise SmsFailed(f"status {answer.status_code}", permanent=answer.status_code in (400, 401, 402, 403))


def sms_from(settings: Settings, outbox: Outbox) -> Sms:
    if settings.sms_backend == "smsaero":
        return SmsAero(settings.smsaero_email, settings.smsaero_key, settings.smsaero_sign)
    return DemoSms(outbox)
