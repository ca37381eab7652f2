"""Creates payments for tariffs and consultations; a double click, a second tab or a retry find the same one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload, selectinload

from ... import errors
from ...config import current_settings
from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..doctors import Doctor, Tariff
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..payments import FIRST_POLL_DELAY, UNFINISHED, Payment, PaymentState
from ..people import OFFER, User
from .consultation import Consultation

CONSULTATION = "Консультация"  # on the receipt, which names no doctor and no specialty


RECENT_PURCHASE = timedelta(minutes=10)


def payments_made_by(user: User) -> Select[tuple[Payment]]:
    """The person's own, the newest first, with all that a list of them shows."""
    doctor = joinedload(Payment.chat).joinedload(Chat.doctor).joinedload(Doctor.user)
    consultation = joinedload(Payment.consultation).selectinload(Consultation.payments)
    shown = select(Payment).options(selectinload(Payment.refunds), selectinload(Payment.receipts), doctor, consultation)
    return shown.where(Payment.payer_id == user.id).order_by(Payment.id.desc())


def refuse_repeated_purchase(chat: Chat, payer: User, warned_of: int | None) -> None:
    """After «Назад» right after paying, before a second payment.

    Raises AlreadyPaidRecently, unless the payer was `warned_of` this very payment, by its number.
    """
    since = clock.now() - RECENT_PURCHASE
    mine = Payment.chat_id == chat.id, Payment.payer_id == payer.id, Payment.tariff_id.is_not(None)
    paid = Payment.state == PaymentState.SUCCEEDED, Payment.paid_at > since, Payment.paid > Payment.refunded
    last = db.session.scalar(select(Payment).where(*mine, *paid).order_by(Payment.paid_at.desc()).limit(1))
    if last is not None and last.paid_at is not None and last.id != warned_of:
        raise errors.AlreadyPaidRecently(last.id, (clock.now() - last.paid_at) // timedelta(minutes=1))


def start_tariff_payment(chat: Chat, tariff: Tariff, payer: User) -> Payment:
    """The live payment for this tariff, made now if there was none. Raises NothingToBuy.

    Its job drives it to its end whatever becomes of the request.
    """
    advisory_lock(LockKind.TARIFF_PAYMENT, chat.id, tariff.id)
    unfinished = _unfinished_payment(Payment.chat_id == chat.id, Payment.tariff_id == tariff.id)
    if unfinished is not None:
        return unfinished
    if tariff.hidden or tariff.doctor_id != chat.doctor_id or not chat.is_time_sold:
        raise errors.NothingToBuy
    return _create_payment(chat, payer, tariff_id=tariff.id, title=tariff.title, days=tariff.days, amount=tariff.price)


def start_consultation_payment(consultation: Consultation, payer: User, expected: datetime) -> Payment:
    """The live payment for this consultation, which starts when the patient saw it starts.

    Raises ConsultationHasChanged when it does not, or takes no money any more, or is not the payer's own.
    """
    consultation.lock()
    is_as_seen = consultation.starts_at == expected and payer.id == consultation.patient_id
    if not is_as_seen or not consultation.awaits_payment:
        raise errors.ConsultationHasChanged
    unfinished = _unfinished_payment(Payment.consultation_id == consultation.id)
    if unfinished is not None:
        return unfinished
    if not consultation.may_be_paid():
        raise errors.ConsultationHasChanged
    payment = _create_payment(
        consultation.chat, payer, consultation=consultation, title=CONSULTATION, days=0, amount=consultation.price
    )
    consultation.bump_revision()
    return payment


def _unfinished_payment(*of_this: ColumnElement[bool]) -> Payment | None:
    return db.session.scalar(select(Payment).where(*of_this, Payment.state.in_(UNFINISHED)))


def _last_receipt_email(payer: User) -> str | None:
    """Where the payer's last receipt went, so that they are asked once."""
    if not current_settings.receipt_needs_email:
        return None
    mine = Payment.payer_id == payer.id, Payment.email.is_not(None)
    return db.session.scalar(select(Payment.email).where(*mine).order_by(Payment.id.desc()).limit(1))


def _create_payment(chat: Chat, payer: User, **bought: object) -> Payment:
    payment = Payment(
        token=secrets.token_hex(16),
        payer_id=payer.id,
        chat_id=chat.id,
        doctor_id=chat.doctor_id,
        offer_version=OFFER.version,
        offer_hash=OFFER.hash,
        phone=payer.phone or "",
        email=payer.email or _last_receipt_email(payer),
        key=secrets.token_hex(16),
        **bought,
    )
    db.session.add(payment)
    db.session.flush()
    Job.add(JobKind.PAYMENT, payment.id, due_at=clock.now() + FIRST_POLL_DELAY)
    return payment
