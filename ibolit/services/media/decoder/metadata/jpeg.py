"""JPEG: of what cameras add only the colours and how it stands are kept, and nothing after the end of the picture.

There phones put the few seconds of film before a photo, with a place of their own.
"""

from __future__ import annotations

import re

from . import tiff

END, SCAN = 0xD9, 0xDA
APPLICATIONS = range(0xE0, 0xF0)
NEEDED = {*range(0xC0, 0xD0), 0xDB, 0xDD, SCAN} - {0xC8}  # frames, tables, intervals and scans
KEPT = {0xE0: b"JFIF\0", 0xE1: b"Exif\0\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)  # within a scan the others are data


def cleaned(file: bytes) -> bytes:
    """Raises ValueError when it has no end, or bytes between its segments."""
    out, at = [file[:2]], 2
    while at < len(file):
        marker, start = _marker_at(file, at)
        if marker == END:
            return b"".join(out) + b"\xff\xd9"
        stop = start + int.from_bytes(file[start : start + 2], "big")
        if stop < start + 2 or stop > len(file):
            raise ValueError("segment")
        out.append(_kept(marker, file[start + 2 : stop]))
        at = stop
        if marker == SCAN:
            found = MARKER.search(file, stop)
            at = found.start() if found else len(file)
            out.append(file[stop:at])
    raise ValueError("end")


def _marker_at(file: bytes, at: int) -> tuple[int, int]:
    """And where its segment begins; any number of FF may stand before it."""
    if file[at] != 0xFF:
        raise ValueError("marker")
    while file[at] == 0xFF:
        at += 1
    return file[at], at + 1


def _kept(marker: int, body: bytes) -> bytes:
    if marker not in NEEDED:
        if marker not in APPLICATIONS or not body.startswith(KEPT.get(marker, b"no such")):
            return b""
        if marker == 0xE1:
            body = body[:6] + tiff.cleaned(body[6:])
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body
