"""YooKassa's webhooks. They are unsigned: the source address is checked, and the body only names whom to ask about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from . import WebhookEvent

PROVIDER_ID = re.compile(r"[0-9A-Za-z-]{1,64}")  # becomes part of a URL at the provider


def parse_webhook(body: bytes) -> WebhookEvent | None:
    """None for what concerns no payment; raises ValueError for what is no notification."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("no notification") from error
    if not isinstance(told, dict) or not isinstance(told.get("event"), str):
        raise ValueError("no notification")
    field = {"payment": "id", "refund": "payment_id"}.get(told["event"].partition(".")[0])
    if field is None:
        return None
    thing = told.get("object")
    payment_id = thing.get(field) if isinstance(thing, dict) else None
    if not isinstance(payment_id, str) or not PROVIDER_ID.fullmatch(payment_id):
        raise ValueError("no notification: it names no payment")
    return WebhookEvent(payment_id)


def is_from_networks(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """False for an address that cannot be parsed."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    plain = getattr(ip, "ipv4_mapped", None) or ip  # ::ffff:77.75.153.5, as a socket of both kinds tells it
    return any(plain in network for network in networks)
