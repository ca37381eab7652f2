"""What lines, disks and hands do to a file: cut, flipped, padded, doubled; the same for the same seed."""

from __future__ import annotations

from random import Random


def cut(file: bytes, chance: Random) -> bytes:
    return file[: chance.randrange(1, len(file))]


def flipped(file: bytes, chance: Random) -> bytes:
    out = bytearray(file)
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def flipped_at_the_head(file: bytes, chance: Random) -> bytes:
    out = bytearray(file)
    for _ in range(chance.choice((1, 2, 4))):
        out[chance.randrange(min(len(out), 600))] = chance.randrange(256)
    return bytes(out)


def padded(file: bytes, chance: Random) -> bytes:
    at = chance.choice((0, len(file), chance.randrange(len(file))))
    junk = chance.choice((bytes, chance.randbytes))(chance.choice((1, 7, 200, 3000)))
    return file[:at] + junk + file[at:]


def without_a_piece(file: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(file))
    return file[:at] + file[at + chance.choice((1, 4, 100, 2000)) :] or b"\0"


def doubled(file: bytes, chance: Random) -> bytes:
    start, stop = sorted(chance.randrange(len(file)) for _ in "12")
    return file[:stop] + file[start:]
