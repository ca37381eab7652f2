"""Refunds of a payment: how they are requested, decided, sent to the provider and ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ... import errors
from ...config import current_settings
from ...events import PaymentChanged, RefundDecided, record
from ...extensions import Model, db
from ...services import clock
from ...services.payments import Gateway, GatewayRefused, GatewayStatus, ProviderRefund, ReceiptItem
from ..job import Job, JobKind
from ..people import User
from ..types import RowId, UtcDateTime, enum_column
from .provider_polling import IDEMPOTENCY_KEY_LIFETIME, poll_interval
from .states import COUNTED_STATES, RefundReason, RefundState
from .summary import RefundSummary

if TYPE_CHECKING:
    from .payment import Payment

WORKING_DAYS = 3  # an undecided refund goes back in full after so many


class Refund(RefundSummary, Model):
    """Money on its way back, with a job that repeats until the provider has answered. Amounts are kopecks."""

    __table_args__ = (Index("ix_refund_to_decide", "state", "decide_by"), CheckConstraint("amount > 0", "amount"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    amount: Mapped[int]  # kopecks
    days: Mapped[int] = mapped_column(default=0)  # of the chat's time that went with it
    cause: Mapped[RefundReason] = mapped_column(enum_column(RefundReason))
    note: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[RefundState] = mapped_column(enum_column(RefundState), default=RefundState.REQUESTED)
    key: Mapped[str] = mapped_column(String(36), default=lambda: secrets.token_hex(16))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the key lives from here
    provider_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    reason: Mapped[str] = mapped_column(String(60), default="")  # why it failed, in the provider's word
    # Number of its fiscal receipt, of a refund out of band.
    receipt: Mapped[str] = mapped_column(String(40), default="", server_default="")
    decide_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payment: Mapped[Payment] = relationship(back_populates="refunds", innerjoin=True)

    @classmethod
    def unfinished(cls) -> Sequence[int]:
        return db.session.scalars(
            select(cls.id).where(cls.state.in_((RefundState.SENDING, RefundState.REQUESTED)))
        ).all()

    @property
    def was_approved_by_default(self) -> bool:
        """Nobody decided within three working days, so all of it goes back (the offer, section 5)."""
        return self.decide_by is not None and self.decided_by is None and self.state in COUNTED_STATES

    @property
    def is_automatic(self) -> bool:
        """The money came too late or twice, and goes back without anybody's decision."""
        return self.cause in (RefundReason.NOT_FOR_SALE, RefundReason.DUPLICATE)

    @property
    def poll_interval(self) -> timedelta:
        return poll_interval(self.sent_at or self.created_at)

    @property
    def is_overdue(self) -> bool:
        return self.state is RefundState.REQUESTED and self.decide_by is not None and self.decide_by <= clock.now()

    def approve(self, amount: int | None, note: str, by: User | None) -> bool:
        """The operator's yes, with their own amount if they chose one; nobody's after three working days.

        Payer and doctor are told. What is kept of an amount mismatch pays for what was ordered.
        Raises RefundTooLarge; False for one that is decided already, which stays as it is.
        """
        if not self._lock_if(RefundState.REQUESTED, may_apply=True):
            return False
        sum_ = self.amount if amount is None else amount
        self.payment.check_refundable(sum_)
        self.amount, self.note, self.decided_by = sum_, note or self.note, by.id if by else None
        self.send()
        if self.cause is RefundReason.AMOUNT_MISMATCH:
            self.payment.apply()
        record(RefundDecided(self.id))
        return True

    def decline(self, note: str, by: User) -> bool:
        """The operator's no; money of an amount mismatch pays for what was ordered. False when decided already."""
        if not self._lock_if(RefundState.REQUESTED, may_apply=True):
            return False
        self.state, self.note, self.decided_by, self.done_at = RefundState.DECLINED, note, by.id, clock.now()
        if self.cause is RefundReason.AMOUNT_MISMATCH:
            self.payment.apply()
        elif self.cause in (RefundReason.CANCELLED, RefundReason.MISSED):
            self.payment.mark_delivered()  # there will be no consultation, so the closing receipt is due now
        record(RefundDecided(self.id))
        self._record_change()
        return True

    def retry(self, by: User | None, amount: int | None = None) -> bool:
        """Sends a failed one again with a new idempotency key: by the operator, or since less is owed now.

        Of a smaller amount the remainder stays a failed refund of its own. Raises RefundTooLarge.
        """
        if not self._lock_if(RefundState.FAILED):
            return False
        self._split_remainder(self.amount if amount is None else amount)
        self.key, self.provider_id, self.reason = secrets.token_hex(16), None, ""
        self.state, self.sent_at = RefundState.SENDING, clock.now()
        self.decided_by = by.id if by else self.decided_by
        Job.add(JobKind.REFUND, self.id)
        self._record_change()
        return True

    def mark_out_of_band(self, note: str, receipt: str, by: User) -> bool:
        """«Вернули иначе»: a failed one was paid in cash or by a transfer, with its own receipt."""
        if not self._lock_if(RefundState.FAILED):
            return False
        self.state, self.note, self.receipt = RefundState.OUT_OF_BAND, note, receipt
        self.decided_by, self.done_at = by.id, clock.now()
        self._record_change()
        return True

    def send(self) -> None:
        """Counted as refunded from now on, before the provider has answered, so that nobody sends it twice."""
        self.state, self.sent_at = RefundState.SENDING, clock.now()
        self._count(self.amount)
        Job.add(JobKind.REFUND, self.id)
        self._record_change()

    def book(self, fresh: int) -> None:
        """Counts a refund the provider has made already; `fresh` kopecks of it were not counted as refunded before."""
        self._count(fresh)
        Job.add(JobKind.RECEIPTS, self.payment_id)
        self._record_change()

    def reduce_by(self, part: int) -> bool:
        """`part` kopecks of it were refunded in the dashboard, and another row counts them. True: all of it was."""
        if part < self.amount:
            self.amount -= part
        else:
            self.state, self.done_at = RefundState.SUPERSEDED, clock.now()
        return self.state is RefundState.SUPERSEDED

    def ask(self, gateway: Gateway) -> ProviderRefund:
        """Over the network, so outside any transaction. Raises GatewayOutcomeUnknown and GatewayRefused."""
        payment = self.payment
        assert payment.provider_id is not None
        if self.provider_id is not None:
            return gateway.find_refund(self.provider_id)
        if self.sent_at is not None and clock.now() - self.sent_at >= IDEMPOTENCY_KEY_LIFETIME:
            lost = self._find_at_provider(gateway)
            if lost is not None:
                return lost
        items = [ReceiptItem(payment.title, self.amount)]
        try:
            return gateway.refund(payment.provider_id, self.amount, self.key, payment.customer, items)
        except GatewayRefused:
            # The refund may have been made although its answer was lost: a retry with a new key would refund twice.
            lost = self._find_at_provider(gateway)
            if lost is None:
                raise
            return lost

    def settle(self, back: ProviderRefund) -> None:
        """Takes over what the provider said of it just now."""
        if not self._lock_if(RefundState.SENDING):
            return
        self.provider_id = back.id
        if back.status is GatewayStatus.SUCCEEDED:
            self.succeed(back)
        elif back.status is GatewayStatus.CANCELLED:
            self.fail(back.reason)

    def succeed(self, back: ProviderRefund) -> None:
        """The provider has made it, on our request or in its dashboard. Call under the payment's lock."""
        self.provider_id, self.state, self.done_at, self.reason = back.id, RefundState.SUCCEEDED, clock.now(), ""
        Job.add(JobKind.RECEIPTS, self.payment_id)
        self._record_change()

    def fail(self, reason: str) -> None:
        """The provider refused it. The amount stays counted as refunded, and the operator is asked."""
        if self._lock_if(RefundState.SENDING):
            self.state, self.reason = RefundState.FAILED, reason[:60]
            self._record_change()

    def _split_remainder(self, sent: int) -> None:
        if not 0 < sent <= self.amount:
            raise errors.RefundTooLarge(self.amount)
        if sent < self.amount:
            owed = {"cause": self.cause, "note": self.note, "reason": self.reason, "decided_by": self.decided_by}
            left = self.amount - sent
            db.session.add(Refund(payment=self.payment, amount=left, state=RefundState.FAILED, **owed))
            self.amount = sent

    def _lock_if(self, state: RefundState, *, may_apply: bool = False) -> bool:
        """Takes the payment's lock, with which this row is read anew. Whether it is in that state still."""
        self.payment.lock_with_agenda() if may_apply else self.payment.lock()
        return self.state is state

    def _record_change(self) -> None:
        record(PaymentChanged(self.payment_id))

    def _supersede_requests(self) -> None:
        """Ends requests of a payment whose money has all gone back by other refunds."""
        for other in self.payment.refunds:
            if other is not self and other.state is RefundState.REQUESTED and self.payment.refundable == 0:
                other.state, other.done_at = RefundState.SUPERSEDED, clock.now()

    def _cancel_consultation(self) -> None:
        """Cancels the consultation this money had confirmed; money that was never applied confirmed nothing."""
        if self.payment.consultation is not None and self.payment.applied_at is not None:
            self.payment.chat.lock()
            self.payment.consultation.cancel_unpaid()
        self.payment.recheck_consultation()

    def _find_at_provider(self, gateway: Gateway) -> ProviderRefund | None:
        """The refund the provider made although its answer was lost: found by our key, else by its amount."""
        assert self.payment.provider_id is not None
        known = {one.provider_id for one in self.payment.refunds}
        made = [back for back in gateway.list_refunds(self.payment.provider_id) if back.id not in known]
        by_key = next((back for back in made if back.key == self.key), None)
        return by_key or next((back for back in made if not back.key and back.amount == self.amount), None)

    def _count(self, fresh: int) -> None:
        """Adds `fresh` kopecks to what is refunded, and takes the chat's days that go with them."""
        self.days = self._days_for(fresh)
        self.payment.refunded += fresh
        self.payment.withdrawn_days += self.days
        self.payment.chat.shorten(self.days)
        self._supersede_requests()
        db.session.flush()
        if self.payment.refundable == 0:
            self._cancel_consultation()

    def _days_for(self, amount: int) -> int:
        """All days left for all of the money, else as many whole days as this part of the price pays for."""
        payment = self.payment
        if payment.applied_at is None or amount <= 0:
            return 0
        if amount == payment.refundable:
            return payment.unused_days(begun=True)
        return min(payment.unused_days(), payment.days * amount // payment.price)


def in_working_days(count: int) -> datetime:
    """Monday to Friday in the clinic's zone. Public holidays are not known, which shortens it in the payer's favour."""
    moment = clock.now()
    while count:
        moment += timedelta(days=1)
        count -= moment.astimezone(current_settings.clinic_timezone).weekday() < 5
    return moment
