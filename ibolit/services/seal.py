"""Who an erased person was, shut away: only who has SEAL_KEY, which lies outside database and backups, reads it.

The box is Fernet (AES-128-CBC with HMAC-SHA-256) of `cryptography`; its key and that of the hashes are derived from
SEAL_KEY apart, so that neither tells anything of the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..config import current_settings

PADDED_TO = 256  # bytes: how long a name is, a box does not tell


class SealBroken(Exception):
    """Another SEAL_KEY has shut it, or it is damaged."""


def seal(words: dict[str, object]) -> bytes:
    """A box around what JSON can say."""
    told = json.dumps(words, ensure_ascii=False).encode()
    return _box().encrypt(told + b" " * (-len(told) % PADDED_TO))


def open_seal(sealed: bytes) -> dict[str, object]:
    """Raises SealBroken."""
    try:
        words: dict[str, object] = json.loads(_box().decrypt(sealed))
    except InvalidToken:
        raise SealBroken("SEAL_KEY is another one than it was sealed with") from None
    return words


def keyed_hash(value: str) -> str:
    """64 hexadecimal digits: the same for the same value, and without SEAL_KEY nobody can try all phones."""
    return hmac.new(_derived(b"hash"), value.encode(), hashlib.sha256).hexdigest()


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(b"box")))


def _derived(purpose: bytes) -> bytes:
    key = current_settings.seal_key.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"ibolit seal " + purpose).derive(key)
