"""Alembic with the app's own engine, so that migrations run on what the app runs on."""

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
engine = migrate.db.engine


def is_ours(_object: object, name: str | None, _kind: str, _reflected: bool, _compared: object) -> bool:
    """The full-text index belongs to the database alone: tables of its own on SQLite, an index on PostgreSQL."""
    return not (name or "").startswith(("message_fts", "ix_message_stems"))


with engine.connect() as connection:
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
