"""Patient and doctor write at once, on many devices: no row is lost, none stands twice, and one wording wins."""

from __future__ import annotations

from collections import Counter

from flask import Flask
from sqlalchemy import func, select

from ibolit.extensions import db
from ibolit.models import Chat, FactKind, PatientFact, PatientFactStrike, SubjectKey, User

from .crowd import outcomes


def live(patient_id: int) -> Counter[str]:
    patient = db.session.get_one(User, patient_id)
    return Counter(one.text for one in PatientFact.seen_by(patient, SubjectKey(patient_id)) if one.is_live_for(patient))


def test_both_sides_add_at_once(clinic: Flask, chat: Chat) -> None:
    patient_id, doctor_id = chat.patient_id, chat.doctor.user_id

    def add(number: int) -> None:
        author = db.session.get_one(User, doctor_id if number % 2 else patient_id)
        PatientFact.add(SubjectKey(patient_id), author, FactKind.ALLERGY, f"Аллергия {number // 4}")

    assert outcomes(clinic, 8, add) == {"done": 8}
    rows = db.session.execute(select(PatientFact.author_id, PatientFact.text)).tuples().all()
    assert len(rows) == len({*rows})  # nobody has said a thing twice
    assert {text for _, text in rows} == {"Аллергия 0", "Аллергия 1"}
    assert {text for author, text in rows if author == patient_id} == {"Аллергия 0", "Аллергия 1"}


def test_one_of_many_wordings_replaces_a_row(clinic: Flask, chat: Chat, patient: User) -> None:
    id = PatientFact.add(patient.subject_key, patient, FactKind.MEDICINE, "Лозартан").id
    patient_id = patient.id
    db.session.commit()

    def reword(number: int) -> None:
        db.session.get_one(PatientFact, id).reword(db.session.get_one(User, patient_id), f"Лозартан {number} мг")

    assert outcomes(clinic, 8, reword) == {"done": 1, "FactHasChanged": 7}
    assert len(live(patient_id)) == 1
    assert db.session.scalar(select(func.count()).select_from(PatientFact)) == 2


def test_taken_off_and_put_back_at_once_ends_as_one_or_the_other(clinic: Flask, chat: Chat, patient: User) -> None:
    id, patient_id = PatientFact.add(patient.subject_key, patient, FactKind.ILLNESS, "Астма").id, patient.id
    db.session.commit()

    def turn(number: int) -> None:
        fact, by = db.session.get_one(PatientFact, id), db.session.get_one(User, patient_id)
        fact.strike(by) if number % 2 else fact.restore(by)

    assert outcomes(clinic, 8, turn) == {"done": 8}
    unfinished = select(func.count()).where(PatientFactStrike.fact_id == id, PatientFactStrike.undone_at.is_(None))
    assert db.session.scalar(unfinished) == (0 if live(patient_id) else 1)
