"""One payment for a tariff or a consultation: what was bought, its state, and look-ups.

What a provider says is believed only when it was asked (services/payments). settle() takes that over under the
payment's lock and in one transaction; settling twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, select, text
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload

from ...config import current_settings
from ...events import PaymentChanged, record
from ...extensions import Model, db
from ...services import clock
from ...services.payments import CURRENCY, Customer
from ..chats import Chat
from ..locking import Lockable, LockKind, advisory_lock
from ..people import User
from ..types import RowId, UtcDateTime, enum_column
from .provider_polling import poll_interval
from .purchase import PaymentPurchase
from .refund import Refund
from .refunding import PaymentRefunds
from .settlement import PaymentSettlement
from .states import OTHER_SHOP, UNFINISHED, PaymentState, RefundState
from .summary import PaymentSummary

if TYPE_CHECKING:
    from ..consultations import Consultation
    from .receipt import Receipt

CONFIRMATION_PAGE_TIMEOUT = timedelta(minutes=2)
RECONCILED_FOR = timedelta(days=14)  # after it was paid: once a day the provider is asked even if no webhook came


class Payment(PaymentPurchase, PaymentSettlement, PaymentRefunds, PaymentSummary, Lockable, Model):
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
    state: Mapped[PaymentState] = mapped_column(enum_column(PaymentState), default=PaymentState.CREATED)
    key: Mapped[str] = mapped_column(String(36))  # idempotence: stored before the provider is called
    provider_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    page: Mapped[str] = mapped_column(String(500), default="")  # where one pays
    method: Mapped[str] = mapped_column(
        String(20), default="", server_default=""
    )  # how it is paid, in the provider's word
    currency: Mapped[str] = mapped_column(String(3), default=CURRENCY, server_default=CURRENCY)  # of what came
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
    def by_number(cls, number: int) -> Select[tuple[Self]]:
        """Anybody's: for the operator."""
        whole = select(cls).options(joinedload(cls.payer), selectinload(cls.refunds), selectinload(cls.receipts))
        return whole.where(cls.id == number)

    @classmethod
    def by_token(cls, token: str) -> Select[tuple[Self]]:
        return select(cls).where(cls.token == token)

    @classmethod
    def by_provider_id(cls, provider_id: str) -> Select[tuple[Self]]:
        return select(cls).where(cls.provider_id == provider_id)

    @classmethod
    def unfinished(cls) -> Sequence[int]:
        """Ids of all that wait for something: the sweep sees that each has its job."""
        made_since = cls.created_at > clock.now() - RECONCILED_FOR
        is_unknown_to_provider = (cls.state == PaymentState.CANCELLED) & (cls.reason == OTHER_SHOP) & made_since
        return db.session.scalars(select(cls.id).where(cls.state.in_(UNFINISHED) | is_unknown_to_provider)).all()

    @classmethod
    def to_reconcile(cls) -> Sequence[int]:
        """Ids of all whose refunds the provider is asked about once a day."""
        paid_since = cls.paid_at > clock.now() - RECONCILED_FOR
        return db.session.scalars(select(cls.id).where(cls.state == PaymentState.SUCCEEDED, paid_since)).all()

    # Questions

    @property
    def is_reconciled(self) -> bool:
        return (self.paid_at or self.created_at) > clock.now() - RECONCILED_FOR

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def is_changing(self) -> bool:
        """Whether a page should load itself again soon: the provider has not answered, or a refund is on its way."""
        return self.is_unfinished or any(one.state is RefundState.SENDING for one in self.refunds)

    @property
    def is_by_card(self) -> bool:
        return self.method == "bank_card"

    @property
    def lacks_email(self) -> bool:
        """The shop delivers receipts by e-mail only, and none is known: it is asked for first."""
        is_new = self.state is PaymentState.CREATED and self.provider_id is None
        return is_new and current_settings.receipt_needs_email and not self.email

    @property
    def is_stalled(self) -> bool:
        """The provider has named no page for two minutes, so the payer is told not to wait."""
        return self.state is PaymentState.CREATED and clock.now() - self.created_at > CONFIRMATION_PAGE_TIMEOUT

    @property
    def is_unknown_to_provider(self) -> bool:
        """Cancelled because this shop does not know it; in the shop where it was created it may yet be paid."""
        return self.state is PaymentState.CANCELLED and self.reason == OTHER_SHOP

    @property
    def is_obsolete(self) -> bool:
        """Paid now it would be refunded at once: what it is for is over, or not for sale any more."""
        if self.consultation is not None:
            return self.is_unfinished and not self.consultation.awaits_payment
        return self.is_unfinished and not self.chat.is_time_sold

    @property
    def confirms_upcoming_consultation(self) -> bool:
        """When all of it goes back, a consultation that is to come is cancelled."""
        consultation = self.consultation
        return consultation is not None and self.applied_at is not None and consultation.may_be_cancelled()

    @property
    def may_confirm_consultation(self) -> bool:
        """Whether it may yet confirm its consultation: unfinished, or taken and not applied."""
        is_taken = self.state is PaymentState.SUCCEEDED and self.applied_at is None and self.refundable > 0
        return self.is_unfinished or is_taken

    @property
    def price(self) -> int:
        """What all its days cost, in kopecks: less than was asked if the operator accepted a smaller amount."""
        return min(self.amount, self.paid)

    @property
    def news_link(self) -> dict[str, int]:
        """Where its news lead: to the card of what was paid, or to the chat, which is where its days are."""
        if self.consultation_id is not None:
            return {"consultation_id": self.consultation_id}
        return {"chat_id": self.chat_id}

    @property
    def customer(self) -> Customer:
        return Customer(self.phone, self.email)

    @property
    def poll_interval(self) -> timedelta:
        """How long until the provider is asked again."""
        return poll_interval(self.created_at)

    @property
    def moved_at(self) -> datetime:
        """When its money last moved: paid, delivered or refunded."""
        moments = [self.paid_at, self.opened_until, *(one.done_at for one in self.refunds)]
        return max([self.created_at, *(moment for moment in moments if moment and moment <= clock.now())])

    def expected_receipts(self, *, closing: bool) -> int:
        """How many receipts the tax service should know by now: of the payment, of each refund, of the end."""
        gone_back = sum(one.state is RefundState.SUCCEEDED for one in self.refunds)
        is_over = self.opened_until is not None and self.opened_until <= clock.now()
        return 1 + gone_back + (closing and is_over and self.refundable > 0)

    # Verbs

    def send_receipt_to(self, email: str) -> None:
        """Sets where the receipt goes, before it is created. The address is not proved, nor kept with the account."""
        self.lock()
        if self.lacks_email:
            self.email = email

    def lock_with_agenda(self) -> None:
        """For who may apply it: a success after its hold may take time of the doctor's, whose lock is the first."""
        if self.consultation_id is not None:
            advisory_lock(LockKind.AGENDA, self.doctor_id)
        self.lock()

    # Below: parts of these

    def _take_lock(self) -> None:
        """Before the chat's. Its refunds are under its lock too."""
        locked = select(Payment).where(Payment.id == self.id).with_for_update(of=Payment)
        anew = locked.options(selectinload(Payment.refunds)).execution_options(populate_existing=True)
        db.session.scalars(anew).one()
        db.session.expire(self, ["receipts"])

    def _record_change(self) -> None:
        record(PaymentChanged(self.id))
