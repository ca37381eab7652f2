"""A long list, a page at a time: where a page ends stands in the address of the next one (`?before=`).

By the last row itself and not by a count, so nothing is shown twice or missed when the list grows meanwhile. It only
says where to go on: whose rows are shown the query decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

Row = TypeVar("Row")
Cursor = tuple[datetime, int]  # of a row in a list that is ordered by time: its moment and its id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def split_page(rows: Sequence[Row], size: int) -> tuple[Sequence[Row], Row | None]:
    """Of what was asked for with one row more: a page and, where another one follows, the last row of this."""
    return rows[:size], rows[size - 1] if len(rows) > size else None


def encode_cursor(moment: datetime | None, id: int) -> str:
    """«1764000000000000~17», as an address says it; «~17» of a row without a time, which stands at the end."""
    return f"{'' if moment is None else (moment - EPOCH) // MICROSECOND}~{id}"


def decode_cursor(words: str) -> Cursor | None:
    """None, and so the first page, for what no page of ours has said."""
    moment, _, id = words.partition("~")
    if not (moment.isdecimal() and len(moment) < 17 and is_id(id)):
        return None
    return EPOCH + int(moment) * MICROSECOND, int(id)


def is_id(words: str) -> bool:
    """A number that a column of ids can hold."""
    return words.isdecimal() and len(words) < 19
