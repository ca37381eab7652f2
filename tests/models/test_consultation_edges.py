"""Where a consultation's rules meet: its exact minutes, money that comes late or twice, what was pending at the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import (
    NOON,
    StillClock,
    accept,
    begin_to_pay,
    cancel,
    confirm,
    due_at,
    pay,
    ready,
    request_reschedule,
    succeed,
    work,
)
from factories import make_chat, make_user, propose
from flask import Flask
from payment_steps import answer

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import LIGHT, run_due
from ibolit.models import (
    AccessMode,
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    ConsultationState,
    Doctor,
    Payment,
    Role,
    User,
)
from ibolit.models.chats import ChatState
from ibolit.models.payments import payment_reports
from ibolit.services import clock
from ibolit.services.payments import GatewayStatus

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
    for consultation in (free, paid):
        still.show(consultation.starts_at)
        assert consultation.state_now is ConsultationState.EXPIRED
    with pytest.raises(errors.ConsultationHasChanged):
        free.confirm(free.patient, free.starts_at)
    with pytest.raises(errors.ConsultationHasChanged):
        paid.start_payment(paid.patient, paid.starts_at)


def test_payment_holds_it_for_a_quarter_of_an_hour_and_no_longer(chat: Chat, still: StillClock) -> None:
    consultation = propose(chat, price=PRICE)
    payment = begin_to_pay(consultation)
    still.show(consultation.starts_at + 15 * MINUTE - timedelta(seconds=1))
    assert consultation.state_now is ConsultationState.PROPOSED
    still.show(consultation.starts_at + 15 * MINUTE)
    assert consultation.state_now is ConsultationState.EXPIRED
    succeed(payment)
    assert (consultation.paid_at, refunds(payment)) == (None, [("sending", PRICE, "not_for_sale")])
    work(consultation)
    assert consultation.state is ConsultationState.EXPIRED


def test_hold_ends_with_its_payment_and_the_worker_hears_of_it(chat: Chat, still: StillClock) -> None:
    consultation = propose(chat, price=PRICE)
    payment = begin_to_pay(consultation)
    still.show(consultation.starts_at + 3 * MINUTE)
    run_due(LIGHT)
    payment = db.session.get_one(Payment, payment.id)
    payment.settle(answer(payment, GatewayStatus.CANCELLED, reason="general_decline"))
    db.session.commit()
    consultation = db.session.get_one(Consultation, consultation.id)
    assert consultation.state_now is ConsultationState.EXPIRED
    assert due_at(consultation) == clock.now()


# Money that comes late, twice or not as asked


def test_second_payment_goes_back_and_the_consultation_stays(chat: Chat) -> None:
    """The first was given up here while the bank still took it."""
    consultation = propose(chat, price=PRICE)
    first = consultation.start_payment(consultation.patient, consultation.starts_at)
    first.end("not_created")
    second = pay(consultation)
    succeed(first)
    assert consultation.state is ConsultationState.CONFIRMED
    assert refunds(first) == [("sending", PRICE, "duplicate")]
    assert (second.refundable, refunds(second)) == (PRICE, [])


def test_first_payment_confirms_though_a_second_waits(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    first = consultation.start_payment(consultation.patient, consultation.starts_at)
    first.end("not_created")
    second = begin_to_pay(consultation)
    succeed(first)
    assert consultation.state is ConsultationState.CONFIRMED
    with pytest.raises(errors.ConsultationHasChanged):  # nobody is led to pay once more
        consultation.start_payment(consultation.patient, consultation.starts_at)
    succeed(second)
    assert (first.refundable, second.refundable, consultation.state) == (PRICE, 0, "confirmed")


def test_odd_sum_given_back_leaves_what_was_paid_properly(chat: Chat, operator: User) -> None:
    consultation = propose(chat, price=PRICE)
    odd = pay(consultation, amount=500_00)
    assert (consultation.state, refunds(odd)) == ("proposed", [("requested", 500_00, "amount_mismatch")])
    paid = pay(consultation)
    odd.refunds[0].approve(None, "", operator)
    assert (consultation.state, odd.refundable, paid.refundable) == ("confirmed", 0, PRICE)


def test_odd_sum_the_operator_keeps_confirms(chat: Chat, operator: User) -> None:
    consultation = propose(chat, price=PRICE)
    odd = pay(consultation, amount=500_00)
    odd.refunds[0].decline("Доплатит на месте", operator)
    assert (consultation.state, odd.applied_at) == ("confirmed", clock.now())


def test_odd_sum_of_what_has_expired_goes_back_even_if_kept(chat: Chat, still: StillClock, operator: User) -> None:
    consultation = propose(chat, price=PRICE)
    odd = pay(consultation, amount=500_00)
    still.show(consultation.starts_at + 15 * MINUTE)
    work(consultation)
    odd.refunds[0].decline("", operator)
    assert (consultation.state, odd.refundable) == ("expired", 0)


def test_odd_sum_goes_back_with_the_cancelled_one(chat: Chat, patient: User, operator: User) -> None:
    consultation = propose(chat, price=PRICE)
    odd = pay(consultation, amount=500_00)
    assert CancellationTerms.of(patient, consultation) is CancellationTerms.FULL
    cancel(consultation, patient)
    assert refunds(odd) == [("superseded", 500_00, "amount_mismatch"), ("sending", 500_00, "cancelled")]
    assert not odd.refunds[0].approve(None, "", operator)


def test_moved_while_it_is_being_paid_is_paid_for_the_new_time(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = propose(chat, starts_at=NOON + 2 * DAY, price=PRICE)
    payment = begin_to_pay(consultation)
    new = request_reschedule(consultation, patient, NOON + 5 * DAY)
    accept(consultation, doctor.user)
    succeed(payment)
    assert (consultation.state, consultation.starts_at) == ("confirmed", new)
    assert not consultation.was_moved_by_doctor


def test_cancelled_while_it_is_being_paid_gives_all_back(chat: Chat, patient: User) -> None:
    consultation = propose(chat, price=PRICE)
    payment = begin_to_pay(consultation)
    assert CancellationTerms.of(patient, consultation) is CancellationTerms.NOTHING_PAID
    cancel(consultation, patient)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.start_payment(patient, consultation.starts_at)
    succeed(payment)
    assert (consultation.state, refunds(payment)) == ("cancelled", [("sending", PRICE, "not_for_sale")])


def test_part_and_then_the_rest_by_the_operator(chat: Chat, operator: User) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    payment.refund_expecting(PRICE, 500_00, "", operator)
    db.session.commit()
    assert consultation.state is ConsultationState.CONFIRMED
    payment.refund_expecting(1000_00, None, "", operator)
    db.session.commit()
    assert (consultation.state, consultation.cancel_reason, payment.refundable) == (
        "cancelled",
        CancellationReason.MONEY_BACK,
        0,
    )


def test_part_given_back_before_leaves_the_rest_to_the_promise(chat: Chat, patient: User, operator: User) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    payment.refund_expecting(PRICE, 500_00, "", operator)
    cancel(consultation, patient)
    assert refunds(payment) == [("sending", 500_00, "operator"), ("sending", 1000_00, "cancelled")]


def test_all_money_back_after_the_window_changes_no_outcome(chat: Chat, still: StillClock, operator: User) -> None:
    """The worker is late: what the screens say already is what is written."""
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    still.show(consultation.closes_at)
    assert consultation.state_now is ConsultationState.MISSED
    payment.refund_expecting(PRICE, None, "", operator)
    db.session.commit()
    assert consultation.state_now is ConsultationState.MISSED
    work(consultation)
    assert (consultation.state, payment.refundable, len(payment.refunds)) == ("missed", 0, 1)


def test_money_back_in_the_middle_of_the_consultation_ends_nothing(
    chat: Chat, still: StillClock, operator: User
) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    still.show(consultation.starts_at)
    ready(consultation, consultation.patient, consultation.doctor.user)
    payment.refund_expecting(PRICE, None, "", operator)
    db.session.commit()
    assert consultation.state is ConsultationState.IN_PROGRESS
    consultation.end(consultation.doctor.user)
    assert consultation.state is ConsultationState.COMPLETED


def test_refund_the_bank_refused_stays_a_debt_of_a_cancelled_one(chat: Chat, doctor: Doctor, operator: User) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    cancel(consultation, doctor.user)
    [refund] = payment.refunds
    revision = consultation.message.revision
    refund.fail("insufficient_funds")
    db.session.commit()
    assert payment.has_failed_refund
    assert consultation.message.revision > revision  # its card says so
    assert list(db.session.scalars(payment_reports.pending_decisions())) == [refund]
    assert refund.retry(operator)
    assert (consultation.state, payment.refundable) == ("cancelled", 0)


@pytest.mark.parametrize("says_yes", [True, False])
def test_clinic_decides_after_a_late_cancel(chat: Chat, still: StillClock, operator: User, says_yes: bool) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    still.go(minutes=31)
    cancel(consultation, consultation.patient)
    assert refunds(payment) == [("requested", PRICE, "cancelled")]
    [refund] = payment.refunds
    assert refund.approve(None, "", operator) if says_yes else refund.decline("Поздно", operator)
    assert (consultation.state, payment.refundable) == ("cancelled", 0 if says_yes else PRICE)


def test_undecided_it_goes_back_after_three_working_days(chat: Chat, still: StillClock) -> None:
    consultation = propose(chat, price=PRICE)
    payment_id, consultation_id = pay(consultation).id, consultation.id
    still.go(minutes=31)
    cancel(consultation, consultation.patient)
    still.go(days=5)
    run_due()
    assert db.session.get_one(Payment, payment_id).refundable == 0
    assert db.session.get_one(Consultation, consultation_id).state is ConsultationState.CANCELLED


# What was pending


def test_who_cancels_second_learns_that_it_is_cancelled(chat: Chat, still: StillClock) -> None:
    """The doctor was promised that all goes back, and after the patient's press the clinic decides."""
    consultation = propose(chat, price=PRICE)
    pay(consultation)
    still.go(minutes=31)
    cancel(consultation, consultation.patient)
    consultation.cancel(
        consultation.patient, CancellationReason.BAD_TIME, CancellationTerms.CLINIC_DECIDES
    )  # pressed twice
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.cancel(consultation.doctor.user, CancellationReason.OTHER, CancellationTerms.FULL)


# The chat around it


def test_card_begins_no_free_time(patient: User, doctor: Doctor, still: StillClock) -> None:
    chat = make_chat(patient, doctor)
    ConsultationRequest.ask(chat, patient, ConsultationKind.AUDIO, "Вечером", "one-press")
    consultation = confirm(propose(chat))
    still.show(consultation.starts_at)
    ready(consultation, patient, doctor.user)
    still.show(consultation.closes_at)
    work(consultation)
    assert (chat.open_until, chat.state) == (None, ChatState.NOT_BEGUN)


def test_chat_without_free_days_opens_for_the_consultation_alone(
    patient: User, doctor: Doctor, still: StillClock
) -> None:
    doctor.free_days = 0
    chat = make_chat(patient, doctor)
    consultation = confirm(propose(chat))
    assert not chat.takes_messages_from(patient)
    still.show(consultation.opens_at)
    chat.post(patient, "Я здесь", "letter-000001")
    assert chat.open_until is None
    still.show(consultation.ends_at + DAY)
    with pytest.raises(errors.ChatNeedsTariff):
        chat.post(patient, "И ещё", "letter-000002")


def test_windows_that_overlap_are_one(patient: User, doctor: Doctor, still: StillClock) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    late = confirm(propose(chat, starts_at=NOON + 20 * timedelta(hours=1)))
    early = confirm(propose(chat, starts_at=NOON + 2 * timedelta(hours=1)))
    assert (chat.consultation_opens_at, chat.consultation_closes_at) == (early.opens_at, late.ends_at + DAY)
    cancel(late, patient)
    assert chat.consultation_closes_at == early.ends_at + DAY


def test_windows_that_follow_are_opened_in_turn(patient: User, doctor: Doctor, still: StillClock) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    chat_id, first, second = chat.id, confirm(propose(chat)), confirm(propose(chat, starts_at=NOON + 3 * DAY))
    moments = [
        (first.opens_at, ChatState.CONSULTATION),
        (first.ends_at + DAY - MINUTE, ChatState.CONSULTATION),
        (first.ends_at + DAY, ChatState.OVER),
        (second.opens_at - MINUTE, ChatState.OVER),
        (second.opens_at, ChatState.CONSULTATION),
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
    assert chat.state is ChatState.CONSULTATION


def test_consultation_in_an_unlimited_chat_is_sold_too(chat: Chat, still: StillClock) -> None:
    chat.access = AccessMode.UNLIMITED
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    assert (consultation.state, payment.applied_at, chat.state) == ("confirmed", NOON, ChatState.UNLIMITED)
    cancel(consultation, consultation.patient)
    assert (payment.refundable, chat.state) == (0, ChatState.UNLIMITED)


def test_consultation_with_a_doctor_who_hid_can_be_paid_and_met(chat: Chat, doctor: Doctor, still: StillClock) -> None:
    consultation = propose(chat, price=PRICE)
    doctor.hidden = True
    payment = pay(consultation)
    still.show(consultation.starts_at)
    ready(consultation, consultation.patient, doctor.user)
    assert (payment.refundable, consultation.state) == (PRICE, "in_progress")


def test_money_of_a_consultation_takes_no_days_of_the_chat(chat: Chat, patient: User) -> None:
    until = chat.open_until
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    cancel(consultation, patient)
    assert (chat.open_until, payment.withdrawn_days) == (until, 0)
