"""What who hears the page is told: whose a message is, when it was said, how far it has come; how much is in a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from browser import Browser
from consultation_steps import StillClock, cancel
from factories import make_chat, make_doctor, make_user, propose, say
from heard import Heard

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Doctor, User
from ibolit.services import Services, clock

NOON = datetime(2026, 11, 25, 9, tzinfo=UTC)  # 12:00 in Moscow

still = StillClock(NOON)


@pytest.fixture(autouse=True)
def days_before(monkeypatch: pytest.MonkeyPatch) -> None:
    still.show(NOON - timedelta(days=3))
    monkeypatch.setattr(clock, "datetime", still)


def names(browser: Browser, chat: Chat) -> list[str]:
    return Heard(browser.get(f"/chats/{chat.id}").text).names


def test_message_says_whose_it_is_and_how_far_it_has_come(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    for hours, author in ((0, patient), (24, doctor.user), (48, patient), (72, patient)):
        still.show(NOON - timedelta(hours=72) + timedelta(hours=hours))
        say(chat, author)
    as_patient.get(f"/chats/{chat.id}")
    assert names(as_patient, chat) == [
        "Вы, 22 ноября, 12:00, отправлено",
        "Иванова Елена, 23 ноября, 12:00",
        "Вы, вчера, 12:00, отправлено",
        "Вы, 12:00, отправлено",
    ]
    assert names(as_doctor, chat)[-2:] == ["Анна Соколова, вчера, 12:00", "Анна Соколова, 12:00"]
    assert names(as_patient, chat)[-1] == "Вы, 12:00, прочитано"


def test_notes_and_cards_have_names_too(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    still.show(NOON)
    consultation = propose(chat)
    consultation.chat.post_system_note("Время общения продлено", "note-1")
    db.session.commit()
    assert names(as_patient, chat) == ["Иванова Елена, 12:00", "iBolit, 12:00"]
    assert names(as_doctor, chat)[0] == "Вы, 12:00, прочитано"
    consultation = db.session.get_one(Consultation, consultation.id)
    cancel(consultation, consultation.doctor.user)
    page = as_patient.get(f"/chats/{chat.id}").text
    assert "folded" in page
    assert Heard(page).names[0] == "Иванова Елена, 12:00"


def test_message_that_is_recalled_keeps_its_name(as_patient: Browser, chat: Chat, patient: User) -> None:
    still.show(NOON)
    message = say(chat, patient)
    as_patient.post(f"/messages/{message.id}/recall")
    assert names(as_patient, chat) == ["Вы, 12:00"]


def test_what_comes_over_the_socket_has_its_name(
    as_doctor: Browser, as_patient: Browser, chat: Chat, services: Services, patient: User
) -> None:
    still.show(NOON)
    page = as_patient.get(f"/chats/{chat.id}").text
    screen = services.realtime.open(patient.id, 0)
    as_doctor.post(f"/chats/{chat.id}/messages", {"text": "Как вы?", "client_id": "client-0001"}, htmx=True)
    live = screen.take()
    assert live is not None
    services.realtime.close(screen)
    assert Heard(page + live).names == ["Иванова Елена, 12:00"]


def test_name_is_said_once_a_page(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    """A long name would come with every message."""
    for _ in range(30):
        say(chat, doctor.user)
    messages = as_patient.get(f"/chats/{chat.id}").text.partition('role="log"')[2].partition('id="end"')[0]
    assert messages.count("<article") == 30
    assert "Иванова" not in messages


def test_days_and_what_is_new_are_headings(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    still.show(NOON - timedelta(days=1))
    say(chat, doctor.user)
    still.show(NOON)
    say(chat, doctor.user)
    headings = Heard(as_patient.get(f"/chats/{chat.id}").text).headings
    assert [one for one in headings if one in ("Вчера", "Сегодня", "Новые сообщения")] == [
        "Новые сообщения", "Вчера", "Сегодня"]  # fmt: skip


# Lists


def test_list_of_chats_says_how_many_and_how_many_are_unread(as_patient: Browser, patient: User) -> None:
    for number in range(3):
        doctor = make_doctor(f"Врач Номер{number}")
        say(make_chat(patient, doctor, days_left=2), doctor.user if number else patient)
    assert "3 чата, 2 непрочитанных" in Heard(as_patient.get("/messages").text).headings
    chat = db.session.scalars(db.select(Chat).order_by(Chat.id.desc())).first()
    assert chat is not None
    as_patient.get(f"/chats/{chat.id}")
    assert "3 чата, 1 непрочитанный" in Heard(as_patient.get("/messages").text).headings
    assert "3 чата, 1 непрочитанный" in Heard(as_patient.get(f"/chats/{chat.id}").text).headings


def test_list_that_goes_on_says_how_many_are_shown(
    as_doctor: Browser, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        patient = make_user(f"Пациент {number}")
        say(make_chat(patient, doctor, days_left=2), doctor.user)
    monkeypatch.setattr("ibolit.web.inbox.PAGE", 2)
    assert "Показано: 2 чата" in Heard(as_doctor.get("/messages").text).headings
    assert "3 пациента" in Heard(as_doctor.get("/patients").text).headings


def test_lists_say_their_counts(as_patient: Browser, chat: Chat) -> None:
    make_doctor("Лебедев Павел Андреевич")
    assert "2 врача" in Heard(as_patient.get("/doctors").text).headings
    propose(chat)
    assert "Ближайшие: 1 консультация" in Heard(as_patient.get("/consultations").text).headings
