"""Adding somebody and writing for them at the same moment."""

from __future__ import annotations

from datetime import date

from factories import make_child
from flask import Flask

from ibolit.extensions import db
from ibolit.models import Chat, ChatMember, Dependant, DependantTerms, Doctor, Relation, User

from .crowd import at_once, outcomes


def test_two_first_messages_in_one_second_make_one_chat_for_each(clinic: Flask, patient: User, doctor: Doctor) -> None:
    """Three press for the child, three for the patient themselves."""
    child_id, patient_id, doctor_id = make_child(patient).id, patient.id, doctor.id

    def write(number: int) -> int:
        dependant = db.session.get_one(Dependant, child_id) if number % 2 else None
        author = db.session.get_one(User, patient_id)
        chat_id = Chat.begin(author, db.session.get_one(Doctor, doctor_id), dependant)
        db.session.get_one(Chat, chat_id).post(author, "Здравствуйте!", f"writer-{number:05}")
        db.session.commit()
        return chat_id

    places = at_once(clinic, 6, write)
    chats = {one.dependant_id: one.id for one in db.session.scalars(db.select(Chat))}
    assert [*map(len, (chats, {*places}))] == [2, 2]
    assert places == [chats[child_id if number % 2 else None] for number in range(6)]
    assert len(db.session.scalars(db.select(ChatMember)).all()) == 4
    assert {one.last_seq for one in db.session.scalars(db.select(Chat))} == {3}


def test_eight_added_at_once_are_six(clinic: Flask, patient: User) -> None:
    patient_id = patient.id

    def add(number: int) -> None:
        terms = DependantTerms(f"Ребёнок {'абвгдежз'[number]}", date(2020, 1, 1), Relation.FATHER)
        Dependant.add(db.session.get_one(User, patient_id), terms, "")

    assert outcomes(clinic, 8, add) == {"done": 6, "TooManyDependants": 2}
    assert len(Dependant.of(db.session.get_one(User, patient_id))) == 6


def test_one_child_added_at_once_is_one(clinic: Flask, patient: User) -> None:
    patient_id = patient.id

    def add(_number: int) -> int:
        one = Dependant.add(
            db.session.get_one(User, patient_id), DependantTerms("Ваня", date(2020, 1, 1), Relation.FATHER), ""
        )
        db.session.commit()
        return one.id

    assert len({*at_once(clinic, 6, add)}) == 1
