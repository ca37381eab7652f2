"""What a doctor's queue shows in the demo clinic: promises, a usual time, an emergency, a chat that was closed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from ..events import flush_facts
from ..extensions import db
from ..models import WORKDAYS, Chat, Doctor, User, Wait, WaitEnding
from ..services import clock

DaysAgo = Callable[[float], AbstractContextManager[None]]

EVERY_DAY = 0b1111111
URGENT = "Простите, что снова пишу: уже час давит в груди и тяжело дышать. Это может быть от нервов?"
ANSWERED_IN = (12, 95, 40, 180, 25, 110, 75, 300, 55, 118, 105, 20)  # minutes


def promise(doctors: list[Doctor]) -> None:
    """Before anybody writes: who waits is promised what stands there then."""
    doctors[0].promise(2, days=EVERY_DAY, start=8 * 60, end=22 * 60)
    doctors[1].promise(8, days=WORKDAYS, start=9 * 60, end=18 * 60)
    db.session.flush()


def answer(patient: User, doctor: Doctor) -> None:
    """In the weeks before, often enough for patients to see what is usual."""
    chat = db.session.get_one(Chat, Chat.begin(patient, doctor))
    for number, minutes in enumerate(ANSWERED_IN):
        ended = clock.now() - timedelta(days=2 + 2 * number)
        known: dict[str, Any] = {"chat_id": chat.id, "doctor_id": doctor.id, "answered_by_id": doctor.user_id}
        known |= {"began_at": ended - timedelta(minutes=minutes), "ended_at": ended, "seconds": 60 * minutes}
        known |= {"promised_hours": doctor.promise_hours, "is_missed": minutes > 120}
        db.session.add(Wait(ending=WaitEnding.ANSWERED, **known))
    db.session.flush()
    Wait.measure(doctor)


def close(patient: User, doctor: Doctor, days_ago: DaysAgo) -> None:
    """With a word, and put away by the doctor."""
    chat = db.session.get_one(Chat, Chat.begin(patient, doctor))
    with days_ago(0.9):
        chat.close(chat.last_seq)
        flush_facts()
    mine = chat.member(doctor.user_id)
    mine.archived_at, mine.unread, mine.read_to = clock.now(), 0, chat.last_seq
    db.session.flush()


def speak_of_emergency(patient: User, doctor: Doctor, days_ago: DaysAgo) -> None:
    """Six minutes ago; in nine more the office hears of it, too, unless the doctor has opened it."""
    chat = db.session.get_one(Chat, Chat.begin(patient, doctor))
    with days_ago(6 / (24 * 60)):
        chat.post(patient, URGENT, "seed-urgent", is_warned=True)
        flush_facts()
