"""Reads YooKassa's answers.

What money depends on – id, state, sum, currency – must be present and valid, else the whole answer is unreadable. Other
fields may fail alone: a masked phone or a new kind of card must not hide a payment somebody has made.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from . import GatewayResponseUnreadable, GatewayStatus, ProviderPayment, ProviderReceipt, ProviderRefund, is_titled
from .amounts import to_kopecks
from .webhooks import PROVIDER_ID

T = TypeVar("T")

log = logging.getLogger(__name__)

STATUSES = {
    "pending": GatewayStatus.WAITING,
    "waiting_for_capture": GatewayStatus.WAITING,
    "succeeded": GatewayStatus.SUCCEEDED,
    "canceled": GatewayStatus.CANCELLED,
}
WORD = re.compile(r"[a-z0-9_]{1,60}")
PAGE = re.compile(r"https?://\S{1,490}")
CURRENCIES = re.compile(r"[A-Z]{3}")


def parse_payment(answer: Any) -> ProviderPayment:
    """Raises GatewayResponseUnreadable."""
    amount, currency = _amount(answer, "amount")
    status = _status(answer)
    return ProviderPayment(
        id=_id(answer),
        status=status,
        amount=amount,
        currency=currency,
        refunded=_refunded(answer, status),
        number=_number(answer),
        page=_matching(PAGE, _of(answer, "confirmation", "confirmation_url")),
        reason=_matching(WORD, _of(answer, "cancellation_details", "reason")),
        is_test=_of(answer, "test") is True,
        method=_matching(WORD, _of(answer, "payment_method", "type")),
    )


def parse_refund(answer: Any) -> ProviderRefund:
    """Raises GatewayResponseUnreadable."""
    amount, _currency = _amount(answer, "amount")
    return ProviderRefund(
        id=_id(answer),
        status=_status(answer),
        amount=amount,
        reason=_matching(WORD, _of(answer, "cancellation_details", "reason")),
        key=_text(_of(answer, "metadata", "key")),
        created_at=_moment(_of(answer, "created_at")),
    )


def parse_receipt(answer: Any) -> ProviderReceipt:
    """Raises GatewayResponseUnreadable."""
    settlements = _of(answer, "settlements")
    return ProviderReceipt(
        id=_id(answer),
        status=STATUSES.get(_text(_of(answer, "status")), GatewayStatus.WAITING),
        storage=_text(_of(answer, "fiscal_storage_number")),
        document=_text(_of(answer, "fiscal_document_number")),
        sign=_text(_of(answer, "fiscal_attribute")),
        registered_at=_moment(_of(answer, "registered_at")),
        refund_id=_text(_of(answer, "refund_id")),
        is_closing=isinstance(settlements, list) and any(_of(one, "type") == "prepayment" for one in settlements),
    )


def parse_page(answer: Any) -> tuple[list[Any], str]:
    """A page of a list, and where the next one begins. Raises GatewayResponseUnreadable."""
    items = _of(answer, "items")
    if not isinstance(items, list):
        raise GatewayResponseUnreadable("items")
    return items, _text(_of(answer, "next_cursor"))


def is_for_order(answer: Any, number: int) -> bool:
    """Whether this payment is number so-and-so of ours: by its metadata, or by its title where those are lost.

    Raises GatewayResponseUnreadable for what is no object.
    """
    if not isinstance(answer, dict):
        raise GatewayResponseUnreadable("payment")
    known = _number(answer)
    return known == number if known is not None else is_titled(_text(answer.get("description")), number)


def is_for_payment(answer: Any, payment_id: str) -> bool:
    """Whether a refund belongs to this payment; one that names none does."""
    named = _of(answer, "payment_id")
    return named == payment_id or not isinstance(named, str) or PROVIDER_ID.fullmatch(named) is None


def skip_unreadable(answers: list[Any], read: Callable[[Any], T]) -> list[T]:
    found = []
    for answer in answers:
        try:
            found.append(read(answer))
        except GatewayResponseUnreadable as error:
            log.warning("yookassa: one of a list passed over: %s is unreadable", error)
    return found


def _of(thing: Any, *way: str) -> Any:
    for name in way:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def _id(answer: Any) -> str:
    return _matching(PROVIDER_ID, _of(answer, "id")) or str(_unreadable("id"))


def _status(answer: Any) -> GatewayStatus:
    status = _of(answer, "status")
    return STATUSES[status] if isinstance(status, str) and status in STATUSES else _unreadable("status")


def _amount(answer: Any, name: str) -> tuple[int, str]:
    value, currency = _of(answer, name, "value"), _matching(CURRENCIES, _of(answer, name, "currency"))
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not currency:
        _unreadable(name)
    try:
        kopecks = to_kopecks(Decimal(str(value)))
    except (ValueError, ArithmeticError):
        kopecks = -1
    if kopecks < 0:
        _unreadable(name)
    return kopecks, currency


def _refunded(answer: Any, status: GatewayStatus) -> int | None:
    """By the reference of the API it is told only where something has gone back. None: it is told, and unreadable."""
    if "refunded_amount" not in answer:
        return 0
    try:
        return _amount(answer, "refunded_amount")[0]
    except GatewayResponseUnreadable:
        return None if status is GatewayStatus.SUCCEEDED else 0


def _unreadable(field: str) -> Any:
    raise GatewayResponseUnreadable(field)


def _number(answer: Any) -> int | None:
    number = _text(_of(answer, "metadata", "payment"))
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else None


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
