"""Answers of an intake form as facts: a line each, and what people say who have nothing to tell."""

from __future__ import annotations

import re
from enum import StrEnum

from ...normalization import key_of


class FactKind(StrEnum):
    ALLERGY = "allergy"
    MEDICINE = "medicine"
    ILLNESS = "illness"


# Of a line of answers: «пенициллин, орехи» are two allergies, «Лозартан 50 мг, утром» is one medicine.
BETWEEN = {kind: re.compile(r"[\n;]" if kind is FactKind.MEDICINE else r"[\n;,]") for kind in FactKind}
OF_THEM = r"(?:хронических|никаких|лекарств|лекарства|аллергии|аллергий|аллергия|болезней|заболеваний|ничего)"
NO = (
    r"(?:нет|нету|не было|никаких|никакие|ничего|ничем|отсутствуют|отсутствует|отрицаю|здоров|здорова|не знаю"
    r"|не (?:принимаю|пью|болею|страдаю|имею|известно|выявлено)|no|none)"
)
NOTHING = re.compile(rf"(?:{OF_THEM} )*{NO}(?: {OF_THEM})*")


def fact_key(words: str) -> str:
    """By which two say the same: signs and capitals make no difference."""
    return key_of(words) or words


def lines_of(kind: FactKind, answer: str) -> list[str]:
    """What a person has answered, a fact a line; «нет» and the like are none."""
    lines = (" ".join(line.split()).strip(" .…–—-•*") for line in BETWEEN[kind].split(answer))
    return [line for line in lines if line and not NOTHING.fullmatch(line.lower().replace("ё", "е").rstrip(".!"))]
