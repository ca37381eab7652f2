"""Detects the type, compares it with the name, decodes, cleans and draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import file_types
from .errors import DecodeRefused
from .file_types import Type
from .type_detection import detect_type


def examine(source: Path, ending: str, folder: Path) -> dict[str, Any]:
    if ending in file_types.PROGRAM_NAMES:
        raise DecodeRefused(DecodeRefused.DANGEROUS)
    type = detect_type(source, ending)
    if not type.allows_extension(ending):
        raise DecodeRefused(DecodeRefused.BELIES)
    return described(type) | _opened(type, source, folder)


def described(type: Type) -> dict[str, Any]:
    return {"kind": type.kind, "mimetype": type.mimetype, "ending": type.ending}


def _opened(type: Type, source: Path, folder: Path) -> dict[str, Any]:
    """Each family with its own library, imported when it is needed: they are large."""
    if type in file_types.PICTURES:
        from .images import open_image

        return open_image(type, source, folder)
    if type in file_types.AUDIO_AND_VIDEO:
        from .video import open_media

        refined, answer = open_media(type, source, folder)
        return described(refined) | answer
    if type is file_types.PDF:
        from .pdf_page import open_pdf

        return open_pdf(source, folder)
    if type is file_types.TXT:
        from .texts import open_text

        return open_text(source, folder)
    return {}
