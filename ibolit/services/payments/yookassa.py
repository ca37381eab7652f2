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

from . import Back, Customer, Fiscal, GatewayRefused, GatewayUnsure, Item, Notice, Order, Paid, Refusal, Stage, answers
from .amounts import from_kopecks
from .notices import ID, read_notice

if TYPE_CHECKING:
    from .sdk import Sdk

T = TypeVar("T")

log = logging.getLogger(__name__)

AT_ONCE = BoundedSemaphore(8)  # calls of this process: a slow provider must not take all threads
PATIENCE = 3.0  # seconds to wait for one's turn
TIMEOUT = (3.0, 10.0)  # seconds to connect, to answer
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
        at_once: BoundedSemaphore = AT_ONCE,
        patience: float = PATIENCE,
    ) -> None:
        self.shop = shop
        self.timeout = timeout
        self.at_once = at_once
        self.patience = patience

    # The contract

    def create(self, order: Order) -> Paid:
        request = {
            "amount": from_kopecks(order.amount),
            "capture": True,
            "confirmation": {"type": "redirect", "return_url": order.return_url},
            "description": order.title[:128],
            "metadata": {"payment": str(order.number)},
            "receipt": self._receipt(order.customer, order.items, self.shop.receipt_mode),
        }
        return self._ask("create", lambda sdk: answers.paid(sdk.create_payment(request, order.key)))

    def find(self, payment_id: str) -> Paid:
        _check_id(payment_id)
        return self._ask("find", lambda sdk: answers.paid(sdk.get(f"/payments/{payment_id}")))

    def look_up(self, number: int, since: datetime) -> Paid | None:
        moment = (since - CLOCKS_DIFFER).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        made = self._all_of("look_up", "/payments", {"created_at.gte": moment})
        found = [answers.paid(one) for one in made if answers.speaks_of(one, number)]
        return min(found, key=_of_most_weight, default=None)

    def refund(self, payment_id: str, amount: int, key: str, customer: Customer, items: list[Item]) -> Back:
        _check_id(payment_id)
        request = {
            "payment_id": payment_id,
            "amount": from_kopecks(amount),
            "metadata": {"key": key},
            "receipt": self._receipt(customer, items, self.shop.receipt_mode),
        }
        return self._ask("refund", lambda sdk: answers.back(sdk.create_refund(request, key)))

    def find_refund(self, refund_id: str) -> Back:
        _check_id(refund_id)
        return self._ask("find_refund", lambda sdk: answers.back(sdk.get(f"/refunds/{refund_id}")))

    def refunds_of(self, payment_id: str) -> list[Back]:
        _check_id(payment_id)
        made = self._all_of("refunds_of", "/refunds", {"payment_id": payment_id})
        return [answers.back(one) for one in made if answers.belongs_to(one, payment_id)][::-1]

    def close(self, payment_id: str, amount: int, key: str, customer: Customer, items: list[Item]) -> Fiscal:
        _check_id(payment_id)
        if self.shop.receipt_mode != "full_prepayment":
            raise GatewayRefused(Refusal.NOT_DUE)  # the first receipt said it all; a second would be a second income
        request = self._receipt(customer, items, "full_payment") | {
            "type": "payment",
            "payment_id": payment_id,
            "send": True,
            "settlements": [{"type": "prepayment", "amount": from_kopecks(amount)}],
        }
        return self._ask("close", lambda sdk: answers.fiscal(sdk.create_receipt(request, key)))

    def receipts_of(self, payment_id: str) -> list[Fiscal]:
        _check_id(payment_id)
        made = self._all_of("receipts_of", "/receipts", {"payment_id": payment_id})
        return answers.those_readable(made, answers.fiscal)[::-1]

    def read_notice(self, body: bytes) -> Notice | None:
        return read_notice(body)

    # Receipts

    def _receipt(self, customer: Customer, items: list[Item], mode: str) -> dict[str, Any]:
        receipt: dict[str, Any] = {
            "customer": _address(customer),
            "items": [self._line(item, mode) for item in items],
        }
        if self.shop.tax_system_code:
            receipt["tax_system_code"] = self.shop.tax_system_code
        return receipt

    def _line(self, item: Item, mode: str) -> dict[str, Any]:
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

        return Sdk(self.shop.id, self.shop.secret_key, self.shop.api_url, self.timeout)

    def _ask(self, deed: str, question: Callable[[Sdk], T]) -> T:
        """One call. Whatever is not a plain yes or a plain no is unsure."""
        sdk = self._sdk
        with self._turn(deed), sdk.plain_words(deed):
            return question(sdk)

    @contextmanager
    def _turn(self, deed: str) -> Iterator[None]:
        if not self.at_once.acquire(timeout=self.patience):
            log.warning("yookassa: %s: too many calls at once", deed)
            raise GatewayUnsure("too many calls at once")
        try:
            yield
        finally:
            self.at_once.release()

    def _all_of(self, deed: str, path: str, wanted: dict[str, Any]) -> list[Any]:
        """All of a list, the newest first; a call a page."""
        things: list[Any] = []
        more = wanted | {"limit": PAGE}
        while True:
            items, cursor = self._ask(deed, partial(_page, path, more))
            things += items
            if not cursor or cursor == more.get("cursor"):
                return things
            more = wanted | {"limit": PAGE, "cursor": cursor}


def _page(path: str, params: dict[str, Any], sdk: Sdk) -> tuple[list[Any], str]:
    return answers.page(sdk.get(path, params))


def _address(customer: Customer) -> dict[str, str]:
    if customer.email and EMAIL.fullmatch(customer.email):
        return {"email": customer.email}
    return {"phone": customer.phone.lstrip("+")}


def _check_id(id: str) -> None:
    if not ID.fullmatch(id):
        raise GatewayRefused(Refusal.NOT_FOUND)


def _of_most_weight(paid: Paid) -> int:
    return [Stage.SUCCEEDED, Stage.WAITING, Stage.CANCELLED].index(paid.stage)
