"""Where files lie: a folder of this machine, or any storage that speaks S3."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ..config import Settings

PIECE = 64 * 1024  # bytes: what one download holds in memory


class Storage(Protocol):
    """Names are ours: random, of letters, digits and hyphens."""

    def put(self, name: str, source: Path) -> None:
        """Durable under this name when it returns; `source` is consumed. Again with the same name replaces it."""

    def size(self, name: str) -> int:
        """In bytes. Raises FileNotFoundError."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from start to before stop, piece by piece. Raises FileNotFoundError before the first piece."""

    def delete(self, name: str) -> None:
        """What is not there is gone already."""


class FolderStorage:
    """The embedded default."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, source: Path) -> None:
        target = self._path(name)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.part")
        shutil.move(source, temporary)
        _fsync(temporary)
        temporary.rename(target)
        _fsync(target.parent)

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        file = self._path(name).open("rb")
        file.seek(start)
        left = os.fstat(file.fileno()).st_size - start if stop is None else stop - start

        def pieces(left: int) -> Iterator[bytes]:
            with file:
                while left > 0 and (piece := file.read(min(PIECE, left))):
                    left -= len(piece)
                    yield piece

        return pieces(left)

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def storage_from(settings: Settings) -> Storage:
    return FolderStorage(settings.data / "files")
