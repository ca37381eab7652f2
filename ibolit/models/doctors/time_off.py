"""When a doctor is away, and who stands in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, Text, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ... import errors
from ...events import FreeTimesChanged, TimeOffChanged, record
from ...extensions import Model, db
from ...services import clock
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime
from .answering_hours import Span
from .doctor import Doctor

MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class AbsenceTerms:
    """What a doctor says of it: moments in UTC, the first within it and the first after it."""

    starts_at: datetime
    ends_at: datetime
    stand_in_id: int | None = None  # a doctor
    words: str = ""  # which the automatic answer adds


class TimeOff(Model):
    """No two of one doctor overlap. What is over is history: it is never changed."""

    LONGEST = timedelta(days=366)
    LONGEST_WORDS = 500

    __table_args__ = (
        CheckConstraint("starts_at < ends_at", "order"),
        CheckConstraint("stand_in_id <> doctor_id", "other"),
        Index("ix_time_off_of_doctor", "doctor_id", "ends_at"),
        Index("ix_time_off_of_stand_in", "stand_in_id", "ends_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    words: Mapped[str] = mapped_column(Text, default="")
    moved_days: Mapped[int] = mapped_column(default=0)  # by which open chats were prolonged, as nobody stood in
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    doctor: Mapped[Doctor] = relationship(foreign_keys=[doctor_id], innerjoin=True)
    stand_in: Mapped[Doctor | None] = relationship(foreign_keys=[stand_in_id])

    # Look-ups

    @classmethod
    def unended_of(cls, doctor: Doctor) -> Sequence[Self]:
        """What is and what is coming, in its order, with who stands in."""
        mine = cls.doctor_id == doctor.id, cls.ends_at > clock.now()
        people = joinedload(cls.stand_in).joinedload(Doctor.user)
        return db.session.scalars(select(cls).options(people).where(*mine).order_by(cls.starts_at)).all()

    @classmethod
    def current_of(cls, doctor: Doctor) -> Self | None:
        """The one in which the doctor is away just now; nothing is asked of who is never away."""
        if not doctor.may_be_away:
            return None
        now = clock.now()
        mine = cls.doctor_id == doctor.id, cls.starts_at <= now, cls.ends_at > now
        people = joinedload(cls.stand_in).joinedload(Doctor.user)
        return db.session.scalar(select(cls).options(people).where(*mine))

    @classmethod
    def last_of(cls, doctor: Doctor) -> Self | None:
        return db.session.scalar(select(cls).where(cls.doctor_id == doctor.id).order_by(cls.ends_at.desc()).limit(1))

    @classmethod
    def spans_of(cls, doctor: Doctor, since: datetime) -> Sequence[Span]:
        """From when until when the doctor is or was away, of what ends after that moment."""
        theirs = select(cls.starts_at, cls.ends_at).where(cls.doctor_id == doctor.id, cls.ends_at > since)
        return db.session.execute(theirs).tuples().all()

    @classmethod
    def covered_by(cls, doctor: Doctor) -> Sequence[Self]:
        """Those in which this doctor stands in for a colleague, now or later."""
        theirs = cls.stand_in_id == doctor.id, cls.ends_at > clock.now()
        people = joinedload(cls.doctor).joinedload(Doctor.user)
        return db.session.scalars(select(cls).options(people).where(*theirs).order_by(cls.starts_at)).all()

    @classmethod
    def locked(cls, doctor: Doctor, id: int) -> Self | None:
        """The doctor's own, read anew; all that change their time off queue here."""
        cls.lock_all()
        own = select(cls).where(cls.id == id, cls.doctor_id == doctor.id)
        return db.session.scalar(own.execution_options(populate_existing=True))

    @classmethod
    def may_stand_in_for(cls, doctor: Doctor) -> Select[tuple[Doctor]]:
        """Whoever of the clinic is shown to patients, by name."""
        others = select(Doctor).join(Doctor.user).where(Doctor.id != doctor.id, ~Doctor.hidden)
        return others.options(joinedload(Doctor.user)).order_by(Doctor.name_key, Doctor.id)

    # Questions

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= clock.now()

    @property
    def is_over(self) -> bool:
        return self.ends_at <= clock.now()

    @property
    def is_now(self) -> bool:
        return self.has_begun and not self.is_over

    def takes(self, begins: datetime, ends: datetime) -> bool:
        """Something from then till then falls into it."""
        return self.starts_at < ends and begins < self.ends_at

    @property
    def days(self) -> int:
        """Whole days of the absence."""
        return (self.ends_at - self.starts_at) // DAY

    @property
    def last_moment(self) -> datetime:
        """Of the last day of the absence; the one after it is the return."""
        return self.ends_at - MOMENT

    @property
    def available_stand_in(self) -> Doctor | None:
        """Who can be asked just now: shown to patients, and not away himself."""
        stand_in = self.stand_in
        return None if stand_in is None or stand_in.hidden or stand_in.is_away else stand_in

    # Verbs

    @classmethod
    def add(cls, doctor: Doctor, absence: AbsenceTerms) -> Self:
        """Raises TimeOffIsPast, TimeOffIsTooLong, TimeOffOverlaps, StandInIsUnknown and StandInIsAway."""
        cls.lock_all()
        advisory_lock(LockKind.AGENDA, doctor.id)  # who books one of its times is before it or after it
        cls._refuse(doctor, absence)
        time_off = cls(doctor_id=doctor.id, doctor=doctor, **vars(absence))
        db.session.add(time_off)
        time_off._note()
        return time_off

    def change(self, absence: AbsenceTerms) -> None:
        """Under the lock of locked(). What has begun keeps its beginning. Raises what add() does, and TimeOffIsOver."""
        advisory_lock(LockKind.AGENDA, self.doctor_id)
        if self.is_over:
            raise errors.TimeOffIsOver
        absence = replace(absence, starts_at=self.starts_at) if self.has_begun else absence
        self._refuse(self.doctor, absence, but=self.id)
        self.starts_at, self.ends_at = absence.starts_at, absence.ends_at
        self.stand_in_id, self.words = absence.stand_in_id, absence.words
        self._note()

    def end(self) -> None:
        """«Отменить», or the doctor is back before the time. Ended twice it is over all the same."""
        if self.is_over:
            return
        if clock.now() > self.starts_at:
            self.ends_at = clock.now()
            self._note()
            return
        doctor = self.doctor
        db.session.delete(self)
        db.session.flush()
        note_absence_of(doctor)
        record(FreeTimesChanged(doctor.id))

    # Below: parts of these

    @classmethod
    def lock_all(cls) -> None:
        """Of every doctor, before any chat: who changes time off, and who chooses by it, wait for each other."""
        advisory_lock(LockKind.TIME_OFF)

    @classmethod
    def _refuse(cls, doctor: Doctor, absence: AbsenceTerms, but: int = 0) -> None:
        if absence.ends_at <= clock.now() or absence.ends_at <= absence.starts_at:
            raise errors.TimeOffIsPast
        if absence.ends_at - absence.starts_at > cls.LONGEST:
            raise errors.TimeOffIsTooLong
        if db.session.scalar(select(cls.id).where(cls._meets(doctor.id, absence), cls.id != but)) is not None:
            raise errors.TimeOffOverlaps
        if absence.stand_in_id is None:
            return
        stand_in = db.session.scalar(cls.may_stand_in_for(doctor).where(Doctor.id == absence.stand_in_id))
        if stand_in is None:
            raise errors.StandInIsUnknown
        if db.session.scalar(select(cls.id).where(cls._meets(stand_in.id, absence)).limit(1)) is not None:
            raise errors.StandInIsAway

    @classmethod
    def _meets(cls, doctor_id: int, absence: AbsenceTerms) -> ColumnElement[bool]:
        return (cls.doctor_id == doctor_id) & (cls.starts_at < absence.ends_at) & (cls.ends_at > absence.starts_at)

    def _note(self) -> None:
        """What rows of doctors know of it, so that pages ask nothing more; and who is told."""
        db.session.flush()
        db.session.refresh(self, ["stand_in"])
        note_absence_of(self.doctor)
        if self.stand_in_id is not None:
            later = Doctor.stands_in_until.is_(None) | (Doctor.stands_in_until < self.ends_at)
            known = update(Doctor).where(Doctor.id == self.stand_in_id, later).values(stands_in_until=self.ends_at)
            db.session.execute(known.execution_options(synchronize_session="fetch"))
        record(TimeOffChanged(self.id))
        record(FreeTimesChanged(self.doctor_id))


def note_absence_of(doctor: Doctor) -> None:
    """Writes on the doctor's own row the present absence, or the next, or the last; by the worker too, at each end."""
    db.session.refresh(doctor, ["away_from", "away_until"])
    following = next(iter(TimeOff.unended_of(doctor)), None) or TimeOff.last_of(doctor)
    doctor.away_from = following.starts_at if following else None
    doctor.away_until = following.ends_at if following else None
