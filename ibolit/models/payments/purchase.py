"""From «Оплатить» to a payment: a double click, a second tab or a retry find the same one."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `cls` names.

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select

from ... import errors
from ...config import current_settings
from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..doctors import Tariff
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import OFFER, User
from .provider_polling import FIRST_POLL_DELAY
from .states import UNFINISHED, PaymentState

if TYPE_CHECKING:
    from .payment import Payment

RECENT_PURCHASE = timedelta(minutes=10)


class PaymentPurchase:
    """A payment's facet for what is bought with it."""

    @classmethod
    def refuse_repeated(cls: type[Payment], chat: Chat, payer: User, warned_of: int | None) -> None:
        """After «Назад» right after paying, before a second payment.

        Raises AlreadyPaidRecently, unless the payer was `warned_of` this very payment, by its number.
        """
        since = clock.now() - RECENT_PURCHASE
        mine = cls.chat_id == chat.id, cls.payer_id == payer.id, cls.tariff_id.is_not(None)
        paid = cls.state == PaymentState.SUCCEEDED, cls.paid_at > since, cls.paid > cls.refunded
        last = db.session.scalar(select(cls).where(*mine, *paid).order_by(cls.paid_at.desc()).limit(1))
        if last is not None and last.paid_at is not None and last.id != warned_of:
            raise errors.AlreadyPaidRecently(last.id, (clock.now() - last.paid_at) // timedelta(minutes=1))

    @classmethod
    def start_for_tariff(cls: type[Payment], chat: Chat, tariff: Tariff, payer: User) -> Payment:
        """The live payment for this tariff, made now if there was none.

        Its job drives it to its end whatever becomes of the request. `Consultation.start_payment` is the other one.
        Raises NothingToBuy, PaymentIsAnothers, and what Chat.refuse_agreements_of() raises.
        """
        chat.refuse_agreements_of(payer)
        advisory_lock(LockKind.TARIFF_PAYMENT, chat.id, tariff.id)
        unfinished = cls.unfinished_for(payer, cls.chat_id == chat.id, cls.tariff_id == tariff.id)
        if unfinished is not None:
            return unfinished
        if tariff.hidden or tariff.doctor_id != chat.doctor_id or not chat.is_time_sold:
            raise errors.NothingToBuy
        return cls.create(chat, payer, tariff_id=tariff.id, title=tariff.title, days=tariff.days, amount=tariff.price)

    @classmethod
    def unfinished_for(cls: type[Payment], payer: User, *of_this: ColumnElement[bool]) -> Payment | None:
        """The payer's own. Raises PaymentIsAnothers of one that was begun by who wrote in their name before: it ends
        paid or by itself, and two at once the database refuses."""
        unfinished = db.session.scalar(select(cls).where(*of_this, cls.state.in_(UNFINISHED)))
        if unfinished is not None and unfinished.payer_id != payer.id:
            raise errors.PaymentIsAnothers
        return unfinished

    @classmethod
    def create(cls: type[Payment], chat: Chat, payer: User, **bought: object) -> Payment:
        """With its job, under the lock of what is bought."""
        payment = cls(
            token=secrets.token_hex(16),
            payer_id=payer.id,
            chat_id=chat.id,
            doctor_id=chat.doctor_id,
            offer_version=OFFER.version,
            offer_hash=OFFER.hash,
            phone=payer.phone or "",
            email=payer.email or cls._last_receipt_email(payer),
            key=secrets.token_hex(16),
            **bought,
        )
        db.session.add(payment)
        db.session.flush()
        Job.add(JobKind.PAYMENT, payment.id, due_at=clock.now() + FIRST_POLL_DELAY)
        return payment

    @classmethod
    def _last_receipt_email(cls: type[Payment], payer: User) -> str | None:
        """Where the payer's last receipt went, so that they are asked once."""
        if not current_settings.receipt_needs_email:
            return None
        mine = cls.payer_id == payer.id, cls.email.is_not(None)
        return db.session.scalar(select(cls.email).where(*mine).order_by(cls.id.desc()).limit(1))
