"""Who leaves takes nobody along: what is a relative's own stays theirs, whichever of the two goes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from factories import make_chat, make_user, propose, say
from flask import Flask
from marked import marked_columns
from payment_steps import buy
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.models import (
    Chat,
    Conclusion,
    Consultation,
    ConsultationState,
    Dependant,
    DependantKind,
    DependantTerms,
    Doctor,
    FactKind,
    PatientFact,
    Refund,
    Relation,
    User,
    erasure,
)
from ibolit.models.family import death
from ibolit.services import clock

NAME, BORN = "Щукарёв Пахом", date(1948, 2, 17)


@pytest.fixture
def relative(clinic: Flask) -> User:
    return make_user(NAME, birth_date=BORN)


@pytest.fixture
def father(patient: User, relative: User) -> Dependant:
    """Who has let the patient write for him."""
    terms = DependantTerms(NAME, BORN, Relation.DAUGHTER, kind=DependantKind.ADULT)
    dependant = Dependant.add(patient, terms, "192.0.2.1")
    dependant.account_id, dependant.permitted_at = relative.id, clock.now()
    db.session.commit()
    return dependant


@pytest.fixture
def about_him(patient: User, doctor: Doctor, father: Dependant, relative: User) -> Chat:
    chat = make_chat(patient, doctor, father, days_left=9)
    db.session.get_one(Chat, chat.id).seat(relative)
    db.session.commit()
    say(chat, patient, "О папе")
    return chat


def erase(user: User) -> None:
    erasure.erase(db.session.get_one(User, user.id))
    db.session.commit()
    db.session.expire_all()


def test_relative_keeps_the_chats_about_them(patient: User, relative: User, doctor: Doctor, about_him: Chat) -> None:
    own = make_chat(patient, doctor, days_left=9)
    ahead = propose(about_him, starts_at=clock.now() + timedelta(days=20))
    buy(about_him)
    erasure.ask(db.session.get_one(User, patient.id))
    db.session.commit()
    assert db.session.get_one(Consultation, ahead.id).state is ConsultationState.PROPOSED
    assert db.session.scalars(db.select(Refund)).all() == []
    erase(patient)
    kept, gone = db.session.get_one(Chat, about_him.id), db.session.get_one(Chat, own.id)
    assert (kept.patient_id, kept.erased_at, gone.erased_at is not None) == (relative.id, None, True)
    assert Chat.find_for(db.session.get_one(User, relative.id), about_him.id) is not None
    assert Chat.find_for(db.session.get_one(Doctor, doctor.id).user, about_him.id) is not None
    consultation = db.session.get_one(Consultation, ahead.id)
    assert (consultation.state, consultation.patient_id) == (ConsultationState.PROPOSED, relative.id)


def test_conclusion_of_a_relative_names_the_relative_and_no_writer_who_left(
    patient: User, relative: User, about_him: Chat
) -> None:
    patient.rename("Кузякина Прасковья")
    over = completed_consultation(about_him)
    conclusion = Conclusion.give(over, "Отдыхайте.", "client-0001", seen=0)
    db.session.commit()
    assert (conclusion.subject_name, conclusion.writer) == (NAME, "дочь, Кузякина Прасковья")
    erase(patient)
    assert (conclusion.subject_name, conclusion.subject_birth_date) == (NAME, BORN)
    assert conclusion.writer == f"№ {patient.id}"
    erase(relative)
    assert (conclusion.subject_name, conclusion.subject_birth_date, conclusion.writer) == (None, None, None)


def test_relative_who_leaves_is_nowhere_at_who_wrote(
    patient: User, relative: User, father: Dependant, about_him: Chat
) -> None:
    PatientFact.add(father.subject_key, patient, FactKind.ALLERGY, "Пыльца амброзии")
    db.session.commit()
    erase(relative)
    assert marked_columns("Пахом", "1948-02-17", "амброзии") == set()
    assert Chat.find_for(db.session.get_one(User, patient.id), about_him.id) is None
    assert db.session.get_one(User, patient.id).erased_at is None


def test_withdrawal_leaves_a_relatives_money_alone(patient: User, doctor: Doctor, about_him: Chat) -> None:
    own = make_chat(patient, doctor, days_left=0)
    paid = [buy(chat).id for chat in (own, about_him)]
    erasure.withdraw_processing(db.session.get_one(User, patient.id))
    db.session.commit()
    assert [one.payment_id for one in db.session.scalars(db.select(Refund))] == paid[:1]


def test_relative_is_erased_whom_one_user_knows_under_two_names(
    patient: User, relative: User, father: Dependant, about_him: Chat
) -> None:
    terms = DependantTerms("Щукарёв Пахом Ильич", BORN, Relation.DAUGHTER, kind=DependantKind.ADULT)
    again = Dependant.add(patient, terms, "192.0.2.1")
    again.account_id, again.permitted_at = relative.id, clock.now()
    db.session.commit()
    erase(relative)
    assert db.session.get_one(User, relative.id).erased_at is not None
    assert marked_columns("Пахом", "1948-02-17") == set()


def test_mark_of_death_shuts_no_relative_out_when_the_writer_leaves(
    patient: User, relative: User, doctor: Doctor, father: Dependant, about_him: Chat
) -> None:
    death.mark(father, by_office=True)
    db.session.commit()
    erase(patient)
    db.session.expire_all()
    kept = Chat.find_for(db.session.get_one(User, relative.id), about_him.id)
    assert kept is not None
    assert kept.patient_id == relative.id
