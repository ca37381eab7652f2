"""YooKassa's API on this machine: real shapes, real state, and every way a provider can fail, on demand.

In a test:

    with YooKassaStub() as yookassa:
        gateway = YooKassa(Shop(yookassa.shop_id, yookassa.secret_key, yookassa.url))
        paid = gateway.create(order)
        yookassa.pay(paid.id)                       # the payer has paid; a notification waits in yookassa.notices
        yookassa.break_next("POST /refunds", "drop-after")
        yookassa.deliver(call=lambda body: client.post("/webhooks/yookassa", data=body))

As a process: `python tests/support/yookassa_stub.py --port 9000 --webhook http://127.0.0.1:8000/webhooks/yookassa`,
with YOOKASSA_SHOP_ID=100500, YOOKASSA_SECRET_KEY=test_secret and YOOKASSA_API_URL=http://127.0.0.1:9000/v3 on the
other side. A person (or a browser under test) decides on the confirmation page; a script posts to /control/<verb> with
the arguments as JSON: `curl -d '{"payment_id": "…"}' http://127.0.0.1:9000/control/pay`; GET /control/state shows all.

Nothing here is checked by asking ibolit: what the adapter says is held against YooKassa's documentation, and so are
these answers (yookassa_reference.py).
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import re
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=24)
CARD = {"first6": "555555", "last4": "4444", "expiry_month": "12", "expiry_year": "2030", "card_type": "MasterCard"}
CONTROLS = ("pay", "decline", "expire", "finish_refund", "fail_refund", "register_receipts", "fail_receipts",
            "refund_by_hand", "move_to_another_shop", "move_back", "distort", "break_next", "break_for_hours", "heal",
            "deliver_all", "lose_notices", "advance")  # fmt: skip
SBP, BANK = "1027088AE4CB48CB81287833347A8777", {"bank_id": "100000000111", "bic": "044525225"}
METHODS: dict[str, Json] = {  # how one pays, as the answers tell of it
    "bank_card": {"title": "Bank card *4444", "card": CARD},
    "sbp": {"title": "СБП", "sbp_operation_id": SBP, "payer_bank_details": BANK},
    "yoo_money": {"title": "YooMoney wallet 410011758831136", "account_number": "410011758831136"},
    "tinkoff_bank": {"title": "T-Pay"},
}  # fmt: skip


class Wrong(Exception):
    """An answer of 4xx with YooKassa's error body."""

    def __init__(self, status: int, code: str, description: str, parameter: str = "") -> None:
        super().__init__(description)
        self.status = status
        self.body = {"type": "error", "id": str(uuid.uuid4()), "code": code, "description": description}
        if parameter:
            self.body["parameter"] = parameter


def invalid(parameter: str, description: str = "Invalid value") -> Wrong:
    return Wrong(400, "invalid_request", description, parameter)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str  # without /v3 and the query
    query: dict[str, str]
    key: str
    body: Json
    headers: dict[str, str]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer. `after`: the work is done before it goes wrong."""

    status: int = 0
    body: bytes = b""
    content_type: str = "application/json"
    after: bool = False
    drop: bool = False
    seconds: float = 0  # then the usual answer

    @classmethod
    def named(cls, word: str) -> Fault:
        """500 502 202 307 429 401 403 410 garbage drop hold slow:SECONDS; all but the last two also with -after."""
        name, _, more = word.removesuffix("-after").partition(":")
        fault = _fault(name, more)
        return replace(fault, after=True) if word.endswith("-after") else fault


def _fault(name: str, more: str) -> Fault:
    if name == "hold":
        return Fault(seconds=60, after=True)  # until heal()
    if name == "slow":
        return Fault(seconds=float(more), after=True)
    if name == "drop":
        return Fault(drop=True)
    if name == "garbage":
        return Fault(200, b"[42]")
    if name == "502":
        return Fault(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")
    if name == "202":
        return Fault(202, json.dumps({"type": "processing", "retry_after": 1800}).encode())
    if name == "307":
        return Fault(307)  # to /v3/elsewhere
    codes = {
        "500": "internal_server_error",
        "429": "too_many_requests",
        "401": "invalid_credentials",
        "403": "forbidden",
        "410": "gone",
    }
    return Fault(int(name), json.dumps(Wrong(int(name), codes[name], "Asked for by a test").body).encode())


@dataclass(frozen=True)
class WebhookEvent:
    """A notification that waits to be delivered."""

    event: str
    body: bytes


class YooKassaStub:
    """One shop at YooKassa. Amounts are YooKassa's strings («1500.00») in `payments`, kopecks where it says so."""

    def __init__(self, shop_id: str = "100500", secret_key: str = "test_secret", port: int = 0) -> None:
        self.shop_id, self.secret_key, self.port = shop_id, secret_key, port
        self.payments: dict[str, Json] = {}  # by id, as GET /payments/<id> answers
        self.refunds: dict[str, Json] = {}
        self.receipts: dict[str, Json] = {}
        self.requests: list[Seen] = []  # everything that arrived, the wrong included
        self.notices: list[WebhookEvent] = []  # what happened and was not delivered yet, in order
        self.refunds_wait = False  # True: a refund stays pending until finish_refund() or fail_refund()
        self.receipts_wait = False  # True: receipts stay pending until register_receipts() or fail_receipts()
        self.refunds_fail = ""  # a reason: each refund ends so at once, as on a card that was closed
        self.needs_email = False  # «Чеки от ЮKassa» go by e-mail only
        self.has_no_methods = False  # nobody has switched on a way to pay
        self._elsewhere: set[str] = set()  # payments that belong to another shop now
        self._distorted: dict[str, dict[str, Any]] = {}  # by id: what an answer says otherwise, by dotted path
        self.webhook = ""  # an address that is notified at once; else notices wait for deliver()
        self.most_at_once = 0  # requests in the house at the same time, ever
        self._at_once = 0
        self._keys: dict[tuple[str, str], tuple[str, str, datetime]] = {}  # path and key: body, id, when
        self._orders: dict[str, Json] = {}  # what a payment was made of: receipt, return_url
        self._faults: list[tuple[str, Fault]] = []
        self._lasting: list[tuple[str, Fault]] = []  # until heal()
        self._healed = threading.Event()
        self._skew = timedelta()
        self._lock = threading.RLock()
        self._arrived = threading.Condition()
        self._server: ThreadingHTTPServer | None = None

    # Its life

    def start(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self.heal()
        self.refuse_connections()

    def refuse_connections(self) -> None:
        """Nobody listens, the state stays; accept_connections() opens the same port again."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def accept_connections(self) -> None:
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """For YOOKASSA_API_URL."""
        return f"http://127.0.0.1:{self.port}/v3"

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skew

    def advance(self, hours: float) -> None:
        """Its own clock goes on: idempotence keys live for 24 hours."""
        self._skew += timedelta(hours=hours)

    def wait_for_requests(self, count: int, seconds: float = 10) -> None:
        """Until so many have arrived in all. Raises TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= count, seconds):
                raise TimeoutError(f"{len(self.requests)} of {count} requests arrived")

    # What payers, banks and cash desks do

    def pay(self, payment_id: str, value: str = "", currency: str = "", method: str = "bank_card") -> None:
        """Succeeds, by wish with another amount or currency than was asked. What is decided stays as it is."""
        with self._lock:
            payment = self.payments[payment_id]
            if payment["status"] != "pending":
                return
            amount = {
                "value": value or payment["amount"]["value"],
                "currency": currency or payment["amount"]["currency"],
            }
            del payment["confirmation"]
            income = kopecks_to_value(kopecks(amount) * 965 // 1000)
            secure = {"three_d_secure": {"applied": True}}
            payment |= {
                "status": "succeeded", "paid": True, "refundable": True, "captured_at": self._stamp(), "amount": amount,
                "income_amount": {"value": income, "currency": amount["currency"]},
                "payment_method": _method(method, payment_id),
            }  # fmt: skip
            if method in ("bank_card", "tinkoff_bank"):
                payment["authorization_details"] = {"rrn": "10000000000", "auth_code": "000000"} | secure
            if receipt := self._orders[payment_id].get("receipt"):
                self._make_receipt("payment", payment_id, receipt)
            self._tell("payment.succeeded", payment)

    def decline(self, payment_id: str, reason: str = "general_decline", *, method: str = "bank_card") -> None:
        with self._lock:
            payment = self.payments[payment_id]
            if payment["status"] != "pending":
                return
            del payment["confirmation"]
            party = "payment_network" if method else "yoo_money"
            payment |= {"status": "canceled", "cancellation_details": {"party": party, "reason": reason}}
            if method:
                payment["payment_method"] = _method(method, payment_id)
            self._tell("payment.canceled", payment)

    def expire(self, payment_id: str) -> None:
        """The payer did not come in an hour."""
        self.decline(payment_id, "expired_on_confirmation", method="")

    def finish_refund(self, refund_id: str) -> None:
        with self._lock:
            refund = self.refunds[refund_id]
            if refund["status"] != "pending":
                return
            refund["status"] = "succeeded"
            payment = self.payments[refund["payment_id"]]
            gone = given_back(payment) + kopecks(refund["amount"])
            payment["refunded_amount"] = {"value": kopecks_to_value(gone), "currency": payment["amount"]["currency"]}
            refund |= _refund_details(payment["payment_method"])
            payment["refundable"] = gone < kopecks(payment["amount"])
            if receipt := self._orders[refund_id].get("receipt"):
                self._make_receipt("refund", refund["payment_id"], receipt, refund_id)
            self._tell("refund.succeeded", refund)

    def fail_refund(self, refund_id: str, reason: str = "insufficient_funds") -> None:
        """YooKassa notifies nobody of it."""
        with self._lock:
            details = {"party": "refund_network", "reason": reason}
            self.refunds[refund_id] |= {"status": "canceled", "cancellation_details": details}

    def register_receipts(self) -> None:
        """The cash desk has caught up with all that waited."""
        with self._lock:
            for number, receipt in enumerate(self.receipts.values(), start=1):
                if receipt["status"] == "pending":
                    receipt |= {
                        "status": "succeeded", "fiscal_document_number": str(3985 + number),
                        "fiscal_storage_number": "9288000100115785", "fiscal_attribute": str(2617603921 + number),
                        "registered_at": self._stamp_of_the_desk(), "fiscal_provider_id": str(uuid.uuid4()),
                    }  # fmt: skip
            for thing in (*self.payments.values(), *self.refunds.values()):
                if "receipt_registration" in thing and thing["status"] == "succeeded":
                    thing["receipt_registration"] = "succeeded"

    def fail_receipts(self) -> None:
        """The cash desk has given up on all that waited; YooKassa notifies nobody of it."""
        with self._lock:
            for receipt in self.receipts.values():
                if receipt["status"] == "pending":
                    receipt["status"] = "canceled"
            for thing in (*self.payments.values(), *self.refunds.values()):
                if thing.get("receipt_registration") == "pending" and thing["status"] == "succeeded":
                    thing["receipt_registration"] = "canceled"

    # What is done in the shop's own cabinet

    def refund_by_hand(self, payment_id: str, value: str = "") -> str:
        """All that is left, or a part of it; no metadata, and a receipt as the cabinet makes it."""
        with self._lock:
            payment = self.payments[payment_id]
            left = kopecks(payment["amount"]) - given_back(payment)
            amount = {"value": value or kopecks_to_value(left), "currency": payment["amount"]["currency"]}
            line = self._orders[payment_id].get("receipt", {}).get("items", [{}])[0] | {"amount": amount}
            made = {"payment_id": payment_id, "amount": amount, "receipt": {"items": [line]}}
            return str(self._make_refund(made, payment)["id"])

    def move_to_another_shop(self, payment_id: str) -> None:
        """The shop's id or key was changed: this payment is nobody's here."""
        self._elsewhere.add(payment_id)

    def move_back(self, payment_id: str) -> None:
        self._elsewhere.discard(payment_id)

    def distort(self, id: str, path: str, value: Any = None) -> None:
        """From now on answers say this of a payment, refund or receipt («amount.value»); DROPPED: they leave it out."""
        self._distorted.setdefault(id, {})[path] = value

    def straighten(self, id: str = "") -> None:
        """The answers are as they were; all of them without an id."""
        for one in [id] if id else list(self._distorted):
            self._distorted.pop(one, None)

    # What tests look at

    def taken(self) -> int:
        """Kopecks of all payers that are here now: paid less given back."""
        paid = [payment for payment in self.payments.values() if payment["status"] == "succeeded"]
        return sum(kopecks(payment["amount"]) - given_back(payment) for payment in paid)

    def numbered(self, number: int) -> list[Json]:
        """All payments with this number of ours in their metadata."""
        return [one for one in self.payments.values() if one["metadata"].get("payment") == str(number)]

    # Faults

    def break_next(self, where: str, fault: str, times: int = 1) -> None:
        """`where` begins a request: «POST /payments», «GET», «» for all; `fault` is a word of Fault.named()."""
        with self._lock:
            self._faults += [(where, Fault.named(fault))] * times

    def break_for_hours(self, fault: str, where: str = "") -> None:
        """Every answer, until heal(): a key that was taken back, a bank that is down."""
        with self._lock:
            self._lasting.append((where, Fault.named(fault)))

    def heal(self) -> None:
        """No more faults; what was held or slow is answered now."""
        with self._lock:
            self._faults.clear()
            self._lasting.clear()
            self._healed.set()
            self._healed = threading.Event()

    # Notifications

    def deliver(self, call: Callable[[bytes], object] | None = None, which: int = 0, times: int = 1) -> list[object]:
        """One notice, the first or by its place (so: out of order), as often as wished; then it is gone.

        To `call`, else to the webhook's address. Gives what was answered: call's results or statuses.
        """
        with self._lock:
            notice = self.notices.pop(which)
        return [(call or self._post)(notice.body) for _ in range(times)]

    def deliver_all(
        self, call: Callable[[bytes], object] | None = None, backwards: bool = False, times: int = 1
    ) -> None:
        while self.notices:
            self.deliver(call, -1 if backwards else 0, times)

    def lose_notices(self) -> None:
        self.notices.clear()

    def forge(self, payment_id: str, event: str = "payment.succeeded", value: str = "1.00") -> bytes:
        """The body a liar would send; nothing happens here."""
        thing, _, status = event.partition(".")
        body: Json = {"id": payment_id, "status": status, "paid": True, "amount": {"value": value, "currency": "RUB"}}
        if thing == "refund":
            body |= {"id": _id(), "payment_id": payment_id}
        return json.dumps({"type": "notification", "event": event, "object": body}).encode()

    def _tell(self, event: str, thing: Json) -> None:
        body = json.dumps({"type": "notification", "event": event, "object": thing}).encode()
        self.notices.append(WebhookEvent(event, body))
        if self.webhook:
            threading.Thread(target=self.deliver, daemon=True).start()

    def _post(self, body: bytes) -> object:
        request = urllib.request.Request(self.webhook, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError as error:
            return str(error)

    # The API

    def answer(self, seen: Seen) -> tuple[int, bytes]:
        """What YooKassa says to a request, faults aside."""
        with self._lock:
            try:
                self._check_name(seen.headers)
                said = self._create(seen) if seen.method == "POST" else self._show(seen)
                return 200, json.dumps(self._as_told(said)).encode()  # as it is at this moment
            except Wrong as wrong:
                return wrong.status, json.dumps(wrong.body).encode()

    def fault_for(self, seen: Seen) -> Fault | None:
        with self._lock:
            for place, (where, fault) in enumerate(self._faults):
                if f"{seen.method} {seen.path}".startswith(where):
                    del self._faults[place]
                    return fault
            return next(
                (fault for where, fault in self._lasting if f"{seen.method} {seen.path}".startswith(where)), None
            )

    def _as_told(self, said: Json) -> Json:
        """With the oddities tests asked for."""
        if said.get("type") == "list":
            return said | {"items": [self._as_told(one) for one in said["items"]]}
        told: Json = json.loads(json.dumps(said))
        for path, value in self._distorted.get(said.get("id", ""), {}).items():
            _put(told, path, value)
        if said.get("id", "").startswith("rt-"):
            told.pop("created_at", None)  # a receipt tells no such thing; lists know it all the same
        return told

    def _check_name(self, headers: dict[str, str]) -> None:
        expected = base64.b64encode(f"{self.shop_id}:{self.secret_key}".encode()).decode()
        if headers.get("Authorization") != f"Basic {expected}":
            raise Wrong(401, "invalid_credentials", "Error in shopId or secret key. Check their validity.")

    def _create(self, seen: Seen) -> Json:
        makers = {"/payments": self._create_payment, "/refunds": self._create_refund, "/receipts": self._create_receipt}
        if seen.path not in makers:
            raise Wrong(404, "not_found", "No such method")
        if not 0 < len(seen.key) <= 64:
            raise invalid("Idempotence-Key", "Idempotence key is required")
        body = json.dumps(seen.body, sort_keys=True)
        known, id, when = self._keys.get((seen.path, seen.key), ("", "", self.now() - IDEMPOTENCY_KEY_LIFETIME))
        if self.now() - when >= IDEMPOTENCY_KEY_LIFETIME:
            made = makers[seen.path](seen.body)
            self._keys[seen.path, seen.key] = (body, made["id"], self.now())
            return made
        if known != body:
            raise invalid("Idempotence-Key", "Idempotence key duplicated")
        return self._things(seen.path)[id]  # as it is now

    def _things(self, path: str) -> dict[str, Json]:
        return {"/payments": self.payments, "/refunds": self.refunds, "/receipts": self.receipts}[path]

    def _show(self, seen: Seen) -> Json:
        found = re.fullmatch(r"(/payments|/refunds|/receipts)(?:/([^/]+))?", seen.path)
        if found is None:
            raise Wrong(404, "not_found", "No such method")
        things = self._things(found[1])
        things = {id: one for id, one in things.items() if not self._is_elsewhere(one)}
        if not found[2]:
            return _listed(things, seen.query)
        if found[2] not in things:
            kind = found[1][1:-1].capitalize()
            raise Wrong(404, "not_found", f"{kind} doesn't exist or access denied", f"{found[1][1:-1]}_id")
        return things[found[2]]

    def _is_elsewhere(self, thing: Json) -> bool:
        return bool({thing["id"], thing.get("payment_id")} & self._elsewhere)

    def _paid(self, id: Any) -> Json:
        payment = self.payments.get(id)
        if payment is None or self._is_elsewhere(payment):
            raise invalid("payment_id", "Payment doesn't exist or access denied")
        if payment["status"] != "succeeded":
            raise invalid("payment_id", "Payment is not succeeded")
        return payment

    def _create_payment(self, body: Json) -> Json:
        _check_amount(body.get("amount"))
        if body.get("capture") is not True or len(body.get("description", "")) > 128:
            raise invalid("capture" if body.get("capture") is not True else "description")
        confirmation = body.get("confirmation", {})
        if confirmation.get("type") != "redirect" or not confirmation.get("return_url", "").startswith("http"):
            raise invalid("confirmation.return_url")
        metadata = body.get("metadata", {})
        if len(metadata) > 16 or not all(isinstance(value, str) and len(value) <= 512 for value in metadata.values()):
            raise invalid("metadata")
        _check_receipt(body.get("receipt"), body["amount"], needs_email=self.needs_email)
        if self.has_no_methods:
            raise invalid("payment_method_data.type", "Payment method is not available")
        id = _id()
        page = f"http://127.0.0.1:{self.port}/pay/{id}"
        self._orders[id] = body
        self.payments[id] = {
            "id": id, "status": "pending", "paid": False, "amount": body["amount"], "created_at": self._stamp(),
            "description": body.get("description", ""), "metadata": metadata, "refundable": False, "test": True,
            "recipient": {"account_id": self.shop_id, "gateway_id": "2000000"}, "receipt_registration": "pending",
            "confirmation": {"type": "redirect", "return_url": confirmation["return_url"], "confirmation_url": page},
        }  # fmt: skip
        return self.payments[id]

    def _create_refund(self, body: Json) -> Json:
        payment = self._paid(body.get("payment_id", ""))
        _check_amount(body.get("amount"), payment["amount"]["currency"])
        alive = [one for one in self.refunds.values() if one["status"] != "canceled"]
        gone = sum(kopecks(one["amount"]) for one in alive if one["payment_id"] == payment["id"])
        if gone + kopecks(body["amount"]) > kopecks(payment["amount"]):
            raise invalid("amount.value", "Requested amount is more than available for refund")
        _check_receipt(body.get("receipt"), body["amount"], needs_email=self.needs_email)
        refund = self._make_refund(body, payment, waits=self.refunds_wait or bool(self.refunds_fail))
        if self.refunds_fail:
            self.fail_refund(refund["id"], self.refunds_fail)
        return refund

    def _make_refund(self, body: Json, payment: Json, *, waits: bool = False) -> Json:
        id = _id()
        self._orders[id] = body
        self.refunds[id] = {
            "id": id, "payment_id": payment["id"], "status": "pending", "amount": body["amount"],
            "created_at": self._stamp(), "receipt_registration": "pending",
        }  # fmt: skip
        if "metadata" in body:
            self.refunds[id]["metadata"] = body["metadata"]
        if not waits:
            self.finish_refund(id)
        return self.refunds[id]

    def _create_receipt(self, body: Json) -> Json:
        if body.get("type") != "payment" or body.get("send") is not True:
            raise invalid("type" if body.get("type") != "payment" else "send")
        payment = self._paid(body.get("payment_id", ""))
        settlements = body.get("settlements") or [{}]
        if settlements[0].get("type") != "prepayment" or len(settlements) != 1:
            raise invalid("settlements")
        if any(item.get("payment_mode") != "full_payment" for item in body.get("items", [])):
            raise invalid("items.payment_mode")
        _check_amount(settlements[0].get("amount"), payment["amount"]["currency"])
        _check_receipt(body, settlements[0]["amount"], needs_email=self.needs_email)
        return self._make_receipt("payment", payment["id"], body)

    def _make_receipt(self, kind: str, payment_id: str, data: Json, refund_id: str = "") -> Json:
        id = f"rt-{_id()}"
        items = [item | {"quantity": float(item["quantity"])} for item in data["items"]]
        total = [{"type": "cashless", "amount": {"value": kopecks_to_value(_sum(data)), "currency": "RUB"}}]
        self.receipts[id] = {
            "id": id, "type": kind, "payment_id": payment_id, "status": "pending", "created_at": self._stamp(),
            "items": items, "settlements": data.get("settlements", total), "internet": True,
        }  # fmt: skip
        if refund_id:
            self.receipts[id]["refund_id"] = refund_id
        if "tax_system_code" in data:
            self.receipts[id]["tax_system_code"] = data["tax_system_code"]
        if not self.receipts_wait:
            self.register_receipts()
        return self.receipts[id]

    def _stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def _stamp_of_the_desk(self) -> str:
        """By its own clock, as the reference's example has it."""
        moscow = self.now().astimezone(timezone(timedelta(hours=3)))
        return moscow.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+03:00"

    # The confirmation page

    def page(self, payment_id: str) -> str:
        payment = self.payments[payment_id]
        press = "".join(
            f'<button name="decision" value="{value}">{text}</button> '
            for value, text in (("pay", "Оплатить"), ("decline", "Отклонить"), ("leave", "Вернуться в магазин"))
        )
        return (
            f'<!doctype html><html lang="ru"><meta charset="utf-8"><title>ЮKassa</title>'
            f"<h1>{payment['amount']['value']} ₽</h1><p>{html.escape(payment['description'])}</p>"
            f'<form method="post">{press}</form>'
        )

    def decide(self, payment_id: str, decision: str) -> str:
        """Where the payer goes then."""
        if decision in ("pay", "decline"):
            getattr(self, decision)(payment_id)
        return str(self._orders[payment_id]["confirmation"]["return_url"])


# Money, in Decimal only


def kopecks(amount: Json) -> int:
    return int(Decimal(amount["value"]) * 100)


def given_back(payment: Json) -> int:
    """The sum is told only where something has gone back."""
    return kopecks(payment["refunded_amount"]) if "refunded_amount" in payment else 0


def kopecks_to_value(sum_of: int) -> str:
    return f"{Decimal(sum_of) / 100:.2f}"


def _sum(receipt: Json) -> int:
    return sum(
        int(Decimal(item["amount"]["value"]) * Decimal(str(item["quantity"])) * 100) for item in receipt["items"]
    )


def _check_amount(amount: Any, currency: str = "RUB") -> None:
    if not isinstance(amount, dict) or not re.fullmatch(r"\d{1,9}\.\d{2}", str(amount.get("value"))):
        raise invalid("amount.value")
    if kopecks(amount) < 1 or amount.get("currency") != currency:
        raise invalid("amount")


DROPPED = "<dropped>"  # as a value of distort(): the field is not there


def _put(thing: Json, path: str, value: Any) -> None:
    """«amount.value» of a thing, where it has one."""
    *way, last = path.split(".")
    for name in way:
        if not isinstance(thing.get(name), dict):
            return
        thing = thing[name]
    if value == DROPPED:
        thing.pop(last, None)
    else:
        thing[last] = value


def _method(kind: str, id: str) -> Json:
    return {"type": kind, "id": id, "saved": False, "status": "inactive"} | deepcopy(METHODS[kind])


def _refund_details(method: Json) -> Json:
    """Of a refund that has arrived."""
    if method["type"] == "sbp":
        return {"refund_method": {"type": "sbp", "sbp_operation_id": SBP}}
    return {"refund_authorization_details": {"rrn": "10000000001"}} if method["type"] == "bank_card" else {}


def _check_receipt(receipt: Any, amount: Json, *, needs_email: bool = False) -> None:
    """As for a shop that must send receipts."""
    if not isinstance(receipt, dict):
        raise invalid("receipt", "Receipt is missing or illegal")
    customer = receipt.get("customer", {})
    if needs_email and not customer.get("email"):
        raise invalid("receipt.customer.email", "Receipt customer email is required")
    if not (re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", customer.get("email", "")) or
            re.fullmatch(r"\d{11,15}", customer.get("phone", ""))):  # fmt: skip
        raise invalid("receipt.customer")
    if not 1 <= len(receipt.get("items", [])) <= 80:
        raise invalid("receipt.items")
    for item in receipt["items"]:
        _check_amount(item.get("amount"), amount["currency"])
        if not 1 <= len(item.get("description", "")) <= 128 or item.get("vat_code") not in range(1, 13):
            raise invalid("receipt.items")
        if item.get("payment_subject") != "service" or item.get("payment_mode") not in (
            "full_prepayment",
            "full_payment",
        ):
            raise invalid("receipt.items.payment_mode")
    if receipt.get("tax_system_code") not in (None, 1, 2, 3, 4, 5, 6):
        raise invalid("receipt.tax_system_code")
    if _sum(receipt) != kopecks(amount):
        raise invalid("receipt.items", "Receipt sum and amount differ")


def _listed(things: dict[str, Json], query: dict[str, str]) -> Json:
    """The newest first, by pages of `limit`."""
    known = {
        "limit",
        "cursor",
        "status",
        "payment_id",
        "refund_id",
        "created_at.gte",
        "created_at.gt",
        "created_at.lte",
    }
    if set(query) - known:
        raise invalid(min(set(query) - known))
    limit = int(query.get("limit", 10))
    if not 1 <= limit <= 100:
        raise invalid("limit")
    since, after, until = (query.get(f"created_at.{word}", "") for word in ("gte", "gt", "lte"))
    found = [
        thing for thing in reversed(things.values())
        if thing["created_at"] >= since and thing["created_at"] > after and thing["created_at"] <= (until or "~")
        and all(thing.get(name) == query[name] for name in ("status", "payment_id", "refund_id") if name in query)
    ]  # fmt: skip
    if cursor := query.get("cursor"):
        ids = [thing["id"] for thing in found]
        if cursor not in ids:
            raise invalid("cursor")
        found = found[ids.index(cursor) :]
    page: Json = {"type": "list", "items": found[:limit]}
    if len(found) > limit:
        page["next_cursor"] = found[limit]["id"]
    return page


def _id() -> str:
    some = uuid.uuid4().hex
    return f"{some[:8]}-000f-5000-{some[8:12]}-{some[12:24]}"


# The wire


def _handler(stub: YooKassaStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True  # head and body leave apart; together they would wait 40 ms for each other

        def do_GET(self) -> None:
            self._take({})

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.startswith("/pay/"):
                self._redirect(stub.decide(self._last(), parse_qs(raw.decode())["decision"][0]))
                return
            self._take(json.loads(raw or b"{}"))

        def _take(self, body: Json) -> None:
            if self.path.startswith("/pay/"):
                self._say(200, stub.page(self._last()).encode(), "text/html; charset=utf-8")
            elif self.path.startswith("/control/"):
                self._control(body)
            else:
                self._serve(body)

        def _serve(self, body: Json) -> None:
            seen = self._seen(body)
            with stub._arrived:
                stub.requests.append(seen)
                stub._at_once += 1
                stub.most_at_once = max(stub.most_at_once, stub._at_once)
                stub._arrived.notify_all()
            try:
                self._answer(seen)
            finally:
                with stub._arrived:
                    stub._at_once -= 1

        def _answer(self, seen: Seen) -> None:
            healed = stub._healed
            fault = stub.fault_for(seen) or Fault()
            works = fault.after or not (fault.status or fault.drop)
            status, answer = stub.answer(seen) if works else (0, b"")
            if fault.seconds:
                healed.wait(fault.seconds)
            if fault.drop:
                self.close_connection = True
            elif fault.status:
                self._say(fault.status, fault.body, fault.content_type)
            else:
                self._say(status, answer)

        def _control(self, body: Json) -> None:
            verb = self._last()
            if verb == "state":
                state = {"payments": stub.payments, "refunds": stub.refunds, "receipts": stub.receipts}
                self._say(200, json.dumps(state, ensure_ascii=False).encode())
            elif verb in CONTROLS:
                getattr(stub, verb)(**body)
                self._say(200, b"{}")
            else:
                self._say(404, b"{}")

        def _seen(self, body: Json) -> Seen:
            url = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(url.query).items()}
            key = self.headers.get("Idempotence-Key", "")
            return Seen(self.command, url.path.removeprefix("/v3"), query, key, body, dict(self.headers))

        def _last(self) -> str:
            return urlsplit(self.path).path.rsplit("/", 1)[-1]

        def _redirect(self, url: str) -> None:
            self.send_response(303)
            self.send_header("Location", url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _say(self, status: int, body: bytes, content_type: str = "application/json") -> None:
            with suppress(OSError):  # who would not wait is gone
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", "/v3/elsewhere")
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


def main() -> None:
    words = argparse.ArgumentParser(description="YooKassa's API on this machine")
    words.add_argument("--port", type=int, default=9000)
    words.add_argument("--webhook", default="", help="an address to notify at once")
    words.add_argument("--shop-id", default="100500")
    words.add_argument("--secret-key", default="test_secret")
    chosen = words.parse_args()
    stub = YooKassaStub(chosen.shop_id, chosen.secret_key, chosen.port)
    stub.webhook = chosen.webhook
    with stub:
        print(f"YOOKASSA_API_URL={stub.url} YOOKASSA_SHOP_ID={stub.shop_id}", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
