"""A second pair of eyes on what people attach, when the clinic has one."""

from __future__ import annotations

import socket
import time
from io import FileIO
from pathlib import Path
from typing import Protocol

from ..config import Settings

PIECE = 64 * 1024  # bytes
CONNECT, ANSWER = 3.0, 60.0  # seconds, the second for the whole conversation
LONGEST_ANSWER = 1000  # bytes


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


class ClamAntivirus:
    """clamd, by its INSTREAM: each piece after its length in four bytes, an empty one at the end (man clamd)."""

    def __init__(self, address: str) -> None:
        self.address = address

    def check(self, path: Path) -> None:
        try:
            with path.open("rb", buffering=0) as file, self._connect() as clamd:
                answer = _ask(clamd, file)
        except OSError as error:
            raise AntivirusFailed(type(error).__name__) from None
        if answer.endswith(b" FOUND\0"):
            raise Infected
        if answer != b"stream: OK\0":
            raise _failure(answer)

    def _connect(self) -> socket.socket:
        if not self.address.startswith("/"):
            host, _, port = self.address.rpartition(":")
            return socket.create_connection((host, int(port)), CONNECT)
        clamd = socket.socket(socket.AF_UNIX)
        try:
            clamd.settimeout(CONNECT)
            clamd.connect(self.address)
        except OSError:
            clamd.close()
            raise
        return clamd


def _ask(clamd: socket.socket, file: FileIO) -> bytes:
    deadline = time.monotonic() + ANSWER
    try:
        _send(clamd, b"zINSTREAM\0", deadline)
        while piece := file.read(PIECE):
            _send(clamd, len(piece).to_bytes(4, "big") + piece, deadline)
        _send(clamd, bytes(4), deadline)
    except (BrokenPipeError, ConnectionResetError):  # it has not seen all, and may have said why: a file over its limit
        raise _failure(_receive(clamd, deadline)) from None
    return _receive(clamd, deadline)


def _failure(answer: bytes) -> AntivirusFailed:
    return AntivirusFailed(answer.decode("ascii", "replace").rstrip("\0") or "no answer")


def _send(clamd: socket.socket, data: bytes, deadline: float) -> None:
    _wait_until(clamd, deadline)
    clamd.sendall(data)


def _receive(clamd: socket.socket, deadline: float) -> bytes:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        _wait_until(clamd, deadline)
        said = clamd.recv(LONGEST_ANSWER)
        if not said:
            break
        answer += said
    return answer


def _wait_until(clamd: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    clamd.settimeout(left)


def antivirus_from(settings: Settings) -> Antivirus:
    return ClamAntivirus(settings.clamav) if settings.clamav else NoAntivirus()
