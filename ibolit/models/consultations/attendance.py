"""Attendance: who of the two is ready, who has come, and who has announced a delay."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from ...extensions import Model, db
from ...services import clock
from ..people import User
from ..types import RowId, UtcDateTime, enum_column
from .states import CONFIRMED_STATES, UPCOMING, ConsultationState

OPENS_BEFORE = timedelta(minutes=10)  # «Готов общаться» works from here
CLOSES_AFTER = timedelta(minutes=30)  # the planned end, to here
READY_FOR = timedelta(minutes=2)  # after the last sign of that person
LATE_BY = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(seconds=5)  # of machines that serve one clinic; a sign from later than that is no sign


class Absence(StrEnum):
    """Who did not come to it; nobody: they missed each other."""

    NOBODY = "nobody"
    PATIENT = "patient"
    DOCTOR = "doctor"
    BOTH = "both"


class Attendance(Model):
    """A consultation without its terms and its money.

    `starts_at` and `ends_at` are the planned times; `…_ready_at` the last sign of a side that pressed «Готов».
    """

    __abstract__ = True

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[ConsultationState] = mapped_column(enum_column(ConsultationState), default=ConsultationState.PROPOSED)
    patient_ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    doctor_ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    patient_first_ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    doctor_first_ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    patient_late_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    doctor_late_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def is_of(cls, user: User) -> ColumnElement[bool]:
        return cls.doctor_id == user.doctor.id if user.doctor is not None else cls.patient_id == user.id

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def opens_at(self) -> datetime:
        return self.starts_at - OPENS_BEFORE

    @property
    def closes_at(self) -> datetime:
        return self.ends_at + CLOSES_AFTER

    def state_at(self, now: datetime) -> ConsultationState:
        if self.state in CONFIRMED_STATES and now >= self.closes_at:
            took_place = self.state is ConsultationState.IN_PROGRESS and self._both_came
            return ConsultationState.COMPLETED if took_place else ConsultationState.MISSED
        return self.state

    @property
    def state_now(self) -> ConsultationState:
        return self.state_at(clock.now())

    @property
    def is_upcoming(self) -> bool:
        return self.state_now in UPCOMING

    @property
    def is_open(self) -> bool:
        """«Готов общаться» works."""
        return self.state_now in CONFIRMED_STATES and clock.now() >= self.opens_at

    def is_side_ready(self, user: User) -> bool:
        """Their last sign is younger than READY_FOR."""
        seen = self._of(user, "ready_at")
        return self.state in CONFIRMED_STATES and seen is not None and -CLOCKS_DIFFER < clock.now() - seen < READY_FOR

    def has_come(self, user: User) -> bool:
        return self._of(user, "first_ready_at") is not None

    @property
    def doctor_stayed_away(self) -> bool:
        """Its start has passed, and the doctor was ready at no moment since then."""
        seen = self.doctor_ready_at
        return clock.now() >= self.starts_at and (seen is None or seen + READY_FOR <= self.starts_at)

    @property
    def absence(self) -> Absence:
        """Of a missed one. A doctor who was there before the start alone was not there: all the money goes back."""
        if self.doctor_stayed_away:
            return Absence.DOCTOR if self.patient_first_ready_at is not None else Absence.BOTH
        return Absence.NOBODY if self.patient_first_ready_at is not None else Absence.PATIENT

    def late_until(self, user: User) -> datetime | None:
        """Until when that side asks to be waited for."""
        said = self._of(user, "late_at")
        if said is None or self.state_now not in CONFIRMED_STATES:
            return None
        until: datetime = min(max(said, self.starts_at) + LATE_BY, self.closes_at)
        return until if until > clock.now() else None

    def presence_lapses(self, user: User) -> list[datetime]:
        """When what that side has said of itself is true no longer."""
        seen, late = self._of(user, "ready_at"), self.late_until(user)
        return [moment for moment in (seen and seen + READY_FOR, late) if moment is not None]

    def may_announce_delay(self, user: User) -> bool:
        """From 30 minutes before the start, until the consultation, once in five minutes."""
        now = clock.now()
        near = self.starts_at - 6 * LATE_BY <= now < self.closes_at
        is_waiting = self.state_now is ConsultationState.CONFIRMED and not self.is_side_ready(user)
        return near and is_waiting and self.late_until(user) is None

    @classmethod
    def is_ready_anywhere(cls, user: User) -> bool:
        """This person is ready in some consultation. Asked with every beat of every socket."""
        return db.session.scalar(select(cls.id).where(*cls._has_ready(user)).limit(1)) is not None

    @classmethod
    def record_presence(cls, user: User) -> None:
        """This person is still here; a presence that has lapsed stays lapsed."""
        column = cls._ready_column(user)
        db.session.execute(update(cls).where(*cls._has_ready(user)).values({column: clock.now()}))

    def reset_attendance(self) -> None:
        """Who came to the old time has not come to the new one."""
        self.patient_ready_at = self.patient_first_ready_at = self.patient_late_at = None
        self.doctor_ready_at = self.doctor_first_ready_at = self.doctor_late_at = None

    # Below: parts of these

    @property
    def _both_came(self) -> bool:
        return self.patient_first_ready_at is not None and self.doctor_first_ready_at is not None

    @classmethod
    def _ready_column(cls, user: User) -> InstrumentedAttribute[datetime | None]:
        return cls.doctor_ready_at if user.doctor is not None else cls.patient_ready_at

    @classmethod
    def _has_ready(cls, user: User) -> tuple[ColumnElement[bool], ...]:
        now, signs = clock.now(), cls._ready_column(user)
        return cls.is_of(user), cls.state.in_(CONFIRMED_STATES), signs > now - READY_FOR, signs < now + CLOCKS_DIFFER

    def _prefix_of(self, user: User) -> str:
        return "patient" if user.id == self.patient_id else "doctor"

    def _of(self, user: User, what: str) -> datetime | None:
        moment: datetime | None = getattr(self, f"{self._prefix_of(user)}_{what}")
        return moment

    def _set(self, user: User, what: str, moment: datetime | None) -> None:
        setattr(self, f"{self._prefix_of(user)}_{what}", moment)
