"""A doctor's own pages ask little, and no more for many patients, consultations, tariffs and templates."""

from __future__ import annotations

import html

import pytest
from browser import Browser
from factories import attach, later, make_chat, make_user, propose, say
from queries import Queries

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, PatientNote, ReplyTemplate, Tariff, TariffTerms, User

from .test_queries import MOST, asked_by, consultations_of_every_kind

pytestmark = pytest.mark.any_database


def many(doctor: Doctor, count: int) -> None:
    for number in range(count):
        chat = make_chat(make_user(f"Пациент {count} {number}"), db.session.get_one(Doctor, doctor.id), days_left=1)
        if number % 3:
            say(chat, chat.patient)
        if number % 2:
            later(days=2 * count + number)
            propose(chat)
            later()


@pytest.mark.parametrize("url", ["/patients", "/messages?only=unread", "/messages?only=waiting"])
@pytest.mark.parametrize("htmx", [True, False])
def test_patients_and_chips(as_doctor: Browser, doctor: Doctor, url: str, htmx: bool) -> None:
    counts = []
    for size in (4, 30):
        many(doctor, size)
        counts.append(len(asked_by(as_doctor, url, htmx=htmx)))
    assert counts[0] == counts[1] <= MOST


def test_waiting_chat_with_consultations(as_doctor: Browser, chat: Chat, doctor: Doctor, patient: User) -> None:
    """With the list beside it; emergencies on top of that are one more, however many."""
    counts, url = [], f"/chats/{chat.id}"
    for size in (4, 30):
        many(doctor, size)
        consultations_of_every_kind(chat, size)
        say(db.session.get_one(Chat, chat.id), patient, "Когда придёт ответ?")
        counts.append(len(asked_by(as_doctor, url)))
    assert counts[0] == counts[1] <= MOST + 1
    for size in (1, 5):
        for number in range(size):
            urgent = make_chat(make_user(f"Срочно {size} {number}"), db.session.get_one(Doctor, doctor.id), days_left=1)
            urgent.post(urgent.patient, "Не могу дышать, болит в груди", f"urgent-{size}-{number}")
            db.session.commit()
        counts.append(len(asked_by(as_doctor, url)))
    assert as_doctor.get(url).text.count("row--urgent") == 6
    assert counts[2] == counts[3] == counts[0] + 1


@pytest.mark.parametrize("url", ["/messages", "/messages?only=waiting"])
def test_more_rows_ask_for_no_numbers(as_doctor: Browser, doctor: Doctor, url: str) -> None:
    """A page of its own shows them, and so it does without scripts."""
    many(doctor, 60)
    for chat in db.session.scalars(db.select(Chat)):
        say(chat, chat.patient)
    more = hx_of(as_doctor.get(url).text)
    with Queries() as queries:
        rows = as_doctor.get(more, htmx=True).text
    assert rows.count("<li") >= 30
    assert len(queries) == 2  # who asks, and the rows
    assert 'class="chips' in as_doctor.get(more).text


def hx_of(page: str) -> str:
    return html.unescape(page.split('class="more"')[1].split('hx-get="')[1].split('"')[0])


@pytest.mark.parametrize("htmx", [True, False])
def test_search(as_doctor: Browser, doctor: Doctor, htmx: bool) -> None:
    counts = []
    for size in (4, 30):
        many(doctor, size)
        with Queries() as queries:
            as_doctor.open(
                "/patients/search",
                method="POST",
                data={"q": "пациент"},
                headers={"X-CSRFToken": as_doctor.token()} | ({"HX-Request": "true"} if htmx else {}),
            )
        counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST


@pytest.mark.parametrize("url", ["", "/consultations"])
def test_one_patient(as_doctor: Browser, chat: Chat, patient: User, url: str) -> None:
    counts = []
    PatientNote.keep(chat, "Заметка", "pen-of-here", seen=0)
    for size in (3, 12):
        for number in range(size):
            say(chat, patient, "", files=[attach(chat, patient)])
            later(days=size * 3, minutes=40 * number)
            propose(chat, price=number % 2 * 1000_00)
            later()
        counts.append(len(asked_by(as_doctor, f"/patients/{patient.id}{url}")))
    assert counts[0] == counts[1] <= MOST


@pytest.mark.parametrize("url", ["/practice", "/practice/tariffs", "/practice/preview", "/replies", "/replies/choice"])
def test_own_page(as_doctor: Browser, doctor: Doctor, url: str) -> None:
    counts = []
    for size in (2, 15):
        host = db.session.get_one(Doctor, doctor.id)
        for number in range(size):
            Tariff.add(host, TariffTerms(f"Тариф {size}", number + 1, 900_00))
            ReplyTemplate.add(host, f"Ответ {size} {number}", "Текст")
        db.session.commit()
        counts.append(len(asked_by(as_doctor, url, htmx="choice" in url)))
    assert counts[0] == counts[1] <= MOST
