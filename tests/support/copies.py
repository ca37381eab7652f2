"""Clinics to copy and clinics to restore into, and what two of them are compared by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from click.testing import Result
from databases import POSTGRES
from flask import Flask, current_app
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from ibolit import create_app
from ibolit.extensions import db
from ibolit.models import AuditAction, stored_files

ROOT = Path(__file__).resolve().parents[2]
Found = TypeVar("Found")


@contextmanager
def another_clinic(data: Path, **environ: str) -> Iterator[Flask]:
    """Without tables yet, in a folder and a database of its own."""
    with _empty_database(data) as url:
        app = create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(data), "DATABASE_URL": url} | environ)
        app.testing = True
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def _empty_database(data: Path) -> Iterator[str]:
    if not POSTGRES:
        yield f"sqlite:///{data}/other.db"
        return
    name = f"other_{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    engine = sa.create_engine(f"{POSTGRES}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield f"{POSTGRES}/{name}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def inside(app: Flask, do: Callable[[], Found]) -> Found:
    """In the other clinic; the test's own keeps its session."""

    def run() -> Found:
        with app.app_context():
            try:
                return do()
            finally:
                db.session.remove()

    return Context().run(run)


def build(app: Flask) -> None:
    inside(app, lambda: upgrade(directory=str(ROOT / "migrations")))


def run(app: Flask, *args: object, **more: object) -> tuple[int, str]:
    """What a command ends with and says."""
    result = invoke(app, *args, **more)
    return result.exit_code, result.output


def invoke(app: Flask, *args: object, **more: Any) -> Result:
    if current_app:
        db.session.remove()
    result = inside(app, lambda: app.test_cli_runner().invoke(args=[str(arg) for arg in args], **more))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def rows_of(app: Flask) -> dict[str, str]:
    """A checksum of every table; that it was copied or restored is not counted as a difference."""

    def sums() -> dict[str, str]:
        return {table.name: _sum_of(table) for table in db.metadata.sorted_tables}

    return inside(app, sums)


def _sum_of(table: sa.Table) -> str:
    wanted = sa.select(table)
    if table.name == "audit_event":
        wanted = wanted.where(table.c.action.not_in([AuditAction.CLINIC_COPIED, AuditAction.CLINIC_RESTORED]))
    with db.engine.connect() as connection:
        rows = sorted(json.dumps(list(row), default=str) for row in connection.execute(wanted))
    return f"{len(rows)} {hashlib.sha256(''.join(rows).encode()).hexdigest()}"


def files_of(app: Flask) -> dict[str, str]:
    """A checksum of every file that the database names; empty for one of a message that is not there."""

    def sums() -> dict[str, str]:
        with db.engine.connect() as connection:
            named = list(stored_files(connection))
        found = {one.name: _sum_of_file(app, one.name) for one in named}
        return {one.name: found[one.name] for one in named if found[one.name] or one.is_sent}

    return inside(app, sums)


def _sum_of_file(app: Flask, name: str) -> str:
    try:
        return hashlib.sha256(b"".join(app.extensions["ibolit_services"].storage.read(name))).hexdigest()
    except FileNotFoundError:
        return ""


def database_of(app: Flask) -> Path:
    """The file of a clinic on SQLite."""
    return Path(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database or "")
