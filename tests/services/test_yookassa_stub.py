"""The stub answers as YooKassa's public description says: each field known, needed ones there, each of its kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import yookassa_stub
from gateway_orders import ORDER, send_refund
from yookassa_reference import (
    ERROR,
    EVENTS,
    METHOD_OF,
    PAYMENT,
    RECEIPT,
    REFUND,
    Described,
    said_in_words,
)
from yookassa_stub import Json, Wrong, YooKassaStub

from ibolit.services.payments import ReceiptItem
from ibolit.services.payments.yookassa import Shop, YooKassa


def differences(thing: Any, described: Any, where: str = "") -> Iterator[str]:
    if described is METHOD_OF:
        described = METHOD_OF[thing["type"]]
    if isinstance(described, dict):
        yield from _of_an_object(thing, described, where)
    elif isinstance(described, list):
        for place, one in enumerate(thing):
            yield from differences(one, described[0], f"{where}{place}.")
    elif isinstance(described, str):
        if not isinstance(thing, str) or not re.fullmatch(described, thing):
            yield f"{where}: {thing!r}"
    elif isinstance(described, range):
        if type(thing) is not int or thing not in described:
            yield f"{where}: {thing!r}"
    elif isinstance(thing, bool) is not (described is bool) or not isinstance(thing, described):
        yield f"{where}: {thing!r}"


def _of_an_object(thing: Any, described: Described, where: str) -> Iterator[str]:
    needed = {name for name in described if not name.endswith("?") and name != "*"}
    known = {name.removesuffix("?"): kind for name, kind in described.items()}
    yield from (f"{where}{name} is missing" for name in needed - thing.keys())
    for name, value in thing.items():
        kind = known.get(name, known.get("*"))
        if kind is None:
            yield f"{where}{name} is not described"
        else:
            yield from differences(value, kind, f"{where}{name}.")


@pytest.fixture
def yookassa() -> Iterator[YooKassaStub]:
    with YooKassaStub() as stub:
        yield stub


def told(yookassa: YooKassaStub, path: str) -> Json:
    """As it stands on the wire."""
    answer = requests.get(yookassa.url + path, auth=(yookassa.shop_id, yookassa.secret_key), timeout=10)
    said: Json = answer.json()
    return said


def check(thing: Json, described: Described) -> None:
    assert list(differences(thing, described)) == []
    assert [words for words, holds in said_in_words(thing).items() if not holds] == []


def check_all(yookassa: YooKassaStub) -> None:
    for path, described in (("/payments", PAYMENT), ("/refunds", REFUND), ("/receipts", RECEIPT)):
        page = told(yookassa, f"{path}?limit=100")
        assert page.keys() <= {"type", "items", "next_cursor"}
        assert page["type"] == "list"
        for thing in page["items"]:
            check(thing, described)
            assert told(yookassa, f"{path}/{thing['id']}") == thing
    for notice in yookassa.notices:
        body = json.loads(notice.body)
        assert body.keys() == {"type", "event", "object"}
        assert body["type"] == "notification"
        assert re.fullmatch(EVENTS, body["event"])
        check(body["object"], PAYMENT if body["event"].startswith("payment") else REFUND)


@pytest.mark.parametrize("method", yookassa_stub.METHODS)
def test_every_answer_is_as_described(yookassa: YooKassaStub, method: str) -> None:
    gateway = YooKassa(Shop(yookassa.shop_id, yookassa.secret_key, yookassa.url, tax_system_code=2))
    ids = []
    for _ in range(3):
        ids.append(gateway.create(ORDER).id)
        yookassa.advance(hours=25)
    check_all(yookassa)
    yookassa.pay(ids[0], method=method)
    yookassa.decline(ids[1], method=method)
    yookassa.expire(ids[2])
    check_all(yookassa)
    yookassa.receipts_wait = True
    send_refund(gateway, ids[0], 100)
    yookassa.refund_by_hand(ids[0], "5.00")
    check_all(yookassa)
    yookassa.fail_receipts()
    check_all(yookassa)
    yookassa.receipts_wait, yookassa.refunds_wait = False, True
    send_refund(gateway, ids[0], 300, "waits")
    check_all(yookassa)
    yookassa.refunds_wait, yookassa.refunds_fail = False, "insufficient_funds"
    send_refund(gateway, ids[0], 200, "another")
    gateway.create_closing_receipt(ids[0], 1400_00, "closing", ORDER.customer, [ReceiptItem("Неделя общения", 1400_00)])
    check_all(yookassa)
    seen = {one["status"] for one in (*yookassa.payments.values(), *yookassa.refunds.values())}
    assert seen == {"succeeded", "canceled", "pending"}
    assert {one["type"] for one in yookassa.receipts.values()} == {"payment", "refund"}


def test_errors_are_as_described(yookassa: YooKassaStub) -> None:
    assert list(differences(told(yookassa, "/payments/unknown"), ERROR)) == []
    answer = requests.get(yookassa.url + "/payments", auth=("100500", "wrong"), timeout=10)
    assert answer.status_code == 401
    assert list(differences(answer.json(), ERROR)) == []
    for word in ("500", "429", "401", "403", "410"):
        fault = yookassa_stub.Fault.named(word)
        assert list(differences(json.loads(fault.body), ERROR)) == []
    assert list(differences(Wrong(400, "invalid_request", "Wrong", "receipt.customer").body, ERROR)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", "paid"), ("paid", 1), ("test", None), ("amount.value", 5), ("amount.currency", "руб"),
        ("payment_method.status", yookassa_stub.DROPPED), ("payment_method.card.card_type", "МИР"), ("odd", "x"),
        ("refunded_amount", {"value": "0.00", "currency": "RUB"}), ("confirmation", {}),
    ],
)  # fmt: skip
def test_what_differs_is_found(yookassa: YooKassaStub, path: str, value: Any) -> None:
    gateway = YooKassa(Shop(yookassa.shop_id, yookassa.secret_key, yookassa.url))
    id = gateway.create(ORDER).id
    yookassa.pay(id)
    check(told(yookassa, f"/payments/{id}"), PAYMENT)
    yookassa.distort(id, path, value)
    with pytest.raises(AssertionError):
        check(told(yookassa, f"/payments/{id}"), PAYMENT)
