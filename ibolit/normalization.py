"""One word is one word, whichever keyboard, system or clipboard it came from.

Unicode writes «й» as one sign or as two (Macs and old exports), digits in several scripts and widths, and clipboards
of messengers put marks of direction around phones. What is stored, compared or counted passes one of these first.
"""

from __future__ import annotations

import re
import unicodedata

# Letters, marks and digits by their class, and nothing on the screen: Hangul fillers, the empty Braille cell, and the
# sign that joins letters (a Mn, so not among what `_is_invisible` finds by its class).
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
WORD = re.compile(r"\w+")
INSIDE_WORDS = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")  # soft hyphens, joiners, marks of direction
SIX_DIGITS = re.compile(r"(?<!\d)\d{6}(?!\d)")
SPLIT_SIX_DIGITS = re.compile(r"(?<!\d)(?<!\d[ \-])\d{3}[ \-]\d{3}(?![ \-]?\d)")


def composed(text: str) -> str:
    """NFC: «й» of two signs becomes one. Nothing that a reader sees changes."""
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    """NFD, as some Macs and old programs have typed."""
    return unicodedata.normalize("NFD", text)


def plain(text: str) -> str:
    """For codes, phones and addresses: NFKC (fullwidth and other digits' widths, ligatures), digits of every script
    as 0–9, nothing invisible, every run of white space as one space."""
    shown = (one for one in unicodedata.normalize("NFKC", text) if one.isspace() or not _is_invisible(one))
    digits = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in shown)
    return " ".join(digits.split())


def is_blank(text: str) -> bool:
    """Nothing of it can be seen: spaces, marks of direction, joiners, variation selectors."""
    return all(one.isspace() or _is_invisible(one) or "\ufe00" <= one <= "\ufe0f" for one in text)


def opaque(password: str) -> str:
    """RFC 8265 (OpaqueString): spaces of every kind are the usual one, then NFC. Letters' case and width stay."""
    return composed("".join(" " if unicodedata.category(one) == "Zs" else one for one in password))


def normalised(words: str) -> str:
    """Lower case with ё as е, without what only says where a word may break: SQLite's lower() knows no Cyrillic."""
    return INSIDE_WORDS.sub("", composed(words)).lower().replace("ё", "е")


def key_of(words: str) -> str:
    """What names are found and sorted by: their words as a query is split, «мамин сибиряк», «о коннор»."""
    return " ".join(WORD.findall(normalised(words)))


def six_digits(text: str) -> str | None:
    """The one run of six digits in what was typed or pasted, «Код 123-456. iBolit» too; None without one or with
    several different ones."""
    words = plain(text)
    found = set(SIX_DIGITS.findall(words))
    if not found:
        found = {re.sub(r"\D", "", one) for one in SPLIT_SIX_DIGITS.findall(words)}
    if not found and re.fullmatch(r"[\d\s.\-]*", words):  # digit by digit, as some keyboards' fields paste them
        digits = re.sub(r"\D", "", words)
        found = {digits} if len(digits) == 6 else set()
    return found.pop() if len(found) == 1 else None


def _is_invisible(one: str) -> bool:
    return one in BLANK or unicodedata.category(one) in ("Cc", "Cf", "Cn", "Co", "Cs")
