"""Codes and tokens, computed and never stored: HMAC(server key, purpose, row id, nonce)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from ..config import current_settings

CODE_DIGITS = 6


def new_nonce() -> str:
    return secrets.token_hex(16)


def _mac(purpose: str, row_id: int, nonce: str) -> bytes:
    key = current_settings.secret_key.encode()
    return hmac.new(key, f"{purpose}:{row_id}:{nonce}".encode(), hashlib.sha256).digest()


def code_for(purpose: str, row_id: int, nonce: str) -> str:
    """Six digits for a person to type."""
    number = int.from_bytes(_mac(purpose, row_id, nonce)[:8]) % 10**CODE_DIGITS
    return f"{number:0{CODE_DIGITS}}"


def link_token(purpose: str, row_id: int, nonce: str) -> str:
    """A token for a link."""
    return _mac(purpose, row_id, nonce).hex()[:40]


def short_link_token(purpose: str, row_id: int, nonce: str) -> str:
    """A token for a link in an SMS: letters and digits only, which every phone takes for part of the address."""
    return base64.b32encode(_mac(purpose, row_id, nonce)[:15]).decode().lower()


def is_link_token(purpose: str, row_id: int, nonce: str, token: str) -> bool:
    return hmac.compare_digest(link_token(purpose, row_id, nonce).encode(), token.encode())


def is_short_link_token(purpose: str, row_id: int, nonce: str, token: str) -> bool:
    return hmac.compare_digest(short_link_token(purpose, row_id, nonce).encode(), token.encode())


def is_code(purpose: str, row_id: int, nonce: str, digits: str) -> bool:
    return hmac.compare_digest(code_for(purpose, row_id, nonce).encode(), digits.encode())


def content_hash(words: object) -> str:
    """A short keyed hash: equal texts have equal hashes, and the hash reveals nothing."""
    return fingerprint(str("" if words is None else words).replace("\u00a0", " "))[:12]


def fingerprint(value: str) -> str:
    """A keyed hash to count or look up by, where the value itself must not be stored."""
    return hmac.new(current_settings.secret_key.encode(), value.encode(), hashlib.sha256).hexdigest()
