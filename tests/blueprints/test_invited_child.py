"""A child whom an invitation or a clinic's list names: a suggestion for the parent, after the phone is proved."""

from __future__ import annotations

from datetime import date

import pytest
from browser import Browser
from factories import make_chat, make_doctor, say
from flask import Flask
from guests import BOTH, NEW, PHONE, code_of

from ibolit.extensions import db
from ibolit.models import Chat, Dependant, Doctor, Invitation, User
from ibolit.services import Services, clock

ASKED = "/profile/family/suggestion"
NAME = "Ваня Соколов"


def born() -> date:
    return clock.now().date().replace(day=1, year=clock.now().year - 3)


def filled(**more: str) -> dict[str, object]:
    said = {"name": NAME, "birth_date": f"{born():%d.%m.%Y}", "sex": "male", "relation": "mother"}
    return {**said, "representation": "y", **more}


def invited(doctor: Doctor, phone: str | None, name: str = NAME) -> Invitation:
    made = Invitation.invite(doctor, doctor.user, phone=phone, name=name, birth_date=born())
    db.session.commit()
    return made


def accepted(doctor: Doctor, patient: User, name: str = NAME) -> Invitation:
    made = invited(doctor, patient.phone, name)
    made.accept(patient)
    db.session.commit()
    return made


def rows() -> list[tuple[str, bool]]:
    """About whom the chats are that stand in the parent's list."""
    db.session.expire_all()
    chats = db.session.scalars(db.select(Chat).where(Chat.last_at.is_not(None)).order_by(Chat.id))
    return [(chat.subject.name, chat.dependant_id is not None) for chat in chats]


def test_doctor_names_the_child_in_the_form(as_doctor: Browser, doctor: Doctor) -> None:
    typed = {"contact": PHONE, "name": NAME, "child_born": f"{born():%d.%m.%Y}"}
    assert as_doctor.post("/invitations", typed).status_code == 303
    [made] = db.session.scalars(db.select(Invitation))
    assert (made.name, made.birth_date, made.names_child) == (NAME, born(), True)
    for wrong, sentence in (("03.05.1957", "18 лет уже есть"), ("вчера", "цифрами")):
        answer = as_doctor.post("/invitations", typed | {"child_born": wrong, "contact": "+79161112233"})
        assert (answer.status_code, sentence in answer.text) == (422, True)


def test_parent_is_asked_after_the_phone_is_proved_and_lands_in_the_childs_chat(
    clinic: Flask, doctor: Doctor, services: Services
) -> None:
    link = f"/i/{invited(doctor, PHONE).token}"
    newcomer = Browser(clinic)
    assert NAME not in newcomer.get(link).text  # whoever holds the link has proved nothing yet
    answer = newcomer.post(newcomer.post(link).location, {"code": code_of(services)})
    assert NAME not in newcomer.get(answer.location).text  # a child's name is none of the account's
    answer = newcomer.post(answer.location, NEW)
    gate = newcomer.get(answer.location)
    assert gate.location.startswith("/consent?next=")
    answer = newcomer.post(gate.location, BOTH)
    page = newcomer.get(answer.location).text
    assert (f'value="{NAME}"' in page, "Верно?" in page) == (True, True)
    answer = newcomer.post(answer.location, filled())
    [child] = db.session.scalars(db.select(Dependant))
    [its] = db.session.scalars(db.select(Chat.id).where(Chat.dependant_id == child.id))
    assert answer.location == f"/chats/{its}"
    assert newcomer.get(answer.location).status_code == 200
    assert (child.name, child.birth_date, child.declared_at is not None) == (NAME, born(), True)
    assert rows() == [(NAME, True)]  # the parent's own, of which nobody spoke, stands in no list
    assert newcomer.get(f"{ASKED}?next=/messages").location == "/messages"


def test_pressed_twice_it_is_one_child_and_one_chat(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    accepted(doctor, patient)
    answers = [as_patient.post(f"{ASKED}?next=/messages", filled()).location for _ in range(2)]
    [its] = db.session.scalars(db.select(Chat.id).where(Chat.dependant_id.is_not(None)))
    assert answers == [f"/chats/{its}", "/messages"]
    assert len(db.session.scalars(db.select(Dependant)).all()) == 1


def test_without_the_declaration_nobody_is_added(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    accepted(doctor, patient)
    answer = as_patient.post(f"{ASKED}?next=/messages", filled(representation=""))
    assert (answer.status_code, "Отметьте заявление" in answer.text, NAME in answer.text) == (422, True, True)
    grown = as_patient.post(f"{ASKED}?next=/messages", filled(birth_date="03.05.1957"))
    assert (grown.status_code, "18 лет уже есть" in grown.text) == (422, True)
    assert db.session.scalars(db.select(Dependant)).all() == []


def test_no_is_the_last_word_and_the_own_chat_stays(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    made = accepted(doctor, patient)
    assert as_patient.post(f"{ASKED}/refusal?next=/messages").location == "/messages"
    assert db.session.get_one(Invitation, made.id, populate_existing=True).birth_date is None
    assert as_patient.get(f"{ASKED}?next=/profile").location == "/profile"
    assert rows() == [(patient.name, False)]


def test_who_has_told_their_own_birth_date_is_asked_about_the_child_all_the_same(
    as_patient: Browser, patient: User, doctor: Doctor
) -> None:
    """Before the invitation, and after it: the list's day is not theirs."""
    patient.birth_date = date(1983, 3, 14)
    made = accepted(doctor, patient)
    as_patient.post("/profile/birth-date", {"birth_date": "15.03.1983"})
    assert db.session.get_one(Invitation, made.id, populate_existing=True).names_child
    assert as_patient.get(f"{ASKED}?next=/messages").status_code == 200


def test_name_of_the_parent_is_none_of_the_childs(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    accepted(doctor, patient, patient.name)
    page = as_patient.get(f"{ASKED}?next=/messages").text
    assert f'value="{patient.name}"' not in page
    assert f'value="{born():%d.%m.%Y}"' in page


def test_own_chat_that_was_written_in_stays(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    say(make_chat(patient, doctor), patient)
    other = make_doctor("Хасанова Алия Ринатовна")
    accepted(other, patient)
    say(make_chat(patient, other), patient)
    as_patient.post(f"{ASKED}?next=/messages", filled())
    assert rows() == [(patient.name, False), (patient.name, False), (NAME, True)]


@pytest.mark.parametrize("path", ["", "/refusal"])
def test_nobody_else_is_asked(
    as_stranger: Browser, as_doctor: Browser, patient: User, doctor: Doctor, path: str
) -> None:
    accepted(doctor, patient)
    assert as_doctor.post(f"{ASKED}{path}", filled()).status_code == 404
    assert as_stranger.post(f"{ASKED}{path}?next=/profile", filled()).location == "/profile"
    assert db.session.scalars(db.select(Dependant)).all() == []
    assert Invitation.child_suggested_to(db.session.get_one(User, patient.id)) is not None
