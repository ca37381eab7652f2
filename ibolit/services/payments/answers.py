"""YooKassa's answers in our words, read as they came.

What money depends on – id, state, sum, currency – must be there and sound, else the whole answer is unreadable. The
rest may fail alone: a masked phone or a card of a new kind must not hide a payment somebody has made.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from . import Back, Fiscal, GatewayUnreadable, Paid, Stage, is_titled
from .amounts import to_kopecks
from .notices import ID

T = TypeVar("T")

log = logging.getLogger(__name__)

STAGES = {
    "pending": Stage.WAITING,
    "waiting_for_capture": Stage.WAITING,
    "succeeded": Stage.SUCCEEDED,
    "canceled": Stage.CANCELLED,
}
WORD = re.compile(r"[a-z0-9_]{1,60}")
PAGE = re.compile(r"https?://\S{1,490}")
CURRENCIES = re.compile(r"[A-Z]{3}")


def paid(answer: Any) -> Paid:
    """Raises GatewayUnreadable."""
    amount, currency = _amount(answer, "amount")
    stage = _stage(answer)
    return Paid(
        id=_id(answer),
        stage=stage,
        amount=amount,
        currency=currency,
        refunded=_refunded(answer, stage),
        number=_number(answer),
        page=_matching(PAGE, _of(answer, "confirmation", "confirmation_url")),
        reason=_matching(WORD, _of(answer, "cancellation_details", "reason")),
        is_test=_of(answer, "test") is True,
        method=_matching(WORD, _of(answer, "payment_method", "type")),
    )


def back(answer: Any) -> Back:
    """Raises GatewayUnreadable."""
    amount, _currency = _amount(answer, "amount")
    return Back(
        id=_id(answer),
        stage=_stage(answer),
        amount=amount,
        reason=_matching(WORD, _of(answer, "cancellation_details", "reason")),
        key=_text(_of(answer, "metadata", "key")),
        made_at=_moment(_of(answer, "created_at")),
    )


def fiscal(answer: Any) -> Fiscal:
    """Raises GatewayUnreadable."""
    settlements = _of(answer, "settlements")
    return Fiscal(
        id=_id(answer),
        stage=STAGES.get(_text(_of(answer, "status")), Stage.WAITING),
        storage=_text(_of(answer, "fiscal_storage_number")),
        document=_text(_of(answer, "fiscal_document_number")),
        sign=_text(_of(answer, "fiscal_attribute")),
        registered_at=_moment(_of(answer, "registered_at")),
        refund_id=_text(_of(answer, "refund_id")),
        is_closing=isinstance(settlements, list) and any(_of(one, "type") == "prepayment" for one in settlements),
    )


def page(answer: Any) -> tuple[list[Any], str]:
    """A page of a list, and where the next one begins. Raises GatewayUnreadable."""
    items = _of(answer, "items")
    if not isinstance(items, list):
        raise GatewayUnreadable("items")
    return items, _text(_of(answer, "next_cursor"))


def speaks_of(answer: Any, number: int) -> bool:
    """Whether this payment is number so-and-so of ours: by its metadata, or by its title where those are lost.

    Raises GatewayUnreadable for what might be anybody's.
    """
    if not isinstance(answer, dict):
        raise GatewayUnreadable("payment")
    known = _number(answer)
    return known == number if known is not None else is_titled(_text(answer.get("description")), number)


def belongs_to(answer: Any, payment_id: str) -> bool:
    """Unless it says that it is another payment's."""
    named = _of(answer, "payment_id")
    return named == payment_id or not isinstance(named, str) or ID.fullmatch(named) is None


def those_readable(answers: list[Any], read: Callable[[Any], T]) -> list[T]:
    found = []
    for answer in answers:
        try:
            found.append(read(answer))
        except GatewayUnreadable as doubt:
            log.warning("yookassa: one of a list passed over: %s is unreadable", doubt)
    return found


def _of(thing: Any, *way: str) -> Any:
    for name in way:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def _id(answer: Any) -> str:
    return _matching(ID, _of(answer, "id")) or str(_unreadable("id"))


def _stage(answer: Any) -> Stage:
    status = _of(answer, "status")
    return STAGES[status] if isinstance(status, str) and status in STAGES else _unreadable("status")


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


def _refunded(answer: Any, stage: Stage) -> int | None:
    """By the reference of the API it is told only where something has gone back. None: it is told, and unreadable."""
    if "refunded_amount" not in answer:
        return 0
    try:
        return _amount(answer, "refunded_amount")[0]
    except GatewayUnreadable:
        return None if stage is Stage.SUCCEEDED else 0


def _unreadable(field: str) -> Any:
    raise GatewayUnreadable(field)


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
