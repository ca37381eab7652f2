"""Both providers keep one contract: YooKassa's SDK against its API on this machine, and the bank of the demo."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest
from gateway_orders import ANNA, ORDER, send_refund
from yookassa_stub import YooKassaStub

from ibolit.services import clock
from ibolit.services.payments import Gateway, GatewayRefused, GatewayStatus, ReceiptItem, RefusalReason, WebhookEvent
from ibolit.services.payments.demo import DemoBank
from ibolit.services.payments.yookassa import Shop, YooKassa


class Payer(Protocol):
    def pay(self, payment_id: str) -> None: ...
    def decline(self, payment_id: str) -> None: ...


@dataclass
class House:
    """A gateway and who decides on its page."""

    gateway: Gateway
    payer: Payer


@pytest.fixture
def yookassa() -> Iterator[YooKassaStub]:
    with YooKassaStub() as stub:
        yield stub


def yookassa_house(_folder: Path, stub: YooKassaStub, **shop: object) -> House:
    return House(YooKassa(replace(Shop(stub.shop_id, stub.secret_key, stub.url), **shop)), stub)


def demo_house(folder: Path, _stub: YooKassaStub, **shop: str) -> House:
    bank = DemoBank(folder, **shop)
    return House(bank, bank)


HOUSES = {"yookassa": yookassa_house, "demo": demo_house}


@pytest.fixture(params=HOUSES)
def open_house(request: pytest.FixtureRequest, tmp_path: Path, yookassa: YooKassaStub) -> Callable[..., House]:
    return lambda **shop: HOUSES[request.param](tmp_path, yookassa, **shop)


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


@pytest.fixture
def gateway(house: House) -> Gateway:
    return house.gateway


@pytest.fixture
def paid(house: House) -> str:
    """The id of a payment of 1500 ₽ that succeeded."""
    made = house.gateway.create(ORDER)
    house.payer.pay(made.id)
    return made.id


def refused(reason: str):
    return pytest.raises(GatewayRefused, match=f"^{reason}$")


def test_created_payment_waits_on_a_page(gateway: Gateway) -> None:
    made = gateway.create(ORDER)
    assert made.id in made.page
    assert (made.status, made.amount, made.currency, made.number) == (GatewayStatus.WAITING, 150_000, "RUB", 7)
    assert (made.refunded, made.reason, made.is_test) == (0, "", True)
    assert gateway.find(made.id) == made


def test_same_key_is_the_same_payment(house: House) -> None:
    made = house.gateway.create(ORDER)
    assert house.gateway.create(ORDER) == made
    house.payer.pay(made.id)
    assert house.gateway.create(ORDER).status is GatewayStatus.SUCCEEDED
    assert house.gateway.create(replace(ORDER, key="another")).id != made.id


def test_same_key_pressed_at_once_is_one_payment(gateway: Gateway) -> None:
    with ThreadPoolExecutor(6) as presses:
        assert len({made.id for made in presses.map(gateway.create, [ORDER] * 6)}) == 1


def test_same_key_for_something_else_is_refused(gateway: Gateway, paid: str) -> None:
    with refused(RefusalReason.KEY_REUSED):
        gateway.create(replace(ORDER, title="Другое"))
    send_refund(gateway, paid, 100, "back")
    with refused(RefusalReason.KEY_REUSED):
        send_refund(gateway, paid, 200, "back")


def test_payment_succeeds_when_the_payer_pays(house: House) -> None:
    made = house.gateway.create(ORDER)
    house.payer.pay(made.id)
    found = house.gateway.find(made.id)
    assert (found.status, found.amount, found.currency, found.number) == (GatewayStatus.SUCCEEDED, 150_000, "RUB", 7)
    assert (found.page, found.reason, found.refunded) == ("", "", 0)


def test_payer_is_declined_with_a_reason(house: House) -> None:
    made = house.gateway.create(ORDER)
    house.payer.decline(made.id)
    found = house.gateway.find(made.id)
    assert (found.status, found.reason, found.page) == (GatewayStatus.CANCELLED, "general_decline", "")


def test_decided_payment_stays_decided(house: House) -> None:
    first, second = house.gateway.create(ORDER), house.gateway.create(replace(ORDER, key="second"))
    house.payer.pay(first.id)
    house.payer.decline(first.id)
    house.payer.decline(second.id)
    house.payer.pay(second.id)
    assert house.gateway.find(first.id).status is GatewayStatus.SUCCEEDED
    assert house.gateway.find(second.id).status is GatewayStatus.CANCELLED
    assert len(house.gateway.list_receipts(first.id)) == 1


def test_partial_refund_and_the_remainder(gateway: Gateway, paid: str) -> None:
    part = send_refund(gateway, paid, 50_001, "part")
    assert (part.status, part.amount, part.key) == (GatewayStatus.SUCCEEDED, 50_001, "part")
    assert send_refund(gateway, paid, 50_001, "part") == part == gateway.find_refund(part.id)
    assert gateway.find(paid).refunded == 50_001
    rest = send_refund(gateway, paid, 99_999, "rest")
    found = gateway.find(paid)
    assert (found.status, found.amount, found.refunded) == (GatewayStatus.SUCCEEDED, 150_000, 150_000)
    assert gateway.list_refunds(paid) == [part, rest]


def test_refund_over_what_was_paid_is_refused(gateway: Gateway, paid: str) -> None:
    with refused(RefusalReason.INVALID_REQUEST):
        send_refund(gateway, paid, 150_001, "all and more")
    send_refund(gateway, paid, 100_000, "part")
    with refused(RefusalReason.INVALID_REQUEST):
        send_refund(gateway, paid, 50_001, "rest and more")
    assert gateway.find(paid).refunded == 100_000


def test_refused_refund_may_be_corrected_with_its_key(gateway: Gateway, paid: str) -> None:
    with refused(RefusalReason.INVALID_REQUEST):
        send_refund(gateway, paid, 150_001, "back")
    assert send_refund(gateway, paid, 150_000, "back").status is GatewayStatus.SUCCEEDED


def test_unpaid_payment_is_not_refunded(house: House) -> None:
    made = house.gateway.create(ORDER)
    with refused(RefusalReason.INVALID_REQUEST):
        send_refund(house.gateway, made.id, 100, "back")
    house.payer.decline(made.id)
    with refused(RefusalReason.INVALID_REQUEST):
        send_refund(house.gateway, made.id, 100, "again")


@pytest.mark.parametrize("amount", [0, -100])
def test_zero_amount_is_refused(gateway: Gateway, paid: str, amount: int) -> None:
    items = [ReceiptItem("Ничего", amount)]
    with refused(RefusalReason.INVALID_REQUEST):
        gateway.create(replace(ORDER, key="nothing", amount=amount, items=items))
    with refused(RefusalReason.INVALID_REQUEST):
        gateway.refund(paid, amount, "nothing", ANNA, items)


def test_receipt_items_must_add_up(gateway: Gateway, paid: str) -> None:
    with refused(RefusalReason.INVALID_REQUEST):
        gateway.create(replace(ORDER, key="odd", items=[ReceiptItem("Неделя", 149_999)]))
    with refused(RefusalReason.INVALID_REQUEST):
        gateway.refund(paid, 100, "odd", ANNA, [ReceiptItem("Неделя", 99)])
    with refused(RefusalReason.INVALID_REQUEST):
        gateway.create_closing_receipt(paid, 150_000, "odd", ANNA, [ReceiptItem("Неделя", 100)])


def test_payment_refund_and_service_have_their_receipts(gateway: Gateway, paid: str) -> None:
    back = send_refund(gateway, paid, 50_000, "part")
    closing = gateway.create_closing_receipt(paid, 100_000, "closing", ANNA, [ReceiptItem("Неделя общения", 100_000)])
    assert (
        gateway.create_closing_receipt(paid, 100_000, "closing", ANNA, [ReceiptItem("Неделя общения", 100_000)])
        == closing
    )
    receipts = gateway.list_receipts(paid)
    assert [(one.refund_id, one.is_closing) for one in receipts] == [("", False), (back.id, False), ("", True)]
    assert receipts[-1] == closing
    for one in receipts:
        assert one.status is GatewayStatus.SUCCEEDED
        assert all((one.storage, one.document, one.sign))
        assert one.registered_at is not None
        assert one.registered_at.utcoffset() == timedelta()
    assert len({one.id for one in receipts}) == 3


def test_unpaid_payment_has_no_closing_receipt(gateway: Gateway) -> None:
    made = gateway.create(ORDER)
    with refused(RefusalReason.INVALID_REQUEST):
        gateway.create_closing_receipt(made.id, 150_000, "closing", ANNA, ORDER.items)
    assert gateway.list_receipts(made.id) == []


def test_full_payment_needs_no_closing_receipt(open_house: Callable[..., House]) -> None:
    house = open_house(receipt_mode="full_payment")
    made = house.gateway.create(ORDER)
    house.payer.pay(made.id)
    with refused(RefusalReason.CLOSING_NOT_DUE):
        house.gateway.create_closing_receipt(made.id, 150_000, "closing", ANNA, ORDER.items)
    assert len(house.gateway.list_receipts(made.id)) == 1


def test_lost_payment_is_found_by_its_order_number(house: House) -> None:
    since = clock.now()
    for number in range(1, 6):
        house.gateway.create(replace(ORDER, number=number, key=f"key-{number}"))
    lost = house.gateway.create(ORDER)
    house.payer.pay(lost.id)
    assert house.gateway.find_by_order(7, since) == house.gateway.find(lost.id)
    assert house.gateway.find_by_order(77, since) is None
    assert house.gateway.find_by_order(7, clock.now() + timedelta(hours=1)) is None


@pytest.mark.parametrize("unknown", ["2c2f5e5a-000f-5000-8000-1c5b7c5d9e0f", "nothing", "../refunds", "a/b", "", "я"])
def test_unknown_payment_is_refused(gateway: Gateway, unknown: str) -> None:
    with refused(RefusalReason.NOT_FOUND):
        gateway.find(unknown)
    with refused(RefusalReason.NOT_FOUND):
        gateway.find_refund(unknown)
    with pytest.raises(GatewayRefused):
        send_refund(gateway, unknown, 100, "back")
    with pytest.raises(GatewayRefused):
        gateway.create_closing_receipt(unknown, 100, "closing", ANNA, [ReceiptItem("Неделя", 100)])


def test_webhook_names_a_payment(gateway: Gateway) -> None:
    payment = b'{"type": "notification", "event": "payment.succeeded", "object": {"id": "23d93cac", "status": "x"}}'
    refund = b'{"type": "notification", "event": "refund.succeeded", "object": {"id": "1", "payment_id": "23d93cac"}}'
    for body in (payment, refund, payment.replace(b"succeeded", b"canceled")):
        notice = gateway.parse_webhook(body)
        assert notice == WebhookEvent("23d93cac")


def test_webhook_of_another_kind_is_ignored(gateway: Gateway) -> None:
    for event in ("deal.closed", "payout.succeeded", "payment_method.active", "новое"):
        assert gateway.parse_webhook(f'{{"event": "{event}", "object": {{"id": "1"}}}}'.encode()) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"oplata", b"[" * 100_000, b"\xff\xfe", b"[]", b"7", b"{}", b'{"event": 7}',
        b'{"event": "payment.succeeded"}',
        b'{"event": "payment.succeeded", "object": []}', b'{"event": "payment.succeeded", "object": {"id": 7}}',
        b'{"event": "payment.succeeded", "object": {"id": ""}}',
        b'{"event": "payment.succeeded", "object": {"id": "../refunds"}}',
        b'{"event": "refund.succeeded", "object": {"id": "23d93cac"}}',
    ],
)  # fmt: skip
def test_malformed_webhook_raises(gateway: Gateway, body: bytes) -> None:
    with pytest.raises(ValueError, match="no notification"):
        gateway.parse_webhook(body)


# The demo bank's own


@pytest.fixture
def bank(tmp_path: Path) -> DemoBank:
    return DemoBank(tmp_path)


def test_demo_page_is_ours_and_receipts_look_invented(bank: DemoBank) -> None:
    made = bank.create(ORDER)
    assert made.page == f"/demo/bank/{made.id}"
    bank.pay(made.id)
    (receipt,) = bank.list_receipts(made.id)
    assert all(word.startswith("ДЕМО") for word in (receipt.storage, receipt.document, receipt.sign))


def test_demo_bank_remembers(bank: DemoBank, tmp_path: Path) -> None:
    made = bank.create(ORDER)
    bank.pay(made.id)
    assert DemoBank(tmp_path).find(made.id).status is GatewayStatus.SUCCEEDED


@pytest.fixture
def clock_moves() -> Iterator[None]:
    yield
    clock.shift(0)


@pytest.mark.usefixtures("clock_moves")
def test_demo_bill_waits_an_hour(bank: DemoBank) -> None:
    made = bank.create(ORDER)
    clock.shift(59 * 60)
    assert bank.find(made.id).status is GatewayStatus.WAITING
    clock.shift(61 * 60)
    bank.pay(made.id)
    found = bank.find(made.id)
    assert (found.status, found.reason) == (GatewayStatus.CANCELLED, "expired_on_confirmation")


def press(folder: Path, number: int) -> str:
    """In a process of its own."""
    bank = DemoBank(folder)
    made = bank.create(replace(ORDER, number=number, key=f"key-{number}")).id
    bank.pay(made)
    send_refund(bank, made, 100, f"back-{number}")
    return bank.create(replace(ORDER, key="the same")).id


def test_demo_bank_serves_processes_and_threads_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as processes, ThreadPoolExecutor(4) as threads:
        far = processes.starmap_async(press, [(tmp_path, number) for number in range(10, 16)])
        near = list(threads.map(press, [tmp_path] * 6, range(20, 26)))
        assert len({*near, *far.get(60)}) == 1
    bank = DemoBank(tmp_path)
    since = clock.now() - timedelta(minutes=10)
    for number in (*range(10, 16), *range(20, 26)):
        found = bank.find_by_order(number, since)
        assert found is not None
        assert (found.status, found.refunded) == (GatewayStatus.SUCCEEDED, 100)


def test_refused_operation_leaves_nothing(bank: DemoBank) -> None:
    made = bank.create(ORDER)
    bank.pay(made.id)
    with refused(RefusalReason.INVALID_REQUEST):
        send_refund(bank, made.id, 150_001, "back")
    assert bank.list_refunds(made.id) == []
    assert len(bank.list_receipts(made.id)) == 1
