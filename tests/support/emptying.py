"""A clinic between two tests: its walls stay, everything in them goes.

There are fifty tables and thousands of tests, each of which writes into a few: what is full is asked in one question,
and only that is emptied.
"""

from __future__ import annotations

from functools import cache

from flask import Flask
from sqlalchemy import Connection

from ibolit.extensions import db
from ibolit.services import Services


@cache
def _tables() -> list[str]:
    """Whose rows refer to others come first."""
    return [table.name for table in reversed(db.metadata.sorted_tables)]


@cache
def _which_are_full(*others: str) -> str:
    names = [*_tables(), *others]
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)


def _full(connection: Connection, *others: str) -> list[str]:
    return list(connection.exec_driver_sql(_which_are_full(*others)).scalars())


FOUND = "message_fts_docsize"  # a row a message that the search knows


def _empty_sqlite(connection: Connection) -> None:
    """The words of messages go first: triggers keep them true while members go."""
    full = _full(connection, FOUND)
    for name in sorted(full, key=lambda name: name != FOUND):
        connection.exec_driver_sql(f'DELETE FROM "{name.removesuffix("_docsize")}"')


@cache
def _alone() -> str:
    """What a thread of the test has not committed yet is waited for. Whose rows refer to whom is not asked: all go."""
    everything = ", ".join(f'"{name}"' for name in _tables())
    return f"LOCK TABLE {everything} IN ACCESS EXCLUSIVE MODE; SET LOCAL session_replication_role = replica"


def _empty_postgres(connection: Connection) -> None:
    """TRUNCATE would make every table and index a new file: 40 times as slow."""
    connection.exec_driver_sql(_alone())
    deletes = [f'DELETE FROM "{name}"' for name in _full(connection)]
    first = (
        "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
        " WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
    )
    connection.exec_driver_sql(";".join([*deletes, first]))


def empty(app: Flask) -> None:
    services: Services = app.extensions["ibolit_services"]
    connection = db.session.connection()
    (_empty_postgres if db.engine.dialect.name == "postgresql" else _empty_sqlite)(connection)
    db.session.commit()
    db.session.remove()
    for screen in [screen for theirs in services.realtime._queues.values() for screen in theirs]:
        services.realtime.close(screen)  # one that a test left open would be somebody's of the next
    services.outbox.path.unlink(missing_ok=True)
    app.extensions["ibolit_settings"].erasure_log.unlink(missing_ok=True)
    app.extensions["ibolit_settings"].data.joinpath("demo-bank.db").unlink(missing_ok=True)
