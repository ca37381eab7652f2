"""Who was invited finds the doctor again, whatever he wrote and whichever way he comes back."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import PASSWORD, later, make_doctor, say
from flask import Flask
from guests import invite

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Invitation, User


def rows(page: str) -> list[str]:
    return re.findall(r'class="row__name">([^<]+)<', page)


def accept(patient: User, doctor: Doctor) -> int:
    invite(doctor, patient.phone)
    chat_id = next(iter(Invitation.accept_all_of(patient).values()))
    db.session.commit()
    return chat_id


@pytest.mark.parametrize("hidden", [False, True])
def test_invited_chat_stands_in_messages_before_the_first_word(
    as_patient: Browser, patient: User, hidden: bool
) -> None:
    chat_id = accept(patient, make_doctor("Лебедев Олег", hidden=hidden))
    page = as_patient.get("/messages").text
    assert rows(page) == ["Лебедев Олег"]
    assert "Вас приглашает врач, терапевт" in page
    assert "Написать" in page
    assert f"/chats/{chat_id}" in page
    assert as_patient.get(f"/chats/{chat_id}").status_code == 200


def test_every_inviting_doctor_is_seen(as_patient: Browser, patient: User) -> None:
    for minutes, name in enumerate(("Первый Иван", "Второй Иван", "Третий Иван")):
        later(minutes=minutes)
        accept(patient, make_doctor(name))
    assert rows(as_patient.get("/messages").text) == ["Третий Иван", "Второй Иван", "Первый Иван"]
    assert rows(as_patient.get("/messages", htmx=True).text) == ["Третий Иван", "Второй Иван", "Первый Иван"]


def test_home_leads_to_who_has_invited(clinic: Flask, patient: User, doctor: Doctor) -> None:
    typed = {"login": patient.phone, "password": PASSWORD}
    assert Browser(clinic).post("/login", typed).location == "/doctors"
    chat_id = accept(patient, doctor)
    assert Browser(clinic).post("/login", typed).location == "/messages"
    say(db.session.get_one(Chat, chat_id), patient)
    assert Browser(clinic).post("/login", typed).location == "/messages"


def test_chat_that_was_only_looked_at_is_listed_when_the_doctor_invites(
    as_patient: Browser, patient: User, doctor: Doctor
) -> None:
    as_patient.post("/chats", {"doctor_id": doctor.id})
    assert rows(as_patient.get("/messages").text) == []
    accept(patient, doctor)
    assert rows(as_patient.get("/messages").text) == ["Иванова Елена Сергеевна"]


def test_doctor_sees_nothing_said_where_nothing_was_said(as_doctor: Browser, doctor: Doctor, patient: User) -> None:
    accept(patient, doctor)
    assert rows(as_doctor.get("/messages").text) == []
    page = as_doctor.get("/patients").text
    assert "сообщений ещё нет" in page
    assert "Последнее сообщение" not in page
    assert "В чате пока пусто" in as_doctor.get(f"/patients/{patient.id}").text


def test_who_is_here_already_finds_a_new_invitation_without_its_link(
    as_patient: Browser, patient: User, doctor: Doctor
) -> None:
    as_patient.get("/messages")
    invite(doctor, patient.phone)
    later(minutes=2)
    assert rows(as_patient.get("/messages").text) == ["Иванова Елена Сергеевна"]
