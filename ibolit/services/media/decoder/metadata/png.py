"""PNG: chunks that are not the picture, its colours or its camera data are left out, and what follows the end."""

from __future__ import annotations

import zlib

from . import tiff

HEAD = b"\x89PNG\r\n\x1a\n"
KEPT = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT",
    b"pHYs", b"bKGD", b"hIST", b"sPLT", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip


def cleaned(file: bytes) -> bytes:
    if not file.startswith(HEAD):
        raise ValueError("head")
    out, at, name = [HEAD], len(HEAD), b""
    while name != b"IEND":
        size, name = int.from_bytes(file[at : at + 4], "big"), file[at + 4 : at + 8]
        stop = at + 12 + size
        if stop > len(file):
            raise ValueError("chunk")
        if zlib.crc32(file[at + 4 : stop - 4]) != int.from_bytes(file[stop - 4 : stop], "big"):
            raise ValueError("sum")
        if name == b"eXIf":
            out.append(_chunk(name, tiff.cleaned(file[at + 8 : stop - 4])))
        elif name in KEPT:
            out.append(file[at:stop])
        at = stop
    return b"".join(out)


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
