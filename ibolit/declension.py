"""How a person is called and declined: «Ваня», «для Вани», «про Олега Петровича».

The rules of declension are those of the petrovich project (pytrovich). What they cannot know stays as it was typed.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from pytrovich.enums import Case, Gender, NamePart
from pytrovich.maker import PetrovichDeclinationMaker

from .formatting import PATRONYMIC

GENDERS = {"male": Gender.MALE, "female": Gender.FEMALE}
OF_SURNAME = re.compile(r".{2,}(ов|ев|ёв|ин|ын|ский|цкий)(а|ая)?|.{2,}(ская|цкая|енко|ых|их)")


def called(name: str, *, is_child: bool) -> str:
    """«Соколов Иван Олегович», «Ваня Соколов» → «Иван», «Ваня» of a child; «Иван Олегович» of an adult.

    Where neither a patronymic nor one known ending tells which word is the surname, the name stays whole.
    """
    words = name.split()
    last = next((at for at, word in enumerate(words) if at and PATRONYMIC.fullmatch(word)), None)
    if last is not None and len(words) <= 3:
        return words[last - 1] if is_child else f"{words[last - 1]} {words[last]}"
    others = [word for word in words if not OF_SURNAME.fullmatch(word.lower())]
    return others[0] if is_child and len(words) == 2 and len(others) == 1 else name


def for_whom(name: str, sex: str | None, *, is_child: bool) -> str:
    """«для Вани»; of a name that cannot be declined «для: Николь»."""
    return _said("для", called(name, is_child=is_child), sex, Case.GENITIVE)


def about_whom(name: str, sex: str | None, *, is_child: bool) -> str:
    """«про Ваню»; of a name that cannot be declined «про: Николь»."""
    return _said("про", called(name, is_child=is_child), sex, Case.ACCUSATIVE)


@lru_cache(1000)
def _said(word: str, short: str, sex: str | None, case: Case) -> str:
    declined = _declined(short, sex, case)
    return f"{word} {declined}" if declined else f"{word}: {short}"


def _declined(short: str, sex: str | None, case: Case) -> str:
    """Empty where it follows from a sex that nobody has said, and for what is more than a name and a patronymic, whose
    ending says of itself how both are declined."""
    name, _, patronymic = short.partition(" ")
    if not name.isalpha() or (patronymic and not PATRONYMIC.fullmatch(patronymic)):
        return ""
    genders = [GENDERS[sex]] if sex in GENDERS else list(GENDERS.values())
    if patronymic:
        genders = [Gender.MALE if patronymic.endswith("вич") else Gender.FEMALE]
    forms = {_maker().make(NamePart.FIRSTNAME, gender, case, name) for gender in genders}
    if len(forms) != 1:
        return ""
    middle = [_maker().make(NamePart.MIDDLENAME, genders[0], case, patronymic)] if patronymic else []
    return " ".join([forms.pop(), *middle])


@cache
def _maker() -> PetrovichDeclinationMaker:
    return PetrovichDeclinationMaker()
