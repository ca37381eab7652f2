"""What is refunded when a consultation is cancelled, and by which rule (the offer, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ...services import clock
from ..people import User
from .refund import WORKING_DAYS, in_working_days

if TYPE_CHECKING:
    from ..consultations import Consultation

RETHINK_PERIOD = timedelta(minutes=30)  # after paying, cancelling refunds all of it


class CancellationTerms(StrEnum):
    """What becomes of the money when somebody cancels now. Said before; a press that expects other terms is refused."""

    NOTHING_PAID = "nothing_paid"
    FULL = "full"
    CLINIC_DECIDES = "clinic_decides"

    @classmethod
    def of(cls, user: User, consultation: Consultation) -> CancellationTerms:
        """The refund rule (the offer, section 5), for whoever would cancel now."""
        if not any(one.refundable > 0 for one in consultation.payments):
            return cls.NOTHING_PAID
        return cls.FULL if _is_refunded_in_full(user, consultation) else cls.CLINIC_DECIDES


@dataclass(frozen=True)
class RefundRule:
    """Until when the patient may cancel with a full refund; by when the clinic decides about later cancellations."""

    full_until: datetime
    is_by_start: bool  # so long before the start that both agreed on last; else so long after paying
    decided_by: datetime
    hours: int  # before the start: of what was booked those that were shown then

    @classmethod
    def of(cls, consultation: Consultation) -> RefundRule:
        hours = consultation.promised_refund_hours
        in_time = consultation.starts_at - timedelta(hours=hours)
        rethought = consultation.paid_at + RETHINK_PERIOD if consultation.paid_at else in_time
        return cls(max(in_time, rethought), in_time >= rethought, in_working_days(WORKING_DAYS), hours)


def _is_refunded_in_full(user: User, consultation: Consultation) -> bool:
    if user.id != consultation.patient_id or consultation.was_moved_by_doctor or consultation.paid_at is None:
        return True
    if consultation.reschedule_request is not None and consultation.proposed_by_id != user.id:
        return True  # the doctor cannot come at the time that was paid for
    if consultation.doctor_stayed_away:
        return True
    return clock.now() <= RefundRule.of(consultation).full_until
