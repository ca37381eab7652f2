"""The directory of doctors: its pages, its chips, and how one is found by words."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, literal, or_, select, tuple_
from sqlalchemy.orm import contains_eager, selectinload

from ...extensions import db
from ...normalization import key_of
from ...services.search import MOST_WORDS, begins_a_word
from .specialty_words import SpecialtyWords, corrected, specialties_for, telling_words

if TYPE_CHECKING:
    from .doctor import Doctor

MOST_KNOWN = 1000  # doctors among whose names a slip of the finger is looked for


class DoctorDirectory:
    """A doctor's facet for lists of doctors."""

    @classmethod
    def directory(
        cls: type[Doctor], specialty: str = "", after: tuple[str, int] | None = None
    ) -> Select[tuple[Doctor]]:
        """Shown doctors by name, keyset-paged: `after` is the (name_key, id) of the last one seen."""
        chosen = (
            select(cls)
            .join(cls.user)
            .options(contains_eager(cls.user), selectinload(cls.tariffs))
            .where(~cls.hidden)
            .order_by(cls.name_key, cls.id)
        )
        if specialty:
            chosen = chosen.where(cls.specialty == specialty)
        if after:
            chosen = chosen.where(tuple_(cls.name_key, cls.id) > tuple_(literal(after[0]), literal(after[1])))
        return chosen

    @classmethod
    def search(cls: type[Doctor], words: str, specialty: str, most: int) -> tuple[list[Doctor], str]:
        """Shown doctors by name, specialty or what hurts («кожа», «сердце», «детский»), with the words they were found
        by: when those that were typed find nobody, the nearest known ones are taken for them."""
        typed = telling_words(words)[:MOST_WORDS]
        lines = SpecialtyWords.lines() if typed else {}
        found = cls._found_by(typed, lines, specialty, most)
        if found or not typed:
            return found, words
        keys = db.session.scalars(select(cls.search_key).where(~cls.hidden).limit(MOST_KNOWN))
        known = " ".join([*keys, *map(key_of, lines), *map(key_of, lines.values())])
        meant = corrected(typed, known.split())
        return (cls._found_by(meant, lines, specialty, most), " ".join(meant)) if meant != typed else ([], words)

    @classmethod
    def _found_by(
        cls: type[Doctor], typed: list[str], lines: dict[str, str], specialty: str, most: int
    ) -> list[Doctor]:
        """Each word is of the name, of the specialty, or of what that specialty treats."""
        conditions = []
        for word in typed:
            specialties = [word, *specialties_for(word, lines)]
            conditions.append(or_(*(and_(*begins_a_word(cls.search_key, one)) for one in specialties)))
        found = cls.directory(specialty=specialty).where(*conditions).limit(most)
        return list(db.session.scalars(found).unique())

    @classmethod
    def specialties(cls: type[Doctor]) -> list[str]:
        return list(db.session.scalars(select(cls.specialty).where(~cls.hidden).distinct().order_by(cls.specialty)))
