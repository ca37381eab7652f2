"""Time off and the choice it asks for, when several press in the same second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import make_doctor
from flask import Flask

from ibolit.extensions import db
from ibolit.models import AbsenceTerms, AccessMode, Chat, Doctor, StandInChoice, StandInOffer, TimeOff, User
from ibolit.services import clock

from .crowd import outcomes

WEEK = timedelta(days=7)


@pytest.fixture
def colleague(clinic: Flask) -> Doctor:
    return make_doctor("Лебедев Михаил Аркадьевич")


@pytest.fixture
def away(chat: Chat, doctor: Doctor, colleague: Doctor) -> TimeOff:
    chat.access = AccessMode.UNLIMITED
    begins = clock.now() - timedelta(hours=1)
    off = TimeOff.add(doctor, AbsenceTerms(begins, begins + WEEK, colleague.id))
    db.session.commit()
    return off


def write(chat_id: int, patient_id: int, number: int) -> None:
    patient = db.session.get_one(User, patient_id)
    mine = Chat.locked_for(patient, chat_id)
    assert mine is not None
    mine.post(patient, f"Слово {number}", f"client-{number:06}")


def choose(chat_id: int, patient_id: int, choice: StandInChoice) -> None:
    patient = db.session.get_one(User, patient_id)
    TimeOff.lock_all()
    mine = Chat.locked_for(patient, chat_id)
    assert mine is not None
    offer = StandInOffer.in_chat(mine, StandInOffer.of_chat(mine).id)
    assert offer is not None
    offer.choose(patient, choice)


def offers(chat_id: int) -> list[StandInOffer]:
    db.session.expire_all()
    return list(db.session.scalars(db.select(StandInOffer).where(StandInOffer.chat_id == chat_id)))


def test_ten_messages_are_answered_once(clinic: Flask, chat: Chat, patient: User, away: TimeOff) -> None:
    chat_id, patient_id = chat.id, patient.id
    assert outcomes(clinic, 10, lambda number: write(chat_id, patient_id, number)) == {"done": 10}
    assert len(offers(chat_id)) == 1


@pytest.mark.parametrize("_round", range(4))
def test_choice_beside_the_return(
    clinic: Flask, chat: Chat, patient: User, doctor: Doctor, colleague: Doctor, away: TimeOff, _round: int
) -> None:
    """Whichever comes first: once the doctor is back, nothing is open."""
    chat_id, patient_id, doctor_id, off, other = chat.id, patient.id, doctor.id, away.id, colleague.user_id
    write(chat_id, patient_id, 1)
    db.session.commit()

    def act(number: int) -> None:
        if number % 2:
            choose(chat_id, patient_id, StandInChoice.STAND_IN)
            return
        kept = TimeOff.locked(db.session.get_one(Doctor, doctor_id), off)
        assert kept is not None
        kept.end()

    ended = outcomes(clinic, 4, act)
    assert set(ended) <= {"done", "AbsenceIsOver"}
    db.session.expire_all()
    assert Chat.find_for(db.session.get_one(User, other), chat_id) is None


@pytest.mark.parametrize("_round", range(4))
def test_message_beside_the_choice(
    clinic: Flask, chat: Chat, patient: User, colleague: Doctor, away: TimeOff, _round: int
) -> None:
    """Each message is unread by who may read it, and none is lost or counted twice."""
    chat_id, patient_id, other = chat.id, patient.id, colleague.user_id
    write(chat_id, patient_id, 0)
    db.session.commit()

    def act(number: int) -> None:
        if number:
            write(chat_id, patient_id, number)
        else:
            choose(chat_id, patient_id, StandInChoice.STAND_IN)

    assert outcomes(clinic, 5, act) == {"done": 5}
    db.session.expire_all()
    mine = Chat.find_for(db.session.get_one(User, other), chat_id)
    assert mine is not None
    assert mine.member(other).unread == mine.last_seq - mine.member(other).read_to
    assert mine.last_seq == 7, "five messages, the automatic answer, and the note of the choice"


@pytest.mark.parametrize("_round", range(4))
def test_two_time_offs_at_once_do_not_overlap(clinic: Flask, doctor: Doctor, _round: int) -> None:
    doctor_id, begins = doctor.id, clock.now() + timedelta(days=1)

    def act(number: int) -> None:
        starts = begins + timedelta(days=number)
        TimeOff.add(db.session.get_one(Doctor, doctor_id), AbsenceTerms(starts, starts + WEEK))

    assert outcomes(clinic, 4, act) == {"done": 1, "TimeOffOverlaps": 3}


def test_two_doctors_who_name_each_other_do_not_wait_forever(clinic: Flask, doctor: Doctor, colleague: Doctor) -> None:
    """Both would be away: the one who comes later is told."""
    sides, begins = [doctor.id, colleague.id], clock.now() + timedelta(days=1)

    def act(number: int) -> None:
        mine, other = sides[number], sides[1 - number]
        TimeOff.add(db.session.get_one(Doctor, mine), AbsenceTerms(begins, begins + WEEK, other))

    assert outcomes(clinic, 2, act) == {"done": 1, "StandInIsAway": 1}


def test_both_choices_at_once_leave_one(
    clinic: Flask, chat: Chat, patient: User, colleague: Doctor, away: TimeOff
) -> None:
    chat_id, patient_id, other = chat.id, patient.id, colleague.user_id
    write(chat_id, patient_id, 0)
    db.session.commit()
    both = [StandInChoice.STAND_IN, StandInChoice.WAIT]
    assert outcomes(clinic, 6, lambda number: choose(chat_id, patient_id, both[number % 2])) == {"done": 6}
    [offer] = offers(chat_id)
    is_open = Chat.find_for(db.session.get_one(User, other), chat_id) is not None
    assert is_open == (offer.choice is StandInChoice.STAND_IN)
