"""What a card says of a consultation: each value of a summary from the life that leads to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import StillClock, begin_to_pay, cancel, confirm, pay, ready, request_reschedule, succeed
from factories import make_user, propose

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Payment, RefundReason, Role, User
from ibolit.models.consultations import CalendarStep, Ending, MoneyStatus, NextStep, PageRefresh, Presence, Timing
from ibolit.services.payments import ProviderRefund

pytestmark = pytest.mark.usefixtures("clinic")

PRICE = 1500_00


@pytest.fixture
def talk(still: StillClock, chat: Chat) -> Consultation:
    """A free one in two hours."""
    return propose(chat)


@pytest.fixture
def paid(still: StillClock, chat: Chat) -> Consultation:
    """One that costs something, in two hours."""
    return propose(chat, price=PRICE)


@pytest.fixture
def operator() -> User:
    return make_user("Петрова Ольга", Role.OPERATOR)


def steps(one: Consultation) -> tuple[NextStep, NextStep]:
    """The patient's, the doctor's."""
    return one.next_step(one.patient), one.next_step(one.doctor.user)


def endings(one: Consultation) -> tuple[Ending | None, Ending | None]:
    return one.ending_for(one.patient), one.ending_for(one.doctor.user)


def money(one: Consultation) -> MoneyStatus:
    return one.money_for(one.patient).status


def test_steps_of_a_free_one(still: StillClock, talk: Consultation) -> None:
    assert steps(talk) == (NextStep.CONFIRM, NextStep.AWAIT_CONFIRMATION)
    confirm(talk)
    assert steps(talk) == (NextStep.AWAIT_OPENING, NextStep.AWAIT_OPENING)
    still.go(minutes=110)
    assert steps(talk) == (NextStep.GET_READY, NextStep.GET_READY)
    ready(talk, talk.patient)
    assert steps(talk) == (NextStep.AWAIT_OTHER_SIDE, NextStep.GET_READY)
    ready(talk, talk.doctor.user)
    assert steps(talk) == (NextStep.RETURN_TO_CALL, NextStep.RETURN_TO_CALL)
    talk.end(talk.doctor.user)
    assert steps(talk) == (NextStep.NONE, NextStep.NONE)


def test_steps_of_a_paid_one(paid: Consultation) -> None:
    assert steps(paid) == (NextStep.PAY, NextStep.AWAIT_PAYMENT)
    pay(paid)
    assert steps(paid) == (NextStep.AWAIT_OPENING, NextStep.AWAIT_OPENING)


def test_payment_begun_in_time_is_resumed_after_the_start(still: StillClock, paid: Consultation) -> None:
    begin_to_pay(paid)
    assert steps(paid) == (NextStep.PAY, NextStep.AWAIT_PAYMENT)
    still.go(hours=2, minutes=1)
    assert steps(paid) == (NextStep.RESUME_PAYMENT, NextStep.AWAIT_RUNNING_PAYMENT)


def test_money_that_came_another_has_to_be_settled_first(still: StillClock, paid: Consultation) -> None:
    pay(paid, amount=1000_00)
    still.go(hours=2, minutes=1)
    assert steps(paid) == (NextStep.AWAIT_SETTLEMENT, NextStep.AWAIT_PAYMENT)


def test_timing(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    assert (talk.timing, talk.is_start_ahead) == (Timing.TO_COME, True)
    assert (talk.may_check_early, talk.awaits_both) == (True, False)
    still.go(minutes=111)
    assert (talk.may_check_early, talk.awaits_both) == (False, True)
    still.go(minutes=9)
    assert (talk.timing, talk.is_start_ahead) == (Timing.DUE, False)
    ready(talk, talk.patient, talk.doctor.user)
    assert (talk.timing, talk.awaits_both, talk.is_confirmed) == (Timing.RUNNING, False, True)
    talk.end(talk.doctor.user)
    assert (talk.timing, talk.is_confirmed) == (Timing.OVER, False)


def test_begun_before_its_start_it_runs_though_the_start_is_ahead(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    still.go(minutes=112)
    ready(talk, talk.patient, talk.doctor.user)
    assert (talk.timing, talk.is_start_ahead) == (Timing.RUNNING, True)


def test_page_without_scripts_looks_again_when_it_is_near(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    assert talk.page_refresh(is_ready=False) is PageRefresh.NONE
    still.go(minutes=96)
    assert talk.page_refresh(is_ready=False) is PageRefresh.AGAIN
    still.go(minutes=20)
    ready(talk, talk.patient, talk.doctor.user)
    assert talk.page_refresh(is_ready=False) is PageRefresh.AGAIN
    assert talk.page_refresh(is_ready=True) is PageRefresh.TO_CALL
    talk.end(talk.doctor.user)
    assert talk.page_refresh(is_ready=True) is PageRefresh.NONE


def test_presence_of_the_two(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    still.go(minutes=112)
    ready(talk, talk.patient)
    assert talk.presence_of(talk.patient) is Presence.READY
    assert talk.presence_of(talk.doctor.user) is Presence.NOT_YET
    still.go(minutes=3)
    assert talk.presence_of(talk.patient) is Presence.GONE


def test_only_the_doctor_is_asked_to_phone_and_only_while_it_is_open(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    still.go(hours=2)
    assert not talk.should_be_phoned_by(talk.doctor.user)
    talk.request_callback(talk.patient)
    assert talk.should_be_phoned_by(talk.doctor.user)
    assert not talk.should_be_phoned_by(talk.patient)
    still.go(hours=2)
    assert not talk.should_be_phoned_by(talk.doctor.user)


def test_nothing_has_ended_before_its_end(talk: Consultation) -> None:
    assert endings(talk) == (None, None)
    assert endings(confirm(talk)) == (None, None)


def test_ending_of_a_cancelled_one(talk: Consultation) -> None:
    cancel(talk, talk.patient)
    assert endings(talk) == (Ending.CANCELLED_BY_YOU, Ending.CANCELLED_BY_OTHER_SIDE)
    assert talk.was_cancelled_by_patient


def test_ending_of_one_whose_money_the_clinic_gave_back(paid: Consultation, operator: User) -> None:
    payment = pay(paid)
    payment.refund(payment.refundable, RefundReason.OPERATOR, by=operator)
    db.session.commit()
    assert endings(paid) == (Ending.MONEY_BACK, Ending.MONEY_BACK)
    assert not paid.was_cancelled_by_patient


@pytest.mark.parametrize(("price", "ending"), [(0, Ending.NOT_CONFIRMED), (PRICE, Ending.NOT_PAID)])
def test_ending_of_an_expired_one(still: StillClock, chat: Chat, price: int, ending: Ending) -> None:
    one = propose(chat, price=price)
    still.go(hours=3)
    assert endings(one) == (ending, ending)


@pytest.mark.parametrize(
    ("came", "ending"),
    [
        ((), (Ending.NOBODY_CAME, Ending.NOBODY_CAME)),
        (("patient",), (Ending.OTHER_SIDE_DID_NOT_COME, Ending.YOU_DID_NOT_COME)),
        (("doctor",), (Ending.YOU_DID_NOT_COME, Ending.OTHER_SIDE_DID_NOT_COME)),
        (("patient", "doctor"), (Ending.MISSED_EACH_OTHER, Ending.MISSED_EACH_OTHER)),
    ],
)
def test_ending_of_a_missed_one(
    still: StillClock, talk: Consultation, came: tuple[str, ...], ending: tuple[Ending, Ending]
) -> None:
    confirm(talk)
    still.go(hours=2, minutes=1)
    for side in came:
        ready(talk, talk.patient if side == "patient" else talk.doctor.user)
        still.go(minutes=5)  # the other one finds nobody
    still.go(hours=2)
    assert endings(talk) == ending


def test_ending_of_one_that_took_place(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    still.go(hours=2)
    ready(talk, talk.patient, talk.doctor.user)
    talk.end(talk.doctor.user)
    assert endings(talk) == (Ending.TOOK_PLACE, Ending.TOOK_PLACE)


def test_what_a_calendar_learns(talk: Consultation) -> None:
    assert talk.calendar_step is CalendarStep.NONE
    confirm(talk)
    assert talk.calendar_step is CalendarStep.ADD
    cancel(talk, talk.patient)
    assert talk.calendar_step is CalendarStep.REMOVE


def test_calendar_learns_of_a_move_and_nothing_of_what_was_never_agreed(still: StillClock, chat: Chat) -> None:
    moved, never = confirm(propose(chat)), propose(chat, starts_at=still.moment + timedelta(days=9))
    start = request_reschedule(moved, moved.patient, moved.starts_at + timedelta(days=1))
    request_reschedule(moved, moved.doctor.user, start)
    assert moved.calendar_step is CalendarStep.UPDATE
    cancel(never, never.patient)
    assert never.calendar_step is CalendarStep.NONE


def test_money_of_a_free_one(talk: Consultation) -> None:
    assert money(talk) is MoneyStatus.FREE


def test_money_on_its_way(paid: Consultation) -> None:
    assert money(paid) is MoneyStatus.NOT_PAID
    payment = begin_to_pay(paid)
    assert money(paid) is MoneyStatus.NOT_PAID
    succeed(payment)
    assert (money(paid), paid.money_for(paid.patient).paid, paid.refundable) == (MoneyStatus.PAID, PRICE, PRICE)


def test_another_sum_waits_for_the_clinic(paid: Consultation) -> None:
    pay(paid, amount=1000_00)
    shown = paid.money_for(paid.patient)
    assert shown.status is MoneyStatus.MISMATCH_UNDECIDED
    assert shown.decide_by == paid.payments[0].refunds[0].decide_by


def _back(payment: Payment, arrived: bool) -> None:
    if arrived:
        refund = payment.refunds[-1]
        refund.succeed(ProviderRefund(f"back-{refund.id}", "succeeded", refund.amount))  # type: ignore[arg-type]
    db.session.commit()


@pytest.mark.parametrize(
    ("amount", "arrived", "status"),
    [
        (PRICE, False, MoneyStatus.REFUNDING),
        (PRICE, True, MoneyStatus.REFUNDED),
        (500_00, False, MoneyStatus.PARTLY_REFUNDING),
        (500_00, True, MoneyStatus.PARTLY_REFUNDED),
    ],
)
def test_money_that_goes_back(
    paid: Consultation, operator: User, amount: int, arrived: bool, status: MoneyStatus
) -> None:
    payment = pay(paid)
    payment.refund(amount, RefundReason.OPERATOR, "Так вышло", by=operator)
    _back(payment, arrived)
    shown = paid.money_for(paid.patient)
    assert (shown.status, shown.paid, shown.refunded) == (status, PRICE, amount)
    assert shown.note == "Так вышло"
    assert paid.money_for(paid.doctor.user).note == ""


def test_refund_that_failed_is_delayed(paid: Consultation, operator: User) -> None:
    payment = pay(paid)
    payment.refund(500_00, RefundReason.OPERATOR, by=operator).fail("general_decline")
    assert money(paid) is MoneyStatus.REFUND_DELAYED


def test_request_is_decided_by_the_clinic(paid: Consultation, operator: User) -> None:
    refund = pay(paid).request_refund(RefundReason.REQUESTED_BY_PAYER, "Передумала")
    db.session.commit()
    assert money(paid) is MoneyStatus.REFUND_UNDECIDED
    assert paid.money_for(paid.patient).note == ""  # the payer's own words are not told back
    refund.decline("По правилам оферты", operator)
    db.session.commit()
    shown = paid.money_for(paid.patient)
    assert (shown.status, shown.note) == (MoneyStatus.REFUND_DECLINED, "По правилам оферты")


def test_kept_other_sum_is_paid(paid: Consultation, operator: User) -> None:
    pay(paid, amount=1000_00)
    paid.payments[0].refunds[0].decline("Договорились", operator)
    db.session.commit()
    assert money(paid) is MoneyStatus.PAID


def test_a_late_cancellation_is_known_by_its_end(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    still.go(hours=2, minutes=5)
    cancel(talk, talk.patient)
    assert talk.was_cancelled_after_start
    assert talk.has_start_passed


def test_early_cancellation_is_before_the_start(talk: Consultation) -> None:
    cancel(confirm(talk), talk.patient)
    assert not talk.was_cancelled_after_start
    assert not talk.has_start_passed
