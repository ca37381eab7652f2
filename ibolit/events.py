"""Facts: what happened, told to whoever subscribed.

A verb of a model calls record(fact). Notices hear of it before the commit, in the same transaction; live screens after
it. A rollback forgets it, also that of the savepoint in which it was recorded. Subscribers live in the app, so two apps
in one process do not hear each other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from .extensions import db
from .faults import told
from .transaction_memory import TransactionMemory, wrote

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fact:
    """Something that happened; carries ids, never objects."""


@dataclass(frozen=True)
class DataCopyReady(Fact):
    """Its owner may fetch it."""

    copy_id: int
    user_id: int


@dataclass(frozen=True)
class DataCopyFailed(Fact):
    """Its owner waits for nothing any more, and may ask anew."""

    copy_id: int
    user_id: int


@dataclass(frozen=True)
class MessageSent(Fact):
    chat_id: int
    message_id: int
    revision: int


@dataclass(frozen=True)
class MessageChanged(Fact):
    """It looks otherwise than it did: a voice message can be played now."""

    chat_id: int
    message_id: int
    revision: int


@dataclass(frozen=True)
class MessageRecalled(Fact):
    """By its author, before anybody had read it: lists and badges say less."""

    chat_id: int
    message_id: int
    revision: int


@dataclass(frozen=True)
class MessageCopied(Fact):
    """By its author, into the chat of whom it is about; both chats are with one doctor."""

    chat_id: int
    message_id: int
    to_chat_id: int


@dataclass(frozen=True)
class UrgentWordsFound(Fact):
    """In a patient's message: the chat `begins` to be marked, or was so before. `is_warned`: the author has seen it."""

    chat_id: int
    message_id: int
    begins: bool
    is_warned: bool


@dataclass(frozen=True)
class UrgentMessageUnopened(Fact):
    """Its doctor has not opened it in a quarter of an hour."""

    chat_id: int
    message_id: int


@dataclass(frozen=True)
class ReceiptsMoved(Fact):
    """A member's delivered_to or read_to went up; the other side's ticks change."""

    chat_id: int
    member_id: int
    revision: int


@dataclass(frozen=True)
class AccessChanged(Fact):
    """The chat's time was given, prolonged or used up: access bar and composer change."""

    chat_id: int
    revision: int


@dataclass(frozen=True)
class WaitingChanged(Fact):
    """Nobody waits in it any more though nothing was said, or longer than was promised: the doctor's list changes."""

    chat_id: int
    revision: int


@dataclass(frozen=True)
class ChatClosed(Fact):
    """By its doctor, with a word that both read."""

    chat_id: int


@dataclass(frozen=True)
class PromiseMissed(Fact):
    """It waits for longer than its doctor has promised."""

    chat_id: int


@dataclass(frozen=True)
class ChatProlonged(Fact):
    """Paid days were added: both read of it in the chat."""

    chat_id: int


@dataclass(frozen=True)
class ChatHandedOver(Fact):
    """It is the account's of whom it is about: who wrote there in their name reads no more."""

    chat_id: int


@dataclass(frozen=True)
class PlaceEnded(Fact):
    """Somebody reads this chat no more."""

    chat_id: int
    user_id: int


@dataclass(frozen=True)
class ComesOfAgeSoon(Fact):
    """A child will be 18 within so many days: 30, 7 or 1."""

    dependant_id: int
    days: int


@dataclass(frozen=True)
class ComesOfAge(Fact):
    """A child is 18 today: the chats about it are no longer the parent's."""

    dependant_id: int


@dataclass(frozen=True)
class AccountDeathMarked(Fact):
    """Of a patient with an account: no list speaks of them any more."""

    user_id: int


@dataclass(frozen=True)
class DeathMarked(Fact):
    """Of somebody's dependant: no list speaks of them any more."""

    dependant_id: int


@dataclass(frozen=True)
class DaysGiven(Fact):
    """By the doctor; `idempotency_key` is what the note of it is known by."""

    chat_id: int
    days: int
    idempotency_key: str


@dataclass(frozen=True)
class PatientFactsChanged(Fact):
    """An allergy, a medicine, an illness: added, taken off, put back or shown to others; of the patient's dependant
    where one is named."""

    patient_id: int
    dependant_id: int | None = None


@dataclass(frozen=True)
class DependantChanged(Fact):
    """Somebody's child or relative was added, changed, taken off or brought back."""

    dependant_id: int


@dataclass(frozen=True)
class DaysKept(Fact):
    """Its doctor is away and nobody stands in: the chat stays open so many days longer; the key as in DaysGiven."""

    chat_id: int
    days: int
    idempotency_key: str


@dataclass(frozen=True)
class TimeOffChanged(Fact):
    """It was set, changed or ended early."""

    time_off_id: int


@dataclass(frozen=True)
class FreeTimesChanged(Fact):
    """Of a doctor: something was booked, lapsed or moved, or hours, types or rules are others."""

    doctor_id: int


@dataclass(frozen=True)
class StandInChosen(Fact):
    """A patient lets the stand-in answer, or would rather wait after all."""

    offer_id: int


@dataclass(frozen=True)
class DoctorReturned(Fact):
    """The absence is over that this offer answered for."""

    offer_id: int


@dataclass(frozen=True)
class PaymentChanged(Fact):
    """A payment or one of its refunds has another state than before."""

    payment_id: int


@dataclass(frozen=True)
class ConsultationChanged(Fact):
    """Its card looks otherwise than it did."""

    chat_id: int
    consultation_id: int
    revision: int


@dataclass(frozen=True)
class RefundDecided(Fact):
    """What becomes of money is known: the clinic has said it, or nothing for three working days; or it came in vain."""

    refund_id: int


@dataclass(frozen=True)
class ConsultationRequested(Fact):
    request_id: int


@dataclass(frozen=True)
class ConsultationProposed(Fact):
    id: int


@dataclass(frozen=True)
class ConsultationConfirmed(Fact):
    """By the patient's press or payment, or by the doctor's yes to a wish."""

    id: int
    with_move: bool = False  # one took the other's new time, and both learn it from the move
    by_id: int | None = None


@dataclass(frozen=True)
class RescheduleRequested(Fact):
    """One of the two asks for another time."""

    id: int
    by_id: int
    instead_of: datetime | None = None  # what the other had asked for, seen and not taken


@dataclass(frozen=True)
class RescheduleDeclined(Fact):
    """By the other side, or taken back by who wished for it."""

    id: int
    by_id: int
    wished_by_id: int


@dataclass(frozen=True)
class ConsultationMoved(Fact):
    """The other side's wish was accepted."""

    id: int
    by_id: int
    from_start: datetime
    was_agreed: bool  # before, too; else both have agreed only now


@dataclass(frozen=True)
class ConsultationCancelled(Fact):
    id: int
    by_id: int | None  # None: the clinic gave all the money back


@dataclass(frozen=True)
class ConsultationExpired(Fact):
    id: int


@dataclass(frozen=True)
class ConsultationMissed(Fact):
    id: int


@dataclass(frozen=True)
class ConsultationReminderDue(Fact):
    """So many minutes are left until it begins."""

    id: int
    minutes: int


@dataclass(frozen=True)
class ConfirmationReminderDue(Fact):
    """Half of its time is gone, and the patient has not confirmed or paid."""

    id: int


@dataclass(frozen=True)
class ChatEndsSoon(Fact):
    """A day is left of the chat's time, or an hour of what lasts no longer."""

    chat_id: int


@dataclass(frozen=True)
class HalfOfSmsGone(Fact):
    """Of those the clinic pays for on this `day` of its own (ISO)."""

    day: str


@dataclass(frozen=True)
class ParticipantReady(Fact):
    """One of the two has pressed «Готов общаться», and the other has not."""

    id: int
    user_id: int


@dataclass(frozen=True)
class DelayAnnounced(Fact):
    id: int
    user_id: int


@dataclass(frozen=True)
class ConsultationStarted(Fact):
    id: int


@dataclass(frozen=True)
class ConsultationCompleted(Fact):
    id: int


@dataclass(frozen=True)
class VisitAdvised(Fact):
    """«Нужен очный приём»: the doctor has ended a consultation so."""

    id: int


@dataclass(frozen=True)
class CallbackRequested(Fact):
    """The patient asks the doctor to telephone instead."""

    id: int


@dataclass(frozen=True)
class ConclusionGiven(Fact):
    consultation_id: int
    version: int


@dataclass(frozen=True)
class MemberTyped(Fact):
    """Somebody is writing; nothing is stored."""

    chat_id: int
    user_id: int


@dataclass(frozen=True)
class DeviceEnded(Fact):
    device_id: int


@dataclass(frozen=True)
class WorkAdded(Fact):
    """A job of this kind is due: the worker need not wait for its sweep."""

    kind: str = ""  # any


Subscriber = Callable[[Any], None]


class Subscribers:
    """Who listens to which fact in one app."""

    def __init__(self, on_failure: Callable[[], None] = lambda: None) -> None:
        self._on_failure = on_failure
        self._before_commit: dict[type[Fact], list[Subscriber]] = {}
        self._after_commit: dict[type[Fact], list[Subscriber]] = {}

    def before_commit(self, kind: type[Fact], subscriber: Subscriber) -> None:
        self._before_commit.setdefault(kind, []).append(subscriber)

    def after_commit(self, kind: type[Fact], subscriber: Subscriber) -> None:
        self._after_commit.setdefault(kind, []).append(subscriber)

    def run_before_commit(self, fact: Fact) -> None:
        for subscriber in self._before_commit.get(type(fact), ()):
            subscriber(fact)

    def run_after_commit(self, fact: Fact) -> None:
        """One subscriber's failure keeps nothing from the others: a live screen that failed asks again by itself."""
        for subscriber in self._after_commit.get(type(fact), ()):
            try:
                subscriber(fact)
            except Exception as error:
                log.error("a subscriber of %s failed: %s", type(fact).__name__, told(error))
                self._on_failure()


@dataclass(frozen=True)
class AccountNoted(Fact):
    """What `restore` must know although the backup does not: `what` is a kind of the log beside the backups.

    `until`: the moment of an erasure that is planned. `phones`: hashes of a phone before and after its change.
    """

    what: str
    user_id: int
    until: datetime | None = None
    phones: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Recorded:
    """The facts of the transaction so far, of which the notices have heard the first `noticed`."""

    facts: tuple[Fact, ...] = ()
    noticed: int = 0


_memory = TransactionMemory("facts", _Recorded())


def record(fact: Fact) -> None:
    """Keeps the fact until the current session's transaction ends."""
    so_far = _memory.read(db.session)
    _memory.write(db.session, replace(so_far, facts=(*so_far.facts, fact)))
    wrote.write(db.session, True)


def recorded_facts() -> tuple[Fact, ...]:
    """Those of the current session's transaction, in their order."""
    return _memory.read(db.session).facts


def publish(fact: Fact) -> None:
    """Runs the subscribers at once: nothing is stored."""
    _subscribers().run_after_commit(fact)


def flush_facts() -> None:
    """Notices write what they have to write before the commit comes: for seeds, which tell of days gone by."""
    _run_before_commit(db.session())


def _subscribers() -> Subscribers:
    subscribers: Subscribers = current_app.extensions["ibolit_subscribers"]
    return subscribers


@event.listens_for(Session, "before_commit")
def _run_before_commit(session: Session) -> None:
    if session.in_nested_transaction():
        return
    while (so_far := _memory.read(session)).noticed < len(so_far.facts):  # a notice may record facts of its own
        _subscribers().run_before_commit(so_far.facts[so_far.noticed])
        after = _memory.read(session)
        _memory.write(session, replace(after, noticed=so_far.noticed + 1))


@event.listens_for(Session, "after_commit")
def _collect(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info["happened"] = _memory.read(session).facts


@event.listens_for(Session, "after_transaction_end")
def _run_after_commit(session: Session, transaction: SessionTransaction) -> None:
    """By now the connection is back in the pool: a subscriber that needs one holds no other while it waits."""
    if transaction.parent is None:
        for fact in dict.fromkeys(session.info.pop("happened", ())):
            _subscribers().run_after_commit(fact)
