"""Allergies, medicines, illnesses through their doors: the patient, a doctor, a colleague, a stranger."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from browser import Browser
from factories import make_chat, make_doctor, make_user, propose, say
from flask import Flask
from forms_on_pages import forms_on
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, Chat, Doctor, FactKind, PatientFact, Role, Sex, User
from ibolit.services import clock

ALLERGY = FactKind.ALLERGY


@pytest.fixture
def colleague(clinic: Flask, chat: Chat, patient: User) -> Doctor:
    """Another doctor of the same patient."""
    colleague = make_doctor("Орлов Дмитрий Викторович")
    make_chat(patient, colleague, days_left=1)
    return colleague


@pytest.fixture
def as_colleague(clinic: Flask, colleague: Doctor) -> Browser:
    return Browser(clinic, colleague.user)


@pytest.fixture
def outsiders(clinic: Flask, as_stranger: Browser) -> list[Browser]:
    """A patient who is a stranger, a doctor without a chat, the clinic's operator."""
    without_chat = make_doctor("Лебедев Михаил Аркадьевич")
    operator = make_user("Оператор Ольга", Role.OPERATOR)
    return [as_stranger, Browser(clinic, without_chat.user), Browser(clinic, operator)]


def facts_of(patient: User) -> str:
    return f"/patients/{patient.id}/facts"


def add(browser: Browser, patient: User, text: str, kind: str = "allergy", *, htmx: bool = False) -> int:
    answer = browser.post(facts_of(patient), {"kind": kind, "text": text}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    db.session.rollback()
    return db.session.scalars(db.select(PatientFact.id).order_by(PatientFact.id.desc())).first() or 0


def shown(browser: Browser, patient: User) -> list[str]:
    """The rows of the page; crossed out ones in brackets."""
    page = browser.get(facts_of(patient)).text
    rows = re.findall(r'<p class="patient-fact__text">(.*?)</p>', page)
    return [unescape(re.sub(r".*<del>(.*)</del>", r"(\1)", row)) for row in rows]


def test_what_the_patient_writes_every_doctor_sees(
    as_patient: Browser, as_doctor: Browser, as_colleague: Browser, patient: User
) -> None:
    add(as_patient, patient, "Пенициллин")
    for browser in (as_patient, as_doctor, as_colleague):
        assert shown(browser, patient) == ["Пенициллин"]


def test_what_a_doctor_adds_waits_for_the_patients_yes(
    as_patient: Browser, as_doctor: Browser, as_colleague: Browser, patient: User
) -> None:
    id = add(as_doctor, patient, "Йод")
    assert (shown(as_doctor, patient), shown(as_patient, patient)) == (["Йод"], ["Йод"])
    assert shown(as_colleague, patient) == []
    assert "Видите только вы и пациент" in as_doctor.get(facts_of(patient)).text
    assert "Другие врачи этого не видят" in as_patient.get(facts_of(patient)).text
    assert as_patient.post(f"/facts/{id}/sharing", {"answer": "yes"}).status_code == 303
    assert shown(as_colleague, patient) == ["Йод"]


def test_allergy_is_asked_about_where_something_is_unread(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    """Marking it read loads the chat anew."""
    add(as_doctor, patient, "Йод")
    say(chat, doctor.user, "Я записал аллергию")
    assert "Показать и другим вашим врачам?" in as_patient.get(f"/chats/{chat.id}").text


def test_allergy_is_asked_about_in_the_chat_at_once_and_once(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User
) -> None:
    page, question = f"/chats/{chat.id}", "Показать и другим вашим врачам?"
    add(as_doctor, patient, "Гипертония", "illness")
    assert question not in as_patient.get(page).text
    id = add(as_doctor, patient, "Йод")
    assert question in as_patient.get(page).text
    assert question not in as_doctor.get(page).text
    assert f'href="{facts_of(patient)}"' in as_patient.get("/profile").text
    answer = as_patient.post(f"/facts/{id}/sharing", {"answer": "no", "at": "question"}, htmx=True)
    assert f'id="facts-question-{patient.id}"' in answer.text
    assert question not in answer.text
    assert question not in as_patient.get(page).text
    assert "Показать всем моим врачам" in as_patient.get(facts_of(patient)).text  # it may be said later


@pytest.mark.parametrize("htmx", [True, False])
def test_what_is_taken_off_stays_crossed_out_with_who_and_when(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, htmx: bool
) -> None:
    id = add(as_patient, patient, "Пенициллин")
    assert as_doctor.post(f"/facts/{id}/removal", htmx=htmx).status_code == (200 if htmx else 303)
    page = re.sub(r"\s+", " ", as_patient.get(facts_of(patient)).text)
    assert shown(as_patient, patient) == ["(Пенициллин)"]
    assert re.search(r"вы, [^;]+; снято: Иванова Е\. С\.,", page.replace("\u00a0", " "))
    assert as_patient.post(f"/facts/{id}/restoration", htmx=htmx).status_code == 409  # it is the doctor's line
    assert as_doctor.post(f"/facts/{id}/restoration", htmx=htmx).status_code == (200 if htmx else 303)
    assert shown(as_patient, patient) == ["Пенициллин"]


def test_strangers_see_and_change_nothing(as_patient: Browser, outsiders: list[Browser], patient: User) -> None:
    id = add(as_patient, patient, "Пенициллин")
    for browser in outsiders:
        assert browser.get(facts_of(patient)).status_code == 404
        assert browser.get(f"/facts/{id}/text").status_code == 404
        assert browser.post(facts_of(patient), {"kind": "allergy", "text": "Йод"}).status_code == 404
        for action in ("removal", "restoration", "sharing", "text"):
            assert browser.post(f"/facts/{id}/{action}", {"answer": "yes", "text": "Йод"}).status_code == 404
    assert shown(as_patient, patient) == ["Пенициллин"]


def test_colleague_finds_nothing_where_nothing_is_shown(
    as_doctor: Browser, as_colleague: Browser, as_patient: Browser, patient: User
) -> None:
    """A row that is not theirs to see is answered as one that nobody has."""
    id = add(as_doctor, patient, "Йод")
    for action in ("removal", "restoration", "sharing", "text"):
        there = as_colleague.post(f"/facts/{id}/{action}", {"answer": "yes", "text": "Йод"})
        nowhere = as_colleague.post(f"/facts/909090/{action}", {"answer": "yes", "text": "Йод"})
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert there.text == nowhere.text
    assert as_doctor.post(f"/facts/{id}/sharing", {"answer": "yes"}).status_code == 404  # the patient's word alone
    assert shown(as_colleague, patient) == []


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "Напишите хотя бы слово"), ("ж" * 301, "Длиннее 300 знаков"), ("нет", "добавлять ничего не нужно")],
)
def test_wrong_row_is_told_of_beside_it(
    as_patient: Browser, patient: User, chat: Chat, typed: str, words: str, htmx: bool
) -> None:
    answer = as_patient.post(facts_of(patient), {"kind": "illness", "text": typed}, htmx=htmx)
    assert answer.status_code == 422
    assert words in answer.text
    form = next(one for one in forms_on(answer.text) if one.hidden.get("kind") == "illness")
    assert form.value_of("text") == typed
    assert shown(as_patient, patient) == []


def test_unknown_kind_is_refused_and_the_words_stay(as_patient: Browser, patient: User) -> None:
    answer = as_patient.post(facts_of(patient), {"kind": "wish", "text": "Йод"})
    assert answer.status_code == 422
    assert "Обновите страницу" in answer.text
    assert 'value="Йод"' in answer.text


def test_two_windows_reword_one_row_and_nothing_is_lost(
    as_patient: Browser, as_doctor: Browser, patient: User, chat: Chat
) -> None:
    id = add(as_patient, patient, "Лозартан", "medicine")
    page = f"/facts/{id}/text"
    first, second = (next(form for form in forms_on(as_patient.get(page).text) if form.action == page) for _ in "12")
    assert as_patient.post(page, first.sent(text="Лозартан 50 мг")).status_code == 303
    answer = as_patient.post(page, second.sent(text="Лозартан 100 мг"), htmx=True)
    assert answer.status_code == 409
    assert ("Сейчас сохранено:" in answer.text, "Лозартан 50 мг" in answer.text) == (True, True)
    again = next(form for form in forms_on(answer.text) if form.action == page)
    assert again.value_of("text") == "Лозартан 100 мг"
    assert as_patient.post(page, again.sent()).status_code == 303  # both were seen
    assert shown(as_doctor, patient) == ["Лозартан 100 мг", "(Лозартан)", "(Лозартан 50 мг)"]


def test_row_taken_off_meanwhile_is_said_and_comes_back_only_when_meant(
    as_patient: Browser, patient: User, chat: Chat
) -> None:
    id = add(as_patient, patient, "Лозартан", "medicine")
    page = f"/facts/{id}/text"
    old = next(form for form in forms_on(as_patient.get(page).text) if form.action == page)
    as_patient.post(f"/facts/{id}/removal")
    answer = as_patient.post(page, old.sent(text="Лозартан 50 мг"))
    assert answer.status_code == 409
    assert "ничего" in answer.text
    again = next(form for form in forms_on(answer.text) if form.action == page)
    assert as_patient.post(page, again.sent()).status_code == 303
    assert shown(as_patient, patient) == ["Лозартан 50 мг", "(Лозартан)"]


def test_changes_and_a_doctors_look_stand_in_the_audit_log(
    as_patient: Browser, as_doctor: Browser, patient: User, doctor: Doctor, chat: Chat
) -> None:
    id, chat_id = add(as_patient, patient, "Пенициллин"), chat.id
    as_patient.get(facts_of(patient))
    as_doctor.get(facts_of(patient))
    db.session.rollback()
    rows = db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.id)).all()
    noted = [(one.action, one.actor_id, one.subject_id) for one in rows if "fact" in one.action]
    looked = AuditAction.FACTS_READ, doctor.user_id, chat_id
    assert noted == [(AuditAction.FACTS_CHANGED, patient.id, id), looked]


# Who somebody is


def test_sex_is_said_in_the_profile(as_patient: Browser, as_doctor: Browser, patient: User) -> None:
    for sex in ("female", "unsaid", "male"):
        assert as_patient.post("/profile/sex", {"sex": sex}).status_code == 303
        db.session.expire_all()
        assert db.session.get_one(User, patient.id).sex == (None if sex == "unsaid" else sex)
    assert as_patient.post("/profile/sex", {"sex": "third"}).status_code == 422
    assert as_doctor.get("/profile/sex").status_code == 404


def born(patient: User, years: int) -> None:
    today = clock.now().date()
    one = db.session.get_one(User, patient.id)
    one.birth_date, one.sex = date(today.year - years, 1, 1), Sex.FEMALE
    db.session.commit()


def test_age_and_sex_stand_wherever_the_doctor_meets_the_patient(
    as_doctor: Browser, as_patient: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    say(chat, patient)
    words = "43\u00a0года, женский пол"
    pages = [f"/chats/{chat.id}", f"/patients/{patient.id}"]
    for page in (*pages, "/patients", "/messages"):
        assert "43\u00a0года" not in as_doctor.get(page).text
    born(patient, 43)
    for page in pages:
        assert words in re.sub(r"<[^>]+>", "", as_doctor.get(page).text)
    for page in ("/patients", "/messages"):
        assert re.search(r'class="row__age">43\u00a0года', as_doctor.get(page).text)
    assert "женский пол" not in as_patient.get(f"/chats/{chat.id}").text


def test_conclusion_says_the_age_of_that_day(as_doctor: Browser, chat: Chat, patient: User) -> None:
    over = completed_consultation(chat)
    born(patient, 43)
    as_doctor.post(
        f"/consultations/{over.id}/conclusion/new",
        {"text": "Здорова", "client_id": "conclusion-0001", "seen": "0", "pen": "pen-of-this-page", "expected": ""},
    )
    clock.shift(400 * 24 * 3600)  # more than a year later
    as_doctor = Browser(as_doctor.app, db.session.get_one(Chat, chat.id).doctor.user)
    page = as_doctor.get(f"/consultations/{over.id}/conclusion").text
    assert "43\u00a0года, женский пол" in page


# The intake form fills them


def answers(**more: object) -> dict[str, object]:
    return {"trouble": "Кашель", "client_id": "client-0001"} | more


def test_intake_answers_become_facts(
    as_patient: Browser, as_doctor: Browser, as_colleague: Browser, chat: Chat, patient: User
) -> None:
    ahead = propose(chat)
    add(as_patient, patient, "Пыль")
    add(as_doctor, patient, "Йод")
    page = f"/consultations/{ahead.id}/complaint"
    form = next(one for one in forms_on(as_patient.get(page).text) if one.action == page)
    assert form.value_of("allergies") == "Пыль"  # not what other doctors are not to see
    typed = form.sent(trouble="Кашель", allergies="Орехи, кошки", medicines="нет", illnesses="Астма")
    assert as_patient.post(page, typed).status_code == 303
    assert shown(as_colleague, patient) == ["Орехи", "кошки", "(Пыль)", "Астма"]
    assert "Хронические болезни" in as_doctor.get(f"/consultations/{ahead.id}").text


def test_birth_date_and_sex_are_asked_with_the_first_form_alone(as_patient: Browser, chat: Chat, patient: User) -> None:
    first = propose(chat)
    page = f"/consultations/{first.id}/complaint"
    assert "Дата рождения" in as_patient.get(page).text
    answer = as_patient.post(page, answers(birth_date="31.02.1980", sex="female"))
    assert answer.status_code == 422
    assert "Такого дня не бывает" in answer.text
    assert as_patient.post(page, answers(birth_date="14.03.1983", sex="female")).status_code == 303
    db.session.expire_all()
    one = db.session.get_one(User, patient.id)
    assert (one.birth_date, one.sex) == (date(1983, 3, 14), Sex.FEMALE)
    second = propose(make_chat(patient, make_doctor("Вебер Людмила")))
    assert "Дата рождения" not in as_patient.get(f"/consultations/{second.id}/complaint").text


def test_who_has_said_it_already_is_not_asked(as_patient: Browser, chat: Chat, patient: User) -> None:
    born(patient, 43)
    page = as_patient.get(f"/consultations/{propose(chat).id}/complaint").text
    assert "Дата рождения" not in page
    assert 'name="sex"' not in page
