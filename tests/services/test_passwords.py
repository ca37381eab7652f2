"""Passwords cost the same work whoever asks."""

from __future__ import annotations

import pytest

from ibolit.services import passwords

HASHED = passwords.hash_password("correct horse")


class Counting:
    """The real hasher, and which hashes it was asked to check."""

    def __init__(self) -> None:
        self.hasher = passwords._hasher
        self.checked: list[str] = []

    def verify(self, hashed: str, password: str) -> bool:
        self.checked.append(hashed)
        return self.hasher.verify(hashed, password)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


def test_right_and_wrong(counting: Counting) -> None:
    assert passwords.is_right("correct horse", HASHED)
    assert not passwords.is_right("correct horsE", HASHED)
    assert not passwords.is_right("", HASHED)
    assert counting.checked == [HASHED] * 3


def test_missing_account_costs_the_same_work(counting: Counting) -> None:
    assert not passwords.is_right("correct horse", None)
    [checked] = counting.checked
    assert parameters(checked) == parameters(HASHED)


def test_nobody_has_the_password_of_nobody() -> None:
    assert not passwords.is_right("nobody has this password", None)


def test_broken_hash_lets_nobody_in() -> None:
    assert not passwords.is_right("correct horse", "not a hash")
    assert not passwords.is_right("correct horse", "")


def test_hashes_are_salted_argon2id_as_owasp_asks() -> None:
    assert passwords.hash_password("correct horse") != HASHED
    assert parameters(HASHED) == ["argon2id", "v=19", "m=19456,t=2,p=1"]


def parameters(hashed: str) -> list[str]:
    return hashed.split("$")[1:4]
