"""Booking: what a doctor proposes, and that a time of theirs is taken once."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from consultation_steps import NOON, StillClock, accept, request_reschedule
from factories import make_chat, propose, say
from queries import Queries

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    ConsultationState,
    Doctor,
    Message,
    ProposalTerms,
    User,
)
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic", "still")

PRICE = 1500_00
FAR = timedelta(days=3)
DAY = timedelta(days=1)


def test_proposal_is_a_card_of_the_chat(chat: Chat, patient: User) -> None:
    consultation = propose(chat, note="Возьмите тонометр")
    assert consultation.message.card == "consultation"
    assert consultation.message.author_id == chat.doctor.user_id
    assert chat.member(patient.id).unread == 1
    assert consultation.state is ConsultationState.PROPOSED


def test_repeated_press_proposes_once(chat: Chat) -> None:
    terms = ProposalTerms(ConsultationKind.AUDIO, clock.now() + FAR, 30, 0)
    first = Consultation.propose(chat, chat.doctor, terms, "same-press")
    second = Consultation.propose(chat, chat.doctor, terms, "same-press")
    assert first.id == second.id


def test_doctors_own_time_is_taken_once(chat: Chat, doctor: Doctor, stranger: User) -> None:
    consultation = propose(chat, starts_at=clock.now() + FAR)
    other = make_chat(stranger, doctor)
    with pytest.raises(errors.TimeIsTaken):
        propose(other, starts_at=consultation.starts_at + timedelta(minutes=29))
    assert propose(other, starts_at=consultation.ends_at).state is ConsultationState.PROPOSED


def test_past_and_hasty_times_are_refused(chat: Chat) -> None:
    with pytest.raises(errors.TimeIsPast):
        propose(chat, starts_at=clock.now())
    with pytest.raises(errors.TimeIsTooSoon):
        propose(chat, starts_at=clock.now() + timedelta(minutes=14), price=PRICE)
    assert propose(chat, starts_at=clock.now() + timedelta(minutes=14))


def test_form_brought_back_with_another_time_is_another_proposal(chat: Chat, doctor: Doctor) -> None:
    """The same press is the same card; «Назад» and another time is no such press."""
    first = ProposalTerms(ConsultationKind.VIDEO, NOON + DAY, 30, 0)
    second = ProposalTerms(ConsultationKind.VIDEO, NOON + 2 * DAY, 30, 0)
    consultations = [Consultation.propose(chat, doctor, terms, "same-form") for terms in (first, second, first, second)]
    assert [consultation.starts_at for consultation in consultations] == [
        NOON + DAY,
        NOON + 2 * DAY,
        NOON + DAY,
        NOON + 2 * DAY,
    ]
    assert len({consultation.id for consultation in consultations}) == 2


def test_repeated_press_after_a_move_is_still_the_same(chat: Chat, doctor: Doctor) -> None:
    terms = ProposalTerms(ConsultationKind.VIDEO, NOON + DAY, 30, 0)
    consultation = Consultation.propose(chat, doctor, terms, "same-press")
    db.session.commit()
    request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    accept(consultation, doctor.user)
    assert Consultation.propose(chat, doctor, terms, "same-press") is consultation


def test_id_of_a_letter_carries_no_card(chat: Chat, patient: User, doctor: Doctor) -> None:
    for author in (patient, doctor.user):
        say(chat, author, client_id="a-letter-0001")
    consultation = Consultation.propose(
        chat, doctor, ProposalTerms(ConsultationKind.VIDEO, NOON + DAY, 30, 0), "a-letter-0001"
    )
    request = ConsultationRequest.ask(chat, patient, ConsultationKind.AUDIO, "Вечером", "a-letter-0001")
    for message_id, card in ((consultation.message_id, "consultation"), (request.message_id, "request")):
        assert db.session.get_one(Message, message_id).card == card


MOSCOW = ZoneInfo("Europe/Moscow")  # NOON is 15:00 there


def test_suggestion_is_an_hour_ahead_on_the_half_hour(doctor: Doctor, still: StillClock) -> None:
    assert Consultation.next_free_time(doctor.id, MOSCOW) == NOON + timedelta(hours=1)
    still.show(NOON + timedelta(minutes=1))
    assert Consultation.next_free_time(doctor.id, MOSCOW) == NOON + timedelta(hours=1, minutes=30)


def test_suggestion_goes_round_what_is_taken(chat: Chat, doctor: Doctor) -> None:
    """However full the days are: the next free morning, and round what stands then."""
    for hour in (*range(1, 6), *range(17, 30)):
        propose(chat, starts_at=NOON + timedelta(hours=hour), minutes=60)
    morning = NOON + timedelta(hours=17) + DAY
    assert Consultation.next_free_time(doctor.id, MOSCOW) == morning
    propose(chat, starts_at=morning + timedelta(minutes=15), minutes=60)
    with Queries() as queries:
        assert Consultation.next_free_time(doctor.id, MOSCOW) == morning + timedelta(minutes=90)
    assert len(queries) == 1


def test_offered_times_are_free_hours_of_the_next_days(chat: Chat, doctor: Doctor) -> None:
    """At 10, 13 and 17 o'clock where the doctor is: NOON is 15:00 there."""
    hours = [timedelta(hours=ahead) for ahead in (2, 19, 22, 26, 43, 46, 50)]
    assert Consultation.offered_times(doctor.id, MOSCOW) == [NOON + ahead for ahead in hours[:6]]
    propose(chat, starts_at=NOON + timedelta(hours=18, minutes=45), minutes=30)
    with Queries() as queries:
        offered = Consultation.offered_times(doctor.id, MOSCOW)
    assert offered == [NOON + ahead for ahead in (hours[0], *hours[2:])]
    assert len(queries) == 1


def test_suggestion_is_by_day_where_the_doctor_is(doctor: Doctor, still: StillClock) -> None:
    still.show(NOON + timedelta(hours=7))
    assert Consultation.next_free_time(doctor.id, MOSCOW) == NOON + timedelta(hours=17)
    assert Consultation.next_free_time(doctor.id, ZoneInfo("America/New_York")) == NOON + timedelta(hours=8)
