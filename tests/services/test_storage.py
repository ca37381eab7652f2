"""Every storage keeps one contract; S3 answers from this machine."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3

from ibolit.config import Settings
from ibolit.services import storage as storages
from ibolit.services.storage import PIECE, FolderStorage, S3Storage, Storage, StorageFailed, storage_from

NAME = "0123456789abcdef0123456789abcdef"
KEY, SECRET = "the-clinics-key-id", "the-clinics-secret-key"
MEGABYTE = 1024 * 1024
CONTENT = os.urandom(3 * PIECE + 1000)
ROOT = Path(__file__).parent.parent.parent

MOTO = """
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
print(server.port, flush=True)
server.serve_forever()
"""


class Provider:
    """moto's S3 server: a process, so that it can be killed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", MOTO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def settings_of(url: str, **values: str) -> Settings:
    settings = Settings.from_env(
        {
            "IBOLIT_ENV": "test",
            "STORAGE_BACKEND": "s3",
            "S3_ENDPOINT": url,
            "S3_BUCKET": "clinic",
            "S3_KEY": KEY,
            "S3_SECRET": SECRET,
        }
    )
    return replace(settings, **values)


def in_bucket(url: str) -> S3Storage:
    storage = storage_from(settings_of(url))
    assert isinstance(storage, S3Storage)
    storage._client.create_bucket(
        Bucket="clinic", CreateBucketConfiguration={"LocationConstraint": storage._client.meta.region_name}
    )
    return storage


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Storage]:
    with pytest.MonkeyPatch.context() as direct:
        direct.setenv("NO_PROXY", "127.0.0.1")
        provider = Provider()
        storage = in_bucket(provider.url)
        yield storage
        storage._client.close()
        provider.stop()


@pytest.fixture
def mortal() -> Iterator[tuple[Provider, S3Storage]]:
    """A provider that this test will kill."""
    with pytest.MonkeyPatch.context() as direct:
        direct.setenv("NO_PROXY", "127.0.0.1")
        provider = Provider()
        storage = in_bucket(provider.url)
        yield provider, storage
        storage._client.close()
        provider.stop()


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    (tmp_path / "clinic").mkdir()
    return FolderStorage(tmp_path / "clinic" / "files")


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    storage: Storage = request.getfixturevalue(request.param)
    yield storage
    storage.delete(NAME)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """A file that has arrived."""

    def write(content: bytes) -> Path:
        path = tmp_path / f"arrived-{time.monotonic_ns()}"
        path.write_bytes(content)
        return path

    return write


Write = Callable[[bytes], Path]


# The contract


def test_what_was_put_is_read(storage: Storage, write: Write) -> None:
    source = write(CONTENT)
    storage.put(NAME, source)
    assert not source.exists()
    assert storage.size(NAME) == len(CONTENT)
    pieces = list(storage.read(NAME))
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= PIECE


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 1), (0, PIECE), (1, PIECE + 2), (PIECE, None), (len(CONTENT) - 1, None), (0, len(CONTENT)), (100, 10**9)],
)
def test_part_is_read_to_the_byte(storage: Storage, write: Write, start: int, stop: int | None) -> None:
    storage.put(NAME, write(CONTENT))
    assert b"".join(storage.read(NAME, start, stop)) == CONTENT[start:stop]


def test_file_of_no_bytes(storage: Storage, write: Write) -> None:
    storage.put(NAME, write(b""))
    assert storage.size(NAME) == 0
    assert list(storage.read(NAME)) == []


def test_same_name_is_replaced(storage: Storage, write: Write) -> None:
    storage.put(NAME, write(b"first"))
    reading = storage.read(NAME)
    storage.put(NAME, write(b"second"))
    assert (b"".join(reading), b"".join(storage.read(NAME))) == (b"first", b"second")
    assert storage.size(NAME) == 6


def test_deleted_is_gone(storage: Storage, write: Write) -> None:
    storage.put(NAME, write(b"wrong"))
    storage.delete(NAME)
    storage.delete(NAME)
    for ask in (storage.size, storage.read):
        with pytest.raises(FileNotFoundError) as absence:
            ask(NAME)
        assert NAME not in str(absence.value)


def test_variants_are_files_of_their_own(storage: Storage, write: Write) -> None:
    storage.put(NAME, write(b"original"))
    storage.put(f"{NAME}-shown", write(b"shown"))
    storage.delete(NAME)
    assert b"".join(storage.read(f"{NAME}-shown")) == b"shown"
    storage.delete(f"{NAME}-shown")


def test_reader_may_leave_early_or_never_begin(storage: Storage, write: Write) -> None:
    """An unclosed file or connection is a warning, and warnings are errors."""
    storage.put(NAME, write(CONTENT))
    reading = storage.read(NAME)
    assert next(reading) == CONTENT[:PIECE]
    reading.close()
    reading.close()
    assert list(reading) == []
    storage.read(NAME).close()
    assert b"".join(storage.read(NAME)) == CONTENT


def test_memory_does_not_grow_with_the_file(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(os.urandom(MEGABYTE) * 25)
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    storage.put(f"{NAME}-warm", shutil.copy(source, tmp_path / "warm"))  # what is loaded once is not the file's
    storage.delete(f"{NAME}-warm")
    arrived = hashlib.sha256()
    tracemalloc.start()
    storage.put(NAME, source)
    for piece in storage.read(NAME):
        arrived.update(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert arrived.hexdigest() == digest
    assert storage.size(NAME) == 25 * MEGABYTE
    assert peak < 5 * MEGABYTE


def test_twenty_read_at_once(storage: Storage, write: Write, caplog: pytest.LogCaptureFixture) -> None:
    content = os.urandom(MEGABYTE)
    storage.put(NAME, write(content))
    together = threading.Barrier(20)

    def read(number: int) -> bytes:
        reading = storage.read(NAME, number)
        together.wait(20)
        return b"".join(reading)

    with ThreadPoolExecutor(20) as readers:
        for number, got in enumerate(readers.map(read, range(20))):
            assert got == content[number:]
    assert "pool is full" not in caplog.text


def test_two_put_one_name_at_once(storage: Storage, write: Write) -> None:
    contents = [bytes([number]) * PIECE for number in range(8)]
    together = threading.Barrier(8)

    def put(content: bytes) -> None:
        source = write(content)
        together.wait(20)
        storage.put(NAME, source)

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(put, contents))
    assert b"".join(storage.read(NAME)) in contents


@pytest.mark.parametrize(
    "name",
    ["", "x", ".", "..", "../ibolit.db", "aa/bb", "/etc/passwd", f"{NAME}\n", ".part", "a\0b", "x" * 101, "ключ"],
)
def test_names_are_ours(storage: Storage, write: Write, name: str) -> None:
    source = write(b"content")
    uses = (lambda: storage.put(name, source), lambda: storage.size(name), lambda: storage.read(name),
            lambda: storage.delete(name))  # fmt: skip
    for use in uses:
        with pytest.raises(ValueError, match="name"):
            use()
    assert source.exists()


# The folder


def test_settings_choose_the_folder(tmp_path: Path) -> None:
    storage = storage_from(Settings.from_env({"IBOLIT_ENV": "demo", "IBOLIT_DATA": str(tmp_path)}))
    assert isinstance(storage, FolderStorage)
    assert storage.folder == tmp_path / "files"


def test_folder_is_the_clinics_alone(folder: FolderStorage, write: Write) -> None:
    folder.put(NAME, write(b"secret"))
    assert folder.folder.stat().st_mode & 0o077 == 0


@pytest.fixture
def other_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives lies on another disk than the files: it cannot be renamed, only copied."""
    really = Path.replace

    def from_another(self: Path, target: Path) -> Path:
        if self.parent == tmp_path:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return really(self, target)

    monkeypatch.setattr(Path, "replace", from_another)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Each fsync and rename, in their order, by the path."""
    steps, fsync, rename = [], os.fsync, Path.replace

    def note_fsync(handle: int) -> None:
        steps.append(("fsync", os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def note_rename(self: Path, target: Path) -> Path:
        renamed = rename(self, target)
        steps.append(("rename", str(self)))
        return renamed

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_rename)
    return steps


def test_power_may_fail_after_put(folder: FolderStorage, write: Write, steps: list[tuple[str, str]]) -> None:
    """The bytes, then the name, then every folder that may have been made for it."""
    source = write(CONTENT)
    folder.put(NAME, source)
    folders = [folder.folder / "01", folder.folder, folder.folder.parent]
    assert steps == [("fsync", str(source)), ("rename", str(source)), *(("fsync", str(path)) for path in folders)]


def test_file_from_another_disk_is_whole_before_it_has_its_name(
    folder: FolderStorage, write: Write, other_disk: None, steps: list[tuple[str, str]]
) -> None:
    source = write(CONTENT)
    folder.put(NAME, source)
    assert not source.exists()
    assert b"".join(folder.read(NAME)) == CONTENT
    copies = [(step, path) for step, path in steps if path.startswith(str(folder.copies))]
    assert [step for step, _ in copies] == ["fsync", "rename"]
    assert steps.index(copies[-1]) < steps.index(("fsync", str(folder.folder / "01")))
    assert list(folder.copies.iterdir()) == []


def test_copy_of_a_killed_server_is_swept_away(folder: FolderStorage, write: Write, other_disk: None) -> None:
    folder.put(NAME, write(b"first"))
    (folder.copies / "old").write_bytes(b"half")
    (folder.copies / "young").write_bytes(b"on its way")
    os.utime(folder.copies / "old", (0, 0))
    folder.put(NAME, write(b"second"))
    assert [path.name for path in folder.copies.iterdir()] == ["young"]


@pytest.mark.parametrize(("disk", "step"), [("same", "fsync"), ("other", "fsync"), ("other", "copyfile")])
def test_full_disk_leaves_the_source_and_what_was_there(
    folder: FolderStorage,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    disk: str,
    step: str,
) -> None:
    folder.put(NAME, write(b"first"))
    source = write(b"second")
    if disk == "other":
        request.getfixturevalue("other_disk")

    def full(*paths: object) -> None:
        if step == "copyfile":
            Path(str(paths[1])).write_bytes(b"sec")
        raise OSError(errno.ENOSPC, "No space left on device", f"/srv/ibolit/files/{NAME}")

    with monkeypatch.context() as broken:
        broken.setattr(os if step == "fsync" else shutil, step, full)
        with pytest.raises(StorageFailed) as failure:
            folder.put(NAME, source)
    assert NAME not in str(failure.value)
    assert failure.value.__suppress_context__
    assert source.read_bytes() == b"second"
    assert b"".join(folder.read(NAME)) == b"first"
    assert not folder.copies.exists() or list(folder.copies.iterdir()) == []


def test_folder_that_cannot_be_used_is_a_failure(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").touch()
    storage = FolderStorage(tmp_path / "file")
    source = write(b"content")
    uses = (lambda: storage.put(NAME, source), lambda: storage.size(NAME), lambda: storage.read(NAME),
            lambda: storage.delete(NAME))  # fmt: skip
    for use in uses:
        with pytest.raises(StorageFailed):
            use()
    assert source.exists()


def test_file_cut_short_is_not_passed_off_as_whole(folder: FolderStorage, write: Write) -> None:
    folder.put(NAME, write(CONTENT))
    reading = folder.read(NAME)
    next(reading)
    os.truncate(folder.folder / "01" / NAME, PIECE)
    with pytest.raises(StorageFailed):
        list(reading)
    reading.close()


# S3


def test_clinic_without_s3_never_loads_it(tmp_path: Path) -> None:
    program = """
import sys
from ibolit import create_app
create_app({"IBOLIT_ENV": "demo", "IBOLIT_DATA": sys.argv[1]})
print([name for name in ("boto3", "botocore", "s3transfer") if name in sys.modules])
"""
    said = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert said.stdout == "[]\n", said.stderr


def test_large_file_goes_in_parts_and_every_body_is_signed(s3: S3Storage, write: Write) -> None:
    """The provider refuses a body that does not match its signature: what was damaged on its way is not stored."""
    sent = []

    def note(request: object, **_: object) -> None:
        sent.append((request.method, request.headers["X-Amz-Content-SHA256"].decode(), dict(request.headers)))

    s3._client.meta.events.register("before-send.s3", note)
    content = os.urandom(9 * MEGABYTE)
    try:
        s3.put(NAME, write(content))
    finally:
        s3._client.meta.events.unregister("before-send.s3", note)
    bodies = [digest for method, digest, _ in sent if method == "PUT"]
    assert bodies == [hashlib.sha256(part).hexdigest() for part in (content[: 8 * MEGABYTE], content[8 * MEGABYTE :])]
    assert "aws-chunked" not in str(sent)
    assert "x-amz-checksum" not in str(sent).lower(), "few providers know it"
    s3.delete(NAME)


def test_bodies_are_signed_over_tls_too() -> None:
    storage = S3Storage(settings_of("https://s3.example"))

    class Caught(Exception):
        pass

    def catch(request: object, **_: object) -> None:
        raise Caught(request.headers["X-Amz-Content-SHA256"].decode(), request.url)

    storage._client.meta.events.register("before-send.s3.PutObject", catch)
    with pytest.raises(Caught) as caught:
        storage._client.put_object(Bucket="clinic", Key=NAME, Body=b"content")
    assert caught.value.args == (hashlib.sha256(b"content").hexdigest(), f"https://s3.example/clinic/{NAME}")


def test_fifty_downloads_have_a_connection_each(s3: S3Storage) -> None:
    assert s3._client.meta.config.max_pool_connections >= 50


def test_file_that_is_not_there_is_not_sent(s3: S3Storage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        s3.put(NAME, tmp_path / "never-arrived")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits in proportion: nobody waits a minute for a test."""
    monkeypatch.setattr(storages, "CONNECT", 0.3)
    monkeypatch.setattr(storages, "ANSWER", 0.3)
    monkeypatch.setattr(storages, "TRIES", 2)


def uses_of(storage: S3Storage, source: Path) -> list[Callable[[], object]]:
    return [
        lambda: storage.put(NAME, source),
        lambda: storage.size(NAME),
        lambda: storage.read(NAME),
        lambda: storage.delete(NAME),
    ]


def assert_fails(storage: S3Storage, source: Path, caplog: pytest.LogCaptureFixture, most_seconds: float) -> None:
    """Soon, softly and without telling anybody what must not be told."""
    with caplog.at_level(logging.INFO):
        for use in uses_of(storage, source):
            began = time.monotonic()
            with pytest.raises(StorageFailed) as failure:
                use()
            assert time.monotonic() - began < most_seconds
            assert failure.value.__suppress_context__
            for private in (NAME, KEY, SECRET):
                assert private not in str(failure.value)
                assert private not in caplog.text
    assert source.exists(), "it is worth repeating"


def test_stopped_provider_is_a_failure(
    mortal: tuple[Provider, S3Storage], write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    provider, storage = mortal
    storage.put(NAME, write(os.urandom(25 * MEGABYTE)))
    reading = storage.read(NAME)
    next(reading)
    provider.stop()
    with pytest.raises(StorageFailed):
        list(reading)
    reading.close()
    assert_fails(storage, write(b"content"), caplog, 10)


def test_silent_provider_is_not_waited_for(
    impatient: None, write: Write, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = S3Storage(settings_of(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        assert_fails(storage, write(b"content"), caplog, 10)
        storage._client.close()


class Stranger:
    """Answers every request with the same bytes, whatever was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.asked = answer, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:  # stopped
                return
            self.asked += 1
            with connection:
                connection.recv(65536)
                connection.sendall(self.answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    def stop(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.server.close()


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], S3Storage]]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = []

    def answers(answer: bytes) -> S3Storage:
        made.append(Stranger(answer))
        return S3Storage(settings_of(made[-1].url))

    yield answers
    for one in made:
        one.stop()


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 503 Slow Down\r\n\r\n", b"HTTP/1.1 403 No\r\n\r\n<html>"]
)
def test_what_is_no_storage_is_a_failure(
    stranger: Callable[[bytes], S3Storage], write: Write, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    assert_fails(stranger(answer), write(b"content"), caplog, 20)


@pytest.mark.parametrize("size", [7, 9 * MEGABYTE])
def test_polite_page_is_not_taken_for_a_stored_file(
    stranger: Callable[[bytes], S3Storage], write: Write, size: int
) -> None:
    storage = stranger(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    source = write(bytes(size))
    with pytest.raises(StorageFailed):
        storage.put(NAME, source)
    assert source.exists()
    with pytest.raises(StorageFailed):
        storage.read(NAME, 1, 2)


def test_tired_provider_is_asked_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    tired = Stranger(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    with pytest.raises(StorageFailed):
        S3Storage(settings_of(tired.url)).size(NAME)
    assert tired.asked == storages.TRIES
    tired.stop()


@pytest.mark.parametrize("error", [urllib3.exceptions.SSLError("bad record"), ConnectionResetError("peer")])
def test_connection_that_breaks_in_the_middle_is_a_failure(s3: S3Storage, error: Exception) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise error

    reading = storages.Pieces(Broken(), 100, s3._failures)
    with pytest.raises(StorageFailed):
        next(reading)


def test_answer_cut_short_is_not_passed_off_as_whole(stranger: Callable[[bytes], S3Storage]) -> None:
    reading = stranger(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello").read(NAME)
    with pytest.raises(StorageFailed):
        list(reading)
    reading.close()


def test_absent_bucket_is_a_failure_not_an_absent_file(s3: S3Storage, write: Write) -> None:
    elsewhere = S3Storage(settings_of(s3._client.meta.endpoint_url, s3_bucket="nobodys"))
    source = write(b"content")
    for use in (lambda: elsewhere.put(NAME, source), lambda: elsewhere.read(NAME)):
        with pytest.raises(StorageFailed, match=r"NoSuchBucket|S3UploadFailed"):
            use()
    elsewhere._client.close()
