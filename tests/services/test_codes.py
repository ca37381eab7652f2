"""Codes and tokens are computed from the server's key, never stored."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from ibolit.services import codes


def test_digits_follow_from_key_purpose_row_and_nonce(clinic: Flask, change_settings: Callable[..., None]) -> None:
    digits = codes.code_for("login", 1, "nonce")
    assert digits == codes.code_for("login", 1, "nonce")
    others = {codes.code_for(*other) for other in (("x", 1, "nonce"), ("login", 2, "nonce"), ("login", 1, "other"))}
    change_settings(secret_key="another key")
    others.add(codes.code_for("login", 1, "nonce"))
    assert len(others) == 4
    assert digits not in others


def test_there_are_always_six(clinic: Flask) -> None:
    assert {len(codes.code_for("login", row, "nonce")) for row in range(200)} == {6}
    assert any(codes.code_for("login", row, "nonce").startswith("0") for row in range(200))


def test_only_the_very_digits_fit(clinic: Flask) -> None:
    digits = codes.code_for("login", 1, "nonce")
    assert codes.is_code("login", 1, "nonce", digits)
    for wrong in ("", digits[:5], digits + "0", "٣٤٥٦٧٨", "цифры!"):
        assert not codes.is_code("login", 1, "nonce", wrong)


def test_only_the_very_token_fits(clinic: Flask) -> None:
    token = codes.link_token("email", 1, "nonce")
    assert len(token) == 40
    assert codes.is_link_token("email", 1, "nonce", token)
    for wrong in ("", token[:-1], token.upper(), "токен"):
        assert not codes.is_link_token("email", 1, "nonce", wrong)


def test_fingerprints_tell_apart_and_tell_nothing(clinic: Flask) -> None:
    assert codes.fingerprint("+79161234567") != codes.fingerprint("+79161234568")
    assert "916" not in codes.fingerprint("+79161234567")
    assert codes.new_nonce() != codes.new_nonce()
