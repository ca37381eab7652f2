"""Who waits, when several do something in the same second: the chat's lock decides, and every wait ends once."""

from __future__ import annotations

import pytest
from factories import say
from flask import Flask

from ibolit.extensions import db
from ibolit.models import AccessMode, Chat, Doctor, User, Wait

from .crowd import outcomes


def unlimited(chat: Chat) -> None:
    chat.access = AccessMode.UNLIMITED
    db.session.commit()


def now(chat_id: int) -> Chat:
    db.session.expire_all()
    return db.session.get_one(Chat, chat_id)


def endings() -> list[str]:
    return [one.ending.value for one in db.session.scalars(db.select(Wait))]


def test_ten_answers_end_one_wait(clinic: Flask, chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient)
    chat_id, doctor_user = chat.id, doctor.user_id

    def act(number: int) -> None:
        user = db.session.get_one(User, doctor_user)
        (Chat.locked_for(user, chat_id) or chat).post(user, f"Ответ {number}", f"answer-{number:06}")

    assert outcomes(clinic, 10, act) == {"done": 10}
    assert (now(chat_id).waiting_since, endings()) == (None, ["answered"])


@pytest.mark.parametrize("_round", range(4))
def test_answer_beside_no_answer_needed(clinic: Flask, chat: Chat, patient: User, doctor: Doctor, _round: int) -> None:
    seen = say(chat, patient).seq
    chat_id, doctor_user = chat.id, doctor.user_id

    def act(number: int) -> None:
        user = db.session.get_one(User, doctor_user)
        mine = Chat.locked_for(user, chat_id) or chat
        if number % 2:
            mine.dismiss(seen)
        else:
            mine.post(user, f"Ответ {number}", f"answer-{number:06}")

    assert outcomes(clinic, 6, act) == {"done": 6}
    assert now(chat_id).waiting_since is None
    assert endings() in (["answered"], ["dismissed"])


@pytest.mark.parametrize("_round", range(4))
def test_message_beside_closing(clinic: Flask, chat: Chat, patient: User, doctor: Doctor, _round: int) -> None:
    """Nobody's words are closed away: what came before is refused, what comes after opens it again."""
    unlimited(chat)
    seen = say(chat, patient).seq
    chat_id, doctor_user, patient_id = chat.id, doctor.user_id, patient.id

    def act(number: int) -> None:
        user = db.session.get_one(User, patient_id if number else doctor_user)
        mine = Chat.locked_for(user, chat_id) or chat
        if number:
            mine.post(user, f"Ещё {number}", f"client-{number:06}")
        else:
            mine.close(seen)

    ended = outcomes(clinic, 3, act)
    assert ended in ({"done": 3}, {"done": 2, "ChatHasNews": 1})
    after = now(chat_id)
    assert (after.is_waiting, after.is_closed) == (True, False)
    assert endings() == (["closed"] if ended["done"] == 3 else [])


def test_closed_ten_times_at_once_is_once(clinic: Flask, chat: Chat, patient: User, doctor: Doctor) -> None:
    seen = say(chat, patient).seq
    chat_id, doctor_user = chat.id, doctor.user_id

    def act(_number: int) -> None:
        user = db.session.get_one(User, doctor_user)
        (Chat.locked_for(user, chat_id) or chat).close(seen)

    assert outcomes(clinic, 10, act) == {"done": 10}
    after = now(chat_id)
    assert (after.is_closed, after.last_seq, endings()) == (True, seen + 1, ["closed"])
