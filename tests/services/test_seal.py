"""The box around who an erased person was: only SEAL_KEY opens it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from ibolit.services import seal
from ibolit.services.seal import SealBroken

pytestmark = pytest.mark.any_database

WHO: dict[str, object] = {"name": "Щукина Мария", "phone": "+79160000055", "dependants": [{"name": "Ваня"}]}


def test_what_was_sealed_is_read_again(clinic: Flask) -> None:
    assert seal.open_seal(seal.seal(WHO)) == WHO


def test_another_key_opens_nothing(clinic: Flask, change_settings: Callable[..., None]) -> None:
    sealed = seal.seal(WHO)
    change_settings(seal_key="another key of the seal, as long as one must be")
    with pytest.raises(SealBroken):
        seal.open_seal(sealed)


def test_box_tells_neither_words_nor_lengths(clinic: Flask) -> None:
    sealed = seal.seal(WHO)
    assert "Щукина".encode() not in sealed
    assert b"79160000055" not in sealed
    assert len(sealed) == len(seal.seal({"name": "Ян"}))


def test_damaged_box_is_refused(clinic: Flask) -> None:
    sealed = seal.seal(WHO)
    with pytest.raises(SealBroken):
        seal.open_seal(sealed[:-8] + b"AAAAAAAA")


def test_hash_needs_the_key(clinic: Flask, change_settings: Callable[..., None]) -> None:
    known = seal.keyed_hash("+79160000055")
    assert (known, len(known)) == (seal.keyed_hash("+79160000055"), 64)
    assert known != seal.keyed_hash("+79160000056")
    change_settings(seal_key="another key of the seal, as long as one must be")
    assert seal.keyed_hash("+79160000055") != known
