"""Who may go on alone: locks of the database that are held until the commit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, scoped_session


def advisory_lock(session: scoped_session[Any] | Session, key: str) -> None:
    """Lets one transaction at a time pass for this key until its commit. On SQLite every writer already queues."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
