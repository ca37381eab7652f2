"""What is not taken, told by its first bytes: programs, and kinds for which there is something better to send."""

from __future__ import annotations

import re

from .errors import DecodeRefused

PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",  # Java's classes, and Apple's programs for two machines
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"dex\n",
    b"L\0\0\0\x01\x14\x02\0",  # a shortcut of Windows
    b"FWS",
    b"CWS",
)
PAGE = re.compile(r"<(!doctype\s+html|html|head|body|script|iframe|svg)\b|<\?(php|=)", re.IGNORECASE)
MARKS = (
    (DecodeRefused.ARCHIVE, (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"MSCF")),
    (
        DecodeRefused.OTHER_PICTURE,
        (b"BM", b"II*\0", b"MM\0*", b"8BPS", b"\0\0\0\x0cjP  ", b"\0\0\0\x0cJXL ", b"\xff\x0a", b"\0\0\x01\0"),
    ),
    (DecodeRefused.OTHER_FILM, (b"\x1aE\xdf\xa3", b"0&\xb2u", b"FLV\x01", b"\0\0\x01\xba", b"\0\0\x01\xb3")),
    (DecodeRefused.OTHER_SOUND, (b"fLaC", b"caff", b"MThd", b"MAC ", b"wvpk")),
)
IN_CHUNKS = {b"AVI ": DecodeRefused.OTHER_FILM, b"AIFF": DecodeRefused.OTHER_SOUND, b"AIFC": DecodeRefused.OTHER_SOUND}


def is_program(head: bytes) -> bool:
    return head.startswith(PROGRAMS)


def is_page(text: str) -> bool:
    """What an engine might take for a page, and run what is written in it."""
    return PAGE.search(text) is not None


def reason_for(head: bytes) -> str:
    """Of a file that is none of ours."""
    if is_program(head) or is_page(head.replace(b"\0", b"").decode("latin-1")):  # in two bytes, too
        return DecodeRefused.DANGEROUS
    if head[:4] in (b"RIFF", b"FORM") and head[8:12] in IN_CHUNKS:
        return IN_CHUNKS[head[8:12]]
    if head[257:262] == b"ustar":
        return DecodeRefused.ARCHIVE
    return next((reason for reason, marks in MARKS if head.startswith(marks)), DecodeRefused.UNKNOWN)
