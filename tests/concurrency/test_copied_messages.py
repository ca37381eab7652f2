"""«Это про Ваню» pressed in one second, and in opposite directions: once, and nobody waits for ever."""

from __future__ import annotations

from browser import Browser
from factories import make_chat, make_child, say
from flask import Flask

from ibolit.extensions import db
from ibolit.models import Doctor, Message, User

from .crowd import at_once


def test_presses_of_one_second_copy_each_message_once(clinic: Flask, patient: User, doctor: Doctor) -> None:
    """Three presses from each of two chats into the other: whoever locks both does it in one order."""
    child = make_child(patient)
    own, its = make_chat(patient, doctor), make_chat(patient, doctor, child)
    places = [(say(own, patient, "Сыпь").id, str(child.id)), (say(its, patient, "Спина").id, "0")]
    browsers = [Browser(clinic, patient) for _ in range(6)]
    chats = [own.id, its.id]

    def press(number: int) -> int:
        message, whose = places[number % 2]
        return browsers[number].post(f"/messages/{message}/subject", {"subject": whose}).status_code

    assert at_once(clinic, 6, press) == [303] * 6
    assert _texts(chats[0]) == ["Сообщение скопировано в другую переписку", "Спина", "Сыпь"]
    assert _texts(chats[1]) == ["Сообщение скопировано в другую переписку", "Спина", "Сыпь"]


def _texts(chat_id: int) -> list[str]:
    db.session.expire_all()
    return sorted(db.session.scalars(db.select(Message.text).where(Message.chat_id == chat_id)))
