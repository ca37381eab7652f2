"""Files on their way: what has arrived of each so far, on this machine's disk.

The length of a part is the truth about its upload: it survives a killed server, and no row is written for a piece.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import Protocol

from . import clock

PIECE = 16 * 1024  # bytes: what one upload holds in memory, and what a line that breaks may lose


class Source(Protocol):
    """A request's body, or a file of a form."""

    def read(self, size: int, /) -> bytes: ...


class Busy(Exception):
    """Another request is writing to this part."""


class Dropped(Exception):
    """Somebody dropped the part while this request held it: nothing of it will be kept."""


class DiskFailed(Exception):
    """The disk is full, broken or not ours to write to. What was taken before is kept."""


class Part:
    """One file's bytes so far, held by one request at a time."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = path
        self._file = file

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def append(self, source: Source, most: int) -> None:
        """Takes up to `most` bytes; what came before the source failed is kept. On the disk when it returns.

        Raises Dropped, DiskFailed, and whatever the source raises.
        """
        before = self.size
        try:
            while most > 0 and (piece := source.read(min(PIECE, most))):
                self._write(piece)
                most -= len(piece)
            self._check_place()
        finally:
            self._make_durable(before)

    def digest(self) -> str:
        """SHA-256: what tells a repeated form from another one."""
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()

    def _write(self, piece: bytes) -> None:
        self._check_place()
        left = memoryview(piece)
        with _failures():
            while left:  # a disk that fills up takes a part of the piece
                left = left[self._file.write(left) :]

    def _check_place(self) -> None:
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise Dropped

    def _make_durable(self, before: int) -> None:
        """A disk that could not keep what it had taken must not be believed: the part is as long as it was."""
        try:
            os.fsync(self._file.fileno())
            _fsync(self.path.parent)  # the name may be as new as the bytes
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), before)
            raise DiskFailed(type(error).__name__) from None


class Uploads:
    """The folder of parts, by their keys. Machines that serve one clinic share it, and its locks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, key: str) -> int:
        """Bytes that have arrived; 0 before the first."""
        with _failures(), suppress(FileNotFoundError):
            return self._path(key).stat().st_size
        return 0

    def silence(self, key: str) -> float:
        """Seconds since its last byte came."""
        with _failures(), suppress(FileNotFoundError):
            return time.time() - self._path(key).stat().st_mtime
        return 0.0

    @contextmanager
    def hold(self, key: str) -> Iterator[Part]:
        """Nobody else writes meanwhile. Raises Busy when somebody does already, and DiskFailed."""
        path = self._path(key)
        with self._lock(path) as file:
            yield Part(path, file)

    def drop(self, key: str) -> None:
        """At once, even from under its holder."""
        with _failures(), suppress(FileNotFoundError):
            self._path(key).unlink()

    def purge(self, older_than: timedelta) -> None:
        """Parts that nobody continues, and what a killed server left of looking at one."""
        moment = (clock.now() - older_than).timestamp()
        for path in self.folder.glob("*"):
            with _failures(), suppress(FileNotFoundError):  # gone meanwhile
                if path.stat().st_mtime < moment:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _lock(self, path: Path) -> FileIO:
        while True:
            with _failures():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = path.open("ab+", buffering=0)
            with ExitStack() as otherwise:
                otherwise.callback(file.close)
                if self._is_locked(file, path):
                    otherwise.pop_all()
                    return file

    @staticmethod
    def _is_locked(file: FileIO, path: Path) -> bool:
        """The lock lies on the file, not on its name: worthless when the name was dropped or stored meanwhile."""
        with _failures():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return os.path.samestat(os.fstat(file.fileno()), path.stat())
            except BlockingIOError:
                raise Busy from None
            except FileNotFoundError:
                return False

    def _path(self, key: str) -> Path:
        if not re.fullmatch("[A-Za-z0-9-]{1,100}", key):
            raise ValueError("not a key of ours")
        return self.folder / key


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskFailed(type(error).__name__) from None


def _fsync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
