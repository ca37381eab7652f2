"""GIF: comments and the XMP of Adobe's programs are left out, and what follows the end or stands between blocks."""

from __future__ import annotations

from collections.abc import Iterator

EXTENSION, COMMENT, APPLICATION, CONTROL, PICTURE, END = 0x21, 0xFE, 0xFF, 0xF9, 0x2C, 0x3B
KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def cleaned(file: bytes) -> bytes:
    out = [file[: _start(file)]]
    out += [file[at:stop] for at, stop in _blocks(file) if not _is_told(file, at)]
    return b"".join(out) + b";"


def delays(file: bytes) -> list[int]:
    """Hundredths of a second, one a frame."""
    found, waits = [], 0
    for at, _ in _blocks(file):
        if file[at] == PICTURE:
            found.append(waits)
        elif file[at + 1] == CONTROL:
            waits = int.from_bytes(file[at + 4 : at + 6], "little")
    return found


def _blocks(file: bytes) -> Iterator[tuple[int, int]]:
    """Every viewer passes over zeros between them."""
    at = _start(file)
    while file[at] != END:
        if file[at] == 0:
            at += 1
            continue
        stop = _end_of(file, at)
        yield at, stop
        at = stop


def _start(file: bytes) -> int:
    return 13 + _colours(file[10])


def _is_told(file: bytes, at: int) -> bool:
    if file[at] != EXTENSION:
        return False
    return file[at + 1] == COMMENT or (file[at + 1] == APPLICATION and file[at + 3 : at + 14] not in KEPT)


def _end_of(file: bytes, at: int) -> int:
    """Of an extension or of a picture."""
    if file[at] == EXTENSION:
        return _after_blocks(file, at + 2)
    if file[at] != PICTURE:
        raise ValueError("block")
    return _after_blocks(file, at + 11 + _colours(file[at + 9]))


def _after_blocks(file: bytes, at: int) -> int:
    while size := file[at]:
        at += size + 1
    return at + 1


def _colours(flags: int) -> int:
    """Bytes of the table that follows."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
