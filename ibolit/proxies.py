"""What proxies tell of who asks: some write the port behind the address, «198.51.100.7:51» or «[2001:db8::7]:51».

Limits, the audit log and the sieve of the bank's notices mean the address alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TOLD = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")


class AddressAlone:
    """WSGI middleware behind ProxyFix, which takes the words of the proxy as they are."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = address_alone(environ.get("REMOTE_ADDR", ""))
        return self.app(environ, start_response)


def address_alone(told: str) -> str:
    found = TOLD.fullmatch(told.strip())
    return (found[1] or found[2]) if found else told
