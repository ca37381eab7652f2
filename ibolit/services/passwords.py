"""Passwords by Argon2id at OWASP's minimum (19 MiB, 2 passes), about 60 ms; more would only slow our own door."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_nobodys = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def is_right(password: str, hashed: str | None) -> bool:
    """Takes as long for a missing account as for a wrong password, so time tells nobody who is registered.

    An empty hash is an account that nobody has entered yet: no password is right for it, not even nobody's.
    """
    try:
        return _hasher.verify(hashed or _nobodys, password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False
