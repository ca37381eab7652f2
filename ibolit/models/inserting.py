"""Rows that may be there already: when two write the same at once, the database decides, and neither fails."""

from __future__ import annotations

from functools import cache
from typing import cast

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from ..extensions import Model, db
from ..transaction_memory import wrote


def insert_new(model: type[Model], row: dict[str, object]) -> int | None:
    """The first column of the new row's key, or None when it is there already: one of its unique keys is taken.

    Columns that `row` leaves out get their defaults. Raises TypeError for a key that is no column, which the statement
    itself would drop without a word.
    """
    table = cast(Table, model.__table__)
    unknown = row.keys() - table.columns.keys()
    if unknown:
        raise TypeError(f"{table.name} has no {', '.join(sorted(unknown))}")
    wrote.write(db.session, True)
    id: int | None = db.session.connection().scalar(_insert(table, db.engine.dialect.name), row)
    return id


@cache
def _insert(table: Table, dialect: str) -> Executable:
    """Done with many a message. SQLAlchemy spends more on building such a statement than on running it."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    statement: Executable = insert.on_conflict_do_nothing().returning(*table.primary_key)
    return statement
