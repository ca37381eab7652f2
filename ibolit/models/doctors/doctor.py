"""A doctor's public profile, directory entry and settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, Text, false, select
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, query_expression, relationship, selectinload

from ... import errors
from ...extensions import Model, db
from ...normalization import key_of
from ...services import clock
from ..people import Role, User
from ..types import RowId, UtcDateTime, enum_column
from .answering_hours import WORKDAYS, AnsweringHours, Span
from .directory import DoctorDirectory
from .tariff import Tariff

if TYPE_CHECKING:
    from ..chats import Chat


WHOLE = "-whole"  # after a photo's key: the upright copy without camera data, from which another square may be cut


class PhotoCrop(StrEnum):
    """Which part of a photo becomes the square one."""

    START = "start"  # the top of an upright photo, the left of a wide one
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True)
class Introduction:
    """What a doctor's profile says; the name is the account's."""

    specialty: str
    practises_since: int
    education: str
    licence: str
    languages: str
    about: str


class Doctor(DoctorDirectory, Model):
    """Who the patients see: profile, prices, free days; shown in the directory or hidden."""

    __table_args__ = (
        Index("ix_doctor_directory", "hidden", "name_key", "id"),
        Index("ix_doctor_specialty", "hidden", "specialty", "name_key", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    specialty: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(Text, default="")
    photo: Mapped[str | None] = mapped_column(String(120))  # its key in the storage; of the demo a path under static/
    photo_crop: Mapped[PhotoCrop] = mapped_column(
        enum_column(PhotoCrop), default=PhotoCrop.MIDDLE, server_default=PhotoCrop.MIDDLE.value
    )
    practises_since: Mapped[int]  # year
    education: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(String(120), default="")
    languages: Mapped[str] = mapped_column(String(120), default="русский")
    default_price: Mapped[int] = mapped_column(default=0)  # kopecks, of a consultation
    default_minutes: Mapped[int] = mapped_column(default=30, server_default="30")
    free_days: Mapped[int] = mapped_column(default=3)
    hidden: Mapped[bool] = mapped_column(default=False)
    takes_bookings: Mapped[bool] = mapped_column(default=False, server_default=false())  # offers an appointment type
    available: Mapped[bool] = mapped_column(default=True)  # the «на связи» switch
    quiet_from: Mapped[int | None]  # minutes after midnight in the doctor's zone
    quiet_to: Mapped[int | None]
    answer_days: Mapped[int] = mapped_column(default=WORKDAYS, server_default=str(WORKDAYS))  # see AnsweringHours
    answer_from: Mapped[int] = mapped_column(default=9 * 60, server_default="540")
    answer_to: Mapped[int] = mapped_column(default=18 * 60, server_default="1080")
    promise_hours: Mapped[int | None]  # within them; none: nothing is promised
    usual_wait: Mapped[int | None]  # seconds, as measured (chats/wait.py)
    # The present or next time off, or the last; and until when this doctor may be standing in (TimeOff has them all).
    away_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    away_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stands_in_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name_key: Mapped[str] = mapped_column(String(120))
    search_key: Mapped[str] = mapped_column(String(220))
    least_tariff: Mapped[int | None] = query_expression()  # kopecks, 0 with none on sale; brought by a list of doctors
    user: Mapped[User] = relationship(back_populates="doctor", innerjoin=True)
    tariffs: Mapped[list[Tariff]] = relationship(
        primaryjoin=lambda: (Doctor.id == Tariff.doctor_id) & ~Tariff.hidden,
        order_by=lambda: (Tariff.position, Tariff.price, Tariff.id),
        viewonly=True,
    )
    chats: Mapped[list[Chat]] = relationship(viewonly=True)

    def index(self) -> None:
        """Refreshes what the directory is sorted and searched by; call after a change of name or specialty."""
        self.name_key = key_of(self.user.name)[:120]
        self.search_key = f" {self.name_key} {key_of(self.specialty)}"

    @classmethod
    def register(cls, phone: str, name: str, **profile: object) -> Self:
        """A new doctor with a profile of these columns, who may sign in at once. Raises PhoneIsTaken."""
        doctor = cls(user=User.register_staff(phone, name, Role.DOCTOR), **profile)
        doctor.index()
        db.session.add(doctor)
        db.session.flush()
        return doctor

    @classmethod
    def by_phone(cls, phone: str) -> Self | None:
        return db.session.scalar(select(cls).join(cls.user).where(User.phone == phone))

    def update_profile(self, name: str | None, **profile: object) -> None:
        """What is given changes."""
        if name is not None:
            self.user.rename(name)
        for column, value in profile.items():
            setattr(self, column, value)
        self.index()

    @classmethod
    def shown_to(cls, user: User) -> Select[tuple[Self]]:
        """Doctors whose page this person may open: everyone shown, and a hidden one they are in a chat with."""
        whole = select(cls).join(cls.user).options(contains_eager(cls.user), selectinload(cls.tariffs))
        return whole.where(cls._is_shown_to(user))

    @classmethod
    def opened_by(cls, user: User, id: int) -> Doctor | None:
        """None for nobody; raises DoctorTakesNoMessages for one who has hidden since a list was drawn."""
        doctor = db.session.scalar(cls.shown_to(user).where(cls.id == id))
        if doctor is None and db.session.scalar(select(cls.id).where(cls.id == id)) is not None:
            raise errors.DoctorTakesNoMessages
        return doctor

    @classmethod
    def photos_shown_to(cls, user: User) -> Select[tuple[str | None]]:
        return select(cls.photo).where(cls._is_shown_to(user))

    @classmethod
    def _is_shown_to(cls, user: User) -> ColumnElement[bool]:
        return ~cls.hidden | cls.chats.any(patient_id=user.id) | (cls.user_id == user.id)

    @property
    def own_photo(self) -> str | None:
        """The key of an uploaded one; the demo's portraits lie under static/."""
        return self.photo if self.photo and "/" not in self.photo else None

    @property
    def photo_version(self) -> str:
        """Stands in its address: a new photo is another address, so that the old one may be kept for ever."""
        return (self.own_photo or "")[:12]

    @property
    def years_of_practice(self) -> int:
        return max(0, clock.now().year - self.practises_since)

    @property
    def price_from(self) -> int | None:
        """The least one can pay this doctor, in kopecks; None when nothing is on sale."""
        tariff = self.least_tariff
        least = min((one.price for one in self.tariffs), default=0) if tariff is None else tariff
        return min((price for price in (least, self.default_price) if price), default=None)

    @property
    def answering_hours(self) -> AnsweringHours:
        """By the doctor's own clock."""
        return AnsweringHours(self.answer_days, self.answer_from, self.answer_to, self.user.zone)

    def pauses_since(self, moment: datetime) -> Sequence[Span]:
        """When no promise runs and no time is measured, whatever hours it is; those that end after that moment."""
        if self.away_until is None or self.away_until <= moment:
            return ()
        from .time_off import TimeOff

        return TimeOff.spans_of(self, moment)

    def takes_new_patients(self) -> bool:
        """Someone who sells nothing could never be written to again after the free days."""
        return not self.hidden and bool(self.tariffs)

    @property
    def is_away(self) -> bool:
        """In time off just now."""
        return self._is_away_at(clock.now())

    @property
    def last_moment_away(self) -> datetime:
        """Of the present time off: its last day is the one of that moment."""
        assert self.away_until is not None
        return self.away_until - timedelta(microseconds=1)

    @property
    def may_be_away(self) -> bool:
        """A look at their time off tells; it is not worth one otherwise."""
        return self.away_until is not None and self.away_until > clock.now()

    @property
    def is_standing_in(self) -> bool:
        """Chats of a colleague may be open to this doctor; which, their members say."""
        return self.stands_in_until is not None and self.stands_in_until > clock.now()

    def is_online(self) -> bool:
        """«На связи»: the switch is on, it is not the quiet hours, and the account was active just now."""
        return self.available and self.rests_until(clock.now()) is None and self.user.is_present()

    # Verbs: the doctor's own settings

    def introduce(self, words: Introduction) -> None:
        for name, value in vars(words).items():
            setattr(self, name, value)
        self.index()

    def set_defaults(self, default_price: int, default_minutes: int, free_days: int) -> None:
        """Free days touch only chats that are yet to be made: each keeps a copy."""
        self.default_price, self.default_minutes, self.free_days = default_price, default_minutes, free_days

    def set_availability(self, available: bool, quiet_from: int | None, quiet_to: int | None) -> None:
        """Minutes after midnight in the doctor's zone, or none."""
        self.available, self.quiet_from, self.quiet_to = available, quiet_from, quiet_to

    def promise(self, hours: int | None, *, days: int, start: int, end: int) -> None:
        """Who waits already was promised what stood there then; days and minutes as AnsweringHours has them."""
        self.promise_hours, self.answer_days, self.answer_from, self.answer_to = hours, days, start, end

    def show_in_directory(self, shown: bool) -> None:
        """The doctor's own patients see a hidden doctor's page still."""
        self.hidden = not shown

    def take_photo(
        self, key: str | None, crop: PhotoCrop = PhotoCrop.MIDDLE, *, expected: str | None = None
    ) -> str | None:
        """The new one is in the storage already, or there is none; the key of the old is deleted after the commit.

        `expected`: the version it shall replace. Raises PhotoHasChanged.
        """
        db.session.refresh(self, ["photo"], with_for_update=True)
        if expected is not None and expected != self.photo_version:
            raise errors.PhotoHasChanged
        old, self.photo, self.photo_crop = self.own_photo, key, crop
        return old

    def rests_until(self, now: datetime) -> datetime | None:
        """The return from time off, or the end of the quiet hours by the doctor's clock, when they are now."""
        if self._is_away_at(now):
            return self.away_until
        return self._quiet_until(now)

    def _is_away_at(self, now: datetime) -> bool:
        return bool(self.away_from and self.away_until and self.away_from <= now < self.away_until)

    def _quiet_until(self, now: datetime) -> datetime | None:
        if self.quiet_from is None or self.quiet_to is None:
            return None
        local = now.astimezone(self.user.zone)
        minute = local.hour * 60 + local.minute
        if self.quiet_from <= self.quiet_to:
            rests = self.quiet_from <= minute < self.quiet_to
        else:
            rests = minute >= self.quiet_from or minute < self.quiet_to
        if not rests:
            return None
        day = local.date() + timedelta(days=minute >= self.quiet_to)
        return datetime.combine(day, time(*divmod(self.quiet_to, 60)), local.tzinfo).astimezone(UTC)
