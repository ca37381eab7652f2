"""A ZIP written piece by piece: what is in memory does not grow with what is in it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

PIECE = 64 * 1024  # bytes
LONGEST_NAME = 80  # signs: Windows allows 260 for the whole way there
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')  # in names, on Windows
# What is small already: to press it again costs time alone.
PRESSED = {"jpg", "jpeg", "png", "webp", "heic", "gif", "zip", "docx", "xlsx", "mp4", "m4a", "mov", "mp3", "pdf", "ogg"}


class Archive:
    """Entries are written one after the other; ZIP64 where one is large. `room`: a folder for what lies aside."""

    def __init__(self, path: Path, room: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED, allowZip64=True)
        self._room = room

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._zip.close()

    def add(self, name: str, content: str | bytes) -> None:
        self._zip.writestr(name, content)

    def add_json(self, name: str, content: object) -> None:
        self.add(name, as_json(content))

    def add_pieces(self, name: str, pieces: Iterable[bytes], at_each: Callable[[], None] = lambda: None) -> None:
        """`at_each` piece somebody is told that it goes on."""
        with self.entry(name) as entry:
            for piece in pieces:
                entry.write(piece)
                at_each()

    @contextmanager
    def entry(self, name: str) -> Iterator[IO[bytes]]:
        info = zipfile.ZipInfo(name)
        is_pressed = name.rsplit(".", 1)[-1].lower() in PRESSED
        info.compress_type = zipfile.ZIP_STORED if is_pressed else zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as entry:
            yield entry

    @contextmanager
    def aside(self, name: str) -> Iterator[IO[bytes]]:
        """What grows beside an entry that is being written: it becomes an entry of its own afterwards."""
        with TemporaryFile(dir=self._room) as file:
            yield file
            file.seek(0)
            self.add_pieces(name, iter(lambda: file.read(PIECE), b""))


class JsonList:
    """A list that is written item by item, between what stands before and behind it."""

    def __init__(self, file: IO[bytes], before: str = "[", behind: str = "]") -> None:
        self._file, self._behind, self._is_first = file, behind, True
        file.write(before.encode())

    def add(self, item: Any) -> None:
        self._file.write(b"\n" if self._is_first else b",\n")
        self._file.write(as_json(item, indent=None))
        self._is_first = False

    def close(self) -> None:
        self._file.write(f"\n{self._behind}\n".encode())


def as_json(content: object, indent: int | None = 2) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=indent).encode()


def file_name(id: int, name: str) -> str:
    """As its author called it, so far as every system can; the number before it keeps two of one name apart."""
    plain = FORBIDDEN.sub("_", name).strip(" .") or "file"
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = plain, "", ""
    return f"{id} {stem[: LONGEST_NAME - len(ending)].rstrip(' .')}{dot}{ending}"
