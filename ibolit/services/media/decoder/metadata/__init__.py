"""Where a photo was taken is taken out of it; the picture itself is not touched, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

from .. import file_types
from ..file_types import Type
from . import gif, heic, jpeg, png, webp
from .tiff import GPS

__all__ = ["GPS", "cleaned"]

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
