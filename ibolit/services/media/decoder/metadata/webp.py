"""WebP: camera data and XMP are chunks of their own, blanked where they stand."""

from __future__ import annotations

from . import tiff

KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}


def is_unfinished(file: bytes) -> bool:
    return _end(file) > len(file)


def cleaned(file: bytes) -> bytes:
    if is_unfinished(file):
        raise ValueError("RIFF")
    end = _end(file)
    out, at = [file[:12]], 12
    while at + 8 <= end:
        name, size = file[at : at + 4], int.from_bytes(file[at + 4 : at + 8], "little")
        if at + 8 + size > end:
            raise ValueError("chunk")
        stop = min(at + 8 + size + size % 2, end)
        out.append(file[at : at + 8] + _kept(name, file[at + 8 : stop], size))
        at = stop
    return b"".join(out) + bytes(end - at)


def _kept(name: bytes, body: bytes, size: int) -> bytes:
    if name in KEPT:
        return body
    if name == b"EXIF":
        start = 6 if body.startswith(b"Exif\0\0") else 0
        return body[:start] + tiff.cleaned(body[start:])
    return b" " * size + bytes(len(body) - size)


def _end(file: bytes) -> int:
    """As its head says."""
    return 8 + int.from_bytes(file[4:8], "little")
