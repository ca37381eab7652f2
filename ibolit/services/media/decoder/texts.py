"""Plain text in the encodings that people's programs write; what a phone cannot read is stored as UTF-8."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .foreign import is_page

CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # but tabs, ends of lines and pages, and printers' escapes
NOT_TEXT = re.compile(r"\s*(#!|%!|<[a-z!?/])", re.IGNORECASE)
SNIFFED = 4096  # characters: more than any engine looks at to guess a page
WEIGHED = 64 * 1024  # bytes by which an encoding is guessed

MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
SINGLE = ("cp1251", "cp866", "koi8-r", "mac-cyrillic")
READ_EVERYWHERE = {"utf-8", "utf-8-sig", "cp1251"}
# How often a letter stands in Russian texts, in per cent.
OFTEN = {
    "о": 11, "е": 8.5, "а": 8, "и": 7.4, "н": 6.7, "т": 6.3, "с": 5.5, "р": 4.7, "в": 4.5, "л": 4.4, "к": 3.5,
    "м": 3.2, "д": 3, "п": 2.8, "у": 2.6, "я": 2, "ы": 1.9, "ь": 1.7, "г": 1.7, "з": 1.6, "б": 1.6, "ч": 1.4,
    "й": 1.2, "х": 1, "ж": 0.9, "ш": 0.7, "ю": 0.6, "ц": 0.5, "щ": 0.4, "э": 0.3, "ф": 0.3, "ъ": 0.04, "ё": 0.04,
}  # fmt: skip
NEUTRAL = set("«»„“”’–—№°…\xa0·•±µ")  # and the lines that DOS drew tables with
NEUTRAL |= {chr(code) for code in range(0x2500, 0x25A0)}
ENOUGH = 8  # letters that decide
RUSSIAN = 3.0  # a mean above this is a text in Russian: real ones are above 4, other encodings below 2


def encoding_of(file: bytes) -> str | None:
    """None for what is no text, or might be taken for a page or a program."""
    for encoding in _candidates(file):
        try:
            text = file.decode(encoding)
        except UnicodeDecodeError:
            continue
        if CONTROLS.search(text.rstrip("\x1a")):  # which ended files in DOS
            continue
        if NOT_TEXT.match(text) or is_page(text[:SNIFFED]) or "<?xml" in text[:SNIFFED].lower():
            return None
        return encoding
    return None


def open_text(source: Path, folder: Path) -> dict[str, Any]:
    """Notepad's UTF-16 and what DOS, UNIX and a Mac wrote is kept as UTF-8, which every phone reads."""
    file = source.read_bytes()
    encoding = encoding_of(file)
    if encoding is None or encoding in READ_EVERYWHERE:
        return {}
    (folder / "cleaned").write_bytes(file.decode(encoding).rstrip("\x1a").encode("utf-8-sig"))
    return {"original": "cleaned"}


def _candidates(file: bytes) -> list[str]:
    for mark, encoding in MARKS:
        if file.startswith(mark):
            return [encoding]
    head = file[:WEIGHED]
    for encoding, other in (("utf-16-le", 1), ("utf-16-be", 0)):
        high = head[other::2]  # the upper halves: of Latin letters 0, of Russian ones 4
        if len(high) > 3 and sum(byte in (0, 4) for byte in high) > 0.8 * len(high):
            return [encoding]
    return ["utf-8", *_by_letters(head)]


def _by_letters(head: bytes) -> list[str]:
    """The likeliest first. Windows' own is believed as long as no other is surely better; it alone may be doubtful."""
    weights = {encoding: _likeness(head, encoding) for encoding in SINGLE}
    best = max(SINGLE, key=lambda encoding: weights[encoding])
    if weights[best] < max(RUSSIAN, weights["cp1251"] + 1):
        return ["cp1251"]
    return [best, "cp1251"] if sum(byte > 0x7F for byte in head) >= ENOUGH else ["cp1251", best]


def _likeness(head: bytes, encoding: str) -> float:
    """The mean of how often its letters are met. A capital after a small letter speaks against an encoding."""
    text = head.decode(encoding, "replace")
    total, count, before = 0.0, 0, " "
    for sign in text:
        if sign > "\x7f" and sign not in NEUTRAL:
            count += 1
            total += -10 if sign.isupper() and before.islower() else OFTEN.get(sign.lower(), -10)
        before = sign
    return total / count if count else 0.0
