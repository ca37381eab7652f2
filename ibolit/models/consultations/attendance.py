"""Attendance: which side of a consultation is ready, has come, or has announced a delay."""

# mypy: disable-error-code=misc
# The facet's methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, ForeignKey, and_, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..doctors import Doctor
from ..people import User
from ..types import UtcDateTime, enum_column
from .states import CONFIRMED_STATES, ConsultationState
from .times import LONGEST

if TYPE_CHECKING:
    from .consultation import Consultation

READY_FOR = timedelta(minutes=2)  # after the last sign of that person
LATE_BY = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(seconds=5)  # between the machines of one clinic; a sign from later than that is no sign


class Side(StrEnum):
    """Of a consultation: whom it is for, and who leads it."""

    PATIENT = "patient"
    DOCTOR = "doctor"


class Absence(StrEnum):
    """Which side did not come; nobody: they missed each other."""

    NOBODY = "nobody"
    PATIENT = "patient"
    DOCTOR = "doctor"
    BOTH = "both"


class Attendance(Model):
    """What one side has said of being there. A side that has said nothing has no row."""

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"), primary_key=True)
    side: Mapped[Side] = mapped_column(enum_column(Side), primary_key=True)
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the last sign since «Готов общаться»
    first_ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delay_announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_ready(self) -> bool:
        """The last sign is younger than READY_FOR."""
        return self.ready_at is not None and -CLOCKS_DIFFER < clock.now() - self.ready_at < READY_FOR

    @property
    def has_come(self) -> bool:
        return self.first_ready_at is not None

    def was_ready_after(self, moment: datetime) -> bool:
        return self.ready_at is not None and self.ready_at + READY_FOR > moment

    def mark_ready(self) -> None:
        self.ready_at = clock.now()
        self.first_ready_at = self.first_ready_at or self.ready_at
        self.delay_announced_at = None

    def reset(self) -> None:
        """Who came to the old time has not come to the new one."""
        self.ready_at = self.first_ready_at = self.delay_announced_at = None


@cache
def _silence() -> Attendance:
    """Of whoever has said nothing. A card asks for it a dozen times: made anew it took a third of the card."""
    return Attendance()


class ConsultationAttendance:
    """A consultation's facet for who is there."""

    @property
    def sides(self: Consultation) -> tuple[User, User]:
        """Who meets in it; other members of its chat only hear of it."""
        return self.patient, self.doctor.user

    def side_of(self: Consultation, user: User) -> Side | None:
        if user.id == self.patient_id:
            return Side.PATIENT
        return Side.DOCTOR if user.id == self.doctor.user_id else None

    def attendance_of(self: Consultation, side: Side | None) -> Attendance:
        """What that side has said, to be read alone: `_attend()` is for what is written."""
        return (self.attendances.get(side) if side else None) or _silence()

    def is_side_ready(self: Consultation, user: User) -> bool:
        return self.state in CONFIRMED_STATES and self.attendance_of(self.side_of(user)).is_ready

    def has_come(self: Consultation, user: User) -> bool:
        return self.attendance_of(self.side_of(user)).has_come

    @property
    def doctor_stayed_away(self: Consultation) -> bool:
        """Its start has passed, and the doctor was ready at no moment since then."""
        doctor = self.attendance_of(Side.DOCTOR)
        return clock.now() >= self.starts_at and not doctor.was_ready_after(self.starts_at)

    @property
    def absence(self: Consultation) -> Absence:
        """Of a missed one. A doctor who was there before the start alone was not there: all the money goes back."""
        patient_came = self.attendance_of(Side.PATIENT).has_come
        if self.doctor_stayed_away:
            return Absence.DOCTOR if patient_came else Absence.BOTH
        return Absence.NOBODY if patient_came else Absence.PATIENT

    def late_until(self: Consultation, user: User) -> datetime | None:
        """Until when that side asks to be waited for."""
        announced_at = self.attendance_of(self.side_of(user)).delay_announced_at
        if announced_at is None or self.state_now not in CONFIRMED_STATES:
            return None
        until = min(max(announced_at, self.starts_at) + LATE_BY, self.closes_at)
        return until if until > clock.now() else None

    def presence_lapses(self: Consultation, user: User) -> list[datetime]:
        """When what that side has said of itself is true no longer."""
        ready_at, late = self.attendance_of(self.side_of(user)).ready_at, self.late_until(user)
        return [moment for moment in (ready_at and ready_at + READY_FOR, late) if moment is not None]

    def may_announce_delay(self: Consultation, user: User) -> bool:
        """From 30 minutes before the start, until the consultation, once in five minutes."""
        now = clock.now()
        near = self.starts_at - 6 * LATE_BY <= now < self.closes_at
        is_waiting = self.state_now is ConsultationState.CONFIRMED and not self.is_side_ready(user)
        return near and is_waiting and self.late_until(user) is None

    @classmethod
    def is_anyone_ready(cls: type[Consultation], user_ids: Collection[int]) -> bool:
        """One of these people is ready in some consultation. Asked for all who have a socket open."""
        return db.session.scalar(select(Attendance.consultation_id).where(*_ready(cls, user_ids)).limit(1)) is not None

    @classmethod
    def record_presence(cls: type[Consultation], user_ids: Collection[int]) -> None:
        """These people are still here; a presence that has lapsed stays lapsed. One statement, whatever they attend."""
        db.session.execute(update(Attendance).where(*_ready(cls, user_ids)).values(ready_at=clock.now()))

    def _attend(self: Consultation, user: User) -> Attendance:
        """The row of that side, made now if there was none. Under the consultation's lock."""
        side = self._own_side(user)
        return self.attendances.setdefault(side, Attendance(side=side))

    def _own_side(self: Consultation, user: User) -> Side:
        """Raises ConsultationHasChanged for whoever is no side of it: other members of the chat only hear of it."""
        side = self.side_of(user)
        if side is None:
            raise errors.ConsultationHasChanged
        return side

    def reset_attendance(self: Consultation) -> None:
        for attendance in self.attendances.values():
            attendance.reset()

    @property
    def _both_came(self: Consultation) -> bool:
        return all(self.attendance_of(side).has_come for side in Side)


def _ready(consultation: type[Consultation], user_ids: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    """Rows of their own sides that still count as ready, in whatever they attend."""
    now = clock.now()
    agreed = select(consultation.id).where(
        consultation.state.in_(CONFIRMED_STATES), consultation.starts_at > now - LONGEST
    )
    led = agreed.join(Doctor, Doctor.id == consultation.doctor_id).where(Doctor.user_id.in_(user_ids))
    asked_for = agreed.where(consultation.patient_id.in_(user_ids))
    is_own = or_(
        and_(Attendance.side == Side.DOCTOR, Attendance.consultation_id.in_(led)),
        and_(Attendance.side == Side.PATIENT, Attendance.consultation_id.in_(asked_for)),
    )
    return is_own, Attendance.ready_at > now - READY_FOR, Attendance.ready_at < now + CLOCKS_DIFFER
