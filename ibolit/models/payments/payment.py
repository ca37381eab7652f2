"""One order for a tariff or a consultation, and what becomes of its money.

What a provider says is believed only when he was asked (services/payments); settle() makes of it, under the payment's
lock and in one transaction, what both sides see. Settling twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, select, text
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload

from ... import errors
from ...config import current_settings
from ...events import ChatProlonged, PaymentChanged, RefundDecided, record
from ...extensions import Model, db
from ...services import clock
from ...services.payments import (
    CURRENCY,
    Customer,
    Gateway,
    GatewayRefused,
    GatewayStatus,
    Order,
    ProviderPayment,
    ReceiptItem,
    RefusalReason,
    title_of,
)
from ..chats import Chat, Message
from ..job import Job, JobKind
from ..people import User
from ..types import RowId, UtcDateTime, word_of
from .alert import AlertKind, PaymentAlert
from .provider_polling import KEY_LIVES, pause_since
from .refund import COMPLETED_STATES, WORKING_DAYS, Refund, RefundReason, RefundState, in_working_days

if TYPE_CHECKING:
    from ..consultations import Consultation
    from .receipt import Receipt

DAY = timedelta(days=1)
OTHER_SHOP = "other_shop"
PAGE_COMES_WITHIN = timedelta(minutes=2)
WATCHED_FOR = timedelta(days=14)  # after it was paid: once a day the bank is asked even if it notified nobody


class PaymentState(StrEnum):
    CREATED = "created"  # ours; the provider may not know of it yet
    WAITING = "waiting"  # for the payer
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


LIVE = (PaymentState.CREATED, PaymentState.WAITING)


class Payment(Model):
    """Keeps a copy of what was bought: title, days and price stay as the payer saw them. Money is kopecks."""

    __table_args__ = (
        # A double click, a second tab or a retry meet the same one.
        Index(
            "uq_payment_live",
            "chat_id",
            "tariff_id",
            unique=True,
            sqlite_where=text("state IN ('created', 'waiting')"),
            postgresql_where=text("state IN ('created', 'waiting')"),
        ),
        Index(
            "uq_payment_live_consultation",
            "consultation_id",
            unique=True,
            sqlite_where=text("state IN ('created', 'waiting')"),
            postgresql_where=text("state IN ('created', 'waiting')"),
        ),
        Index("ix_payment_of_consultation", "consultation_id"),
        Index("ix_payment_of_payer", "payer_id", "id"),
        Index("ix_payment_of_doctor", "doctor_id", "paid_at"),
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("(tariff_id IS NULL) <> (consultation_id IS NULL)", "bought"),
        CheckConstraint("refunded >= 0 AND refunded <= paid", "refunded"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)  # the return address, which works signed out
    payer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    tariff_id: Mapped[int | None] = mapped_column(ForeignKey("tariff.id"))
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"))
    title: Mapped[str] = mapped_column(String(80))
    days: Mapped[int]  # of the chat's time; none for a consultation
    amount: Mapped[int]
    offer_version: Mapped[str] = mapped_column(String(40))
    offer_hash: Mapped[str] = mapped_column(String(64))
    phone: Mapped[str] = mapped_column(String(20))  # where the receipt goes
    email: Mapped[str | None] = mapped_column(String(254))
    state: Mapped[PaymentState] = mapped_column(word_of(PaymentState), default=PaymentState.CREATED)
    key: Mapped[str] = mapped_column(String(36))  # idempotence: stored before the provider is called
    provider_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    page: Mapped[str] = mapped_column(String(500), default="")  # where one pays
    method: Mapped[str] = mapped_column(String(20), default="")  # how it was, or was to be, paid, in his word
    currency: Mapped[str] = mapped_column(String(3), default=CURRENCY)  # of what came
    reason: Mapped[str] = mapped_column(String(60), default="")  # why it was cancelled, in the provider's word
    paid: Mapped[int] = mapped_column(default=0)  # what the provider took
    refunded: Mapped[int] = mapped_column(default=0)  # what has gone back or is on its way
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # what was bought was given
    opened_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the end of what it paid for
    withdrawn_days: Mapped[int] = mapped_column(default=0)  # given back with money
    payer: Mapped[User] = relationship(innerjoin=True)
    chat: Mapped[Chat] = relationship(innerjoin=True)
    consultation: Mapped[Consultation | None] = relationship(back_populates="payments")
    refunds: Mapped[list[Refund]] = relationship(back_populates="payment", order_by="Refund.id")
    receipts: Mapped[list[Receipt]] = relationship(order_by="Receipt.id")

    # Look-ups

    @classmethod
    def numbered(cls, number: int) -> Select[tuple[Self]]:
        """Anybody's: for the operator."""
        whole = select(cls).options(joinedload(cls.payer), selectinload(cls.refunds), selectinload(cls.receipts))
        return whole.where(cls.id == number)

    @classmethod
    def returned_to(cls, token: str) -> Select[tuple[Self]]:
        return select(cls).where(cls.token == token)

    @classmethod
    def known_as(cls, provider_id: str) -> Select[tuple[Self]]:
        return select(cls).where(cls.provider_id == provider_id)

    @classmethod
    def unended(cls) -> Sequence[int]:
        """Ids of all that wait for something: the sweep sees that each has its job."""
        made_since = cls.created_at > clock.now() - WATCHED_FOR
        is_lost = (cls.state == PaymentState.CANCELLED) & (cls.reason == OTHER_SHOP) & made_since
        return db.session.scalars(select(cls.id).where(cls.state.in_(LIVE) | is_lost)).all()

    @classmethod
    def watched(cls) -> Sequence[int]:
        """Ids of all whose refunds the bank is asked about, once a day."""
        paid_since = cls.paid_at > clock.now() - WATCHED_FOR
        return db.session.scalars(select(cls.id).where(cls.state == PaymentState.SUCCEEDED, paid_since)).all()

    # Questions

    @property
    def is_watched(self) -> bool:
        return (self.paid_at or self.created_at) > clock.now() - WATCHED_FOR

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_moving(self) -> bool:
        """What a page says of it may be untrue in a moment: the bank has not answered, or gives money back just now."""
        return self.is_live or any(one.state is RefundState.SENDING for one in self.refunds)

    @property
    def was_paid_twice(self) -> bool:
        """Another payment had bought the same consultation: this one goes back by itself."""
        return any(one.cause is RefundReason.DUPLICATE for one in self.refunds)

    @property
    def is_by_card(self) -> bool:
        return self.method == "bank_card"

    @property
    def lacks_email(self) -> bool:
        """The shop's receipts go by e-mail only, and we know none: it is asked for before anything is made."""
        is_new = self.state is PaymentState.CREATED and self.provider_id is None
        return is_new and current_settings.receipt_needs_email and not self.email

    @property
    def is_stalled(self) -> bool:
        """The bank has named no page for so long that waiting before it helps nobody."""
        return self.state is PaymentState.CREATED and clock.now() - self.created_at > PAGE_COMES_WITHIN

    @property
    def is_lost(self) -> bool:
        """Ended because the shop does not know it any more; in the one where it was made it may yet be paid."""
        return self.state is PaymentState.CANCELLED and self.reason == OTHER_SHOP

    @property
    def is_for_nothing(self) -> bool:
        """ProviderPayment now it would go back at once: what it was begun for is over, or not for sale any more."""
        if self.consultation is not None:
            return self.is_live and not self.consultation.awaits_payment
        return self.is_live and not self.chat.is_time_sold

    @property
    def confirms_upcoming_consultation(self) -> bool:
        """When all of it goes back, a consultation that is to come is cancelled."""
        consultation = self.consultation
        return consultation is not None and self.applied_at is not None and consultation.may_be_cancelled()

    @property
    def is_odd(self) -> bool:
        """The provider took another sum or currency than was asked: the operator decides."""
        return any(one.cause is RefundReason.AMOUNT_MISMATCH for one in self.refunds)

    @property
    def may_confirm_consultation(self) -> bool:
        """It may still be what confirms it."""
        is_taken = self.state is PaymentState.SUCCEEDED and self.applied_at is None and self.refundable > 0
        return self.is_live or is_taken

    @property
    def price(self) -> int:
        """What all its days cost: less than was asked, if the operator let an odd sum do."""
        return min(self.amount, self.paid)

    @property
    def has_gone_back(self) -> bool:
        """All that was sent back has arrived."""
        arrived = sum(one.amount for one in self.refunds if one.state in COMPLETED_STATES)
        return arrived == self.refunded

    @property
    def refund_is_stuck(self) -> bool:
        return any(one.state is RefundState.FAILED for one in self.refunds)

    @property
    def can_request_refund(self) -> bool:
        """Not what the clinic gives back by itself, and one wish at a time."""
        return self.applied_at is not None and self.refundable > 0 and self._wish is None

    @property
    def returned_by_bank(self) -> int:
        """Kopecks it has given back as far as we know."""
        return sum(one.amount for one in self.refunds if one.provider_id and one.state is RefundState.SUCCEEDED)

    @property
    def refundable(self) -> int:
        """What can still go back."""
        return self.paid - self.refunded

    @property
    def customer(self) -> Customer:
        return Customer(self.phone, self.email)

    @property
    def pause(self) -> timedelta:
        """Until the next look at the provider."""
        return pause_since(self.created_at)

    @property
    def moved_at(self) -> datetime:
        """When money last moved."""
        moments = [self.paid_at, self.opened_until, *(one.done_at for one in self.refunds)]
        return max([self.created_at, *(moment for moment in moments if moment and moment <= clock.now())])

    def receipts_due(self, *, closing: bool) -> int:
        """How many receipts the tax service should know by now: of the payment, of each refund, of the end."""
        gone_back = sum(one.state is RefundState.SUCCEEDED for one in self.refunds)
        is_over = self.opened_until is not None and self.opened_until <= clock.now()
        return 1 + gone_back + (closing and is_over and self.refundable > 0)

    def unused_days(self, *, begun: bool = False) -> int:
        """Days of what was bought that lie ahead, the begun one not counted; the chat's end is made of all payments."""
        if self.applied_at is None or self.chat.open_until is None:
            return 0
        left = max(timedelta(), self.chat.open_until - clock.now())
        return min(-(-left // DAY) if begun else left // DAY, self.days - self.withdrawn_days)

    def prorated_refund(self) -> int:
        """All of it while the doctor wrote nothing, else the whole unused days (the offer, section 5).

        Of a consultation all: its own rules have decided before whether the clinic is asked at all.
        """
        given_at = self.applied_at
        if self.consultation_id is not None or given_at is None or not self._doctor_has_written_since(given_at):
            return self.refundable
        return min(self.refundable, round_half_up(self.price * self.unused_days(), self.days))

    # Verbs

    def lock(self) -> None:
        """Until the commit nobody else settles it; what was loaded before is read anew. Before the chat's lock."""
        locked = select(Payment).where(Payment.id == self.id).with_for_update(of=Payment)
        db.session.scalars(locked.execution_options(populate_existing=True)).one()
        db.session.expire(self, ["refunds", "receipts"])

    def settle(self, found: ProviderPayment) -> None:
        """What the provider said just now becomes ours. Raises WrongPayment for somebody else's."""
        self.lock()
        if found.number not in (None, self.id) or self.provider_id not in (None, found.id):
            raise errors.WrongPayment
        self.provider_id = found.id
        self.method = found.method[:20] or self.method
        if found.refunded and found.refunded > self.returned_by_bank:
            Job.expedite(JobKind.RECONCILIATION, self.id)
        PaymentAlert.settle(AlertKind.OTHER_SHOP, self)
        if self.state is PaymentState.SUCCEEDED:
            return
        if found.status is GatewayStatus.SUCCEEDED:
            self._succeed(found)
        elif found.status is GatewayStatus.CANCELLED:
            if self.is_live:
                self._end(found.reason)
            elif self.is_lost:
                self.reason = found.reason[:60]
        elif self.state is PaymentState.CREATED or (self.is_live and found.page and not self.page):
            self.state, self.page = PaymentState.WAITING, found.page
            PaymentAlert.settle(AlertKind.SHOP_SETTINGS)
            self._tell()

    def send_receipt_to(self, email: str) -> None:
        """What has been made already keeps its address. Nothing of it is proved, nor kept with the account."""
        self.lock()
        if self.lacks_email:
            self.email = email

    def end(self, reason: str) -> None:
        """It will never be paid: the provider refused it, or never got to know of it.

        What he does know, because another call made it meanwhile, only he can end.
        """
        self.lock()
        if self.is_live and self.provider_id is None:
            self._end(reason)

    def record_refusal(self, refusal: GatewayRefused) -> None:
        """The bank's plain no: to what it never made, or that it knows no such payment (another shop, another key)."""
        PaymentAlert.note_refusal(self, refusal)
        if self.provider_id is None:
            self.end(refusal.reason)
        elif refusal.reason == RefusalReason.NOT_FOUND:
            self.lock()
            if self.is_live:
                PaymentAlert.note(AlertKind.OTHER_SHOP, self)
                self._end(OTHER_SHOP)

    def order(self, return_url: str) -> Order:
        items = [ReceiptItem(self.title, self.amount)]
        title = title_of(self.id, self.title)
        return Order(self.id, self.key, self.amount, title, return_url, self.customer, items)

    def ask(self, gateway: Gateway, return_url: str) -> ProviderPayment | None:
        """What the provider says of it, who makes it if he does not know it. None: it was never made, nor will be.

        Over the network, so outside any transaction. Raises GatewayOutcomeUnknown and GatewayRefused.
        """
        if self.provider_id is not None:
            return gateway.find(self.provider_id)
        if clock.now() - self.created_at < KEY_LIVES:
            try:
                return gateway.create(self.order(return_url))
            except GatewayRefused as refusal:
                if refusal.reason != RefusalReason.KEY_REUSED:
                    raise
                # It was made, while the clinic's settings said something else of it; somebody may have paid it.
        return gateway.find_by_order(self.id, since=self.created_at)

    def refund(self, amount: int, cause: RefundReason, note: str = "", *, by: User | None = None) -> Refund:
        """A refund on its way. The chat's time that was bought with it goes too. Raises RefundTooLarge."""
        self.lock()
        self.check_refundable(amount)
        refund = Refund(payment=self, amount=amount, cause=cause, note=note, decided_by=by.id if by else None)
        db.session.add(refund)
        refund.send()
        return refund

    def check_refundable(self, amount: int) -> None:
        """Raises RefundTooLarge."""
        if not 0 < amount <= self.refundable:
            raise errors.RefundTooLarge(self.refundable)

    def refund_expecting(self, expected: int, amount: int | None, note: str, by: User) -> Refund:
        """The operator's own decision, made when so much could go back: pressed twice it is done once.

        Raises RefundableHasChanged and RefundTooLarge.
        """
        self.lock()
        if expected != self.refundable:
            raise errors.RefundableHasChanged
        refund = self.refund(expected if amount is None else amount, RefundReason.OPERATOR, note, by=by)
        record(RefundDecided(refund.id))
        return refund

    def request_refund(self, cause: RefundReason, note: str = "") -> Refund:
        """For the operator to decide; one at a time. Raises NothingToRefund."""
        self.lock()
        if self._wish is not None:
            return self._wish
        amount = self.refundable if cause is RefundReason.AMOUNT_MISMATCH else self.prorated_refund()
        if amount <= 0:
            raise errors.NothingToRefund
        refund = Refund(payment=self, amount=amount, cause=cause, note=note, decide_by=in_working_days(WORKING_DAYS))
        db.session.add(refund)
        db.session.flush()
        Job.add(JobKind.REFUND, refund.id, due_at=refund.decide_by)
        self._tell()
        return refund

    def apply(self) -> None:
        """What was bought is given for the money that is here, once; if it is not for sale any more, the money goes."""
        self.chat.lock()
        if self.applied_at is not None or self.refundable <= 0:
            return
        if self._deliver():
            self.applied_at = clock.now()
        else:
            why = RefundReason.DUPLICATE if self._is_duplicate else RefundReason.NOT_FOR_SALE
            record(RefundDecided(self.refund(self.refundable, why).id))

    def recheck_consultation(self) -> None:
        """What waited for this money alone has expired at once, and the worker is to write it."""
        if self.consultation_id is not None:
            Job.expedite(JobKind.CONSULTATION, self.consultation_id)

    def mark_delivered(self) -> None:
        """The consultation it paid for has taken place: a prepayment is closed by its second receipt."""
        if self.applied_at is not None and self.opened_until is None and self.refundable > 0:
            self.opened_until = clock.now()
            Job.add(JobKind.CLOSING_RECEIPT, self.id)

    # Below: parts of these

    @property
    def _is_duplicate(self) -> bool:
        """The same consultation, by another payment that stands."""
        others = self.consultation.payments if self.consultation is not None else []
        return any(other.applied_at is not None and other.refundable > 0 for other in others if other is not self)

    @property
    def _wish(self) -> Refund | None:
        return next((one for one in self.refunds if one.state is RefundState.REQUESTED), None)

    def _doctor_has_written_since(self, moment: datetime) -> bool:
        by_doctor = Message.chat_id == self.chat_id, Message.author_id == self.chat.doctor.user_id
        written = select(Message.id).where(*by_doctor, Message.sent_at > moment)
        return db.session.scalar(written.limit(1)) is not None

    def _deliver(self) -> bool:
        """False when it is not for sale any more."""
        if self.consultation is not None:
            return self.consultation.accept_payment(self)
        if not self.chat.is_time_sold:
            return False
        self.chat.prolong(self.days)
        self.opened_until = self.chat.open_until
        record(ChatProlonged(self.chat_id))
        Job.add(JobKind.CLOSING_RECEIPT, self.id, due_at=self.opened_until)
        return True

    def _succeed(self, found: ProviderPayment) -> None:
        self.chat.lock()
        self.state, self.paid, self.paid_at, self.reason = PaymentState.SUCCEEDED, found.amount, clock.now(), ""
        self.currency = found.currency
        Job.add(JobKind.RECEIPTS, self.id)
        Job.add(JobKind.RECONCILIATION, self.id, due_at=clock.now() + DAY)
        if (found.amount, found.currency) != (self.amount, CURRENCY):
            self.request_refund(RefundReason.AMOUNT_MISMATCH)
        else:
            self.apply()
        self._tell()

    def _end(self, reason: str) -> None:
        self.state, self.reason, self.page = PaymentState.CANCELLED, reason[:60], ""
        self.recheck_consultation()
        self._tell()

    def _tell(self) -> None:
        record(PaymentChanged(self.id))


def round_half_up(numerator: int, denominator: int) -> int:
    """Kopecks, never a float."""
    return (2 * numerator + denominator) // (2 * denominator)
