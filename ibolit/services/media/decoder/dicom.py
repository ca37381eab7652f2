"""DICOM as machines write it: with its 128 bytes of preamble, or beginning at once with its elements (PS3.10, 7.1)."""

from __future__ import annotations

import struct

from . import foreign

LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
SHORT = {
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
}  # fmt: skip
FIRST_GROUPS = (2, 8)  # of the file itself, and of what was examined
ENOUGH = 2  # elements in order: no text and no picture begins so
# An element whose value is known: its character set, its kind of image, or an identifier of the standard's own.
TELLING = {(8, 5): b"ISO_IR", (8, 8): b"ORIGINAL", (8, 0x16): b"1.2.840.10008", (2, 0x10): b"1.2.840.10008"}


def is_dicom(head: bytes) -> bool:
    if head[128:132] == b"DICM":
        # Vendors write words of their own into the preamble, and TIFF its head; what a system would run is a program.
        return not foreign.is_program(head) and not foreign.is_page(head[:128].decode("latin-1"))
    return _begins_with_elements(head)


def _begins_with_elements(head: bytes) -> bool:
    """Little endian, explicit or implicit."""
    at, last, found, is_telling = 0, (0, -1), 0, False
    while found < 20 and at + 8 <= len(head):
        group, element = struct.unpack_from("<HH", head, at)
        if (group, element) <= last or (not found and group not in FIRST_GROUPS) or group > 0x7FE0:
            break
        start, length = _value_of(head, at)
        if at + 8 > start or length > 0x10000:
            break
        value = head[start : start + length]
        is_telling = is_telling or value.startswith(TELLING.get((group, element), b"none"))
        at, last, found = start + length, (group, element), found + 1
    return found >= ENOUGH and is_telling


def _value_of(head: bytes, at: int) -> tuple[int, int]:
    """Where it begins and how long it is, in bytes."""
    kind = head[at + 4 : at + 6]
    if kind in SHORT:
        return at + 8, int(struct.unpack_from("<H", head, at + 6)[0])
    if kind in LONG and at + 12 <= len(head):
        return at + 12, int(struct.unpack_from("<I", head, at + 8)[0])
    return at + 8, int(struct.unpack_from("<I", head, at + 4)[0])
