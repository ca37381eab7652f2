"""The database as of one moment while the clinic goes on, and the way back: SQLite's own backup, or pg_dump."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from ..extensions import db

# How tables of ours were called before migration 0023.
FORMER = ("attempt", "complaint", "dispatch", "handover", "mark", "way_change")
PATIENCE = 20.0  # seconds for whoever holds the database


class DumpFailed(Exception):
    """One sentence for who keeps the clinic; holds no data."""


class Dump(Protocol):
    def copied_to(self, path: Path) -> AbstractContextManager[Connection]:
        """A new file, and a connection that sees exactly what is in it. Raises DumpFailed."""

    def put_back(self, path: Path) -> None:
        """In place of all that is there, whole or not at all. Raises DumpFailed."""


class SqliteDump:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def copied_to(self, path: Path) -> Iterator[Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=PATIENCE)) as here, closing(sqlite3.connect(path)) as copy:
                here.backup(
                    copy, progress=_patience()
                )  # all pages in one go: one moment, and in WAL mode nobody waits for it
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        except sqlite3.Error as error:
            raise DumpFailed(f"the database cannot be copied: {error}") from None
        engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
        with engine.connect() as connection:
            yield connection

    def put_back(self, path: Path) -> None:
        self.engine.dispose()
        try:
            with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(self._file)) as here:
                copy.backup(here, progress=_patience())
                here.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error as error:
            raise DumpFailed(f"the database cannot be written ({error}): stop iBolit first") from None

    @property
    def _file(self) -> str:
        return self.engine.url.database or ""


class PostgresDump:
    """Plain SQL by PostgreSQL's own programs, which must not be older than the server."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def copied_to(self, path: Path) -> Iterator[Connection]:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as connection:
            moment = connection.scalar(text("SELECT pg_export_snapshot()"))
            what = ["--format=plain", "--no-owner", "--no-privileges"]
            self._run("pg_dump", *what, f"--snapshot={moment}", f"--file={path}")
            yield connection

    def put_back(self, path: Path) -> None:
        """Tables of ours that a dump of another day does not know would stay: so all of them go first."""
        ours = ", ".join(f'"{name}"' for name in (*db.metadata.tables, *FORMER, "alembic_version"))
        away = f"SET lock_timeout = '10s'; DROP TABLE IF EXISTS {ours} CASCADE"
        self.engine.dispose()
        quiet = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        self._run("psql", *quiet, "--single-transaction", f"--command={away}", f"--file={path}")

    def _run(self, program: str, *args: str) -> None:
        url = self.engine.url.set(drivername="postgresql")
        secret = {"PGPASSWORD": str(url.password)} if url.password else {}  # what a command is given, all can see
        where = f"--dbname={url.set(password=None).render_as_string()}"
        try:
            done = subprocess.run(  # noqa: S603  a fixed program, and arguments of ours
                [program, *args, where], env={**os.environ, **secret}, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise DumpFailed(f"{program} is missing: apt-get install postgresql-client") from None
        if done.returncode:
            told = next((line for line in done.stderr.splitlines() if "error:" in line.lower()), "it gave up")
            raise DumpFailed(told if told.startswith(program) else f"{program}: {told}")


def _patience() -> Callable[[int, int, int], None]:
    """Asked after every step, of which most copies have one; the driver would wait for a locked database for ever."""
    end = time.monotonic() + PATIENCE

    def look(status: int, _left: int, _all: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > end:
            raise sqlite3.OperationalError("database is locked")

    return look


def dump_for(engine: Engine) -> Dump:
    return SqliteDump(engine) if engine.dialect.name == "sqlite" else PostgresDump(engine)
