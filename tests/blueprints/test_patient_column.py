"""The patient beside the chat and in the call: whose it is, what stands in it, that what is typed in a call is kept."""

from __future__ import annotations

import re
from datetime import date

import pytest
from browser import Browser
from factories import attach, make_chat, make_doctor, make_user, propose, say
from flask import Flask
from queries import Queries
from started_consultations import completed_consultation, consultation_in_progress

from ibolit.extensions import db
from ibolit.models import (
    AttachmentKind,
    AuditAction,
    AuditEvent,
    AuditReason,
    Chat,
    Conclusion,
    ConclusionDraft,
    Consultation,
    Doctor,
    FactKind,
    IntakeAnswers,
    IntakeQuestionnaire,
    PatientFact,
    PatientNote,
    Role,
    Sex,
    User,
)

MOST = 7


def column(patient: User, more: str = "") -> str:
    return f"/patients/{patient.id}/column{more}"


def test_only_a_doctor_of_theirs_opens_it(
    clinic: Flask, as_doctor: Browser, as_patient: Browser, as_stranger: Browser, chat: Chat, patient: User
) -> None:
    colleague = make_doctor("Орлов Дмитрий Викторович")
    colleague_id, patient_id = colleague.id, patient.id
    as_colleague, operator = Browser(clinic, colleague.user), Browser(clinic, make_user("Ольга", Role.OPERATOR))
    assert as_doctor.get(column(patient), htmx=True).status_code == 200
    for browser in (as_patient, as_stranger, as_colleague, operator):
        assert browser.get(column(patient), htmx=True).status_code == 404
    make_chat(db.session.get_one(User, patient_id), db.session.get_one(Doctor, colleague_id))
    assert as_colleague.get(column(patient), htmx=True).status_code == 200


def test_without_scripts_it_is_the_patients_page(as_doctor: Browser, chat: Chat, patient: User) -> None:
    answer = as_doctor.get(column(patient))
    assert (answer.status_code, answer.location) == (303, f"/patients/{patient.id}")
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert f'data-column="{column(patient)}"' in page
    assert f'data-sheet="{column(patient)}?sheet=1"' in page
    assert f'href="/patients/{patient.id}"' in page


def test_patient_has_no_column(as_patient: Browser, chat: Chat) -> None:
    assert "column" not in as_patient.get(f"/chats/{chat.id}").text.partition("<main")[2]


def test_what_stands_in_it(as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    one = db.session.get_one(User, patient.id)
    one.birth_date, one.sex = date(1983, 3, 14), Sex.FEMALE
    PatientFact.add(patient.subject_key, one, FactKind.ALLERGY, "Пенициллин")
    PatientNote.keep(db.session.get_one(Chat, chat.id), "Боится уколов", "pen-of-a-page", seen=0)
    db.session.commit()
    paper = attach(chat, patient, AttachmentKind.DOCUMENT, name="Анализы.pdf")
    say(chat, patient, "Вот", files=[paper])
    done, ahead = completed_consultation(chat), propose(chat)
    page = as_doctor.get(column(patient), htmx=True).text
    assert "<html" not in page
    for words in (
        "женский пол",
        "Пенициллин",
        "Боится уколов",
        "Анализы",
        "Бесплатно до",
        "Состоялась",
        "Ждёт подтверждения",
    ):
        assert words in page
    assert page.index(f"/consultations/{ahead.id}") < page.index(f"/consultations/{done.id}")
    assert "Черновик" not in page  # that is the call's
    assert 'role="dialog"' in as_doctor.get(column(patient, "?sheet=1"), htmx=True).text


def test_ids_of_the_column_meet_none_of_the_chat(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    propose(chat)

    def ids(page: str) -> list[str]:
        return re.findall(r'\bid="([^"]+)"', page)

    both = ids(as_doctor.get(f"/chats/{chat.id}").text) + ids(as_doctor.get(column(patient), htmx=True).text)
    assert sorted({one for one in both if both.count(one) > 1}) == []


def test_opening_it_is_a_line_of_the_audit_log(as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    as_doctor.get(column(patient), htmx=True)
    rows = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.COLUMN_READ)).all()
    assert [(row.actor_id, row.patient_id, row.subject_id, row.reason) for row in rows] == [
        (doctor.user_id, patient.id, chat.id, AuditReason.CARE)
    ]


@pytest.mark.any_database
def test_it_asks_little_and_no_more_for_a_long_history(
    as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    counts = []
    for rows in (1, 12):
        for number in range(rows):
            PatientFact.add(patient.subject_key, doctor.user, FactKind.ILLNESS, f"Болезнь {rows} {number}").strike(
                doctor.user
            )
            PatientFact.add(patient.subject_key, patient, FactKind.MEDICINE, f"Лекарство {rows} {number}")
            db.session.commit()
            say(chat, patient, "Вот", files=[attach(chat, patient)])
            completed_consultation(chat)
        as_doctor.get(column(patient), htmx=True)
        with Queries() as queries:
            assert as_doctor.get(column(patient), htmx=True).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST, counts


# In the call


@pytest.fixture
def talking(chat: Chat) -> Consultation:
    ahead = consultation_in_progress(chat)
    db.session.commit()
    return ahead


def test_in_the_call_it_has_the_intake_form_and_the_draft(as_doctor: Browser, chat: Chat, patient: User) -> None:
    ahead = propose(chat)
    IntakeQuestionnaire.tell(ahead, IntakeAnswers("Кружится голова"), "form-12345678")
    db.session.commit()
    page = as_doctor.get(column(patient, f"?consultation={ahead.id}"), htmx=True).text
    assert "Кружится голова" in page
    assert "Черновик" not in page  # nobody talks yet


def test_draft_typed_in_the_call_is_kept_and_goes_on_after_it(
    as_doctor: Browser, chat: Chat, patient: User, talking: Consultation
) -> None:
    draft = f"/consultations/{talking.id}/conclusion/draft"
    page = as_doctor.get(column(patient, f"?consultation={talking.id}"), htmx=True).text
    assert f'data-draft="{draft}"' in page
    typed = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("pen", "seen", "expected")}  # type: ignore[index]
    assert as_doctor.post(draft, typed | {"text": "Жалобы:\nголова"}, htmx=True).status_code == 200
    other = typed | {"pen": "pen-of-another-window", "text": "Из другого окна"}
    answer = as_doctor.post(draft, other, htmx=True)
    assert answer.status_code == 409
    assert "голова" in answer.text  # with what would have been lost
    kept = db.session.get_one(ConclusionDraft, talking.id)
    assert kept.text == "Жалобы:\nголова"
    assert as_doctor.get(f"/consultations/{talking.id}/conclusion/new").status_code == 409  # not to be sent yet
    as_doctor.post(f"/consultations/{talking.id}/end")
    assert "голова" in as_doctor.get(f"/consultations/{talking.id}/conclusion/new").text
    assert db.session.scalars(db.select(Conclusion)).all() == []


def test_nothing_is_drafted_before_the_call(as_doctor: Browser, chat: Chat) -> None:
    ahead = propose(chat)
    answer = as_doctor.post(f"/consultations/{ahead.id}/conclusion/draft", {"text": "Рано", "seen": "0"}, htmx=True)
    assert answer.status_code == 409
    assert db.session.get(ConclusionDraft, ahead.id) is None


def test_foreign_consultation_is_nobodys(as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    elsewhere = propose(make_chat(make_user("Борис Орлов"), make_doctor("Орлов Дмитрий Викторович")))
    of_another_patient = propose(make_chat(make_user("Вера Крылова"), doctor))
    for one in (elsewhere.id, of_another_patient.id, 909090):
        assert as_doctor.get(column(patient, f"?consultation={one}"), htmx=True).status_code == 404
