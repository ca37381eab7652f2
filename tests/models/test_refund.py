"""Money on its way back: requested, decided, sent, answered; and what is never done twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later, make_user
from payment_steps import begin, buy, request_refund, settle, waiting_jobs

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import AccessMode, Chat, Doctor, JobKind, Payment, Refund, RefundReason, RefundState, Role, User
from ibolit.models.payments import IDEMPOTENCY_KEY_LIFETIME, payment_reports
from ibolit.services import clock
from ibolit.services.payments import Customer, GatewayRefused, GatewayStatus, ProviderRefund, ReceiptItem, RefusalReason

pytestmark = pytest.mark.usefixtures("clinic")


@pytest.fixture
def operator(patient: User) -> User:
    return make_user("Операторова Ольга", Role.OPERATOR)


@pytest.fixture
def payment(chat: Chat) -> Payment:
    return buy(chat)


def send_refund(payment: Payment, amount: int) -> Refund:
    refund = payment.refund(amount, RefundReason.OPERATOR, "Ошибка")
    db.session.commit()
    return refund


def odd(chat: Chat, amount: int) -> Payment:
    return settle(begin(chat), amount=amount)


class Bank:
    """A provider who keeps refunds by their keys, and says no to one if told."""

    def __init__(self, *made: ProviderRefund, refusal: str = "") -> None:
        self.made = list(made)
        self.refusal = refusal
        self.asked: list[str] = []

    def refund(
        self, payment_id: str, amount: int, key: str, customer: Customer, items: list[ReceiptItem]
    ) -> ProviderRefund:
        self.asked.append(f"refund {key}")
        assert sum(item.amount for item in items) == amount
        if self.refusal:
            raise GatewayRefused(self.refusal)
        back = ProviderRefund(f"rf-{len(self.made)}", GatewayStatus.SUCCEEDED, amount, key=key)
        self.made.append(back)
        return back

    def find_refund(self, refund_id: str) -> ProviderRefund:
        self.asked.append(f"find {refund_id}")
        return next(back for back in self.made if back.id == refund_id)

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        self.asked.append(f"list_refunds {payment_id}")
        return self.made


# Decisions


def test_approval_sends_the_requested_refund(payment: Payment, operator: User) -> None:
    refund = request_refund(payment)
    assert refund.approve(None, "Согласны", operator)
    assert (refund.state, refund.amount, refund.decided_by) == (RefundState.SENDING, payment.amount, operator.id)
    assert (payment.refundable, payment.refunded) == (0, payment.amount)
    assert refund.sent_at is not None


def test_approval_of_a_part(payment: Payment, operator: User) -> None:
    refund = request_refund(payment)
    assert refund.approve(1000_00, "", operator)
    assert (refund.amount, refund.days, refund.note) == (1000_00, 12, "Передумала")


@pytest.mark.parametrize("sum_", [0, -5, 2500_01])
def test_approval_of_an_impossible_amount_is_refused(payment: Payment, operator: User, sum_: int) -> None:
    refund = request_refund(payment)
    with pytest.raises(errors.RefundTooLarge):
        refund.approve(sum_, "", operator)
    assert refund.state is RefundState.REQUESTED


def test_declined_refund_sends_nothing(payment: Payment, chat: Chat, operator: User) -> None:
    refund, end = request_refund(payment), chat.open_until
    assert refund.decline("Врач отвечал", operator)
    assert (refund.state, refund.note, payment.refunded) == (RefundState.DECLINED, "Врач отвечал", 0)
    assert chat.open_until == end
    assert payment.can_request_refund


def test_decided_refund_stays_decided(payment: Payment, operator: User) -> None:
    refund = request_refund(payment)
    assert refund.approve(1000_00, "", operator)
    assert not refund.approve(None, "", operator)
    assert not refund.decline("Нет", operator)
    assert (refund.amount, refund.state, payment.refunded) == (1000_00, RefundState.SENDING, 1000_00)
    other = request_refund(payment)
    assert other.decline("Нет", operator)
    assert not other.approve(None, "", operator)
    assert other.state is RefundState.DECLINED


def test_refund_is_overdue_only_after_its_deadline(payment: Payment) -> None:
    refund = request_refund(payment)
    assert not refund.is_overdue
    later(days=6)
    assert refund.is_overdue
    assert refund.approve(payment.refundable, "", None)
    assert not refund.is_overdue


def test_refund_request_is_superseded_when_all_was_refunded(payment: Payment, operator: User) -> None:
    """The operator gave it back beside the wish: it must not stay undecided for ever."""
    refund = request_refund(payment)
    send_refund(payment, payment.refundable)
    assert refund.state is RefundState.SUPERSEDED
    assert db.session.scalars(payment_reports.pending_decisions()).all() == []
    assert not refund.approve(None, "", operator)


def test_refund_request_stays_after_a_partial_refund(payment: Payment) -> None:
    refund = request_refund(payment)
    send_refund(payment, 1000_00)
    assert refund.state is RefundState.REQUESTED


# An odd sum


def test_declined_amount_mismatch_is_applied(chat: Chat, operator: User) -> None:
    payment = odd(chat, 2000_00)
    end = chat.open_until
    assert end is not None
    assert payment.refunds[0].decline("Доплатили в кассе", operator)
    assert chat.open_until == end + timedelta(days=30)
    assert payment.refunded == 0


def test_approved_amount_mismatch_refunds_all_and_gives_no_access(chat: Chat, operator: User) -> None:
    payment = odd(chat, 2000_00)
    assert payment.refunds[0].approve(None, "", operator)
    assert (payment.refundable, payment.applied_at) == (0, None)


def test_kept_part_of_an_amount_mismatch_opens_the_chat(chat: Chat, operator: User) -> None:
    """He paid 500 ₽ too much and gets them back: the rest is the price, and the worst would be paid but no access."""
    payment = odd(chat, 3000_00)
    assert payment.refunds[0].approve(500_00, "Лишнее", operator)
    assert payment.applied_at is not None
    assert (payment.refundable, payment.withdrawn_days) == (2500_00, 0)


def test_declined_amount_mismatch_refunded_before_gives_no_access(chat: Chat, operator: User) -> None:
    payment = odd(chat, 2000_00)
    [refund] = payment.refunds
    send_refund(payment, 2000_00)
    refund.decline("Уже вернули", operator)
    assert payment.applied_at is None


@pytest.mark.parametrize("gone", ["unlimited", "hidden"])
def test_amount_mismatch_for_what_is_no_longer_sold_is_refunded(
    chat: Chat, doctor: Doctor, operator: User, gone: str
) -> None:
    payment = odd(chat, 2000_00)
    if gone == "unlimited":
        chat.access = AccessMode.UNLIMITED
    else:
        doctor.hidden = True
    db.session.commit()
    assert payment.refunds[0].decline("Берём", operator)
    assert (payment.refundable, payment.applied_at) == (0, None)
    assert payment.refunds[-1].cause is RefundReason.NOT_FOR_SALE


def test_days_of_an_amount_mismatch_cost_what_was_paid(chat: Chat, operator: User) -> None:
    payment = odd(chat, 1000_00)
    payment.refunds[0].decline("Скидка", operator)
    refund = send_refund(payment, 500_00)
    assert refund.days == 15


# Asking the provider


def test_refund_key_is_stored_before_the_provider_is_called(payment: Payment) -> None:
    refund, bank = send_refund(payment, 1000_00), Bank()
    refund.ask(bank)  # type: ignore[arg-type]
    refund.ask(bank)  # type: ignore[arg-type]
    assert bank.asked == [f"refund {refund.key}"] * 2


def test_refund_known_at_the_provider_is_only_looked_at(payment: Payment) -> None:
    refund = send_refund(payment, 1000_00)
    bank = Bank(ProviderRefund("rf-0", GatewayStatus.WAITING, 1000_00, key=refund.key))
    refund.settle(bank.made[0])
    assert refund.state is RefundState.SENDING
    refund.ask(bank)  # type: ignore[arg-type]
    assert bank.asked == ["find rf-0"]


def test_lost_refund_is_found_by_its_key(payment: Payment) -> None:
    """Two of the same sum, both made and both answers lost: each must find its own."""
    first, second = send_refund(payment, 500_00), send_refund(payment, 500_00)
    later(seconds=IDEMPOTENCY_KEY_LIFETIME.total_seconds())
    made = [
        ProviderRefund("rf-2", GatewayStatus.SUCCEEDED, 500_00, key=second.key),
        ProviderRefund("rf-1", GatewayStatus.SUCCEEDED, 500_00, key=first.key),
    ]
    bank = Bank(*made)
    for refund in (first, second):
        refund.settle(refund.ask(bank))  # type: ignore[arg-type]
    db.session.commit()
    assert (first.provider_id, second.provider_id) == ("rf-1", "rf-2")
    assert not any(asked.startswith("refund ") for asked in bank.asked)


def test_refund_never_made_is_sent_though_another_had_its_amount(payment: Payment) -> None:
    first, second = send_refund(payment, 500_00), send_refund(payment, 500_00)
    later(seconds=IDEMPOTENCY_KEY_LIFETIME.total_seconds())
    bank = Bank(ProviderRefund("rf-9", GatewayStatus.SUCCEEDED, 500_00, key=second.key))
    back = first.ask(bank)  # type: ignore[arg-type]
    assert back.id != "rf-9"
    assert back.key == first.key


def test_retried_refund_is_not_taken_for_its_failed_one(payment: Payment, operator: User) -> None:
    refund = send_refund(payment, 500_00)
    failed = ProviderRefund("rf-8", GatewayStatus.CANCELLED, 500_00, "insufficient_funds", refund.key)
    refund.settle(failed)
    assert refund.retry(operator)
    later(seconds=IDEMPOTENCY_KEY_LIFETIME.total_seconds())
    back = refund.ask(Bank(failed))  # type: ignore[arg-type]
    assert back.status is GatewayStatus.SUCCEEDED


def test_reused_key_finds_the_refund_it_made(payment: Payment) -> None:
    """A setting of the receipt changed between two tries: the first one did it, a third must not do it again."""
    refund = send_refund(payment, 500_00)
    bank = Bank(
        ProviderRefund("rf-7", GatewayStatus.SUCCEEDED, 500_00, key=refund.key), refusal=RefusalReason.KEY_REUSED
    )
    assert refund.ask(bank).id == "rf-7"  # type: ignore[arg-type]


def test_other_refusals_of_a_refund_are_raised(payment: Payment) -> None:
    refund = send_refund(payment, 500_00)
    with pytest.raises(GatewayRefused):
        refund.ask(Bank(refusal=RefusalReason.INVALID_REQUEST))  # type: ignore[arg-type]


# What he answers


def test_refund_is_settled_once(payment: Payment) -> None:
    refund = send_refund(payment, 500_00)
    back = ProviderRefund("rf-1", GatewayStatus.SUCCEEDED, 500_00)
    refund.settle(back)
    done_at = refund.done_at
    refund.settle(back)
    refund.fail("late")
    assert (refund.state, refund.done_at, refund.provider_id) == (RefundState.SUCCEEDED, done_at, "rf-1")
    assert payment.refunded == 500_00


def test_failed_refund_stays_owed_and_is_shown_to_the_operator(payment: Payment, chat: Chat) -> None:
    refund = send_refund(payment, 500_00)
    end = chat.open_until
    refund.settle(ProviderRefund("rf-1", GatewayStatus.CANCELLED, 500_00, "insufficient_funds"))
    db.session.commit()
    assert (refund.state, refund.reason) == (RefundState.FAILED, "insufficient_funds")
    assert (payment.refunded, chat.open_until) == (500_00, end)
    assert db.session.scalars(payment_reports.pending_decisions()).all() == [refund]


def test_retry_has_a_new_key_and_counts_once(payment: Payment, operator: User) -> None:
    refund = send_refund(payment, 500_00)
    key = refund.key
    assert not refund.retry(operator)
    refund.fail("no_money")
    assert refund.retry(operator)
    assert refund.key != key
    assert (refund.state, refund.provider_id, payment.refunded) == (RefundState.SENDING, None, 500_00)
    assert not refund.retry(operator)


def test_waiting_refunds_are_unfinished(payment: Payment, operator: User) -> None:
    sending = send_refund(payment, 100_00)
    done, failed = send_refund(payment, 100_00), send_refund(payment, 100_00)
    done.settle(ProviderRefund("rf-1", GatewayStatus.SUCCEEDED, 100_00))
    failed.fail("no")
    declined = request_refund(payment)
    declined.decline("Нет", operator)
    db.session.flush()
    requested = request_refund(payment)
    assert set(Refund.unfinished()) == {sending.id, requested.id}


def test_sending_leaves_a_job(payment: Payment) -> None:
    refund = send_refund(payment, 100_00)
    [job] = waiting_jobs(JobKind.REFUND)
    assert job.subject_id == refund.id
    assert job.due_at <= clock.now()
