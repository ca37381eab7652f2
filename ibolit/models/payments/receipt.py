"""Fiscal receipts of a payment (54-ФЗ), as the provider reports them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...extensions import Model
from ...services.payments import ProviderReceipt
from ..types import RowId, UtcDateTime

if TYPE_CHECKING:
    from .payment import Payment


class Receipt(Model):
    """A fiscal receipt as the provider reports it (54-ФЗ): storage (ФН), document (ФД), sign (ФП)."""

    __table_args__ = (UniqueConstraint("payment_id", "provider_id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    provider_id: Mapped[str] = mapped_column(String(64))
    storage: Mapped[str] = mapped_column(String(40), default="")
    document: Mapped[str] = mapped_column(String(40), default="")
    sign: Mapped[str] = mapped_column(String(40), default="")
    registered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def record(cls, payment: Payment, reported: Sequence[ProviderReceipt]) -> bool:
        """Keeps what is reported of each. True when there are some and all are registered."""
        payment.lock()
        known = {receipt.provider_id: receipt for receipt in payment.receipts}
        for fiscal in reported:
            receipt = known.get(fiscal.id) or cls(provider_id=fiscal.id)
            receipt.storage, receipt.document, receipt.sign = fiscal.storage, fiscal.document, fiscal.sign
            receipt.registered_at = fiscal.registered_at
            if fiscal.id not in known:
                payment.receipts.append(receipt)
        return bool(reported) and all(fiscal.registered_at for fiscal in reported)
