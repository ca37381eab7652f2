"""Sums of money, as people read and type them."""

from __future__ import annotations

import re

NBSP = "\u00a0"
# Digits of the keyboard's own, thousands parted by spaces or not at all, at most two after the point or comma.
SUM = re.compile(r"([0-9]+|[0-9]{1,3}(?:\s[0-9]{3})+)(?:[.,]([0-9]{1,2}))?\s*(?:₽|р\.?|руб\.?)?", re.IGNORECASE)


def rubles(kopecks: int) -> str:
    """150000 → «1 500 ₽»."""
    whole, rest = divmod(kopecks, 100)
    amount = f"{whole:,}".replace(",", NBSP) + (f",{rest:02}" if rest else "")
    return f"{amount}{NBSP}₽"


def kopecks(words: str) -> int:
    """«1 500», «1500,50 ₽» or «1500.5 руб.» as somebody types it, in kopecks. Raises ValueError for anything else.

    A point or comma before three digits may part thousands or kopecks: who typed it is asked, nobody guesses.
    """
    found = SUM.fullmatch(words.strip())
    sum_ = int("".join(found[1].split())) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
    if not 0 < sum_ < 10**11:
        raise ValueError(words)
    return sum_
