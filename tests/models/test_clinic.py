"""Demo and real people never meet in one database; the demo clinic itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from factories import make_user
from flask import Flask

from ibolit import errors
from ibolit.config import Environment, Settings
from ibolit.extensions import db
from ibolit.jobs import HEAVY, run_due
from ibolit.models import (
    Attachment,
    AttachmentKind,
    AttachmentState,
    BookingRules,
    Chat,
    ChatState,
    Consent,
    Consultation,
    ConsultationState,
    DatabaseMark,
    Doctor,
    Role,
    User,
    Variant,
    booking,
)
from ibolit.seeds import fill
from ibolit.services import clock, current_services


@pytest.fixture
def production(clinic: Flask) -> Settings:
    return replace(clinic.extensions["ibolit_settings"], environment=Environment.PRODUCTION)


def test_production_refuses_a_demo_database(production: Settings) -> None:
    DatabaseMark.check(production)
    DatabaseMark.make_demo()
    db.session.commit()
    with pytest.raises(errors.WrongClinic, match="DATABASE_URL"):
        DatabaseMark.check(production)


def test_demo_data_refuse_a_real_clinic(clinic: Flask) -> None:
    make_user("Настоящая Анна")
    with pytest.raises(errors.WrongClinic):
        fill()
    db.session.rollback()
    assert not DatabaseMark.is_demo()
    assert len(db.session.scalars(db.select(User)).all()) == 1


def test_demo_clinic_has_everybody_and_a_chat_in_every_state(clinic: Flask) -> None:
    assert fill()
    people = db.session.scalars(db.select(User)).all()
    phones = {role: sorted(user.phone for user in people if user.role is role) for role in Role}
    assert phones[Role.PATIENT] == [f"+7900000000{number}" for number in (1, 2, 3, 4, 5, 9)]
    assert phones[Role.DOCTOR] == [f"+7900000010{number}" for number in range(1, 7)]
    assert all(user.check_password("ibolit-demo") for user in people[:1])
    assert all(user.email and Consent.is_given_by(user) for user in people)
    assert len({doctor.specialty for doctor in db.session.scalars(db.select(Doctor))}) == 6
    states = {chat.state for chat in db.session.scalars(db.select(Chat))}
    assert states >= {ChatState.OPEN, ChatState.LAST_DAY, ChatState.OVER, ChatState.UNLIMITED}


def test_first_patient_and_first_doctor_may_talk(clinic: Flask) -> None:
    fill()
    patient, user = User.by_phone("+79000000001"), User.by_phone("+79000000101")
    assert patient is not None
    assert user is not None
    assert user.doctor is not None
    chat = Chat.between(patient, user.doctor)
    assert chat is not None
    assert chat.takes_messages_from(patient)
    assert chat.takes_messages_from(user)


def test_first_doctor_sees_what_an_emergency_looks_like(clinic: Flask) -> None:
    """One, on top of the list and of the queue, and in no other doctor's."""
    fill()
    found = {user.phone: Chat.emergencies_of(user) for user in db.session.scalars(db.select(User)) if user.is_doctor}
    assert {phone: len(chats) for phone, chats in found.items() if chats} == {"+79000000101": 1}
    (urgent,) = found["+79000000101"]
    doctor, patient = User.by_phone("+79000000101"), User.by_phone("+79000000003")
    assert doctor is not None
    assert urgent.patient is patient
    assert Chat.queue_of(doctor)[0] is urgent
    assert urgent.unread_by(doctor) == 2


def test_demo_people_have_sent_files_as_real_people_do(clinic: Flask) -> None:
    fill()
    sent = {one.kind: one for one in db.session.scalars(db.select(Attachment))}
    assert sent.keys() == {AttachmentKind.PICTURE, AttachmentKind.DOCUMENT, AttachmentKind.VOICE}
    assert all(one.message is not None for one in sent.values())
    assert sent[AttachmentKind.PICTURE].has_shown
    assert sent[AttachmentKind.PICTURE].has_thumbnail
    assert sent[AttachmentKind.DOCUMENT].is_pdf
    assert sent[AttachmentKind.DOCUMENT].has_thumbnail
    storage = current_services.storage
    for variant in Variant:
        assert storage.size(sent[AttachmentKind.PICTURE].file_of(variant)) > 1000
    assert sent[AttachmentKind.VOICE].state is AttachmentState.PREPARING
    run_due(HEAVY)
    db.session.expire_all()
    assert sent[AttachmentKind.VOICE].state is AttachmentState.READY
    assert sent[AttachmentKind.VOICE].seconds == pytest.approx(3.8, abs=0.2)


def test_second_start_keeps_what_is_there(clinic: Flask) -> None:
    fill()
    count = len(db.session.scalars(db.select(Chat)).all())
    assert not fill()
    assert len(db.session.scalars(db.select(Chat)).all()) == count


def test_demo_clinic_has_free_times_and_some_that_are_taken(clinic: Flask) -> None:
    assert fill()
    doctors = list(db.session.scalars(db.select(Doctor).order_by(Doctor.id)))
    ivanova, lebedev, _, orlov, _, ryzhov = doctors
    assert set(booking.next_free_times(doctors)) == {doctor.id for doctor in doctors if doctor is not ryzhov}
    assert booking.next_free_times([orlov])[orlov.id].starts_at > clock.now() + timedelta(days=4)
    booked = db.session.scalars(db.select(Consultation).where(Consultation.is_booked)).all()
    assert {(one.doctor_id, one.state) for one in booked} == {(lebedev.id, ConsultationState.CONFIRMED)}
    assert BookingRules.of(ivanova).confirms_free


def test_demo_has_a_mother_with_two_children_and_a_son_with_his_father(clinic: Flask) -> None:
    fill()
    written = db.session.scalars(db.select(Chat).where(Chat.dependant_id.is_not(None)).order_by(Chat.id)).all()
    assert [(chat.patient.name, chat.subject.name, chat.writer_words) for chat in written] == [
        ("Волкова Дарья Андреевна", "Волков Ваня", "пишет мама, Волкова Дарья Андреевна"),
        ("Волкова Дарья Андреевна", "Волкова Маша", "пишет мама, Волкова Дарья Андреевна"),
        ("Титов Игорь Петрович", "Титов Пётр Ильич", "пишет сын, Титов Игорь Петрович"),
    ]
    assert [(chat.subject.age, chat.is_waiting, chat.takes_messages_from(chat.patient)) for chat in written] == [
        (3, True, True), (0, False, True), (74, True, True),
    ]  # fmt: skip
    assert all(len(chat.patient.writes_for) == number for chat, number in zip(written, (2, 2, 1), strict=True))
