"""The directory of doctors: its pages, its chips, and how one is found by words."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import contains_eager, with_expression

from ...extensions import db
from ...normalization import key_of
from ...services.search import MOST_WORDS, begins_a_word
from ..types import RowId
from .specialty_words import SpecialtyWords, corrected, specialties_for, telling_words
from .tariff import Tariff

if TYPE_CHECKING:
    from .doctor import Doctor

MOST_KNOWN = 1000  # doctors among whose names a slip of the finger is looked for


class DoctorDirectory:
    """A doctor's facet for lists of doctors."""

    @classmethod
    def directory(
        cls: type[Doctor],
        specialty: str = "",
        after: tuple[str, int] | None = None,
        most: int = 20,
        *only: ColumnElement[bool],
    ) -> list[Doctor]:
        """Shown doctors by name, keyset-paged: `after` is the (name_key, id) of the last one seen. `only`: of whom all
        these are true, the same objects each time."""
        name_key, id = after or ("", 0)
        page = _directory(cls, *only, chosen=bool(specialty), goes_on=after is not None)
        asked = {"specialty": specialty, "name_key": name_key, "id": id, "most": most}
        return list(db.session.scalars(page, asked))

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
        found = _directory(cls, chosen=bool(specialty), goes_on=False).where(*conditions)
        return list(db.session.scalars(found, {"specialty": specialty, "most": most}))

    @classmethod
    def specialties(cls: type[Doctor]) -> list[str]:
        """Of those shown, in the order of letters."""
        return list(db.session.scalars(_specialties(cls)))


# The directory is asked for all day, so its statements are built once.


@cache
def _directory(noun: type[Doctor], *only: ColumnElement[bool], chosen: bool, goes_on: bool) -> Select[tuple[Doctor]]:
    least = select(func.coalesce(func.min(Tariff.price), 0)).where(Tariff.doctor_id == noun.id, ~Tariff.hidden)
    price = with_expression(noun.least_tariff, least.scalar_subquery())
    shown = select(noun).join(noun.user).options(contains_eager(noun.user), price).where(~noun.hidden, *only)
    if chosen:
        shown = shown.where(noun.specialty == bindparam("specialty"))
    if goes_on:
        last_seen = tuple_(bindparam("name_key", type_=String), bindparam("id", type_=RowId))
        shown = shown.where(tuple_(noun.name_key, noun.id) > last_seen)
    return shown.order_by(noun.name_key, noun.id).limit(bindparam("most"))


@cache
def _specialties(noun: type[Doctor]) -> Select[tuple[str]]:
    """Each is one step in the index, however many doctors have it: DISTINCT would read them all."""
    step = select(func.min(noun.specialty).label("specialty")).where(~noun.hidden)
    known = step.cte("known", recursive=True)
    following = step.where(noun.specialty > known.c.specialty).scalar_subquery()
    known = known.union_all(select(following).where(known.c.specialty.is_not(None)))
    return select(known.c.specialty).where(known.c.specialty.is_not(None)).order_by(known.c.specialty)
