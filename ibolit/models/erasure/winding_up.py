"""What of an account's consultations and tariffs ends when it leaves, and what becomes of the money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ...extensions import db
from ...services.codes import fingerprint
from ..chats import Chat
from ..consultations import UPCOMING, CancellationReason, Consultation, ConsultationState
from ..family import permission, settling
from ..locking import LockKind, advisory_lock
from ..payments import CancellationTerms, Payment, RefundReason
from ..people import Dependant, Device, User


@dataclass(frozen=True)
class AtStake:
    """What would end now, for who is asked whether they mean it. Sums are kopecks."""

    consultations: Sequence[Consultation]  # that are to come, the nearest first
    goes_back: int  # by itself
    is_decided: int  # by the clinic, in three working days

    @property
    def is_nothing(self) -> bool:
        return not self.consultations and not self.goes_back and not self.is_decided

    @property
    def mark(self) -> str:
        """What stood on the page, for the press that follows."""
        ids = ",".join(f"{one.id}@{one.starts_at:%Y%m%d%H%M}" for one in self.consultations)
        return f"{fingerprint(ids)[:16]}:{self.goes_back}:{self.is_decided}"


def at_stake(user: User) -> AtStake:
    upcoming = [one for one in _upcoming_of(user) if one.may_be_cancelled()]
    full = [one for one in upcoming if CancellationTerms.of(user, one) is CancellationTerms.FULL]
    asked = [one for one in upcoming if CancellationTerms.of(user, one) is CancellationTerms.CLINIC_DECIDES]
    decided = sum(payment.refundable for one in asked for payment in one.payments)
    decided += sum(payment.prorated_refund() for payment in _tariffs_of(user) if _may_ask_back(payment))
    return AtStake(upcoming, sum(payment.refundable for one in full for payment in one.payments), decided)


def lock_all_of(user: User) -> None:
    """Whatever of theirs may be paid, written or changed, in the order in which others take these locks.

    The account's own row comes last, and lets others name it meanwhile: whoever writes under the lock of a payment or a
    chat writes the person's number, too.
    """
    advisory_lock(LockKind.WAYS_IN, user.id)
    devices = select(Device.id).where(Device.user_id == user.id).order_by(Device.id)
    db.session.execute(devices.with_for_update(of=Device))  # presence is written to them first, then to the account
    advisory_lock(LockKind.BOOKINGS, user.id)
    mine = select(Consultation.id).where(Consultation.patient_id == user.id, Consultation.state.in_(UPCOMING))
    for id in db.session.scalars(mine.order_by(Consultation.id)).all():
        advisory_lock(LockKind.CONSULTATION, id)
    paid = select(Payment.id).where(Payment.payer_id == user.id).order_by(Payment.id)
    db.session.execute(paid.with_for_update(of=Payment))
    for chat in chats_of(user):
        chat.lock()
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})


def chats_of(user: User) -> Sequence[Chat]:
    """About the person and those they write for; in their order, as whoever locks several does."""
    return db.session.scalars(Chat.with_people().where(Chat.patient_id == user.id).order_by(Chat.id)).unique().all()


def is_in_consultation(user: User) -> bool:
    """Nobody is taken out of a call."""
    running = Consultation.patient_id == user.id, Consultation.state == ConsultationState.IN_PROGRESS
    return db.session.scalar(select(Consultation.id).where(*running).limit(1)) is not None


def end_by_refusal(user: User) -> None:
    """As when the patient cancels each of them and asks for the money of what is left of tariffs. Under lock_all_of."""
    for consultation in _upcoming_of(user):
        if consultation.may_be_cancelled():
            terms = CancellationTerms.of(user, consultation)
            consultation.cancel(user, CancellationReason.OTHER, terms)
    for payment in _tariffs_of(user):
        if _may_ask_back(payment):
            payment.request_refund(RefundReason.REQUESTED_BY_PAYER)


def end_in_full(user: User) -> None:
    """Who has withdrawn the consent has what is to come, and the whole unused days, back by itself."""
    settling.give_back(_own_chats(user))


def let_relatives_go(user: User) -> None:
    """Chats in the name of an adult with an account of their own are theirs: they stay with them, and nobody writes in
    it for them any more. So it is as well when they leave themselves."""
    mine = (Dependant.user_id == user.id) | (Dependant.account_id == user.id)
    goes_on = Dependant.archived_at.is_(None) | Dependant.permitted_at.is_not(None)  # also after a mark of death
    relatives = select(Dependant).where(mine, Dependant.account_id.is_not(None), goes_on)
    for dependant in db.session.scalars(relatives.order_by(Dependant.id)).all():
        permission.end(dependant)


def _own_chats(user: User) -> Sequence[Chat]:
    """All but those that are about somebody with an account of their own."""
    return [chat for chat in chats_of(user) if chat.dependant is None or chat.dependant.account_id is None]


def _upcoming_of(user: User) -> Sequence[Consultation]:
    own = [chat.id for chat in _own_chats(user)]
    mine = Consultation.chat_id.in_(own), Consultation.state.in_(UPCOMING)
    found = Consultation.with_card_data().where(*mine).order_by(Consultation.starts_at, Consultation.id)
    return db.session.scalars(found).unique().all()


def _may_ask_back(payment: Payment) -> bool:
    """Of what the clinic has decided already nobody asks again."""
    was_asked = any(one.cause is RefundReason.REQUESTED_BY_PAYER for one in payment.refunds)
    return payment.can_request_refund and not was_asked and payment.prorated_refund() > 0


def _tariffs_of(user: User) -> Sequence[Payment]:
    own = [chat.id for chat in _own_chats(user)]
    bought = Payment.payer_id == user.id, Payment.tariff_id.is_not(None), Payment.applied_at.is_not(None)
    mine = *bought, Payment.chat_id.in_(own)
    return db.session.scalars(select(Payment).where(*mine).order_by(Payment.id)).all()
