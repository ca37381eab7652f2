"""States of a payment and of its refunds, and why money goes back."""

from __future__ import annotations

from enum import StrEnum

OTHER_SHOP = "other_shop"


class PaymentState(StrEnum):
    CREATED = "created"  # ours; the provider may not know of it yet
    WAITING = "waiting"  # for the payer
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


UNFINISHED = (PaymentState.CREATED, PaymentState.WAITING)


class RefundReason(StrEnum):
    """Why money goes back."""

    AMOUNT_MISMATCH = "amount_mismatch"  # the provider took another sum than was asked
    NOT_FOR_SALE = "not_for_sale"  # paid when nothing could be given for it any more
    DUPLICATE = "duplicate"  # another payment had bought the same consultation
    REQUESTED_BY_PAYER = "requested_by_payer"  # the payer asked
    CANCELLED = "cancelled"  # the consultation was cancelled cancelled
    MISSED = "missed"  # the consultation did not take place
    CHAT_CLOSED = "chat_closed"  # nobody may write there any more: the whole days that are left
    OPERATOR = "operator"
    PROVIDER_DASHBOARD = "provider_dashboard"  # made in the provider's own dashboard, not here


class RefundState(StrEnum):
    REQUESTED = "requested"  # waits for the operator, at most three working days
    SENDING = "sending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the provider said no: both sides and the operator see it
    OUT_OF_BAND = "out_of_band"  # given back past the provider, in cash or by a transfer
    DECLINED = "declined"
    SUPERSEDED = "superseded"  # all of this money went back by another one


COMPLETED_STATES = (RefundState.SUCCEEDED, RefundState.OUT_OF_BAND)
COUNTED_STATES = (RefundState.SENDING, RefundState.FAILED, *COMPLETED_STATES)  # in Payment.refunded
