"""The wish to meet at another time: seen, accepted, declined, lapsed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later, make_chat, propose
from meetings import NOON, StillClock, accept, cancel, confirm, due_at, facts, pay, ready, wish, work

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, ConsultationState, Doctor, User
from ibolit.models.consultations import rescheduling

pytestmark = pytest.mark.usefixtures("clinic", "still")

PRICE = 1500_00
FAR = timedelta(days=3)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def test_other_time_stands_beside_until_it_is_accepted(chat: Chat) -> None:
    talk = confirm(propose(chat))
    old, new = talk.starts_at, talk.starts_at + FAR
    rescheduling.wish(talk, talk.patient, new, old)
    assert (talk.starts_at, talk.wish) == (old, new)
    with pytest.raises(errors.ConsultationHasChanged):
        rescheduling.accept(talk, talk.patient, new)  # his own wish
    rescheduling.accept(talk, talk.doctor.user, new)
    assert (talk.starts_at, talk.wish, talk.minutes) == (new, None, 30)


def test_wish_lapses_at_the_old_start(chat: Chat) -> None:
    talk = confirm(propose(chat))
    new = talk.starts_at + FAR
    rescheduling.wish(talk, talk.patient, new, talk.starts_at)
    later(hours=2, minutes=1)
    assert talk.wish is None
    with pytest.raises(errors.ConsultationHasChanged):
        rescheduling.accept(talk, talk.doctor.user, new)


def test_declined_wish_is_gone(chat: Chat) -> None:
    talk = confirm(propose(chat))
    new = talk.starts_at + FAR
    rescheduling.wish(talk, talk.doctor.user, new, talk.starts_at)
    rescheduling.decline(talk, talk.patient, new)
    assert talk.wish is None
    assert "TimeDeclined" in facts()


def test_patient_who_takes_the_doctors_time_confirms_a_free_one(chat: Chat) -> None:
    talk = propose(chat)
    new = talk.starts_at + FAR
    rescheduling.wish(talk, talk.doctor.user, new, talk.starts_at)
    rescheduling.accept(talk, talk.patient, new)
    assert (talk.state, talk.starts_at) == ("confirmed", new)


def test_doctor_who_takes_the_patients_time_confirms_a_free_one(chat: Chat) -> None:
    talk = propose(chat)
    new = wish(talk, talk.patient, NOON + 3 * DAY)
    accept(talk, talk.doctor.user)
    assert (talk.state, talk.starts_at, talk.confirmed_at) == ("confirmed", new, NOON)
    assert due_at(talk) == NOON  # the worker looks for its reminders


def test_time_of_a_paid_one_is_agreed_and_it_waits_for_money_alone(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    assert not talk.waits_for_money_alone
    wish(talk, talk.patient, NOON + 3 * DAY)
    accept(talk, talk.doctor.user)
    assert talk.state == "proposed"
    assert talk.waits_for_money_alone
    pay(talk)
    assert not talk.waits_for_money_alone


def test_wish_of_the_other_is_not_overwritten_unseen(chat: Chat) -> None:
    talk = confirm(propose(chat))
    theirs = wish(talk, talk.patient, NOON + 3 * DAY)
    with pytest.raises(errors.OtherHasWished):
        rescheduling.wish(talk, talk.doctor.user, NOON + 4 * DAY, talk.starts_at)
    assert (talk.wish, talk.proposed_by_id) == (theirs, talk.patient_id)
    rescheduling.wish(talk, talk.doctor.user, NOON + 4 * DAY, talk.starts_at, theirs)
    assert (talk.wish, talk.proposed_by_id) == (NOON + 4 * DAY, talk.doctor.user_id)


@pytest.mark.parametrize("price", [0, PRICE])
def test_time_both_wish_for_is_agreed(chat: Chat, price: int) -> None:
    talk = propose(chat, price=price)
    new = wish(talk, talk.patient, NOON + 3 * DAY)
    rescheduling.wish(talk, talk.doctor.user, new, talk.starts_at)
    assert (talk.starts_at, talk.wish) == (new, None)
    assert talk.state == ("proposed" if price else "confirmed")
    assert not talk.was_moved_by_doctor


def test_wish_pressed_twice_is_one(chat: Chat) -> None:
    talk = confirm(propose(chat))
    wish(talk, talk.patient, NOON + 3 * DAY)
    wish(talk, talk.patient, NOON + 3 * DAY)
    assert facts() == []


def test_calendars_learn_of_a_move_only_when_it_was_agreed_before(chat: Chat) -> None:
    talk = propose(chat)
    wish(talk, talk.patient, NOON + 3 * DAY)
    accept(talk, talk.doctor.user)
    assert talk.sequence == 1
    wish(talk, talk.patient, NOON + 4 * DAY)
    accept(talk, talk.doctor.user)
    assert talk.sequence == 2


@pytest.mark.parametrize("asks", ["patient", "doctor"])
def test_wish_pending_at_cancel_is_nobodys_any_more(chat: Chat, asks: str) -> None:
    talk = confirm(propose(chat))
    one, other = (talk.patient, talk.doctor.user) if asks == "patient" else (talk.doctor.user, talk.patient)
    new = wish(talk, one, NOON + 3 * DAY)
    cancel(talk, one)
    assert talk.wish is None
    with pytest.raises(errors.ConsultationHasChanged):
        rescheduling.accept(talk, other, new)
    rescheduling.decline(talk, other, new)
    assert "TimeDeclined" not in facts()


def test_declined_when_it_has_lapsed_tells_nobody(chat: Chat, still: StillClock) -> None:
    talk = confirm(propose(chat))
    new = wish(talk, talk.patient, NOON + 3 * DAY)
    still.show(talk.starts_at)
    rescheduling.decline(talk, talk.doctor.user, new)
    assert "TimeDeclined" not in facts()


def test_yes_is_said_to_the_wish_that_was_seen(chat: Chat, doctor: Doctor) -> None:
    talk = confirm(propose(chat))
    seen = wish(talk, talk.patient, NOON + 3 * DAY)
    second = wish(talk, talk.patient, NOON + 5 * DAY)
    with pytest.raises(errors.ConsultationHasChanged):
        rescheduling.accept(talk, doctor.user, seen)
    rescheduling.decline(talk, doctor.user, seen)
    assert (talk.starts_at, talk.wish) == (NOON + timedelta(hours=2), second)


def test_doctor_who_became_busy_meanwhile_cannot_accept(chat: Chat, doctor: Doctor, stranger: User) -> None:
    talk = confirm(propose(chat))
    new = wish(talk, talk.patient, NOON + 3 * DAY)
    propose(make_chat(stranger, doctor), starts_at=new + 29 * MINUTE)
    with pytest.raises(errors.TimeIsTaken):
        rescheduling.accept(talk, doctor.user, new)
    db.session.rollback()
    assert (talk.starts_at, talk.wish) == (NOON + timedelta(hours=2), new)


def test_paid_ones_new_time_may_be_near_and_an_unpaid_ones_not(chat: Chat, doctor: Doctor) -> None:
    paid = propose(chat, price=PRICE)
    pay(paid)
    assert wish(paid, paid.patient, NOON + 5 * MINUTE)
    unpaid = propose(chat, starts_at=NOON + DAY, price=PRICE)
    with pytest.raises(errors.TimeIsTooSoon):
        rescheduling.wish(unpaid, unpaid.patient, NOON + 14 * MINUTE, unpaid.starts_at)


def test_who_came_to_the_old_time_has_not_come_to_the_new(chat: Chat, still: StillClock) -> None:
    talk = confirm(propose(chat))
    still.show(talk.opens_at)
    ready(talk, talk.patient)
    wish(talk, talk.doctor.user, NOON + 3 * DAY)
    accept(talk, talk.patient)
    assert not talk.has_come(talk.patient)
    assert not talk.is_side_ready(talk.patient)
    still.show(talk.closes_at)
    work(talk)
    assert talk.state is ConsultationState.MISSED
