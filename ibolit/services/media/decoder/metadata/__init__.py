"""Where a photo was taken is taken out of it; the picture itself is not touched, bit for bit."""

from __future__ import annotations

import re
from collections.abc import Callable

from .. import file_types
from ..file_types import Type
from . import gif, heic, jpeg, png, webp
from .tiff import GPS

__all__ = ["COORDINATES", "GPS", "cleaned", "tells"]

# What a sound picture holds nowhere: a film, words of Adobe, coordinates. Damage moves them to where a cleaner does not
# look: into a chunk whose length is wrong, behind an end that is lost.
COORDINATES = re.compile(rb"\d{1,3}\.\d{4,}[ ,;+-]{1,2}\d{1,3}\.\d{4,}")
WORDS = re.compile(rb"moov|GPSLatitude|xmpmeta|xpacket|Photoshop 3|" + COORDINATES.pattern)
CAMERA_DATA = re.compile(rb"II\*\0|MM\0\*")

CLEANERS: dict[Type, Callable[[bytes], bytes]] = {
    file_types.JPEG: jpeg.cleaned,
    file_types.PNG: png.cleaned,
    file_types.WEBP: webp.cleaned,
    file_types.GIF: gif.cleaned,
    file_types.HEIC: heic.cleaned,
}


def cleaned(type: Type, file: bytes) -> bytes:
    """The same bytes when there was nothing to remove. Raises ValueError, IndexError or struct.error when broken."""
    return CLEANERS[type](file)


def tells(file: bytes) -> bool:
    """Whether a cleaned picture may still hold a place."""
    return WORDS.search(file) is not None or len(CAMERA_DATA.findall(file)) > 1
