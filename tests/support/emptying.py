"""A clinic between two tests: its walls stay, everything in them goes."""

from __future__ import annotations

from functools import cache

from flask import Flask

from ibolit.extensions import db
from ibolit.services import Services


@cache
def _emptied() -> list[str]:
    """Fifty tables after each of thousands of tests: written once, read by nobody but SQLite."""
    tables = [f'DELETE FROM "{table.name}"' for table in reversed(db.metadata.sorted_tables)]
    return [*tables, "DELETE FROM message_fts"]


@cache
def _emptied_at_once() -> str:
    """On PostgreSQL in one sending. TRUNCATE would make every table and index a new file: 40 times as slow.

    What a thread of the test has not committed yet is waited for, as TRUNCATE would. Whose rows refer to whom is not
    asked: all go.
    """
    everything = ", ".join(f'"{table.name}"' for table in db.metadata.sorted_tables)
    first = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
    tables = [f'DELETE FROM "{table.name}"' for table in db.metadata.sorted_tables]
    alone = f"LOCK TABLE {everything} IN ACCESS EXCLUSIVE MODE"
    return ";".join([alone, "SET LOCAL session_replication_role = replica", *tables, first])


def empty(app: Flask) -> None:
    services: Services = app.extensions["ibolit_services"]
    if db.engine.dialect.name == "postgresql":
        db.session.connection().exec_driver_sql(_emptied_at_once())
    else:
        for statement in _emptied():
            db.session.connection().exec_driver_sql(statement)
    db.session.commit()
    db.session.remove()
    for screen in [screen for theirs in services.realtime._queues.values() for screen in theirs]:
        services.realtime.close(screen)  # one that a test left open would be somebody's of the next
    services.outbox.path.unlink(missing_ok=True)
    app.extensions["ibolit_settings"].data.joinpath("demo-bank.db").unlink(missing_ok=True)
