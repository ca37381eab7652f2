"""An emergency and the doctor's answer in the same second: whichever comes last decides about the mark."""

from __future__ import annotations

import pytest
from flask import Flask

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Job, JobKind, Message, Notification, NotificationKind, User

from .crowd import outcomes


@pytest.mark.parametrize("_round", range(4))
def test_mark_beside_an_answer(clinic: Flask, chat: Chat, patient: User, doctor: Doctor, _round: int) -> None:
    chat_id, patient_id, doctor_user = chat.id, patient.id, doctor.user_id

    def act(number: int) -> None:
        user = db.session.get_one(User, doctor_user if number % 2 else patient_id)
        own = Chat.locked_for(user, chat_id)
        assert own is not None
        own.post(user, "Звоните 103" if number % 2 else "Мама без сознания", f"client-id-{number:04}")

    assert outcomes(clinic, 8, act) == {"done": 8}
    chat = db.session.get_one(Chat, chat_id)
    said = list(db.session.scalars(db.select(Message).order_by(Message.seq)))
    last_answer = max(one.seq for one in said if one.author_id == doctor_user)
    open_ones = [one.sent_at for one in said if one.author_id == patient_id and one.seq > last_answer]
    assert chat.urgent_since == min(open_ones, default=None)
    begins = [
        one
        for one, before in zip(said, [None, *said], strict=False)
        if one.author_id == patient_id and (before is None or before.author_id == doctor_user)
    ]
    told = db.session.scalars(db.select(Notification).where(Notification.kind == NotificationKind.URGENT)).all()
    assert sorted(one.seq for one in told) == [one.seq for one in begins]
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.URGENT_UNOPENED)).all()) == 4


def test_ten_times_at_once_is_one_mark_and_one_push(clinic: Flask, chat: Chat, patient: User) -> None:
    chat_id, patient_id = chat.id, patient.id

    def act(_number: int) -> None:
        user = db.session.get_one(User, patient_id)
        own = Chat.locked_for(user, chat_id)
        assert own is not None
        own.post(user, "Мама без сознания", "abcdef123456")

    assert outcomes(clinic, 10, act) == {"done": 10}
    assert len(db.session.scalars(db.select(Notification)).all()) == 1
