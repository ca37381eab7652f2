"""One order for a tariff: settled once, whatever the provider says and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from factories import add_tariff, later, make_chat, make_doctor, make_user, say
from flask import Flask
from payment_steps import PAGE, answer, begin, buy, request_refund, settle, waiting_jobs

from ibolit import errors
from ibolit.events import recorded_facts
from ibolit.extensions import db
from ibolit.models import (
    AccessMode,
    Chat,
    Doctor,
    JobKind,
    Message,
    Payment,
    PaymentState,
    RefundReason,
    RefundState,
    User,
)
from ibolit.models.consultations import lists
from ibolit.models.payments import IDEMPOTENCY_KEY_LIFETIME, in_working_days, payment_reports, poll_interval
from ibolit.services import clock
from ibolit.services.payments import GatewayOutcomeUnknown, GatewayStatus, Order, ProviderPayment, ProviderRefund

pytestmark = pytest.mark.usefixtures("clinic")


@pytest.fixture
def payment(chat: Chat) -> Payment:
    return begin(chat)


def notes_of(chat: Chat) -> list[str]:
    return list(
        db.session.scalars(db.select(Message.text).where(Message.chat_id == chat.id, Message.author_id.is_(None)))
    )


def facts() -> list[str]:
    return [type(fact).__name__ for fact in recorded_facts()]


class Deaf:
    """A provider who remembers what he was asked and answers as told."""

    def __init__(self, said: ProviderPayment | None = None) -> None:
        self.said = said
        self.asked: list[tuple[str, object]] = []

    def create(self, order: Order) -> ProviderPayment:
        self.asked.append(("create", order))
        if self.said is None:
            raise GatewayOutcomeUnknown("slow")
        return self.said

    def find(self, payment_id: str) -> ProviderPayment:
        self.asked.append(("find", payment_id))
        assert self.said is not None
        return self.said

    def find_by_order(self, number: int, since: datetime) -> ProviderPayment | None:
        self.asked.append(("find_by_order", (number, since)))
        return self.said

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        raise AssertionError("nobody asks this of a payment")


# What the provider says


def test_providers_page_makes_the_payment_wait(payment: Payment) -> None:
    settle(payment, GatewayStatus.WAITING)
    assert (payment.state, payment.page, payment.provider_id) == (PaymentState.WAITING, PAGE, f"yk-{payment.id}")


def test_success_prolongs_the_chat_once_and_both_read_it(chat: Chat, payment: Payment) -> None:
    end = chat.open_until
    settle(payment)
    assert end is not None
    assert chat.open_until == payment.opened_until == end + timedelta(days=30)
    assert chat.access is AccessMode.UNTIL
    assert (payment.state, payment.paid) == (PaymentState.SUCCEEDED, payment.amount)
    assert len(notes_of(chat)) == 1
    assert notes_of(chat)[0].startswith("Чат продлён до ")


def test_success_twice_changes_nothing(chat: Chat, payment: Payment) -> None:
    settle(payment)
    before = chat.open_until, chat.revision, payment.paid_at
    payment.settle(answer(payment))
    assert facts() == []
    db.session.commit()
    assert (chat.open_until, chat.revision, payment.paid_at) == before
    assert len(waiting_jobs(JobKind.CLOSING_RECEIPT)) == 1


def test_payment_cancelled_twice_is_told_once(payment: Payment) -> None:
    settle(payment, GatewayStatus.CANCELLED, reason="expired_on_confirmation")
    payment.settle(answer(payment, GatewayStatus.CANCELLED, reason="general_decline"))
    assert facts() == []
    assert payment.reason == "expired_on_confirmation"


def test_success_opens_an_expired_chat_from_now(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-90)
    buy(chat)
    assert chat.open_until is not None
    assert abs(chat.open_until - clock.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert chat.takes_messages_from(patient)


def test_success_opens_a_chat_that_had_no_free_days(patient: User) -> None:
    chat = make_chat(patient, make_doctor("Платный Пётр Петрович", free_days=0))
    assert not chat.takes_messages_from(patient)
    buy(chat)
    assert chat.takes_messages_from(patient)


def test_decline_keeps_the_reason_and_gives_nothing(chat: Chat, payment: Payment) -> None:
    end = chat.open_until
    settle(payment, GatewayStatus.WAITING)
    settle(payment, GatewayStatus.CANCELLED, reason="insufficient_funds")
    assert (payment.state, payment.reason, payment.page) == (PaymentState.CANCELLED, "insufficient_funds", "")
    assert chat.open_until == end
    assert notes_of(chat) == []


def test_waiting_heard_after_the_success_changes_nothing(chat: Chat, payment: Payment) -> None:
    """Answers overtake each other."""
    settle(payment)
    settle(payment, GatewayStatus.WAITING)
    assert payment.state is PaymentState.SUCCEEDED
    assert payment.page == ""


def test_cancelled_heard_after_the_success_changes_nothing(payment: Payment) -> None:
    settle(payment)
    settle(payment, GatewayStatus.CANCELLED)
    assert payment.state is PaymentState.SUCCEEDED


def test_waiting_heard_after_the_cancellation_changes_nothing(payment: Payment) -> None:
    settle(payment, GatewayStatus.CANCELLED)
    settle(payment, GatewayStatus.WAITING)
    assert (payment.state, payment.page) == (PaymentState.CANCELLED, "")


def test_success_after_our_own_end_is_believed(chat: Chat, payment: Payment) -> None:
    """Ended as never made; if the provider took the money all the same, access is given."""
    payment.end("not_created")
    db.session.commit()
    settle(payment)
    assert (payment.state, payment.reason) == (PaymentState.SUCCEEDED, "")
    assert payment.applied_at is not None


def test_success_after_a_month_counts_from_the_later_end(chat: Chat, payment: Payment) -> None:
    settle(payment, GatewayStatus.WAITING)
    later(days=40)
    settle(payment)
    assert chat.open_until is not None
    assert abs(chat.open_until - clock.now() - timedelta(days=30)) < timedelta(minutes=1)


@pytest.mark.parametrize("strange", [{"number": 777}, {"id": "yk-another"}])
def test_answer_about_another_payment_is_refused(payment: Payment, strange: dict[str, object]) -> None:
    settle(payment, GatewayStatus.WAITING)
    with pytest.raises(errors.WrongPayment):
        payment.settle(answer(payment, **strange))
    db.session.rollback()
    db.session.refresh(payment)
    assert payment.state is PaymentState.WAITING
    assert payment.paid == 0


@pytest.mark.parametrize("said", [{"amount": 1_00}, {"amount": 2500_01}, {"currency": "USD"}])
def test_amount_mismatch_is_not_applied_and_waits_for_the_operator(
    chat: Chat, payment: Payment, said: dict[str, object]
) -> None:
    end = chat.open_until
    settle(payment, **said)
    assert chat.open_until == end
    assert (payment.applied_at, payment.state) == (None, PaymentState.SUCCEEDED)
    [refund] = db.session.scalars(payment_reports.pending_decisions())
    assert (refund.cause, refund.state, refund.amount) == (
        RefundReason.AMOUNT_MISMATCH,
        RefundState.REQUESTED,
        payment.paid,
    )
    assert payment.has_amount_mismatch
    settle(payment, **said)
    assert len(payment.refunds) == 1


def test_right_amount_is_no_mismatch(payment: Payment) -> None:
    assert not payment.has_amount_mismatch
    assert not settle(payment).has_amount_mismatch


def test_payment_for_an_unlimited_chat_is_refunded(chat: Chat, payment: Payment) -> None:
    chat.access = AccessMode.UNLIMITED
    db.session.commit()
    settle(payment)
    [refund] = payment.refunds
    assert (refund.cause, refund.state, refund.amount) == (
        RefundReason.NOT_FOR_SALE,
        RefundState.SENDING,
        payment.amount,
    )
    assert (payment.applied_at, payment.refundable) == (None, 0)
    assert notes_of(chat) == []


def test_payment_for_a_hidden_doctor_is_refunded(payment: Payment, doctor: Doctor) -> None:
    doctor.hidden = True
    db.session.commit()
    settle(payment)
    assert [refund.cause for refund in payment.refunds] == [RefundReason.NOT_FOR_SALE]
    assert payment.applied_at is None


def test_only_payments_unknown_to_the_provider_are_cancelled_here(payment: Payment) -> None:
    payment.end("invalid_request")
    assert (payment.state, payment.reason) == (PaymentState.CANCELLED, "invalid_request")


def test_payment_known_to_the_provider_is_cancelled_only_there(payment: Payment) -> None:
    """The page was refused while the job's call made it: the payer may stand at the counter already."""
    settle(payment, GatewayStatus.WAITING)
    payment.end("invalid_request")
    assert payment.state is PaymentState.WAITING


# Asking him


def test_ask_creates_the_payment_with_the_stored_key(payment: Payment) -> None:
    provider = Deaf()
    for _ in range(2):
        with pytest.raises(GatewayOutcomeUnknown):
            payment.ask(provider, "https://ibolit.example/back")  # type: ignore[arg-type]
    orders = [order for verb, order in provider.asked if verb == "create"]
    assert orders[0] == orders[1]
    [order, _] = orders
    assert isinstance(order, Order)
    assert (order.number, order.key, order.amount) == (payment.id, payment.key, payment.amount)
    assert sum(item.amount for item in order.items) == order.amount


def test_ask_finds_the_payment_the_provider_knows(payment: Payment) -> None:
    settle(payment, GatewayStatus.WAITING)
    later(days=3)
    provider = Deaf(answer(payment))
    assert payment.ask(provider, "") == provider.said  # type: ignore[arg-type]
    assert provider.asked == [("find", payment.provider_id)]


@pytest.mark.parametrize("said", [True, False])
def test_payment_older_than_its_key_is_found_by_order_and_never_created_again(payment: Payment, said: bool) -> None:
    later(seconds=IDEMPOTENCY_KEY_LIFETIME.total_seconds())
    provider = Deaf(answer(payment, GatewayStatus.WAITING) if said else None)
    assert payment.ask(provider, "") == provider.said  # type: ignore[arg-type]
    assert provider.asked == [("find_by_order", (payment.id, payment.created_at))]


def test_poll_interval_grows_from_seconds_to_an_hour() -> None:
    now = clock.now()
    pauses = [poll_interval(now - timedelta(seconds=age)) for age in (0, 4, 60, 3600, 86400)]
    assert [round(pause.total_seconds()) for pause in pauses] == [3, 3, 15, 900, 3600]


def test_title_at_the_provider_is_short_enough(chat: Chat, doctor: Doctor) -> None:
    tariff = add_tariff(doctor, title="Ж" * 80)
    order = begin(chat, tariff).order("https://ibolit.example/back")
    assert len(order.title) <= 128
    assert doctor.user.name not in order.title + order.items[0].title


# What is fair


def test_prorated_refund_is_full_while_the_doctor_wrote_nothing(chat: Chat, patient: User) -> None:
    payment = buy(chat)
    say(chat, patient)
    later(days=10)
    assert payment.prorated_refund() == payment.amount


def test_prorated_refund_ignores_messages_before_the_payment(chat: Chat, doctor: Doctor) -> None:
    say(chat, doctor.user)
    later(seconds=5)
    assert buy(chat).prorated_refund() == 2500_00


def test_prorated_refund_is_whole_unused_days_after_the_doctor_wrote(chat: Chat, doctor: Doctor) -> None:
    chat.open_until = clock.now()
    payment = buy(chat)
    later(days=10, hours=1)
    say(chat, doctor.user)
    assert payment.unused_days() == 19
    assert payment.prorated_refund() == 158333  # 2500 ₽ · 19 / 30 = 1583,333 ₽


def test_prorated_refund_is_nothing_when_the_time_is_over(chat: Chat, doctor: Doctor) -> None:
    payment = buy(chat)
    say(chat, doctor.user)
    later(days=33)
    assert payment.prorated_refund() == 0
    with pytest.raises(errors.NothingToRefund):
        payment.request_refund(RefundReason.REQUESTED_BY_PAYER)


def test_prorated_refund_counts_no_days_of_other_payments(chat: Chat, doctor: Doctor) -> None:
    week = add_tariff(doctor, title="Неделя", days=7, price=700_00)
    buy(chat)
    assert buy(chat, week).unused_days() == 7


# Wishes


def test_refund_request_waits_for_the_operator(chat: Chat) -> None:
    payment = buy(chat)
    refund = request_refund(payment)
    assert (refund.state, refund.amount, payment.refunded) == (RefundState.REQUESTED, payment.amount, 0)
    [job] = waiting_jobs(JobKind.REFUND)
    assert job.due_at == refund.decide_by
    assert not payment.can_request_refund


def test_second_refund_request_is_the_first_one(chat: Chat) -> None:
    payment = buy(chat)
    assert request_refund(payment) is request_refund(payment)
    assert len(waiting_jobs(JobKind.REFUND)) == 1


def test_unpaid_payment_has_no_refund_request(payment: Payment) -> None:
    assert not payment.can_request_refund
    with pytest.raises(errors.NothingToRefund):
        payment.request_refund(RefundReason.REQUESTED_BY_PAYER)


def test_refund_request_after_a_partial_refund_is_for_the_remainder(chat: Chat) -> None:
    payment = buy(chat)
    payment.refund(500_00, RefundReason.OPERATOR)
    assert payment.can_request_refund
    assert request_refund(payment).amount == 2000_00


@pytest.mark.parametrize(
    ("asked", "decided"),
    [
        (datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 26, 12, tzinfo=UTC)),  # Monday: Thursday
        (datetime(2026, 11, 26, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)),  # Thursday: Tuesday
        (datetime(2026, 11, 27, 12, tzinfo=UTC), datetime(2026, 12, 2, 12, tzinfo=UTC)),  # Friday: Wednesday
        (datetime(2026, 11, 28, 12, tzinfo=UTC), datetime(2026, 12, 2, 12, tzinfo=UTC)),  # Saturday: Wednesday
    ],
)
def test_working_days_of_a_refund_leap_over_the_weekend(
    monkeypatch: pytest.MonkeyPatch, asked: datetime, decided: datetime
) -> None:
    monkeypatch.setattr(clock, "now", lambda: asked)
    assert in_working_days(3) == decided


# Money back


@pytest.mark.parametrize("sum_", [0, -1, 2500_01])
def test_refund_is_at_most_what_was_paid(chat: Chat, sum_: int) -> None:
    payment = buy(chat)
    with pytest.raises(errors.RefundTooLarge):
        payment.refund(sum_, RefundReason.OPERATOR)


def test_unpaid_payment_is_not_refunded(payment: Payment) -> None:
    with pytest.raises(errors.RefundTooLarge):
        payment.refund(1, RefundReason.OPERATOR)


def test_full_refund_takes_all_bought_time(chat: Chat) -> None:
    end = chat.open_until
    payment = buy(chat)
    payment.refund(payment.refundable, RefundReason.OPERATOR)
    assert chat.open_until == end
    assert (payment.withdrawn_days, payment.refundable) == (30, 0)


def test_full_refund_takes_the_begun_day_too(chat: Chat, patient: User) -> None:
    chat.open_until = clock.now()
    payment = buy(chat)
    later(days=29, hours=12)
    payment.refund(payment.refundable, RefundReason.OPERATOR)
    assert payment.withdrawn_days == 1
    assert chat.open_until is not None
    assert chat.open_until <= clock.now()
    assert not chat.takes_messages_from(patient)


def test_partial_refund_takes_as_many_whole_days_as_it_pays_for(chat: Chat) -> None:
    end = chat.open_until
    payment = buy(chat)
    payment.refund(1000_00, RefundReason.OPERATOR)  # 12 of 30 days
    assert end is not None
    assert (payment.withdrawn_days, chat.open_until) == (12, end + timedelta(days=18))
    payment.refund(83_00, RefundReason.OPERATOR)  # not a whole day
    assert payment.withdrawn_days == 12


def test_partial_refunds_and_the_remainder_take_all_days(chat: Chat) -> None:
    end = chat.open_until
    payment = buy(chat)
    for sum_ in (1000_00, 1000_00, 500_00):
        payment.refund(sum_, RefundReason.OPERATOR)
    assert (payment.withdrawn_days, payment.refundable, chat.open_until) == (30, 0, end)


def test_refund_never_ends_the_chat_before_now(chat: Chat, doctor: Doctor) -> None:
    payment = buy(chat)
    later(days=100)
    before = chat.open_until
    payment.refund(payment.refundable, RefundReason.OPERATOR)
    assert payment.withdrawn_days == 0
    assert chat.open_until == before


# Who sees


def test_own_payments_newest_first_and_nobody_elses(chat: Chat, patient: User, doctor: Doctor, stranger: User) -> None:
    first = buy(chat)
    second = begin(chat)
    theirs = begin(make_chat(make_user("Другая Анна"), doctor))
    assert db.session.scalars(lists.payments_made_by(patient)).all() == [second, first]
    assert db.session.scalars(lists.payments_made_by(stranger)).all() == []
    assert db.session.scalars(Payment.by_token(theirs.token)).all() == [theirs]


def test_waiting_payments_are_unfinished(chat: Chat, doctor: Doctor) -> None:
    tariffs = [add_tariff(doctor, title=str(number), days=number, price=number) for number in range(1, 5)]
    created, waiting, paid, cancelled = [begin(chat, tariff) for tariff in tariffs]
    settle(waiting, GatewayStatus.WAITING)
    settle(paid)
    settle(cancelled, GatewayStatus.CANCELLED)
    assert set(Payment.unfinished()) == {created.id, waiting.id}


def test_database_keeps_one_unfinished_payment(chat: Chat, payment: Payment, clinic: Flask) -> None:
    columns = {column.name: getattr(payment, column.name) for column in Payment.__table__.columns}
    db.session.add(Payment(**columns | {"id": None, "token": "another", "key": "another"}))
    with pytest.raises(Exception, match=r"(?i)unique"):
        db.session.commit()
    db.session.rollback()
