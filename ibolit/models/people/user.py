"""A person of the clinic: patient, doctor or operator."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Select, String, false, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ... import errors
from ...config import current_settings
from ...events import AccountNoted, record
from ...extensions import Model, db
from ...normalization import key_of
from ...services import clock, passwords
from ...services.codes import is_link_token, link_token
from ...services.seal import keyed_hash
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime, enum_column
from .leaving import UserLeaving
from .person import Person, SubjectKey

if TYPE_CHECKING:
    from ..doctors import Doctor
    from .dependant import Dependant
    from .patient_fact import PatientFact

PRESENCE_INTERVAL = timedelta(minutes=1)  # presence is written no oftener
PRESENT_FOR = timedelta(minutes=5)
PHONE_IS_OLD_AFTER = timedelta(days=180)  # without anybody signed in: phone companies sell it anew
EMAIL_SETTLES_IN = timedelta(hours=72)  # before that it receives no code and undoes nothing

NOWHERE = {"UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich", "Universal", "Zulu"}
ICELAND = {"Atlantic/Reykjavik", "Iceland"}


class Role(StrEnum):
    PATIENT = "patient"
    DOCTOR = "doctor"
    OPERATOR = "operator"


class Sex(StrEnum):
    """As the person says it; nobody's is guessed."""

    FEMALE = "female"
    MALE = "male"


class IdentityLevel(StrEnum):
    """How we know that a person is who they say; PDFs name it."""

    PHONE = "phone"


class User(Person, UserLeaving, UserMixin, Model):
    """One phone, one name, one role; an e-mail counts only when it is proved."""

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)  # None: it went to somebody else
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(120), default="", server_default="")  # what a doctor's search reads
    role: Mapped[Role] = mapped_column(enum_column(Role), default=Role.PATIENT)
    birth_date: Mapped[date | None]  # as the person says it
    sex: Mapped[Sex | None] = mapped_column(enum_column(Sex))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)  # lower case
    email_proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: before this was noted
    password_hash: Mapped[str] = mapped_column(String(200))
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by «Это не я»: only the office lets in again
    timezone: Mapped[str | None] = mapped_column(String(64))
    timezone_is_chosen: Mapped[bool] = mapped_column(default=False)
    # The versions last accepted; Consent rows prove it.
    accepted_versions: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    identity_level: Mapped[IdentityLevel] = mapped_column(
        enum_column(IdentityLevel), default=IdentityLevel.PHONE, server_default="phone"
    )
    push_names: Mapped[bool] = mapped_column(default=False, server_default=false())  # may a push name who wrote
    push_offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # once, whatever the answer was
    died_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # as the office has marked
    doctor: Mapped[Doctor | None] = relationship(back_populates="user", uselist=False)
    # All about the person, whoever may see which: PatientFact.is_seen_by(). Loaded where a page asks for it.
    facts: Mapped[list[PatientFact]] = relationship(
        primaryjoin="and_(PatientFact.patient_id == User.id, PatientFact.dependant_id.is_(None))",
        foreign_keys="PatientFact.patient_id", viewonly=True, order_by="PatientFact.id",
    )  # fmt: skip

    # Those who were taken off are not among them. Loaded where a page asks for it.
    dependants: Mapped[list[Dependant]] = relationship(
        viewonly=True,
        primaryjoin="and_(User.id == foreign(Dependant.user_id), Dependant.archived_at.is_(None))",
        order_by="Dependant.id",
    )

    @classmethod
    def by_phone(cls, phone: str) -> Self | None:
        return db.session.scalar(select(cls).where(cls.phone == phone))

    @classmethod
    def by_email(cls, email: str) -> Self | None:
        return db.session.scalar(select(cls).where(cls.email == email.lower()))

    @property
    def is_doctor(self) -> bool:
        return self.role is Role.DOCTOR

    @property
    def is_patient(self) -> bool:
        return self.role is Role.PATIENT

    @property
    def id_as_patient(self) -> int | None:
        """The audit log says by it whose data they were; None: nobody's, for an account of a doctor or the office."""
        return self.id if self.is_patient else None

    @property
    def writes_for(self) -> list[Dependant]:
        """«Пишу за»: whom this patient may write for beside themselves, in the order they were added in."""
        return [one for one in self.dependants if one.may_be_written_for] if self.is_patient else []

    @property
    def is_operator(self) -> bool:
        return self.role is Role.OPERATOR

    @property
    def subject_key(self) -> SubjectKey:
        """What is about this person."""
        return SubjectKey(self.id)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone) if self.timezone else current_settings.clinic_timezone

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @property
    def email_is_settled(self) -> bool:
        """Proved long enough ago to be trusted with a code."""
        known_for = clock.now() - (self.email_proved_at or self.created_at)
        return self.email is not None and (self.email_proved_at is None or known_for >= EMAIL_SETTLES_IN)

    @property
    def phone_may_be_reassigned(self) -> bool:
        """There is something old, and nobody was signed in for so long that the number may be another's by now."""
        was_here = self.seen_at or (self.created_at if self.is_activated else None)
        return was_here is not None and clock.now() - was_here >= PHONE_IS_OLD_AFTER

    def assign_phone(self, phone: str) -> None:
        """Given by the office to who has lost theirs. Raises NoSmsThere or PhoneIsTaken."""
        advisory_lock(LockKind.PHONE, phone)  # who registers this phone beside us is waited for
        self._refuse_phone(phone)
        self.phone = phone

    def note_phone_change(self, before: str | None) -> None:
        """For a restore, which brings the number of `before` back: keyed hashes alone."""
        record(AccountNoted("phone", self.id, phones=(keyed_hash(before or ""), keyed_hash(self.phone or ""))))

    def assign_email(self, email: str) -> None:
        """It is proved now; who told the older ways of it is the caller."""
        self.email, self.email_proved_at = email, clock.now()

    def freeze(self) -> None:
        self.frozen_at = self.frozen_at or clock.now()

    def thaw(self) -> None:
        """By the office. The password is gone, too: the next sign-in is by a code, and sets a new one."""
        self.frozen_at, self.password_hash = None, ""

    def is_present(self) -> bool:
        return self.seen_at is not None and clock.now() - self.seen_at < PRESENT_FOR

    def note_push_offer(self) -> None:
        self.push_offered_at = self.push_offered_at or clock.now()

    @classmethod
    def register_staff(cls, phone: str, name: str, role: Role) -> Self:
        """Without a password: the first sign-in, by a code, sets it. Raises NoSmsThere or PhoneIsTaken."""
        advisory_lock(LockKind.PHONE, phone)  # who registers this phone beside us is waited for
        cls._refuse_phone(phone)
        person = cls(phone=phone, name=name, role=role, password_hash="")
        db.session.add(person)
        db.session.flush()
        return person

    @classmethod
    def _refuse_phone(cls, phone: str) -> None:
        if not current_settings.sends_sms_to(phone):
            raise errors.NoSmsThere
        if cls.by_phone(phone) is not None:
            raise errors.PhoneIsTaken

    @classmethod
    def without_phone(cls, name: str) -> Select[tuple[Self]]:
        """Of this name, word by word in any order."""
        words = key_of(name).split()
        mine = cls.phone.is_(None), *(cls.name_key.contains(word, autoescape=True) for word in words)
        return select(cls).where(*mine).order_by(cls.id)

    @classmethod
    def staff(cls) -> Select[tuple[Self]]:
        """Doctors and operators, hidden ones too."""
        mine = select(cls).options(joinedload(cls.doctor)).where(cls.role != Role.PATIENT)
        return mine.order_by(cls.role, cls.name, cls.id)

    @classmethod
    def operators(cls) -> Select[tuple[Self]]:
        return select(cls).where(cls.role == Role.OPERATOR).order_by(cls.id)

    @property
    def is_activated(self) -> bool:
        """Was here at least once, and has a password."""
        return self.password_hash != ""

    def rename(self, name: str) -> None:
        self.name = name
        if self.doctor is not None:
            self.doctor.index()

    def check_password(self, password: str) -> bool:
        return passwords.is_right(password, self.password_hash)

    def may_follow_zone(self, zone: str) -> bool:
        """A zone the person chose stays. Browsers that hide where they are say UTC, or the Iceland of nobody."""
        is_hidden = zone in NOWHERE or zone.startswith("Etc/")
        is_iceland = zone in ICELAND and not (self.phone or "").startswith("+354")
        return not (self.timezone_is_chosen or zone == self.timezone or is_hidden or is_iceland)

    def follow_zone(self, zone: str) -> None:
        """The device says where it is."""
        if self.may_follow_zone(zone):
            self.timezone = zone

    def choose_zone(self, zone: str) -> None:
        """An empty choice follows the device again."""
        self.timezone_is_chosen = bool(zone)
        if zone:
            self.timezone = zone


class EmailProof(Model):
    """A link sent to an address; opening it makes the address the person's own."""

    LIVES = timedelta(days=3)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    nonce: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship()

    @classmethod
    def newest_of(cls, user_id: int) -> Self | None:
        return db.session.scalar(select(cls).where(cls.user_id == user_id).order_by(cls.id.desc()).limit(1))

    @property
    def token(self) -> str:
        return link_token("email", self.id, self.nonce)

    def is_alive(self) -> bool:
        return self.used_at is None and clock.now() - self.created_at < self.LIVES

    def accept(self, token: str) -> None:
        """Opened again after its success it has succeeded.

        Raises LinkIsSpent for a wrong, old or superseded token, and when the address became another's meanwhile.
        """
        advisory_lock(LockKind.EMAIL, self.email)  # two may prove the same address at once
        newest = EmailProof.newest_of(self.user_id)
        if self.used_at and self.user.email == self.email and is_link_token("email", self.id, self.nonce, token):
            return
        if not is_link_token("email", self.id, self.nonce, token) or not self.is_alive() or newest is not self:
            raise errors.LinkIsSpent
        owner = User.by_email(self.email)
        if owner is not None and owner.id != self.user_id:
            raise errors.LinkIsSpent
        self.used_at = clock.now()
        self.user.assign_email(self.email)
