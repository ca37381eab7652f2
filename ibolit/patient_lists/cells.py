"""What a cell of a list is: a phone, an address, a date, a name, or something that only looks like one of them."""

from __future__ import annotations

import re
from datetime import date

from .. import emails, phones
from ..normalization import plain

# Digits that are no phone however they parse: SNILS, passport, a date, a time.
NO_PHONE = re.compile(
    r"\d{3}-\d{3}-\d{3}[ -]\d{2}|\d{2} \d{2} \d{6}|\d{4} \d{6}"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}(?: .*)?|\d{4}-\d\d-\d\d(?:[ T].*)?"
)
FLOAT = re.compile(r"(\d{10,12})[.,]0+")  # Excel's number with its decimals
SHORTENED = re.compile(r"\d[.,]?\d*E\+?\d{1,2}", re.IGNORECASE)  # 7,91656E+10: the last digits are gone
DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:\s.*)?")
ISO_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T\s].*)?")
IN_BRACKETS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
NOTE = re.compile(r"\([^()]*\)")
BETWEEN_EMAILS = re.compile(r"(?::::|[,;\s/|])+")
OLDEST = 1900
LONGEST = 300  # signs of a cell that are looked at


def phones_of(cell: str) -> list[str]:
    """E.164 of the phones in a cell, in their order; of digits that are something else none."""
    words = plain(cell[:LONGEST])
    whole = FLOAT.fullmatch(words)
    words = whole[1] if whole else words
    if sum(one.isdigit() for one in words) < 10 or NO_PHONE.fullmatch(words) or SHORTENED.fullmatch(words):
        return []
    try:
        return [phones.parse(words)]
    except phones.NotAPhone:
        return phones.all_in(words)


def emails_of(cell: str) -> list[str]:
    """Addresses in a cell: «Анна <anna@example.org>», two with a comma between. A slip, «a b@example.org», is none:
    what is left of it may be another's."""
    words = plain(cell[:LONGEST])
    parts = IN_BRACKETS.findall(words) or BETWEEN_EMAILS.split(NOTE.sub(" ", words).strip())
    if "@" not in words or not all("@" in part for part in parts if part):
        return []
    found = []
    for part in parts:
        try:
            found.append(emails.parse(part))
        except emails.NotAnEmail:
            continue
    return list(dict.fromkeys(found))


def date_of(cell: str) -> date | None:
    """12.05.1980, 12.05.80, 1980-05-12, with a time behind or not; two digits of a year are a past one's."""
    words = plain(cell[:LONGEST])
    iso, usual = ISO_DATE.fullmatch(words), DATE.fullmatch(words)
    if iso:
        year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
    elif usual:
        day, month, year = int(usual[1]), int(usual[2]), int(usual[3])
        year += 0 if len(usual[3]) == 4 else 2000 if year <= 30 else 1900
    else:
        return None
    if month > 12 and usual and "/" in words:
        day, month = month, day  # 12/25/1980, as American programs write it
    try:
        return date(year, month, day) if year >= OLDEST else None
    except ValueError:
        return None


def is_name(cell: str) -> bool:
    """Words of letters alone."""
    return any(one.isalpha() for one in cell) and not any(one.isdigit() or one in "@/\\" for one in cell)


def is_shortened(cell: str) -> bool:
    """Excel shows a long number as 7,9E+10, and saves what it shows."""
    return SHORTENED.fullmatch(plain(cell[:LONGEST])) is not None
