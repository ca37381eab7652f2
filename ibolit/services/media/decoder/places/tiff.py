"""The camera data of a photo, a small TIFF: the place in it is blanked, all else stays where it is."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

GPS, EXIF, ORIENTATION = 0x8825, 0x8769, 0x0112
TOLD = {0x02BC, 0x83BB, 0x8649}  # XMP, IPTC and Photoshop's own: places in words
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
MOST_DIRECTORIES = 20


class _Entry(NamedTuple):
    at: int
    tag: int
    value: int  # where it lies
    size: int
    number: int  # its value when it is a single number


def cleaned(tiff: bytes) -> bytes:
    """Of the same length. What cannot be read to its end keeps only how the photo stands."""
    try:
        return _without_place(tiff)
    except (struct.error, ValueError):
        return _only_orientation(tiff)


def _without_place(tiff: bytes) -> bytes:
    order = _order_of(tiff)
    out, waiting, seen = bytearray(tiff), [struct.unpack_from(order + "I", tiff, 4)[0]], set[int]()
    while waiting:
        directory = waiting.pop()
        if not directory or directory in seen:
            continue
        seen.add(directory)
        if len(seen) > MOST_DIRECTORIES:
            raise ValueError("directories")
        for entry in _entries(tiff, order, directory):
            if entry.tag == GPS:
                _blank_directory(out, tiff, order, entry.number)
            elif entry.tag == EXIF:
                waiting.append(entry.number)
            elif entry.tag in TOLD:
                _blank(out, entry.value, entry.size)
        waiting.append(_next(tiff, order, directory))
    return bytes(out)


def _order_of(tiff: bytes) -> str:
    if tiff[:4] not in (b"II*\0", b"MM\0*"):
        raise ValueError("TIFF")
    return "<" if tiff[:2] == b"II" else ">"


def _entries(tiff: bytes, order: str, directory: int) -> Iterator[_Entry]:
    for number in range(struct.unpack_from(order + "H", tiff, directory)[0]):
        at = directory + 2 + 12 * number
        tag, type, count = struct.unpack_from(order + "HHI", tiff, at)
        size = SIZES.get(type, 1) * count
        value = at + 8 if size <= 4 else struct.unpack_from(order + "I", tiff, at + 8)[0]
        yield _Entry(at, tag, value, size, struct.unpack_from(order + ("H" if type == 3 else "I"), tiff, at + 8)[0])


def _next(tiff: bytes, order: str, directory: int) -> int:
    count = struct.unpack_from(order + "H", tiff, directory)[0]
    try:
        return int(struct.unpack_from(order + "I", tiff, directory + 2 + 12 * count)[0])
    except struct.error:
        return 0  # some cameras end here


def _blank_directory(out: bytearray, tiff: bytes, order: str, directory: int) -> None:
    """Its values, its entries and their count: an empty directory remains."""
    entries = list(_entries(tiff, order, directory))
    for entry in entries:
        _blank(out, entry.value, entry.size)
    _blank(out, directory, 2 + 12 * len(entries) + 4)


def _blank(out: bytearray, start: int, size: int) -> None:
    stop = min(start + size, len(out))
    out[start:stop] = bytes(max(0, stop - start))


def _only_orientation(tiff: bytes) -> bytes:
    fresh = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, ORIENTATION, 3, 1, _orientation_of(tiff), 0, 0)
    return fresh + bytes(len(tiff) - len(fresh)) if len(tiff) >= len(fresh) else bytes(len(tiff))


def _orientation_of(tiff: bytes) -> int:
    try:
        order = _order_of(tiff)
        for entry in _entries(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0]):
            if entry.tag == ORIENTATION and 1 <= entry.number <= 8:
                return entry.number
    except (struct.error, ValueError):
        pass
    return 1
