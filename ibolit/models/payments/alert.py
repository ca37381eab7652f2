"""Alerts: what about money only a person can put right, shown to the operator until it is resolved or closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from sqlalchemy import ForeignKey, Index, Select, String, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...extensions import Model, db
from ...services import clock
from ...services.payments import (
    GatewayAuthFailed,
    GatewayOutcomeUnknown,
    GatewayRefused,
    GatewayResponseUnreadable,
    RefusalReason,
)
from ..chats import Chat
from ..doctors import Doctor
from ..locking import LockKind, advisory_lock
from ..people import User
from ..types import RowId, UtcDateTime, enum_column

if TYPE_CHECKING:
    from .payment import Payment


class AlertKind(StrEnum):
    PARTLY_REFUNDED = "partly_refunded"  # in the provider's dashboard, of a consultation that stands
    REFUNDED_TWICE = "refunded_twice"  # by the provider, what the operator had refunded out of band
    UNLISTED_REFUND = "unlisted_refund"  # the provider's sum of refunds is larger than its list of them
    OTHER_SHOP = "other_shop"  # the shop or its key was changed: the provider knows no such payment
    RESPONSE_UNREADABLE = "response_unreadable"  # the provider's answer, for an hour
    SHOP_SETTINGS = "shop_settings"  # the shop wants or lacks what only the clinic can set
    AUTH_FAILED = "auth_failed"  # the shop's id or key is refused, for ten minutes
    RECEIPT_UNREGISTERED = "receipt_unregistered"  # the cash desk gave it up, or was silent for a week
    ERASED_PAYER = "erased_payer"  # money is owed to who has left for good: `detail` is their phone
    CLOSING_REFUSED = "closing_refused"  # the receipt at the end of a service


UNREADABLE_FOR = timedelta(hours=1)
AUTH_FAILED_FOR = timedelta(minutes=10)


class PaymentAlert(Model):
    """One open alert of a kind for a payment, or for the shop as a whole (`payment_id` none)."""

    __table_args__ = (
        Index("ix_payment_alert_open", "closed_at", "due_at"),
        Index("ix_payment_alert_of_payment", "payment_id", "kind"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[AlertKind] = mapped_column(enum_column(AlertKind))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))
    amount: Mapped[int] = mapped_column(default=0)  # kopecks, where it is about a sum
    detail: Mapped[str] = mapped_column(String(60), default="")  # the provider's word, for the words of the screen
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)  # shown from then on
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # none: it resolved by itself
    payment: Mapped[Payment | None] = relationship()

    @classmethod
    def unresolved(cls) -> Select[tuple[Self]]:
        """For the operator, the oldest first."""
        from .payment import Payment

        payment = joinedload(cls.payment)
        doctor = payment.joinedload(Payment.chat).joinedload(Chat.doctor).joinedload(Doctor.user)
        whole = select(cls).options(payment.joinedload(Payment.payer), doctor)
        return whole.where(cls.closed_at.is_(None), cls.due_at <= clock.now()).order_by(cls.id)

    @classmethod
    def find_open(cls, kind: AlertKind, payment: Payment | None = None) -> Self | None:
        about = cls.payment_id.is_(None) if payment is None else cls.payment_id == payment.id
        return db.session.scalar(select(cls).where(cls.kind == kind, about, cls.closed_at.is_(None)).limit(1))

    @classmethod
    def open(
        cls,
        kind: AlertKind,
        payment: Payment | None = None,
        detail: str = "",
        *,
        amount: int = 0,
        after: timedelta = timedelta(),
    ) -> None:
        """Shown after `after`, unless it is resolved before. An open alert of the kind stays as it was opened."""
        if cls.find_open(kind, payment) is not None:
            return
        advisory_lock(LockKind.PAYMENT_ALERT, kind, payment.id if payment else "")
        if cls.find_open(kind, payment) is None:
            due_at = clock.now() + after
            about = payment.id if payment else None
            db.session.add(cls(kind=kind, payment_id=about, detail=detail[:60], amount=amount, due_at=due_at))
            db.session.flush()

    @classmethod
    def resolve(cls, kind: AlertKind, payment: Payment | None = None) -> None:
        """Closes the open alert of this kind, if there is one: its cause is gone."""
        alert = cls.find_open(kind, payment)
        if alert is not None:
            alert.closed_at = clock.now()

    @classmethod
    def open_for_unknown_outcome(cls, payment: Payment, error: GatewayOutcomeUnknown) -> None:
        """For an answer that cannot be read, and for a shop whose key is refused; shown when it has lasted."""
        if isinstance(error, GatewayResponseUnreadable):
            cls.open(AlertKind.RESPONSE_UNREADABLE, payment, str(error), after=UNREADABLE_FOR)
        elif isinstance(error, GatewayAuthFailed):
            cls.open(AlertKind.AUTH_FAILED, after=AUTH_FAILED_FOR)

    @classmethod
    def open_for_refusal(cls, payment: Payment, refusal: GatewayRefused) -> None:
        """For a refusal whose cause only the clinic's settings can mend."""
        if refusal.reason == RefusalReason.SHOP_SETTINGS:
            cls.open(AlertKind.SHOP_SETTINGS, None, refusal.parameter)

    @classmethod
    def resolve_provider_errors(cls, payment: Payment) -> None:
        """The provider has answered, and readably."""
        for kind, about in ((AlertKind.RESPONSE_UNREADABLE, payment), (AlertKind.AUTH_FAILED, None)):
            cls.resolve(kind, about)

    def close(self, by: User) -> bool:
        """«Разобрались»: the operator has seen to it. False when it is closed already."""
        db.session.refresh(self, with_for_update=True)
        if self.closed_at is not None:
            return False
        self.closed_at, self.closed_by = clock.now(), by.id
        if self.kind is AlertKind.ERASED_PAYER:
            self.detail = ""
        return True
