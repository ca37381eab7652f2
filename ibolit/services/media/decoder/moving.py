"""How long a picture that moves takes, in seconds; what stands still takes none."""

from __future__ import annotations

from . import file_types
from .file_types import Type
from .metadata import gif

SHORTEST = 0.02  # seconds a frame: what is shorter, browsers show for a tenth of one
USUAL = 0.1


def seconds_of(type: Type, file: bytes) -> float | None:
    """Of a GIF or WebP whose structure is sound."""
    frames = []
    if type is file_types.GIF:
        frames = [delay / 100 for delay in gif.delays(file)]
    if type is file_types.WEBP:
        frames = _of_webp(file)
    return sum(one if one >= SHORTEST else USUAL for one in frames) if len(frames) > 1 else None


def _of_webp(file: bytes) -> list[float]:
    """The length of each ANMF chunk's frame stands in milliseconds after its place and size."""
    frames, at = [], 12
    while at + 8 <= len(file):
        size = int.from_bytes(file[at + 4 : at + 8], "little")
        if file[at : at + 4] == b"ANMF":
            frames.append(int.from_bytes(file[at + 20 : at + 23], "little") / 1000)
        at += 8 + size + size % 2
    return frames
