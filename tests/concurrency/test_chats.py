"""Beginning, reading and writing at the same moment."""

from __future__ import annotations

from browser import Browser
from factories import make_chat, say
from flask import Flask

from ibolit.extensions import db
from ibolit.models import Chat, ChatMember, Doctor, Message, User

from .crowd import at_once


def test_pressed_twice_makes_one_chat(clinic: Flask, patient: User, doctor: Doctor) -> None:
    doctor_id = doctor.id
    browsers = [Browser(clinic, patient) for _ in range(6)]
    tokens = [{"X-CSRFToken": browser.token()} for browser in browsers]
    letter = {"doctor_id": doctor_id}

    def press(number: int) -> str | None:
        return browsers[number].open("/chats", method="POST", data=letter, headers=tokens[number]).location

    places = at_once(clinic, 6, press)
    chat = db.session.scalars(db.select(Chat)).one()
    assert set(places) == {f"/chats/{chat.id}"}
    assert len(db.session.scalars(db.select(ChatMember)).all()) == 2


def test_one_message_sent_ten_times_at_once_is_one(clinic: Flask, chat: Chat, patient: User) -> None:
    chat_id, patient_id = chat.id, patient.id

    def send(_number: int) -> int:
        author = db.session.get_one(User, patient_id)
        message = db.session.get_one(Chat, chat_id).post(author, "Болит голова", "abcdef123456")
        db.session.commit()
        return message.seq

    assert at_once(clinic, 10, send) == [1] * 10
    assert len(db.session.scalars(db.select(Message)).all()) == 1


def test_first_messages_at_once_begin_the_free_time_once(clinic: Flask, patient: User, doctor: Doctor) -> None:
    chat_id, patient_id = make_chat(patient, doctor).id, patient.id

    def send(number: int) -> object:
        chat = db.session.get_one(Chat, chat_id)
        chat.post(db.session.get_one(User, patient_id), str(number), f"writer-{number:04}")
        db.session.commit()
        return chat.open_until

    assert len(set(at_once(clinic, 6, send))) == 1


def test_receipts_beside_posts_never_go_back(clinic: Flask, chat: Chat, patient: User, doctor: Doctor) -> None:
    """Four phones of the doctor report in disorder while the patient writes; the numbers only grow and end right."""
    for number in range(20):
        say(chat, patient, str(number))
    chat_id, patient_id, doctor_user = chat.id, patient.id, doctor.user_id

    def report(phone: int) -> list[tuple[int, int]]:
        seen = []
        for step in range(12):
            user = db.session.get_one(User, doctor_user)
            open_chat = db.session.get_one(Chat, chat_id, populate_existing=True)
            read_to = (step * 7 + phone * 5) % 30
            open_chat.update_receipts(user, delivered_to=read_to + 2, read_to=read_to)
            db.session.commit()
            member = db.session.scalars(
                db.select(ChatMember)
                .where(ChatMember.chat_id == chat_id, ChatMember.user_id == doctor_user)
                .execution_options(populate_existing=True)
            ).one()
            seen.append((member.delivered_to, member.read_to))
            db.session.commit()
        return seen

    def write(number: int) -> list[tuple[int, int]]:
        for step in range(6):
            open_chat = db.session.get_one(Chat, chat_id, populate_existing=True)
            open_chat.post(db.session.get_one(User, patient_id), f"{number}-{step}", f"writer-{number}-{step:03}")
            db.session.commit()
        return []

    histories = at_once(clinic, 6, lambda number: report(number) if number < 4 else write(number))
    for history in histories:
        assert history == sorted(history)
    chat = db.session.get_one(Chat, chat_id)
    member = chat.member(doctor_user)
    assert chat.last_seq == 32
    assert member.read_to <= member.delivered_to <= 32
    unread = db.session.scalars(db.select(Message.id).where(Message.seq > member.read_to)).all()
    assert member.unread == len(unread)
    assert chat.member(patient_id).unread == 0
