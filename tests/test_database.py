"""Transactions on the clinic's database: who reads, who writes, and what survives."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import make_user
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ibolit import create_app
from ibolit.database import _write_lock, read_only, write_transaction
from ibolit.extensions import db
from ibolit.models import ReplyTemplate, Role, User
from ibolit.models.locking import LockKind, advisory_lock


@pytest.fixture
def on_sqlite(clinic: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL needs none of this")


def test_sqlite_is_durable_and_checks_its_keys(tmp_path: Path) -> None:
    """Of a clinic of its own: that of the other tests spares the disk."""
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    own = create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(tmp_path)})
    with own.app_context():
        with db.engine.connect() as connection:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}
        db.engine.dispose()
    assert found == pragmas


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
    assert not _write_lock.locked()
