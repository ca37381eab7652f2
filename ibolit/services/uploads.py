"""Files on their way: what has arrived of each so far, on this machine's disk.

The length of a part is the truth about its upload: it survives a killed server, and no row is written for a piece.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

PIECE = 64 * 1024  # bytes: what one upload holds in memory


class Source(Protocol):
    """A request's body, or a file of a form."""

    def read(self, size: int, /) -> bytes: ...


class Busy(Exception):
    """Another request is writing to this part."""


class Part:
    """One file's bytes so far, held by one request at a time."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def append(self, source: Source, most: int) -> None:
        """Takes up to `most` bytes; what came before a lost connection is kept. On the disk when it returns."""
        self._file.seek(0, os.SEEK_END)
        try:
            while most > 0 and (piece := source.read(min(PIECE, most))):
                self._file.write(piece)
                most -= len(piece)
        finally:
            self._file.flush()
            os.fsync(self._file.fileno())

    def digest(self) -> str:
        """SHA-256: what tells a repeated form from another one."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class Uploads:
    """The folder of parts, by their keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, key: str) -> int:
        """Bytes that have arrived; 0 before the first."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def hold(self, key: str) -> Iterator[Part]:
        """Raises Busy when somebody else holds it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path(key).open("ab+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            yield Part(self._path(key), file)

    def drop(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        return self.folder / key
