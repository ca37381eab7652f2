"""Passwords cost the same work whoever asks."""

from __future__ import annotations

import unicodedata

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


TYPED = "Мой пароль ёжик"
APART = unicodedata.normalize("NFD", TYPED)
SPACED = TYPED.replace(" ", "\u00a0")


@pytest.mark.parametrize("first", [TYPED, APART, SPACED])
@pytest.mark.parametrize("then", [TYPED, APART, SPACED])
def test_password_is_the_same_from_every_keyboard(first: str, then: str) -> None:
    assert passwords.is_right(then, passwords.hash_password(first))
    assert not passwords.is_right(then + "!", passwords.hash_password(first))


@pytest.mark.parametrize("first", [TYPED, APART, SPACED])
def test_hash_of_before_opens_to_what_was_typed_then(first: str) -> None:
    old = passwords._hasher.hash(first)
    assert passwords.is_right(first, old)


def test_mac_of_before_opens_from_windows() -> None:
    assert passwords.is_right(TYPED, passwords._hasher.hash(APART))


@pytest.mark.parametrize("typed", ["correct horse", TYPED, APART, SPACED])
def test_work_depends_on_what_is_typed_alone(counting: Counting, typed: str) -> None:
    works = []
    for hashed in (HASHED, counting.hasher.hash(typed), None):
        counting.checked.clear()
        passwords.is_right(typed, hashed)
        works.append(len(counting.checked))
    assert len(set(works)) == 1
