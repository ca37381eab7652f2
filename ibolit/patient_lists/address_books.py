"""Address books of phones and mail services as vCard 2.1, 3.0 and 4.0: one card a person."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator

from .tables import Row

TITLES = ["ФИО", "Телефон", "E-mail", "Дата рождения"]
BEGIN = re.compile(r"\s*BEGIN:VCARD", re.IGNORECASE)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
KEPT = {"FN", "N", "TEL", "EMAIL", "BDAY"}


def is_address_book(text: str) -> bool:
    return BEGIN.match(text) is not None


def rows_of(text: str) -> list[Row]:
    """A row of titles, and one of each card."""
    return [(1, TITLES), *_cards(text)]


def _cards(text: str) -> Iterator[Row]:
    card: dict[str, list[str]] = {}
    began = 1
    for number, name, value in _properties(text):
        if name == "BEGIN":
            began, card = number, {}
        elif name == "END":
            if any(card.values()):
                yield began, _cells(card)
            card = {}
        elif name in KEPT:
            card.setdefault(name, []).append(value)


def _cells(card: dict[str, list[str]]) -> list[str]:
    names = [" ".join(one.split()) for one in card.get("FN", [])]
    parts = [_of_parts(one) for one in card.get("N", [])]
    name = next((one for one in names + parts if one), "")
    joined = (", ".join(_unescaped(one) for one in card.get(kind, [])) for kind in ("TEL", "EMAIL"))
    return [_unescaped(name), *(" ".join(one.split()) for one in joined), "".join(card.get("BDAY", [])[:1])]


def _of_parts(value: str) -> str:
    """N: family name; given; additional; prefix; suffix. Read as one says it here."""
    family, given, additional = [*re.split(r"(?<!\\);", value), "", "", ""][:3]
    return " ".join(one for one in (family, given, additional) if one)


def _unescaped(value: str) -> str:
    return ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)


def _properties(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, name and value of each; old phones break quoted-printable with «=» at the end of a line."""
    began, parts = 0, [""]
    for number, line in enumerate(text.splitlines(), 1):
        if began and line[:1] in (" ", "\t"):
            parts.append(line[1:])
        elif began and parts[-1].endswith("=") and _is_quoted(parts[0]):
            parts[-1] = parts[-1][:-1]
            parts.append(line)
        else:
            if began:
                yield _property(began, "".join(parts))
            began, parts = number, [line]
    if began:
        yield _property(began, "".join(parts))


def _is_quoted(line: str) -> bool:
    return "QUOTED-PRINTABLE" in line.partition(":")[0].upper()


def _property(number: int, line: str) -> tuple[int, str, str]:
    """«item1.TEL;TYPE=CELL:…» is a TEL."""
    left, _, value = line.partition(":")
    name = left.partition(";")[0].rpartition(".")[2].strip().upper()
    if _is_quoted(line):
        charset = re.search(r"CHARSET=([\w-]+)", left, re.IGNORECASE)
        value = _decoded(quopri.decodestring(value.encode()), charset[1] if charset else "utf-8")
    return number, name, value.removeprefix("tel:").removeprefix("mailto:")


def _decoded(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")
