"""Tell, compare with the name, open, clean, draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import kinds
from .kinds import Type
from .refusals import Refused
from .telling import tell


def examine(source: Path, ending: str, folder: Path) -> dict[str, Any]:
    type = tell(source)
    if not type.may_be_called(ending):
        raise Refused(Refused.BELIES)
    return described(type) | _opened(type, source, folder)


def described(type: Type) -> dict[str, Any]:
    return {"kind": type.kind, "mimetype": type.mimetype, "ending": type.ending}


def _opened(type: Type, source: Path, folder: Path) -> dict[str, Any]:
    """Each family with its own library, imported when it is needed: they are large."""
    if type in kinds.PICTURES:
        from .pictures import open_picture

        return open_picture(type, source, folder)
    if type in kinds.SOUND_AND_FILMS:
        from .films import open_film

        refined, answer = open_film(type, source, folder)
        return described(refined) | answer
    if type is kinds.PDF:
        from .pages import open_pdf

        return open_pdf(source, folder)
    return {}
