"""Money in the same second: pressed, settled and given back by many, done once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from browser import Browser
from factories import add_tariff, later, make_user
from flask import Flask
from payment_steps import answer, begin, buy, request_refund, settle
from yookassa_stub import YooKassaStub

from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    Chat,
    Job,
    JobKind,
    Message,
    Payment,
    PaymentState,
    Refund,
    RefundReason,
    RefundState,
    Role,
    Tariff,
    User,
)
from ibolit.services import Services
from ibolit.services.payments import GatewayStatus
from ibolit.services.payments.yookassa import Shop, YooKassa
from ibolit.web.checkout import create_at_provider

from .crowd import at_once, outcomes


@pytest.fixture
def operators(clinic: Flask) -> list[int]:
    return [make_user(f"Операторова {name}", Role.OPERATOR).id for name in ("Ольга", "Нина")]


def fresh(payment_id: int) -> Payment:
    return db.session.get_one(Payment, payment_id)


def test_ten_checkouts_are_one_payment(clinic: Flask, chat: Chat) -> None:
    chat_id, tariff_id = chat.id, chat.doctor.tariffs[0].id

    def press(_number: int) -> int:
        chat = db.session.get_one(Chat, chat_id)
        payment = Payment.start_for_tariff(chat, db.session.get_one(Tariff, tariff_id), chat.patient)
        db.session.commit()
        return payment.id

    assert len(set(at_once(clinic, 10, press))) == 1
    assert len(db.session.scalars(db.select(Payment)).all()) == 1
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.PAYMENT)).all()) == 1


def test_ten_devices_press_through_the_door_and_the_provider_makes_one(
    clinic: Flask, services: Services, chat: Chat, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tariff_id, url = chat.doctor.tariffs[0].id, f"/chats/{chat.id}/payments"
    browsers = [Browser(clinic, patient) for _ in range(8)]
    tokens = [{"X-CSRFToken": browser.token()} for browser in browsers]
    with YooKassaStub() as stub:
        monkeypatch.setattr(services, "payments", YooKassa(Shop(stub.shop_id, stub.secret_key, stub.url)))

        def press(number: int) -> tuple[int, str | None]:
            answer = browsers[number].open(url, method="POST", data={"tariff_id": tariff_id}, headers=tokens[number])
            return answer.status_code, answer.location

        assert len(set(at_once(clinic, 8, press))) == 1
        assert len(stub.payments) == 1
    [payment] = db.session.scalars(db.select(Payment))
    assert payment.state is PaymentState.WAITING
    assert payment.provider_id in stub.payments


def test_payment_settled_by_ten_at_once_is_applied_once(clinic: Flask, chat: Chat) -> None:
    payment = settle(begin(chat), GatewayStatus.WAITING)
    id, end, said = payment.id, chat.open_until, answer(payment)

    def hear(_number: int) -> None:
        fresh(id).settle(said)

    assert outcomes(clinic, 10, hear) == {"done": 10}
    assert end is not None
    assert fresh(id).chat.open_until == end + timedelta(days=30)
    notes = db.session.scalars(db.select(Message).where(Message.author_id.is_(None))).all()
    assert len(notes) == 1
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.CLOSING_RECEIPT)).all()) == 1


def test_page_notification_worker_and_sweep_meet(
    clinic: Flask, services: Services, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sides of the truth at once, each through its own door."""
    payment = begin(chat)
    id, end = payment.id, chat.open_until
    with YooKassaStub() as stub:
        monkeypatch.setattr(services, "payments", YooKassa(Shop(stub.shop_id, stub.secret_key, stub.url)))
        create_at_provider(payment)
        provider_id = payment.provider_id or ""
        Job.ensure(JobKind.PAYMENTS_SWEEP)
        db.session.commit()
        stub.pay(provider_id)
        later(minutes=5)

        def look(number: int) -> object:
            if number % 3 == 0:
                return expedite_payment(provider_id)
            if number % 3 == 1:
                return run_due()
            mine = fresh(id)
            db.session.commit()
            return mine.settle(mine.ask(services.payments, ""))  # type: ignore[arg-type]

        assert outcomes(clinic, 9, look) == {"done": 9}
        run_due()
    assert end is not None
    assert fresh(id).chat.open_until == end + timedelta(days=30)
    assert len(db.session.scalars(db.select(Message).where(Message.author_id.is_(None))).all()) == 1


def test_two_tariffs_paid_at_once_both_apply(clinic: Flask, chat: Chat) -> None:
    week = add_tariff(chat.doctor, title="Неделя", days=7, price=700_00)
    payments = [settle(begin(chat), GatewayStatus.WAITING), settle(begin(chat, week), GatewayStatus.WAITING)]
    ids, said, end = [one.id for one in payments], [answer(one) for one in payments], chat.open_until
    at_once(clinic, 2, lambda n: (fresh(ids[n]).settle(said[n]), db.session.commit()))
    assert end is not None
    assert fresh(ids[0]).chat.open_until == end + timedelta(days=37)


def test_payment_while_the_patient_writes(clinic: Flask, chat: Chat, patient: User) -> None:
    payment = settle(begin(chat), GatewayStatus.WAITING)
    id, chat_id, patient_id, said = payment.id, chat.id, patient.id, answer(payment)

    def act(number: int) -> None:
        if number == 0:
            fresh(id).settle(said)
        else:
            mine = db.session.get_one(Chat, chat_id)
            mine.post(db.session.get_one(User, patient_id), str(number), f"writer-{number:04}")

    assert outcomes(clinic, 6, act) == {"done": 6}
    assert [one.seq for one in Message.page_of(db.session.get_one(Chat, chat_id))] == [1, 2, 3, 4, 5, 6]


def test_two_approvals_are_one_refund(clinic: Flask, chat: Chat, operators: list[int]) -> None:
    refund = request_refund(buy(chat))
    id, payment_id = refund.id, refund.payment_id

    def say_yes(number: int) -> bool:
        mine = db.session.get_one(Refund, id)
        decided = mine.approve(None, "", db.session.get_one(User, operators[number % 2]))
        db.session.commit()
        return decided

    assert Counter(at_once(clinic, 6, say_yes)) == {True: 1, False: 5}
    payment = fresh(payment_id)
    assert (payment.refunded, payment.refundable, payment.withdrawn_days) == (payment.amount, 0, 30)
    due_now = db.session.scalars(
        db.select(Job).where(Job.kind == JobKind.REFUND, Job.due_at == refund.created_at)
    ).all()
    assert len(due_now) <= 1


def test_approval_and_decline_at_once_are_one_decision(clinic: Flask, chat: Chat, operators: list[int]) -> None:
    refund = request_refund(buy(chat))
    id, payment_id = refund.id, refund.payment_id

    def decide(number: int) -> bool:
        mine, operator = db.session.get_one(Refund, id), db.session.get_one(User, operators[number])
        decided = mine.approve(None, "", operator) if number else mine.decline("Нет", operator)
        db.session.commit()
        return decided

    assert sorted(at_once(clinic, 2, decide)) == [False, True]
    refund, payment = db.session.get_one(Refund, id), fresh(payment_id)
    assert refund.state in (RefundState.SENDING, RefundState.DECLINED)
    assert payment.refunded == (payment.amount if refund.state is RefundState.SENDING else 0)


def test_refunds_at_once_are_at_most_what_was_paid(clinic: Flask, chat: Chat) -> None:
    id = buy(chat).id

    def give(_number: int) -> object:
        return fresh(id).refund(1000_00, RefundReason.OPERATOR)

    assert outcomes(clinic, 6, give) == {"done": 2, "RefundTooLarge": 4}
    assert fresh(id).refundable == 500_00


def test_refund_requested_by_many_taps_is_one_request(clinic: Flask, chat: Chat) -> None:
    id = buy(chat).id
    assert outcomes(clinic, 6, lambda _: fresh(id).request_refund(RefundReason.REQUESTED_BY_PAYER)) == {"done": 6}
    assert len(db.session.scalars(db.select(Refund)).all()) == 1


def test_two_workers_send_one_refund(
    clinic: Flask, services: Services, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = begin(chat)
    id = payment.id
    with YooKassaStub() as stub:
        monkeypatch.setattr(services, "payments", YooKassa(Shop(stub.shop_id, stub.secret_key, stub.url)))
        create_at_provider(payment)
        stub.pay(payment.provider_id or "")
        later(minutes=5)
        run_due()
        refund = fresh(id).refund(1000_00, RefundReason.OPERATOR)
        Job.add(JobKind.REFUND, refund.id)  # a second job for the same, as the sweep might make
        db.session.commit()
        at_once(clinic, 4, lambda _: run_due())
        assert len(stub.refunds) == 1
    [refund] = db.session.scalars(db.select(Refund))
    assert refund.state is RefundState.SUCCEEDED
