"""Work due later: one row, claimed, retried, done once. A row lies in the same transaction as its cause."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import Index, Select, String, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ..config import current_settings
from ..events import WorkAdded, record
from ..extensions import Model, db
from ..services import clock
from .purging import purge
from .types import RowId, UtcDateTime, enum_column

CLAIMED_FOR = timedelta(minutes=2)  # longer than its work may take: a crashed worker's job comes back after it
LONG_CLAIM = timedelta(minutes=5)  # of what says again and again that it goes on
SWEPT_WITHIN = timedelta(minutes=1)  # what is due later is found by the worker's own sweep
LATE_AFTER = timedelta(minutes=2)  # a worker that is well begins within its sweep of half a minute
PAUSES = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))


class JobKind(StrEnum):
    LOGIN_CODE = "login_code"
    CODE_BY_MAIL = "code_by_mail"
    OWNER_BY_MAIL = "owner_by_mail"  # to whose number may be resold
    INVITATION = "invitation"
    PATIENT_IMPORT = "patient_import"
    DELIVERY_STATUS = "delivery_status"  # what became of an SMS
    EMAIL_PROOF = "email_proof"
    SECURITY_SMS = "security_sms"  # a way in has changed
    SECURITY_MAIL = "security_mail"
    SECURITY_PUSH = "security_push"
    SMS_ALARM = "sms_alarm"  # half of the day's are gone
    VOICE = "voice"
    PAYMENT = "payment"  # from the press to its end
    REFUND = "refund"
    RECEIPTS = "receipts"  # what the tax service knows of a payment
    CLOSING_RECEIPT = "closing_receipt"
    RECONCILIATION = "reconciliation"  # what the bank's own cabinet did with a payment
    CONSULTATION = "consultation"  # its reminders, its expiry, the end of its window
    NOTIFICATION = "notification"  # by SMS or mail
    PUSH = "push"
    TIME_OFF = "time_off"  # its beginning and its end
    CHAT_ENDS = "chat_ends"  # the word before its time is over
    PROMISE = "promise"  # the moment until which an answer was promised
    URGENT_UNOPENED = "urgent_unopened"  # a message that speaks of an emergency, after a quarter of an hour
    ERASURE = "erasure"  # of an account that was asked to be deleted, and of what its money still needs
    DATA_COPY = "data_copy"  # of all that is known of a person, for them
    DATA_COPY_END = "data_copy_end"  # its file goes
    PAYMENTS_SWEEP = "payments_sweep"
    SWEEP = "sweep"
    FAMILY_CODE = "family_code"  # to a relative's phone
    FAMILY = "family"  # who comes of age, whose representation ends: once an hour


class Job(Model):
    """`subject_id` is the row it is about; `unique_key` keeps a repeated cause from becoming repeated work."""

    __table_args__ = (Index("ix_job_due", "done_at", "due_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[JobKind] = mapped_column(enum_column(JobKind))
    subject_id: Mapped[int] = mapped_column(RowId, default=0)
    unique_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(120))  # the kind of error, never its data

    @classmethod
    def add(cls, kind: JobKind, subject_id: int, due_at: datetime | None = None) -> Self:
        job = cls(kind=kind, subject_id=subject_id, due_at=due_at or clock.now())
        db.session.add(job)
        if job.due_at - clock.now() < SWEPT_WITHIN:
            record(WorkAdded(kind))
        return job

    @classmethod
    def schedule_once(cls, kind: JobKind, subject_id: int, due_at: datetime, idempotency_key: str) -> None:
        """Once for this key; under the lock of what it is about."""
        key = f"{kind}:{idempotency_key}"
        if db.session.scalar(select(cls.id).where(cls.unique_key == key)) is None:
            cls.add(kind, subject_id, due_at).unique_key = key

    @classmethod
    def expedite(cls, kind: JobKind, subject_id: int) -> None:
        """Somebody waits for it: due now, and made if nobody else has it."""
        now = clock.now()
        waiting = cls.kind == kind, cls.subject_id == subject_id, cls.done_at.is_(None)
        pushed = update(cls).where(*waiting, cls.due_at > now).values(due_at=now).returning(cls.id)
        if not db.session.scalars(pushed).all() and db.session.scalar(select(cls.id).where(*waiting)) is None:
            db.session.add(cls(kind=kind, subject_id=subject_id))
        record(WorkAdded(kind))

    @classmethod
    def was_added(cls, kind: JobKind, subject_id: int, since: datetime) -> bool:
        mine = cls.kind == kind, cls.subject_id == subject_id, cls.due_at >= since
        return db.session.scalar(select(cls.id).where(*mine).limit(1)) is not None

    @classmethod
    def pending(cls, kind: JobKind) -> set[int]:
        """The subjects that have a job of this kind before them."""
        return set(db.session.scalars(select(cls.subject_id).where(cls.kind == kind, cls.done_at.is_(None))))

    @classmethod
    def ensure(cls, kind: JobKind) -> None:
        """A chore that must exist once, however many workers start; one that was given up begins anew."""
        chore = db.session.scalar(select(cls).where(cls.unique_key == kind))
        if chore is None:
            db.session.add(cls(kind=kind, unique_key=kind))
        elif chore.done_at is not None:
            chore.done_at = None
            chore.repeat_in(timedelta())

    @classmethod
    def claim(cls, kinds: Collection[JobKind] = tuple(JobKind), keep: timedelta = CLAIMED_FOR) -> Self | None:
        """The most urgent due job of these kinds, ours until `claimed_until`; two workers never get the same."""
        now = clock.now()
        is_free = cls.claimed_until.is_(None) | (cls.claimed_until < now)
        is_due = cls.kind.in_(kinds), cls.done_at.is_(None), cls.due_at <= now, is_free
        due = select(cls.id).where(*is_due).order_by(cls.due_at).limit(1)
        return db.session.scalar(
            update(cls)
            .where(cls.id == due.with_for_update(skip_locked=True).scalar_subquery())
            .values(claimed_until=now + keep, attempts=cls.attempts + 1)
            .returning(cls)
            .execution_options(populate_existing=True)
        )

    @classmethod
    def next_due_at(cls, kinds: Collection[JobKind] = tuple(JobKind)) -> datetime | None:
        return db.session.scalar(
            select(func.min(func.coalesce(cls.claimed_until, cls.due_at))).where(
                cls.kind.in_(kinds), cls.done_at.is_(None)
            )
        )

    @classmethod
    def due_kinds(cls) -> set[JobKind]:
        """What somebody could claim now. Only reads."""
        now = clock.now()
        is_free = cls.claimed_until.is_(None) | (cls.claimed_until < now)
        return set(db.session.scalars(select(cls.kind).where(cls.done_at.is_(None), cls.due_at <= now, is_free)))

    @classmethod
    def late(cls) -> Select[tuple[Self]]:
        """Due for longer than any worker lets it wait, and nobody has it in hands; the longest waiting first."""
        now = clock.now()
        is_free = cls.claimed_until.is_(None) | (cls.claimed_until < now)
        return select(cls).where(cls.done_at.is_(None), cls.due_at < now - LATE_AFTER, is_free).order_by(cls.due_at)

    @classmethod
    def undone(cls) -> Select[tuple[Self]]:
        """All that waits, and what was given up within a week, the most urgent first."""
        given_up = cls.failure.is_not(None) & (cls.done_at > clock.now() - timedelta(days=7))
        return select(cls).where(cls.done_at.is_(None) | given_up).order_by(cls.due_at, cls.id)

    @property
    def state(self) -> str:
        """In a word for whoever keeps the clinic running."""
        now = clock.now()
        if self.done_at is not None:
            return "given up"
        if self.claimed_until is not None and self.claimed_until >= now:
            return "claimed"
        if self.failure is not None:
            return "failing"
        if self.due_at > now:
            return "waiting"
        return "late" if now - self.due_at > LATE_AFTER else "due"

    @classmethod
    def purge_done(cls) -> int:
        return purge(cls, cls.done_at < clock.now() - timedelta(days=current_settings.keep_jobs))

    def hold_on(self) -> None:
        """Its work goes on for long, and nobody else is to begin it: as if it were claimed now."""
        self.claimed_until = clock.now() + LONG_CLAIM

    def finish(self) -> None:
        self.done_at = clock.now()

    def give_up(self, failure: str) -> None:
        self.done_at = clock.now()
        self.failure = failure

    def retry(self, failure: str) -> None:
        """Later, with growing pauses; the last pause repeats no further."""
        if self.attempts > len(PAUSES):
            self.give_up(failure)
            return
        self.failure = failure
        self.claimed_until = None
        self.due_at = clock.now() + PAUSES[self.attempts - 1]

    def repeat_in(self, pause: timedelta) -> None:
        """For chores that never end."""
        self.attempts = 0
        self.claimed_until = None
        self.due_at = clock.now() + pause
