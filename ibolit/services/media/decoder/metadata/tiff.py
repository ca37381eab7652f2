"""The camera data of a photo, a small TIFF: the place in it is blanked, all else stays where it is."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

GPS, ORIENTATION = 0x8825, 0x0112
FURTHER = (0x8769, 0xA005)  # directories: how it was taken, and by what rules
THUMBNAILS = ((0x0201, 0x0202), (0x0111, 0x0117))  # where it lies and how long it is
DROPPED = {0x02BC, 0x83BB, 0x8649}  # XMP, IPTC and Photoshop's own: places in words
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
PADDING = 0xEA1C  # as Windows calls an entry that holds nothing
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
        out = bytearray(len(tiff))
        for start, piece in _kept(tiff):
            out[start : start + len(piece)] = piece
        return bytes(out)
    except (struct.error, ValueError):
        return _only_orientation(tiff)


def _kept(tiff: bytes) -> Iterator[tuple[int, bytes]]:
    """What is reached without passing the place. Programs that «remove» it often drop only the pointer to it."""
    order = _order_of(tiff)
    yield 0, tiff[:8]
    waiting, seen, places = [struct.unpack_from(order + "I", tiff, 4)[0]], set[int](), set[int]()
    while waiting:
        directory = waiting.pop()
        if not directory or directory in seen:
            continue
        seen.add(directory)
        if len(seen) > MOST_DIRECTORIES:
            raise ValueError("directories")
        entries = list(_entries(tiff, order, directory))
        end = directory + 2 + 12 * len(entries)
        yield directory, tiff[directory : end + 4]
        yield from _values(tiff, order, entries)
        places |= {entry.number for entry in entries if entry.tag == GPS}
        waiting += [entry.number for entry in entries if entry.tag in FURTHER]
        waiting += struct.unpack_from(order + "I", tiff, end) if end + 4 <= len(tiff) else ()  # some cameras end here
    for place in places - seen:
        yield from _blanks(tiff, order, place)  # last, for a value of a wrong length may reach into it


def _values(tiff: bytes, order: str, entries: list[_Entry]) -> Iterator[tuple[int, bytes]]:
    for entry in entries:
        if entry.tag == GPS:
            yield entry.at, struct.pack(order + "HHI4x", PADDING, 7, 4)
        elif entry.tag not in DROPPED:
            yield entry.value, tiff[entry.value : entry.value + entry.size]
    numbers = {entry.tag: entry.number for entry in entries}
    for start, size in THUMBNAILS:
        if start in numbers and size in numbers:
            yield numbers[start], tiff[numbers[start] : numbers[start] + numbers[size]]


def _blanks(tiff: bytes, order: str, directory: int) -> Iterator[tuple[int, bytes]]:
    with suppress(struct.error):  # there is none where it is said to be
        for entry in _entries(tiff, order, directory):
            yield entry.value, bytes(len(tiff[entry.value : entry.value + entry.size]))
            yield entry.at, bytes(12)


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
