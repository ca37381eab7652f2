"""Facts are told once, after the commit, and forgotten by a rollback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

import pytest
from factories import make_user
from flask import Flask
from sqlalchemy.exc import IntegrityError

from ibolit.events import DeviceEnded, Fact, MemberTyped, Subscribers, WorkAdded, publish, record
from ibolit.extensions import db
from ibolit.models import Chat, ChatMember, Role, User
from ibolit.services import current_services


class Heard(list[tuple[str, Fact]]):
    """What was told, and before or after the commit."""

    def __init__(self) -> None:
        self.subscribers = Subscribers()
        for kind in (DeviceEnded, MemberTyped, WorkAdded):
            self.subscribers.before_commit(kind, lambda fact: self.append(("before", fact)))
            self.subscribers.after_commit(kind, lambda fact: self.append(("after", fact)))


@pytest.fixture
def heard(clinic: Flask) -> Iterator[Heard]:
    usual, heard = clinic.extensions["ibolit_subscribers"], Heard()
    clinic.extensions["ibolit_subscribers"] = heard.subscribers
    yield heard
    clinic.extensions["ibolit_subscribers"] = usual


def test_notices_hear_before_and_live_screens_after_the_commit(heard: Heard) -> None:
    record(DeviceEnded(1))
    make_user()
    assert heard == [("before", DeviceEnded(1)), ("after", DeviceEnded(1))]


def test_nothing_is_told_twice(heard: Heard) -> None:
    record(DeviceEnded(1))
    record(DeviceEnded(1))
    for _ in range(2):
        db.session.execute(db.text("SELECT 1"))
        db.session.commit()
    assert [fact for when, fact in heard if when == "after"] == [DeviceEnded(1)]


def test_rollback_forgets(heard: Heard) -> None:
    db.session.execute(db.text("SELECT 1"))
    record(DeviceEnded(1))
    db.session.rollback()
    make_user()
    assert heard == []


def test_notice_may_record_a_fact_of_its_own(heard: Heard) -> None:
    heard.subscribers.before_commit(DeviceEnded, lambda fact: record(WorkAdded()))
    record(DeviceEnded(1))
    make_user()
    assert [fact for when, fact in heard if when == "after"] == [DeviceEnded(1), WorkAdded()]


def test_failed_notice_stops_the_commit(heard: Heard) -> None:
    """What must not be lost is a row of the same transaction."""

    def fail(_fact: Fact) -> None:
        raise RuntimeError

    heard.subscribers.before_commit(DeviceEnded, fail)
    record(DeviceEnded(1))
    with pytest.raises(RuntimeError):
        db.session.commit()
    db.session.rollback()
    make_user()
    assert [fact for when, fact in heard if when == "after"] == []


def test_failed_screen_silences_no_other(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_fact: Fact) -> None:
        raise RuntimeError

    heard.subscribers.after_commit(WorkAdded, fail)
    heard.subscribers.after_commit(WorkAdded, lambda fact: heard.append(("last", fact)))
    record(WorkAdded())
    make_user()
    assert ("last", WorkAdded()) in heard
    assert "a subscriber of WorkAdded failed" in caplog.text


def test_savepoint_tells_nothing_yet(heard: Heard) -> None:
    with db.session.begin_nested():
        record(WorkAdded())
    assert heard == []
    make_user()
    assert ("after", WorkAdded()) in heard


def test_savepoint_rolled_back_forgets_its_own_facts_alone(heard: Heard) -> None:
    make_user()
    record(DeviceEnded(1))
    outer = db.session.begin_nested()
    record(DeviceEnded(2))
    inner = db.session.begin_nested()
    record(DeviceEnded(3))
    inner.rollback()
    record(DeviceEnded(4))
    outer.commit()
    undone = db.session.begin_nested()
    with db.session.begin_nested():
        record(DeviceEnded(5))
    undone.rollback()
    record(DeviceEnded(6))
    make_user()
    assert [fact for when, fact in heard if when == "after"] == [DeviceEnded(id) for id in (1, 2, 4, 6)]


def test_flush_that_fails_in_a_savepoint_forgets_nothing_before_it(heard: Heard, patient: User) -> None:
    record(DeviceEnded(1))
    with suppress(IntegrityError), db.session.begin_nested():
        record(DeviceEnded(2))
        db.session.add(User(phone=patient.phone, name="Другая", role=Role.PATIENT, password_hash="x"))
        db.session.flush()
    make_user()
    assert [fact for when, fact in heard if when == "after"] == [DeviceEnded(1)]


def test_session_that_is_only_closed_forgets(heard: Heard) -> None:
    db.session.execute(db.text("SELECT 1"))
    record(DeviceEnded(1))
    db.session.close()
    make_user()
    assert heard == []


def test_what_is_never_stored_is_told_at_once(heard: Heard) -> None:
    publish(MemberTyped(1, 2))
    assert heard == [("after", MemberTyped(1, 2))]


def test_a_screen_that_failed_leaves_a_session_that_may_write(
    clinic: Flask, chat: Chat, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it began only to read could not be turned into writing."""

    def fail(*_: object) -> NoReturn:
        db.session.scalar(db.select(User.id))
        raise RuntimeError

    monkeypatch.setattr(ChatMember, "unread_of", fail)
    listener = current_services.realtime.open(patient.id, 1)
    chat.post(patient, "Здравствуйте!", "fails-to-show")
    db.session.commit()
    assert not db.session().in_transaction()
    current_services.realtime.close(listener)


def test_nobody_holds_a_connection_while_he_waits_for_another(heard: Heard, patient: User) -> None:
    """Fifty who did would empty the pool and wait for each other."""
    held: list[int] = []
    heard.subscribers.after_commit(WorkAdded, lambda _: held.append(db.engine.pool.checkedout()))  # type: ignore[attr-defined]
    db.session.refresh(patient)
    record(WorkAdded())
    db.session.commit()
    assert held == [0]
