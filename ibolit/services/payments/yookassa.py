"""YooKassa through its own SDK, which is loaded at the first call.

The SDK keeps its settings in class attributes, has no time-out, repeats by itself and hides what went wrong on the wire
behind an AttributeError; hence a client of ours beneath its Payment, Refund and Receipt (sdk.py).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, TypeVar

from . import (
    Customer,
    GatewayOutcomeUnknown,
    GatewayRefused,
    GatewayStatus,
    Order,
    ProviderPayment,
    ProviderReceipt,
    ProviderRefund,
    ReceiptItem,
    RefusalReason,
    WebhookEvent,
    parsing,
)
from .amounts import from_kopecks
from .webhooks import PROVIDER_ID, parse_webhook

if TYPE_CHECKING:
    from .sdk import Sdk

T = TypeVar("T")

log = logging.getLogger(__name__)

CONCURRENT_CALLS = BoundedSemaphore(8)  # of this process: a slow provider must not take all threads
PATIENCE = 3.0  # seconds to wait for a free call
TIMEOUT = (3.0, 10.0)  # seconds to connect, and from one byte of the answer to the next
IN_ALL = 15.0  # seconds: somebody waits for the page of the bank
PAGE = 100  # the most YooKassa lists at once
CLOCKS_DIFFER = timedelta(minutes=5)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@.\s]+")  # as narrow as the SDK's, which sends nothing else


@dataclass(frozen=True)
class Shop:
    """A contract with YooKassa and what the clinic's accountant decided. `tax_system_code` 0: not sent."""

    id: str
    secret_key: str = field(repr=False)
    api_url: str = "https://api.yookassa.ru/v3"
    receipt_mode: str = "full_prepayment"
    vat_code: int = 1
    tax_system_code: int = 0


class YooKassa:
    def __init__(
        self,
        shop: Shop,
        timeout: tuple[float, float] = TIMEOUT,
        in_all: float = IN_ALL,
        concurrent_calls: BoundedSemaphore = CONCURRENT_CALLS,
        patience: float = PATIENCE,
    ) -> None:
        self.shop = shop
        self.timeout, self.in_all = timeout, in_all
        self.concurrent_calls = concurrent_calls
        self.patience = patience

    # The contract

    def create(self, order: Order) -> ProviderPayment:
        request = {
            "amount": from_kopecks(order.amount),
            "capture": True,
            "confirmation": {"type": "redirect", "return_url": order.return_url},
            "description": order.title[:128],
            "metadata": {"payment": str(order.number)},
            "receipt": self._receipt(order.customer, order.items, self.shop.receipt_mode),
        }
        return self._ask("create", lambda sdk: parsing.parse_payment(sdk.create_payment(request, order.key)))

    def find(self, payment_id: str) -> ProviderPayment:
        _check_id(payment_id)
        return self._ask("find", lambda sdk: parsing.parse_payment(sdk.get(f"/payments/{payment_id}")))

    def find_by_order(self, number: int, since: datetime) -> ProviderPayment | None:
        moment = (since - CLOCKS_DIFFER).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        made = self._list_all("find_by_order", "/payments", {"created_at.gte": moment})
        found = [parsing.parse_payment(one) for one in made if parsing.is_for_order(one, number)]
        return min(found, key=_by_status, default=None)

    def refund(
        self, payment_id: str, amount: int, key: str, customer: Customer, items: list[ReceiptItem]
    ) -> ProviderRefund:
        _check_id(payment_id)
        request = {
            "payment_id": payment_id,
            "amount": from_kopecks(amount),
            "metadata": {"key": key},
            "receipt": self._receipt(customer, items, self.shop.receipt_mode),
        }
        return self._ask("refund", lambda sdk: parsing.parse_refund(sdk.create_refund(request, key)))

    def find_refund(self, refund_id: str) -> ProviderRefund:
        _check_id(refund_id)
        return self._ask("find_refund", lambda sdk: parsing.parse_refund(sdk.get(f"/refunds/{refund_id}")))

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        _check_id(payment_id)
        made = self._list_all("list_refunds", "/refunds", {"payment_id": payment_id})
        return [parsing.parse_refund(one) for one in made if parsing.is_for_payment(one, payment_id)][::-1]

    def create_closing_receipt(
        self, payment_id: str, amount: int, key: str, customer: Customer, items: list[ReceiptItem]
    ) -> ProviderReceipt:
        _check_id(payment_id)
        if self.shop.receipt_mode != "full_prepayment":
            raise GatewayRefused(
                RefusalReason.CLOSING_NOT_DUE
            )  # the first receipt was final; a second would be booked as a second income
        request = self._receipt(customer, items, "full_payment") | {
            "type": "payment",
            "payment_id": payment_id,
            "send": True,
            "settlements": [{"type": "prepayment", "amount": from_kopecks(amount)}],
        }
        return self._ask("create_closing_receipt", lambda sdk: parsing.parse_receipt(sdk.create_receipt(request, key)))

    def list_receipts(self, payment_id: str) -> list[ProviderReceipt]:
        _check_id(payment_id)
        made = self._list_all("list_receipts", "/receipts", {"payment_id": payment_id})
        return parsing.skip_unreadable(made, parsing.parse_receipt)[::-1]

    def parse_webhook(self, body: bytes) -> WebhookEvent | None:
        return parse_webhook(body)

    # Receipts

    def _receipt(self, customer: Customer, items: list[ReceiptItem], mode: str) -> dict[str, Any]:
        receipt: dict[str, Any] = {
            "customer": _address(customer),
            "items": [self._line(item, mode) for item in items],
        }
        if self.shop.tax_system_code:
            receipt["tax_system_code"] = self.shop.tax_system_code
        return receipt

    def _line(self, item: ReceiptItem, mode: str) -> dict[str, Any]:
        return {
            "description": item.title[:128],
            "quantity": "1.00",
            "measure": "piece",
            "amount": from_kopecks(item.amount),
            "vat_code": self.shop.vat_code,
            "payment_subject": "service",
            "payment_mode": mode,
        }

    # The wire

    @cached_property
    def _sdk(self) -> Sdk:
        from .sdk import Sdk

        return Sdk(self.shop.id, self.shop.secret_key, self.shop.api_url, self.timeout, self.in_all)

    def _ask(self, operation: str, question: Callable[[Sdk], T]) -> T:
        """One call. Whatever is neither success nor a refusal raises GatewayOutcomeUnknown."""
        sdk = self._sdk
        with self._limited(operation), sdk.translated_errors(operation):
            return question(sdk)

    @contextmanager
    def _limited(self, operation: str) -> Iterator[None]:
        if not self.concurrent_calls.acquire(timeout=self.patience):
            log.warning("yookassa: %s: too many calls at once", operation)
            raise GatewayOutcomeUnknown("too many calls at once")
        try:
            yield
        finally:
            self.concurrent_calls.release()

    def _list_all(self, operation: str, path: str, wanted: dict[str, Any]) -> list[Any]:
        """All of a list, the newest first; a call a page."""
        things: list[Any] = []
        more = wanted | {"limit": PAGE}
        while True:
            items, cursor = self._ask(operation, partial(_page, path, more))
            things += items
            if not cursor or cursor == more.get("cursor"):
                return things
            more = wanted | {"limit": PAGE, "cursor": cursor}


def _page(path: str, params: dict[str, Any], sdk: Sdk) -> tuple[list[Any], str]:
    return parsing.parse_page(sdk.get(path, params))


def _address(customer: Customer) -> dict[str, str]:
    if customer.email and EMAIL.fullmatch(customer.email):
        return {"email": customer.email}
    return {"phone": customer.phone.lstrip("+")}


def _check_id(id: str) -> None:
    if not PROVIDER_ID.fullmatch(id):
        raise GatewayRefused(RefusalReason.NOT_FOUND)


def _by_status(paid: ProviderPayment) -> int:
    return [GatewayStatus.SUCCEEDED, GatewayStatus.WAITING, GatewayStatus.CANCELLED].index(paid.status)
