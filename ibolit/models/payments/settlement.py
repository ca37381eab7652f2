"""How a payment takes over what the provider says of it, and gives what was bought."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped

from ... import errors
from ...events import ChatProlonged, RefundDecided, record
from ...services import clock
from ...services.payments import (
    CURRENCY,
    Gateway,
    GatewayRefused,
    GatewayStatus,
    Order,
    ProviderPayment,
    ReceiptItem,
    RefusalReason,
    title_of,
)
from ..job import Job, JobKind
from .alert import AlertKind, PaymentAlert
from .provider_polling import IDEMPOTENCY_KEY_LIFETIME
from .refunding import DAY
from .states import OTHER_SHOP, PaymentState, RefundReason

if TYPE_CHECKING:
    from .payment import Payment


class PaymentSettlement:
    """A payment's facet towards the provider: asking it, and what follows from its answer."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        provider_id: Mapped[str | None]
        paid_at: Mapped[datetime | None]
        applied_at: Mapped[datetime | None]
        opened_until: Mapped[datetime | None]

    def settle(self: Payment, found: ProviderPayment) -> None:
        """Takes over what the provider said; twice changes nothing. Raises WrongPayment for another payment's."""
        self.lock_with_agenda()
        if found.number not in (None, self.id) or self.provider_id not in (None, found.id):
            raise errors.WrongPayment
        self.provider_id = found.id
        self.method = found.method[:20] or self.method
        if found.refunded and found.refunded > self.refunded_by_provider:
            Job.expedite(JobKind.RECONCILIATION, self.id)
        PaymentAlert.resolve(AlertKind.OTHER_SHOP, self)
        if self.state is PaymentState.SUCCEEDED:
            return
        if found.status is GatewayStatus.SUCCEEDED:
            self._succeed(found)
        elif found.status is GatewayStatus.CANCELLED:
            if self.is_unfinished:
                self._end(found.reason)
            elif self.is_unknown_to_provider:
                self.reason = found.reason[:60]
        elif self.state is PaymentState.CREATED or (self.is_unfinished and found.page and not self.page):
            self.state, self.page = PaymentState.WAITING, found.page
            PaymentAlert.resolve(AlertKind.SHOP_SETTINGS)
            self._record_change()

    def end(self: Payment, reason: str) -> None:
        """Cancels what will never be paid: the provider refused it, or never got to know of it.

        What the provider knows, because another call created it meanwhile, only the provider can cancel.
        """
        self.lock()
        if self.is_unfinished and self.provider_id is None:
            self._end(reason)

    def record_refusal(self: Payment, refusal: GatewayRefused) -> None:
        """The provider's plain no: it did not create the payment, or knows none such (another shop or key)."""
        PaymentAlert.open_for_refusal(self, refusal)
        if self.provider_id is None:
            self.end(refusal.reason)
        elif refusal.reason == RefusalReason.NOT_FOUND:
            self.lock()
            if self.is_unfinished:
                PaymentAlert.open(AlertKind.OTHER_SHOP, self)
                self._end(OTHER_SHOP)

    def order(self: Payment, return_url: str) -> Order:
        items = [ReceiptItem(self.title, self.amount)]
        title = title_of(self.id, self.title)
        return Order(self.id, self.key, self.amount, title, return_url, self.customer, items)

    def ask(self: Payment, gateway: Gateway, return_url: str) -> ProviderPayment | None:
        """What the provider says of it, created there now if it is unknown. None: it never was created, nor will be.

        Over the network, so outside any transaction. Raises GatewayOutcomeUnknown and GatewayRefused.
        """
        if self.provider_id is not None:
            return gateway.find(self.provider_id)
        if clock.now() - self.created_at < IDEMPOTENCY_KEY_LIFETIME:
            try:
                return gateway.create(self.order(return_url))
            except GatewayRefused as refusal:
                if refusal.reason != RefusalReason.KEY_REUSED:
                    raise
                # It was created while the clinic's settings were others; somebody may have paid it.
        return gateway.find_by_order(self.id, since=self.created_at)

    def apply(self: Payment) -> None:
        """Gives what was bought for the money that came, once. Refunds it all when that is not for sale any more."""
        self.chat.lock()
        if self.applied_at is not None or self.refundable <= 0:
            return
        if self._deliver():
            self.applied_at = clock.now()
        else:
            why = RefundReason.DUPLICATE if self._has_duplicate else RefundReason.NOT_FOR_SALE
            record(RefundDecided(self.refund(self.refundable, why).id))

    def recheck_consultation(self: Payment) -> None:
        """A consultation that waited for this payment alone has expired: the worker writes it at once."""
        if self.consultation_id is not None:
            Job.expedite(JobKind.CONSULTATION, self.consultation_id)

    def mark_delivered(self: Payment) -> None:
        """The consultation it paid for has taken place, so the closing receipt of the prepayment is due (54-ФЗ)."""
        if self.applied_at is not None and self.opened_until is None and self.refundable > 0:
            self.opened_until = clock.now()
            Job.add(JobKind.CLOSING_RECEIPT, self.id)

    @property
    def _has_duplicate(self: Payment) -> bool:
        """Whether another payment that stands has bought the same consultation."""
        others = self.consultation.payments if self.consultation is not None else []
        return any(other.applied_at is not None and other.refundable > 0 for other in others if other is not self)

    def _deliver(self: Payment) -> bool:
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

    def _succeed(self: Payment, found: ProviderPayment) -> None:
        self.chat.lock()
        self.state, self.paid, self.paid_at, self.reason = PaymentState.SUCCEEDED, found.amount, clock.now(), ""
        self.currency = found.currency
        Job.add(JobKind.RECEIPTS, self.id)
        Job.add(JobKind.RECONCILIATION, self.id, due_at=clock.now() + DAY)
        if (found.amount, found.currency) != (self.amount, CURRENCY):
            self.request_refund(RefundReason.AMOUNT_MISMATCH)
        else:
            self.apply()
        self._record_change()

    def _end(self: Payment, reason: str) -> None:
        self.state, self.reason, self.page = PaymentState.CANCELLED, reason[:60], ""
        self.recheck_consultation()
        self._record_change()
