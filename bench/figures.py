"""Rows of the table, and what many measurements become: a percentile, a word, a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

missed: list[str] = []  # what a part was judged by and missed; bench/run fails with it


@dataclass(frozen=True)
class Row:
    what: str
    measured: str
    aim: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that so many percent do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | aim |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {row.what} | {row.measured} | {row.aim} |" for row in rows)]) + "\n"
