"""Transactions on the clinic's database: who reads, who writes, and what survives."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa
from factories import make_user
from flask import Flask
from queries import Queries
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ibolit import create_app
from ibolit.database import Turns, _only_reads, _turns_to_write, read_only, release, write_transaction
from ibolit.events import DeviceEnded, record
from ibolit.extensions import db
from ibolit.models import ReplyTemplate, Role, User
from ibolit.models.locking import LockKind, advisory_lock

PATIENCE = 30.0  # seconds in which whatever is waited for has happened


@pytest.fixture
def on_sqlite(clinic: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL needs none of this")


def test_sqlite_is_durable_and_checks_its_keys(tmp_path: Path) -> None:
    """Of a clinic of its own: that of the other tests spares the disk. Every connection that may be had at once."""
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    own = create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(tmp_path)})
    with own.app_context(), read_only():
        many: int = db.engine.pool.size()  # type: ignore[attr-defined]
        connections = [db.engine.connect() for _ in range(many)]
        found = [{name: one.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas} for one in connections]
        for one in connections:
            one.close()
        db.engine.dispose()
    assert found == [pragmas] * many
    assert many > 1


def test_readers_cannot_write_by_mistake(on_sqlite: None) -> None:
    """A reader lets others write meanwhile; a writer stands in line from its first statement."""
    with read_only(), db.engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM user").scalar()
        make_user()
        assert reader.exec_driver_sql("SELECT count(*) FROM user").scalar() == 0


def test_a_short_write_in_the_middle_of_reading(clinic: Flask) -> None:
    with read_only():
        user = User(phone="+79160000001", name="Анна", role=Role.PATIENT, password_hash="x")
        with write_transaction(db.session):
            db.session.add(user)
        assert db.session.get(User, user.id) is user
        with pytest.raises(IntegrityError), write_transaction(db.session):
            db.session.add(User(phone="+79160000001", name="Другая", role=Role.PATIENT, password_hash="x"))
        assert len(db.session.scalars(db.select(User)).all()) == 1


def test_line_is_left_by_commit_and_rollback(clinic: Flask) -> None:
    for end in (db.session.commit, db.session.rollback, db.session.remove):
        advisory_lock(LockKind.EMAIL, "somebody")
        make_user()
        end()
    assert len(db.session.scalars(db.select(User)).all()) == 3


def test_turn_to_write_is_given_back_by_a_commit_that_fails(on_sqlite: None) -> None:
    """As on a full disk. Nobody rolls it back: a session that is only closed believes that this was done."""
    db.session.execute(text("PRAGMA defer_foreign_keys=ON"))
    db.session.add(ReplyTemplate(doctor_id=999, name="Никого", text="нет", position=1))
    db.session.flush()
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.remove()
    assert not _turns_to_write.is_taken


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + PATIENCE
    while not is_so():
        assert monotonic() < deadline, what


def test_turns_go_by_the_order_in_which_they_were_asked_for() -> None:
    """Nobody overtakes: who gives a turn back and asks again stands behind those who wait."""
    turns, came = Turns(), []
    assert turns.take(0)

    def come(name: str) -> None:
        assert turns.take(PATIENCE)
        came.append(name)
        turns.give_back()

    with ThreadPoolExecutor(3) as beside:
        for number, name in enumerate("abc", 1):
            beside.submit(come, name)
            until(lambda number=number: turns.waiting == number, f"{name} does not wait")
        turns.give_back()
        come("d")
    assert came == ["a", "b", "c", "d"]
    assert not turns.is_taken


def test_who_loses_patience_is_not_called() -> None:
    turns = Turns()
    assert turns.take(0)
    assert not turns.take(0.01)
    turns.give_back()
    assert turns.take(0)


def test_who_waits_to_write_keeps_no_connection_from_who_reads(on_sqlite: None, clinic: Flask) -> None:
    """More of them than there are connections."""

    def write() -> str:
        with clinic.app_context():
            name = make_user().name
            db.session.remove()
        return name

    with db.engine.connect() as writer, ThreadPoolExecutor(15) as beside:
        writer.exec_driver_sql("SELECT 1")
        late = [beside.submit(write) for _ in range(15)]
        until(lambda: _turns_to_write.waiting == 15, "not all wait to write")
        assert db.engine.pool.checkedout() == 1  # type: ignore[attr-defined]
        with read_only(), db.engine.connect() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM user").scalar() == 0
        writer.rollback()
        writer.close()
        assert len([one.result(PATIENCE) for one in late]) == 15
    assert not _turns_to_write.is_taken


def test_connection_that_was_not_used_gives_its_turn_back(on_sqlite: None) -> None:
    db.engine.connect().close()
    db.engine.raw_connection().close()
    assert not _turns_to_write.is_taken


def test_release_lets_the_connection_go_and_reads_nothing_anew(clinic: Flask) -> None:
    user = make_user("Анна")
    db.session.refresh(user)
    release()
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with Queries() as queries:
        assert user.name == "Анна"
    assert queries == []


def test_release_commits_nothing_unnoticed(clinic: Flask) -> None:
    user = make_user("Анна")

    def change() -> None:
        user.name = "Ольга"

    def change_and_flush() -> None:
        change()
        db.session.flush()

    def change_by_statement() -> None:
        db.session.execute(sa.update(User).values(name="Ольга"))

    for write in (change, change_and_flush, change_by_statement, lambda: record(DeviceEnded(1))):
        db.session.scalar(sa.select(User.id))
        write()
        with pytest.raises(RuntimeError):
            release()
        db.session.rollback()
        release()
    assert db.session.scalar(sa.select(User.name)) == "Анна"


def test_what_a_savepoint_undid_hinders_no_release(clinic: Flask) -> None:
    user = make_user("Анна")
    savepoint = db.session.begin_nested()
    user.name = "Ольга"
    db.session.flush()
    savepoint.rollback()
    release()
    assert user.name == "Анна"


def test_get_leaves_no_reader_behind(clinic: Flask) -> None:
    """The thread that has served it serves what is no request, too."""
    assert clinic.test_client().get("/login").status_code == 200
    assert not _only_reads.get()
    make_user()
