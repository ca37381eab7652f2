"""A chat about a child: the doctor sees whom it is about and who writes, wherever the doctor sees it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta

import pypdfium2
import pytest
from browser import Browser
from factories import later, make_chat, make_child, make_doctor, propose, say
from flask import Flask
from reading import words as words_of
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Dependant,
    DependantEnding,
    Doctor,
    FactKind,
    PatientFact,
    Sex,
    User,
)
from ibolit.models.people import DependantTerms, Relation
from ibolit.services import Services, clock
from ibolit.services.realtime import SocketQueue

from .test_proposals import send

NAME, WRITER = "Тимофей Ясный", "пишет мама, Анна Соколова"
AGE = "8 месяцев"


@pytest.fixture
def patient(patient: User) -> User:
    patient.name = "Анна Соколова"
    db.session.commit()
    return patient


@pytest.fixture
def child(patient: User) -> Dependant:
    return make_child(patient, NAME, months=8)


@pytest.fixture
def about_child(patient: User, doctor: Doctor, child: Dependant) -> Chat:
    chat = make_chat(patient, doctor, child, days_left=5)
    chat.post(patient, "У Тимы сыпь", "tima-0000001")
    db.session.commit()
    return chat


def read(page: str) -> str:
    return html.unescape(words_of(page))


def seen(browser: Browser, page: str, *, htmx: bool = False) -> str:
    answer = browser.get(page, htmx=htmx)
    assert answer.status_code == 200, page
    return read(answer.text)


def shows(text: str, *, writer: bool = True) -> None:
    assert NAME in text
    assert not writer or WRITER in text


# Lists and heads


def test_lists_and_heads_of_the_doctor_say_whom_and_who_writes(
    as_doctor: Browser, about_child: Chat, child: Dependant
) -> None:
    page = f"/patients/{child.subject_key}"
    for address in ("/messages", "/messages?only=waiting", "/patients", f"/chats/{about_child.id}", page):
        text = seen(as_doctor, address)
        shows(text)
        assert AGE in text, address
    for address in (f"{page}/column", f"{page}/column?sheet=1"):
        shows(seen(as_doctor, address, htmx=True))
    for address in (f"/chats/{about_child.id}/files", f"/chats/{about_child.id}/actions", f"{page}/consultations"):
        shows(seen(as_doctor, address), writer=False)


def test_patient_themselves_is_not_called_so(as_doctor: Browser, patient: User, doctor: Doctor) -> None:
    say(make_chat(patient, doctor), patient)
    for address in ("/messages", "/patients", f"/patients/{patient.id}"):
        text = seen(as_doctor, address)
        assert patient.name in text
        assert "пишет мама" not in text


def test_mother_and_child_are_two_rows(as_doctor: Browser, patient: User, doctor: Doctor, about_child: Chat) -> None:
    say(make_chat(patient, doctor), patient, "У меня кашель")
    page = as_doctor.get("/patients").text
    assert page.count('class="row"') == 2
    assert f'id="user-{patient.id}-patient"' in page
    assert f'id="dependant-{about_child.dependant_id}-patient"' in page


def test_search_finds_by_the_childs_name_and_names_it(as_doctor: Browser, about_child: Chat) -> None:
    for words in ("тимоф", "соколова", "сыпь"):
        shows(read(as_doctor.post("/messages/search", {"q": words}).text), writer=words != "сыпь")
    shows(read(as_doctor.post("/patients/search", {"q": "ясный"}).text))
    found = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.PATIENT_FOUND)).all()
    assert {one.dependant_id for one in found} == {about_child.dependant_id}


def test_other_doctors_never_learn_of_the_child(clinic: Flask, patient: User, about_child: Chat) -> None:
    other = make_doctor("Лебедев Михаил Аркадьевич")
    say(make_chat(patient, other), patient)
    browser = Browser(clinic, other.user)
    for address in ("/messages", "/patients", f"/patients/{patient.id}"):
        assert NAME not in seen(browser, address)
    for address in (f"/patients/{about_child.subject_key}", f"/patients/{about_child.subject_key}/column"):
        assert browser.get(address).status_code == 404
    assert NAME not in browser.post("/messages/search", {"q": "тимоф"}).text


# Consultations


def test_consultations_are_in_the_childs_name(as_doctor: Browser, about_child: Chat) -> None:
    consultation = propose(about_child, starts_at=clock.now() + timedelta(minutes=30))
    for address in (f"/consultations/{consultation.id}", "/consultations", f"/chats/{about_child.id}"):
        shows(seen(as_doctor, address))
    for address in ("/consultations/week", "/messages", f"/consultations/{consultation.id}/cancellation"):
        assert "Тимофей" in seen(as_doctor, address), address


def test_time_that_is_taken_is_told_by_the_childs_name(
    as_doctor: Browser, about_child: Chat, doctor: Doctor, stranger: User
) -> None:
    send(as_doctor, about_child, doctor.user)
    other = make_chat(stranger, db.session.get_one(Doctor, doctor.id))
    answered = send(as_doctor, other, doctor.user, client_id="press-0002", time="14:15")
    assert f"В это время у вас 14:00–14:30 {NAME}" in read(answered.text)


def test_conclusion_and_pdf_name_the_child_and_its_representative(
    as_doctor: Browser, as_patient: Browser, about_child: Chat
) -> None:
    over = completed_consultation(about_child)
    assert NAME in seen(as_doctor, f"/consultations/{over.id}/conclusion/new")
    given = as_doctor.post(
        f"/consultations/{over.id}/conclusion/new", {"text": "Крапивница", "seen": 0, "client_id": "client-0001"}
    )
    assert given.status_code == 303
    page = seen(as_patient, f"/consultations/{over.id}/conclusion")
    printed = as_patient.get(f"/consultations/{over.id}/conclusion.pdf").data
    pdf = " ".join(" ".join(one.get_textpage().get_text_range().split()) for one in pypdfium2.PdfDocument(printed))
    for text in (page, pdf):
        assert NAME in text
        assert AGE in text
        assert "мама, Анна Соколова" in text
    noted = db.session.scalars(
        db.select(AuditEvent).where(AuditEvent.action.in_([AuditAction.CONCLUSION_GIVEN, AuditAction.CONCLUSION_READ]))
    ).all()
    assert {one.dependant_id for one in noted} == {about_child.dependant_id}


def test_intake_form_is_about_the_child(
    as_patient: Browser, as_doctor: Browser, patient: User, about_child: Chat, child: Dependant
) -> None:
    child.sex = None
    PatientFact.add(patient.subject_key, patient, FactKind.ALLERGY, "Пенициллин у мамы")
    PatientFact.add(child.subject_key, patient, FactKind.ALLERGY, "Клубника")
    db.session.commit()
    ahead = propose(about_child)
    form = html.unescape(as_patient.get(f"/consultations/{ahead.id}/complaint").text)
    assert f"О ком: {NAME}" in form
    assert "Клубника" in form
    assert "Пенициллин у мамы" not in form
    assert 'name="birth_date"' not in form  # it is known from the beginning
    sent = {"trouble": "Сыпь", "allergies": "Клубника\nЯйца", "sex": "male", "client_id": "client-0001"}
    assert as_patient.post(f"/consultations/{ahead.id}/complaint", sent).status_code == 303
    db.session.expire_all()
    assert [one.text for one in PatientFact.known_to_all(child.subject_key, FactKind.ALLERGY)] == ["Клубника", "Яйца"]
    assert [one.text for one in PatientFact.known_to_all(patient.subject_key, FactKind.ALLERGY)] == [
        "Пенициллин у мамы"
    ]
    assert (db.session.get_one(Dependant, child.id).sex, db.session.get_one(User, patient.id).sex) == (Sex.MALE, None)
    assert "Сыпь" in seen(as_doctor, f"/consultations/{ahead.id}")
    read = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.QUESTIONNAIRE_READ)).one()
    assert (read.patient_id, read.dependant_id) == (patient.id, child.id)


# What comes by itself


@pytest.fixture
def doctors_screen(services: Services, doctor: Doctor) -> Iterator[SocketQueue]:
    queue = services.realtime.open(doctor.user_id, 0)
    yield queue
    services.realtime.close(queue)


def test_live_row_names_the_child(as_patient: Browser, about_child: Chat, doctors_screen: SocketQueue) -> None:
    letter = {"text": "Стало хуже", "client_id": "abcdef123456"}
    assert as_patient.post(f"/chats/{about_child.id}/messages", letter, htmx=True).status_code == 200
    text = html.unescape("\n".join(iter(doctors_screen.take, None)))
    assert NAME in text
    assert WRITER in text


def test_facts_come_live_to_who_writes_for_the_child_and_to_its_doctor(
    services: Services, patient: User, about_child: Chat, child: Dependant
) -> None:
    queues = [services.realtime.open(user.id, 0) for user in (patient, about_child.doctor.user)]
    PatientFact.add(child.subject_key, patient, FactKind.ALLERGY, "Клубника")
    db.session.commit()
    heard = ["\n".join(iter(queue.take, None)) for queue in queues]
    assert all("Клубника" in one and f"facts-{child.subject_key}-allergy" in one for one in heard)
    child.archive(DependantEnding.PERMISSION_WITHDRAWN)
    db.session.commit()
    PatientFact.add(child.subject_key, about_child.doctor.user, FactKind.ALLERGY, "Орехи")
    db.session.commit()
    heard = ["\n".join(iter(queue.take, None)) for queue in queues]
    assert ["Орехи" in one for one in heard] == [False, True]
    for queue in queues:
        services.realtime.close(queue)


def test_question_of_the_childs_allergy_stays_out_of_the_parents_own_chat(
    services: Services, as_patient: Browser, patient: User, chat: Chat, about_child: Chat, child: Dependant
) -> None:
    """The fragment goes to all open pages of the reader: a page puts it where its name stands."""
    queue = services.realtime.open(patient.id, 0)
    doctor = about_child.doctor.user
    fact = PatientFact.add(child.subject_key, doctor, FactKind.ALLERGY, "Орехи")
    db.session.commit()
    heard = "\n".join(iter(queue.take, None))
    services.realtime.close(queue)
    place = f'id="facts-question-{child.subject_key}"'
    assert place in heard
    assert place in as_patient.get(f"/chats/{about_child.id}").text
    own = as_patient.get(f"/chats/{chat.id}").text
    assert place not in own
    assert f'id="facts-question-{patient.id}"' in own
    answer = as_patient.post(f"/facts/{fact.id}/sharing", {"answer": "yes", "at": "question"}, htmx=True)
    assert place in answer.text


# Who may look no more


def test_parent_of_a_grown_child_meets_a_stranger_s_404(
    as_patient: Browser, as_doctor: Browser, patient: User, about_child: Chat
) -> None:
    ahead = propose(about_child)
    member = about_child.member(patient.id)
    member.until = clock.now() + timedelta(hours=1)
    db.session.commit()
    pages = [f"/chats/{about_child.id}", f"/consultations/{ahead.id}", f"/chats/{about_child.id}/files"]
    pages += [f"/consultations/{ahead.id}/complaint", f"/chats/{about_child.id}/messages?after=0"]
    assert [as_patient.get(page, htmx=True).status_code for page in pages] == [200] * len(pages)
    later(hours=1, seconds=1)
    assert [as_patient.get(page, htmx=True).status_code for page in pages] == [404] * len(pages)
    letter = {"text": "Где ответ?", "client_id": "abcdef123456"}
    assert as_patient.post(f"/chats/{about_child.id}/messages", letter, htmx=True).status_code == 404
    assert "сыпь" not in seen(as_patient, "/messages")
    assert f"/consultations/{ahead.id}" not in as_patient.get("/consultations").text
    assert "У Тимы сыпь" not in as_patient.post("/messages/search", {"q": "сыпь"}).text
    assert seen(as_doctor, f"/chats/{about_child.id}")


# What was given of them


def test_conclusion_names_the_child_as_it_was_called(
    as_patient: Browser, as_doctor: Browser, patient: User, about_child: Chat, child: Dependant
) -> None:
    over = completed_consultation(about_child)
    form = {"text": "Отдыхайте.", "seen": 0, "client_id": "client-0001"}
    assert as_doctor.post(f"/consultations/{over.id}/conclusion/new", form).status_code == 303
    page = f"/consultations/{over.id}/conclusion"
    shown = re.search(r"<dt>Пациент</dt>.*?<dt>Личность", as_patient.get(page).text, re.DOTALL)
    assert shown is not None
    assert NAME in shown[0]
    assert patient.name in shown[0]
    child, patient = db.session.get_one(Dependant, child.id), db.session.get_one(User, patient.id)
    child.change(DependantTerms("Соколов Петя", child.birth_date - timedelta(days=800), Relation.GUARDIAN, Sex.MALE))
    patient.rename("Смирнова Анна")
    db.session.commit()
    for reader in (as_patient, as_doctor):
        assert shown[0] in reader.get(page).text
