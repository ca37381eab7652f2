"""Where files are stored: a folder of this machine, or any S3 provider."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol, Self

from ..config import Settings

PIECE = 64 * 1024  # bytes: what one download holds in memory
ABANDONED = 24 * 60 * 60  # seconds after which a copy that was never finished is nobody's
CONNECT, ANSWER, TRIES = 3, 20, 3  # seconds for an S3 provider, and how often it is asked
DOWNLOADS = 64  # connections to it kept open


class StorageFailed(Exception):
    """The disk is full, the provider is away: nothing is wrong with the file. Says neither names nor keys."""


class Storage(Protocol):
    """Names are ours: random, of letters, digits and hyphens. Whatever is asked may raise StorageFailed."""

    def put(self, name: str, source: Path) -> None:
        """Durable under this name when it returns, and `source` is gone; when it raises, `source` is still there.

        Again with the same name replaces it; who reads the old one reads it to its end.
        """

    def size(self, name: str) -> int:
        """In bytes. Raises FileNotFoundError."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Pieces:
        """The bytes from start to before stop, which lie inside. Raises FileNotFoundError before the first piece."""

    def delete(self, name: str) -> None:
        """What is not there is gone already."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class Pieces:
    """One reading, piece by piece. Who leaves early, or never begins, closes it; WSGI servers do."""

    def __init__(self, source: Readable, left: int, failures: Callable[[], AbstractContextManager[None]]) -> None:
        self._source, self._left, self._failures = source, left, failures

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._left <= 0:
            self.close()
            raise StopIteration
        with self._failures():
            piece = self._source.read(min(PIECE, self._left))
        if not piece:
            raise StorageFailed("ended early")
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._left = 0
        self._source.close()


class FolderStorage:
    """The embedded default."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.copies = folder / ".copies"

    def put(self, name: str, source: Path) -> None:
        target = self._path(name)
        with _failures():
            for folder in (self.folder, target.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _fsync(source)
            try:
                source.replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy(source, target)
            for folder in (target.parent, self.folder, self.folder.parent):  # as new as the file, perhaps
                _fsync(folder)

    def size(self, name: str) -> int:
        with _failures():
            return self._path(name).stat().st_size

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Pieces:
        with _failures():
            file = self._path(name).open("rb", buffering=0)
            file.seek(start)
            size = os.fstat(file.fileno()).st_size
        return Pieces(file, (size if stop is None else min(stop, size)) - start, _failures)

    def delete(self, name: str) -> None:
        with _failures(), suppress(FileNotFoundError):
            self._path(name).unlink()

    def _copy(self, source: Path, target: Path) -> None:
        """From another disk: it has a name of its own until it is whole."""
        self.copies.mkdir(mode=0o700, exist_ok=True)
        self._purge_abandoned()
        copy = self.copies / secrets.token_hex(8)
        try:
            shutil.copyfile(source, copy)
            _fsync(copy)
            copy.replace(target)
        except OSError:
            copy.unlink(missing_ok=True)
            raise
        source.unlink()

    def _purge_abandoned(self) -> None:
        for path in self.copies.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - ABANDONED:
                    path.unlink()

    def _path(self, name: str) -> Path:
        return self.folder / _checked(name)[:2] / name


class S3Storage:
    """Any provider of the protocol: Yandex Object Storage, VK Cloud, MinIO in the clinic's own rooms."""

    def __init__(self, settings: Settings) -> None:
        """boto3 costs 40 MB of memory: only a clinic that uses it imports it. A client of it is for all threads."""
        import boto3.exceptions
        import boto3.s3.transfer
        import botocore.config
        import botocore.exceptions
        import urllib3.exceptions

        session = boto3.session.Session(settings.s3_key, settings.s3_secret, region_name=settings.s3_region)
        config = botocore.config.Config(
            connect_timeout=CONNECT,
            read_timeout=ANSWER,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            max_pool_connections=DOWNLOADS,
            # Private endpoints have one name for all buckets, and few providers know Amazon's newer checksums; what
            # all of them verify is the signature, so the SHA-256 of every body is signed.
            s3={"addressing_style": "path", "payload_signing_enabled": True},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self._bucket = settings.s3_bucket
        self._client = session.client("s3", endpoint_url=settings.s3_endpoint, config=config)
        self._transfer = boto3.s3.transfer.TransferConfig(use_threads=False, preferred_transfer_client="classic")
        self._refusal = botocore.exceptions.ClientError
        self._errors = (
            boto3.exceptions.Boto3Error,
            botocore.exceptions.BotoCoreError,
            urllib3.exceptions.HTTPError,
            OSError,
            KeyError,  # an answer without what belongs into it: no S3 answers there
        )

    def put(self, name: str, source: Path) -> None:
        size = source.stat().st_size
        with self._failures():
            self._client.upload_file(str(source), self._bucket, _checked(name), Config=self._transfer)
        with suppress(FileNotFoundError):
            if self.size(name) == size:
                source.unlink(missing_ok=True)
                return
        raise StorageFailed("kept something else")

    def size(self, name: str) -> int:
        with self._failures():
            return int(self._client.head_object(Bucket=self._bucket, Key=_checked(name))["ContentLength"])

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Pieces:
        span = f"bytes={start}-{'' if stop is None else stop - 1}"
        wanted = {"Range": span} if start or stop is not None else {}
        with self._failures():
            answer = self._client.get_object(Bucket=self._bucket, Key=_checked(name), **wanted)
            pieces = Pieces(answer["Body"], answer["ContentLength"], self._failures)
        if wanted and "ContentRange" not in answer:
            pieces.close()
            raise StorageFailed("does not know ranges")
        return pieces

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError), self._failures():
            self._client.delete_object(Bucket=self._bucket, Key=_checked(name))

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except self._refusal as refusal:
            code = refusal.response["Error"]["Code"]
            if code in ("NoSuchKey", "404"):
                raise FileNotFoundError(errno.ENOENT, "not in the storage") from None
            raise StorageFailed(code) from None
        except self._errors as error:
            raise StorageFailed(type(error).__name__) from None


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "not in the storage") from None
    except OSError as error:
        raise StorageFailed(type(error).__name__) from None


def _checked(name: str) -> str:
    if not re.fullmatch("[A-Za-z0-9-]{2,100}", name):
        raise ValueError("not a name of ours")
    return name


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def storage_from(settings: Settings) -> Storage:
    return S3Storage(settings) if settings.storage_backend == "s3" else FolderStorage(settings.data / "files")
