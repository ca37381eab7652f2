"""Who may go on alone: locks of the database that are held until the commit.

Some nouns are locked as rows (`Lockable`), everything else by a name (`advisory_lock`). What this transaction holds is
remembered once for both: taken twice a lock would only cost.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ..extensions import db
from ..transaction_memory import TransactionMemory

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapped

_held: TransactionMemory[frozenset[object]] = TransactionMemory("locks", frozenset())


class LockKind(StrEnum):
    """What one transaction at a time does, as the key in the database with a place for each of its ids.

    A process of the version before waits at the same keys while it is replaced: a key in use is never changed.
    """

    RATE_LIMIT = "%s"  # the fingerprint of a limit and of who is counted
    DOCUMENT_DAYS = "days of documents"
    PHONE = "code:%s"  # who asks for a code, registers or gets this number
    EMAIL = "email:%s"  # whose address it is
    WAYS_IN = "ways:%s"  # of a user
    WRONG_PASSWORDS = "tries:%s"  # of a user
    TIME_OFF = "time off"  # of all doctors: two may name each other
    DOCTOR_TARIFFS = "tariffs of %s"  # a doctor
    REPLY_TEMPLATES = "reply templates of %s"  # a doctor
    BOOKINGS = "bookings of %s"  # a patient: before any doctor's agenda
    AGENDA = "agenda %s"  # of a doctor: what times are taken
    UNSENT_ATTACHMENTS = "attachments of %s"  # an author
    PATIENT_NOTE = "note %s"  # of a chat
    PATIENT_FACTS = "facts of %s"  # a patient, or their dependant: SubjectKey
    DEPENDANTS = "dependants of %s"  # a user
    DATA_COPY = "data copy of %s"  # a user
    CONSULTATION = "consultation %s"
    CALL_VISIT = "visit %s %s %s"  # consultation, user, page
    CALL_REPORT = "report %s %s"  # consultation, user
    TARIFF_PAYMENT = "payment %s %s"  # chat, tariff
    PAYMENT_ALERT = "alert %s %s"  # kind, payment or nothing
    NOTIFICATIONS = "telling:%s"  # a user
    PUSH_ENDPOINT = "push:%s"
    SMS_OF_THE_DAY = "sms of the day"
    INVITATION = "invitation %s"
    INVITED_CONTACT = "invitation:%s:%s"  # doctor, phone or address
    PATIENT_IMPORT = "import:%s:%s"  # sender, the form's id

    def key(self, *ids: object) -> str:
        """Raises TypeError for more ids than there are places, or fewer."""
        return self.value % ids


def advisory_lock(kind: LockKind, *ids: object) -> None:
    """Lets one transaction at a time pass for these ids until its commit. On SQLite every writer already queues.

    Phones and addresses leave no trace: the database keeps the key's hash alone.
    """
    key = kind.key(*ids)
    if db.session.get_bind().dialect.name == "postgresql" and not _holds(key):
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
        _remember(key)


class Lockable:
    """A noun whose rows one transaction at a time changes. Its class says how they are locked and read anew."""

    if TYPE_CHECKING:  # of the mapped class
        id: Mapped[int]

    def lock(self) -> None:
        """Until the commit nobody else changes it; what was loaded before is read anew."""
        if not _holds(self._lock_name):
            self._take_lock()
            self.remember_lock()

    def remember_lock(self) -> None:
        """For who has locked its rows in a look-up."""
        _remember(self._lock_name)

    def _take_lock(self) -> None:
        raise NotImplementedError

    @property
    def _lock_name(self) -> tuple[type, int]:
        return type(self), self.id


def _holds(name: object) -> bool:
    return name in _held.read(db.session)


def _remember(name: object) -> None:
    _held.write(db.session, _held.read(db.session) | {name})
