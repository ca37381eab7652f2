"""What a patient may book by themselves: a kind of consultation with its length and price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...events import FreeTimesChanged, record
from ...extensions import Model, db
from ...services import clock
from ..consultations import ConsultationKind
from ..doctors import Doctor
from ..doctors.ordering import moved
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime, enum_column
from .wall_clock import GRID


@dataclass(frozen=True)
class TypeTerms:
    """What a doctor says of it. Price in kopecks, 0 for free."""

    title: str
    kind: ConsultationKind
    minutes: int
    price: int


class AppointmentType(Model):
    """A consultation keeps a copy of what was booked, so it may be changed at any time; it is never deleted.

    All that change a doctor's own, or book by them, queue at the lock of the doctor's agenda.
    """

    MOST, LONGEST_TITLE = 12, 80  # of one doctor on offer, letters
    MINUTES = range(10, 181, GRID)  # how long one may be

    __table_args__ = (CheckConstraint("minutes > 0", "minutes"), CheckConstraint("price >= 0", "price"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), index=True)
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    kind: Mapped[ConsultationKind] = mapped_column(enum_column(ConsultationKind))
    minutes: Mapped[int]
    price: Mapped[int]  # kopecks, 0: free
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # Look-ups

    @classmethod
    def offered_by(cls, doctor_id: int) -> Sequence[Self]:
        """What can be booked, in the doctor's order."""
        offered = select(cls).where(cls.doctor_id == doctor_id, cls.ended_at.is_(None))
        return db.session.scalars(offered.order_by(cls.position, cls.id)).all()

    @classmethod
    def kept_by(cls, doctor: Doctor) -> Sequence[Self]:
        """For the doctor's own page: what is offered in its order, then what has ended, the latest first."""
        mine = select(cls).where(cls.doctor_id == doctor.id)
        order = cls.ended_at.is_not(None), cls.ended_at.desc(), cls.position, cls.id
        return db.session.scalars(mine.order_by(*order)).all()

    @classmethod
    def exists_for(cls, doctor_id: int) -> bool:
        """This doctor offers something, or did."""
        return db.session.scalar(select(cls.id).where(cls.doctor_id == doctor_id).limit(1)) is not None

    @classmethod
    def find_of(cls, doctor_id: int, id: int) -> Self | None:
        """Of this doctor, offered or not."""
        return db.session.scalar(select(cls).where(cls.doctor_id == doctor_id, cls.id == id))

    @classmethod
    def locked_for(cls, doctor: Doctor, id: int) -> Self | None:
        """The doctor's own under the lock of their agenda, read anew."""
        hold_agenda(doctor.id)
        own = select(cls).where(cls.doctor_id == doctor.id, cls.id == id)
        return db.session.scalar(own.execution_options(populate_existing=True))

    # Questions

    @property
    def terms(self) -> TypeTerms:
        return TypeTerms(self.title, self.kind, self.minutes, self.price)

    @property
    def is_offered(self) -> bool:
        return self.ended_at is None

    @property
    def is_free(self) -> bool:
        """It costs nothing."""
        return self.price == 0

    # Verbs

    @classmethod
    def add(cls, doctor: Doctor, terms: TypeTerms) -> AppointmentType:
        """The last of those on offer. A repeated press is the same one. Raises TooManyTypes and LengthIsOdd."""
        hold_agenda(doctor.id)
        _refuse(terms)
        offered = cls.offered_by(doctor.id)
        known = next((one for one in offered if one.terms == terms), None)
        if known is not None:
            return known
        new = cls(doctor_id=doctor.id, position=_behind(offered), **vars(terms))
        db.session.add(new)
        _note_offer(doctor.id)
        return new

    def change(self, terms: TypeTerms) -> None:
        """What is booked from now on; under the lock of locked_for(). Raises TypeHasEnded and LengthIsOdd."""
        if not self.is_offered:
            raise errors.TypeHasEnded
        _refuse(terms)
        if terms != self.terms:
            self.title, self.kind, self.minutes, self.price = terms.title, terms.kind, terms.minutes, terms.price
            record(FreeTimesChanged(self.doctor_id))

    def end(self) -> None:
        """Nobody books it any more; what is booked stands. Hours that were for it alone stay for its return."""
        if self.is_offered:
            self.ended_at = clock.now()
            _note_offer(self.doctor_id)

    def bring_back(self) -> None:
        """As the last of those on offer. Raises TooManyTypes."""
        if self.is_offered:
            return
        self.position = _behind(self.offered_by(self.doctor_id))
        self.ended_at = None
        _note_offer(self.doctor_id)

    def move(self, steps: int) -> None:
        """Up (-1) or down (1) among those on offer; at the end nothing moves."""
        moved(self.offered_by(self.doctor_id), self, steps)


def hold_agenda(doctor_id: int) -> None:
    """Whoever changes what of a doctor's time is free, or takes some of it, waits here for the others."""
    advisory_lock(LockKind.AGENDA, doctor_id)


def _note_offer(doctor_id: int) -> None:
    """The doctor's page, chats and cards lead to what may be booked, and ask nothing for it."""
    db.session.flush()
    db.session.get_one(Doctor, doctor_id).takes_bookings = bool(AppointmentType.offered_by(doctor_id))
    record(FreeTimesChanged(doctor_id))


def _behind(offered: Sequence[AppointmentType]) -> int:
    """The place of one more. Raises TooManyTypes."""
    if len(offered) >= AppointmentType.MOST:
        raise errors.TooManyTypes
    return max((one.position for one in offered), default=0) + 1


def _refuse(terms: TypeTerms) -> None:
    if terms.minutes not in AppointmentType.MINUTES:
        raise errors.LengthIsOdd
