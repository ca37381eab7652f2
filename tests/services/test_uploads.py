"""What has arrived stays: through lost networks, killed servers, full disks and impatient people."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ibolit.services import clock, uploads
from ibolit.services.uploads import PIECE, Busy, DiskFailed, Dropped, Part, Uploads

KEY = "0123456789abcdef0123456789abcdef"
MEGABYTE = 1024 * 1024
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def parts(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "clinic" / "uploads")


@pytest.fixture
def later() -> Iterator[None]:
    clock.shift(timedelta(days=2).total_seconds())
    yield
    clock.shift(0)


def arrived(parts: Uploads) -> bytes:
    return (parts.folder / KEY).read_bytes()


def append(parts: Uploads, content: bytes, most: int = 25 * MEGABYTE) -> None:
    with parts.hold(KEY) as part:
        part.append(io.BytesIO(content), most)


def test_part_grows_where_it_ended(parts: Uploads) -> None:
    assert parts.size(KEY) == 0
    append(parts, b"first ")
    assert parts.size(KEY) == 6
    append(parts, b"second")
    with parts.hold(KEY) as part:
        assert part.size == parts.size(KEY) == 12
        assert part.path.read_bytes() == b"first second"
        assert part.digest() == hashlib.sha256(b"first second").hexdigest()
        part.append(io.BytesIO(b"!"), 1)
        assert part.digest() == hashlib.sha256(b"first second!").hexdigest()


@pytest.mark.parametrize("most", [0, 1, PIECE, PIECE + 1])
def test_no_more_is_taken_than_was_asked_for(parts: Uploads, most: int) -> None:
    source = io.BytesIO(b"x" * 3 * PIECE)
    with parts.hold(KEY) as part:
        part.append(source, most)
        assert part.size == most
    assert source.tell() == most, "the rest is somebody else's: a next request's on the same connection"


class LostNetwork(io.RawIOBase):
    """Gives so many bytes, then nothing ever again."""

    def __init__(self, content: bytes) -> None:
        self.content = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        piece = self.content.read(size)
        if not piece:
            raise ConnectionResetError
        return piece


def test_what_came_before_the_network_broke_is_kept(parts: Uploads) -> None:
    content = os.urandom(2 * PIECE + 1000)
    with pytest.raises(ConnectionResetError), parts.hold(KEY) as part:
        part.append(LostNetwork(content), len(content) * 2)
    assert arrived(parts) == content
    append(parts, b"the rest")
    assert arrived(parts) == content + b"the rest"


def test_what_is_acknowledged_is_on_the_disk(parts: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    really = os.fsync

    def note(handle: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{handle}"), os.fstat(handle).st_size))
        really(handle)

    monkeypatch.setattr(os, "fsync", note)
    append(parts, b"x" * 100)
    assert (str(parts.folder / KEY), 100) in synced
    assert str(parts.folder) in [path for path, _ in synced], "a new name may vanish without it"


def test_memory_does_not_grow_with_the_file(parts: Uploads) -> None:
    content = os.urandom(MEGABYTE)

    class Body:
        left = 25

        def read(self, size: int) -> bytes:
            self.left -= size / MEGABYTE
            return content[:size] if self.left >= 0 else b""

    tracemalloc.start()
    with parts.hold(KEY) as part:
        part.append(Body(), 25 * MEGABYTE)
        part.digest()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parts.size(KEY) == 25 * MEGABYTE
    assert peak < MEGABYTE


# Two at once


def test_second_holder_is_told_to_wait(parts: Uploads) -> None:
    with parts.hold(KEY) as part:
        with pytest.raises(Busy), parts.hold(KEY):
            pass
        with parts.hold("another") as another:
            another.append(io.BytesIO(b"not mine"), 100)
        part.append(io.BytesIO(b"mine"), 100)
    with parts.hold(KEY) as part:
        assert part.size == 4


def test_hold_ends_with_a_failed_request(parts: Uploads) -> None:
    with pytest.raises(ZeroDivisionError), parts.hold(KEY):
        raise ZeroDivisionError
    append(parts, b"again")
    assert arrived(parts) == b"again"


def test_part_dropped_in_the_middle_takes_no_more(parts: Uploads) -> None:
    class Cancelled:
        reads = 0

        def read(self, size: int) -> bytes:
            self.reads += 1
            if self.reads == 3:
                parts.drop(KEY)
            assert self.reads < 5, "nobody wants this file any more"
            return b"x" * size

    with pytest.raises(Dropped), parts.hold(KEY) as part:
        part.append(Cancelled(), 25 * MEGABYTE)
    assert parts.size(KEY) == 0
    assert list(parts.folder.iterdir()) == []


def test_part_dropped_after_its_last_piece_is_not_taken_for_whole(parts: Uploads) -> None:
    class Cancelled:
        def read(self, size: int) -> bytes:
            parts.drop(KEY)
            return b""

    with pytest.raises(Dropped), parts.hold(KEY) as part:
        part.append(Cancelled(), 100)


def test_dropped_key_begins_anew(parts: Uploads) -> None:
    with parts.hold(KEY) as old:
        old.append(io.BytesIO(b"old"), 100)
        parts.drop(KEY)
        with parts.hold(KEY) as new:
            new.append(io.BytesIO(b"anew"), 100)
        assert old.digest() == hashlib.sha256(b"old").hexdigest()
    assert arrived(parts) == b"anew"
    parts.drop(KEY)
    parts.drop(KEY)
    assert parts.size(KEY) == 0


@pytest.mark.parametrize("becomes", ["dropped", "stored"])
def test_late_holder_never_writes_to_what_has_left(
    parts: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    """The part leaves between the second request's open() and its flock()."""
    append(parts, b"whole")
    really, stored = uploads.fcntl.flock, tmp_path / "stored"

    def leave_first(file: object, how: int) -> None:
        monkeypatch.setattr(uploads.fcntl, "flock", really)
        (parts.folder / KEY).rename(stored) if becomes == "stored" else parts.drop(KEY)
        really(file, how)

    monkeypatch.setattr(uploads.fcntl, "flock", leave_first)
    append(parts, b"late")
    assert arrived(parts) == b"late"
    assert becomes == "dropped" or stored.read_bytes() == b"whole"


# Killed servers and full disks


def child(program: str, *args: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_killed_server_keeps_what_it_acknowledged(parts: Uploads) -> None:
    content = os.urandom(3 * PIECE)
    server = child(
        """
        import sys
        from pathlib import Path
        from ibolit.services.uploads import PIECE, Uploads

        class Network:
            def read(self, size):
                print("reads", flush=True)
                return sys.stdin.buffer.read(size)

        with Uploads(Path(sys.argv[1])).hold(sys.argv[2]) as part:
            part.append(Network(), PIECE)
            print("acknowledged", part.size, flush=True)
            part.append(Network(), 10 * PIECE)
        """,
        parts.folder,
        KEY,
    )
    assert server.stdin
    assert server.stdout
    server.stdin.write(content)
    server.stdin.flush()
    said = [server.stdout.readline() for _ in range(5)]  # it has written all three pieces when it asks for a fourth
    assert said == [b"reads\n", b"acknowledged %d\n" % PIECE, b"reads\n", b"reads\n", b"reads\n"]
    with pytest.raises(Busy), parts.hold(KEY):
        pass
    server.send_signal(signal.SIGKILL)
    server.communicate()
    assert arrived(parts) == content
    append(parts, b"the rest")
    assert arrived(parts) == content + b"the rest"


def test_full_disk_keeps_what_fitted(parts: Uploads) -> None:
    """A process that may write no file beyond a limit sees what a full disk shows: a short write, then an error."""
    most = 2 * PIECE + 1000
    server = child(
        """
        import resource, sys
        from pathlib import Path
        from ibolit.services.uploads import DiskFailed, Uploads

        most = int(sys.argv[3])
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            with Uploads(Path(sys.argv[1])).hold(sys.argv[2]) as part:
                part.append(sys.stdin.buffer, 10 * most)
        except DiskFailed:
            print(Uploads(Path(sys.argv[1])).size(sys.argv[2]))
        """,
        parts.folder,
        KEY,
        most,
    )
    content = os.urandom(2 * most)
    said, _ = server.communicate(content)
    assert said == b"%d\n" % most
    assert arrived(parts) == content[:most]
    append(parts, content[most:])
    assert arrived(parts) == content


def test_piece_that_is_taken_bit_by_bit_is_taken_whole(tmp_path: Path) -> None:
    class Stingy(io.FileIO):
        def write(self, data: Any) -> int:
            return super().write(data[:1000])

    content = os.urandom(PIECE)
    with Stingy(tmp_path / KEY, "ab+") as file:
        Part(tmp_path / KEY, file).append(io.BytesIO(content), PIECE)
    assert (tmp_path / KEY).read_bytes() == content


def test_disk_that_cannot_keep_what_it_took_is_not_believed(parts: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    append(parts, b"kept")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/srv/ibolit/uploads/key")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(DiskFailed) as failure:
            append(parts, b"lost")
    assert arrived(parts) == b"kept"
    assert "key" not in str(failure.value)
    append(parts, b" again")
    assert arrived(parts) == b"kept again"


def test_folder_that_cannot_be_used_is_a_failure_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    parts = Uploads(tmp_path / "file")
    for use in (lambda: append(parts, b""), lambda: parts.size(KEY), lambda: parts.drop(KEY)):
        with pytest.raises(DiskFailed):
            use()


# What nobody continues


def test_what_nobody_continues_is_forgotten(parts: Uploads, later: None) -> None:
    append(parts, b"old")  # two days ago, by the clock
    with parts.hold("young") as young:
        young.append(io.BytesIO(b"young"), 100)
    (parts.folder / "work").mkdir()
    (parts.folder / "work" / "shown.jpg").write_bytes(b"left by a killed server")
    soon = clock.now().timestamp() - 3600
    os.utime(parts.folder / "young", (soon, soon))
    parts.purge(timedelta(days=1))
    assert [path.name for path in parts.folder.iterdir()] == ["young"]


def test_nothing_is_forgotten_before_anything_came(parts: Uploads) -> None:
    parts.purge(timedelta())
    assert not parts.folder.exists()


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../ibolit.db", "a/b", "/etc/passwd", "key\n", "a\0b", ".part", "x" * 101, "ключ"]
)
def test_keys_are_ours(parts: Uploads, key: str) -> None:
    for use in (lambda: parts.size(key), lambda: parts.drop(key), lambda: parts.hold(key).__enter__()):
        with pytest.raises(ValueError, match="key"):
            use()
    assert not parts.folder.exists()


def test_parts_are_the_clinics_alone(parts: Uploads) -> None:
    append(parts, b"secret")
    assert parts.folder.stat().st_mode & 0o077 == 0


def test_part_is_what_a_request_needs(parts: Uploads) -> None:
    with parts.hold(KEY) as part:
        assert isinstance(part, Part)
        assert not os.get_inheritable(part._file.fileno()), "a decoder that lives on would hold the part with us"
