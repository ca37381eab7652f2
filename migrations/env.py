"""Alembic with the app's own engine, so that migrations run on what the app runs on."""

import sqlite3

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
engine = migrate.db.engine


def is_ours(_object: object, name: str | None, _kind: str, _reflected: bool, _compared: object) -> bool:
    """The full-text index belongs to the database alone: tables of its own on SQLite, an index on PostgreSQL."""
    return not (name or "").startswith(("message_fts", "ix_message_stems"))


def let_tables_be_rebuilt(connection: sqlite3.Connection, *, may_be: bool) -> None:
    """SQLite changes a column by copying its table; with foreign keys watched, dropping the old one would be refused.

    Outside any transaction: within one the pragma says nothing and does nothing.
    """
    connection.execute(f"PRAGMA foreign_keys={'OFF' if may_be else 'ON'}")
    if not may_be and connection.execute("PRAGMA foreign_key_check").fetchone():
        raise RuntimeError("a row points to nothing after the migration")


with engine.connect() as connection:
    raw = connection.connection.dbapi_connection
    is_sqlite = isinstance(raw, sqlite3.Connection)
    if is_sqlite:
        let_tables_be_rebuilt(raw, may_be=True)
    context.configure(
        connection=connection,
        target_metadata=migrate.db.metadata,
        include_object=is_ours,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    if is_sqlite:
        let_tables_be_rebuilt(raw, may_be=False)
