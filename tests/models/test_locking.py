"""Who holds which lock: taken once a transaction, given back with it, or with the savepoint in which it was taken."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from factories import make_chat, make_user, propose
from flask import Flask
from queries import Queries
from sqlalchemy.exc import OperationalError

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Doctor, Payment, User
from ibolit.models.locking import Lockable, LockKind, advisory_lock

Make = Callable[[Chat], Lockable]


@pytest.fixture
def on_postgres(clinic: Flask) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite every writer already queues")


def a_payment(chat: Chat) -> Payment:
    payment = Payment.start_for_tariff(chat, chat.doctor.tariffs[0], chat.patient)
    db.session.commit()
    return payment


@pytest.fixture(
    params=[lambda chat: chat, lambda chat: propose(chat), a_payment], ids=["chat", "consultation", "payment"]
)
def noun(request: pytest.FixtureRequest, chat: Chat) -> Lockable:
    noun: Lockable = request.param(chat)
    return noun


def takes(noun: Lockable) -> int:
    """How many statements its lock takes now."""
    assert noun.id  # read anew after a rollback
    with Queries() as queries:
        noun.lock()
    return len(queries)


def test_lock_is_taken_once_a_transaction(noun: Lockable) -> None:
    assert takes(noun) > 0
    assert takes(noun) == 0
    db.session.commit()
    assert takes(noun) > 0
    db.session.rollback()
    assert takes(noun) > 0


def test_several_are_remembered(chat: Chat, doctor: Doctor) -> None:
    other = make_chat(make_user("Пётр Орлов"), doctor)
    for one in (chat, other):
        one.lock()
    assert [takes(chat), takes(other)] == [0, 0]


def test_consultation_brings_its_chat(chat: Chat) -> None:
    consultation = propose(chat)
    consultation.lock()
    assert takes(chat) == 0


def test_look_up_under_the_lock_is_remembered(chat: Chat, patient: User) -> None:
    consultation = propose(chat)
    held = Consultation.locked_for(patient, consultation.id)
    assert held is not None
    assert [takes(held), takes(chat)] == [0, 0]


def test_savepoint_rolled_back_gives_back_what_it_took(noun: Lockable) -> None:
    """The database does; a lock that is believed to be held would let two go on."""
    savepoint = db.session.begin_nested()
    noun.lock()
    savepoint.rollback()
    assert takes(noun) > 0
    kept = db.session.begin_nested()
    assert takes(noun) == 0
    kept.commit()
    assert takes(noun) == 0


def test_after_such_a_savepoint_the_row_is_held(on_postgres: None, chat: Chat) -> None:
    savepoint = db.session.begin_nested()
    chat.lock()
    savepoint.rollback()
    chat.lock()
    with db.engine.connect() as other, pytest.raises(OperationalError):
        other.execute(sa.select(Chat.id).where(Chat.id == chat.id).with_for_update(nowait=True))


def test_advisory_lock_is_taken_once_and_again_after_its_savepoint(on_postgres: None) -> None:
    def asks() -> int:
        with Queries() as queries:
            advisory_lock(LockKind.EMAIL, "anna@example.org")
        return sum("pg_advisory_xact_lock" in one for one in queries)

    savepoint = db.session.begin_nested()
    assert [asks(), asks()] == [1, 0]
    savepoint.rollback()
    assert [asks(), asks()] == [1, 0]
    db.session.commit()
    assert asks() == 1


def test_database_is_told_no_address(on_postgres: None) -> None:
    """Whoever may look into its locks reads a hash alone."""
    advisory_lock(LockKind.EMAIL, "anna@example.org")
    with db.engine.connect() as other:
        locks = other.execute(sa.text("SELECT row_to_json(pg_locks)::text FROM pg_locks")).scalars().all()
        asked = other.execute(sa.text("SELECT query FROM pg_stat_activity")).scalars().all()
    assert any('"advisory"' in one for one in locks)
    assert "anna" not in " ".join([*locks, *asked])


def test_keys_are_those_of_the_version_before() -> None:
    """A process that is still being replaced waits at the same ones. Change none, but in two releases."""
    assert {
        LockKind.PHONE.key("+79160000001"),
        LockKind.EMAIL.key("anna@example.org"),
        LockKind.AGENDA.key(1),
        LockKind.CONSULTATION.key(1),
        LockKind.TARIFF_PAYMENT.key(1, 2),
        LockKind.PAYMENT_ALERT.key("other_shop", ""),
        LockKind.RATE_LIMIT.key("a fingerprint"),
        LockKind.SMS_OF_THE_DAY.key(),
    } == {
        "code:+79160000001",
        "email:anna@example.org",
        "agenda 1",
        "consultation 1",
        "payment 1 2",
        "alert other_shop ",
        "a fingerprint",
        "sms of the day",
    }


def test_no_two_kinds_share_a_key() -> None:
    keys = [kind.key(*range(kind.value.count("%s"))) for kind in LockKind]
    assert len(set(keys)) == len(keys) == len(list(LockKind))
    assert all(re.search("[a-z]", kind) for kind in LockKind if kind is not LockKind.RATE_LIMIT)


def test_wrong_number_of_ids_is_refused() -> None:
    for ids in ((), (1, 2)):
        with pytest.raises(TypeError):
            LockKind.AGENDA.key(*ids)
