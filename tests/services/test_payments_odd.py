"""Answers nobody expected: a field more, less, empty or of another kind never hides what somebody paid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gateway_orders import ORDER, send_refund
from yookassa_stub import DROPPED, Json, YooKassaStub

from ibolit.services import clock
from ibolit.services.payments import GatewayResponseUnreadable, GatewayStatus, ProviderPayment
from ibolit.services.payments.yookassa import Shop, YooKassa

ODD: list[Any] = [DROPPED, None, "", "?", "***", 7, -1.5, True, [], [None], {}, {"a": None}, "Ю" * 300]
NEEDED = ("id", "status", "amount")  # without these an answer says nothing


@pytest.fixture
def yookassa() -> Iterator[YooKassaStub]:
    with YooKassaStub() as stub:
        yield stub


@pytest.fixture
def gateway(yookassa: YooKassaStub) -> YooKassa:
    return YooKassa(Shop(yookassa.shop_id, yookassa.secret_key, yookassa.url))


def paths_of(thing: Json, before: str = "") -> Iterator[str]:
    for name, value in thing.items():
        yield before + name
        if isinstance(value, dict):
            yield from paths_of(value, f"{before}{name}.")


def odd_ones(yookassa: YooKassaStub, thing: Json) -> Iterator[tuple[str, Any]]:
    """Each field of it, each oddity, one at a time."""
    for path in list(paths_of(json.loads(json.dumps(thing)))):
        for value in ODD:
            yookassa.distort(thing["id"], path, value)
            yield path, value
            yookassa.straighten()


def needs(path: str) -> bool:
    return path.split(".")[0] in NEEDED


def test_odd_field_hides_no_payment(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    """Read from the payment, and found among others by our number."""
    since = clock.now()
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    send_refund(gateway, made.id, 500_00)
    for path, value in odd_ones(yookassa, yookassa.payments[made.id]):
        for ask in (lambda: gateway.find(made.id), lambda: gateway.find_by_order(ORDER.number, since)):
            try:
                found = ask()
            except GatewayResponseUnreadable:
                assert needs(path), f"{path} = {value}"
            else:
                assert found is not None, f"{path} = {value}"
                assert (found.id, found.status, found.currency) == (made.id, GatewayStatus.SUCCEEDED, "RUB")
                assert found.amount == 1500_00 or (path, found.amount) == ("amount.value", value * 100)
                assert found.refunded in (500_00, None) or path.startswith("refunded_amount")
                assert found.number in (7, None)


def test_odd_field_of_a_waiting_one_keeps_its_page(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    made = gateway.create(ORDER)
    for path, value in odd_ones(yookassa, yookassa.payments[made.id]):
        try:
            found = gateway.find(made.id)
        except GatewayResponseUnreadable:
            assert needs(path), f"{path} = {value}"
        else:
            assert found.page == made.page or path.startswith("confirmation")


def test_odd_field_hides_no_refund(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    refund = send_refund(gateway, made.id, 500_00)
    for path, value in odd_ones(yookassa, yookassa.refunds[refund.id]):
        for ask in (lambda: gateway.find_refund(refund.id), lambda: gateway.list_refunds(made.id)[0]):
            try:
                found = ask()
            except GatewayResponseUnreadable:
                assert needs(path), f"{path} = {value}"
            else:
                assert (found.id, found.status) == (refund.id, GatewayStatus.SUCCEEDED)
                assert found.amount == 500_00 or (path, found.amount) == ("amount.value", value * 100)
                assert found.key in ("back", "") or path.startswith("metadata")


def test_odd_field_of_a_receipt_is_not_shown(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    [receipt] = yookassa.receipts.values()
    for path, value in odd_ones(yookassa, receipt):
        found = gateway.list_receipts(made.id)
        assert [one.id for one in found] == [receipt["id"]] or path == "id", f"{path} = {value}"


REAL: dict[str, Callable[[Json], object]] = {
    "masked phone": lambda one: one["payment_method"].update(phone="7916***4567", type="sberbank"),
    "no country": lambda one: one["payment_method"]["card"].update(issuer_country=None),
    "eight digits": lambda one: one["payment_method"]["card"].update(first6="55555544"),
    "a card of no year": lambda one: one["payment_method"]["card"].update(expiry_year=None, card_type="Martian"),
    "a new way": lambda one: one.update(payment_method={"type": "telepathy"}),
    "a receipt nobody knows": lambda one: one.update(receipt_registration="dreaming"),
    "a recipient without a gateway": lambda one: one.update(recipient={"account_id": 100500}),
}


@pytest.mark.parametrize("oddity", REAL)
def test_what_others_have_met_is_read(yookassa: YooKassaStub, gateway: YooKassa, oddity: str) -> None:
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    REAL[oddity](yookassa.payments[made.id])
    found = gateway.find(made.id)
    assert (found.status, found.amount, found.number) == (GatewayStatus.SUCCEEDED, 1500_00, 7)


def test_same_key_gives_the_same_whatever_is_odd(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    made = gateway.create(ORDER)
    yookassa.distort(made.id, "recipient", None)
    again: ProviderPayment = gateway.create(ORDER)
    assert again == made
