"""The patient's answers: optional, before the end, changed as often as they like; the doctor reads it on the card."""

from __future__ import annotations

import io
import re

import pytest
import samples
from browser import Browser
from factories import make_chat, propose
from flask import Flask
from reading import one_line
from started_consultations import completed_consultation
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    CancellationReason,
    CancellationTerms,
    Card,
    Chat,
    Consultation,
    Doctor,
    IntakeQuestionnaire,
    Message,
    User,
)

ANSWERS = {
    "trouble": "Болит голова",
    "since": "неделю",
    "strength": "6",
    "medicines": "Нет",
    "allergies": "На пыль",
    "client_id": "client-0001",
}


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return propose(chat)


def url(consultation: Consultation) -> str:
    return f"/consultations/{consultation.id}/complaint"


def tell(browser: Browser, consultation: Consultation, *, htmx: bool = False, **more: object) -> TestResponse:
    return browser.post(url(consultation), ANSWERS | more, htmx=htmx)


def told() -> IntakeQuestionnaire | None:
    db.session.remove()
    return db.session.query(IntakeQuestionnaire).one_or_none()


def letters(consultation: Consultation) -> list[Message]:
    db.session.remove()
    return Message.page_of(db.session.get_one(Chat, consultation.chat_id))


def test_questionnaire_is_kept_and_shown_again(as_patient: Browser, consultation: Consultation) -> None:
    answer = tell(as_patient, consultation)
    assert (answer.status_code, answer.location) == (303, f"/consultations/{consultation.id}")
    questionnaire = told()
    assert questionnaire is not None
    assert (questionnaire.chief_complaint, questionnaire.onset, questionnaire.severity) == ("Болит голова", "неделю", 6)
    page = as_patient.get(url(consultation)).text
    for words in ("Болит голова</textarea>", 'value="неделю"', '<option selected value="6">', "На пыль"):
        assert words in page
    assert "Сохранить изменения" in page


def test_htmx_is_led_to_the_card(as_patient: Browser, consultation: Consultation) -> None:
    answer = tell(as_patient, consultation, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"/consultations/{consultation.id}")


def test_only_the_first_line_is_needed(as_patient: Browser, consultation: Consultation) -> None:
    assert tell(as_patient, consultation, since="", strength="", medicines="", allergies="").status_code == 303
    questionnaire = told()
    assert questionnaire is not None
    assert (questionnaire.severity, questionnaire.medications) == (None, "")


@pytest.mark.parametrize("strength", ["0", "10"])
def test_ends_of_the_scale(as_patient: Browser, consultation: Consultation, strength: str) -> None:
    tell(as_patient, consultation, strength=strength)
    questionnaire = told()
    assert questionnaire is not None
    assert questionnaire.severity == int(strength)


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"trouble": " "}, "Напишите, что вас беспокоит."),
        ({"trouble": "я" * 2001}, "Длиннее 2000 знаков"),
        ({"since": "я" * 201}, "Длиннее 200 знаков"),
        ({"strength": "11"}, "Выберите число от 0 до 10."),
        ({"client_id": ""}, "Обновите страницу"),
    ],
)
def test_wrong_form_keeps_what_was_typed(
    as_patient: Browser, consultation: Consultation, form: dict[str, object], sentence: str, htmx: bool
) -> None:
    answer = tell(as_patient, consultation, htmx=htmx, **form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "На пыль" in answer.text
    assert ("<html" in answer.text) is not htmx
    assert told() is None


def test_card_in_the_chat_with_its_files(as_patient: Browser, consultation: Consultation) -> None:
    tell(as_patient, consultation, files=[(io.BytesIO(samples.txt()), "анализы.txt")])
    message = letters(consultation)[-1]
    assert (message.card, message.text) == (Card.QUESTIONNAIRE, "Анкета перед консультацией")
    assert [one.name for one in message.attachments] == ["анализы.txt"]
    assert "анализы" in as_patient.get(url(consultation)).text


def test_second_sending_changes_the_same_card(as_patient: Browser, consultation: Consultation) -> None:
    tell(as_patient, consultation)
    count = len(letters(consultation))
    assert tell(as_patient, consultation, trouble="Прошло", client_id="client-0002").status_code == 303
    questionnaire = told()
    assert questionnaire is not None
    assert questionnaire.chief_complaint == "Прошло"
    assert len(letters(consultation)) == count


def test_new_files_come_as_another_message(as_patient: Browser, consultation: Consultation) -> None:
    tell(as_patient, consultation)
    for _ in "ab":
        tell(as_patient, consultation, client_id="client-0002", files=[(io.BytesIO(samples.txt()), "ещё.txt")])
    last, before = letters(consultation)[-1], letters(consultation)[-2]
    assert [one.name for one in last.attachments] == ["ещё.txt"]
    assert before.card is Card.QUESTIONNAIRE


def test_file_that_is_refused_leaves_the_words_and_the_others(as_patient: Browser, consultation: Consultation) -> None:
    files = [(io.BytesIO(samples.txt()), "анализы.txt"), (io.BytesIO(b""), "пусто.pdf")]
    answer = tell(as_patient, consultation, files=files)
    assert answer.status_code == 422
    assert "«пусто.pdf»: Файл пустой." in answer.text
    found = re.search(r'name="uploads" value="(\w+)" checked', one_line(answer.text))
    assert found is not None
    tell(as_patient, consultation, uploads=found[1])
    assert [one.name for one in letters(consultation)[-1].attachments] == ["анализы.txt"]


def test_files_come_also_when_the_chats_time_is_over(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    consultation = propose(make_chat(patient, doctor, days_left=-1))
    assert tell(as_patient, consultation, files=[(io.BytesIO(samples.txt()), "анализы.txt")]).status_code == 303


def test_not_after_the_end(as_patient: Browser, chat: Chat) -> None:
    over = completed_consultation(chat)
    assert as_patient.get(url(over)).status_code == 409
    answer = tell(as_patient, over)
    assert answer.status_code == 409
    assert "анкету не изменить" in answer.text
    assert "Болит голова" in answer.text
    assert told() is None


def test_only_its_patient_tells(as_doctor: Browser, as_stranger: Browser, consultation: Consultation) -> None:
    for somebody in (as_doctor, as_stranger):
        assert somebody.get(url(consultation)).status_code == 404
        assert tell(somebody, consultation).status_code == 404
    assert told() is None


def test_doctor_reads_all_of_it(clinic: Flask, as_patient: Browser, consultation: Consultation, doctor: Doctor) -> None:
    tell(as_patient, consultation, files=[(io.BytesIO(samples.txt()), "анализы.txt")])
    questionnaire = told()
    words = clinic.jinja_env.get_template("fragments/consultations/questionnaire.html").render(
        questionnaire=questionnaire, viewer=db.session.get_one(User, doctor.user_id)
    )
    for one in ("Болит голова", "неделю", "6 из 10", "Нет", "На пыль", "анализы"):
        assert one in words


def test_each_reads_whose_it_is(as_patient: Browser, as_doctor: Browser, consultation: Consultation) -> None:
    tell(as_patient, consultation)
    for browser, title in ((as_patient, "Ваша анкета"), (as_doctor, "Анкета пациента")):
        assert f">{title}</summary>" in browser.get(f"/consultations/{consultation.id}").text


def test_doctors_reading_is_noted(
    as_doctor: Browser, as_patient: Browser, consultation: Consultation, doctor: Doctor
) -> None:
    as_doctor.get(f"/consultations/{consultation.id}")
    tell(as_patient, consultation)
    as_patient.get(f"/consultations/{consultation.id}")
    assert db.session.query(AuditEvent).where(AuditEvent.action == AuditAction.QUESTIONNAIRE_READ).count() == 0
    db.session.commit()
    assert "Болит голова" in as_doctor.get(f"/consultations/{consultation.id}").text
    event = db.session.query(AuditEvent).where(AuditEvent.action == AuditAction.QUESTIONNAIRE_READ).one()
    assert (event.actor_id, event.subject_id) == (doctor.user_id, consultation.id)


def test_card_leads_to_it_while_it_may_be_sent(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    consultation = propose(chat)
    assert f'href="{url(consultation)}"' in as_patient.get(f"/consultations/{consultation.id}").text
    assert f'href="{url(consultation)}"' not in as_doctor.get(f"/consultations/{consultation.id}").text


def test_both_see_it_in_the_chat(as_patient: Browser, as_doctor: Browser, consultation: Consultation) -> None:
    tell(as_patient, consultation, files=[(io.BytesIO(samples.txt()), "анализы.txt")])
    for browser in (as_patient, as_doctor):
        page = browser.get(f"/chats/{consultation.chat_id}").text
        assert "Анкета перед консультацией" in page
        assert "анализы" in page
        assert re.search(r'<details class="told__files" [^>]* open>', page)
        assert "Изменена:" not in page
    tell(as_patient, consultation, trouble="Прошло", client_id="client-0002")
    assert "Изменена:" in as_doctor.get(f"/chats/{consultation.chat_id}").text


def test_files_fold_when_the_consultation_is_over(as_patient: Browser, consultation: Consultation) -> None:
    tell(as_patient, consultation, files=[(io.BytesIO(samples.txt()), "анализы.txt")])
    fresh = db.session.get_one(Consultation, consultation.id)
    fresh.cancel(fresh.patient, CancellationReason.OTHER, CancellationTerms.of(fresh.patient, fresh))
    db.session.commit()
    page = as_patient.get(f"/chats/{consultation.chat_id}").text
    assert "анализы" in page
    assert re.search(r'<details class="told__files" id="[^"]*">', page)
