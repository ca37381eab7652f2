"""How much of a payment may be refunded, and what requests or sends a refund."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from ... import errors
from ...events import RefundDecided, record
from ...extensions import db
from ...services import clock
from ..chats import Message
from ..job import Job, JobKind
from ..people import User
from .refund import WORKING_DAYS, Refund, in_working_days
from .states import COMPLETED_STATES, RefundReason, RefundState

if TYPE_CHECKING:
    from .payment import Payment


DAY = timedelta(days=1)


class PaymentRefunds:
    """A payment's facet for refunds."""

    @property
    def is_duplicate(self: Payment) -> bool:
        """Another payment had bought the same consultation, so this one is refunded without a decision."""
        return any(one.cause is RefundReason.DUPLICATE for one in self.refunds)

    @property
    def has_amount_mismatch(self: Payment) -> bool:
        """The provider took another sum or currency than was asked: the operator decides."""
        return any(one.cause is RefundReason.AMOUNT_MISMATCH for one in self.refunds)

    @property
    def has_refund_arrived(self: Payment) -> bool:
        """Whether all refunds that were sent have arrived."""
        arrived = sum(one.amount for one in self.refunds if one.state in COMPLETED_STATES)
        return arrived == self.refunded

    @property
    def has_failed_refund(self: Payment) -> bool:
        return any(one.state is RefundState.FAILED for one in self.refunds)

    @property
    def can_request_refund(self: Payment) -> bool:
        """Only applied payments, and one request at a time."""
        return self.applied_at is not None and self.refundable > 0 and self._open_request is None

    @property
    def refunded_by_provider(self: Payment) -> int:
        """Kopecks the provider has refunded as far as we know."""
        return sum(one.amount for one in self.refunds if one.provider_id and one.state is RefundState.SUCCEEDED)

    @property
    def refundable(self: Payment) -> int:
        """What can still be refunded, in kopecks."""
        return self.paid - self.refunded

    def unused_days(self: Payment, *, begun: bool = False) -> int:
        """Days of what was bought that lie ahead, the begun one not counted; the chat's end is made of all payments."""
        if self.applied_at is None or self.chat.open_until is None:
            return 0
        left = max(timedelta(), self.chat.open_until - clock.now())
        return min(-(-left // DAY) if begun else left // DAY, self.days - self.withdrawn_days)

    def prorated_refund(self: Payment) -> int:
        """All of it while the doctor wrote nothing, else the whole unused days (the offer, section 5).

        Of a consultation all: its own rules have decided before whether the clinic is asked at all.
        """
        if self.consultation_id is not None or self.doctor_wrote_nothing:
            return self.refundable
        return self.price_of_unused_days()

    def price_of_unused_days(self: Payment) -> int:
        return min(self.refundable, round_half_up(self.price * self.unused_days(), self.days))

    @property
    def doctor_wrote_nothing(self: Payment) -> bool:
        """The doctor has written nothing since it was applied, if it was."""
        return self.applied_at is None or not self._doctor_has_written_since(self.applied_at)

    def refund(self: Payment, amount: int, cause: RefundReason, note: str = "", *, by: User | None = None) -> Refund:
        """Sends a refund; the chat's days that were bought with it go too. Raises RefundTooLarge."""
        self.lock()
        self.check_refundable(amount)
        refund = Refund(payment=self, amount=amount, cause=cause, note=note, decided_by=by.id if by else None)
        db.session.add(refund)
        refund.send()
        return refund

    def check_refundable(self: Payment, amount: int) -> None:
        """Raises RefundTooLarge."""
        if not 0 < amount <= self.refundable:
            raise errors.RefundTooLarge(self.refundable)

    def refund_expecting(self: Payment, expected: int, amount: int | None, note: str, by: User) -> Refund:
        """The operator's refund, made while `expected` kopecks are refundable: pressed twice it is done once.

        Raises RefundableHasChanged and RefundTooLarge.
        """
        self.lock()
        if expected != self.refundable:
            raise errors.RefundableHasChanged
        refund = self.refund(expected if amount is None else amount, RefundReason.OPERATOR, note, by=by)
        record(RefundDecided(refund.id))
        return refund

    def request_refund(self: Payment, cause: RefundReason, note: str = "") -> Refund:
        """A refund for the operator to decide; one at a time. Raises NothingToRefund, and ChatIsNotThePayers when the
        payer asks for it who may not read there any more."""
        self.lock()
        if cause is RefundReason.REQUESTED_BY_PAYER and not self.chat.is_shown_to(self.payer):
            raise errors.ChatIsNotThePayers
        if self._open_request is not None:
            return self._open_request
        amount = self.refundable if cause is RefundReason.AMOUNT_MISMATCH else self.prorated_refund()
        if amount <= 0:
            raise errors.NothingToRefund
        refund = Refund(payment=self, amount=amount, cause=cause, note=note, decide_by=in_working_days(WORKING_DAYS))
        db.session.add(refund)
        db.session.flush()
        Job.add(JobKind.REFUND, refund.id, due_at=refund.decide_by)
        self._record_change()
        return refund

    @property
    def _open_request(self: Payment) -> Refund | None:
        return next((one for one in self.refunds if one.state is RefundState.REQUESTED), None)

    def _doctor_has_written_since(self: Payment, moment: datetime) -> bool:
        by_doctor = Message.chat_id == self.chat_id, Message.author_id == self.chat.doctor.user_id
        written = select(Message.id).where(*by_doctor, Message.sent_at > moment)
        return db.session.scalar(written.limit(1)) is not None


def round_half_up(numerator: int, denominator: int) -> int:
    """Integer division of kopecks; no floats."""
    return (2 * numerator + denominator) // (2 * denominator)
