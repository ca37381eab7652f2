"""The one way rows are deleted by their age. Nothing medical is ever deleted."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete

from ..extensions import Model, db


def purge(model: type[Model], old: ColumnElement[bool]) -> int:
    """How many rows were deleted."""
    gone = db.session.execute(delete(model).where(old).execution_options(synchronize_session=False))
    return int(gone.rowcount)  # type: ignore[attr-defined]
