"""Passwords by Argon2id at OWASP's minimum (19 MiB, 2 passes), about 60 ms; more would only slow our own door."""

from __future__ import annotations

import threading
import time

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..normalization import decomposed, opaque

PATIENCE = 15.0  # seconds a stranger waits for their turn

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_nobodys = _hasher.hash("nobody has this password")


class Busy(Exception):
    """Too many strangers try at once."""


class _Lane:
    """One try at a time, and after each as long a rest: whoever guesses in a hundred threads takes half a core."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._rests_until = 0.0

    def __enter__(self) -> None:
        if not self._turn.acquire(timeout=PATIENCE):
            raise Busy
        time.sleep(max(0.0, self._rests_until - time.monotonic()))
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        now = time.monotonic()
        self._rests_until = now + (now - self._began)
        self._turn.release()


_strangers = _Lane()


def hash_password(password: str) -> str:
    """Of the password as every keyboard spells it."""
    return _hasher.hash(opaque(password))


def is_right_for_stranger(password: str, hashed: str | None) -> bool:
    """As is_right(), in the lane of browsers that the account does not know. Raises Busy.

    The rest comes before the next try, so that who comes alone waits for nobody.
    """
    with _strangers:
        return is_right(password, hashed)


def is_right(password: str, hashed: str | None) -> bool:
    """Takes as long for a missing account as for a wrong password, so time tells nobody who is registered.

    An empty hash is an account that nobody has entered yet: no password is right for it, not even nobody's.
    Hashes of before 30 November 2026 are of the password as it was typed then. So other spellings are tried, all of
    them whichever is right: how many there are is decided by what was typed, and tells nothing of the account.
    """
    spellings = dict.fromkeys((opaque(password), password, decomposed(opaque(password))))
    right = [_is_right(one, hashed) for one in spellings]
    return any(right)


def _is_right(password: str, hashed: str | None) -> bool:
    try:
        return _hasher.verify(hashed or _nobodys, password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False
