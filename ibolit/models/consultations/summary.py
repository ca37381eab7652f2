"""What a card says of a consultation: the next step of whoever looks at it, how it ended, how its money stands.

Templates only put these values into words (macros/consultations.html, fragments/consultations).
"""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ...services import clock
from ..payments import Payment, Refund, RefundReason, RefundState
from ..people import User
from .attendance import Absence
from .states import CONFIRMED_STATES, CancellationReason, ConsultationState

if TYPE_CHECKING:
    from .consultation import Consultation

NEAR_OPENING = timedelta(minutes=15)


class NextStep(StrEnum):
    """The one thing the person does next, or waits for."""

    PAY = "pay"
    RESUME_PAYMENT = "resume_payment"  # begun before the start, which has come
    AWAIT_SETTLEMENT = "await_settlement"  # the patient's money is on its way
    CHOOSE_TIME = "choose_time"
    CONFIRM = "confirm"
    AWAIT_CHOICE = "await_choice"  # the doctor, while the patient may choose
    AWAIT_RUNNING_PAYMENT = "await_running_payment"  # the doctor, while the patient pays
    AWAIT_PAYMENT = "await_payment"
    AWAIT_CONFIRMATION = "await_confirmation"
    AWAIT_OPENING = "await_opening"  # «Готов общаться» works ten minutes before the start
    GET_READY = "get_ready"
    AWAIT_OTHER_SIDE = "await_other_side"
    RETURN_TO_CALL = "return_to_call"
    ANSWER_RESCHEDULE = "answer_reschedule"  # asked for by the other side; of these two only pinned_step() tells
    FILL_QUESTIONNAIRE = "fill_questionnaire"
    NONE = "none"  # it is over


class Ending(StrEnum):
    """How it ended, for whoever reads it."""

    TOOK_PLACE = "took_place"
    MONEY_BACK = "money_back"  # the clinic gave the money back
    CHAT_CLOSED = "chat_closed"  # nobody may write in the patient's name any more
    CANCELLED_BY_YOU = "cancelled_by_you"
    CANCELLED_BY_OTHER_SIDE = "cancelled_by_other_side"
    NOT_CHOSEN = "not_chosen"  # one of several times
    NOT_PAID = "not_paid"
    HOLD_LAPSED = "hold_lapsed"
    NOT_CONFIRMED = "not_confirmed"
    NOBODY_CAME = "nobody_came"
    MISSED_EACH_OTHER = "missed_each_other"
    YOU_DID_NOT_COME = "you_did_not_come"
    OTHER_SIDE_DID_NOT_COME = "other_side_did_not_come"


class Timing(StrEnum):
    TO_COME = "to_come"
    DUE = "due"  # its start has come
    RUNNING = "running"
    OVER = "over"


class Presence(StrEnum):
    READY = "ready"
    GONE = "gone"  # was ready before
    NOT_YET = "not_yet"


class CalendarStep(StrEnum):
    """What a calendar should learn of it."""

    NONE = "none"
    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


class PageRefresh(StrEnum):
    """What a page without scripts does by itself."""

    NONE = "none"
    AGAIN = "again"  # it looks again, and by that says that the person is still here
    TO_CALL = "to_call"


class MoneyStatus(StrEnum):
    FREE = "free"
    NOT_PAID = "not_paid"
    MISMATCH_UNDECIDED = "mismatch_undecided"
    REFUND_UNDECIDED = "refund_undecided"
    REFUND_DELAYED = "refund_delayed"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    PARTLY_REFUNDING = "partly_refunding"
    PARTLY_REFUNDED = "partly_refunded"
    REFUND_DECLINED = "refund_declined"
    CHECKING = "checking"  # taken, and not applied yet
    PAID = "paid"


@dataclass(frozen=True)
class Money:
    """How the money of a consultation stands. Sums are kopecks."""

    status: MoneyStatus
    paid: int
    refunded: int
    decide_by: datetime | None = None  # when the clinic answers, while it has to decide
    note: str = ""  # why the clinic decided so, for who paid


class ConsultationSummary:
    """A consultation's facet for what is told of it."""

    @property
    def is_confirmed(self: Consultation) -> bool:
        """Agreed on, and not over."""
        return self.state_now in CONFIRMED_STATES

    @property
    def has_start_passed(self: Consultation) -> bool:
        return self.starts_at <= clock.now()

    @property
    def is_start_ahead(self: Consultation) -> bool:
        """Of one that may take place yet."""
        return self.is_upcoming and not self.has_start_passed

    @property
    def timing(self: Consultation) -> Timing:
        if not self.is_upcoming:
            return Timing.OVER
        if self.state_now is ConsultationState.IN_PROGRESS:
            return Timing.RUNNING
        return Timing.DUE if self.has_start_passed else Timing.TO_COME

    @property
    def awaits_both(self: Consultation) -> bool:
        """«Готов общаться» works, and the talk has not begun."""
        return self.is_open and self.state_now is ConsultationState.CONFIRMED

    @property
    def may_check_early(self: Consultation) -> bool:
        """Agreed on, and there is time to try camera and network."""
        return not self.is_open and self.state_now is ConsultationState.CONFIRMED

    @property
    def refundable(self: Consultation) -> int:
        """What of its money can still go back, in kopecks."""
        return sum(payment.refundable for payment in self.payments)

    @property
    def calendar_step(self: Consultation) -> CalendarStep:
        if self.is_confirmed:
            return CalendarStep.UPDATE if self.was_moved_in_calendars else CalendarStep.ADD
        is_cancelled = self.state_now is ConsultationState.CANCELLED
        return CalendarStep.REMOVE if is_cancelled and self.may_be_in_calendars else CalendarStep.NONE

    def next_step(self: Consultation, viewer: User) -> NextStep:
        state = self.state_now
        if state is ConsultationState.PROPOSED:
            return self._patients_step() if viewer.id == self.patient_id else self._doctors_step()
        if state is ConsultationState.IN_PROGRESS:
            return NextStep.RETURN_TO_CALL
        if state is not ConsultationState.CONFIRMED:
            return NextStep.NONE
        if not self.is_open:
            return NextStep.AWAIT_OPENING
        return NextStep.AWAIT_OTHER_SIDE if self.is_side_ready(viewer) else NextStep.GET_READY

    def presence_of(self: Consultation, side: User) -> Presence:
        if self.is_side_ready(side):
            return Presence.READY
        return Presence.GONE if self.has_come(side) else Presence.NOT_YET

    def should_be_phoned_by(self: Consultation, viewer: User) -> bool:
        """The patient asks this doctor to call by telephone."""
        return self.is_open and self.callback_requested_at is not None and viewer.id != self.patient_id

    def page_refresh(self: Consultation, *, is_ready: bool) -> PageRefresh:
        """`is_ready`: whoever looks has pressed «Готов общаться»."""
        if is_ready and self.state_now is ConsultationState.IN_PROGRESS:
            return PageRefresh.TO_CALL
        is_near = self.is_upcoming and self.opens_at - clock.now() < NEAR_OPENING
        return PageRefresh.AGAIN if is_near else PageRefresh.NONE

    def ending_for(self: Consultation, viewer: User) -> Ending | None:
        """None while it may take place yet."""
        state = self.state_now
        if state is ConsultationState.COMPLETED:
            return Ending.TOOK_PLACE
        if state is ConsultationState.EXPIRED and self.was_choice:
            return Ending.NOT_CHOSEN
        if self.has_hold_lapsed:
            return Ending.HOLD_LAPSED
        if state is ConsultationState.EXPIRED:
            return Ending.NOT_PAID if self.price else Ending.NOT_CONFIRMED
        if state is ConsultationState.MISSED:
            return self._absence_for(viewer)
        if state is not ConsultationState.CANCELLED:
            return None
        if self.cancelled_by_id is None:
            is_closed = self.cancel_reason is CancellationReason.CHAT_CLOSED
            return Ending.CHAT_CLOSED if is_closed else Ending.MONEY_BACK
        return Ending.CANCELLED_BY_YOU if self.cancelled_by_id == viewer.id else Ending.CANCELLED_BY_OTHER_SIDE

    def money_for(self: Consultation, viewer: User) -> Money:
        """The patient, who paid, also reads why the clinic decided as it did."""
        paid = [payment for payment in self.payments if payment.paid]
        refunds = [refund for payment in paid for refund in payment.refunds]
        undecided = next((one for one in refunds if one.state is RefundState.REQUESTED), None)
        decided = next((one for one in reversed(refunds) if one.decided_by), None)
        return Money(
            self._money_status(paid, refunds, undecided, decided),
            sum(payment.paid for payment in paid),
            sum(payment.refunded for payment in paid),
            undecided.decide_by if undecided else None,
            _clinics_note(decided) if decided and viewer.id == self.patient_id else "",
        )

    # Below: parts of these

    def _patients_step(self: Consultation) -> NextStep:
        if self.awaits_choice:
            return NextStep.CHOOSE_TIME
        if self.is_wish:
            return NextStep.AWAIT_CONFIRMATION
        if not self.price:
            return NextStep.CONFIRM
        if self.may_be_paid():
            return NextStep.PAY
        return NextStep.RESUME_PAYMENT if self.may_be_paid_on() else NextStep.AWAIT_SETTLEMENT

    def _doctors_step(self: Consultation) -> NextStep:
        if self.awaits_choice:
            return NextStep.AWAIT_CHOICE
        if self.is_wish:
            return NextStep.CONFIRM
        if self.may_be_paid_on():
            return NextStep.AWAIT_RUNNING_PAYMENT
        return NextStep.AWAIT_PAYMENT if self.price else NextStep.AWAIT_CONFIRMATION

    def _absence_for(self: Consultation, viewer: User) -> Ending:
        absent = self.absence
        if absent is Absence.BOTH:
            return Ending.NOBODY_CAME
        if absent is Absence.NOBODY:
            return Ending.MISSED_EACH_OTHER
        is_viewer = (absent is Absence.PATIENT) == (viewer.id == self.patient_id)
        return Ending.YOU_DID_NOT_COME if is_viewer else Ending.OTHER_SIDE_DID_NOT_COME

    def _money_status(
        self: Consultation,
        paid: list[Payment],
        refunds: list[Refund],
        undecided: Refund | None,
        decided: Refund | None,
    ) -> MoneyStatus:
        if not self.price:
            return MoneyStatus.FREE
        if not paid:
            return MoneyStatus.NOT_PAID
        if undecided is not None:
            is_mismatch = undecided.cause is RefundReason.AMOUNT_MISMATCH
            return MoneyStatus.MISMATCH_UNDECIDED if is_mismatch else MoneyStatus.REFUND_UNDECIDED
        if any(one.state is RefundState.FAILED for one in refunds):
            return MoneyStatus.REFUND_DELAYED
        if any(payment.refunded for payment in paid):
            return self._refunded_status(refunds)
        if not self.is_paid:
            return MoneyStatus.CHECKING
        return MoneyStatus.REFUND_DECLINED if decided and _was_declined(decided) else MoneyStatus.PAID

    def _refunded_status(self: Consultation, refunds: list[Refund]) -> MoneyStatus:
        is_sending = any(one.state is RefundState.SENDING for one in refunds)
        if self.refundable:
            return MoneyStatus.PARTLY_REFUNDING if is_sending else MoneyStatus.PARTLY_REFUNDED
        return MoneyStatus.REFUNDING if is_sending else MoneyStatus.REFUNDED


def _was_declined(refund: Refund) -> bool:
    """Another sum than was asked is not refused but kept for what was ordered."""
    return refund.state is RefundState.DECLINED and refund.cause is not RefundReason.AMOUNT_MISMATCH


def _clinics_note(refund: Refund) -> str:
    """The note of a payer's request is the payer's, unless the clinic said no to it."""
    is_clinics = refund.cause is not RefundReason.REQUESTED_BY_PAYER or refund.state is RefundState.DECLINED
    return refund.note if is_clinics else ""
