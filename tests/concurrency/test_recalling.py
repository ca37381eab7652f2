"""Recalled and read in the same second: the database decides, and everybody is told the same."""

from __future__ import annotations

import pytest
from factories import say
from flask import Flask

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Message, User

from .crowd import outcomes


@pytest.mark.parametrize("_round", range(6))
def test_recall_beside_a_receipt(clinic: Flask, chat: Chat, patient: User, doctor: Doctor, _round: int) -> None:
    seq = say(chat, patient, "Не тому врачу").seq
    chat_id, patient_id, doctor_user = chat.id, patient.id, doctor.user_id

    def act(number: int) -> None:
        user = db.session.get_one(User, doctor_user if number % 2 else patient_id)
        chat = Chat.find_for(user, chat_id)
        assert chat is not None
        if number % 2:
            chat.update_receipts(user, delivered_to=seq, read_to=seq)
        else:
            chat.recall(user, seq)

    ended = outcomes(clinic, 6, act)
    message = db.session.scalars(db.select(Message)).one()
    unread = db.session.get_one(Chat, chat_id).member(doctor_user).unread
    assert unread == 0
    if message.is_recalled:
        assert (ended, message.text) == ({"done": 6}, "")
    else:
        assert (ended, message.text) == ({"done": 3, "MessageIsRead": 3}, "Не тому врачу")


def test_recalled_ten_times_at_once_is_once(clinic: Flask, chat: Chat, patient: User) -> None:
    seq = say(chat, patient).seq
    chat_id, patient_id, before = chat.id, patient.id, chat.revision

    def act(_number: int) -> None:
        user = db.session.get_one(User, patient_id)
        (Chat.find_for(user, chat_id) or chat).recall(user, seq)

    assert outcomes(clinic, 10, act) == {"done": 10}
    assert db.session.get_one(Chat, chat_id).revision == before + 1
