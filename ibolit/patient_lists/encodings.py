"""Which letters the bytes of a list mean.

UTF-8 and UTF-16 tell themselves. Among the tables of one byte a letter – Windows, DOS, KOI8, an old Mac – the text
decides: words of Russian letters in their usual numbers, capitals where words begin, titles of columns one knows.
charset-normalizer reads KOI8 of three lines as Thai: names alone are too little for it.
"""

from __future__ import annotations

import math
import re
from functools import cache

from .errors import NotAList

SINGLE_BYTE = ("cp1251", "cp866", "koi8_r", "mac_cyrillic", "iso8859_5", "cp1252")
LOOKED_AT = 20_000  # bytes with letters; more would tell nothing new
USUAL_FIRST = 3.0  # Windows' table, before the text has said anything
CLEAR = 3.0  # natural logarithms between the best reading and the next: one in twenty is no doubt any more

# Per mille of Russian letters: «О частоте букв», National Corpus of the Russian Language.
FREQUENCY = {
    "о": 109.7, "е": 84.5, "а": 80.1, "и": 73.5, "н": 67.0, "т": 62.6, "с": 54.7, "р": 47.3, "в": 45.4, "л": 44.0,
    "к": 34.9, "м": 32.1, "д": 29.8, "п": 28.1, "у": 26.2, "я": 20.1, "ы": 19.0, "ь": 17.4, "г": 17.0, "з": 16.5,
    "б": 15.9, "ч": 14.4, "й": 12.1, "х": 9.7, "ж": 9.4, "ш": 7.3, "ю": 6.4, "ц": 4.8, "щ": 3.6, "э": 3.2, "ф": 2.6,
    "ё": 1.5, "ъ": 0.4,
}  # fmt: skip
TITLES = re.compile(
    r"телефон|моб\b|фамили|имя|отчеств|фио|почт|рожд|пациент|адрес|полис|карт|врач|дата|список|снилс", re.IGNORECASE
)
OTHER_KINDS = (
    (b"PK\x03\x04", "Это книга Excel. Откройте её и сохраните как «CSV (разделители – запятые)»."),
    (b"\xd0\xcf\x11\xe0", "Это книга Excel. Откройте её и сохраните как «CSV (разделители – запятые)»."),
    (b"%PDF", "Это PDF. Нужна таблица: выгрузите список из программы в формате CSV."),
    (b"{\\rtf", "Это документ Word. Нужна таблица: сохраните список в формате CSV."),
)
WEB_PAGE = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|head|body|meta)", re.IGNORECASE)
NO_TEXT = "Файл не читается как текст. Сохраните список в формате CSV."


def decode(data: bytes) -> str:
    """The text of a list. Raises NotAList."""
    for beginning, sentence in OTHER_KINDS:
        if data.startswith(beginning):
            raise NotAList(sentence)
    text = _of_unicode(data)
    if text is None:
        text = _of_one_byte(data)
    if "\x00" in text:
        raise NotAList(NO_TEXT)
    if WEB_PAGE.match(text[:200].encode()):
        raise NotAList("Это веб-страница, хотя зовётся таблицей. Откройте её в Excel и сохраните как «CSV».")
    return text


def _of_unicode(data: bytes) -> str | None:
    """None when it is none of them."""
    for encoding in _candidates(data):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    pairs = re.findall(rb"[\xd0\xd1][\x80-\xbf]", data)
    high = sum(one > 0x7F for one in data)
    is_broken_in_a_place = len(pairs) >= 10 and 2 * len(pairs) >= 0.98 * high
    return data.decode("utf-8-sig", "replace") if is_broken_in_a_place else None


def _candidates(data: bytes) -> tuple[str, ...]:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return ("utf-32",)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    head = data[:4000]
    even, odd = head[::2], head[1::2]
    if len(head) >= 8 and b"\x00" in head:  # ASCII signs of UTF-16 without its mark are half zeros
        if odd.count(0) > len(odd) / 5 and even.count(0) == 0:
            return ("utf-16-le",)
        if even.count(0) > len(even) / 5 and odd.count(0) == 0:
            return ("utf-16-be",)
    return ("utf-8-sig",)


def _of_one_byte(data: bytes) -> str:
    """The reading that looks most like Russian. Raises NotAList when two look alike and differ."""
    if b"\x00" in data:
        raise NotAList(NO_TEXT)
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())[:LOOKED_AT]
    readings: dict[str, tuple[float, str]] = {}
    for encoding in SINGLE_BYTE:
        text = telling.decode(encoding, "replace")
        score = _likelihood(text) + (USUAL_FIRST if encoding == "cp1251" else 0.0)
        if text not in readings or score > readings[text][0]:
            readings[text] = score, encoding
    best, second = sorted(readings.values(), reverse=True)[:2] if len(readings) > 1 else (*readings.values(), None)
    if best is None or (second is not None and best[0] - second[0] < CLEAR):
        raise NotAList("Не понять, в какой кодировке этот файл. Сохраните список как «CSV UTF-8».")
    if best[0] < -9.0 * sum(one > "\x7f" for one in telling.decode(best[1], "replace")):
        raise NotAList(NO_TEXT)
    return data.decode(best[1], "replace")


def _likelihood(text: str) -> float:
    """Logarithm of how likely a person wrote this, up to a constant; every sign beyond ASCII is counted."""
    score = 20.0 * min(len(TITLES.findall(text)), 5)
    before = " "
    for at, one in enumerate(text):
        if one > "\x7f":
            after = text[at + 1] if at + 1 < len(text) else " "
            score += _sign(one, before, after)
        before = one
    return score


def _sign(one: str, before: str, after: str) -> float:
    among_latin = (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
    lower = one.lower()
    if lower in FREQUENCY:
        inside_out = one.isupper() and before.islower()  # «юММЮ»: KOI8's capitals are others' small letters
        alone = one.isupper() and not before.isalpha() and not after.isalpha()
        return _log(lower) - (6.0 if inside_out else 0.0) - (6.0 if among_latin else 0.0) - (1.0 if alone else 0.0)
    if "\u0400" <= one <= "\u04ff":
        return -8.0
    if one in "«»–—„“”’№\u00a0":
        return -12.0 if among_latin else -5.0
    if "\u00c0" <= one <= "\u00ff" and one not in "×÷":
        return -4.0 if among_latin else -9.0
    return -14.0


@cache
def _log(letter: str) -> float:
    return math.log(FREQUENCY[letter] / 1000)
