"""One word is one word, whichever keyboard, system or clipboard it came from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibolit import emails
from ibolit.normalization import is_blank, key_of, opaque, plain, six_digits
from ibolit.services.search import stems
from ibolit.web.text_filters import clean_text, one_line


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        " 123 456 ",
        "123-456",
        "1 2 3 4 5 6",
        "\u202a123456\u202c",
        "\u2068123\u00a0456\u2069",
        "１２３４５６",
        "١٢٣٤٥٦",
        "iBolit: код 123456. Никому его не называйте.\n\n@ibolit.pro #123456",
        "Код 123-456, действует 10 минут",
        "Код: 123456 (СМС от 30.11.2026 в 12:05, +7 916 000-00-01)",
    ],
)
def test_code_is_found(typed: str) -> None:
    assert six_digits(typed) == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "123456 654321", "abcdef", "12345a", "Код 12345"])
def test_no_code_is_guessed(typed: str) -> None:
    assert six_digits(typed) is None


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u200b", "\u200d\ufe0f", "\u202e\u202c", "\u3164", "\u2800", "\u115f\u034f"]
)
def test_invisible_is_blank(text: str) -> None:
    assert is_blank(text)
    assert not clean_text(text)
    assert not is_blank(text + "я")
    assert not is_blank(text + "👍🏽")


def test_family_of_emoji_stays_joined() -> None:
    assert clean_text("👨‍👩‍👧 спасибо") == "👨‍👩‍👧 спасибо"


@pytest.mark.parametrize("word", ["Йорк Пётр", "Ёжиков", "Zoë"])
def test_signs_of_two_are_one(word: str) -> None:
    apart = unicodedata.normalize("NFD", word)
    assert apart != word
    assert one_line(apart) == word
    assert clean_text(apart) == word
    assert opaque(apart) == word
    assert (key_of(apart), stems(apart)) == (key_of(word), stems(word))


def test_search_reads_through_what_is_invisible() -> None:
    assert key_of("\u202aКардио\u00adлог\u202c") == key_of("кардиолог")
    assert key_of("Пётр") == key_of("ПЕТР")


def test_password_keeps_its_letters_and_every_space_is_one() -> None:
    assert opaque("Па\u00a0роль\u3000Ａ ") == "Па роль Ａ "


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Anna@Example.ORG", "anna@example.org"),
        ("\u202aanna@example.org\u202c ", "anna@example.org"),
        ("ａｎｎａ＠example.org", "anna@example.org"),
        ("anna@КЛИНИКА.рф", "anna@клиника.рф"),
        ("anna@xn--80apagcdp.xn--p1ai", "anna@клиника.рф"),
        (unicodedata.normalize("NFD", "anna@мой.рф"), "anna@мой.рф"),
    ],
)
def test_address_has_one_spelling(typed: str, kept: str) -> None:
    assert emails.parse(typed) == kept


def test_letters_before_the_at_are_told_apart() -> None:
    with pytest.raises(emails.NotAscii):
        emails.parse("анна@example.org")
    with pytest.raises(emails.NotAnEmail):
        emails.parse("anna@")


@given(st.text(max_size=60))
def test_any_text_has_one_form(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert opaque(opaque(text)) == opaque(text)
    kept = clean_text(text)
    assert clean_text(kept) == kept
    code = six_digits(text)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdecimal())
