"""The scanner's yes is believed only when it is whole; clamd answers from this machine."""

from __future__ import annotations

import os
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ibolit.config import Settings
from ibolit.services import antivirus
from ibolit.services.antivirus import (
    Antivirus,
    AntivirusFailed,
    ClamAntivirus,
    Infected,
    NoAntivirus,
    antivirus_from,
)

MEGABYTE = 1024 * 1024
SIGN = b"this-is-what-our-signature-finds"


class Clamd:
    """As clamd(8) does it: z-prefixed commands, lengths of four bytes in network order, answers that end in NUL."""

    limit = 25 * MEGABYTE  # StreamMaxLength

    def __init__(self, server: socket.socket) -> None:
        self.server = server
        self.seen: list[bytes] = []
        self.answer: bytes | None = None  # instead of the true one
        self.is_silent = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:  # stopped
                return
            with connection, connection.makefile("rb") as stream, suppress(OSError, struct.error):
                self._converse(connection, stream)  # who would not wait is gone

    def _converse(self, connection: socket.socket, stream: object) -> None:
        command = bytearray()
        while not command.endswith(b"\0"):
            byte = stream.read(1)
            if not byte:
                return
            command += byte
        if command != b"zINSTREAM\0":
            connection.sendall(b"UNKNOWN COMMAND\0")
            return
        content = bytearray()
        while size := struct.unpack("!I", stream.read(4))[0]:
            if len(content) + size > self.limit:
                connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
            content += stream.read(size)
        self.seen.append(bytes(content))
        if self.is_silent.is_set():
            stream.read(1)  # until the other side leaves
        elif self.answer is not None:
            connection.sendall(self.answer)
        else:
            connection.sendall(b"stream: Clinic.Test FOUND\0" if SIGN in content else b"stream: OK\0")

    def stop(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.server.close()


@pytest.fixture(params=["tcp", "unix"])
def clamd_and_scanner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Clamd, Antivirus]]:
    if request.param == "tcp":
        server = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{server.getsockname()[1]}"
    else:
        address = str(tmp_path / "clamd.ctl")
        server = socket.socket(socket.AF_UNIX)
        server.bind(address)
        server.listen()
    clamd = Clamd(server)
    yield clamd, antivirus_from(Settings.from_env({"IBOLIT_ENV": "test", "CLAMAV": address}))
    clamd.stop()


@pytest.fixture
def clamd(clamd_and_scanner: tuple[Clamd, Antivirus]) -> Clamd:
    return clamd_and_scanner[0]


@pytest.fixture
def scanner(clamd_and_scanner: tuple[Clamd, Antivirus]) -> Antivirus:
    return clamd_and_scanner[1]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        (tmp_path / "arrived").write_bytes(content)
        return tmp_path / "arrived"

    return write


Write = Callable[[bytes], Path]


def test_without_the_setting_nothing_is_asked(tmp_path: Path) -> None:
    scanner = antivirus_from(Settings.from_env({"IBOLIT_ENV": "demo"}))
    assert isinstance(scanner, NoAntivirus)
    scanner.check(tmp_path / "never-opened")


@pytest.mark.parametrize("size", [0, 1, antivirus.PIECE, antivirus.PIECE + 1, 25 * MEGABYTE])
def test_clean_file_passes_and_was_seen_whole(clamd: Clamd, scanner: Antivirus, write: Write, size: int) -> None:
    content = os.urandom(size)
    scanner.check(write(content))
    assert clamd.seen == [content]


@pytest.mark.parametrize("place", [0, antivirus.PIECE - 5, 3 * antivirus.PIECE])
def test_infected_file_is_named_so(clamd: Clamd, scanner: Antivirus, write: Write, place: int) -> None:
    source = write(bytes(place) + SIGN + bytes(1000))
    with pytest.raises(Infected) as found:
        scanner.check(source)
    assert str(found.value) == "", "what it was stays with the scanner"
    assert source.exists(), "what to do with it is the door's business"


def test_file_over_the_scanners_limit_is_not_taken_for_clean(clamd: Clamd, scanner: Antivirus, write: Write) -> None:
    clamd.limit = MEGABYTE
    with pytest.raises(AntivirusFailed):
        scanner.check(write(bytes(20 * MEGABYTE)))
    with pytest.raises(AntivirusFailed, match="size limit exceeded"):  # a little over: its words are not cut off
        scanner.check(write(bytes(MEGABYTE + 1)))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"OK\0",
        b"stream: OK",  # cut off
        b"stream: OK\n",
        b"stream: OK\0stream: OK\0",
        b"stream: Clinic.Test FOUND",
        b"stream: lstat() failed: No such file or directory. ERROR\0",
        b"COMMAND READ TIMED OUT\0",
        b"stream: NOT OK\0",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"x" * 100_000,
    ],
)
def test_anything_but_a_clear_answer_is_a_failure(
    clamd: Clamd, scanner: Antivirus, write: Write, answer: bytes
) -> None:
    clamd.answer = answer
    with pytest.raises(AntivirusFailed):
        scanner.check(write(b"content"))


def test_yes_before_the_end_is_not_believed(write: Write) -> None:
    """It has not seen the file: something else than clamd listens there."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer_and_leave() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(10)
            connection.sendall(b"stream: OK\0")

    thread = threading.Thread(target=answer_and_leave)
    thread.start()
    with pytest.raises(AntivirusFailed):
        ClamAntivirus(f"127.0.0.1:{server.getsockname()[1]}").check(write(bytes(25 * MEGABYTE)))
    thread.join()
    server.close()


def test_silent_scanner_is_not_waited_for(
    clamd: Clamd, scanner: Antivirus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(antivirus, "ANSWER", 0.3)
    clamd.is_silent.set()
    with pytest.raises(AntivirusFailed, match="Timeout"):
        scanner.check(write(b"content"))


def test_scanner_that_drips_is_not_waited_for(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the answer never."""
    monkeypatch.setattr(antivirus, "ANSWER", 0.3)
    server, is_over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            while not is_over.wait(0.05):
                connection.sendall(b"s")

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(AntivirusFailed, match="Timeout"):
        ClamAntivirus(f"127.0.0.1:{server.getsockname()[1]}").check(write(b"content"))
    is_over.set()
    thread.join()
    server.close()


def test_scanner_that_never_stops_talking_is_not_listened_to(write: Write) -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def consultation() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):  # nobody listens any more
            while True:
                connection.sendall(b"x" * 1000)

    thread = threading.Thread(target=consultation)
    thread.start()
    with pytest.raises(AntivirusFailed, match="xxx"):
        ClamAntivirus(f"127.0.0.1:{server.getsockname()[1]}").check(write(b"content"))
    thread.join()
    server.close()


def test_scanner_that_takes_nothing_is_not_waited_for(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(antivirus, "ANSWER", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(AntivirusFailed, match="Timeout"):
        ClamAntivirus(f"127.0.0.1:{server.getsockname()[1]}").check(write(bytes(25 * MEGABYTE)))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "/nowhere/clamd.ctl", "no-such-host.invalid:3310"])
def test_absent_scanner_is_a_failure(write: Write, address: str) -> None:
    with pytest.raises(AntivirusFailed):
        ClamAntivirus(address).check(write(b"content"))


def test_memory_does_not_grow_with_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = socket.socketpair()
    monkeypatch.setattr(ClamAntivirus, "_connect", lambda _self: here)

    def swallow() -> None:
        buffer = bytearray(antivirus.PIECE)
        while there.recv_into(buffer):
            pass

    thread = threading.Thread(target=swallow)
    thread.start()
    source = write(bytes(25 * MEGABYTE))
    monkeypatch.setattr(antivirus, "_receive", lambda *_: b"stream: OK\0")
    tracemalloc.start()
    ClamAntivirus("/clamd.ctl").check(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    thread.join()
    there.close()
    assert peak < MEGABYTE
