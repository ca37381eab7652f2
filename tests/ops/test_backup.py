"""backup → empty folder → restore: the same rows and files; and everything that is refused on the way."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from copies import another_clinic, build, database_of, files_of, inside, invoke, rows_of, run
from databases import POSTGRES
from factories import attach, make_user, say
from flask import Flask

from ibolit.config import Environment
from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, Chat, DatabaseMark, Doctor, Message, User
from ibolit.ops import backup, dumps, folder_lock
from ibolit.services import Services, push
from ibolit.services.storage import StorageFailed

pytestmark = pytest.mark.slow_file

Change = Callable[[dict[str, bytes]], None]


def store(services: Services, name: str, content: bytes = b"content") -> None:
    path = Path(services.storage.folder.parent, "to-be-stored")  # type: ignore[attr-defined]
    path.write_bytes(content)
    services.storage.put(name, path)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Flask]:
    """Another clinic, without tables yet."""
    with another_clinic(tmp_path / "other") as app:
        yield app


@pytest.fixture
def lived_in(clinic: Flask, services: Services, chat: Chat, patient: User, doctor: Doctor) -> Flask:
    """Messages with and without files, a doctor's photo, and an upload that nobody has sent yet."""
    say(chat, patient, "У меня болит горло")
    picture = attach(chat, patient)
    for name, content in (("", os.urandom(100_000)), ("-shown", b"shown"), ("-thumbnail", b"small")):
        store(services, picture.key + name, content)
    say(chat, doctor.user, "Посмотрел", files=[picture])
    attach(chat, patient, has_shown=False, has_thumbnail=False)  # its file is on its way still
    doctor.photo = "f" * 32
    store(services, doctor.photo)
    store(services, doctor.photo + "-whole")
    db.session.commit()
    return clinic


@pytest.fixture
def archive(lived_in: Flask, tmp_path: Path) -> Path:
    code, told = run(lived_in, "backup", tmp_path / "clinic.tar.gz")
    assert code == 0, told
    return tmp_path / "clinic.tar.gz"


def test_restored_clinic_is_the_same(lived_in: Flask, other: Flask, tmp_path: Path) -> None:
    rows, files = rows_of(lived_in), files_of(lived_in)
    assert len(files) == 5
    assert all(files.values())
    code, told = run(lived_in, "backup", tmp_path / "copy")
    assert (code, told.startswith(f"{tmp_path}/copy: the database and 5 files, ")) == (0, True)
    code, told = run(other, "restore", tmp_path / "copy")
    assert (code, told.startswith("Restored: the database and 5 files as of 20")) == (0, True), told
    assert (rows_of(other), files_of(other)) == (rows, files)


def test_restored_clinic_works(archive: Path, other: Flask, chat: Chat, patient: User) -> None:
    """Its search finds, its numbers go on, its migrations have nothing to do."""
    assert run(other, "restore", archive)[0] == 0
    assert run(other, "db", "check")[0] == 0

    def write_and_find() -> list[str]:
        here = db.session.get_one(Chat, chat.id)
        here.post(db.session.get_one(User, patient.id), "Горло больше не болит", "client-0001")
        db.session.commit()
        return [one.text for one in db.session.scalars(db.select(Message).order_by(Message.id))]

    texts = inside(other, write_and_find)
    assert texts[-1] == "Горло больше не болит"
    assert len(texts) == 3


def test_archive_is_for_nobody_else(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_audit_log_knows_of_copies(archive: Path, lived_in: Flask, other: Flask) -> None:
    run(other, "restore", archive)
    for app, act in ((lived_in, AuditAction.CLINIC_COPIED), (other, AuditAction.CLINIC_RESTORED)):
        assert inside(app, lambda: db.session.scalars(db.select(AuditEvent.action)).all()) == [act]


def test_archive_passes_through_a_pipe(lived_in: Flask, other: Flask) -> None:
    result = invoke(lived_in, "backup", "-")
    assert result.exit_code == 0
    assert result.stderr.startswith("-: the database and 5 files")
    code, told = run(other, "restore", "-", input=result.stdout_bytes)
    assert code == 0, told
    assert rows_of(other) == rows_of(lived_in)


def test_folder_gets_dated_files_and_keeps_the_newest(lived_in: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"ibolit-2020-01-0{day}T03-00-00Z.tar.gz").touch()
    (folder / "notes.txt").touch()
    code, told = run(lived_in, "backup", folder, "--keep", 2)
    assert (code, "2 older ones are deleted." in told) == (0, True)
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "ibolit-2020-01-03T03-00-00Z.tar.gz"
    assert names[1].startswith("ibolit-20")
    assert names[2:] == ["notes.txt"]


def test_keep_is_for_folders(lived_in: Flask, tmp_path: Path) -> None:
    code, told = run(lived_in, "backup", tmp_path / "copy", "--keep", 2)
    assert (code, "--keep is for a folder" in told) == (2, True)


def test_backup_overwrites_nothing(archive: Path, lived_in: Flask) -> None:
    before = archive.read_bytes()
    code, told = run(lived_in, "backup", archive)
    assert (code, told) == (1, f"Error: {archive} is there already: name another file\n")
    assert archive.read_bytes() == before


def test_backup_into_no_folder(lived_in: Flask, tmp_path: Path) -> None:
    code, told = run(lived_in, "backup", tmp_path / "nowhere" / "copy")
    assert (code, told) == (1, f"Error: {tmp_path}/nowhere/copy cannot be written: No such file or directory\n")


def test_backup_of_no_clinic(other: Flask, tmp_path: Path) -> None:
    code, told = run(other, "backup", tmp_path / "copy")
    assert (code, "run `flask db upgrade` first" in told) == (1, True)
    assert not (tmp_path / "copy").exists()


def test_file_that_is_lost_is_told_and_the_rest_is_copied(lived_in: Flask, services: Services, tmp_path: Path) -> None:
    lost = next(one for one in files_of(lived_in) if one.endswith("-shown"))
    services.storage.delete(lost)
    code, told = run(lived_in, "backup", tmp_path / "copy")
    assert (code, "4 files" in told) == (0, True)
    assert "the storage has lost 1 files that messages name" in told


@pytest.mark.parametrize("action", ["size", "read"])
def test_storage_that_is_away_leaves_no_half_archive(
    lived_in: Flask, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    def fail(*_args: object) -> int:
        raise StorageFailed("ConnectTimeout")

    monkeypatch.setattr(services.storage, action, fail)
    code, told = run(lived_in, "backup", tmp_path / "copy")
    assert (code, "the storage does not give its files (ConnectTimeout)" in told) == (1, True)
    assert list(tmp_path.iterdir()) == []
    data = lived_in.extensions["ibolit_settings"].data
    assert not [path for path in data.iterdir() if path.name.startswith(("backup-", "restore-"))]


# What is refused


def test_check_reads_all_and_changes_nothing(archive: Path, other: Flask) -> None:
    code, told = run(other, "restore", "--check", archive)
    assert (code, told.startswith("Whole: the database and 5 files of 20")) == (0, True)
    assert not inside(other, lambda: db.inspect(db.engine).get_table_names())


def test_every_torn_archive_is_refused(archive: Path, other: Flask, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 9000, len(whole) - 600, len(whole) - 100):
        refused(other, torn(tmp_path, whole[:length]))


def test_every_changed_byte_is_found(lived_in: Flask, archive: Path, other: Flask, tmp_path: Path) -> None:
    """In the archive and, behind gzip's back, in what is packed: the first and the last byte of each member."""
    whole, plain = archive.read_bytes(), gzip.decompress(archive.read_bytes())
    for place in range(20, len(whole) - 600, len(whole) // 20):
        if not means(changed(whole, place), plain):
            refused(other, torn(tmp_path, changed(whole, place)))
    with tarfile.open(archive) as tar:
        inner = [(one.offset_data, one.offset_data + one.size - 1) for one in tar]
    places = [place for both in inner for place in both]
    has_pushed = (Path(lived_in.extensions["ibolit_settings"].data) / "push-key").exists()
    assert len(places) == 2 * (8 + has_pushed)
    for place in places:
        refused(other, torn(tmp_path, gzip.compress(changed(plain, place), 1)))


def means(packed: bytes, plain: bytes) -> bool:
    """In long rows of zeros a changed bit may say the same."""
    try:
        return gzip.decompress(packed) == plain
    except (zlib.error, OSError, EOFError):
        return False


def torn(folder: Path, data: bytes) -> Path:
    path = folder / "torn"
    path.write_bytes(data)
    return path


def changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def refused(app: Flask, path: Path, words: str = "") -> None:
    """In one line, with nothing touched."""
    for check in ([], ["--check"]) if not words else ([],):
        code, told = run(app, "restore", path, *check)
        assert code == 1, told
        assert told.startswith("Error: ")
        assert told.count("\n") == 1
        assert words in told
    assert not inside(app, lambda: db.inspect(db.engine).get_table_names())
    data: Path = app.extensions["ibolit_settings"].data
    assert {one.name for one in data.iterdir()} <= {"other.db", "other.db-wal", "other.db-shm", folder_lock.LOCK}


def remade(archive: Path, change: Change) -> Path:
    """With other members, and checksums that fit."""
    with tarfile.open(archive) as tar:
        members = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    change(members)
    path = archive.with_name("remade.tar.gz")
    with path.open("wb") as file, tarfile.open(fileobj=file, mode="w|gz") as tar:
        sums = {name: backup._add(tar, name, data) for name, data in members.items() if name != "checksums.json"}
        backup._add(tar, "checksums.json", json.dumps(sums).encode())
    return path


def with_head(**values: object) -> Change:
    def change(members: dict[str, bytes]) -> None:
        members["clinic.json"] = json.dumps(json.loads(members["clinic.json"]) | values).encode()

    return change


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"version": "0.0.9"}, "the backup is of version 0.0.9"),
        ({"heads": ["0001"]}, "(tables 0001)"),
        ({"heads": []}, "restore with the program it was made by, then upgrade"),
        ({"format": 2}, "this is no backup that this version can read"),
        ({"unheard": 1}, "this is no backup that this version can read"),
        ({"database": "oracle"}, "the backup is of oracle"),
    ],
)
def test_backup_of_another_program_is_refused(
    archive: Path, other: Flask, values: dict[str, object], words: str
) -> None:
    refused(other, remade(archive, with_head(**values)), words)


def test_remade_archive_as_such_is_taken(archive: Path, other: Flask) -> None:
    """So that the refusals above and below mean what they say."""
    code, told = run(other, "restore", remade(archive, lambda members: None))
    assert code == 0, told


@pytest.mark.parametrize("name", ["../evil", "files/../../evil", "/tmp/evil", "files/a/b", "other", "files/x"])
def test_member_that_is_not_ours_is_refused(archive: Path, other: Flask, name: str) -> None:
    refused(other, remade(archive, lambda members: members.update({name: b"x"})), "not ours")


def test_archive_without_its_database_is_refused(archive: Path, other: Flask) -> None:
    refused(other, remade(archive, lambda members: members.__delitem__("database")), "damaged")


def test_another_tar_is_refused(other: Flask, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "photos.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("photo.jpg"), io.BytesIO())
    refused(other, tmp_path / "photos.tar.gz", "this is no backup of iBolit")


def test_link_in_the_archive_is_refused(archive: Path, other: Flask, tmp_path: Path) -> None:
    with tarfile.open(archive) as old, tarfile.open(tmp_path / "linked", "w:gz") as tar:
        head = old.next()
        assert head is not None
        tar.addfile(head, old.extractfile(head))
        link = tarfile.TarInfo("database")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    refused(other, tmp_path / "linked", "not ours")


def test_no_such_archive(other: Flask, tmp_path: Path) -> None:
    refused(other, tmp_path / "nothing", f"{tmp_path}/nothing cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("is_demo", "environment", "words"),
    [
        (True, Environment.PRODUCTION, "production refuses it"),
        (False, Environment.DEMO, "the demo clinic refuses it"),
    ],
)
def test_demo_and_real_are_never_mixed(
    archive: Path, other: Flask, is_demo: bool, environment: Environment, words: str
) -> None:
    usual = other.extensions["ibolit_settings"]
    other.extensions["ibolit_settings"] = replace(usual, environment=environment)
    for more in ([], ["--force"]):
        code, told = run(other, "restore", remade(archive, with_head(is_demo=is_demo)), *more)
        assert (code, words in told) == (1, True)
    assert not inside(other, lambda: db.inspect(db.engine).get_table_names())


def test_mark_of_the_demo_stands_in_the_archive(lived_in: Flask, tmp_path: Path) -> None:
    db.session.add(DatabaseMark(name=DatabaseMark.DEMO))
    db.session.commit()
    run(lived_in, "backup", tmp_path / "copy")
    with (tmp_path / "copy").open("rb") as file:
        assert backup.check(file)[0].is_demo


# A clinic that is not empty


def someone_in(app: Flask, *, demo: bool = False) -> None:
    build(app)

    def fill() -> None:
        if demo:
            DatabaseMark.make_demo()
        make_user("Тот, кто здесь был")

    inside(app, fill)


def names_in(app: Flask) -> list[str]:
    return inside(app, lambda: list(db.session.scalars(db.select(User.name).order_by(User.name))))


def test_migrated_clinic_without_people_is_empty(archive: Path, lived_in: Flask, other: Flask) -> None:
    build(other)
    assert run(other, "restore", archive)[0] == 0
    assert rows_of(other) == rows_of(lived_in)


def test_people_are_never_replaced_unasked(archive: Path, other: Flask) -> None:
    someone_in(other)
    code, told = run(other, "restore", archive)
    assert (code, "there are people in this clinic: --force" in told) == (1, True)
    assert names_in(other) == ["Тот, кто здесь был"]


def test_force_replaces_all(archive: Path, lived_in: Flask, other: Flask) -> None:
    someone_in(other)
    code, told = run(other, "restore", archive, "--force")
    assert code == 0, told
    assert "Тот, кто здесь был" not in names_in(other)
    assert (rows_of(other), files_of(other)) == (rows_of(lived_in), files_of(lived_in))


def test_force_mixes_no_demo_with_real(archive: Path, other: Flask) -> None:
    someone_in(other, demo=True)
    code, told = run(other, "restore", archive, "--force")
    assert (code, "they are never mixed" in told) == (1, True)
    assert names_in(other) == ["Тот, кто здесь был"]


def test_damage_found_late_leaves_all_as_it_was(archive: Path, other: Flask, tmp_path: Path) -> None:
    someone_in(other)
    code, told = run(other, "restore", torn(tmp_path, archive.read_bytes()[:-600]), "--force")
    assert (code, "damaged" in told) == (1, True)
    assert names_in(other) == ["Тот, кто здесь был"]
    assert files_of(other) == {}


def test_storage_that_takes_nothing_leaves_the_database(
    archive: Path, other: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise StorageFailed("disk full")

    someone_in(other)
    monkeypatch.setattr(other.extensions["ibolit_services"].storage, "put", fail)
    code, told = run(other, "restore", archive, "--force")
    assert (code, "the storage takes no files (disk full)" in told) == (1, True)
    assert names_in(other) == ["Тот, кто здесь был"]


def test_the_key_of_pushes_comes_back(lived_in: Flask, other: Flask, tmp_path: Path) -> None:
    """With another one every device would be deaf."""
    here, there = (app.extensions["ibolit_settings"].data for app in (lived_in, other))
    key = push.kept_key(here)
    run(lived_in, "backup", tmp_path / "clinic.tar.gz")
    (here / push.KEY_FILE).unlink()
    assert push.kept_key(there) != key
    code, told = run(other, "restore", tmp_path / "clinic.tar.gz")
    assert code == 0, told
    assert push.kept_key(there) == key
    assert stat.S_IMODE((there / push.KEY_FILE).stat().st_mode) == 0o600
    assert [one.name for one in there.iterdir() if one.name.startswith(push.KEY_FILE)] == [push.KEY_FILE]


def test_leftovers_of_the_killed_go_and_what_is_in_work_stays(lived_in: Flask, tmp_path: Path) -> None:
    data: Path = lived_in.extensions["ibolit_settings"].data
    for name in ("backup-killed", "restore-killed", "backup-at-work"):
        (data / name).mkdir()
        (data / name / "database").write_text("all of the clinic")
    torn = tmp_path / ".ibolit-2026-01-01T00-00-00Z.tar.gz.partial"
    torn.write_text("half of the clinic")
    with backup._held(data / "backup-at-work"):
        assert run(lived_in, "backup", tmp_path)[0] == 0
        assert {one.name for one in data.iterdir() if one.is_dir() and "-" in one.name} == {"backup-at-work"}
    assert not torn.exists()
    inside(lived_in, backup.clear_leftovers)  # as every start does
    assert not (data / "backup-at-work").exists()


def test_unpacked_archive_is_read_as_well(archive: Path, other: Flask, tmp_path: Path) -> None:
    """Browsers and file managers take the gzip off."""
    (tmp_path / "clinic.tar").write_bytes(gzip.decompress(archive.read_bytes()))
    assert run(other, "restore", tmp_path / "clinic.tar", "--check")[1].startswith("Whole: ")
    assert run(other, "restore", tmp_path / "clinic.tar")[0] == 0


def test_archive_packed_anew_or_otherwise_is_named(archive: Path, other: Flask, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", tmp_path / "out"], check=True)
    anew = tmp_path / "anew.tar.gz"
    with tarfile.open(anew, "w:gz") as tar:
        tar.add(tmp_path / "out", arcname=".")
    refused(other, anew, "packed anew")
    for pack, words in ((lzma.compress, "packed by xz: unpack it first (xz -d)"), (bz2.compress, "packed by bzip2")):
        refused(other, torn(tmp_path, pack(archive.read_bytes())), words)
    refused(other, torn(tmp_path, b"age-encryption.org/v1\n"), "decrypt it first (age -d)")


def test_clinic_that_is_open_is_not_replaced(archive: Path, other: Flask) -> None:
    """A server or a worker has entered, whatever the database."""
    data: Path = other.extensions["ibolit_settings"].data
    enter = (
        "import sys; from pathlib import Path; from ibolit.ops import folder_lock; folder_lock.share(Path(sys.argv[1]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{enter}; print('in', flush=True); sys.stdin.read()", str(data)],
        cwd=Path(backup.__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        assert server.stdout.readline() == "in\n"
        refused(other, archive, "iBolit is running on this clinic: stop it first")
        server.kill()
    assert run(other, "restore", archive)[0] == 0
    with folder_lock.exclusive(data), pytest.raises(folder_lock.FolderInUse):
        folder_lock.share(data)


def test_another_key_is_told(archive: Path, tmp_path: Path) -> None:
    with another_clinic(tmp_path / "third", SECRET_KEY="another key than the one of the tests") as third:
        code, told = run(third, "restore", archive)
        assert (code, "everybody must sign in again" in told) == (0, True)


@pytest.mark.skipif(bool(POSTGRES), reason="of SQLite's file")
def test_running_clinic_is_not_torn(archive: Path, other: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    someone_in(other)
    monkeypatch.setattr(dumps, "PATIENCE", 0.1)
    with closing(sqlite3.connect(database_of(other), isolation_level=None)) as app_that_writes:
        app_that_writes.execute("BEGIN IMMEDIATE")
        code, told = run(other, "restore", archive, "--force")
        app_that_writes.execute("ROLLBACK")
    assert (code, "stop iBolit first" in told) == (1, True)
    assert names_in(other) == ["Тот, кто здесь был"]


@pytest.mark.skipif(not POSTGRES, reason="of PostgreSQL's programs")
def test_missing_programs_are_named(
    archive: Path, lived_in: Flask, other: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    for app, command in ((lived_in, ["backup", tmp_path / "second"]), (other, ["restore", archive])):
        code, told = run(app, *command)
        assert (code, "is missing: apt-get install postgresql-client" in told) == (1, True)


@pytest.mark.skipif(not POSTGRES, reason="of PostgreSQL's programs")
def test_sql_that_fails_changes_nothing(archive: Path, other: Flask) -> None:
    someone_in(other)
    broken = remade(archive, lambda members: members.update(database=members["database"] + b"\nSELECT 1/0;\n"))
    code, told = run(other, "restore", broken, "--force")
    assert (code, "division by zero" in told) == (1, True)
    assert names_in(other) == ["Тот, кто здесь был"]
