"""Reads the boxes of ISO base media files: MP4, QuickTime and HEIC."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Box:
    name: bytes
    start: int  # of its head
    body: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Raises ValueError when one sticks out of what it lies in."""
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        size, name, body = int.from_bytes(head[:4], "big"), head[4:8], start + 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), start + 16
        stop = start + size if size else end
        if not body <= stop <= end:
            raise ValueError("box")
        yield Box(name, start, body, stop)
        start = stop


def brands(head: bytes) -> set[bytes]:
    """What a file says it is; nothing when it begins without saying so."""
    if head[4:8] != b"ftyp":
        return set()
    names = head[8 : int.from_bytes(head[:4], "big")]
    major, compatible = names[:4], names[8:]
    others = {compatible[i : i + 4] for i in range(0, len(compatible), 4)}
    # A picture says «mif1» first and its coding after; a film of QuickTime is one only when it says so first.
    return {major} | (others - {b"qt  "})


# What a film needs to play. All else may tell where it was made: places lie in `udta`, `meta`, `uuid`, in tracks of
# data or of subtitles, and in what is called free.
MOVIE = {b"mvhd", b"trak", b"iods"}
TRACK = {b"tkhd", b"edts", b"mdia", b"tapt"}
MEDIA = {b"mdhd", b"hdlr", b"minf"}
PLAYED = {b"vide", b"soun"}


def has_only_playback_boxes(path: Path) -> bool:
    """And tells it in the order in which it can be played while it is loaded."""
    try:
        with path.open("rb") as file:
            return _is_bare(file, path.stat().st_size)
    except (ValueError, struct.error):
        return False


def _is_bare(file: BinaryIO, size: int) -> bool:
    film = [box for box in boxes(file, 0, size) if not _is_empty(file, box)]
    if [box.name for box in film] != [b"ftyp", b"moov", b"mdat"]:
        return False
    movie = [box for box in boxes(file, film[1].body, film[1].end) if not _is_empty(file, box)]
    return {box.name for box in movie} <= MOVIE and all(
        _is_bare_track(file, box) for box in movie if box.name == b"trak"
    )


def _is_bare_track(file: BinaryIO, track: Box) -> bool:
    inside = list(boxes(file, track.body, track.end))
    for media in (box for box in inside if box.name == b"mdia"):
        parts = list(boxes(file, media.body, media.end))
        if not {box.name for box in parts} <= MEDIA or not _plays(file, parts):
            return False
    return {box.name for box in inside} <= TRACK


def _plays(file: BinaryIO, parts: list[Box]) -> bool:
    for box in parts:
        if box.name == b"hdlr":
            file.seek(box.body + 8)
            return file.read(4) in PLAYED
    return False


def _is_empty(file: BinaryIO, box: Box) -> bool:
    if box.name not in (b"free", b"skip", b"wide"):
        return False
    file.seek(box.body)
    return not file.read(box.end - box.body).strip(b"\0")
