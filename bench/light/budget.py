"""What may be spent. A figure above its budget fails the audit, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIRST_VISIT, NEXT_PAGE = 48.0, 12.0  # KB over the wire, headers too
ONCE = 28.0  # KB of scripts and portraits that a next page may bring, to stay for a year; a limit of our own. What only
# who is signed in needs comes with the first page after it, and not with the sign-in: both together are what they were.
REQUESTS = 12
FIRST_CONTENT = 1.2  # seconds: slow 4G, a processor four times slower
SHIFT = 0.02
TASK = 50.0  # milliseconds, on that processor
READABLE_ON_2G = 6.0  # seconds


@dataclass(frozen=True)
class Figure:
    """`budget` None: told, and not judged."""

    page: str
    what: str
    value: float
    budget: float | None = None
    unit: str = ""
    digits: int = 1

    @property
    def is_missed(self) -> bool:
        return self.budget is not None and self.value > self.budget

    @property
    def said(self) -> str:
        return self._written(self.value)

    @property
    def budget_said(self) -> str:
        return "" if self.budget is None else self._written(self.budget)

    def _written(self, value: float) -> str:
        return f"{value:.{self.digits}f}" + (f" {self.unit}" if self.unit else "")


def misses(figures: Sequence[Figure]) -> list[Figure]:
    return [figure for figure in figures if figure.is_missed]


def table(figures: Sequence[Figure]) -> str:
    lines = ["| page | what | measured | at most |", "| --- | --- | --- | --- |"]
    for one in figures:
        said = f"**{one.said}**" if one.is_missed else one.said
        lines.append(f"| {one.page} | {one.what} | {said} | {one.budget_said} |")
    return "\n".join(lines) + "\n"
