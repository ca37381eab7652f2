"""What a person is told by, with an account of their own or without: name, initials, age."""

from __future__ import annotations

import unicodedata
import zlib
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.orm import validates

from ...normalization import key_of
from . import birth_dates

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapped

TINTS = 12


class SubjectKey(NamedTuple):
    """Whom something medical is about: a patient's account and, where it is not about its owner, the `Dependant`."""

    patient_id: int
    dependant_id: int | None = None

    def __str__(self) -> str:
        """As it stands in addresses and in marks of live fragments: «7», «7-3»."""
        return f"{self.patient_id}" if self.dependant_id is None else f"{self.patient_id}-{self.dependant_id}"


class Person:
    """A facet of accounts and of dependants."""

    if TYPE_CHECKING:  # of the mapped class
        name: Mapped[str]
        name_key: Mapped[str]
        birth_date: Mapped[date | None] | Mapped[date]

    @property
    def initials(self) -> str:
        """The first letters of two words: emoji are joined of many signs, and half of one is none."""
        words = ("".join(filter(str.isalpha, word)) for word in unicodedata.normalize("NFC", self.name).split())
        return "".join([word[0] for word in words if word][:2]).upper() or "•"

    @property
    def tint(self) -> int:
        """Which of the twelve grounds the initials stand on."""
        return zlib.crc32(self.name.encode()) % TINTS

    @property
    def age(self) -> int | None:
        """In whole years by the clinic's calendar; None where the birth date is not known."""
        return birth_dates.age_of(self.birth_date) if self.birth_date else None

    def age_on(self, day: date) -> int | None:
        return birth_dates.age_of(self.birth_date, day) if self.birth_date else None

    @property
    def months(self) -> int | None:
        """Of age, in whole months: what an infant's age is told in."""
        return birth_dates.months_of(self.birth_date) if self.birth_date else None

    @validates("name")
    def _index(self, _field: str, name: str) -> str:
        self.name_key = name_key_of(name)
        return name


def name_key_of(name: str) -> str:
    """What a doctor's search reads: small letters may be more than the capitals were: «İ»."""
    return key_of(name)[:120]
