"""What goes back when nobody may write in somebody's name any more: what is coming, and the days nobody will use."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from ...extensions import db
from ..chats import Chat
from ..consultations import UPCOMING, Consultation
from ..locking import LockKind, advisory_lock
from ..payments import Payment, RefundReason


def lock_all(chats: Sequence[Chat]) -> None:
    """In the order everybody keeps: consultations by name, payments, then chats; each by its number."""
    for consultation_id in _upcoming(chats):
        advisory_lock(LockKind.CONSULTATION, consultation_id)
    for payment in _payments_of(chats):
        payment.lock()
    for chat in sorted(chats, key=lambda one: one.id):
        chat.lock()


def give_back(chats: Sequence[Chat]) -> None:
    """Coming consultations are off, all their money and that of whole unused days goes back. Done again: nothing."""
    lock_all(chats)
    for consultation_id in _upcoming(chats):
        db.session.get_one(Consultation, consultation_id).call_off()
    give_back_days(chats)


def give_back_days(chats: Sequence[Chat]) -> None:
    """Of what was bought last first: its days lie at the end. Under the locks of lock_all()."""
    for payment in reversed(_payments_of(chats)):
        amount = payment.price_of_unused_days() if payment.consultation_id is None else 0
        if amount > 0:
            payment.refund(amount, RefundReason.CHAT_CLOSED)


def _upcoming(chats: Sequence[Chat]) -> Sequence[int]:
    coming = Consultation.chat_id.in_([chat.id for chat in chats]), Consultation.state.in_(UPCOMING)
    return db.session.scalars(select(Consultation.id).where(*coming).order_by(Consultation.id)).all()


def _payments_of(chats: Sequence[Chat]) -> Sequence[Payment]:
    paid = select(Payment).where(Payment.chat_id.in_([chat.id for chat in chats]))
    return db.session.scalars(paid.order_by(Payment.id)).all()
