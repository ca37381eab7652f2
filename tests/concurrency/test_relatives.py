"""Who writes for whom, when it ends or begins in the very second in which somebody writes, pays or presses."""

from __future__ import annotations

import pytest
from factories import make_chat, make_user
from flask import Flask
from payment_steps import answer, begin
from relatives import PHONE, make_relative, permit, with_phone

from ibolit.extensions import db
from ibolit.models import Chat, Dependant, Doctor, FamilyCode, Payment, User
from ibolit.models.family import permission

from .crowd import outcomes


@pytest.fixture
def relative(patient: User) -> Dependant:
    return make_relative(patient)


def end(dependant_id: int) -> None:
    permission.end(db.session.get_one(Dependant, dependant_id))


@pytest.mark.parametrize("_round", range(3))
def test_ended_while_the_writer_writes(clinic: Flask, relative: Dependant, doctor: Doctor, _round: int) -> None:
    """Whichever comes first: what was written is there, and afterwards nothing can be."""
    account = permit(relative)
    chat = make_chat(relative.user, doctor, dependant=relative, days_left=2)
    chat_id, writer_id, account_id, relative_id = chat.id, relative.user_id, account.id, relative.id

    def act(number: int) -> None:
        if not number:
            end(relative_id)
            return
        writer = db.session.get_one(User, writer_id)
        mine = Chat.locked_for(writer, chat_id)
        if mine is None:
            raise LookupError
        mine.post(writer, f"Слово {number}", f"client-{number:06}")

    ended = outcomes(clinic, 6, act)
    assert set(ended) <= {"done", "LookupError"}
    written = ended["done"] - 1
    db.session.expire_all()
    chat = db.session.get_one(Chat, chat_id)
    assert chat.patient_id == account_id
    assert Chat.find_for(db.session.get_one(User, writer_id), chat_id) is None
    assert chat.last_seq == written + 1  # and the note of it


@pytest.mark.parametrize("_round", range(3))
def test_moved_while_their_own_chat_begins(clinic: Flask, relative: Dependant, doctor: Doctor, _round: int) -> None:
    """One is living, whichever it is."""
    account = permit(relative)
    make_chat(relative.user, doctor, dependant=relative, days_left=2)
    account_id, doctor_id, relative_id = account.id, doctor.id, relative.id

    def act(number: int) -> None:
        if not number:
            end(relative_id)
            return
        Chat.begin(db.session.get_one(User, account_id), db.session.get_one(Doctor, doctor_id))

    assert outcomes(clinic, 4, act) == {"done": 4}
    db.session.expire_all()
    chats = db.session.scalars(db.select(Chat).where(Chat.patient_id == account_id)).all()
    assert len([one for one in chats if not one.is_former]) == 1
    assert len(chats) in (1, 2)


@pytest.mark.parametrize("_round", range(3))
def test_paid_while_it_becomes_former(clinic: Flask, relative: Dependant, doctor: Doctor, _round: int) -> None:
    """The money has bought days that are given back, or comes back itself; never both, never neither."""
    account = permit(relative)
    make_chat(account, doctor, days_left=2)
    payment = begin(make_chat(relative.user, doctor, dependant=relative, days_left=2))
    payment_id, relative_id = payment.id, relative.id

    def act(number: int) -> None:
        if not number:
            end(relative_id)
            return
        paid = db.session.get_one(Payment, payment_id)
        paid.settle(answer(paid))

    assert outcomes(clinic, 3, act) == {"done": 3}
    db.session.expire_all()
    payment = db.session.get_one(Payment, payment_id)
    assert payment.refunded == payment.paid
    assert sum(one.amount for one in payment.refunds) == payment.paid


def test_code_permits_once(clinic: Flask, relative: Dependant) -> None:
    code = permission.ask(relative.user, relative, PHONE)
    db.session.commit()
    code_id, digits = code.id, code.digits
    ended = outcomes(clinic, 4, lambda _: permission.grant(db.session.get_one(FamilyCode, code_id), digits))
    assert ended == {"done": 1, "CodeIsSpent": 3}
    assert db.session.scalar(db.select(db.func.count()).where(User.phone == PHONE)) == 1


def test_permission_beside_a_first_entry(clinic: Flask, relative: Dependant) -> None:
    """Who registers the same phone at this moment is the one account."""
    code = permission.ask(relative.user, relative, PHONE)
    spare = make_user("Пётр")
    db.session.commit()
    code_id, digits, spare_id = code.id, code.digits, spare.id

    def act(number: int) -> None:
        if number:
            db.session.get_one(User, spare_id).assign_phone(PHONE)
        else:
            permission.grant(db.session.get_one(FamilyCode, code_id), digits)

    ended = outcomes(clinic, 2, act)
    assert set(ended) <= {"done", "PhoneIsTaken"}
    assert db.session.scalar(db.select(db.func.count()).where(User.phone == PHONE)) == 1
    db.session.expire_all()
    account = db.session.scalars(db.select(User).where(User.phone == PHONE)).one()
    assert db.session.get_one(Dependant, relative.id).account_id == account.id


def test_ended_twice_at_once(clinic: Flask, relative: Dependant, doctor: Doctor) -> None:
    with_phone(make_user("Пётр"))
    permit(relative)
    make_chat(relative.user, doctor, dependant=relative, days_left=2)
    relative_id = relative.id
    assert outcomes(clinic, 3, lambda _: end(relative_id)) == {"done": 3}
    assert [one.last_seq for one in db.session.scalars(db.select(Chat))] == [1]
