"""States of a payment."""

from __future__ import annotations

from enum import StrEnum

OTHER_SHOP = "other_shop"


class PaymentState(StrEnum):
    CREATED = "created"  # ours; the provider may not know of it yet
    WAITING = "waiting"  # for the payer
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


UNFINISHED = (PaymentState.CREATED, PaymentState.WAITING)
