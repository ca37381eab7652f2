"""What a screen says of a payment and of a refund: each value from the steps that lead to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import StillClock, begin_to_pay, cancel, pay, succeed
from factories import make_chat, make_user, propose, say
from payment_steps import answer, begin, buy, request_refund, settle

from ibolit.extensions import db
from ibolit.models import Chat, Payment, RefundReason, Role, User
from ibolit.models.payments import PaymentStatus, PaymentStep, RefundOption, RefundStatus
from ibolit.models.payments.summary import LAST_PAUSE, MOST_LOOKS, PAUSES
from ibolit.services.payments import GatewayStatus, ProviderRefund

pytestmark = pytest.mark.usefixtures("clinic")

PRICE = 1500_00


@pytest.fixture
def operator() -> User:
    return make_user("Петрова Ольга", Role.OPERATOR)


@pytest.fixture
def payment(chat: Chat) -> Payment:
    return buy(chat)


def arrive(payment: Payment) -> None:
    refund = payment.refunds[-1]
    refund.settle(ProviderRefund(f"back-{refund.id}", GatewayStatus.SUCCEEDED, refund.amount))
    db.session.commit()


def refunded(payment: Payment, amount: int, by: User) -> Payment:
    payment.refund(amount, RefundReason.OPERATOR, by=by)
    db.session.commit()
    return payment


def test_unpaid_ones(chat: Chat) -> None:
    payment = begin(chat)
    assert (payment.status, payment.result) == (PaymentStatus.CREATED, PaymentStatus.CHECKING)
    settle(payment, GatewayStatus.WAITING)
    assert (payment.status, payment.result) == (PaymentStatus.WAITING, PaymentStatus.CHECKING)
    assert payment.sum == payment.amount
    settle(payment, GatewayStatus.CANCELLED)
    assert (payment.status, payment.result) == (PaymentStatus.CANCELLED, PaymentStatus.CANCELLED)
    assert not payment.was_succeeded


def test_paid_one(payment: Payment) -> None:
    assert (payment.status, payment.result) == (PaymentStatus.PAID, PaymentStatus.PAID)
    assert payment.was_succeeded
    assert payment.opens_chat_until == payment.opened_until
    assert not payment.waits_for_clinic


def test_payer_alone_is_told_that_nothing_is_to_be_paid(chat: Chat, operator: User) -> None:
    payment = begin(chat)
    assert payment.is_payable
    chat.doctor.hidden = True
    db.session.commit()
    assert payment.status_for(chat.patient) is PaymentStatus.OBSOLETE
    assert payment.status_for(operator) is PaymentStatus.CREATED
    assert payment.result is PaymentStatus.OBSOLETE
    assert not payment.is_payable


def test_another_sum_waits_for_the_clinic_until_it_is_kept(chat: Chat, operator: User) -> None:
    payment = settle(begin(chat), amount=1000_00)
    assert (payment.status, payment.result) == (PaymentStatus.AMOUNT_MISMATCH, PaymentStatus.AMOUNT_MISMATCH)
    assert payment.waits_for_clinic
    assert payment.sum == 1000_00
    payment.refunds[0].decline("Договорились", operator)
    db.session.commit()
    assert (payment.status, payment.result) == (PaymentStatus.AMOUNT_MISMATCH, PaymentStatus.PAID)
    assert not payment.waits_for_clinic


def test_another_sum_that_went_back_by_another_refund_waits_for_nobody(chat: Chat, operator: User) -> None:
    payment = settle(begin(chat), amount=1000_00)
    refunded(payment, 1000_00, operator)
    assert not payment.waits_for_clinic
    assert payment.result is PaymentStatus.REFUNDED


@pytest.mark.parametrize(("part", "status"), [(1, PaymentStatus.REFUNDED), (2, PaymentStatus.PARTLY_REFUNDED)])
def test_refunded_one(payment: Payment, operator: User, part: int, status: PaymentStatus) -> None:
    refunded(payment, payment.amount // part, operator)
    assert (payment.status, payment.result) == (status, status)
    assert not payment.has_refund_arrived
    arrive(payment)
    assert (payment.status, payment.has_refund_arrived) == (status, True)


def test_delayed_refund(payment: Payment, operator: User) -> None:
    refunded(payment, payment.amount, operator).refunds[0].fail("general_decline")
    assert (payment.status, payment.result) == (PaymentStatus.REFUND_DELAYED, PaymentStatus.REFUND_DELAYED)
    assert payment.waits_for_clinic


def test_paid_twice(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    first = begin_to_pay(consultation)
    settle(first, GatewayStatus.CANCELLED)
    second = begin_to_pay(consultation)
    succeed(second)
    settle(first)
    double = first if first.is_duplicate else second
    assert double.is_duplicate
    assert (double.status, double.result) == (PaymentStatus.DUPLICATE, PaymentStatus.DUPLICATE)
    double.refunds[0].fail("general_decline")
    assert (double.status, double.result) == (PaymentStatus.DUPLICATE, PaymentStatus.REFUND_DELAYED)


def test_way_to_the_bank(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = begin(chat)
    assert payment.step(may_ask=True) is PaymentStep.WAIT
    assert payment.waits_for_provider
    monkeypatch.setattr(Payment, "lacks_email", property(lambda self: True))
    assert payment.step(may_ask=True) is PaymentStep.GIVE_EMAIL
    assert payment.step(may_ask=False) is PaymentStep.WAIT
    assert not payment.waits_for_provider
    monkeypatch.undo()
    payment.settle(answer(payment, GatewayStatus.WAITING))
    assert payment.step(may_ask=True) is PaymentStep.PAY
    settle(payment)
    assert payment.step(may_ask=True) is PaymentStep.NONE


def test_no_way_to_the_bank_for_what_is_not_sold(chat: Chat) -> None:
    payment = begin(chat)
    chat.doctor.hidden = True
    db.session.commit()
    assert payment.step(may_ask=True) is PaymentStep.OBSOLETE


def test_page_looks_ever_more_seldom_and_stops(chat: Chat, payment: Payment) -> None:
    assert payment.pause_after(0) is None  # nothing changes any more
    waiting = begin(make_chat(make_user("Лебедева Анна"), chat.doctor))
    assert [waiting.pause_after(look) for look in (0, len(PAUSES) - 1, len(PAUSES))] == [2, PAUSES[-1], LAST_PAUSE]
    assert waiting.pause_after(MOST_LOOKS) is None
    assert [waiting.seems_unpaid(look) for look in (6, 7)] == [False, True]


def test_offered_refund_of_a_tariff(still: StillClock, chat: Chat) -> None:
    payment = buy(chat)
    assert payment.refund_option is RefundOption.IN_FULL
    assert payment.opened_until is not None
    still.go(days=(payment.opened_until - still.moment).days - 5)
    assert payment.refund_option is RefundOption.IN_FULL
    say(chat, chat.doctor.user)
    assert payment.refund_option is RefundOption.UNUSED_DAYS
    still.go(days=5)
    assert payment.refund_option is RefundOption.NOTHING_LEFT
    still.go(days=1)
    assert payment.opens_chat_until is None


def test_unused_days_are_named_though_they_pay_for_all_of_it(still: StillClock, chat: Chat) -> None:
    """Beside free days nothing of what was bought is used yet, but the doctor did write."""
    payment = buy(chat)
    assert chat.open_until is not None
    chat.open_until += timedelta(days=30)
    db.session.commit()
    still.go(hours=1)
    say(chat, chat.doctor.user)
    assert payment.prorated_refund() == payment.refundable
    assert payment.refund_option is RefundOption.UNUSED_DAYS


def test_offered_refund_of_a_consultation(still: StillClock, chat: Chat) -> None:
    consultation = propose(chat, price=PRICE, starts_at=still.moment + timedelta(hours=1))
    payment = pay(consultation)
    assert payment.refund_option is RefundOption.CANCEL_CONSULTATION
    still.go(hours=3)
    assert payment.refund_option is RefundOption.CLINIC_DECIDES


def test_nothing_is_offered_while_a_request_waits(payment: Payment) -> None:
    request_refund(payment)
    assert payment.refund_option is RefundOption.NONE


def test_status_of_a_request(payment: Payment, operator: User) -> None:
    refund = request_refund(payment)
    assert (refund.status, refund.clinics_note) == (RefundStatus.REQUESTED_BY_PAYER, "")
    refund.decline("По правилам", operator)
    assert (refund.status, refund.clinics_note) == (RefundStatus.DECLINED, "")


def test_status_of_the_clinics_refund(payment: Payment, operator: User) -> None:
    refund = payment.refund(payment.amount, RefundReason.OPERATOR, "Врач заболел", by=operator)
    assert (refund.status, refund.clinics_note) == (RefundStatus.SENDING, "Врач заболел")
    refund.fail("general_decline")
    assert refund.status is RefundStatus.FAILED
    refund.mark_out_of_band("Наличными", "17", operator)
    assert refund.status is RefundStatus.OUT_OF_BAND


def test_status_of_a_refund_made_in_the_dashboard(payment: Payment) -> None:
    payment.refund(payment.amount, RefundReason.PROVIDER_DASHBOARD)
    arrive(payment)
    assert payment.refunds[0].status is RefundStatus.DONE_BY_BANK


def test_status_of_another_sum(chat: Chat, operator: User) -> None:
    refund = settle(begin(chat), amount=1000_00).refunds[0]
    assert refund.status is RefundStatus.MISMATCH_UNDECIDED
    refund.decline("Договорились", operator)
    assert refund.status is RefundStatus.MISMATCH_ACCEPTED


def test_clinic_decides_about_a_late_cancellation(still: StillClock, chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    still.go(minutes=45)
    cancel(consultation, consultation.patient)
    assert payment.refunds[0].status is RefundStatus.CLINIC_DECIDES


def test_currency(chat: Chat) -> None:
    payment = settle(begin(chat), currency="KZT")
    assert not payment.is_in_rubles
    assert settle(begin(make_chat(make_user("Лебедева Анна"), chat.doctor))).is_in_rubles
