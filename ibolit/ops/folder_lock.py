"""Who is in the clinic's folder: servers and workers share it, a restore wants it alone. Told by a lock on a file of
it, which the system lets go of however a process ends; it holds across containers that share the folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "in-use"

_ours: list[int] = []  # held as long as this process lives


class FolderInUse(Exception):
    """Another process is at work in this folder."""


def share(data: Path) -> None:
    """For a server or a worker, until it ends. Raises FolderInUse while a restore goes on."""
    _ours.append(_lock(data, fcntl.LOCK_SH))


@contextmanager
def exclusive(data: Path) -> Iterator[None]:
    """Raises FolderInUse while any process shares it."""
    descriptor = _lock(data, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(data: Path, kind: int) -> int:
    descriptor = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FolderInUse from None
    return descriptor
