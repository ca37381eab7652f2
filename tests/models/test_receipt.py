"""Fiscal receipts: recorded once each, and how many there should be."""

from __future__ import annotations

import pytest
from factories import later
from payment_steps import buy, waiting_jobs

from ibolit.extensions import db
from ibolit.models import Chat, JobKind, Receipt, RefundReason
from ibolit.services import clock
from ibolit.services.payments import GatewayStatus, ProviderReceipt, ProviderRefund

pytestmark = pytest.mark.usefixtures("clinic")


def test_receipts_are_recorded_once_each(chat: Chat) -> None:
    payment = buy(chat)
    told = [ProviderReceipt("rt-1", GatewayStatus.WAITING)]
    assert not Receipt.record(payment, told)
    db.session.commit()
    told = [ProviderReceipt("rt-1", GatewayStatus.SUCCEEDED, "9288", "3986", "2617", clock.now())]
    assert Receipt.record(payment, told)
    db.session.commit()
    [receipt] = db.session.scalars(db.select(Receipt))
    assert (receipt.storage, receipt.document, receipt.sign) == ("9288", "3986", "2617")
    assert not Receipt.record(payment, [])


def test_how_many_receipts_are_due(chat: Chat) -> None:
    payment = buy(chat)
    assert payment.expected_receipts(closing=True) == 1
    refund = payment.refund(500_00, RefundReason.OPERATOR)
    assert payment.expected_receipts(closing=True) == 1
    refund.settle(ProviderRefund("rf-1", GatewayStatus.SUCCEEDED, refund.amount))
    assert payment.expected_receipts(closing=True) == 2
    later(days=33)
    assert payment.expected_receipts(closing=True) == 3
    assert payment.expected_receipts(closing=False) == 2


def test_closing_receipt_is_due_when_the_bought_time_ends(chat: Chat) -> None:
    payment = buy(chat)
    [job] = waiting_jobs(JobKind.CLOSING_RECEIPT)
    assert (job.subject_id, job.due_at) == (payment.id, payment.opened_until)
