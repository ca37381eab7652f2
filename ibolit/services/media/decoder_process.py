"""The short-lived child that decodes a file, with limits of time and memory: its death refuses only that file."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore
from time import monotonic
from typing import IO, Any

MAX_PROCESSES = 2
PATIENCE = 60  # seconds one waits for a decoder to be free
MEMORY = 1024**3  # bytes of address space
LONGEST_ANSWER = 16 * 1024

# -P: the working folder is no place to import from. -s: nor is the user's.
COMMAND = [sys.executable, "-P", "-s", "-m", "decoder"]
# Nothing of ours: the settings hold secrets. The pools of numeric libraries would take more than two cores bear.
ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).parent.absolute()),
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}

_free = BoundedSemaphore(MAX_PROCESSES)


class Busy(Exception):
    """No decoder was free, or none could be started."""


def run(job: dict[str, Any], size: int, seconds: int) -> dict[str, Any] | None:
    """The child's answer, or None when it died, hung or spoke nonsense. `size` is that of the file. Raises Busy."""
    if not _free.acquire(timeout=PATIENCE):
        raise Busy
    try:
        limits = {"seconds": seconds, "memory": MEMORY, "room": 2 * size + 32 * 1024 * 1024}
        return _parse(_ask(json.dumps(job | limits).encode(), seconds))
    finally:
        _free.release()


def _ask(job: bytes, seconds: int) -> bytes:
    # A group of its own, so that all of it can be killed; no preexec_fn, which may deadlock among a thousand threads.
    try:
        child = subprocess.Popen(  # noqa: S603  # no word of it comes from outside
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            process_group=0,
        )
    except OSError:
        raise Busy from None
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        with suppress(OSError):  # it died before it listened
            child.stdin.write(job)
            child.stdin.close()
        return _read_line(child.stdout, monotonic() + seconds)
    finally:
        os.killpg(child.pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
        child.wait()
        child.stdout.close()


def _read_line(pipe: IO[bytes], deadline: float) -> bytes:
    poll = select.poll()  # select() knows no descriptor above 1,024, and the process holds a thousand sockets
    poll.register(pipe, select.POLLIN)
    heard = b""
    while (
        not heard.endswith(b"\n") and len(heard) <= LONGEST_ANSWER and poll.poll(max(0, deadline - monotonic()) * 1000)
    ):
        piece = os.read(pipe.fileno(), LONGEST_ANSWER)
        if not piece:
            break
        heard += piece
    return heard


def _parse(answer: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
