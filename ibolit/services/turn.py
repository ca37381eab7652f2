"""The clinic's relay for calls (TURN, RFC 8656): credentials that last for one of them.

Credentials follow the shared-secret scheme of coturn's `use-auth-secret`: the user name says until when it is good.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..config import Settings


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str


def credentials_for(settings: Settings, user_id: int, now: datetime) -> Credentials:
    """Good for TURN_TTL seconds. The relay's own logs learn a fingerprint of the person, no number."""
    who = hmac.new(settings.secret_key.encode(), f"turn:{user_id}".encode(), hashlib.sha256).hexdigest()[:16]
    return sign(settings.turn_secret, f"{int(now.timestamp()) + settings.turn_ttl}:{who}")


def sign(secret: str, username: str) -> Credentials:
    mac = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return Credentials(username, base64.b64encode(mac).decode())


def ice_configuration(settings: Settings, user_id: int, now: datetime) -> dict[str, Any]:
    """RTCPeerConnection's configuration. With a relay nothing goes directly: neither learns the other's address."""
    servers: list[dict[str, Any]] = []
    if settings.stun_urls:
        servers.append({"urls": [*settings.stun_urls]})
    if settings.turn_urls:
        made = credentials_for(settings, user_id, now)
        servers.append({"urls": [*settings.turn_urls], "username": made.username, "credential": made.password})
    return {"iceServers": servers, "iceTransportPolicy": "relay" if settings.turn_urls else "all"}
