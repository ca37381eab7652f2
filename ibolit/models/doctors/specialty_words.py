"""What patients say where a doctor says the specialty: «сердце» for a cardiologist, «детский» for a paediatrician."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from sqlalchemy import String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import Model, db
from ...normalization import key_of
from ...services.search import BEGINNING, shorter, stems

OWN = Path(__file__).parent / "specialty_words.txt"  # until a clinic has a list of its own
SAME = 0.75  # how alike two words are that differ by a slip of the finger (difflib's ratio)
NOISE = frozenset(
    stems("болит болят боль боли заболело беспокоит врач доктор специалист нужен хочу у меня мой моя и в на по с к от")
)
LONGEST_WORDS, MOST_LINES = 2000, 500  # letters a line, lines


class SpecialtyWords(Model):
    """A line of the clinic's own list; a list replaces the program's as a whole."""

    specialty: Mapped[str] = mapped_column(String(80), primary_key=True)
    words: Mapped[str] = mapped_column(Text)

    @classmethod
    def lines(cls) -> dict[str, str]:
        """The words of each specialty, separated by commas: the clinic's list, or the program's."""
        own = db.session.execute(select(cls.specialty, cls.words).order_by(cls.specialty)).tuples().all()
        return dict(own) or _of_the_program()

    @classmethod
    def replace(cls, text: str) -> int:
        """The clinic's list from lines like «Кардиолог: сердце, давление»; how many there are. An empty one brings the
        program's back. Raises ListIsUnreadable with the number of the line."""
        lines = read(text)
        db.session.execute(delete(cls))
        db.session.add_all(cls(specialty=specialty, words=words) for specialty, words in lines.items())
        db.session.flush()
        return len(lines)


def read(text: str) -> dict[str, str]:
    """Raises ListIsUnreadable. Empty lines and those that begin with # say nothing."""
    lines: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        specialty, colon, words = (part.strip() for part in line.partition(":"))
        if not line.strip() or line.startswith("#"):
            continue
        is_known = specialty in lines
        if not colon or not key_of(specialty) or not key_of(words) or is_known or len(specialty) > 80:
            raise errors.ListIsUnreadable(number)
        if len(words) > LONGEST_WORDS or len(lines) == MOST_LINES:
            raise errors.ListIsUnreadable(number)
        lines[specialty] = words
    return lines


def telling_words(words: str) -> list[str]:
    """Without «болит», «у», «меня», which tell no specialty, unless there is nothing else."""
    typed = key_of(words).split()
    return [word for word in typed if not NOISE.issuperset(stems(word))] or typed


def specialties_for(word: str, lines: dict[str, str]) -> list[str]:
    """Whose words begin like this one, as far as its form allows: «сердца» and «серд» for «сердце», not «се»."""
    beginning = shorter(word)
    if len(beginning) < BEGINNING:
        return []
    return [one for one, words in lines.items() if f" {beginning}" in f" {key_of(words)}"]


def corrected(words: Sequence[str], known: Iterable[str]) -> list[str]:
    """Each word as it may have been meant: the nearest of the known ones that begin with its letter, or itself."""
    vocabulary = sorted(set(known))
    return [_nearest(word, [one for one in vocabulary if one[0] == word[0]]) for word in words]


def _nearest(word: str, vocabulary: Sequence[str]) -> str:
    return next(iter(get_close_matches(word, vocabulary, 1, SAME)), word) if len(word) >= BEGINNING else word


@cache
def _of_the_program() -> dict[str, str]:
    return read(OWN.read_text())
