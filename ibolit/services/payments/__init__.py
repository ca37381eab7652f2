"""The contract of a payment provider. Amounts are kopecks.

An unknown outcome is an error of its own (GatewayOutcomeUnknown): a call repeated with its key is the same operation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ...config import Settings

CURRENCY = "RUB"


class GatewayOutcomeUnknown(Exception):
    """Slow, unreachable or confused: it may have been done. Ask again with the same key."""


class GatewayResponseUnreadable(GatewayOutcomeUnknown):
    """It answered, and a field that money depends on cannot be read; the message names the field."""


class GatewayAuthFailed(GatewayOutcomeUnknown):
    """It refuses this shop's id or key, which says nothing of any payment."""


class RefusalReason(StrEnum):
    """Why a provider refuses. Other words may come from the provider; they are for the log."""

    NOT_FOUND = "not_found"
    INVALID_REQUEST = "invalid_request"  # an amount too large, an impossible address: corrected, it may succeed
    KEY_REUSED = "key_taken"  # this key made something else: find out what (find_by_order, list_refunds)
    CLOSING_NOT_DUE = "not_due"  # no closing receipt where the first one says full_payment
    SHOP_SETTINGS = "shop_settings"  # the shop wants or lacks something that only the clinic can set


class GatewayRefused(Exception):
    """Refused for good: repeating cannot help. `reason` is a RefusalReason, or the provider's own word, for the log.

    `parameter`: which part of the request was refused, in the provider's word.
    """

    def __init__(self, reason: str, parameter: str = "") -> None:
        super().__init__(reason)
        self.reason, self.parameter = reason, parameter


class GatewayStatus(StrEnum):
    """Of a payment or a refund at the provider."""

    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class ReceiptItem:
    """A line of a receipt (54-ФЗ); names no doctor and no specialty."""

    title: str
    amount: int


@dataclass(frozen=True)
class Customer:
    """Where the receipt goes: an e-mail, else the phone (E.164).

    «Чеки от ЮKassa» deliver by e-mail only; other cash desks send an SMS too.
    """

    phone: str
    email: str | None = None


def title_of(number: int, bought: str) -> str:
    """What an order is called at the provider's: at most 128 characters."""
    return f"Заказ №{number}: {bought}"[:128]


def is_titled(title: str, number: int) -> bool:
    return title.startswith(title_of(number, ""))


@dataclass(frozen=True)
class Order:
    """What is to be paid. The sum of the items is the amount."""

    number: int  # ours, in the provider's metadata
    key: str  # idempotence, stored before the first call
    amount: int
    title: str  # at most 128 characters
    return_url: str
    customer: Customer
    items: list[ReceiptItem] = field(default_factory=list)


@dataclass(frozen=True)
class ProviderPayment:
    """A payment as the provider sees it now."""

    id: str
    status: GatewayStatus
    amount: int
    currency: str
    refunded: int | None = 0  # none: it does not say
    number: int | None = None  # ours, back from the metadata
    page: str = ""  # where the customer pays, while it waits; a path of ours at the demo bank
    reason: str = ""  # why it was cancelled, in the provider's word
    is_test: bool = False
    method: str = ""  # bank_card, sbp, yoo_money…: the provider's word


@dataclass(frozen=True)
class ProviderRefund:
    """A refund as the provider sees it now."""

    id: str
    status: GatewayStatus
    amount: int
    reason: str = ""
    key: str = ""  # ours, back from the metadata; none of what was done in the provider's own cabinet
    created_at: datetime | None = None


@dataclass(frozen=True)
class ProviderReceipt:
    """A receipt: ФН, ФД, ФП once it is registered."""

    id: str
    status: GatewayStatus
    storage: str = ""  # ФН
    document: str = ""  # ФД
    sign: str = ""  # ФП
    registered_at: datetime | None = None
    refund_id: str = ""  # of the refund it belongs to
    is_closing: bool = False  # the prepayment became a payment


@dataclass(frozen=True)
class WebhookEvent:
    """What a notification claims; only a hint to ask."""

    payment_id: str


class Gateway(Protocol):
    """Every call but parse_webhook goes over the network: never inside a transaction."""

    def create(self, order: Order) -> ProviderPayment:
        """Raises GatewayOutcomeUnknown or GatewayRefused."""

    def find(self, payment_id: str) -> ProviderPayment:
        """Raises GatewayOutcomeUnknown; GatewayRefused when there is no such payment."""

    def find_by_order(self, number: int, since: datetime) -> ProviderPayment | None:
        """By our number in its metadata, among those made since; for what was lost for longer than a key lives."""

    def refund(
        self, payment_id: str, amount: int, key: str, customer: Customer, items: list[ReceiptItem]
    ) -> ProviderRefund:
        """With its receipt. Raises GatewayOutcomeUnknown or GatewayRefused."""

    def find_refund(self, refund_id: str) -> ProviderRefund:
        """Raises GatewayOutcomeUnknown or GatewayRefused."""

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        """All refunds of a payment, the first one first; for one whose answer was lost for longer than a key lives."""

    def create_closing_receipt(
        self, payment_id: str, amount: int, key: str, customer: Customer, items: list[ReceiptItem]
    ) -> ProviderReceipt:
        """The closing receipt after the service (full_payment with the prepayment as its settlement).

        Raises GatewayRefused(CLOSING_NOT_DUE) where RECEIPT_MODE is full_payment.
        """

    def list_receipts(self, payment_id: str) -> list[ProviderReceipt]:
        """All receipts of a payment, the first one first."""

    def parse_webhook(self, body: bytes) -> WebhookEvent | None:
        """None for what does not concern us; raises ValueError for what is no notice."""


def gateway_from(settings: Settings) -> Gateway:
    if settings.payments_backend == "yookassa":
        from .yookassa import Shop, YooKassa

        return YooKassa(
            Shop(
                settings.yookassa_shop_id,
                settings.yookassa_secret_key,
                settings.yookassa_api_url,
                settings.receipt_mode,
                settings.vat_code,
                settings.tax_system_code,
            )
        )
    from .demo import DemoBank

    return DemoBank(settings.data, settings.receipt_mode)
