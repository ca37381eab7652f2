"""For whom a patient writes beside themselves: a child or an adult relative without a phone in it.

docs/product.md, «Family»: six at most; who was taken off is archived, and the same name and birth date bring them back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ... import errors
from ...events import DependantChanged, record
from ...extensions import Model, db
from ...services import clock
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime, enum_column
from . import birth_dates
from .consent import Consent
from .person import Person, SubjectKey, name_key_of
from .user import Sex, User

if TYPE_CHECKING:
    from .patient_fact import PatientFact


class DependantKind(StrEnum):
    CHILD = "child"  # under 18 years
    ADULT = "adult"


class Relation(StrEnum):
    """What the one who writes is to whom they write for; asked, never guessed."""

    MOTHER = "mother"
    FATHER = "father"
    GUARDIAN = "guardian"
    DAUGHTER = "daughter"
    SON = "son"
    WIFE = "wife"
    HUSBAND = "husband"
    RELATIVE = "relative"

    @property
    def word(self) -> str:
        """«пишет мама, …»"""
        return RELATION_WORDS[self]


RELATION_WORDS = {
    Relation.MOTHER: "мама",
    Relation.FATHER: "папа",
    Relation.GUARDIAN: "опекун",
    Relation.DAUGHTER: "дочь",
    Relation.SON: "сын",
    Relation.WIFE: "супруга",
    Relation.HUSBAND: "супруг",
    Relation.RELATIVE: "родственник",
}
RELATIONS_OF = {
    DependantKind.CHILD: (Relation.MOTHER, Relation.FATHER, Relation.GUARDIAN),
    DependantKind.ADULT: (
        *(Relation.DAUGHTER, Relation.SON, Relation.WIFE, Relation.HUSBAND),
        *(Relation.RELATIVE, Relation.GUARDIAN),
    ),
}


class DependantEnding(StrEnum):
    """Why nobody writes in their name any more."""

    REMOVED = "removed"  # by the user, who may bring them back
    CAME_OF_AGE = "came_of_age"
    PERMISSION_WITHDRAWN = "permission_withdrawn"
    DIED = "died"
    ENDED_BY_OFFICE = "ended_by_office"


INVITED_AHEAD = timedelta(days=30)  # before the 18th birthday


@dataclass(frozen=True)
class DependantTerms:
    """What is said of a dependant when they are added or changed."""

    name: str
    birth_date: date
    relation: Relation
    sex: Sex | None = None
    kind: DependantKind = DependantKind.CHILD


class Dependant(Person, Model):
    """`user` writes and pays; what is medical is about this person. Without a row of an account, or with one of their
    own (`account`), which is never shown to the one who writes."""

    MOST = 6  # live ones of a user

    __table_args__ = (UniqueConstraint("user_id", "name_key", "birth_date"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(120))
    birth_date: Mapped[date]
    sex: Mapped[Sex | None] = mapped_column(enum_column(Sex))
    kind: Mapped[DependantKind] = mapped_column(enum_column(DependantKind))
    relation: Mapped[Relation] = mapped_column(enum_column(Relation))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ending: Mapped[DependantEnding | None] = mapped_column(enum_column(DependantEnding))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    permitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by the adult relative, or by the office
    declared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by the parent: I am the representative
    died_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True, viewonly=True)
    account: Mapped[User | None] = relationship(foreign_keys=[account_id], viewonly=True)
    # All about them, whoever may see which. Loaded where a page asks for it.
    facts: Mapped[list[PatientFact]] = relationship(viewonly=True, order_by="PatientFact.id")

    # Look-ups

    @classmethod
    def of(cls, user: User) -> list[Self]:
        """The live ones, in the order they were added in."""
        own = select(cls).where(cls.user_id == user.id, cls.archived_at.is_(None))
        return list(db.session.scalars(own.order_by(cls.id)))

    @classmethod
    def find_for(cls, user: User, id: int) -> Self | None:
        """The user's own live one by its number."""
        return db.session.scalar(select(cls).where(cls.id == id, cls.user_id == user.id, cls.archived_at.is_(None)))

    @classmethod
    def readable_by(cls, user: User) -> list[Self]:
        """Those about whom the user may read, also whom they have taken off, and who died."""
        own = select(cls).where(cls.user_id == user.id).order_by(cls.id)
        return [one for one in db.session.scalars(own) if one.may_be_read_of]

    @classmethod
    def accounts_of(cls, user: User) -> list[Self]:
        """This very person, as others write or wrote for them."""
        return list(db.session.scalars(select(cls).where(cls.account_id == user.id)))

    # Questions

    @property
    def may_be_read_of(self) -> bool:
        """By the one who writes or wrote for them: not a child that is of age, nor who has taken back a permission."""
        has_lost = self.ending not in (None, DependantEnding.REMOVED, DependantEnding.DIED)
        return not has_lost and not (self.is_child and self.is_of_age)

    @property
    def subject_key(self) -> SubjectKey:
        """What is about this person."""
        return SubjectKey(self.user_id, self.id)

    @property
    def is_child(self) -> bool:
        return self.kind is DependantKind.CHILD

    @property
    def comes_of_age_at(self) -> datetime:
        """Midnight of the 18th birthday in the clinic's zone."""
        return birth_dates.comes_of_age_at(self.birth_date)

    @property
    def is_of_age(self) -> bool:
        return clock.now() >= self.comes_of_age_at

    @property
    def may_be_written_for(self) -> bool:
        """A child of a declared representative until it comes of age; an adult who has permitted it."""
        if self.archived_at is not None or self.ending is not None or self.died_at is not None:
            return False
        return not self.is_of_age if self.is_child else self.permitted_at is not None

    @property
    def shown_until(self) -> datetime | None:
        """When their chats close to the one who writes for them: a child's own day; None: no day is known."""
        return self.comes_of_age_at if self.is_child else None

    @property
    def may_be_invited(self) -> bool:
        """Chats about this child may be handed over to their own phone: from a month before they come of age."""
        is_open = self.died_at is None and self.ending in (None, DependantEnding.CAME_OF_AGE)
        return self.is_child and is_open and clock.now() >= self.comes_of_age_at - INVITED_AHEAD

    # Verbs: under the lock of the user's dependants

    @staticmethod
    def lock_of(user: User) -> None:
        advisory_lock(LockKind.DEPENDANTS, user.id)

    def lock_anew(self) -> None:
        """As it is by now, and until the commit nobody else changes it."""
        self.lock_of(self.user)
        db.session.refresh(self)

    @classmethod
    def add(cls, user: User, terms: DependantTerms, address: str, *, by_office: bool = False) -> Self:
        """The new one; who was taken off under this name and birth date is back; pressed twice it is one.

        Of a child the declaration of the representative is kept, made from `address`. An adult relative is written for
        only after their own permission, `permitted_at`.
        Raises BornTooEarly, NotBornYet, DependantIsOfAge, DependantIsAChild, TooManyDependants, and DependantHasEnded
        when it was not the user who has ended it; the office may renew what it has ended.
        """
        _check_birth_date(terms)
        cls.lock_of(user)
        one = cls._same(user, terms)
        if one is not None and one.archived_at is None:
            return one
        if one is not None and not one._may_come_back(by_office):
            raise errors.DependantHasEnded
        if len(cls.of(user)) >= cls.MOST:
            raise errors.TooManyDependants
        if one is None:
            one = cls(user_id=user.id, kind=terms.kind)
            db.session.add(one)
        one.archived_at = one.ending = one.died_at = None
        one._take(terms)
        db.session.flush()
        if one.is_child:
            one.declared_at = clock.now()
            Consent.declare_representation(user, one.id, address)
        record(DependantChanged(one.id))
        return one

    def change(self, terms: DependantTerms) -> None:
        """Raises BornTooEarly, NotBornYet, DependantIsOfAge, DependantIsAChild, and DependantExists when another one of
        the user's is so called and born on that day."""
        _check_birth_date(terms)
        self.lock_of(self.user)
        same = self._same(self.user, terms)
        if same is not None and same.id != self.id:
            raise errors.DependantExists
        self._take(terms)
        db.session.flush()
        record(DependantChanged(self.id))

    def archive(self, ending: DependantEnding = DependantEnding.REMOVED) -> None:
        """Nobody writes in their name any more; what was written stays. Twice is once."""
        self.lock_of(self.user)
        if self.archived_at is None:
            self.archived_at, self.ending = clock.now(), ending
            Consent.withdraw_representation(self.id)
            db.session.flush()
            record(DependantChanged(self.id))

    def _may_come_back(self, by_office: bool) -> bool:
        """It was the user who has ended it; an adult may permit it anew, and the office enter what it has ended."""
        is_permitted_anew = self.ending is DependantEnding.PERMISSION_WITHDRAWN and not self.is_child
        is_entered_anew = self.ending is DependantEnding.ENDED_BY_OFFICE and by_office
        return self.ending is DependantEnding.REMOVED or is_permitted_anew or is_entered_anew

    @classmethod
    def _same(cls, user: User, terms: DependantTerms) -> Self | None:
        key = cls.name_key == name_key_of(terms.name), cls.birth_date == terms.birth_date
        found = select(cls).where(cls.user_id == user.id, *key)
        return db.session.scalar(found.execution_options(populate_existing=True))

    def _take(self, terms: DependantTerms) -> None:
        self.name, self.birth_date = terms.name, terms.birth_date
        self.relation, self.sex = terms.relation, terms.sex


def _check_birth_date(terms: DependantTerms) -> None:
    birth_dates.check(terms.birth_date)
    is_of_age = clock.now() >= birth_dates.comes_of_age_at(terms.birth_date)
    if is_of_age and terms.kind is DependantKind.CHILD:
        raise errors.DependantIsOfAge
    if not is_of_age and terms.kind is DependantKind.ADULT:
        raise errors.DependantIsAChild
