"""A doctor's public profile and what he sells."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Index, Select, String, Text, literal, select, tuple_
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship, selectinload

from ..config import current_settings
from ..extensions import Model, db
from ..services import clock
from ..services.search import begins_a_word, normalised
from .types import RowId
from .user import Role, User

if TYPE_CHECKING:
    from .chat import Chat


class Tariff(Model):
    """What a doctor sells to keep a chat open: so many days for so much."""

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    days: Mapped[int]
    price: Mapped[int]  # kopecks
    usual: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def on_sale_by(cls, doctor_id: int) -> Select[tuple[Self]]:
        return select(cls).where(cls.doctor_id == doctor_id, ~cls.hidden).order_by(cls.price, cls.id)


class Doctor(Model):
    """Who the patients see: profile, prices, free days; shown in the directory or hidden."""

    __table_args__ = (
        Index("ix_doctor_directory", "hidden", "name_key", "id"),
        Index("ix_doctor_specialty", "hidden", "specialty", "name_key", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    specialty: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(Text, default="")
    photo: Mapped[str | None] = mapped_column(String(120))  # a picture's path under static/
    practises_since: Mapped[int]  # year
    education: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(String(120), default="")
    languages: Mapped[str] = mapped_column(String(120), default="русский")
    usual_price: Mapped[int] = mapped_column(default=0)  # kopecks, of a consultation
    free_days: Mapped[int] = mapped_column(default=3)
    hidden: Mapped[bool] = mapped_column(default=False)
    available: Mapped[bool] = mapped_column(default=True)  # the «на связи» switch
    quiet_from: Mapped[int | None]  # minutes after midnight in the doctor's zone
    quiet_to: Mapped[int | None]
    name_key: Mapped[str] = mapped_column(String(120))
    search_key: Mapped[str] = mapped_column(String(220))
    user: Mapped[User] = relationship(back_populates="doctor", innerjoin=True)
    tariffs: Mapped[list[Tariff]] = relationship(
        primaryjoin=lambda: (Doctor.id == Tariff.doctor_id) & ~Tariff.hidden,
        order_by=lambda: (Tariff.price, Tariff.id),
        viewonly=True,
    )

    chats: Mapped[list[Chat]] = relationship(back_populates="doctor")

    def index(self) -> None:
        """Refreshes what the directory is sorted and searched by; call after a change of name or specialty."""
        self.name_key = normalised(self.user.name)
        self.search_key = f" {self.name_key} {normalised(self.specialty)}"

    @classmethod
    def expect(cls, phone: str, name: str, **profile: object) -> Self:
        """A new doctor with a profile of these columns; he may sign in at once. Raises PhoneIsTaken."""
        doctor = cls(user=User.expect(phone, name, Role.DOCTOR), **profile)
        doctor.index()
        db.session.add(doctor)
        db.session.flush()
        return doctor

    @classmethod
    def by_phone(cls, phone: str) -> Self | None:
        return db.session.scalar(select(cls).join(cls.user).where(User.phone == phone))

    def alter(self, name: str | None, **profile: object) -> None:
        """What is given changes."""
        if name is not None:
            self.user.rename(name)
        for column, value in profile.items():
            setattr(self, column, value)
        self.index()

    @classmethod
    def directory(
        cls, words: str = "", specialty: str = "", after: tuple[str, int] | None = None
    ) -> Select[tuple[Self]]:
        """Shown doctors by name, keyset-paged: `after` is the (name_key, id) of the last one seen."""
        chosen = (
            select(cls)
            .join(cls.user)
            .options(contains_eager(cls.user), selectinload(cls.tariffs))
            .where(~cls.hidden, *begins_a_word(cls.search_key, words))
            .order_by(cls.name_key, cls.id)
        )
        if specialty:
            chosen = chosen.where(cls.specialty == specialty)
        if after:
            chosen = chosen.where(tuple_(cls.name_key, cls.id) > tuple_(literal(after[0]), literal(after[1])))
        return chosen

    @classmethod
    def specialties(cls) -> list[str]:
        return list(db.session.scalars(select(cls.specialty).where(~cls.hidden).distinct().order_by(cls.specialty)))

    @classmethod
    def shown_to(cls, user: User) -> Select[tuple[Self]]:
        """Doctors whose page this person may open: everyone shown, and a hidden one he already talks to."""
        talks = cls.chats.any(patient_id=user.id)
        return (
            select(cls)
            .join(cls.user)
            .options(contains_eager(cls.user), selectinload(cls.tariffs))
            .where(~cls.hidden | talks | (cls.user_id == user.id))
        )

    @property
    def years_of_practice(self) -> int:
        return max(0, clock.now().year - self.practises_since)

    @property
    def price_from(self) -> int | None:
        """The least one can pay this doctor, in kopecks; None when nothing is on sale."""
        prices = [tariff.price for tariff in self.tariffs] + ([self.usual_price] if self.usual_price else [])
        return min(prices, default=None)

    def takes_new_patients(self) -> bool:
        """Someone who sells nothing could never be written to again after the free days."""
        return not self.hidden and bool(self.tariffs)

    def is_online(self) -> bool:
        """«На связи»: the switch is on, it is not the quiet hours, and he was here just now."""
        return self.available and not self._rests(clock.now()) and self.user.is_present()

    def _rests(self, now: datetime) -> bool:
        if self.quiet_from is None or self.quiet_to is None:
            return False
        zone: ZoneInfo = self.user.zone if self.user.timezone else current_settings.clinic_timezone
        local = now.astimezone(zone)
        minute = local.hour * 60 + local.minute
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= minute < self.quiet_to
        return minute >= self.quiet_from or minute < self.quiet_to
