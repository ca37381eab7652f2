"""Where a consultation's rules meet: its exact minutes, money that comes late or twice, what was pending at the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import make_chat, make_user, propose
from flask import Flask
from meetings import (
    NOON,
    StillClock,
    accept,
    begin_to_pay,
    cancel,
    confirm,
    due_at,
    pay,
    ready,
    succeed,
    wish,
    work,
)
from money import answer

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import LIGHT, run_due
from ibolit.models import (
    AccessMode,
    Chat,
    Consultation,
    ConsultationRequest,
    ConsultationState,
    Doctor,
    Payment,
    Promise,
    Reason,
    Role,
    TalkKind,
    User,
)
from ibolit.models.chats import ChatState
from ibolit.models.consultations import checkout
from ibolit.models.payments import payment_reports
from ibolit.services import clock
from ibolit.services.payments import Stage

pytestmark = pytest.mark.usefixtures("clinic", "still")

PRICE = 1500_00
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def operator(clinic: Flask) -> User:
    return make_user("Операторова Ольга", Role.OPERATOR)


def refunds(payment: Payment) -> list[tuple[str, int, str]]:
    return [(one.state, one.amount, one.cause) for one in payment.refunds]


# The minutes themselves


def test_at_its_very_start_it_can_neither_be_confirmed_nor_begun_to_pay(chat: Chat, still: StillClock) -> None:
    free = propose(chat)
    paid = propose(chat, starts_at=free.ends_at, price=PRICE)
    for talk in (free, paid):
        still.show(talk.starts_at)
        assert talk.state_now is ConsultationState.EXPIRED
    with pytest.raises(errors.ConsultationHasChanged):
        free.confirm(free.patient, free.starts_at)
    with pytest.raises(errors.ConsultationHasChanged):
        checkout.begin_for(paid, paid.patient, paid.starts_at)


def test_payment_holds_it_for_a_quarter_of_an_hour_and_no_longer(chat: Chat, still: StillClock) -> None:
    talk = propose(chat, price=PRICE)
    payment = begin_to_pay(talk)
    still.show(talk.starts_at + 15 * MINUTE - timedelta(seconds=1))
    assert talk.state_now is ConsultationState.PROPOSED
    still.show(talk.starts_at + 15 * MINUTE)
    assert talk.state_now is ConsultationState.EXPIRED
    succeed(payment)
    assert (talk.paid_at, refunds(payment)) == (None, [("sending", PRICE, "not_for_sale")])
    work(talk)
    assert talk.state is ConsultationState.EXPIRED


def test_hold_ends_with_its_payment_and_the_worker_hears_of_it(chat: Chat, still: StillClock) -> None:
    talk = propose(chat, price=PRICE)
    payment = begin_to_pay(talk)
    still.show(talk.starts_at + 3 * MINUTE)
    run_due(LIGHT)
    payment = db.session.get_one(Payment, payment.id)
    payment.settle(answer(payment, Stage.CANCELLED, reason="general_decline"))
    db.session.commit()
    talk = db.session.get_one(Consultation, talk.id)
    assert talk.state_now is ConsultationState.EXPIRED
    assert due_at(talk) == clock.now()


# Money that comes late, twice or not as asked


def test_second_payment_goes_back_and_the_talk_stays(chat: Chat) -> None:
    """The first was given up here while the bank still took it."""
    talk = propose(chat, price=PRICE)
    first = checkout.begin_for(talk, talk.patient, talk.starts_at)
    first.end("not_created")
    second = pay(talk)
    succeed(first)
    assert talk.state is ConsultationState.CONFIRMED
    assert refunds(first) == [("sending", PRICE, "twice")]
    assert (second.refundable, refunds(second)) == (PRICE, [])


def test_first_payment_confirms_though_a_second_waits(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    first = checkout.begin_for(talk, talk.patient, talk.starts_at)
    first.end("not_created")
    second = begin_to_pay(talk)
    succeed(first)
    assert talk.state is ConsultationState.CONFIRMED
    with pytest.raises(errors.ConsultationHasChanged):  # nobody is led to pay once more
        checkout.begin_for(talk, talk.patient, talk.starts_at)
    succeed(second)
    assert (first.refundable, second.refundable, talk.state) == (PRICE, 0, "confirmed")


def test_odd_sum_given_back_leaves_what_was_paid_properly(chat: Chat, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    odd = pay(talk, amount=500_00)
    assert (talk.state, refunds(odd)) == ("proposed", [("wished", 500_00, "odd_sum")])
    paid = pay(talk)
    odd.refunds[0].approve(None, "", operator)
    assert (talk.state, odd.refundable, paid.refundable) == ("confirmed", 0, PRICE)


def test_odd_sum_the_operator_keeps_confirms(chat: Chat, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    odd = pay(talk, amount=500_00)
    odd.refunds[0].decline("Доплатит на месте", operator)
    assert (talk.state, odd.applied_at) == ("confirmed", clock.now())


def test_odd_sum_of_what_has_expired_goes_back_even_if_kept(chat: Chat, still: StillClock, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    odd = pay(talk, amount=500_00)
    still.show(talk.starts_at + 15 * MINUTE)
    work(talk)
    odd.refunds[0].decline("", operator)
    assert (talk.state, odd.refundable) == ("expired", 0)


def test_odd_sum_goes_back_with_the_cancelled_one(chat: Chat, patient: User, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    odd = pay(talk, amount=500_00)
    assert Promise.to(patient, talk) is Promise.FULL
    cancel(talk, patient)
    assert refunds(odd) == [("covered", 500_00, "odd_sum"), ("sending", 500_00, "cancelled")]
    assert not odd.refunds[0].approve(None, "", operator)


def test_moved_while_it_is_being_paid_is_paid_for_the_new_time(chat: Chat, patient: User, doctor: Doctor) -> None:
    talk = propose(chat, starts_at=NOON + 2 * DAY, price=PRICE)
    payment = begin_to_pay(talk)
    new = wish(talk, patient, NOON + 5 * DAY)
    accept(talk, doctor.user)
    succeed(payment)
    assert (talk.state, talk.starts_at) == ("confirmed", new)
    assert not talk.was_moved_by_doctor


def test_cancelled_while_it_is_being_paid_gives_all_back(chat: Chat, patient: User) -> None:
    talk = propose(chat, price=PRICE)
    payment = begin_to_pay(talk)
    assert Promise.to(patient, talk) is Promise.NOTHING_PAID
    cancel(talk, patient)
    with pytest.raises(errors.ConsultationHasChanged):
        checkout.begin_for(talk, patient, talk.starts_at)
    succeed(payment)
    assert (talk.state, refunds(payment)) == ("cancelled", [("sending", PRICE, "not_for_sale")])


def test_part_and_then_the_rest_by_the_operator(chat: Chat, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    payment.refund_expecting(PRICE, 500_00, "", operator)
    db.session.commit()
    assert talk.state is ConsultationState.CONFIRMED
    payment.refund_expecting(1000_00, None, "", operator)
    db.session.commit()
    assert (talk.state, talk.cancel_reason, payment.refundable) == ("cancelled", Reason.MONEY_BACK, 0)


def test_part_given_back_before_leaves_the_rest_to_the_promise(chat: Chat, patient: User, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    payment.refund_expecting(PRICE, 500_00, "", operator)
    cancel(talk, patient)
    assert refunds(payment) == [("sending", 500_00, "operator"), ("sending", 1000_00, "cancelled")]


def test_all_money_back_after_the_window_changes_no_outcome(chat: Chat, still: StillClock, operator: User) -> None:
    """The worker is late: what the screens say already is what is written."""
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    still.show(talk.closes_at)
    assert talk.state_now is ConsultationState.MISSED
    payment.refund_expecting(PRICE, None, "", operator)
    db.session.commit()
    assert talk.state_now is ConsultationState.MISSED
    work(talk)
    assert (talk.state, payment.refundable, len(payment.refunds)) == ("missed", 0, 1)


def test_money_back_in_the_middle_of_the_talk_ends_nothing(chat: Chat, still: StillClock, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    still.show(talk.starts_at)
    ready(talk, talk.patient, talk.doctor.user)
    payment.refund_expecting(PRICE, None, "", operator)
    db.session.commit()
    assert talk.state is ConsultationState.IN_PROGRESS
    talk.end(talk.doctor.user)
    assert talk.state is ConsultationState.COMPLETED


def test_refund_the_bank_refused_stays_a_debt_of_a_cancelled_one(chat: Chat, doctor: Doctor, operator: User) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    cancel(talk, doctor.user)
    [refund] = payment.refunds
    revision = talk.message.revision
    refund.fail("insufficient_funds")
    db.session.commit()
    assert payment.refund_is_stuck
    assert talk.message.revision > revision  # its card says so
    assert list(db.session.scalars(payment_reports.to_decide())) == [refund]
    assert refund.repeat(operator)
    assert (talk.state, payment.refundable) == ("cancelled", 0)


@pytest.mark.parametrize("says_yes", [True, False])
def test_clinic_decides_after_a_late_cancel(chat: Chat, still: StillClock, operator: User, says_yes: bool) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    still.go(minutes=31)
    cancel(talk, talk.patient)
    assert refunds(payment) == [("wished", PRICE, "cancelled")]
    [refund] = payment.refunds
    assert refund.approve(None, "", operator) if says_yes else refund.decline("Поздно", operator)
    assert (talk.state, payment.refundable) == ("cancelled", 0 if says_yes else PRICE)


def test_undecided_it_goes_back_after_three_working_days(chat: Chat, still: StillClock) -> None:
    talk = propose(chat, price=PRICE)
    payment_id, talk_id = pay(talk).id, talk.id
    still.go(minutes=31)
    cancel(talk, talk.patient)
    still.go(days=5)
    run_due()
    assert db.session.get_one(Payment, payment_id).refundable == 0
    assert db.session.get_one(Consultation, talk_id).state is ConsultationState.CANCELLED


# What was pending


def test_who_cancels_second_learns_that_it_is_cancelled(chat: Chat, still: StillClock) -> None:
    """The doctor was promised that all goes back, and after the patient's press the clinic decides."""
    talk = propose(chat, price=PRICE)
    pay(talk)
    still.go(minutes=31)
    cancel(talk, talk.patient)
    talk.cancel(talk.patient, Reason.BAD_TIME, Promise.CLINIC_DECIDES)  # pressed twice
    with pytest.raises(errors.ConsultationHasChanged):
        talk.cancel(talk.doctor.user, Reason.OTHER, Promise.FULL)


# The chat around it


def test_card_begins_no_free_time(patient: User, doctor: Doctor, still: StillClock) -> None:
    chat = make_chat(patient, doctor)
    ConsultationRequest.ask(chat, patient, TalkKind.AUDIO, "Вечером", "one-press")
    talk = confirm(propose(chat))
    still.show(talk.starts_at)
    ready(talk, patient, doctor.user)
    still.show(talk.closes_at)
    work(talk)
    assert (chat.open_until, chat.state) == (None, ChatState.NOT_BEGUN)


def test_chat_without_free_days_opens_for_the_talk_alone(patient: User, doctor: Doctor, still: StillClock) -> None:
    doctor.free_days = 0
    chat = make_chat(patient, doctor)
    talk = confirm(propose(chat))
    assert not chat.takes_messages_from(patient)
    still.show(talk.opens_at)
    chat.post(patient, "Я здесь", "letter-000001")
    assert chat.open_until is None
    still.show(talk.ends_at + DAY)
    with pytest.raises(errors.ChatNeedsTariff):
        chat.post(patient, "И ещё", "letter-000002")


def test_windows_that_overlap_are_one(patient: User, doctor: Doctor, still: StillClock) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    late = confirm(propose(chat, starts_at=NOON + 20 * timedelta(hours=1)))
    early = confirm(propose(chat, starts_at=NOON + 2 * timedelta(hours=1)))
    assert (chat.talk_from, chat.talk_until) == (early.opens_at, late.ends_at + DAY)
    cancel(late, patient)
    assert chat.talk_until == early.ends_at + DAY


def test_windows_that_follow_are_opened_in_turn(patient: User, doctor: Doctor, still: StillClock) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    chat_id, first, second = chat.id, confirm(propose(chat)), confirm(propose(chat, starts_at=NOON + 3 * DAY))
    moments = [
        (first.opens_at, ChatState.TALK),
        (first.ends_at + DAY - MINUTE, ChatState.TALK),
        (first.ends_at + DAY, ChatState.OVER),
        (second.opens_at - MINUTE, ChatState.OVER),
        (second.opens_at, ChatState.TALK),
        (second.ends_at + DAY, ChatState.OVER),
    ]
    for moment, state in moments:
        still.show(moment)
        run_due()
        assert db.session.get_one(Chat, chat_id).state is state


def test_next_window_opens_though_the_worker_sleeps(patient: User, doctor: Doctor, still: StillClock) -> None:
    """Nobody has looked at the chat since the first window was written."""
    chat = make_chat(patient, doctor, days_left=-1)
    first = confirm(propose(chat))
    second = confirm(propose(chat, starts_at=first.ends_at + DAY + 11 * MINUTE))
    still.show(second.starts_at)
    ready(second, patient)
    assert chat.state is ChatState.TALK


def test_talk_in_an_unlimited_chat_is_sold_too(chat: Chat, still: StillClock) -> None:
    chat.access = AccessMode.UNLIMITED
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    assert (talk.state, payment.applied_at, chat.state) == ("confirmed", NOON, ChatState.UNLIMITED)
    cancel(talk, talk.patient)
    assert (payment.refundable, chat.state) == (0, ChatState.UNLIMITED)


def test_talk_with_a_doctor_who_hid_can_be_paid_and_met(chat: Chat, doctor: Doctor, still: StillClock) -> None:
    talk = propose(chat, price=PRICE)
    doctor.hidden = True
    payment = pay(talk)
    still.show(talk.starts_at)
    ready(talk, talk.patient, doctor.user)
    assert (payment.refundable, talk.state) == (PRICE, "in_progress")


def test_money_of_a_talk_takes_no_days_of_the_chat(chat: Chat, patient: User) -> None:
    until = chat.open_until
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    cancel(talk, patient)
    assert (chat.open_until, payment.withdrawn_days) == (until, 0)
