"""By which rules a doctor's times are booked: zone, notice, pause, how far ahead."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...events import FreeTimesChanged, record
from ...extensions import Model, db
from ..doctors import Doctor
from .appointment_type import hold_agenda


@dataclass(frozen=True)
class RulesTerms:
    """What a doctor says, and what holds until then: a zone of the IANA list, minutes and days."""

    zone: str
    notice_minutes: int = 120
    pause_minutes: int = 5
    horizon_days: int = 60
    confirms_free: bool = False


class BookingRules(Model):
    """A doctor's own; who has set none has the defaults of RulesTerms and the zone of their account.

    The zone is kept with the hours: an account's follows its device, and a doctor who travels moves no hours.
    """

    NOTICE, PAUSE, HORIZON = (15, 14 * 24 * 60), (0, 120), (1, 365)  # minutes, minutes, days: least and most

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), primary_key=True, autoincrement=False)
    zone: Mapped[str] = mapped_column(String(64))
    notice_minutes: Mapped[int]  # a start is at least so far ahead
    pause_minutes: Mapped[int]  # between two consultations
    horizon_days: Mapped[int]  # the last day that can be booked, from today
    confirms_free: Mapped[bool]  # free ones at once; else each waits for a yes

    @classmethod
    def of(cls, doctor: Doctor) -> Self:
        """What applies; of who has set nothing, not stored."""
        return cls.of_all([doctor])[doctor.id]

    @classmethod
    def of_all(cls, doctors: Collection[Doctor]) -> dict[int, Self]:
        """The same of many by the doctors' numbers, in one query."""
        own = select(cls).where(cls.doctor_id.in_([doctor.id for doctor in doctors]))
        stored = {rules.doctor_id: rules for rules in db.session.scalars(own)}
        return {doctor.id: stored.get(doctor.id) or cls.default_of(doctor) for doctor in doctors}

    @property
    def terms(self) -> RulesTerms:
        return RulesTerms(
            self.zone, self.notice_minutes, self.pause_minutes, self.horizon_days, confirms_free=self.confirms_free
        )

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def notice(self) -> timedelta:
        return timedelta(minutes=self.notice_minutes)

    def books_until(self, now: datetime) -> datetime:
        """The first moment (UTC) that cannot be booked yet: of the day after the last one."""
        day = now.astimezone(self.tz).date() + timedelta(days=self.horizon_days + 1)
        return datetime.combine(day, time(), self.tz).astimezone(UTC)

    @classmethod
    def set(cls, doctor: Doctor, terms: RulesTerms) -> Self:
        """What stands touches nothing that is booked. Raises RulesOutOfBounds and ZoneIsUnknown."""
        hold_agenda(doctor.id)
        _refuse(terms)
        rules = cls.stored_of(doctor)
        if rules.terms != terms:
            for name, value in vars(terms).items():
                setattr(rules, name, value)
            record(FreeTimesChanged(doctor.id))
        return rules

    @classmethod
    def stored_of(cls, doctor: Doctor) -> Self:
        """The row, made now if there was none; under the lock of the agenda."""
        rules = db.session.get(cls, doctor.id, populate_existing=True)
        if rules is None:
            rules = cls.default_of(doctor)
            db.session.add(rules)
            db.session.flush()
        return rules

    @classmethod
    def default_of(cls, doctor: Doctor) -> Self:
        """Of who has set nothing; not stored."""
        return cls(doctor_id=doctor.id, **vars(RulesTerms(doctor.user.zone.key)))


def _refuse(terms: RulesTerms) -> None:
    if terms.zone not in available_timezones():
        raise errors.ZoneIsUnknown
    bounds = BookingRules.NOTICE, BookingRules.PAUSE, BookingRules.HORIZON
    given = terms.notice_minutes, terms.pause_minutes, terms.horizon_days
    if not all(least <= value <= most for value, (least, most) in zip(given, bounds, strict=True)):
        raise errors.RulesOutOfBounds
