"""The provider's edge: kopecks inside, strings of roubles outside, Decimal only between them."""

from __future__ import annotations

from decimal import Decimal

from . import CURRENCY


def from_kopecks(amount: int) -> dict[str, str]:
    return {"value": f"{Decimal(amount) / 100:.2f}", "currency": CURRENCY}


def to_kopecks(value: Decimal) -> int:
    """Hundredths of whatever currency it is. Raises ValueError for what is no sum of whole hundredths."""
    hundredths = value * 100
    if hundredths != hundredths.to_integral_value():
        raise ValueError("a part of a hundredth")
    return int(hundredths)
