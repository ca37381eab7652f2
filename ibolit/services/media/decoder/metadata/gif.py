"""GIF: comments and the XMP of Adobe's programs are left out, and what follows the end."""

from __future__ import annotations

EXTENSION, COMMENT, APPLICATION = 0x21, 0xFE, 0xFF
KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def cleaned(file: bytes) -> bytes:
    at = 13 + _colours(file[10])
    out = [file[:at]]
    while file[at] != 0x3B:
        stop = _end_of(file, at)
        if not _is_told(file, at):
            out.append(file[at:stop])
        at = stop
    return b"".join(out) + b";"


def _is_told(file: bytes, at: int) -> bool:
    if file[at] != EXTENSION:
        return False
    return file[at + 1] == COMMENT or (file[at + 1] == APPLICATION and file[at + 3 : at + 14] not in KEPT)


def _end_of(file: bytes, at: int) -> int:
    """Of an extension or of a picture."""
    if file[at] == EXTENSION:
        return _after_blocks(file, at + 2)
    if file[at] != 0x2C:
        raise ValueError("block")
    return _after_blocks(file, at + 11 + _colours(file[at + 9]))


def _after_blocks(file: bytes, at: int) -> int:
    while size := file[at]:
        at += size + 1
    return at + 1


def _colours(flags: int) -> int:
    """Bytes of the table that follows."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
