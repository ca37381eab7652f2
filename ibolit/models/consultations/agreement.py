"""How a consultation is agreed on, paid and cancelled."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped

from ... import errors
from ...events import ConsultationCancelled, ConsultationConfirmed, record
from ...extensions import db
from ...services import clock
from ..job import Job, JobKind
from ..payments import CancellationTerms, Payment, RefundReason
from ..people import User
from .states import CHANGEABLE, CONFIRMED_STATES, CancellationReason, ConsultationState

if TYPE_CHECKING:
    from .consultation import Consultation


ON_RECEIPT = "Консультация"  # which names no doctor and no specialty


class ConsultationAgreement:
    """A consultation's facet from the proposal to the start."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        paid_at: Mapped[datetime | None]
        confirmed_at: Mapped[datetime | None]
        ended_at: Mapped[datetime | None]
        cancelled_by_id: Mapped[int | None]
        cancel_reason: Mapped[CancellationReason | None]

    @property
    def awaits_payment(self: Consultation) -> bool:
        """Also after its start, while a begun payment holds it."""
        return self.price > 0 and self.state_now is ConsultationState.PROPOSED and not self.awaits_choice

    def may_be_paid(self: Consultation) -> bool:
        return self.awaits_payment and clock.now() < self.starts_at

    def may_be_paid_on(self: Consultation) -> bool:
        """It was begun to be paid before its start, which has come; what was begun holds it for a while."""
        return self.awaits_payment and not self.may_be_paid() and any(one.is_unfinished for one in self.payments)

    @property
    def was_cancelled_by_patient(self: Consultation) -> bool:
        return self.cancelled_by_id == self.patient_id

    @property
    def was_cancelled_after_start(self: Consultation) -> bool:
        return self.ended_at is not None and self.ended_at >= self.starts_at

    @property
    def awaits_only_payment(self: Consultation) -> bool:
        """Its time is agreed by both: one asked for it, the other accepted."""
        return self.awaits_payment and self.moved_at is not None

    def confirm(self: Consultation, user: User, expected: datetime) -> None:
        """The patient's yes to a free one at the time the card showed, or the doctor's to the patient's wish.

        Raises ConsultationHasChanged, TimeIsNotChosen and MustBePaid.
        """
        self.lock_for(user, expected)
        if user.id != self.who_confirms.id:
            raise errors.ConsultationHasChanged
        if self.state in CONFIRMED_STATES:
            return  # pressed twice
        if self.state is not ConsultationState.PROPOSED:
            raise errors.ConsultationHasChanged
        if self.awaits_choice:
            raise errors.TimeIsNotChosen
        if self.price:
            raise errors.MustBePaid
        self.agree(by=user)
        self.end_wait_for_wish()
        self.bump_revision()

    def start_payment(self: Consultation, payer: User, expected: datetime) -> Payment:
        """The live payment for this consultation, made now if there was none; it starts when the patient saw.

        Raises ConsultationHasChanged when it does not, or takes no money any more, or is not the payer's own;
        TimeIsNotChosen while several times are offered; PaymentIsAnothers.
        """
        self.lock()
        if self.awaits_choice:
            raise errors.TimeIsNotChosen
        is_as_seen = self.starts_at == expected and payer.id == self.patient_id
        if not is_as_seen or not self.awaits_payment:
            raise errors.ConsultationHasChanged
        unfinished = Payment.unfinished_for(payer, Payment.consultation_id == self.id)
        if unfinished is not None:
            return unfinished
        if not self.may_be_paid():
            raise errors.ConsultationHasChanged
        payment = Payment.create(self.chat, payer, consultation=self, title=ON_RECEIPT, days=0, amount=self.price)
        self.bump_revision()
        return payment

    def accept_payment(self: Consultation, payment: Payment) -> bool:
        """Its payment has succeeded: confirmed, or – False – there is nothing to pay for any more.

        Under the locks of the doctor's agenda, of the payment and of the chat.
        """
        db.session.refresh(self)
        if self.state_now is not ConsultationState.PROPOSED and not self.may_be_paid_late():
            return False
        self.ended_at = None
        self.paid_at, self.was_moved_by_doctor = payment.paid_at, False
        self.agree()
        return True

    def cancel_unpaid(self: Consultation) -> None:
        """All of it went back before the start: unpaid, it cannot take place. Under the chat's lock."""
        db.session.refresh(self)
        if self.state_now is ConsultationState.CONFIRMED:
            self._become(ConsultationState.CANCELLED)
            self.cancel_reason, self.ended_at = CancellationReason.MONEY_BACK, clock.now()
            record(ConsultationCancelled(self.id, None))

    def cancel(self: Consultation, user: User, reason: CancellationReason, terms: CancellationTerms) -> None:
        """With the promised fate of the money. Raises ConsultationHasChanged and PromiseHasChanged."""
        self.lock_for(user)
        if self.state is ConsultationState.CANCELLED and self.cancelled_by_id == user.id:
            return  # pressed twice
        if not self.may_be_cancelled():
            raise errors.ConsultationHasChanged
        if terms is not CancellationTerms.of(user, self):
            raise errors.PromiseHasChanged
        self._end_cancelled(reason, by_id=user.id, in_full=terms is CancellationTerms.FULL)

    def call_off(self: Consultation) -> None:
        """Nobody may come for the patient any more: all the money goes back. What has begun or is over stays."""
        self.lock()
        self.apply_due_transition()
        if self.state in CHANGEABLE:
            self._end_cancelled(CancellationReason.CHAT_CLOSED, by_id=None, in_full=True)

    def agree(self: Consultation, *, with_move: bool = False, by: User | None = None) -> None:
        """`by`: whose yes it was, unless it was the patient's or their payment."""
        self.confirmed_at = clock.now()
        self._become(ConsultationState.CONFIRMED)
        record(ConsultationConfirmed(self.id, with_move, by.id if by else self.patient_id))
        Job.expedite(JobKind.CONSULTATION, self.id)

    @property
    def _is_being_paid(self: Consultation) -> bool:
        """Somebody began to pay before the start, and nothing has become of it yet."""
        return any(one.may_confirm_consultation and one.created_at < self.starts_at for one in self.payments)

    def _end_cancelled(self: Consultation, reason: CancellationReason, *, by_id: int | None, in_full: bool) -> None:
        self._become(ConsultationState.CANCELLED)
        self.cancelled_by_id, self.cancel_reason, self.ended_at = by_id, reason, clock.now()
        self._give_back(RefundReason.CANCELLED, in_full=in_full)
        record(ConsultationCancelled(self.id, by_id))
        self.end_wait_for_wish()
        self.bump_revision()

    def _give_back(self: Consultation, cause: RefundReason, *, in_full: bool) -> None:
        for payment in self.payments:
            if payment.refundable <= 0:
                continue
            if in_full:
                payment.refund(payment.refundable, cause)
            else:
                payment.request_refund(cause)
