"""A key that did something already: what it did is looked for, and never done twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from payment_steps import begin, buy

from ibolit.extensions import db
from ibolit.models import Chat, Payment, Refund, RefundReason, RefundState
from ibolit.services import Services
from ibolit.services.payments import GatewayRefused, GatewayStatus, ReceiptItem, RefusalReason
from ibolit.services.payments.demo import DemoBank

BACK = "https://clinic.example/back"


@pytest.fixture
def bank(services: Services, tmp_path: Path) -> DemoBank:
    return DemoBank(tmp_path)


def test_payment_made_under_other_settings_is_found(chat: Chat, bank: DemoBank) -> None:
    """The answer was lost, and until the next try the clinic's address had changed."""
    payment = begin(chat)
    made = bank.create(payment.order("https://old.example/back"))
    bank.pay(made.id)
    found = payment.ask(bank, BACK)
    assert found is not None
    assert (found.id, found.status) == (made.id, GatewayStatus.SUCCEEDED)


def test_other_refusals_of_a_payment_are_raised(chat: Chat, bank: DemoBank, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = begin(chat)
    monkeypatch.setattr(bank, "create", lambda _order: refuse(RefusalReason.INVALID_REQUEST))
    with pytest.raises(GatewayRefused):
        payment.ask(bank, BACK)


def refuse(why: RefusalReason) -> None:
    raise GatewayRefused(why)


@pytest.fixture
def refund(chat: Chat, bank: DemoBank) -> Refund:
    payment = begin(chat)
    bank.pay(bank.create(payment.order(BACK)).id)
    found = payment.ask(bank, BACK)
    assert found is not None
    payment.settle(found)
    refund = payment.refund(500_00, RefundReason.OPERATOR, "Проверка")
    db.session.commit()
    assert payment.refunds == [refund]
    return refund


def test_refund_made_with_another_receipt_is_found(refund: Refund, bank: DemoBank) -> None:
    """Two of the same sum: the one with our key is ours."""
    payment = refund.payment
    assert payment.provider_id is not None
    bank.refund(payment.provider_id, 500_00, "somebody-elses", payment.customer, [ReceiptItem("Другое", 500_00)])
    made = bank.refund(payment.provider_id, 500_00, refund.key, payment.customer, [ReceiptItem("Иначе", 500_00)])
    assert refund.ask(bank).id == made.id
    assert len(bank.list_refunds(payment.provider_id)) == 2


def test_refund_that_cannot_be_found_stays_refused(
    refund: Refund, bank: DemoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank, "refund", lambda *_: refuse(RefusalReason.KEY_REUSED))
    with pytest.raises(GatewayRefused):
        refund.ask(bank)


def test_refund_request_ends_when_all_was_refunded_out_of_band(chat: Chat) -> None:
    """Else it would be overdue for ever, with nothing to give."""
    payment = buy(chat)
    wish = payment.request_refund(RefundReason.REQUESTED_BY_PAYER, "Передумала")
    payment.refund(1000_00, RefundReason.OPERATOR)
    assert wish.state is RefundState.REQUESTED
    payment.refund(payment.refundable, RefundReason.OPERATOR)
    assert wish.state is RefundState.SUPERSEDED
    db.session.commit()
    assert db.session.scalars(db.select(Payment.refunded)).one() == payment.paid


def test_provider_finds_a_refund_by_its_key(refund: Refund, bank: DemoBank) -> None:
    assert refund.ask(bank).key == refund.key
