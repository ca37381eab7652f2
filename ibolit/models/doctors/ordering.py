"""Things that a doctor keeps in an order of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Ordered(Protocol):
    """Something a doctor keeps in an order of their own."""

    position: int


def moved(all_of_them: Sequence[Ordered], one: Ordered, steps: int) -> None:
    """`one` goes so many steps down the list (or up), and all are numbered anew."""
    line = list(all_of_them)
    if one not in line:
        return
    at = line.index(one)
    line.insert(max(0, min(len(line) - 1, at + steps)), line.pop(at))
    for position, each in enumerate(line, 1):
        each.position = position
