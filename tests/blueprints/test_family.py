"""«Семья»: adding a child with the declaration, changing, taking off, bringing back; nobody else's is there."""

from __future__ import annotations

import html
from datetime import date

import pytest
from browser import Browser
from factories import make_chat, make_child, make_doctor, say
from flask import Flask

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Consent,
    Dependant,
    DependantEnding,
    Doctor,
    DocumentKind,
    FactKind,
    PatientFact,
    Relation,
    Sex,
    User,
)

FAMILY = "/profile/family"
VANYA = {
    "name": "Ваня Соколов", "birth_date": "12.04.2023", "sex": "male", "relation": "mother", "representation": "y"
}  # fmt: skip


def family(user: User) -> list[Dependant]:
    db.session.expire_all()
    return Dependant.of(user)


def seen(browser: Browser, page: str = FAMILY) -> str:
    return html.unescape(browser.get(page).text)


def test_child_is_added_with_the_declaration_and_stands_in_the_list(as_patient: Browser, patient: User) -> None:
    assert "За кого вы пишете, кроме себя" in seen(as_patient, "/profile")
    assert "законный представитель" in seen(as_patient, f"{FAMILY}/child")
    assert "законный представитель" in seen(as_patient, "/documents/representation")
    answer = as_patient.post(f"{FAMILY}/child", VANYA)
    assert (answer.status_code, answer.location) == (303, FAMILY)
    page = seen(as_patient)
    assert "Добавлено: Ваня Соколов." in page
    assert "мужской пол, вы мама" in page
    (vanya,) = family(patient)
    assert (vanya.birth_date, vanya.sex, vanya.relation) == (date(2023, 4, 12), Sex.MALE, Relation.MOTHER)
    declared = db.session.scalars(db.select(Consent).where(Consent.document == DocumentKind.REPRESENTATION)).one()
    assert (declared.user_id, declared.dependant_id) == (patient.id, vanya.id)
    noted = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.FAMILY_CHANGED)).one()
    assert (noted.patient_id, noted.dependant_id, noted.subject_id) == (patient.id, vanya.id, vanya.id)


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({"representation": ""}, "Отметьте заявление: без него писать за ребёнка нельзя."),
        ({"name": " "}, "Напишите имя и фамилию."),
        ({"name": "В" * 121}, "Имя длиннее 120 знаков."),
        ({"birth_date": ""}, "Укажите дату рождения."),
        ({"birth_date": "31.02.2020"}, "Такого дня не бывает."),
        ({"birth_date": "12.04.2099"}, "Этот день ещё не наступил."),
        ({"birth_date": "12.04.1990"}, "По этой дате 18 лет уже есть"),
        ({"relation": ""}, "Выберите, кто вы этому человеку."),
        ({"relation": "husband"}, "Выберите, кто вы этому человеку."),
        ({"sex": "другой"}, "Выберите пол из списка."),
    ],
)
def test_what_is_wrong_is_said_next_to_its_field(
    as_patient: Browser, patient: User, spoilt: dict[str, str], sentence: str
) -> None:
    answer = as_patient.post(f"{FAMILY}/child", VANYA | spoilt)
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert sentence in page
    if "name" not in spoilt:
        assert 'value="Ваня Соколов"' in page
    assert family(patient) == []


def test_pressed_twice_is_one_child_and_a_seventh_is_refused(as_patient: Browser, patient: User) -> None:
    for _ in range(2):
        assert as_patient.post(f"{FAMILY}/child", VANYA).status_code == 303
    for letter in "абвгд":
        make_child(patient, f"Ребёнок {letter}")
    assert "Добавить ребёнка" not in seen(as_patient)
    answer = as_patient.post(f"{FAMILY}/child", VANYA | {"name": "Седьмой"})
    assert answer.status_code == 422
    assert "Можно писать не больше чем за шестерых." in html.unescape(answer.text)
    assert len(family(patient)) == 6


def test_change_is_kept(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    child = make_child(patient, "Ваня")
    chat = make_chat(patient, doctor, child)
    answer = as_patient.post(
        f"{FAMILY}/{child.id}",
        {"name": "Иван Соколов", "birth_date": "12.04.2014", "sex": "unsaid", "relation": "guardian"},
    )
    assert answer.status_code == 303
    (ivan,) = family(patient)
    assert (ivan.name, ivan.sex, ivan.relation) == ("Иван Соколов", None, Relation.GUARDIAN)
    chat = db.session.get_one(Chat, chat.id, populate_existing=True)
    assert chat.member(patient.id).until == ivan.comes_of_age_at
    other = make_child(patient, "Коля")
    clash = {"name": "Иван Соколов", "birth_date": "12.04.2014", "sex": "unsaid", "relation": "guardian"}
    answer = as_patient.post(f"{FAMILY}/{other.id}", clash)
    assert answer.status_code == 409
    assert "Такой человек у вас уже есть" in html.unescape(answer.text)


def test_taken_off_and_brought_back_the_chat_goes_on(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    as_patient.post(f"{FAMILY}/child", VANYA)
    (vanya,) = family(patient)
    chat = make_chat(patient, db.session.get_one(Doctor, doctor.id), vanya, days_left=5)
    say(chat, chat.doctor.user, "Пейте больше")
    assert as_patient.post(f"{FAMILY}/{vanya.id}/removal").status_code == 303
    assert "Из семьи убрано: Ваня Соколов." in seen(as_patient)
    assert family(patient) == []
    assert as_patient.get(f"{FAMILY}/{vanya.id}").status_code == 404
    assert "Пейте больше" in seen(as_patient, f"/chats/{chat.id}")  # it may be read
    letter = {"text": "Спасибо", "client_id": "abcdef123456"}
    answer = as_patient.post(f"/chats/{chat.id}/messages", letter, htmx=True)
    assert answer.status_code == 409
    assert "Писать за этого человека больше нельзя" in html.unescape(answer.text)
    assert "Спасибо" in html.unescape(answer.text)  # what was typed is kept
    as_patient.post(f"{FAMILY}/child", VANYA)
    assert [one.id for one in family(patient)] == [vanya.id]
    assert as_patient.post(f"/chats/{chat.id}/messages", letter, htmx=True).status_code == 200


def test_who_was_ended_by_the_clinic_does_not_come_back(as_patient: Browser, patient: User) -> None:
    as_patient.post(f"{FAMILY}/child", VANYA)
    family(patient)[0].archive(DependantEnding.ENDED_BY_OFFICE)
    db.session.commit()
    answer = as_patient.post(f"{FAMILY}/child", VANYA)
    assert answer.status_code == 409
    assert "позвоните в клинику" in html.unescape(answer.text)


def test_anothers_child_is_nobodys(as_stranger: Browser, as_doctor: Browser, patient: User) -> None:
    child = make_child(patient)
    for browser in (as_stranger, as_doctor):
        assert browser.get(f"{FAMILY}/{child.id}").status_code == 404
        assert browser.post(f"{FAMILY}/{child.id}", VANYA).status_code == 404
        assert browser.post(f"{FAMILY}/{child.id}/removal").status_code == 404
        assert browser.get(f"/patients/{patient.id}-{child.id}/facts").status_code == 404
    assert [one.name for one in family(patient)] == [child.name]


# О здоровье


def test_facts_of_a_child_are_the_childs(
    clinic: Flask, as_patient: Browser, as_doctor: Browser, patient: User, doctor: Doctor
) -> None:
    child, other_doctor = make_child(patient, "Ваня"), make_doctor("Лебедев Михаил Аркадьевич")
    make_chat(patient, doctor, child)
    make_chat(patient, other_doctor)  # who treats the mother alone
    page = f"/patients/{child.subject_key}/facts"
    assert as_patient.post(page, {"kind": "allergy", "text": "Клубника"}).status_code == 303
    assert "О здоровье: Ваня" in seen(as_patient, page)
    assert "Клубника" in seen(as_patient, page)
    assert "Клубника" not in seen(as_patient, f"/patients/{patient.id}/facts")
    assert "Клубника" in seen(as_doctor, page)
    assert as_doctor.get(f"/patients/{patient.id}/facts").status_code == 404
    assert Browser(clinic, other_doctor.user).get(page).status_code == 404
    known = PatientFact.known_to_all(child.subject_key, FactKind.ALLERGY)
    assert [(one.text, one.dependant_id) for one in known] == [("Клубника", child.id)]
    read = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.FACTS_READ)).all()
    assert {(one.patient_id, one.dependant_id) for one in read} == {(patient.id, child.id)}
