"""One open chat, through its doors."""

from __future__ import annotations

import pytest
from conftest import Browser
from factories import make_chat, say

from ibolit.extensions import db
from ibolit.models import Act, AuditEvent, Chat, Doctor, Message, User

LETTER = {"text": "Болит голова", "client_id": "abcdef123456"}


def texts(chat: Chat) -> list[str]:
    return [message.text for message in Message.page_of(chat)]


def test_patient_sends_without_scripts(as_patient: Browser, chat: Chat) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER)
    assert answer.status_code == 303
    assert answer.location.startswith(f"/chats/{chat.id}")
    assert texts(chat) == ["Болит голова"]


def test_htmx_gets_only_the_message(as_patient: Browser, chat: Chat) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Болит голова" in answer.text
    assert "message--mine" in answer.text


def test_same_id_and_text_is_the_same_message(as_patient: Browser, chat: Chat) -> None:
    first = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=True)
    second = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=True)
    assert first.text == second.text
    assert texts(chat) == ["Болит голова"]


def test_same_id_with_another_text_is_another_message(as_patient: Browser, chat: Chat) -> None:
    as_patient.post(f"/chats/{chat.id}/messages", LETTER)
    as_patient.post(f"/chats/{chat.id}/messages", LETTER | {"text": "И горло"})
    assert texts(chat) == ["Болит голова", "И горло"]


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "Напишите сообщение"), (" \n ", "Напишите сообщение"), ("я" * 4001, "длиннее 4 000")]
)
@pytest.mark.parametrize("htmx", [True, False])
def test_bad_text_is_kept_and_explained(
    as_patient: Browser, chat: Chat, text: str, sentence: str, *, htmx: bool
) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER | {"text": text}, htmx=htmx)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert text.strip() in answer.text
    assert texts(chat) == []


@pytest.mark.parametrize("htmx", [True, False])
def test_expired_chat_refuses_and_keeps_the_text(
    as_patient: Browser, patient: User, doctor: Doctor, *, htmx: bool
) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=htmx)
    assert answer.status_code == 409
    assert "Время общения истекло" in answer.text
    assert "Продлить" in answer.text
    assert "Болит голова" in answer.text
    assert texts(chat) == []


def test_doctor_writes_into_expired_chat(as_doctor: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    assert as_doctor.post(f"/chats/{chat.id}/messages", LETTER).status_code == 303
    assert texts(chat) == ["Болит голова"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/messages?after=0"),
        ("GET", "/messages?before=5"),
        ("GET", "/tariffs"),
        ("POST", "/messages"),
        ("POST", "/receipts"),
        ("POST", "/typing"),
    ],
)
def test_stranger_gets_404_everywhere(as_stranger: Browser, chat: Chat, method: str, path: str) -> None:
    url = f"/chats/{chat.id}{path}"
    answer = as_stranger.get(url) if method == "GET" else as_stranger.post(url, LETTER)
    assert answer.status_code == 404


def test_opening_marks_read_and_writes_the_journal(
    as_doctor: Browser, chat: Chat, doctor: Doctor, patient: User
) -> None:
    say(chat, patient, "Первое")
    say(chat, patient, "Второе")
    as_doctor.get(f"/chats/{chat.id}")
    member = db.session.get_one(Chat, chat.id).member(doctor.user_id)
    assert (member.read_to, member.unread) == (2, 0)
    event = db.session.scalars(db.select(AuditEvent).where(AuditEvent.act == Act.CHAT_READ)).one()
    assert (event.actor_id, event.subject_id, event.first, event.last) == (doctor.user_id, chat.id, 1, 2)


def test_prefetch_reads_nothing(as_doctor: Browser, chat: Chat, doctor: Doctor, patient: User) -> None:
    say(chat, patient)
    as_doctor.get(f"/chats/{chat.id}", headers={"Sec-Purpose": "prefetch"})
    assert db.session.get_one(Chat, chat.id).member(doctor.user_id).unread == 1


def test_after_a_revision_come_new_messages_and_ticks(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    seen = say(chat, doctor.user, "Старое").revision
    say(chat, doctor.user, "Новое")
    answer = as_patient.get(f"/chats/{chat.id}/messages?after={seen}", htmx=True)
    assert "Новое" in answer.text
    assert "Старое" not in answer.text
    assert f'id="chat-{chat.id}-receipts"' in answer.text
