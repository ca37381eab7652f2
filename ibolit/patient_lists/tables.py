"""Rows and cells of a list: what parts them, and which row names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from ..normalization import composed
from .errors import NotAList

# Excel's own first line, for itself.
SEPARATOR = re.compile(r"\s*sep=([;,\t|])\s*(?:\r\n|\r|\n|$)", re.IGNORECASE)
DELIMITERS = ";\t,|"  # the first of two that part alike
LOOKED_AT = 50  # rows
MOST_COLUMNS = 300
# Nothing a keyboard types; PostgreSQL refuses NUL.
UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
FORMULA = re.compile(r'="(.*)"', re.DOTALL)

Row = tuple[int, list[str]]  # the line of the file it begins in, and its cells


def rows_of(text: str) -> list[Row]:
    """Rows that say something. Raises NotAList."""
    return list(_rows(text, delimiter_of(text)))


def delimiter_of(text: str) -> str:
    """What cuts most of the first rows into the same number of cells; titles above the table are cut otherwise."""
    hint = SEPARATOR.match(text)
    if hint:
        return hint[1]
    return max(DELIMITERS, key=lambda one: _regularity(text, one))


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    """The share of rows with the usual number of cells, and that number; one cell a row is no cutting."""
    sizes: Counter[int] = Counter()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in islice(reader, 20 * LOOKED_AT):
            if any(cells):
                sizes[len(cells)] += 1
            if sizes.total() == LOOKED_AT:
                break
    except csv.Error:
        return 0.0, 0
    sizes_of_tables = {size: count for size, count in sizes.items() if size > 1}
    if not sizes_of_tables:
        return 0.0, 1
    usual = max(sizes_of_tables, key=lambda size: (sizes_of_tables[size], size))
    return round(sizes_of_tables[usual] / sizes.total(), 1), usual if delimiter != "," else 0


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    hint = SEPARATOR.match(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    began = 1
    try:
        for cells in reader:
            tidy = [_tidy(cell) for cell in cells[:MOST_COLUMNS]]
            if any(tidy) and not (hint and began == 1):
                yield began, tidy
            began = reader.line_num + 1
    except csv.Error:
        raise NotAList(f"Строка {began} не читается. Проверьте в ней кавычки.") from None


def _tidy(cell: str) -> str:
    """As it is read: `="8916…"` and `'+7916…` are Excel's ways to say that digits are a text."""
    seen = " ".join(UNSEEN.sub(" ", composed(cell)).split())
    formula = FORMULA.fullmatch(seen)
    return (formula[1] if formula else seen.removeprefix("'")).strip()
