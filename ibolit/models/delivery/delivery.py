"""One SMS or letter on its way: whether it went out, how often it may have, what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import ForeignKey, Index, ScalarSelect, Select, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...config import current_settings
from ...events import HalfOfSmsGone, record
from ...extensions import Model, db
from ...services import clock
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..purging import purge
from ..types import RowId, UtcDateTime, enum_column
from .kinds import Channel

# One in so many of the day's SMS is left for what is more urgent: strangers ask for codes, and leave some for browsers
# an account knows and for the news that a way in has changed; invitations leave some for all codes.
LEFT_BY_INVITATIONS = 10
LEFT_BY_STRANGERS = 20

DAILY_LIMIT = "daily limit"  # why it waits: the day's SMS are used up
MOST_UNKNOWN_OUTCOMES = 1  # after an unknown outcome one repeat goes out, and no more
KEPT_FOR = timedelta(days=90)

# How long after the sending, and how often until then, the provider is asked what became of it.
STATUS_CHECKS = (
    (timedelta(minutes=2), timedelta(seconds=20)),
    (timedelta(minutes=10), timedelta(minutes=2)),
    (timedelta(hours=1), timedelta(minutes=10)),
    (timedelta(hours=6), timedelta(hours=1)),
    (timedelta(days=3), timedelta(hours=6)),
)


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"  # the provider was asked; found so later, nobody knows what it did
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"  # says the provider who took it
    FAILED = "failed"
    UNKNOWN = "unknown"


class Delivery(Model):
    """What one job sends by one channel. Neither the address nor the text is stored: the job renders them anew."""

    __table_args__ = (UniqueConstraint("job_id", "channel"), Index("ix_delivery_day", "channel", "begun_at", "parts"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # A job is forgotten after a month, and its number may be given again.
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    kind: Mapped[JobKind] = mapped_column(enum_column(JobKind))
    subject_id: Mapped[int] = mapped_column(RowId)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    state: Mapped[DeliveryState] = mapped_column(enum_column(DeliveryState), default=DeliveryState.WAITING)
    unknown_outcomes: Mapped[int] = mapped_column(default=0)  # outcomes nobody knows
    country: Mapped[str] = mapped_column(String(3), default="", server_default="")  # an SMS goes to, such as RU
    parts: Mapped[int] = mapped_column(default=0)  # SMS that went out or may have: what the clinic pays for
    reference: Mapped[str | None] = mapped_column(String(64))  # the provider's number of it
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(120))  # the kind of error, never its data

    @classmethod
    def of(cls, job: Job, channel: Channel) -> Self:
        """The one row of this job and channel, made at the first try."""
        known = db.session.scalar(select(cls).where(cls.job_id == job.id, cls.channel == channel))
        if known is not None:
            return known
        made = cls(job_id=job.id, kind=job.kind, subject_id=job.subject_id, channel=channel)
        db.session.add(made)
        db.session.flush()
        return made

    @property
    def waits_for_tomorrow(self) -> bool:
        """Today's SMS are used up."""
        return self.failure == DAILY_LIMIT

    @classmethod
    def sms_today(cls, country: str = "") -> int:
        """SMS that went out, or may have, since midnight in the clinic; to one country or to all."""
        paid = cls._paid_today()
        return db.session.scalar(paid.where(cls.country == country) if country else paid) or 0

    @classmethod
    def sms_today_and(cls, number: ScalarSelect[int]) -> tuple[int, int]:
        """The same for all countries, with another number of the same page, in one query."""
        sent, other = db.session.execute(select(cls._paid_today().scalar_subquery(), number)).one()
        return sent, other

    @classmethod
    def _paid_today(cls) -> Select[tuple[int]]:
        today = cls.channel == Channel.SMS, cls.begun_at >= _midnight().astimezone(UTC)
        return select(func.coalesce(func.sum(cls.parts), 0)).where(*today)

    @classmethod
    def sms_for_invitations(cls) -> int:
        """How many of today's SMS invitations may still use."""
        return max(0, _usable(current_settings.sms_daily_max, LEFT_BY_INVITATIONS) - cls.sms_today())

    @staticmethod
    def next_day(hour: int = 0) -> datetime:
        """When the day's count begins anew, or later that day."""
        return (_midnight() + timedelta(days=1)).replace(hour=hour)

    @classmethod
    def purge_old(cls) -> int:
        """What an invitation shows stays with it."""
        old = cls.created_at < clock.now() - KEPT_FOR
        return purge(cls, old & (cls.kind != JobKind.INVITATION))

    @property
    def is_over(self) -> bool:
        return self.state in (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.UNDELIVERED)

    def begin(self, parts: int = 1, country: str = "", *, leave: int = 0) -> None:
        """Commit before the provider is asked: who finds it begun knows that it may have gone out.

        Raises OutcomeUnknown when it may have gone out twice, DailyLimitReached when of today's SMS, or of those to its
        country, all have gone out but one in `leave`.
        """
        if self.state is DeliveryState.SENDING:
            self.note_unknown("its worker died")
        if self.unknown_outcomes > MOST_UNKNOWN_OUTCOMES:
            self.state = DeliveryState.UNKNOWN
            raise errors.OutcomeUnknown
        if self.channel is Channel.SMS:
            advisory_lock(LockKind.SMS_OF_THE_DAY)
            self._count_towards_daily_limit(parts, country, leave)
        self.state, self.begun_at = DeliveryState.SENDING, clock.now()

    def _count_towards_daily_limit(self, parts: int, country: str, leave: int) -> None:
        """Counted before it goes out. Raises DailyLimitReached. Operators hear of it when half of the day is gone."""
        today, most = self.sms_today(), current_settings.sms_daily_max
        is_abroad = country not in ("", current_settings.home_country)
        there = _usable(current_settings.sms_country_max, leave)
        if today + parts > _usable(most, leave) or (is_abroad and self.sms_today(country) + parts > there):
            self.state, self.failure = DeliveryState.WAITING, DAILY_LIMIT
            raise errors.DailyLimitReached
        self.country = country
        self.parts += parts
        if today * 2 < most <= (today + parts) * 2:
            record(HalfOfSmsGone(_midnight().date().isoformat()))

    def record_sent(self, reference: str = "") -> None:
        """The provider has taken it; by `reference` it is asked what became of it."""
        self.state, self.sent_at, self.failure = DeliveryState.SENT, clock.now(), None
        if reference:
            self.reference = reference
            Job.add(JobKind.DELIVERY_STATUS, self.id, clock.now() + STATUS_CHECKS[0][1])

    def note_unknown(self, failure: str) -> None:
        self.unknown_outcomes += 1
        is_last = self.unknown_outcomes > MOST_UNKNOWN_OUTCOMES
        self.state = DeliveryState.UNKNOWN if is_last else DeliveryState.WAITING
        self.failure = failure[:120]

    def fail(self, failure: str, parts: int = 1, *, for_good: bool) -> None:
        """It certainly did not go out, and is not paid for."""
        if self.channel is Channel.SMS:
            self.parts -= parts
        self.state = DeliveryState.FAILED if for_good else DeliveryState.WAITING
        self.failure = failure[:120]

    def give_up(self) -> None:
        """Called when no more tries are made."""
        if self.state is DeliveryState.WAITING:
            self.state = DeliveryState.UNKNOWN if self.unknown_outcomes else DeliveryState.FAILED

    def record_delivery(self, *, is_delivered: bool) -> None:
        self.state = DeliveryState.DELIVERED if is_delivered else DeliveryState.UNDELIVERED
        self.delivered_at = clock.now() if is_delivered else None

    @property
    def next_status_check_in(self) -> timedelta | None:
        """None when it is too long ago for an answer."""
        age = clock.now() - (self.sent_at or self.created_at)
        return next((pause for until, pause in STATUS_CHECKS if age < until), None)


def _midnight() -> datetime:
    """That began the day, in the clinic."""
    now = clock.now().astimezone(current_settings.clinic_timezone)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _usable(most: int, leave: int) -> int:
    return most - (most // leave if leave else 0)
