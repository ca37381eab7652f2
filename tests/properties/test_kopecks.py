"""Sums: what is written, read, split and rounded stays exact to the kopeck."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_tests import examples
from yookassa_stub import YooKassaStub, _check_receipt, kopecks

from ibolit.models import Payment, PaymentState, Refund, RefundState
from ibolit.models.payments import round_half_up
from ibolit.services import clock
from ibolit.services.payments import Customer, Order, ReceiptItem
from ibolit.services.payments.amounts import from_kopecks, to_kopecks
from ibolit.services.payments.yookassa import Shop, YooKassa
from ibolit.sums import kopecks as typed_sum
from ibolit.sums import rubles

PROFILE = settings(max_examples=examples(200))

sums = st.integers(1, 10**9)
titles = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80)


@PROFILE
@given(sums)
def test_sum_survives_the_provider(amount: int) -> None:
    told = from_kopecks(amount)
    assert to_kopecks(Decimal(told["value"])) == amount == kopecks(told)
    assert told["value"].partition(".")[2].isdigit()
    assert len(told["value"].partition(".")[2]) == 2


@PROFILE
@given(st.decimals(0, 10**9, places=3))
def test_part_of_a_kopeck_is_never_rounded_away(value: Decimal) -> None:
    if value * 100 == int(value * 100):
        assert Decimal(to_kopecks(value)) / 100 == value
    else:
        with pytest.raises(ValueError, match="hundredth"):
            to_kopecks(value)


@PROFILE
@given(sums)
def test_sum_people_read_is_the_sum_they_can_type(amount: int) -> None:
    assert typed_sum(rubles(amount).removesuffix("\N{NO-BREAK SPACE}₽")) == amount


GAPS = st.sampled_from(["", " ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}"])
AFTER = st.sampled_from(["", "₽", " ₽", "\N{NO-BREAK SPACE}₽", "р", " р.", " руб", " руб."])


@PROFILE
@given(st.integers(1, 10**8), st.integers(0, 99), GAPS, st.sampled_from(".,"), AFTER)
def test_sum_is_read_however_it_is_spelled(whole: int, rest: int, gap: str, point: str, after: str) -> None:
    words = f"{whole:,}".replace(",", gap)
    assert typed_sum(words + after) == whole * 100
    assert typed_sum(f"{words}{point}{rest:02}{after}") == whole * 100 + rest
    assert typed_sum(f" {words}{point}{rest // 10}{after} ") == whole * 100 + rest // 10 * 10


@PROFILE
@given(st.integers(1, 10**5), st.integers(0, 999), st.sampled_from(".,"))
def test_three_digits_after_a_point_are_asked_back(whole: int, rest: int, point: str) -> None:
    """«1.500» is fifteen hundred to one person and one and a half to another."""
    with pytest.raises(ValueError, match=str(whole)):
        typed_sum(f"{whole}{point}{rest:03}")


SIGNS = st.text(st.sampled_from("0123456789 .,₽рeE+-_'٣²½Ⅷ\N{NO-BREAK SPACE}"), max_size=12)


@PROFILE
@given(st.one_of(SIGNS, st.text(max_size=8)))
def test_whatever_is_typed_is_read_as_it_stands_or_asked_back(words: str) -> None:
    try:
        sum_ = typed_sum(words)
    except ValueError:
        return
    plain = re.sub(r"[^0-9.,]", "", words).rstrip(".").replace(",", ".")
    assert Decimal(plain) * 100 == sum_
    assert len(plain.partition(".")[2]) <= 2
    assert not re.search(r"[^0-9\s.,₽руб]", words, re.IGNORECASE)


@PROFILE
@given(st.integers(0, 10**12), st.integers(1, 10**4))
def test_half_goes_up_exactly(numerator: int, denominator: int) -> None:
    exact = (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1), ROUND_HALF_UP)
    assert round_half_up(numerator, denominator) == exact


@settings(max_examples=examples(25))
@given(amount=sums, title=titles, parts=st.lists(st.integers(1, 10**6), max_size=3))
def test_receipts_add_up_to_what_moves(stub: YooKassaStub, amount: int, title: str, parts: list[int]) -> None:
    """The stub refuses a receipt whose items are not the sum; here the whole way, in parts and the rest."""
    gateway = YooKassa(Shop(stub.shop_id, stub.secret_key, stub.url))
    anna = Customer("+79161234567", None)
    number = len(stub.payments) + 1
    lines, where = [ReceiptItem(title, amount)], "http://ibolit.example"
    order = Order(number, f"k-{number}", amount, f"Заказ: {title}"[:128], where, anna, lines)
    paid = gateway.create(order)
    _check_receipt(stub.requests[-1].body["receipt"], from_kopecks(amount))
    assert paid.amount == amount
    stub.pay(paid.id)
    left = amount
    for place, part in enumerate([*parts, left]):
        part = min(part, left) if place < len(parts) else left
        if part:
            back = gateway.refund(paid.id, part, f"r-{number}-{place}", anna, [ReceiptItem(title, part)])
            left -= part
            assert back.amount == part
    assert left == 0
    assert gateway.find(paid.id).refunded == amount


@pytest.fixture(scope="module")
def stub() -> Any:
    with YooKassaStub() as stub:
        yield stub


class Lasting:
    """A chat as far as a refund looks at it."""

    def __init__(self, left: timedelta) -> None:
        self.open_until = clock.now() + left


def bought(amount: int, days: int, paid: int, left: timedelta) -> Payment:
    """A payment that no database knows."""
    payment = Payment(amount=amount, days=days, paid=paid, refunded=0, withdrawn_days=0, applied_at=clock.now())
    payment.state = PaymentState.SUCCEEDED
    payment.__dict__["chat"] = Lasting(left)
    return payment


@PROFILE
@given(
    amount=sums,
    days=st.integers(1, 400),
    odd=st.integers(-(10**6), 10**6),
    hours=st.integers(-100, 24 * 500),
    wrote=st.booleans(),
    parts=st.lists(st.integers(1, 10**9), max_size=5),
)
def test_parts_of_a_refund_are_fair(
    amount: int, days: int, odd: int, hours: int, wrote: bool, parts: list[int]
) -> None:
    payment = bought(amount, days, max(1, amount + odd), timedelta(hours=hours))
    with patch.object(Payment, "_doctor_has_written_since", lambda _self, _moment: wrote):
        assert 0 <= payment.prorated_refund() <= payment.refundable
        if not wrote:
            assert payment.prorated_refund() == payment.refundable
        for part in parts:
            refund = Refund(amount=min(part, payment.refundable), state=RefundState.SENDING)
            refund.__dict__["payment"] = payment
            if refund.amount == 0:
                break
            taken = refund._days_for(refund.amount)
            assert 0 <= taken <= payment.days - payment.withdrawn_days
            payment.refunded += refund.amount
            payment.withdrawn_days += taken
            payment.chat.open_until -= timedelta(days=taken)
            assert payment.refundable >= 0
            assert 0 <= payment.prorated_refund() <= payment.refundable
            # Nobody loses more days than the money back pays for, until all of it is back.
            assert payment.refundable == 0 or payment.withdrawn_days * payment.price <= payment.refunded * payment.days
    assert payment.withdrawn_days <= payment.days
