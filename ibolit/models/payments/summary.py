"""What a screen says of a payment and of a refund: one value of their state, of the money and of what was bought.

Templates only put these values into words (macros/payments.html, macros/operator.html).
"""

# mypy: disable-error-code=misc
# Its methods are those of the mapped classes, which their `self` names.

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ...services import clock
from ...services.payments import CURRENCY
from ..people import User
from .states import PaymentState, RefundReason, RefundState

if TYPE_CHECKING:
    from .payment import Payment
    from .receipt import Receipt
    from .refund import Refund

# A page that waits for the provider asks again after so many seconds, at last every half a minute.
PAUSES = (2, 2, 2, 3, 3, 5, 5, 8, 8, 13, 20)
LAST_PAUSE = 30
MOST_LOOKS = 60
SEEMS_UNPAID_AFTER = 6  # looks: 17 seconds


class PaymentStatus(StrEnum):
    CREATED = "created"
    WAITING = "waiting"
    CHECKING = "checking"  # either of these, on the page that waits for the provider's answer
    OBSOLETE = "obsolete"  # paid now, it would be refunded at once
    CANCELLED = "cancelled"
    PAID = "paid"
    AMOUNT_MISMATCH = "amount_mismatch"
    DUPLICATE = "duplicate"
    REFUND_DELAYED = "refund_delayed"
    PARTLY_REFUNDED = "partly_refunded"  # has_refund_arrived says whether the bank has done it
    REFUNDED = "refunded"


class PaymentStep(StrEnum):
    """What the payer does next on the way to the bank."""

    NONE = "none"  # the status says all
    OBSOLETE = "obsolete"
    GIVE_EMAIL = "give_email"  # where the receipt goes
    WAIT = "wait"  # for the provider to name its page
    PAY = "pay"


class RefundOption(StrEnum):
    """What the payer is offered who wants their money back."""

    NONE = "none"
    NOT_SHOWN = "not_shown"  # the chat is somebody else's by now
    CANCEL_CONSULTATION = "cancel_consultation"
    CLINIC_DECIDES = "clinic_decides"  # its consultation is over
    NOTHING_LEFT = "nothing_left"  # no whole unused day
    IN_FULL = "in_full"  # the doctor wrote nothing
    UNUSED_DAYS = "unused_days"


class RefundStatus(StrEnum):
    MISMATCH_UNDECIDED = "mismatch_undecided"
    REQUESTED_BY_PAYER = "requested_by_payer"
    CLINIC_DECIDES = "clinic_decides"
    SENDING = "sending"
    SUCCEEDED = "succeeded"
    DONE_BY_BANK = "done_by_bank"  # in the provider's dashboard
    OUT_OF_BAND = "out_of_band"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    MISMATCH_ACCEPTED = "mismatch_accepted"  # the clinic keeps another sum than it asked for
    DECLINED = "declined"


class PaymentSummary:
    """A payment's facet for what is told of it."""

    @property
    def status(self: Payment) -> PaymentStatus:
        """As lists and the operator read it."""
        if self.state is not PaymentState.SUCCEEDED:
            return PaymentStatus(self.state)
        if self.is_duplicate:
            return PaymentStatus.DUPLICATE
        if self.has_failed_refund:
            return PaymentStatus.REFUND_DELAYED
        if self.refunded:
            return PaymentStatus.PARTLY_REFUNDED if self.refundable else PaymentStatus.REFUNDED
        return PaymentStatus.AMOUNT_MISMATCH if self.has_amount_mismatch else PaymentStatus.PAID

    def status_for(self: Payment, viewer: User) -> PaymentStatus:
        """Its payer is told, too, that there is nothing to pay any more."""
        if viewer.id == self.payer_id and self.is_obsolete:
            return PaymentStatus.OBSOLETE
        return self.status

    @property
    def result(self: Payment) -> PaymentStatus:
        """As the page says it to which the bank leads back: first what the payer has to know of another sum."""
        if self.is_unfinished:
            return PaymentStatus.OBSOLETE if self.is_obsolete else PaymentStatus.CHECKING
        if self.has_undecided_mismatch and self.refundable > 0:
            return PaymentStatus.AMOUNT_MISMATCH
        if self.has_failed_refund:
            return PaymentStatus.REFUND_DELAYED
        status = self.status
        return PaymentStatus.PAID if status is PaymentStatus.AMOUNT_MISMATCH else status

    def step(self: Payment, *, may_ask: bool) -> PaymentStep:
        """`may_ask`: a page may ask for the e-mail of the receipt, a live fragment may not."""
        if self.is_obsolete:
            return PaymentStep.OBSOLETE
        if may_ask and self.lacks_email:
            return PaymentStep.GIVE_EMAIL
        if self.state is PaymentState.CREATED:
            return PaymentStep.WAIT
        return PaymentStep.PAY if self.state is PaymentState.WAITING and self.page else PaymentStep.NONE

    @property
    def has_undecided_mismatch(self: Payment) -> bool:
        """Another sum came, and nothing was given for it."""
        return self.has_amount_mismatch and self.applied_at is None

    @property
    def waits_for_clinic(self: Payment) -> bool:
        """Its money is neither where the payer nor where the clinic wants it."""
        return self.has_failed_refund or (self.has_undecided_mismatch and self.refundable > 0)

    @property
    def waits_for_provider(self: Payment) -> bool:
        """Nobody is asked for anything: the provider has not named its page yet."""
        return self.state is PaymentState.CREATED and not self.lacks_email

    @property
    def is_payable(self: Payment) -> bool:
        """«Вернуться к оплате» leads somewhere."""
        return self.is_unfinished and not self.is_obsolete

    @property
    def was_succeeded(self: Payment) -> bool:
        """Money was taken, whatever became of it."""
        return self.state is PaymentState.SUCCEEDED

    @property
    def sum(self: Payment) -> int:
        """What came, or while nothing has come what was asked, in kopecks or hundredths of its currency."""
        return self.paid or self.amount

    @property
    def is_in_rubles(self: Payment) -> bool:
        return self.currency == CURRENCY

    @property
    def registered_receipts(self: Payment) -> Sequence[Receipt]:
        return [receipt for receipt in self.receipts if receipt.registered_at]

    @property
    def opens_chat_until(self: Payment) -> datetime | None:
        """Until when the days it bought last, if they last still."""
        return self.opened_until if self.opened_until and self.opened_until > clock.now() else None

    @property
    def refund_option(self: Payment) -> RefundOption:
        if not self.can_request_refund:
            return RefundOption.NONE
        if not self.chat.is_shown_to(self.payer):
            return RefundOption.NOT_SHOWN
        if self.consultation is not None:
            may_cancel = self.consultation.may_be_cancelled()
            return RefundOption.CANCEL_CONSULTATION if may_cancel else RefundOption.CLINIC_DECIDES
        if self.doctor_wrote_nothing:
            return RefundOption.IN_FULL
        return RefundOption.UNUSED_DAYS if self.price_of_unused_days() else RefundOption.NOTHING_LEFT

    def pause_after(self: Payment, look: int) -> int | None:
        """In how many seconds its page should look again, which has looked so many times; None: no more."""
        if not self.is_changing or look >= MOST_LOOKS:
            return None
        return PAUSES[look] if look < len(PAUSES) else LAST_PAUSE

    def seems_unpaid(self: Payment, look: int) -> bool:
        """So long no answer came that the payer may have turned back; before that nobody shall wonder whether to pay
        again."""
        return look > SEEMS_UNPAID_AFTER


class RefundSummary:
    """A refund's facet for what is told of it."""

    @property
    def status(self: Refund) -> RefundStatus:
        """As its payer reads it."""
        is_mismatch = self.cause is RefundReason.AMOUNT_MISMATCH
        if self.state is RefundState.REQUESTED:
            if is_mismatch:
                return RefundStatus.MISMATCH_UNDECIDED
            asked = self.cause is RefundReason.REQUESTED_BY_PAYER
            return RefundStatus.REQUESTED_BY_PAYER if asked else RefundStatus.CLINIC_DECIDES
        if self.state is RefundState.SUCCEEDED and self.cause is RefundReason.PROVIDER_DASHBOARD:
            return RefundStatus.DONE_BY_BANK
        if self.state is RefundState.DECLINED and is_mismatch:
            return RefundStatus.MISMATCH_ACCEPTED
        return RefundStatus(self.state)

    @property
    def clinics_note(self: Refund) -> str:
        """Why the clinic sends it, in its own words; the note of a payer's request is the payer's."""
        return self.note if self.decided_by and self.cause is not RefundReason.REQUESTED_BY_PAYER else ""
