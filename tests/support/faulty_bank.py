"""The demo bank with faults, for the tests of what the clinic makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ibolit.services.payments import Customer, GatewayRefused, GatewayStatus, Order, ProviderPayment, ReceiptItem
from ibolit.services.payments.demo import DemoBank


class FaultyBank:
    """The demo bank, which sometimes takes another sum, refuses a refund, or makes what it says it refused."""

    def __init__(self, bank: DemoBank) -> None:
        self._bank = bank
        self.odd: set[str] = set()
        self.lied_about: list[tuple[str, int]] = []
        self.refuses_refunds = self.lies_once = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bank, name)

    def create(self, order: Order) -> ProviderPayment:
        made = self._seen(self._bank.create(order))
        if self.lies_once:
            self.lies_once = False
            self.lied_about.append((made.id, order.number))
            raise GatewayRefused("invalid_request")
        return made

    def find(self, payment_id: str) -> ProviderPayment:
        return self._seen(self._bank.find(payment_id))

    def refund(self, payment_id: str, amount: int, *more: Any) -> Any:
        if self.refuses_refunds:
            raise GatewayRefused("insufficient_funds")
        return self._bank.refund(payment_id, amount, *more)

    def bills(self) -> dict[str, GatewayStatus]:
        with self._bank._open() as file:
            return {
                row["id"]: GatewayStatus(row["stage"]) for row in file.execute("SELECT * FROM payment ORDER BY rowid")
            }

    def holds(self) -> int:
        """Kopecks it took and has not given back."""
        with self._bank._open() as file:
            taken = {row["id"]: row["amount"] for row in file.execute("SELECT * FROM payment WHERE stage='succeeded'")}
            gone = file.execute("SELECT coalesce(sum(amount), 0) FROM refund").fetchone()[0]
        return sum(amount // 3 if id in self.odd else amount for id, amount in taken.items()) - int(gone)

    def _seen(self, found: ProviderPayment) -> ProviderPayment:
        return replace(found, amount=found.amount // 3) if found.id in self.odd else found

    def refund_in_dashboard(self, payment_id: str, amount: int) -> None:
        """In its own dashboard."""
        key = f"cabinet {amount}"
        self._bank.refund(payment_id, amount, key, Customer("+79160000000", None), [ReceiptItem("Возврат", amount)])
