"""Who is in the clinic's folder: servers and workers share it, a restore wants it alone. Told by a lock on a file of
it, which the system lets go of however a process ends; it holds across containers that share the folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "in-use"
HALF_RESTORED = "half-restored"  # lies there from the first change of a restore till its end

_ours: list[int] = []  # held as long as this process lives


class FolderInUse(Exception):
    """Another process is at work in this folder, or a restore was broken off in it: it says so in a sentence."""


def share(data: Path) -> None:
    """For a server or a worker, until it ends. Raises FolderInUse while a restore goes on, or after a broken one."""
    lock = _lock(data, fcntl.LOCK_SH)
    if (data / HALF_RESTORED).exists():
        os.close(lock)
        raise FolderInUse("a restore was broken off, and who has left may be back: give the same one again (--force)")
    _ours.append(lock)


@contextmanager
def exclusive(data: Path) -> Iterator[None]:
    """Raises FolderInUse while any process shares it."""
    descriptor = _lock(data, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def half_restored(data: Path, untouched: type[Exception]) -> Iterator[None]:
    """Nobody may open the clinic, not even after a crash, before it has ended well; `untouched` says that it is as it
    was before."""
    mark = data / HALF_RESTORED
    was_half = mark.exists()
    mark.touch(mode=0o600)
    try:
        yield
    except untouched:
        if not was_half:
            mark.unlink()
        raise
    mark.unlink()


def _lock(data: Path, kind: int) -> int:
    descriptor = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FolderInUse("a restore is going on in this clinic: start again when it has ended") from None
    return descriptor
