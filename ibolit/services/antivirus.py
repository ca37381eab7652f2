"""A second pair of eyes on what people attach, when the clinic has one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..config import Settings


class Infected(Exception):
    """Something was found; its name stays with the scanner."""


class AntivirusFailed(Exception):
    """Nobody knows whether the file is clean: it is not taken now."""


class Antivirus(Protocol):
    def check(self, path: Path) -> None:
        """Raises Infected or AntivirusFailed."""


class NoAntivirus:
    """The embedded default: whoever wants one sets CLAMAV."""

    def check(self, path: Path) -> None:
        pass


def antivirus_from(settings: Settings) -> Antivirus:
    return NoAntivirus()
