"""Undone in time, frozen, or gone already: nobody is erased who stays, and nobody pays for who has left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from consultation_steps import begin_to_pay
from factories import later, make_chat, propose, say
from flask import Flask
from leaving import me
from payment_steps import begin, settle
from relatives import make_relative, permit

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    AuditEvent,
    Channel,
    Chat,
    Consultation,
    ConsultationState,
    Dependant,
    Doctor,
    Payment,
    Refund,
    RefundState,
    SecurityEvent,
    SecurityEventKind,
    User,
    erasure,
)
from ibolit.models.erasure import winding_up
from ibolit.services import clock

LEAVE = [erasure.erase, erasure.withdraw_processing]


def leave(user: User, how: Callable[[User], object]) -> None:
    how(me(user))
    db.session.commit()
    db.session.expire_all()


def test_undone_while_the_locks_were_waited_for(
    clinic: Flask, patient: User, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who undoes holds the account's row till their commit: what was read before says nothing. Relatives stay, too."""
    relative = make_relative(patient)
    permit(relative)
    patient_id, relative_id = patient.id, relative.id
    leave(patient, erasure.ask)
    name, lock = me(patient).name, winding_up.lock_all_of

    def lock_after_them(user: User) -> None:
        db.session.execute(db.update(User).where(User.id == user.id).values(erases_at=None))
        lock(user)

    monkeypatch.setattr(winding_up, "lock_all_of", lock_after_them)
    later(days=7, minutes=1)
    run_due()
    user, writes_for = db.session.get_one(User, patient_id), db.session.get_one(Dependant, relative_id)
    assert (user.erased_at, user.name, writes_for.may_be_written_for) == (None, name, True)


def test_call_that_has_begun_meanwhile_is_waited_for(patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of the audit log speaks of an erasure that was none; half an hour later it is asked again."""
    leave(patient, erasure.ask)
    lock = winding_up.lock_all_of

    def lock_after_the_call_began(user: User) -> None:
        lock(user)
        monkeypatch.setattr(winding_up, "is_in_consultation", lambda _user: True)

    with monkeypatch.context() as patch:
        patch.setattr(winding_up, "lock_all_of", lock_after_the_call_began)
        later(days=7, minutes=1)
        run_due()
    assert me(patient).erased_at is None
    assert "account_erased" not in [row.action for row in db.session.scalars(db.select(AuditEvent))]
    monkeypatch.undo()
    later(days=7, minutes=32)
    run_due()
    assert me(patient).erased_at is not None


def test_frozen_account_is_not_erased(patient: User) -> None:
    """Its ways in are somebody's who was told «Это не я»: the office lets in first."""
    leave(patient, erasure.ask)
    me(patient).freeze()
    db.session.commit()
    later(days=8)
    run_due()
    assert me(patient).erased_at is None
    me(patient).frozen_at = None
    db.session.commit()
    later(days=9, hours=1)
    run_due()
    assert me(patient).erased_at is not None


@pytest.mark.parametrize("hours", [70, 73])
def test_not_me_undoes_what_was_asked_before_it(patient: User, hours: int) -> None:
    """A thief asks for the erasure first and changes the address then: the link is of the second one."""
    leave(patient, erasure.ask)
    later(hours=hours)
    change = SecurityEvent.announce(me(patient), SecurityEventKind.EMAIL)
    db.session.commit()
    change.undo(change.token_for(Channel.SMS))
    db.session.commit()
    assert (me(patient).erases_at is None) is (hours < 72)


def test_writer_who_withdraws_leaves_a_relative_their_chat(patient: User, doctor: Doctor) -> None:
    relative = make_relative(patient)
    account = permit(relative)
    chat = make_chat(patient, doctor, relative, days_left=9)
    db.session.get_one(Chat, chat.id).seat(account)
    db.session.commit()
    leave(patient, erasure.withdraw_processing)
    kept = db.session.get_one(Chat, chat.id)
    assert (kept.patient_id, kept.closed_at) == (account.id, None)
    say(kept, db.session.get_one(Doctor, doctor.id).user, "Как папа?")


@pytest.mark.parametrize("how", LEAVE)
def test_late_payment_books_nothing_for_who_has_left(patient: User, chat: Chat, how: Callable[[User], object]) -> None:
    """The time that was held is free still, but nobody comes to it."""
    held = propose(chat, starts_at=clock.now() + timedelta(days=3), price=1800_00)
    payment = begin_to_pay(held)
    held.is_booked, held.held_until = True, clock.now() + timedelta(minutes=20)
    db.session.commit()
    later(minutes=21)
    leave(patient, how)
    settle(db.session.get_one(Payment, payment.id))
    assert db.session.get_one(Consultation, held.id).state is not ConsultationState.CONFIRMED
    assert [(one.amount, one.state) for one in db.session.scalars(db.select(Refund))] == [
        (1800_00, RefundState.SENDING)
    ]


@pytest.mark.parametrize("how", LEAVE)
def test_late_payment_for_days_goes_back(patient: User, doctor: Doctor, how: Callable[[User], object]) -> None:
    chat = make_chat(patient, doctor, days_left=0)
    payment = begin(chat)
    leave(patient, how)
    settle(db.session.get_one(Payment, payment.id))
    assert [one.amount for one in db.session.scalars(db.select(Refund))] == [payment.amount]
