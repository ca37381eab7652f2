"""What is guessed first: the ten thousand most common passwords, and what stands on a person's card.

The list comes with zxcvbn (frequency lists of leaked passwords, MIT licence), sorted by how common they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

MOST_COMMON = 10_000
LEFT_OVER = 4  # so many characters besides a name or a phone make nothing safer

# The same keys, typed with the other layout on: «йцукен» is qwerty.
LAYOUT = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,.")


def is_common(password: str) -> bool:
    word = password.strip().lower()
    return word in _common() or word.translate(LAYOUT) in _common() or len(set(word)) <= 2


def is_made_of(password: str, known: Iterable[str]) -> bool:
    """Of what others know of the person: a phone, a name, the clinic's name, with hardly anything besides."""
    plain = _squeezed(password)
    words = sorted({word for text in known for word in _words(text)}, key=len, reverse=True)
    rest = plain
    for word in words:
        rest = rest.replace(word, "")
    return rest != plain and len(rest) < LEFT_OVER


def _words(text: str) -> set[str]:
    """Of a phone also without its country's number, of a name each of its parts."""
    whole = _squeezed(text)
    parts = {_squeezed(part) for part in re.split(r"[\W_]+", text)} | {whole}
    if whole.isdecimal() and len(whole) == 11:
        parts |= {whole[1:], "8" + whole[1:]}
    return {part for part in parts if len(part) >= 3}


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower().replace("ё", "е"))


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # a megabyte of lists: only who sets a password waits for it

    return frozenset(FREQUENCY_LISTS["passwords"][:MOST_COMMON])
