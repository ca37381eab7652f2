"""The stub answers as YooKassa's public description says: each field known, needed ones there, each of its shape.

Taken from the reference of the API (objects Payment, Refund, Receipt and Error), not from our code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from orders import ORDER, give_back
from yookassa_stub import Json, YooKassaStub

from ibolit.services.payments.yookassa import Shop, YooKassa

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"
SUM = {"value": r"\d+\.\d\d", "currency": r"[A-Z]{3}"}
DONE = r"pending|succeeded|canceled"
WHY = {"party": r"yoo_money|payment_network|merchant|refund_network", "reason": r"[a-z0-9_]+"}
CARD = {"first6?": r"\d{6}", "last4": r"\d{4}", "expiry_month": r"\d\d", "expiry_year": r"\d{4}", "card_type": r"\w+"}

# A mark of interrogation: not always there.
PAYMENT = {
    "id": ID, "status": r"pending|waiting_for_capture|succeeded|canceled", "paid": bool, "amount": SUM,
    "created_at": MOMENT, "description?": r".{1,128}", "metadata?": dict, "refundable": bool, "test": bool,
    "recipient": {"account_id": r"\d+", "gateway_id": r"\d+"}, "receipt_registration?": DONE,
    "confirmation?": {"type": "redirect", "return_url?": r"https?://.+", "confirmation_url": r"https?://.+"},
    "captured_at?": MOMENT, "income_amount?": SUM, "refunded_amount?": SUM, "cancellation_details?": WHY,
    "authorization_details?": {"rrn?": r"\d+", "auth_code?": r"\d+", "three_d_secure": {"applied": bool}},
    "payment_method?": {"type": r"\w+", "id": ID, "saved": bool, "status?": r"pending|active|inactive",
                        "title?": r".+", "card?": CARD, "account_number?": r"\d+", "sbp_operation_id?": r"\w+"},
}  # fmt: skip
REFUND = {
    "id": ID, "payment_id": ID, "status": DONE, "amount": SUM, "created_at": MOMENT, "metadata?": dict,
    "receipt_registration?": DONE, "cancellation_details?": WHY, "description?": r".{1,250}",
}  # fmt: skip
RECEIPT = {
    "id": rf"rt-{ID}", "type": "payment|refund", "payment_id?": ID, "refund_id?": ID, "status": DONE,
    "fiscal_document_number?": r"\d+", "fiscal_storage_number?": r"\d{16}", "fiscal_attribute?": r"\d+",
    "registered_at?": MOMENT, "fiscal_provider_id?": r".+", "items": list, "settlements?": list, "internet?": bool,
    "tax_system_code?": int,
}  # fmt: skip
ERROR = {"type": "error", "id": ID, "code": r"[a-z_]+", "description": r".+", "parameter?": r"[\w.-]+"}


def differences(thing: Any, described: Any, where: str = "") -> Iterator[str]:
    if isinstance(described, dict):
        needed = {name: shape for name, shape in described.items() if not name.endswith("?")}
        known = {name.removesuffix("?"): shape for name, shape in described.items()}
        yield from (f"{where}{name} is missing" for name in needed.keys() - thing.keys())
        yield from (f"{where}{name} is not described" for name in thing.keys() - known.keys())
        for name in thing.keys() & known.keys():
            yield from differences(thing[name], known[name], f"{where}{name}.")
    elif isinstance(described, str):
        if not isinstance(thing, str) or not re.fullmatch(described, thing):
            yield f"{where}: {thing!r}"
    elif type(thing) is not described:
        yield f"{where}: {thing!r}"


@pytest.fixture
def yookassa() -> Iterator[YooKassaStub]:
    with YooKassaStub() as stub:
        yield stub


def told(yookassa: YooKassaStub, path: str) -> Json:
    """As it stands on the wire."""
    answer = requests.get(yookassa.url + path, auth=(yookassa.shop_id, yookassa.secret_key), timeout=10)
    said: Json = answer.json()
    return said


def test_every_answer_is_as_described(yookassa: YooKassaStub) -> None:
    gateway = YooKassa(Shop(yookassa.shop_id, yookassa.secret_key, yookassa.url))
    ids = [gateway.create(ORDER).id]
    yookassa.advance(hours=25)
    ids += [gateway.create(ORDER).id]
    assert list(differences(told(yookassa, f"/payments/{ids[0]}"), PAYMENT)) == []
    yookassa.pay(ids[0], method="sbp")
    yookassa.decline(ids[1])
    yookassa.receipts_wait = True
    give_back(gateway, ids[0], 100)
    yookassa.refund_by_hand(ids[0], "5.00")
    yookassa.refunds_fail = "insufficient_funds"
    give_back(gateway, ids[0], 200, "another")
    for path, described in (("/payments", PAYMENT), ("/refunds", REFUND), ("/receipts", RECEIPT)):
        page = told(yookassa, path)
        assert (page["type"], len(page["items"]) >= 2) == ("list", True)
        for thing in page["items"]:
            assert list(differences(thing, described)) == [], path
            assert list(differences(told(yookassa, f"{path}/{thing['id']}"), described)) == []


def test_errors_are_as_described(yookassa: YooKassaStub) -> None:
    assert list(differences(told(yookassa, "/payments/unknown"), ERROR)) == []
    answer = requests.get(yookassa.url + "/payments", auth=("100500", "wrong"), timeout=10)
    assert answer.status_code == 401
    assert list(differences(answer.json(), ERROR)) == []
