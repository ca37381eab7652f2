"""The small log beside the backups: what `restore` must not bring back. Numbers, moments and keyed hashes, no person.

A line is a JSON object: `at`, `what` (asked, undone, withdrawn, erased, phone), `user` and `since` (the account's
number and the moment it was made, as a number may be given anew after a restore), where it is told `until`, `phones`.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path

NAME = "erasures.log"  # beside the backups


@dataclass(frozen=True, order=True)
class LogLine:
    at: datetime
    what: str
    user: int
    since: datetime
    until: datetime | None = None
    phones: tuple[str, str] | None = None  # hashes: before and after

    def written(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(told, default=datetime.isoformat) + "\n"

    @classmethod
    def read(cls, text: str) -> LogLine:
        """Raises ValueError, KeyError or TypeError for what is no line of ours."""
        told = json.loads(text)
        moments = {name: datetime.fromisoformat(told[name]) for name in ("at", "since")}
        until = datetime.fromisoformat(told["until"]) if "until" in told else None
        phones = (str(told["phones"][0]), str(told["phones"][1])) if "phones" in told else None
        return cls(what=str(told["what"]), user=int(told["user"]), until=until, phones=phones, **moments)


def append(path: Path, line: LogLine) -> None:
    """On the disk when it returns. Raises OSError."""
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _add(file, line)
        os.fsync(file.fileno())


def read(path: Path) -> list[LogLine]:
    """In their order; none where there is no log. A line that a crash has cut is passed over. Raises OSError."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    lines = []
    for told in text.splitlines():
        try:
            lines.append(LogLine.read(told))
        except (ValueError, KeyError, TypeError, IndexError):
            continue
    return lines


def may_be_written(path: Path) -> bool:
    """As far as can be said without writing; its folders are made with the first line."""
    place = next((one for one in (path, *path.parents) if one.exists()), path)
    return os.access(place, os.W_OK)


def merge(path: Path, lines: Iterable[LogLine]) -> Sequence[LogLine]:
    """Adds what is not there yet; all of it, by their moments. Makes no log where there is nothing to say.

    Raises OSError.
    """
    lines = list(lines)
    if not lines and not path.exists():
        return []
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = read(path)
        for line in sorted(set(lines) - set(known), key=lambda one: one.at):
            _add(file, line)
        os.fsync(file.fileno())
    return sorted({*known, *lines}, key=lambda one: one.at)


def _add(file: FileIO, line: LogLine) -> None:
    """On a line of its own, also after one that a crash has cut. Raises OSError where only a part of it found room."""
    number, told = file.fileno(), line.written().encode()
    size = os.fstat(number).st_size
    if size and os.pread(number, 1, size - 1) != b"\n":
        told = b"\n" + told
    if os.write(number, told) != len(told):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _opened(path: Path) -> FileIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+")
