"""The wish to meet at another time: seen, accepted, declined, lapsed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import (
    NOON,
    StillClock,
    accept,
    cancel,
    confirm,
    due_at,
    facts,
    pay,
    ready,
    request_reschedule,
    work,
)
from factories import later, make_chat, propose

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, ConsultationState, Doctor, User

pytestmark = pytest.mark.usefixtures("clinic", "still")

PRICE = 1500_00
FAR = timedelta(days=3)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def test_other_time_stands_beside_until_it_is_accepted(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    old, new = consultation.starts_at, consultation.starts_at + FAR
    consultation.request_reschedule(consultation.patient, new, old)
    assert (consultation.starts_at, consultation.reschedule_request) == (old, new)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.accept_reschedule(consultation.patient, new)  # the patient's own request
    consultation.accept_reschedule(consultation.doctor.user, new)
    assert (consultation.starts_at, consultation.reschedule_request, consultation.minutes) == (new, None, 30)


def test_wish_lapses_at_the_old_start(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    new = consultation.starts_at + FAR
    consultation.request_reschedule(consultation.patient, new, consultation.starts_at)
    later(hours=2, minutes=1)
    assert consultation.reschedule_request is None
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.accept_reschedule(consultation.doctor.user, new)


def test_declined_wish_is_gone(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    new = consultation.starts_at + FAR
    consultation.request_reschedule(consultation.doctor.user, new, consultation.starts_at)
    consultation.decline_reschedule(consultation.patient, new)
    assert consultation.reschedule_request is None
    assert "RescheduleDeclined" in facts()


def test_patient_who_takes_the_doctors_time_confirms_a_free_one(chat: Chat) -> None:
    consultation = propose(chat)
    new = consultation.starts_at + FAR
    consultation.request_reschedule(consultation.doctor.user, new, consultation.starts_at)
    consultation.accept_reschedule(consultation.patient, new)
    assert (consultation.state, consultation.starts_at) == ("confirmed", new)


def test_doctor_who_takes_the_patients_time_confirms_a_free_one(chat: Chat) -> None:
    consultation = propose(chat)
    new = request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    accept(consultation, consultation.doctor.user)
    assert (consultation.state, consultation.starts_at, consultation.confirmed_at) == ("confirmed", new, NOON)
    assert due_at(consultation) == NOON  # the worker looks for its reminders


def test_time_of_a_paid_one_is_agreed_and_it_waits_for_money_alone(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    assert not consultation.awaits_only_payment
    request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    accept(consultation, consultation.doctor.user)
    assert consultation.state == "proposed"
    assert consultation.awaits_only_payment
    pay(consultation)
    assert not consultation.awaits_only_payment


def test_wish_of_the_other_is_not_overwritten_unseen(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    theirs = request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    with pytest.raises(errors.OtherRequestedReschedule):
        consultation.request_reschedule(consultation.doctor.user, NOON + 4 * DAY, consultation.starts_at)
    assert (consultation.reschedule_request, consultation.proposed_by_id) == (theirs, consultation.patient_id)
    consultation.request_reschedule(consultation.doctor.user, NOON + 4 * DAY, consultation.starts_at, theirs)
    assert (consultation.reschedule_request, consultation.proposed_by_id) == (
        NOON + 4 * DAY,
        consultation.doctor.user_id,
    )


@pytest.mark.parametrize("price", [0, PRICE])
def test_time_both_wish_for_is_agreed(chat: Chat, price: int) -> None:
    consultation = propose(chat, price=price)
    new = request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    consultation.request_reschedule(consultation.doctor.user, new, consultation.starts_at)
    assert (consultation.starts_at, consultation.reschedule_request) == (new, None)
    assert consultation.state == ("proposed" if price else "confirmed")
    assert not consultation.was_moved_by_doctor


def test_wish_pressed_twice_is_one(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    assert facts() == []


def test_calendars_learn_of_a_move_only_when_it_was_agreed_before(chat: Chat) -> None:
    consultation = propose(chat)
    request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    accept(consultation, consultation.doctor.user)
    assert consultation.sequence == 1
    request_reschedule(consultation, consultation.patient, NOON + 4 * DAY)
    accept(consultation, consultation.doctor.user)
    assert consultation.sequence == 2


@pytest.mark.parametrize("asks", ["patient", "doctor"])
def test_wish_pending_at_cancel_is_nobodys_any_more(chat: Chat, asks: str) -> None:
    consultation = confirm(propose(chat))
    one, other = (
        (consultation.patient, consultation.doctor.user)
        if asks == "patient"
        else (consultation.doctor.user, consultation.patient)
    )
    new = request_reschedule(consultation, one, NOON + 3 * DAY)
    cancel(consultation, one)
    assert consultation.reschedule_request is None
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.accept_reschedule(other, new)
    consultation.decline_reschedule(other, new)
    assert "RescheduleDeclined" not in facts()


def test_declined_when_it_has_lapsed_tells_nobody(chat: Chat, still: StillClock) -> None:
    consultation = confirm(propose(chat))
    new = request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    still.show(consultation.starts_at)
    consultation.decline_reschedule(consultation.doctor.user, new)
    assert "RescheduleDeclined" not in facts()


def test_yes_is_said_to_the_wish_that_was_seen(chat: Chat, doctor: Doctor) -> None:
    consultation = confirm(propose(chat))
    seen = request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    second = request_reschedule(consultation, consultation.patient, NOON + 5 * DAY)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.accept_reschedule(doctor.user, seen)
    consultation.decline_reschedule(doctor.user, seen)
    assert (consultation.starts_at, consultation.reschedule_request) == (NOON + timedelta(hours=2), second)


def test_doctor_who_became_busy_meanwhile_cannot_accept(chat: Chat, doctor: Doctor, stranger: User) -> None:
    consultation = confirm(propose(chat))
    new = request_reschedule(consultation, consultation.patient, NOON + 3 * DAY)
    propose(make_chat(stranger, doctor), starts_at=new + 29 * MINUTE)
    with pytest.raises(errors.TimeIsTaken):
        consultation.accept_reschedule(doctor.user, new)
    db.session.rollback()
    assert (consultation.starts_at, consultation.reschedule_request) == (NOON + timedelta(hours=2), new)


def test_paid_ones_new_time_may_be_near_and_an_unpaid_ones_not(chat: Chat, doctor: Doctor) -> None:
    paid = propose(chat, price=PRICE)
    pay(paid)
    assert request_reschedule(paid, paid.patient, NOON + 5 * MINUTE)
    unpaid = propose(chat, starts_at=NOON + DAY, price=PRICE)
    with pytest.raises(errors.TimeIsTooSoon):
        unpaid.request_reschedule(unpaid.patient, NOON + 14 * MINUTE, unpaid.starts_at)


def test_who_came_to_the_old_time_has_not_come_to_the_new(chat: Chat, still: StillClock) -> None:
    consultation = confirm(propose(chat))
    still.show(consultation.opens_at)
    ready(consultation, consultation.patient)
    request_reschedule(consultation, consultation.doctor.user, NOON + 3 * DAY)
    accept(consultation, consultation.patient)
    assert not consultation.has_come(consultation.patient)
    assert not consultation.is_side_ready(consultation.patient)
    still.show(consultation.closes_at)
    work(consultation)
    assert consultation.state is ConsultationState.MISSED
