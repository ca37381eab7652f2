"""The whole clinic in one archive, while it runs: first the database as of one moment, then every file it names.

A message is committed after its files are stored, and nothing that was sent is ever deleted: so whatever the copied
database names is still there when its turn comes. The archive is a gzipped tar: `clinic.json` (whose it is),
`database`, `push-key` if there is one, `files/<name>` and, last, `checksums.json`, without which it is not whole.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self

from flask import current_app
from sqlalchemy import Connection, inspect, select

from ..config import VERSION, current_settings
from ..database import heads_of_code, heads_of_tables, read_only
from ..extensions import db
from ..models import DatabaseMark, StoredFile, User, stored_files
from ..services import clock, current_services
from ..services.codes import fingerprint
from ..services.push import KEY_FILE, keep_key
from ..services.storage import Storage, StorageFailed
from . import folder_lock
from .dumps import DumpFailed, dump_for

FORMAT = 1
MANIFEST, DATABASE, SUMS = "clinic.json", "database", "checksums.json"
ONE_OF_EACH = (DATABASE, KEY_FILE)
FILES = "files/"
OURS = re.compile(r"files/[A-Za-z0-9-]{2,100}")
SMALL = 256 * 1024 * 1024  # bytes a list of checksums may have; a million files are 110 MB
NAMED_BY_DATE = "ibolit-*.tar.gz"
WORKPLACES = ("backup-*", "restore-*")
PACKED_BY = {  # by its first bytes
    b"\x28\xb5\x2f\xfd": "zstd: unpack it first (zstd -d)",
    b"\xfd7zXZ": "xz: unpack it first (xz -d)",
    b"BZh": "bzip2: unpack it first (bzip2 -d)",
    b"PK\x03\x04": "zip: unpack it first",
    b"age-encryption.org/": "age: decrypt it first (age -d)",
    b"\x85": "gpg: decrypt it first (gpg -d)",
    b"-----BEGIN ": "age or gpg: decrypt it first",
}
DAMAGED = (tarfile.TarError, EOFError, zlib.error, UnicodeDecodeError, ValueError)


class BackupFailed(Exception):
    """One sentence for the operator: what is wrong and what to do."""


@dataclass(frozen=True)
class Manifest:
    """Whose archive it is, and which program can read it."""

    format: int
    version: str
    heads: list[str]
    database: str
    is_demo: bool
    made_at: str
    key: str  # what the secret key makes of one word: under another one nobody stays signed in

    @classmethod
    def of_this_clinic(cls, connection: Connection) -> Self:
        return cls(
            format=FORMAT,
            version=VERSION,
            heads=heads_of_tables(connection),
            database=db.engine.dialect.name,
            is_demo=_is_demo(connection),
            made_at=clock.now().isoformat(timespec="seconds"),
            key=_key(),
        )

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Raises BackupFailed for what another program has written."""
        said = json.loads(text)
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise BackupFailed("this is no backup that this version can read")
        try:
            return cls(**said)
        except TypeError:
            raise BackupFailed("this is no backup that this version can read") from None


@dataclass
class Report:
    """What was copied. `missing`: files that messages name and the storage does not have."""

    files: int = 0
    size: int = 0
    missing: int = 0
    other_key: bool = False


# Backup


def back_up(target: Path) -> tuple[Path, Report]:
    """To a new file, or into a folder under a name of the moment. Raises BackupFailed; then nothing is left behind."""
    path = target / f"ibolit-{clock.now():%Y-%m-%dT%H-%M-%SZ}.tar.gz" if target.is_dir() else target
    if path.exists():
        raise BackupFailed(f"{path} is there already: name another file")
    if target.is_dir():
        _clear(target.glob(f".{NAMED_BY_DATE}.partial"))
    partial = path.with_name(f".{path.name}.partial")
    try:
        with _opened_new(partial) as file:
            report = write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BackupFailed(f"{path} cannot be written: {error.strerror or type(error).__name__}") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path, report


def write(file: IO[bytes]) -> Report:
    """The archive, as a stream. Raises BackupFailed, or OSError of the file."""
    report = Report()
    with _workplace("backup-") as folder:
        manifest, dump, named = _moment(folder)
        with (
            gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=1) as packed,  # photos get no smaller
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            sums = {MANIFEST: _add(tar, MANIFEST, json.dumps(asdict(manifest)).encode())}
            with dump.open("rb") as source:
                sums[DATABASE] = _add_stream(tar, DATABASE, dump.stat().st_size, source.read)
            report.size += dump.stat().st_size
            dump.unlink()
            if (key := current_settings.data / KEY_FILE).exists():
                sums[KEY_FILE] = _add(tar, KEY_FILE, key.read_bytes())
            for one in named:
                sum_ = _add_stored(tar, one, current_services.storage, report)
                if sum_:
                    sums[FILES + one.name] = sum_
            _add(tar, SUMS, json.dumps(sums).encode())
    return report


@contextmanager
def _workplace(prefix: str) -> Iterator[Path]:
    """A folder beside the clinic's own, ours as long as this process lives."""
    clear_leftovers()
    with tempfile.TemporaryDirectory(prefix=prefix, dir=current_settings.data) as folder, _held(Path(folder)):
        yield Path(folder)


def clear_leftovers() -> None:
    """What a killed backup or restore left in the clinic's folder: as large as the clinic, and full of its secrets."""
    for pattern in WORKPLACES:
        _clear(current_settings.data.glob(pattern))


def _clear(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError), _held(path):  # whoever works there holds it
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Until this process lets go or dies. Raises BlockingIOError when another one has it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def purge_older(folder: Path, keep: int) -> int:
    """Of the archives named by their moment the newest `keep` stay; how many went."""
    old = sorted(folder.glob(NAMED_BY_DATE))[:-keep]
    for path in old:
        path.unlink()
    return len(old)


def _moment(folder: Path) -> tuple[Manifest, Path, list[StoredFile]]:
    """The database's copy and what belongs to it, all as of one moment."""
    dump = folder / "database"
    try:
        with dump_for(db.engine).copied_to(dump) as connection:
            if not inspect(connection).has_table(User.__tablename__):
                raise BackupFailed("there is no clinic in this database: run `flask db upgrade` first")
            return Manifest.of_this_clinic(connection), dump, list(stored_files(connection))
    except DumpFailed as failure:
        raise BackupFailed(str(failure)) from None


def _add_stored(tar: tarfile.TarFile, one: StoredFile, storage: Storage, report: Report) -> str:
    """Its checksum; empty for one that is gone."""
    try:
        size = storage.size(one.name)
        pieces = storage.read(one.name)
    except FileNotFoundError:
        report.missing += one.is_sent
        return ""
    except StorageFailed as failure:
        raise BackupFailed(f"the storage does not give its files ({failure}): see `flask doctor`") from None
    try:
        sum_ = _add_stream(tar, FILES + one.name, size, _reader_of(pieces))
    except StorageFailed as failure:
        raise BackupFailed(f"the storage does not give its files ({failure}): see `flask doctor`") from None
    finally:
        pieces.close()
    report.files += 1
    report.size += size
    return sum_


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> str:
    return _add_stream(tar, name, len(data), io.BytesIO(data).read)


def _add_stream(tar: tarfile.TarFile, name: str, size: int, read: Callable[[int], bytes]) -> str:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    hashed = Hashed(read)
    tar.addfile(member, hashed)
    return hashed.sum


def _reader_of(pieces: Iterator[bytes]) -> Callable[[int], bytes]:
    """read(size) out of pieces of any size."""
    kept = bytearray()

    def read(size: int) -> bytes:
        while len(kept) < size:
            piece = next(pieces, b"")
            if not piece:
                break
            kept.extend(piece)
        taken = bytes(kept[:size])
        del kept[:size]
        return taken

    return read


class Hashed:
    """What is read through it is summed up."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._read(size)
        self._digest.update(data)
        return data

    @property
    def sum(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def _opened_new(path: Path) -> Iterator[IO[bytes]]:
    """For nobody else's eyes. What a killed backup left under this name is overwritten."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file, _held(path):
        yield file


# Restore


def check(file: IO[bytes]) -> tuple[Manifest, Report]:
    """Reads all of an archive and keeps nothing. Raises BackupFailed."""
    with _unpacking(file) as archive:
        return archive.manifest, archive.take_all(None)


def restore(
    file: IO[bytes],
    *,
    force: bool = False,
    beforehand: Callable[[], None] = lambda: None,
    afterwards: Callable[[Manifest], None] = lambda _manifest: None,
) -> tuple[Manifest, Report]:
    """Puts the clinic of the archive in place of this one; `beforehand` is done before anything is touched,
    `afterwards` before it may be opened.

    Raises BackupFailed, and whatever these two raise.

    Nothing is touched before all of the archive was read and found whole; the database comes last, so a crash before it
    leaves the clinic as it was, and the same command may be given again.
    """
    with _nobody_in(current_settings.data), _workplace("restore-") as folder, _unpacking(file) as archive:
        _refuse_other(archive.manifest)
        _refuse_people(archive.manifest, force)
        report = archive.take_all(folder)
        beforehand()
        _put_files(folder / "files")
        with folder_lock.half_restored(current_settings.data, BackupFailed):
            _put_database(folder / DATABASE)
            if (key := folder / KEY_FILE).exists():
                keep_key(current_settings.data, key.read_text())
            report.other_key = archive.manifest.key != _key()
            afterwards(archive.manifest)
        return archive.manifest, report


@contextmanager
def _nobody_in(data: Path) -> Iterator[None]:
    """Whatever the database: pages and worker would go on with what they remember of the old clinic."""
    try:
        with folder_lock.exclusive(data):
            yield
    except folder_lock.FolderInUse:
        raise BackupFailed("iBolit is running on this clinic: stop it first (systemctl stop ibolit)") from None


class Archive:
    """Read from its beginning to its end, once."""

    def __init__(self, tar: tarfile.TarFile, packed: IO[bytes] | gzip.GzipFile) -> None:
        self._tar = tar
        self._packed = packed
        self._sums: dict[str, str] = {}
        first = tar.next()
        if first is not None and first.name != MANIFEST and _is_packed_anew(first):
            raise BackupFailed(
                "this archive was packed anew, in another order: restore from the file as `ibolit backup` wrote it"
            )
        if first is None or first.name != MANIFEST:
            raise BackupFailed("this is no backup of iBolit")
        self.manifest = Manifest.read(self._small(first))

    def take_all(self, folder: Path | None) -> Report:
        """Into a folder, or nowhere. What it holds must be exactly what its last member says."""
        report = Report()
        while (member := self._tar.next()) is not None:
            if member.name == SUMS:
                self._compare(json.loads(self._small(member)))
                while self._packed.read(1024 * 1024):  # to the end, where gzip keeps its own sum of all
                    pass
                return report
            self._take(member, folder, report)
        raise BackupFailed("the archive is damaged: its end is missing")

    def _take(self, member: tarfile.TarInfo, folder: Path | None, report: Report) -> None:
        if not member.isfile() or not (member.name in ONE_OF_EACH or OURS.fullmatch(member.name)):
            raise BackupFailed("the archive is damaged: there is something in it that is not ours")
        source = Hashed(self._opened(member).read)
        if folder is None:
            while source.read(1024 * 1024):
                pass
        else:
            path = folder / member.name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("xb") as target:
                while piece := source.read(1024 * 1024):
                    target.write(piece)
        self._sums[member.name] = source.sum
        report.files += member.name not in ONE_OF_EACH
        report.size += member.size

    def _compare(self, sums: object) -> None:
        if not isinstance(sums, dict) or DATABASE not in self._sums or self._sums != sums:
            raise BackupFailed("the archive is damaged: what is in it is not what was written")

    def _small(self, member: tarfile.TarInfo) -> bytes:
        if not member.isfile() or member.size > SMALL:
            raise BackupFailed("this is no backup of iBolit")
        source = Hashed(self._opened(member).read)
        data = source.read(member.size)
        if member.name == MANIFEST:
            self._sums[MANIFEST] = source.sum
        return data

    def _opened(self, member: tarfile.TarInfo) -> IO[bytes]:
        file = self._tar.extractfile(member)
        assert file is not None  # a plain file
        return file


def _is_packed_anew(first: tarfile.TarInfo) -> bool:
    name = first.name.removeprefix("./")
    return first.isdir() or name in (MANIFEST, DATABASE, SUMS, KEY_FILE) or OURS.fullmatch(name) is not None


@contextmanager
def _unpacking(file: IO[bytes]) -> Iterator[Archive]:
    """As it was written, or with the gzip taken off, as browsers and file managers do."""
    with _in_plain_words(), _peeked(file) as (begins, source):
        for first, words in PACKED_BY.items():
            if begins.startswith(first):
                raise BackupFailed(f"this file is packed by {words}")
        if begins.startswith(MANIFEST.encode()):  # a tar begins with a name
            with tarfile.open(fileobj=source, mode="r|") as tar:
                yield Archive(tar, source)
        else:
            with gzip.GzipFile(fileobj=source) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
                yield Archive(tar, packed)


@contextmanager
def _peeked(file: IO[bytes]) -> Iterator[tuple[bytes, IO[bytes]]]:
    """What comes first, and the whole: a pipe cannot be read twice."""
    if isinstance(file, io.BufferedReader):
        yield file.peek(32), file
        return
    source = io.BufferedReader(file)  # type: ignore[type-var]
    try:
        yield source.peek(32), source
    finally:
        source.detach()  # whoever opened it closes it


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except DAMAGED:
        raise BackupFailed("the archive is damaged, or no backup of iBolit") from None
    except OSError as error:
        if error.errno is None:  # gzip says so of what it cannot unpack
            raise BackupFailed("the archive is damaged, or no backup of iBolit") from None
        raise BackupFailed(f"{error.strerror}: look at the disk with `flask doctor`") from None


def _refuse_other(manifest: Manifest) -> None:
    if manifest.version != VERSION or manifest.heads != heads_of_code(current_app):
        theirs, ours = ", ".join(manifest.heads), ", ".join(heads_of_code(current_app))
        raise BackupFailed(
            f"the backup is of version {manifest.version} (tables {theirs}), this is {VERSION} (tables {ours}): "
            "restore with the program it was made by, then upgrade"
        )
    if manifest.database != db.engine.dialect.name:
        raise BackupFailed(f"the backup is of {manifest.database}, DATABASE_URL names {db.engine.dialect.name}")
    if manifest.is_demo and current_settings.is_production:
        raise BackupFailed("this is a backup of the demo clinic: production refuses it")
    if not manifest.is_demo and current_settings.is_demo:
        raise BackupFailed("real people are in this backup: the demo clinic refuses it")


def _refuse_people(manifest: Manifest, force: bool) -> None:
    with read_only(), db.engine.connect() as connection:
        if not inspect(connection).has_table(User.__tablename__):
            return
        if connection.scalar(select(User.__table__.c.id).limit(1)) is None:
            return
        if not force:
            raise BackupFailed("there are people in this clinic: --force puts the backup in their place for good")
        if _is_demo(connection) != manifest.is_demo:
            raise BackupFailed("one of the two is a demo clinic and the other is not: they are never mixed")


def _put_files(folder: Path) -> None:
    try:
        for path in folder.iterdir() if folder.exists() else ():
            current_services.storage.put(path.name, path)
    except StorageFailed as failure:
        raise BackupFailed(f"the storage takes no files ({failure}): see `flask doctor`") from None


def _put_database(dump: Path) -> None:
    db.session.remove()
    try:
        dump_for(db.engine).put_back(dump)
    except DumpFailed as failure:
        raise BackupFailed(str(failure)) from None


def _is_demo(connection: Connection) -> bool:
    mark = DatabaseMark.__table__.c.name
    if not inspect(connection).has_table(DatabaseMark.__tablename__):
        return False
    return connection.scalar(select(mark).where(mark == DatabaseMark.DEMO)) is not None


def _key() -> str:
    return fingerprint("backup")[:16]
