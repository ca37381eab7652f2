"""Whoever has a row in a chat hears what its patient and its doctor hear; a stranger hears nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from browser import Browser
from consultation_steps import cancel, confirm
from factories import later, make_chat, make_user, propose, say
from flask import Flask
from notified import told

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import notifications
from ibolit.models import (
    CancellationReason,
    CancellationTerms,
    Chat,
    ChatMember,
    Doctor,
    Job,
    JobKind,
    Notification,
    Side,
    User,
)
from ibolit.services import Services
from ibolit.services.realtime import SocketQueue

Heard = Callable[[], tuple[str, str, str, str]]


@pytest.fixture
def relative(chat: Chat) -> User:
    """In the chat as of its last message."""
    user = make_user("Ромашкина Анна")
    db.session.add(ChatMember(chat_id=chat.id, user_id=user.id, delivered_to=chat.last_seq, read_to=chat.last_seq))
    db.session.commit()
    db.session.expire(chat, ["members"])
    return user


@pytest.fixture
def as_relative(clinic: Flask, relative: User) -> Browser:
    return Browser(clinic, relative)


@pytest.fixture
def heard(services: Services, patient: User, doctor: Doctor, relative: User, stranger: User) -> Iterator[Heard]:
    """What patient, doctor, relative and stranger were shown since the last look."""
    queues = [services.realtime.open(user.id, 0) for user in (patient, doctor.user, relative, stranger)]

    def all_of(queue: SocketQueue) -> str:
        return "\n".join(iter(queue.take, None))

    yield lambda: tuple(map(all_of, queues))  # type: ignore[return-value]
    for queue in queues:
        services.realtime.close(queue)


def post(browser: Browser, chat: Chat, text: str, client_id: str = "abcdef123456"):  # type: ignore[no-untyped-def]
    return browser.post(f"/chats/{chat.id}/messages", {"text": text, "client_id": client_id}, htmx=True)


def test_message_reaches_every_member(as_patient: Browser, chat: Chat, heard: Heard, relative: User) -> None:
    assert post(as_patient, chat, "Болит голова").status_code == 200
    author, doctor, relative_heard, stranger = heard()
    assert stranger == ""
    for html in (doctor, relative_heard):
        assert "Болит голова" in html
        assert "message--mine" not in html
        assert '<span class="pill">1' in html
    assert "message--mine" in author


def test_what_the_third_writes_reaches_the_two(
    as_relative: Browser, chat: Chat, heard: Heard, patient: User, doctor: Doctor, relative: User, stranger: User
) -> None:
    assert post(as_relative, chat, "Я её сестра").status_code == 200
    patient_heard, doctor_heard, author, stranger_heard = heard()
    assert stranger_heard == ""
    assert "message--mine" in author
    for html in (patient_heard, doctor_heard):
        assert "Я её сестра" in html
        assert "message--mine" not in html
    assert (told(patient), told(doctor.user), told(relative), told(stranger)) == (["message"], ["message"], [], [])
    assert db.session.get_one(Chat, chat.id).awaits_reply


def test_every_member_who_is_away_is_notified(
    as_doctor: Browser, chat: Chat, patient: User, relative: User, stranger: User
) -> None:
    post(as_doctor, chat, "Как вы?")
    assert (told(patient), told(relative), told(stranger)) == (["message"], ["message"], [])
    work = db.select(Job.subject_id).where(Job.kind == JobKind.NOTIFICATION, Job.done_at.is_(None))
    theirs = db.select(Notification.id).where(Notification.user_id.in_([patient.id, relative.id]))
    assert {*db.session.scalars(work)} == {*db.session.scalars(theirs)}


def test_third_opens_the_chat_and_the_stranger_does_not(as_relative: Browser, as_stranger: Browser, chat: Chat) -> None:
    say(chat, chat.patient, "Болит голова")
    for url in (f"/chats/{chat.id}", f"/chats/{chat.id}/messages?after=0", f"/chats/{chat.id}/files"):
        assert as_relative.get(url, htmx=True).status_code == 200
        assert as_stranger.get(url, htmx=True).status_code == 404
    assert "Болит голова" in as_relative.get("/messages").text
    assert "Болит голова" not in as_stranger.get("/messages").text


def tick_of_own_message(browser: Browser, chat: Chat) -> str:
    article = browser.get(f"/chats/{chat.id}").text.split('id="message-1"')[1].split("</article>")[0]
    return re.findall(r"ticks--(\w+)", article)[0]


def test_author_sees_read_when_all_have_read(
    as_patient: Browser, as_doctor: Browser, as_relative: Browser, as_stranger: Browser, chat: Chat, heard: Heard
) -> None:
    post(as_patient, chat, "Болит голова")
    read = {"delivered_to": 1, "read_to": 1}
    assert as_stranger.post(f"/chats/{chat.id}/receipts", read).status_code == 404
    heard()
    assert as_doctor.post(f"/chats/{chat.id}/receipts", read).status_code == 204
    author, _, relative_heard, stranger = heard()
    assert 'data-read-to="0"' in author
    assert "receipts" in relative_heard
    assert stranger == ""
    assert tick_of_own_message(as_patient, chat) == "sent"
    assert as_relative.post(f"/chats/{chat.id}/receipts", read).status_code == 204
    author, _, own, stranger = heard()
    assert 'data-read-to="1"' in author
    assert "row--unread" not in own
    assert stranger == ""
    assert tick_of_own_message(as_patient, chat) == "read"


def test_typing_is_seen_by_all_others(as_relative: Browser, chat: Chat, heard: Heard) -> None:
    assert as_relative.post(f"/chats/{chat.id}/typing").status_code == 204
    patient, doctor, own, stranger = heard()
    assert "печатает" in patient
    assert "печатает" in doctor
    assert own == stranger == ""


def test_chats_time_holds_for_the_third_as_for_the_patient(as_relative: Browser, chat: Chat) -> None:
    chat.open_until = chat.created_at
    db.session.commit()
    assert post(as_relative, chat, "Можно ещё вопрос?").status_code == 409
    assert db.session.get_one(Chat, chat.id).last_seq == 0


def test_consultation_is_told_to_all_and_led_by_its_sides(
    as_relative: Browser, as_stranger: Browser, chat: Chat, heard: Heard, patient: User, doctor: Doctor,
    relative: User, stranger: User,
) -> None:  # fmt: skip
    consultation = propose(chat)
    assert (told(patient), told(relative), told(stranger)) == (["proposed"], ["proposed"], [])
    heard()
    confirm(consultation)
    patient_heard, _, relative_heard, stranger_heard = heard()
    card = f'id="consultation-{consultation.id}"'
    assert card in patient_heard
    assert card in relative_heard
    assert "consultation__more" in patient_heard
    assert "<button" not in relative_heard.split("</section>")[0]
    assert stranger_heard == ""
    for browser in (as_relative, as_stranger):
        assert browser.get(f"/consultations/{consultation.id}").status_code == 404
        assert browser.post(f"/consultations/{consultation.id}/readiness").status_code == 404
    cancel(consultation, consultation.doctor.user)
    assert (told(doctor.user), told(relative), told(stranger)) == (
        ["confirmed"],
        ["proposed", "confirmed", "cancelled"],
        [],
    )


def test_third_is_led_from_the_notification_to_the_chat(chat: Chat, patient: User, relative: User) -> None:
    consultation = propose(chat)
    doors = {
        one.user_id: notifications.address_of(one)
        for one in db.session.scalars(db.select(Notification).where(Notification.consultation_id == consultation.id))
    }
    assert doors[patient.id] == ("short_links.show", {"id": consultation.id})
    assert doors[relative.id] == ("chat.show", {"id": chat.id})


def test_into_the_call_are_led_its_two_sides(chat: Chat, heard: Heard, patient: User, relative: User) -> None:
    consultation = confirm(propose(chat))
    later(hours=1, minutes=55)
    consultation.mark_ready(patient)
    db.session.commit()
    heard()
    consultation.mark_ready(consultation.doctor.user)
    db.session.commit()
    *sides, relative_heard, stranger_heard = heard()
    for html in sides:
        assert "data-go=" in html
    assert "data-go=" not in relative_heard
    assert f'id="consultation-{consultation.id}"' in relative_heard
    assert stranger_heard == ""


def test_who_is_no_side_changes_nothing(chat: Chat, relative: User) -> None:
    consultation = confirm(propose(chat))
    later(hours=1, minutes=55)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.mark_ready(relative)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.cancel(relative, CancellationReason.OTHER, CancellationTerms.of(relative, consultation))
    assert consultation.attendances == {}
    assert not consultation.is_side_ready(relative)
    assert [consultation.side_of(user) for user in (*consultation.sides, relative)] == [Side.PATIENT, Side.DOCTOR, None]


def test_member_of_one_chat_hears_nothing_of_another(
    chat: Chat, heard: Heard, patient: User, relative: User, stranger: User, doctor: Doctor
) -> None:
    other = make_chat(stranger, doctor, days_left=3)
    say(other, stranger, "Это другой разговор")
    _, doctor_heard, relative_heard, stranger_heard = heard()
    assert "Это другой разговор" in doctor_heard
    assert "Это другой разговор" in stranger_heard
    assert relative_heard == ""
    assert told(relative) == []
