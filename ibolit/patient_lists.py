"""A list of patients as clinics keep it: CSV out of Excel and its like, in any of their encodings and habits."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from . import phones

MOST_LINES = 10_000
LONGEST_NAME = 120
LONGEST_EMAIL = 254

HEADS = {
    "phone": ("тел", "phone", "моб", "номер"),
    "email": ("почт", "mail"),
    "name": ("имя", "фио", "ф.и.о", "фамил", "отчество", "пациент", "name"),
}
# Excel's own first line, for itself.
SEPARATOR = re.compile(r"sep=([;,\t])", re.IGNORECASE)
# Nothing a keyboard types; PostgreSQL refuses NUL.
UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


class NotAList(ValueError):
    """Its words are for whoever sent the file."""


@dataclass(frozen=True)
class Line:
    """One patient; `number` is the line of the file it begins in. What is wrong with it stands in `fault`."""

    number: int
    name: str
    phone: str | None = None
    email: str | None = None
    typed: str = ""  # the contact as it stands in the file
    fault: str = ""  # no_contact, bad_phone, bad_email, abroad, doubled, long_name


def read(data: bytes, gets_sms: Callable[[str], bool] = bool) -> list[Line]:
    """Every line that is not empty, but the header; whose phone gets no SMS is written to. Raises NotAList."""
    rows = list(_rows(_text(data)))
    if not rows:
        raise NotAList("В файле нет ни одной строки.")
    columns = _columns(rows[0][1])
    if columns:
        rows = rows[1:]
    if len(rows) > MOST_LINES:
        raise NotAList("В файле больше 10 000 строк. Разделите его на несколько.")
    if not rows:
        raise NotAList("В файле только заголовок, пациентов нет.")
    return list(_without_doubles(_line(number, cells, columns, gets_sms) for number, cells in rows))


def contact_of(typed: str) -> tuple[str | None, str | None]:
    """The phone or the address somebody typed into one field. Raises ValueError with what is wrong with it."""
    if not typed:
        raise ValueError("no_contact")
    if "@" in typed:
        try:
            email = validate_email(typed, check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            raise ValueError("bad_email") from None
        if len(email) > LONGEST_EMAIL:
            raise ValueError("bad_email")
        return None, email
    try:
        return phones.parse(typed), None
    except phones.NotAPhone:
        raise ValueError("bad_phone") from None


def _text(data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NotAList("Это книга Excel. Откройте её и сохраните как «CSV (разделители – запятые)».")
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_wide else ("utf-8-sig", "cp1251"):  # hardly any text is good UTF-8 by chance
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise NotAList("Файл не читается как текст. Сохраните список в формате CSV.")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that say something, each with its number in the file."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    began = 1
    try:
        for cells in reader:
            tidy = [" ".join(UNSEEN.sub(" ", cell).split()) for cell in cells]
            is_hint = began == 1 and cells and SEPARATOR.fullmatch(text.splitlines()[0].strip())
            if any(tidy) and not is_hint:
                yield began, tidy
            began = reader.line_num + 1
    except csv.Error:
        raise NotAList(f"Строка {began} не читается. Проверьте в ней кавычки.") from None


def _delimiter(text: str) -> str:
    """What stands most often between the words of the first lines."""
    head = re.sub(r'"[^"]*"', "", "\n".join(text.splitlines()[:20]))
    hint = SEPARATOR.match(head)
    if hint:
        return hint[1]
    counted = Counter(one for one in head if one in ";,\t")
    return max(";\t,", key=lambda one: counted[one])


def _columns(cells: list[str]) -> dict[int, str]:
    """What the columns of a header hold; empty when the first line is a patient already."""
    if any("@" in cell or sum(letter.isdigit() for letter in cell) >= 5 for cell in cells):
        return {}
    found = {}
    for place, cell in enumerate(cells):
        kind = next((kind for kind, words in HEADS.items() if any(word in cell.lower() for word in words)), None)
        if kind:
            found[place] = kind
    return found if {"phone", "email"} & {*found.values()} else {}


def _line(number: int, cells: list[str], columns: dict[int, str], gets_sms: Callable[[str], bool]) -> Line:
    kinds = columns or {place: _kind_of(cell) for place, cell in enumerate(cells)}
    of = {
        kind: [cell for place, cell in enumerate(cells) if cell and kinds.get(place) == kind]
        for kind in ("phone", "email", "name")
    }
    name = " ".join(of["name"])
    typed = next(iter(of["phone"] + of["email"]), "")  # who has both learns it by SMS
    if len(name) > LONGEST_NAME:
        return Line(number, name[:LONGEST_NAME], typed=typed[:200], fault="long_name")
    try:
        phone, email = contact_of(typed)
    except ValueError as error:
        return Line(number, name, typed=typed[:200], fault=str(error))
    if phone is not None and not gets_sms(phone):
        return _line_by_mail(number, name, typed, of["email"])
    return Line(number, name, phone, email, typed[:200])


def _line_by_mail(number: int, name: str, phone: str, emails: list[str]) -> Line:
    """No SMS goes to this phone."""
    for typed in emails:
        try:
            return Line(number, name, None, contact_of(typed)[1], typed[:200])
        except ValueError:
            continue
    return Line(number, name, typed=phone[:200], fault="abroad")


def _kind_of(cell: str) -> str:
    """Of a cell in a list without a header."""
    if "@" in cell:
        return "email"
    digits = sum(letter.isdigit() for letter in cell)
    return "phone" if digits >= 5 and not any(letter.isalpha() for letter in cell) else "name"


def _without_doubles(lines: Iterator[Line]) -> Iterator[Line]:
    seen: set[str] = set()
    for line in lines:
        contact = line.phone or line.email
        if contact is None:
            yield line
        elif contact in seen:
            yield Line(line.number, line.name, typed=line.typed, fault="doubled")
        else:
            seen.add(contact)
            yield line
