"""A list of patients as people have it: CSV out of Excel, 1C and clinics' programs, address books of phones and mail.

`encodings` reads the bytes, `tables` and `address_books` the rows, `columns` what stands in which column, `cells` what
one cell is, `lines` whom to invite by which way.
"""

from __future__ import annotations

from collections.abc import Callable

from . import address_books, tables
from .columns import MOST_LINES, ColumnKind, Table, table_of
from .encodings import decode
from .errors import NotAList
from .lines import LONGEST_NAME, Line, contact_of, lines_of

__all__ = [
    "LONGEST_NAME",
    "MOST_LINES",
    "ColumnKind",
    "Line",
    "NotAList",
    "Table",
    "contact_of",
    "lines_of",
    "read",
    "read_table",
]


def read_table(data: bytes) -> Table:
    """Rows, titles and what the columns were taken for. Raises NotAList."""
    text = decode(data)
    rows = address_books.rows_of(text) if address_books.is_address_book(text) else tables.rows_of(text)
    return table_of(rows)


def read(data: bytes, gets_sms: Callable[[str], bool] = bool) -> list[Line]:
    """Every line that is not empty, but titles; whose phone gets no SMS is written to. Raises NotAList."""
    return lines_of(read_table(data), gets_sms)
