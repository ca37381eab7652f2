"""Each patient of a list: how they are called, by which way they are written to, or why they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from .. import emails, phones
from ..normalization import key_of, plain
from . import cells
from .columns import ColumnKind, Table
from .tables import Row

LONGEST_NAME = 120
LONGEST_TYPED = 200
FIELDS = "number", "name", "phone", "email", "typed", "fault", "birth_date", "also"


@dataclass(frozen=True)
class Line:
    """One patient; `number` is the line of the file it begins in. What is wrong with it stands in `fault`."""

    number: int
    name: str
    phone: str | None = None
    email: str | None = None
    typed: str = ""  # the contact as it stands in the file
    # no_contact, bad_phone, shortened, landline, abroad, bad_email, not_ascii, doubled, long_name
    fault: str = ""
    birth_date: date | None = None
    also: tuple[str, ...] = ()  # other phones and addresses of the same line

    def row(self) -> dict[str, object]:
        """By its fields' names, as it is stored."""
        return {one: getattr(self, one) for one in FIELDS}


@dataclass(frozen=True)
class _Ways:
    """All that a line says of how to reach one person."""

    typed: list[str]
    phones: list[str]
    emails: list[str]

    def besides(self, chosen: str) -> tuple[str, ...]:
        return tuple(one for one in (*self.phones, *self.emails) if one != chosen)


def lines_of(table: Table, gets_sms: Callable[[str], bool]) -> list[Line]:
    """A line a row; whose phone gets no SMS is written to by mail, and a person who stands twice once."""
    return list(_without_doubles(_read(table, gets_sms)))


def contact_of(typed: str) -> tuple[str | None, str | None]:
    """The phone or the address somebody typed into one field. Raises ValueError with what is wrong with it."""
    if not plain(typed):
        raise ValueError("no_contact")
    if "@" in plain(typed):
        try:
            return None, emails.parse(typed)
        except emails.NotAscii:
            raise ValueError("not_ascii") from None
        except emails.NotAnEmail:
            raise ValueError("bad_email") from None
    try:
        phone = phones.parse(typed)
    except phones.NotAPhone:
        raise ValueError("bad_phone") from None
    if phones.is_landline(phone):
        raise ValueError("landline")
    return phone, None


def _read(table: Table, gets_sms: Callable[[str], bool]) -> Iterator[tuple[Line, _Ways]]:
    for row in table.rows:
        ways = _ways_of(row, table.kinds)
        yield _line(row, table.kinds, ways, gets_sms), ways


def _ways_of(row: Row, kinds: list[ColumnKind]) -> _Ways:
    """An address in the column of phones is an address, as a list of «contacts» has them."""
    typed = [*_cells(row, kinds, ColumnKind.PHONE), *_cells(row, kinds, ColumnKind.EMAIL)]
    found = [phone for cell in typed if "@" not in cell for phone in cells.phones_of(cell)]
    return _Ways(typed, found, [email for cell in typed for email in cells.emails_of(cell)])


def _line(row: Row, kinds: list[ColumnKind], ways: _Ways, gets_sms: Callable[[str], bool]) -> Line:
    number, name = row[0], " ".join(_cells(row, kinds, ColumnKind.NAME))
    line = Line(number, name[:LONGEST_NAME], typed=next(iter(ways.typed), "")[:LONGEST_TYPED])
    born = (cells.date_of(cell) for cell in _cells(row, kinds, ColumnKind.BIRTH_DATE))
    line = replace(line, birth_date=next((day for day in born if day), None))
    if len(name) > LONGEST_NAME:
        return replace(line, fault="long_name")
    mobile = [phone for phone in ways.phones if not phones.is_landline(phone)]
    reached = next((phone for phone in mobile if gets_sms(phone)), None)
    if reached is not None:
        return replace(line, phone=reached, also=ways.besides(reached))
    if ways.emails:
        shown = next(cell for cell in ways.typed if cells.emails_of(cell))
        return replace(line, email=ways.emails[0], typed=shown[:LONGEST_TYPED], also=ways.besides(ways.emails[0]))
    if ways.phones:
        return replace(line, fault="abroad" if mobile else "landline")
    return replace(line, fault=_fault_of(ways.typed))


def _cells(row: Row, kinds: list[ColumnKind], kind: ColumnKind) -> list[str]:
    return [cell for cell, held in zip(row[1], kinds, strict=False) if held is kind and cell]


def _fault_of(typed: list[str]) -> str:
    """Of the first cell that says anything; nothing in them reaches anybody."""
    if any(cells.is_shortened(cell) for cell in typed):
        return "shortened"
    for cell in typed:
        try:
            contact_of(cell)
        except ValueError as fault:
            return str(fault)
    return "bad_phone" if typed else "no_contact"


def _without_doubles(lines: Iterator[tuple[Line, _Ways]]) -> Iterator[Line]:
    """Nobody gets two links: neither at one contact, nor one person at their phone and at their address."""
    seen: set[str] = set()  # every contact of who is written to
    names: dict[str, set[str]] = {}  # who is written to at each
    for line, ways in lines:
        contact = line.phone or line.email
        if contact is None:
            yield line
            continue
        name = key_of(line.name)
        known_by = [names[way] for way in (*ways.phones, *ways.emails) if way in names]
        if contact in seen or any(name in called or not name for called in known_by):
            yield replace(line, phone=None, email=None, also=(), fault="doubled")
            continue
        seen.update((*ways.phones, *ways.emails))
        names.setdefault(contact, set()).add(name)
        yield line
