"""The audit log says whose data were seen or changed, and why: every kind of line, by whoever may write it."""

from __future__ import annotations

import pytest
from audit_rules import NOBODYS, OF_ACCOUNTS, OF_PATIENTS, check_audit_log
from browser import Browser
from consultation_steps import confirm
from factories import attach, make_chat, make_doctor, make_user, propose, say
from flask import Flask
from matrix_world import store
from payment_steps import buy, request_refund
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    AuditReason,
    Chat,
    Conclusion,
    Consultation,
    Doctor,
    IntakeAnswers,
    IntakeQuestionnaire,
    Role,
    User,
)

Lines = list[tuple[AuditAction, AuditReason | None, int | None]]


@pytest.fixture
def as_operator(clinic: Flask) -> Browser:
    return Browser(clinic, make_user("Оператор", Role.OPERATOR))


@pytest.fixture
def held(chat: Chat) -> Consultation:
    """With an intake form and a conclusion."""
    ahead = confirm(propose(chat))
    IntakeQuestionnaire.tell(ahead, IntakeAnswers("Болит голова"), "form-12345678")
    db.session.commit()
    return ahead


def lines(*actions: AuditAction) -> Lines:
    rows = check_audit_log()
    return [(row.action, row.reason, row.patient_id) for row in rows if row.action in actions]


def test_every_kind_is_of_a_patient_of_an_account_or_of_nobody() -> None:
    """A new kind must be told where it belongs: without a patient «Кто смотрел мои данные» could never show it."""
    assert OF_PATIENTS.isdisjoint(NOBODYS | OF_ACCOUNTS)
    read = {one for one in AuditAction if one.value.endswith(("_read", "_searched", "_found")) or "files" in one.value}
    assert read <= OF_PATIENTS | {AuditAction.PAYMENTS_FOUND}


def test_opening_a_chat_says_whose_it_is(as_doctor: Browser, as_patient: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "Болит голова")
    as_doctor.get(f"/chats/{chat.id}")
    as_patient.get(f"/chats/{chat.id}")
    assert lines(AuditAction.CHAT_READ) == [
        (AuditAction.CHAT_READ, AuditReason.CARE, patient.id),
        (AuditAction.CHAT_READ, AuditReason.OWN, patient.id),
    ]


def test_chat_is_opened_also_where_only_oneself_wrote(as_doctor: Browser, chat: Chat, doctor: Doctor) -> None:
    say(chat, doctor.user, "Как вы?")
    as_doctor.get(f"/chats/{chat.id}")
    row = db.session.scalars(db.select(AuditEvent)).one()
    assert (row.action, row.patient_id, row.first, row.last) == (AuditAction.CHAT_READ, chat.patient_id, None, None)


def test_sending_a_message_writes_no_line(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "Болит голова")
    as_doctor.post(f"/chats/{chat.id}/messages", {"text": "Давно?", "client_id": "abcdef123456"}, htmx=True)
    assert check_audit_log() == []


def test_receipts_files_and_searches_say_whose_they_are(as_doctor: Browser, chat: Chat, patient: User) -> None:
    photo = attach(chat, patient)
    store(photo)
    say(chat, patient, "Вот снимок", files=[photo])
    as_doctor.post(f"/chats/{chat.id}/receipts", {"delivered_to": 1, "read_to": 1})
    as_doctor.get(f"/chats/{chat.id}/files")
    as_doctor.get(f"/files/{photo.id}/shown")
    as_doctor.post("/messages/search", {"q": "снимок"})
    as_doctor.post(f"/chats/{chat.id}/search", {"q": "снимок"})
    as_doctor.get(f"/patients/{patient.id}")
    kinds = [
        AuditAction.CHAT_READ,
        AuditAction.FILES_LISTED,
        AuditAction.FILE_READ,
        AuditAction.CHAT_SEARCHED,
        AuditAction.CHAT_SEARCHED,
        AuditAction.PATIENT_READ,
    ]
    assert lines(*AuditAction) == [(kind, AuditReason.CARE, patient.id) for kind in kinds]


def test_card_intake_form_and_conclusion_say_whose_they_are(
    as_doctor: Browser, as_patient: Browser, held: Consultation, patient: User, chat: Chat
) -> None:
    as_doctor.get(f"/consultations/{held.id}")
    done = completed_consultation(make_chat(patient, make_doctor("Петров Пётр Ильич")))
    Conclusion.give(done, "Всё хорошо", "conclusion-1", seen=0)
    db.session.commit()
    as_patient.get(f"/consultations/{done.id}/conclusion")
    assert lines(*AuditAction) == [
        (AuditAction.CONSULTATION_READ, AuditReason.CARE, patient.id),
        (AuditAction.QUESTIONNAIRE_READ, AuditReason.CARE, patient.id),
        (AuditAction.CONCLUSION_READ, AuditReason.OWN, patient.id),
    ]


@pytest.mark.parametrize("path", ["/patients/search", "/messages/search"])
def test_search_by_name_that_leaves_three_is_a_look_at_each(as_doctor: Browser, doctor: Doctor, path: str) -> None:
    found = [make_user(f"Соколова {name}") for name in ("Анна", "Вера", "Зоя")]
    for one in found:
        say(make_chat(one, doctor, days_left=3), one, "Здравствуйте")
    as_doctor.post(path, {"q": "соколова"})
    told = lines(AuditAction.PATIENT_FOUND)
    assert {patient for _, _, patient in told} == {one.id for one in found}
    assert len(told) == 3
    fourth = make_user("Соколова Яна")
    say(make_chat(fourth, doctor, days_left=3), fourth, "Здравствуйте")
    as_doctor.post(path, {"q": "соколова"})
    assert len(lines(AuditAction.PATIENT_FOUND)) == 3, "four are a list"


@pytest.mark.parametrize("path", ["/patients", "/messages", "/consultations"])
def test_line_of_a_list_is_no_look(as_doctor: Browser, held: Consultation, path: str) -> None:
    assert as_doctor.get(path).status_code == 200
    assert check_audit_log() == []


def test_patient_who_looks_for_a_doctor_is_no_line(as_patient: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "Здравствуйте")
    as_patient.post("/messages/search", {"q": "иванова"})
    assert lines(AuditAction.PATIENT_FOUND) == []


def test_office_that_sees_money_says_whose(as_operator: Browser, chat: Chat, patient: User) -> None:
    payment = buy(chat)
    refund = request_refund(payment)
    as_operator.get(f"/operator/payments/{payment.id}")
    as_operator.post("/operator/payments/search", {"q": "Соколова"})
    as_operator.post(f"/operator/refunds/{refund.id}/refusal", {"note": "Врач ответил в срок"})
    assert lines(*AuditAction) == [
        (action, AuditReason.OFFICE, patient.id)
        for action in (AuditAction.PAYMENT_READ, AuditAction.PAYMENTS_FOUND, AuditAction.REFUND_DECLINED)
    ]


def test_search_that_finds_many_payers_names_none(as_operator: Browser, doctor: Doctor) -> None:
    for name in ("Анна", "Вера", "Зоя", "Яна"):
        buy(make_chat(make_user(f"Орлова {name}"), doctor))
    as_operator.post("/operator/payments/search", {"q": "орлова"})
    assert lines(AuditAction.PAYMENTS_FOUND) == [(AuditAction.PAYMENTS_FOUND, AuditReason.OFFICE, None)]


def test_days_given_and_what_is_recalled_say_whose(as_doctor: Browser, chat: Chat, doctor: Doctor) -> None:
    message = say(chat, doctor.user, "Не туда")
    as_doctor.post(f"/messages/{message.id}/recall", {})
    as_doctor.post(f"/patients/{chat.patient_id}/days", {"days": "3", "client_id": "gift12345678"})
    told = [AuditAction.MESSAGE_RECALLED, AuditAction.DAYS_GIVEN]
    assert lines(*told) == [(action, AuditReason.CARE, chat.patient_id) for action in told]


def test_doctors_own_page_is_nobodys(as_doctor: Browser, doctor: Doctor) -> None:
    as_doctor.post("/practice/directory", {"shown": "y"})
    assert lines(*AuditAction) == [(AuditAction.PROFILE_CHANGED, AuditReason.OWN, None)]


@pytest.mark.parametrize("whose", ["patient", "doctor"])
def test_sign_out_is_of_a_patients_account_alone(
    request: pytest.FixtureRequest, whose: str, patient: User, doctor: Doctor
) -> None:
    browser: Browser = request.getfixturevalue(f"as_{whose}")
    browser.post("/logout", {})
    owner = patient.id if whose == "patient" else None
    assert lines(AuditAction.SIGNED_OUT) == [(AuditAction.SIGNED_OUT, AuditReason.OWN, owner)]
