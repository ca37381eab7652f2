"""From 15 years each consultation and conclusion needs the child's own yes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import confirm, ready
from factories import make_chat, make_child, propose
from relatives import born

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, ChildConsent, Conclusion, Consultation, Doctor, User
from ibolit.models.consultations import ConsentMatter, ConsultationState
from ibolit.services import clock


def chat_about(parent: User, doctor: Doctor, years: int, *, days: int = 1) -> Chat:
    """A child who turned so old so many days ago."""
    return make_chat(parent, doctor, dependant=make_child(parent, birth_date=born(years, days=days)), days_left=60)


def agreed(chat: Chat) -> Consultation:
    return confirm(propose(chat, starts_at=clock.now() + timedelta(minutes=5)))


@pytest.mark.parametrize(("years", "is_asked"), [(3, False), (14, False), (15, True), (17, True)])
def test_asked_from_fifteen(patient: User, doctor: Doctor, years: int, is_asked: bool) -> None:
    consultation = agreed(chat_about(patient, doctor, years))
    assert consultation.asks_child is is_asked
    ready(consultation, patient, doctor.user)
    begun = ConsultationState.CONFIRMED if is_asked else ConsultationState.IN_PROGRESS
    assert consultation.state is begun


def test_asked_by_the_age_on_the_day_of_it(patient: User, doctor: Doctor) -> None:
    chat = chat_about(patient, doctor, 15, days=-2)  # 15 years old the day after tomorrow
    assert not propose(chat).asks_child
    assert propose(chat, starts_at=clock.now() + timedelta(days=3)).asks_child


def test_patient_of_one_s_own_is_not_asked(chat: Chat, patient: User, doctor: Doctor) -> None:
    patient.birth_date = born(17)
    db.session.commit()
    assert not agreed(chat).asks_child


def test_spoken_yes_begins_what_both_are_ready_for(patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat_about(patient, doctor, 16))
    ready(consultation, patient, doctor.user)
    for _ in range(2):
        consultation.note_spoken_consent(doctor.user)
        db.session.commit()
    assert consultation.state is ConsultationState.IN_PROGRESS
    assert not consultation.awaits_child()
    assert consultation.awaits_child(ConsentMatter.CONCLUSION)
    (given,) = db.session.scalars(db.select(ChildConsent))
    assert (given.way, given.noted_by_id) == ("spoken", doctor.user_id)


def test_only_its_doctor_notes_a_spoken_yes(patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat_about(patient, doctor, 16))
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.note_spoken_consent(patient)


def conclude(
    consultation: Consultation, doctor: Doctor, press: str = "press-000001", *, child_agreed: bool
) -> Conclusion:
    seen = Conclusion.newest_version(consultation)
    given = Conclusion.give(consultation, "Здоров", press, seen=seen, child_agreed=child_agreed)
    db.session.commit()
    return given


def test_conclusion_waits_for_its_own_yes(patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat_about(patient, doctor, 16))
    consultation.note_spoken_consent(doctor.user)
    ready(consultation, patient, doctor.user)
    consultation.end(doctor.user)
    db.session.commit()
    with pytest.raises(errors.ChildHasNotAgreed):
        conclude(consultation, doctor, child_agreed=False)
    db.session.rollback()
    assert conclude(consultation, doctor, child_agreed=True).version == 1
    assert conclude(consultation, doctor, "press-000002", child_agreed=False).version == 2  # once said it is said


def test_code_of_the_child_is_a_yes_to_both(patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat_about(patient, doctor, 16))
    ready(consultation, patient, doctor.user)
    consultation.note_proved_consent(patient)
    db.session.commit()
    assert consultation.state is ConsultationState.IN_PROGRESS
    consultation.end(doctor.user)
    assert conclude(consultation, doctor, child_agreed=False).version == 1
