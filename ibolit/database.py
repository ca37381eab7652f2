"""How transactions begin and end on SQLite and PostgreSQL.

SQLite lets one writer in at a time, and a reader that turns writer in the middle is refused at once, whatever
the busy time-out says. So a transaction declares itself: pages only read (DEFERRED), everything else writes from
its first statement (IMMEDIATE), and the writers of one process queue for a turn of ours, which goes by the order in
which they came. PostgreSQL needs none of this and ignores it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from .errors import CannotStart
from .extensions import db
from .transaction_memory import wrote

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledged message survives a power cut
    "foreign_keys=ON",
    "busy_timeout=5000",
    "journal_size_limit=67108864",
    "secure_delete=ON",  # what is erased leaves the file, and so the backups, too
)
WRITE_LOCK_TIMEOUT = 20.0  # seconds a request may wait for its turn to write
# What a transaction raises that may not begin, of our own hook or of the driver.
NO_TURN = sqlite3.OperationalError, OperationalError
SOON = 0.5  # seconds a page waits for a turn that it can do without

_only_reads: ContextVar[bool] = ContextVar("only_reads", default=False)


class Turns:
    """A lock that is taken in the order in which it was asked for: a plain one may go to a newcomer each time, and of
    fifty who write somebody waits for seconds."""

    def __init__(self) -> None:
        self._changing = Lock()
        self._is_taken = False
        self._waiting: deque[Lock] = deque()  # of each who waits one that is released when it is their turn

    def take(self, patience: float) -> bool:
        """False when it was not their turn within so many seconds."""
        with self._changing:
            if not self._is_taken:
                self._is_taken = True
                return True
            called = Lock()
            called.acquire()
            self._waiting.append(called)
        if called.acquire(timeout=patience):
            return True
        with self._changing:
            if called not in self._waiting:
                return True  # called in this very moment
            self._waiting.remove(called)
            return False

    def give_back(self) -> None:
        with self._changing:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    @property
    def is_taken(self) -> bool:
        return self._is_taken

    @property
    def waiting(self) -> int:
        return len(self._waiting)


_turns_to_write = Turns()


class SingleWriterConnection(sqlite3.Connection):
    """A connection that has the process's turn to write until the end of the transaction, from BEGIN IMMEDIATE or from
    the moment it was taken out of the pool to write."""

    has_turn = False

    def begin(self, *, only_reads: bool) -> None:
        if only_reads:
            self._give_turn_back()
            self.execute("BEGIN DEFERRED")
            return
        if not self.has_turn:
            take_turn_to_write()
            self.has_turn = True
        try:
            self.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._give_turn_back()
            raise

    def commit(self) -> None:
        """What cannot be committed, on a full disk, is over: a session that is only closed would not roll it back."""
        try:
            super().commit()
        except BaseException:
            self.rollback()
            raise
        self._give_turn_back()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._give_turn_back()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._give_turn_back()

    def _give_turn_back(self) -> None:
        if self.has_turn:
            self.has_turn = False
            _turns_to_write.give_back()


def take_turn_to_write() -> None:
    if not _turns_to_write.take(WRITE_LOCK_TIMEOUT):
        raise sqlite3.OperationalError("database is locked: no turn to write in time")


class TurnFirst(QueuePool):
    """Who will write waits for their turn before they take a connection. Those who wait would hold them all else, and
    before the pool newcomers overtake who has waited longest."""

    def connect(self) -> PoolProxiedConnection:
        if _only_reads.get():
            return super().connect()
        take_turn_to_write()
        try:
            connection = super().connect()
        except BaseException:
            _turns_to_write.give_back()
            raise
        taken = connection.dbapi_connection
        assert isinstance(taken, SingleWriterConnection)
        taken.has_turn = True
        return connection


logging.getLogger(f"{__name__}.{TurnFirst.__name__}").setLevel(logging.WARNING)  # SQLAlchemy tells of each pool


HIDDEN_PARAMETERS = {"hide_parameters": True}  # an error that names them is printed sooner or later


def engine_options(url: str) -> dict[str, Any]:
    """What SQLALCHEMY_ENGINE_OPTIONS should be for this database."""
    if make_url(url).get_backend_name() == "sqlite":
        # Its writers take turns anyway: more connections only wake more threads, and each keeps 2 MB of pages.
        sqlite = {"factory": SingleWriterConnection, "check_same_thread": False}
        return HIDDEN_PARAMETERS | {
            "poolclass": TurnFirst,
            "pool_size": 12,
            "max_overflow": 0,
            "pool_timeout": WRITE_LOCK_TIMEOUT,
            "connect_args": sqlite,
        }
    return HIDDEN_PARAMETERS | {"pool_size": 10, "max_overflow": 30, "pool_timeout": 10, "pool_pre_ping": True}


def init_transactions(app: Flask, engine: Engine) -> None:
    """Hooks the engine; in a GET or HEAD request transactions only read until write_transaction() says otherwise."""
    app.before_request(_declare_reader)
    app.teardown_request(_forget_reader)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_connection)
        event.listen(engine, "begin", _begin)


def _declare_reader() -> None:
    from flask import request

    _only_reads.set(request.method in ("GET", "HEAD"))


def _forget_reader(_error: BaseException | None) -> None:
    """The thread that served it serves the next one, or what is no request at all."""
    _only_reads.set(False)


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, SingleWriterConnection)
    raw.begin(only_reads=_only_reads.get())


@contextmanager
def read_only() -> Iterator[None]:
    """Transactions begun inside only read: for renderers and sockets, which live outside a GET."""
    token = _only_reads.set(True)
    try:
        yield
    finally:
        _only_reads.reset(token)


@contextmanager
def write_transaction(session: scoped_session[Any] | Session) -> Iterator[None]:
    """A short write transaction of its own, also in the middle of a GET; commits at the end.

    What was read before is let go first: a snapshot cannot be upgraded.
    """
    release(session)
    token = _only_reads.set(False)
    try:
        yield
        session.rollback() if _is_only_asked() else session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _only_reads.reset(token)


def may_write_soon() -> bool:
    """Whether nobody else of this process is writing, or has done so within `SOON` seconds: for what the next page can
    write just as well. Always so on PostgreSQL, which locks rows, and for a form, which has its turn already."""
    if not _only_reads.get():
        return True
    if not _turns_to_write.take(SOON):
        return False
    _turns_to_write.give_back()
    return True


def release(session: scoped_session[Any] | Session = db.session) -> None:
    """Ends what was only read, so that nothing of the database is held while something else is waited for.

    Objects stay as they were read: it is a commit, as a rollback would make everyone read them again. Raises
    RuntimeError when something was written or recorded: that is committed by who did it, and by that name.
    """
    is_clean = not (session.new or session.deleted or session.identity_map.check_modified())
    if wrote.read(session) or not is_clean:
        raise RuntimeError("release() ends what was only read; here something waits to be committed")
    session.commit()


def cut_log(engine: Engine) -> bool:
    """Of SQLite: what lies in the log beside the database goes into its file, and the log is empty, so that nothing
    that was erased is read there. False while somebody reads what is older: again later, nobody is waited for.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        raw = connection.cursor()
        raw.execute("PRAGMA busy_timeout=0")
        is_busy = bool(raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        raw.execute(next(f"PRAGMA {one}" for one in PRAGMAS if one.startswith("busy_timeout")))
    finally:
        connection.close()
    return not is_busy


@event.listens_for(Session, "after_flush")
def _note_flush(session: Session, _context: object) -> None:
    wrote.write(session, True)


@event.listens_for(Session, "do_orm_execute")
def _note_statement(asked: ORMExecuteState) -> None:
    if asked.is_insert or asked.is_update or asked.is_delete:
        wrote.write(asked.session, True)


def _is_only_asked() -> bool:
    """A HEAD is answered as its GET would be, and leaves nothing behind: nobody has seen a page."""
    from flask import has_request_context, request

    return has_request_context() and request.method == "HEAD"


def check_schema(app: Flask) -> None:
    """Raises CannotStart when the tables are not those of this version."""
    with app.app_context(), db.engine.connect() as connection:
        have = heads_of_tables(connection)
    if have != heads_of_code(app):
        raise CannotStart("DATABASE_URL: the tables are of another version, run `flask db upgrade` first")


def heads_of_tables(connection: Connection) -> list[str]:
    """The last migrations these tables have seen."""
    from alembic.migration import MigrationContext

    return sorted(MigrationContext.configure(connection).get_current_heads())


def heads_of_code(app: Flask) -> list[str]:
    from alembic.script import ScriptDirectory

    return sorted(ScriptDirectory(app.extensions["migrate"].directory).get_heads())
