"""What the columns of a list hold: told by their titles, and by their cells where titles say nothing or are wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from . import cells
from .errors import NotAList
from .tables import Row

TITLES_WITHIN = 10  # rows: reports of clinics' programs begin with their name and period
LOOKED_AT = 100  # rows
MOST_LINES = 10_000
SAMPLES = 2
MOST_WAYS = 12  # columns of contacts; address books have up to nine


class ColumnKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    OTHER = "other"  # of no use here, or somebody else's: the doctor's, the insurance's


# In this order: the first that meets a title names it.
SOMEBODY_ELSE = (
    r"врач|доктор|лечащ|специалист|сотрудник|менеджер|администратор|оператор|исполнитель|помощник"
    r"|doctor|physician|provider|assistant|manager|referr"
)
OF_NO_USE = (
    r"факс|fax|пейдж|pager|telex|телекс|\b(?:label|type)\b|\bтип\b|метка|phonetic|yomi|nick|file as|prefix"
    r"|suffix|mail.* name|mail.* type|тип эл|имя эл|организац|компани|company|organi[sz]|должност|title"
)
RELATIVE = (
    r"\bмат(?:ь|ер)|\bмам|\bот(?:ец|ца)\b|\bпап[аы]\b|родител|представител|родствен|супруг|\bмуж"
    r"|\bжен[аы]\b|опекун|доверенн|экстренн|контактн\w* лиц|emergency|spouse|parent|mother|father"
)
EMAIL = r"mail|\bэл[. ].*(?:почт|адр)|почта\b|почты\b|[ие]мейл"
BIRTH_DATE = r"рожд|\bд\.? ?р\.?$|birth|bday|\bdob\b"
PHONE = r"\bтел|phone|\bмоб|сотов|mobile|\bcell|\btel\b|whats|вотс|ватс|viber|вайбер|msisdn|contact number"
CODE = r"карт|полис|снилс|паспорт|\bинн\b|догов|сч[её]т|\bкод|индекс|\bid\b|№|п/п|услуг|отделени|филиал|диагноз"
ADDRESS = r"адрес|address"
CONTACT = r"контакт|contact"
SOME_NUMBER = r"номер|number"
SHOWN_NAME = r"полное имя|отображ|(?:full|display) name"
PART_OF_NAME = r"фамил|\bимя|\bимени|отчеств|(?:first|middle|last|given|family|additional) ?name|surname"
WHOLE_NAME = r"\bф\.? ?и\.? ?о\b|пациент|клиент|реб[её]н|\bname\b|\bfn\b|patient|client|person"


WAYS = ("phone", "email", "contact", "number", "relative_phone")


@dataclass(frozen=True)
class Table:
    """Rows of a list below its titles; `titles` is empty where there are none. `kinds` stand one a column."""

    titles: list[str]
    rows: list[Row]
    kinds: list[ColumnKind]

    def taken_as(self, kinds: Sequence[ColumnKind]) -> Table:
        """As the sender says; columns they do not name are of no use."""
        given = [*kinds, *[ColumnKind.OTHER] * len(self.kinds)]
        return replace(self, kinds=given[: len(self.kinds)])

    def samples(self, column: int) -> list[str]:
        """The first cells of a column that are not empty."""
        found = (row[column] for _, row in self.rows[:LOOKED_AT] if column < len(row) and row[column])
        return [cell for cell, _ in zip(found, range(SAMPLES), strict=False)]


def table_of(rows: list[Row]) -> Table:
    """Raises NotAList when nobody stands in it."""
    if not rows:
        raise NotAList("В файле нет ни одной строки.")
    at = _titles_at(rows)
    titles = rows[at][1] if at is not None else []
    below = rows[at + 1 :] if at is not None else _without_headline(rows)
    if len(below) > MOST_LINES:
        raise NotAList("В файле больше 10 000 строк. Разделите его на несколько.")
    if not below:
        raise NotAList("В файле только заголовок, пациентов нет.")
    if not titles and _are_titles(below):
        titles, below = below[0][1], below[1:]
    width = max(len(cells) for _, cells in [(0, titles), *below])
    titles = titles + [""] * (width - len(titles)) if titles else []
    facts = [_Column.of(column, titles, below[:LOOKED_AT]) for column in range(width)]
    return Table(titles, below, _kinds(facts))


def _titles_at(rows: list[Row]) -> int | None:
    """The row above every contact that names most columns, a way to write to people among them."""
    best, named = None, 0
    for at, (_, row) in enumerate(rows[:TITLES_WITHIN]):
        if any(_is_contact(cell) for cell in row):
            break
        told = [_told(cell) for cell in row if cell]
        ways = [one for one in told if one in WAYS]
        if ways and sum(one is not None for one in told) > named:
            best, named = at, sum(one is not None for one in told)
    return best


def _is_contact(cell: str) -> bool:
    digits = sum(one.isdigit() for one in cell)
    return "@" in cell or (digits >= 5 and cells.date_of(cell) is None and ":" not in cell)


def _are_titles(rows: list[Row]) -> bool:
    """Words one does not know, above a column of contacts."""
    first, others = rows[0][1], rows[1:LOOKED_AT]
    named = [at for at, cell in enumerate(first) if cells.is_name(cell)]
    return any(_Column.of(at, [], others).is_of_contacts for at in named) and not any(map(_is_contact, first))


def _without_headline(rows: list[Row]) -> list[Row]:
    """Of a list without titles: single cells above the first contact are the report's name."""
    for at, (_, row) in enumerate(rows[:TITLES_WITHIN]):
        if sum(bool(cell) for cell in row) > 1 or any(_is_contact(cell) for cell in row):
            return rows[at:]
    return rows


def _told(title: str) -> str | None:
    """What a title says its column is."""
    words = title.lower().replace("_", " ")
    for kind, pattern in (
        ("other", SOMEBODY_ELSE),
        ("relative", RELATIVE),
        ("other", OF_NO_USE),
        ("email", EMAIL),
        ("birth_date", BIRTH_DATE),
        ("phone", PHONE),
        ("other", CODE),
        ("address", ADDRESS),
        ("name", SHOWN_NAME),
        ("part", PART_OF_NAME),
        ("name", WHOLE_NAME),
        ("contact", CONTACT),
        ("number", SOME_NUMBER),
    ):
        if re.search(pattern, words):
            return ("relative_phone" if re.search(PHONE, words) else kind) if kind == "relative" else kind
    return None


@dataclass(frozen=True)
class _Column:
    """What its title says, and how many of its cells are what."""

    told: str | None
    filled: int
    phones: int
    emails: int
    dates: int
    names: int
    words: float  # of a name, on the average

    @classmethod
    def of(cls, column: int, titles: list[str], rows: list[Row]) -> _Column:
        found = [row[column] for _, row in rows if column < len(row) and row[column]]
        names = [cell for cell in found if cells.is_name(cell)]
        return cls(
            told=_told(titles[column]) if titles else None,
            filled=len(found),
            phones=sum(bool(cells.phones_of(cell)) for cell in found),
            emails=sum("@" in cell for cell in found),
            dates=sum(cells.date_of(cell) is not None for cell in found),
            names=len(names),
            words=sum(len(cell.split()) for cell in names) / len(names) if names else 0.0,
        )

    @property
    def has_contacts(self) -> bool:
        return self.phones + self.emails > 0

    @property
    def is_of_contacts(self) -> bool:
        return self.has_contacts and 2 * (self.phones + self.emails) >= self.filled

    @property
    def is_of_names(self) -> bool:
        return self.names > 0 and 2 * self.names >= self.filled


def _kinds(facts: list[_Column]) -> list[ColumnKind]:
    kinds = [ColumnKind.OTHER] * len(facts)
    ways = _ways(facts)[:MOST_WAYS]
    for at in ways:
        kinds[at] = ColumnKind.EMAIL if facts[at].emails > facts[at].phones else ColumnKind.PHONE
        if not facts[at].has_contacts and facts[at].told == "email":
            kinds[at] = ColumnKind.EMAIL
    for at in _names(facts, ways):
        kinds[at] = ColumnKind.NAME
    birth_date = _birth_date(facts)
    if birth_date is not None and birth_date not in ways:
        kinds[birth_date] = ColumnKind.BIRTH_DATE
    return kinds


def _ways(facts: list[_Column]) -> list[int]:
    """Columns people are written to. A column whose cells cannot be contacts never wins over one whose cells can."""
    own = [at for at, one in enumerate(facts) if one.told in ("phone", "email")]
    contacts, numbers, relatives = (
        [at for at, one in enumerate(facts) if one.told == told] for told in ("contact", "number", "relative_phone")
    )
    untold = [at for at, one in enumerate(facts) if one.told in (None, "address") and one.is_of_contacts]
    for group in (own, contacts, numbers, relatives, untold):
        able = [at for at in group if facts[at].has_contacts]
        if able:
            return able
    return own or contacts or numbers or relatives


def _names(facts: list[_Column], ways: list[int]) -> list[int]:
    """One whole name, or its parts side by side; who is written to at a relative's phone is called by their own."""
    if any(facts[at].told == "relative_phone" for at in ways):
        relatives = [at for at, one in enumerate(facts) if one.told == "relative" and one.is_of_names]
        if relatives:
            return relatives[:1]
    whole = [at for at, one in enumerate(facts) if one.told == "name" and at not in ways and one.names]
    parts = [at for at, one in enumerate(facts) if one.told == "part" and at not in ways]
    if whole or parts:
        return whole[:1] if whole else parts
    untold = [at for at, one in enumerate(facts) if one.told is None and one.is_of_names and at not in ways]
    if not untold or facts[untold[0]].words >= 1.5:
        return untold[:1]
    beside = [at for step, at in enumerate(untold) if at == untold[0] + step and facts[at].words < 1.5]
    return beside[:3]


def _birth_date(facts: list[_Column]) -> int | None:
    told = [at for at, one in enumerate(facts) if one.told == "birth_date" and one.dates]
    untold = [at for at, one in enumerate(facts) if one.told is None and one.dates and 2 * one.dates >= one.filled]
    return told[0] if told else untold[0] if len(untold) == 1 else None
