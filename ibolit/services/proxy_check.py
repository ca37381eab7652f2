"""From where the clinic believes to be asked: `flask doctor` comes in by PUBLIC_URL, as people do, and compares.

Limits, the audit log and the bank's notices go by the address that the last TRUSTED_PROXIES proxies tell. Too few: all
people are one. Too many: anybody may claim any address. Only who has the secret key is answered.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from itsdangerous import BadSignature, TimestampSigner

from ..config import Settings
from .outgoing import bounded, watch

PATH, PASS = "/healthz/whence", "X-iBolit-Doctor"
TIMEOUT, IN_ALL, GOOD_FOR = 10, 30.0, 60  # seconds
NOBODY = "192.0.2.77"  # of no machine (RFC 5737): what a forger would say


class ProxyCheckFailed(Exception):
    """What is wrong and what to do."""


@dataclass(frozen=True)
class Heard:
    """What the clinic's server says of one request."""

    believed: str
    told: str  # X-Forwarded-For as it came
    scheme: str
    trusted: int

    @classmethod
    def read(cls, words: bytes) -> Self:
        """Raises ValueError or TypeError of what is not ours."""
        return cls(**json.loads(words))

    @property
    def hops(self) -> list[str]:
        """What the proxies have told, the outermost first, without what was told to them."""
        told = [one.strip() for one in self.told.split(",") if one.strip()]
        return told[told.index(NOBODY) + 1 :] if NOBODY in told else told


def is_doctor(settings: Settings, told: str) -> bool:
    try:
        _signer(settings).unsign(told, max_age=GOOD_FOR)
    except BadSignature:
        return False
    return True


def look(settings: Settings) -> str:
    """Who the clinic takes this machine for. Raises ProxyCheckFailed."""
    heard, own = _ask(settings)
    hops = heard.hops
    if heard.trusted != settings.trusted_proxies:
        now = settings.trusted_proxies
        raise ProxyCheckFailed(
            f"the server was started with TRUSTED_PROXIES={heard.trusted}, now it is {now}: restart it"
        )
    if not hops:
        raise ProxyCheckFailed("no proxy in front tells X-Forwarded-For: all people share one address. See «The proxy»")
    if heard.trusted != len(hops):
        what = "anybody is whoever he says" if heard.believed == NOBODY else f"all people are {heard.believed}"
        raise ProxyCheckFailed(f"TRUSTED_PROXIES={heard.trusted}, and {what}: set TRUSTED_PROXIES={len(hops)}")
    if own != heard.believed and ip_address(own).is_global:
        raise ProxyCheckFailed(
            f"it takes {own} for {heard.believed}: of several proxies in a row each must add to X-Forwarded-For"
        )
    if heard.scheme != urlsplit(settings.public_url).scheme:
        raise ProxyCheckFailed("the proxy does not tell X-Forwarded-Proto: see «The proxy» in docs/running.md")
    return f"who asks from here is {heard.believed}"


def _ask(settings: Settings) -> tuple[Heard, str]:
    """What the server says, and the address that this machine asked from."""
    place = urlsplit(settings.public_url)
    line = _line(place.scheme, place.hostname or "", place.port)
    told = {PASS: _signer(settings).sign(b"").decode(), "X-Forwarded-For": NOBODY}
    try:
        with bounded(IN_ALL):
            line.connect()
            watch(line.sock)
            line.request("GET", PATH, headers=told)
            own = str(line.sock.getsockname()[0])
            answer = line.getresponse()
            words = answer.read(4096)
    except (OSError, HTTPException) as error:
        raise ProxyCheckFailed(f"{settings.public_url} does not answer from here ({type(error).__name__})") from None
    finally:
        line.close()
    try:
        return Heard.read(words), own
    except (ValueError, TypeError):
        raise ProxyCheckFailed(
            f"{settings.public_url} answers {answer.status}: is it this clinic, and does the proxy pass Host on?"
        ) from None


def _line(scheme: str, host: str, port: int | None) -> HTTPConnection:
    """Whatever its certificate is worth: that is another check's, and nothing secret is sent."""
    if scheme != "https":
        return HTTPConnection(host, port, timeout=TIMEOUT)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=TIMEOUT, context=context)


def _signer(settings: Settings) -> TimestampSigner:
    return TimestampSigner(settings.secret_key, salt="whence")
