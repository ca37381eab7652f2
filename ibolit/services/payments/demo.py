"""The demo bank, the default provider. It moves no money; all else is as with the real provider.

It keeps its own SQLite file, apart from the clinic's database, so that the two must ask each other as with a real one.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .. import clock
from . import (
    CURRENCY,
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
)
from .webhooks import parse_webhook

PAGE = "/demo/bank/"
BILL_LIFETIME = timedelta(hours=1)  # for the payer, as YooKassa does
PATIENCE = 10.0  # seconds for another process to finish writing

SCHEMA = """
CREATE TABLE IF NOT EXISTS deed (kind TEXT, key TEXT, body TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS payment (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, amount INTEGER NOT NULL, title TEXT NOT NULL,
    return_url TEXT NOT NULL, stage TEXT NOT NULL, reason TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refund (
    place INTEGER PRIMARY KEY, id TEXT UNIQUE, payment_id TEXT NOT NULL, amount INTEGER NOT NULL, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipt (
    place INTEGER PRIMARY KEY, id TEXT UNIQUE, payment_id TEXT NOT NULL, refund_id TEXT NOT NULL,
    is_closing INTEGER NOT NULL, registered_at TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Bill:
    """What the bank's page shows."""

    id: str
    amount: int
    title: str
    return_url: str
    status: GatewayStatus


class DemoBank:
    def __init__(self, folder: Path, receipt_mode: str = "full_prepayment") -> None:
        self.path = folder / "demo-bank.db"
        self.receipt_mode = receipt_mode
        self.on_webhook: Callable[[str], object] = _nobody  # called with a payment's id, as a webhook would be

    # The contract

    def create(self, order: Order) -> ProviderPayment:
        _check_sum(order.amount, order.items)
        with self._open() as bank:
            made = _done(bank, "payment", order.key, asdict(order))
            if made is None:
                made = _remember(bank, "payment", order.key, asdict(order))
                row = (
                    made,
                    order.number,
                    order.amount,
                    order.title,
                    order.return_url,
                    GatewayStatus.WAITING,
                    "",
                    _stamp(),
                )
                bank.execute("INSERT INTO payment VALUES (?,?,?,?,?,?,?,?)", row)
            return _paid(bank, made)

    def find(self, payment_id: str) -> ProviderPayment:
        with self._open() as bank:
            return _paid(bank, payment_id)

    def find_by_order(self, number: int, since: datetime) -> ProviderPayment | None:
        question = "SELECT id FROM payment WHERE number = ? AND created_at >= ? ORDER BY created_at DESC"
        with self._open() as bank:
            found = bank.execute(question, (number, _stamp(since.astimezone(UTC)))).fetchone()
            return _paid(bank, found["id"]) if found else None

    def refund(
        self, payment_id: str, amount: int, key: str, customer: Customer, items: list[ReceiptItem]
    ) -> ProviderRefund:
        _check_sum(amount, items)
        body = {
            "payment_id": payment_id,
            "amount": amount,
            "to": asdict(customer),
            "items": [asdict(i) for i in items],
        }
        with self._open() as bank:
            made = _done(bank, "refund", key, body)
            if made is None:
                paid = _paid(bank, payment_id)
                if paid.status is not GatewayStatus.SUCCEEDED or (paid.refunded or 0) + amount > paid.amount:
                    raise GatewayRefused(RefusalReason.INVALID_REQUEST)
                made = _remember(bank, "refund", key, body)
                row = (made, payment_id, amount, key)
                bank.execute("INSERT INTO refund (id, payment_id, amount, key) VALUES (?,?,?,?)", row)
                _register(bank, payment_id, refund_id=made)
            return _back(_one(bank, "refund", made))

    def find_refund(self, refund_id: str) -> ProviderRefund:
        with self._open() as bank:
            return _back(_one(bank, "refund", refund_id))

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        with self._open() as bank:
            rows = bank.execute("SELECT * FROM refund WHERE payment_id = ? ORDER BY place", (payment_id,))
            return [_back(row) for row in rows]

    def create_closing_receipt(
        self, payment_id: str, amount: int, key: str, customer: Customer, items: list[ReceiptItem]
    ) -> ProviderReceipt:
        if self.receipt_mode != "full_prepayment":
            raise GatewayRefused(RefusalReason.CLOSING_NOT_DUE)
        _check_sum(amount, items)
        body = {
            "payment_id": payment_id,
            "amount": amount,
            "to": asdict(customer),
            "items": [asdict(i) for i in items],
        }
        with self._open() as bank:
            made = _done(bank, "receipt", key, body)
            if made is None:
                if _paid(bank, payment_id).status is not GatewayStatus.SUCCEEDED:
                    raise GatewayRefused(RefusalReason.INVALID_REQUEST)
                made = _register(bank, payment_id, id=_remember(bank, "receipt", key, body), is_closing=True)
            return _fiscal(_one(bank, "receipt", made))

    def list_receipts(self, payment_id: str) -> list[ProviderReceipt]:
        with self._open() as bank:
            rows = bank.execute("SELECT * FROM receipt WHERE payment_id = ? ORDER BY place", (payment_id,))
            return [_fiscal(row) for row in rows]

    def parse_webhook(self, body: bytes) -> WebhookEvent | None:
        return parse_webhook(body)

    # What its page does; what is decided stays as it is

    def bill(self, payment_id: str) -> Bill:
        """Raises GatewayRefused when there is no such payment."""
        with self._open() as bank:
            row = _one(bank, "payment", payment_id)
            return Bill(row["id"], row["amount"], row["title"], row["return_url"], GatewayStatus(row["stage"]))

    def pay(self, payment_id: str) -> None:
        with self._open() as bank:
            if _decide(bank, payment_id, GatewayStatus.SUCCEEDED):
                _register(bank, payment_id)

    def decline(self, payment_id: str, reason: str = "general_decline") -> None:
        with self._open() as bank:
            _decide(bank, payment_id, GatewayStatus.CANCELLED, reason)

    # The file

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One exclusive transaction; the file is closed after it."""
        try:
            with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as bank:
                bank.row_factory = sqlite3.Row
                bank.execute("BEGIN IMMEDIATE")
                for table in SCHEMA.split(";"):
                    bank.execute(table)
                _expire(bank)
                yield bank
                bank.execute("COMMIT")  # an exception closes the file without it
        except sqlite3.Error as error:
            raise GatewayOutcomeUnknown(type(error).__name__) from error


def _nobody(_payment_id: str) -> None:
    pass


def _check_sum(amount: int, items: list[ReceiptItem]) -> None:
    if amount <= 0 or sum(item.amount for item in items) != amount:
        raise GatewayRefused(RefusalReason.INVALID_REQUEST)


def _done(bank: sqlite3.Connection, kind: str, key: str, body: dict[str, Any]) -> str | None:
    """What this key made already. Raises GatewayRefused when it made something else."""
    row = bank.execute("SELECT body, id FROM deed WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    if row is None:
        return None
    if row["body"] != _written(body):
        raise GatewayRefused(RefusalReason.KEY_REUSED)
    return str(row["id"])


def _remember(bank: sqlite3.Connection, kind: str, key: str, body: dict[str, Any]) -> str:
    id = str(uuid.uuid4())
    bank.execute("INSERT INTO deed VALUES (?,?,?,?)", (kind, key, _written(body), id))
    return id


def _written(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True)


def _one(bank: sqlite3.Connection, table: str, id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = bank.execute(f"SELECT * FROM {table} WHERE id = ?", (id,)).fetchone()  # noqa: S608
    if row is None:
        raise GatewayRefused(RefusalReason.NOT_FOUND)
    return row


def _expire(bank: sqlite3.Connection) -> None:
    change = "UPDATE payment SET stage = ?, reason = 'expired_on_confirmation' WHERE stage = ? AND created_at < ?"
    bank.execute(change, (GatewayStatus.CANCELLED, GatewayStatus.WAITING, _stamp(clock.now() - BILL_LIFETIME)))


def _decide(bank: sqlite3.Connection, payment_id: str, stage: GatewayStatus, reason: str = "") -> bool:
    """Only what waits can be decided. Raises GatewayRefused when there is no such payment."""
    _one(bank, "payment", payment_id)
    change = "UPDATE payment SET stage = ?, reason = ? WHERE id = ? AND stage = ?"
    return bank.execute(change, (stage, reason, payment_id, GatewayStatus.WAITING)).rowcount == 1


def _register(
    bank: sqlite3.Connection, payment_id: str, *, id: str = "", refund_id: str = "", is_closing: bool = False
) -> str:
    id = id or str(uuid.uuid4())
    row = (id, payment_id, refund_id, is_closing, _stamp())
    columns = "(id, payment_id, refund_id, is_closing, registered_at)"
    bank.execute(f"INSERT INTO receipt {columns} VALUES (?,?,?,?,?)", row)  # noqa: S608
    return id


def _paid(bank: sqlite3.Connection, id: str) -> ProviderPayment:
    row = _one(bank, "payment", id)
    back = bank.execute("SELECT coalesce(sum(amount), 0) FROM refund WHERE payment_id = ?", (id,)).fetchone()[0]
    stage = GatewayStatus(row["stage"])
    page = f"{PAGE}{id}" if stage is GatewayStatus.WAITING else ""
    return ProviderPayment(
        id, stage, row["amount"], CURRENCY, back, row["number"], page, row["reason"], True, "bank_card"
    )


def _back(row: sqlite3.Row) -> ProviderRefund:
    return ProviderRefund(
        row["id"], GatewayStatus.SUCCEEDED, row["amount"], key=row["key"]
    )  # this bank does not keep when it was made


def _fiscal(row: sqlite3.Row) -> ProviderReceipt:
    """With numbers that cannot be mistaken for real ones."""
    return ProviderReceipt(
        row["id"],
        GatewayStatus.SUCCEEDED,
        storage="ДЕМО 9999000000000001",
        document=f"ДЕМО {row['place']}",
        sign=f"ДЕМО {row['place'] * 7919 % 10**10:010}",
        registered_at=datetime.fromisoformat(row["registered_at"]),
        refund_id=row["refund_id"],
        is_closing=bool(row["is_closing"]),
    )


def _stamp(moment: datetime | None = None) -> str:
    """Of one width, so that strings sort as moments do."""
    return (moment or clock.now()).isoformat(timespec="microseconds")
