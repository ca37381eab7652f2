"""Phones as people type them."""

from __future__ import annotations

import pytest

from ibolit import phones


@pytest.mark.parametrize(
    "typed",
    [
        "+79161234567",
        "89161234567",
        "79161234567",
        "9161234567",
        "8 916 123-45-67",
        "+7 (916) 123-45-67",
        "8(916)1234567",
        "7 916 123 45 67",
        "916.123.45.67",
        "  +7\u00a0916\u00a0123\u201145\u201167 ",
        "0079161234567",
        "tel:+7-916-123-45-67",
        "+8 916 123-45-67",
        "+8(916)1234567",
        "\u202a+7\u00a0916 123\u201045\u201067\u202c",
        "\u200e8 916 123 45 67\u200f",
        "＋７（９１６）１２３－４５－６７",
        "٨٩١٦١٢٣٤٥٦٧",
    ],
)
def test_every_russian_form_is_one_number(typed: str) -> None:
    assert phones.parse(typed) == "+79161234567"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+49 151 23456789", "+4915123456789"),
        ("0049 151 23456789", "+4915123456789"),
        ("+1 (212) 555-2368", "+12125552368"),
        ("+374 91 123456", "+37491123456"),
        ("+7 701 123 45 67", "+77011234567"),
        ("+380 50 123 4567", "+380501234567"),
        ("8 900 000-00-01", "+79000000001"),
        ("8 900 000-01-06", "+79000000106"),
    ],
)
def test_foreign_and_demo_numbers_are_read(typed: str, kept: str) -> None:
    assert phones.parse(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", " ", "телефон", "123", "8 916 123-45", "+7 916 123-45-678", "+999 123456789", "anna@example.org",
              "8 916 123-45-67 доб. 12", "103", "\x00", "+", "9" * 100]
)  # fmt: skip
def test_what_is_no_phone_is_refused(typed: str) -> None:
    with pytest.raises(phones.NotAPhone):
        phones.parse(typed)


def test_numbers_are_shown_readable() -> None:
    assert phones.readable("+79160000001") == "+7 916 000-00-01"
    assert phones.readable("+4915123456789") == "+49 1512 3456789"


@pytest.mark.parametrize("kept", ["+84912345678", "+81312345678", "+8613800138000"])
def test_countries_that_begin_with_8_keep_their_numbers(kept: str) -> None:
    assert phones.parse(kept) == kept


@pytest.mark.parametrize(
    ("phone", "is_landline"),
    [("+74955551102", True), ("+78005551102", True), ("+77172123456", True), ("+375171234567", True),
     ("+79165551102", False), ("+77011234567", False), ("+375291234567", False), ("+12125551234", False)],
)  # fmt: skip
def test_landlines_are_told(phone: str, is_landline: bool) -> None:
    assert phones.is_landline(phone) is is_landline
