"""HEIC: what is no picture and no camera data is blanked where it lies; so are boxes no picture needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

from ..mp4_boxes import Box, boxes
from . import tiff

NEEDED = {b"ftyp", b"meta", b"mdat", b"idat", b"free", b"skip"}
DRAWN = {b"hvc1", b"hev1", b"lhv1", b"grid", b"iden", b"iovl", b"tmap"}  # items that are pictures, or made of some
IN_META = {b"hdlr", b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"idat", b"dinf", b"grpl"}

Extents = list[tuple[int, int]]  # where the pieces of an item lie: start, stop


def cleaned(file: bytes) -> bytes:
    """Of what lies beside the boxes only the pictures stay, and the camera data without the place: XMP, signed
    histories and what no item claims are blanked."""
    out, reader, drawn, exifs = bytearray(file), BytesIO(file), list[Extents](), list[Extents]()
    stored = []
    for box in boxes(reader, 0, len(file)):
        if box.name == b"meta":
            drawn, exifs = _item_places(file, box)
            stored += _blank_words(out, file, box)
        elif box.name == b"mdat":
            stored.append(box)
        elif box.name not in NEEDED or box.name in (b"free", b"skip"):
            _blank(out, box)  # a film beside the photo, and the phone maker's own
    if not drawn:
        raise ValueError("no picture")
    for box in stored:
        out[box.body : box.end] = bytes(box.end - box.body)
    for extents in drawn:
        _write(out, extents, _read(file, extents))
    for extents in exifs:
        _write(out, extents, _exif(_read(file, extents)))
    return bytes(out)


def _blank(out: bytearray, box: Box) -> None:
    out[box.start + 4 : box.start + 8] = b"free"
    out[box.body : box.end] = bytes(box.end - box.body)


def _blank_words(out: bytearray, file: bytes, meta: Box) -> list[Box]:
    """What in it is no description of pictures; returns where items are stored in it."""
    own = []
    for box in boxes(BytesIO(file), meta.body + 4, meta.end):
        if box.name == b"idat":
            own.append(box)
        elif box.name not in IN_META:
            _blank(out, box)
    return own


def _item_places(file: bytes, meta: Box) -> tuple[list[Extents], list[Extents]]:
    """Of the pictures, and of the camera data."""
    inside = {box.name: box for box in boxes(BytesIO(file), meta.body + 4, meta.end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        raise ValueError("items")
    own = inside[b"idat"].body if b"idat" in inside else 0
    places = dict(_item_extents(_Reader(file, inside[b"iloc"]), own, len(file)))
    items = [(type, places[number]) for number, type in _items(file, inside[b"iinf"]) if number in places]
    return [one for type, one in items if type in DRAWN], [one for type, one in items if type == b"Exif"]


def _items(file: bytes, iinf: Box) -> Iterator[tuple[int, bytes]]:
    start = iinf.body + (6 if file[iinf.body] == 0 else 8)
    for infe in boxes(BytesIO(file), start, iinf.end):
        version = file[infe.body]
        if infe.name != b"infe" or version < 2:
            continue
        wide = 4 if version > 2 else 2
        number = int.from_bytes(file[infe.body + 4 : infe.body + 4 + wide], "big")
        yield number, file[infe.body + 6 + wide : infe.body + 10 + wide]


class _Reader:
    """Numbers of given width, one after another."""

    def __init__(self, file: bytes, box: Box) -> None:
        self.file, self.at, self.end = file, box.body, box.end

    def number(self, width: int) -> int:
        if self.at + width > self.end:
            raise ValueError("number")
        self.at += width
        return int.from_bytes(self.file[self.at - width : self.at], "big")


def _item_extents(read: _Reader, own: int, end: int) -> Iterator[tuple[int, Extents]]:
    version = read.number(4) >> 24
    widths = read.number(2)
    offset, length, base, index = (widths >> shift & 0xF for shift in (12, 8, 4, 0))
    for _ in range(read.number(4 if version == 2 else 2)):
        item = read.number(4 if version == 2 else 2)
        method = read.number(2) & 0xF if version else 0
        read.number(2)
        start = read.number(base) + (own if method == 1 else 0)
        extents = []
        for _ in range(read.number(2)):
            if version:
                read.number(index)
            at = start + read.number(offset)
            extents.append((at, at + (read.number(length) or end - at)))
        if method < 2:
            yield item, extents


def _exif(item: bytes) -> bytes:
    """It begins with how many bytes stand before the TIFF."""
    start = 4 + struct.unpack_from(">I", item)[0]
    if start > len(item):
        raise ValueError("Exif")
    return item[:start] + tiff.cleaned(item[start:])


def _read(file: bytes, extents: Extents) -> bytes:
    if any(not 0 <= start <= stop <= len(file) for start, stop in extents):
        raise ValueError("extent")
    return b"".join(file[start:stop] for start, stop in extents)


def _write(out: bytearray, extents: Extents, item: bytes) -> None:
    at = 0
    for start, stop in extents:
        out[start:stop] = item[at : at + stop - start]
        at += stop - start
