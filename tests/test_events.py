"""Facts reach their subscribers after the commit, and a subscriber may ask the database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from factories import make_user
from flask import Flask
from sqlalchemy.orm import Session

from ibolit.events import Fact, MessageSent, Subscribers, record
from ibolit.extensions import db
from ibolit.models import User

FACT = MessageSent(1, 2, 3)


@pytest.fixture
def subscribers(clinic: Flask) -> Iterator[Subscribers]:
    own, clinic.extensions["ibolit_subscribers"] = clinic.extensions["ibolit_subscribers"], Subscribers()
    yield clinic.extensions["ibolit_subscribers"]
    clinic.extensions["ibolit_subscribers"] = own


@pytest.fixture
def told(subscribers: Subscribers) -> list[Fact]:
    facts: list[Fact] = []
    subscribers.after_commit(MessageSent, facts.append)
    return facts


def test_a_fact_is_told_once_after_the_commit(told: list[Fact]) -> None:
    make_user()
    record(FACT)
    record(FACT)
    assert told == []
    db.session.commit()
    db.session.commit()
    assert told == [FACT]


def test_a_rollback_forgets(told: list[Fact]) -> None:
    db.session.scalar(db.select(User.id))
    record(FACT)
    db.session.rollback()
    db.session.commit()
    assert told == []


def test_a_savepoint_tells_nobody(told: list[Fact]) -> None:
    with db.session.begin_nested():
        record(FACT)
    assert told == []
    db.session.commit()
    assert told == [FACT]


def test_nobody_holds_a_connection_while_he_waits_for_another(subscribers: Subscribers) -> None:
    """Fifty who did would empty the pool and wait for each other."""
    held: list[int] = []

    def ask(_fact: Fact) -> None:
        with Session(db.engine) as session:
            session.scalar(db.select(User.id))
            held.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]

    subscribers.after_commit(MessageSent, ask)
    make_user()
    record(FACT)
    db.session.scalar(db.select(User.id))
    db.session.commit()
    assert held == [1]
