"""/readyz: each part is red by a real fault, with its word, and green again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from browser import Browser
from copies import run
from databases import POSTGRES
from factories import later
from flask import Flask
from sqlalchemy import text

from ibolit import readiness
from ibolit.database import write_transaction
from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, DatabaseMark, Job, JobKind
from ibolit.services import clock
from ibolit.services.storage import FolderStorage

PARTS = ["database", "migrations", "work", "storage", "room", "backup"]


class Usage(NamedTuple):
    total: int
    free: int


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Whatever the disk of who runs the tests."""

    def leave(gigabytes: int) -> None:
        monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _path: Usage(100 * 1024**3, gigabytes * 1024**3))

    leave(50)
    return leave


@pytest.fixture
def told(visitor: Browser, clinic: Flask) -> Callable[[], dict[str, str]]:
    """What is wrong at this moment, by its name; nothing is remembered from before."""

    def ask() -> dict[str, str]:
        clinic.extensions.pop("ibolit_readiness", None)
        answer = visitor.get("/readyz")
        assert list(answer.json["parts"]) == sorted(PARTS)
        wrong = {name: part["words"] for name, part in answer.json["parts"].items() if not part["well"]}
        assert answer.status_code == (503 if wrong else 200)
        assert answer.json["status"] == ("not ready" if wrong else "ready")
        assert "Set-Cookie" not in answer.headers
        return wrong

    return ask


Told = Callable[[], dict[str, str]]


def test_well(told: Told) -> None:
    assert told() == {}
    assert db.session.query(DatabaseMark).count() == 0  # nothing stays of the row that was written


def test_database_that_takes_nothing(told: Told) -> None:
    """A full disk, a replica."""
    with only_reading():
        assert told()["database"].startswith("it does not answer (")
    assert told() == {}


@contextmanager
def only_reading() -> Iterator[None]:
    """The one connection of the pool is made so, and thrown away afterwards."""
    db.session.remove()
    db.engine.dispose()
    raw = db.engine.raw_connection()
    raw.cursor().execute(
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY" if POSTGRES else "PRAGMA query_only = 1"
    )
    raw.commit()
    raw.close()
    try:
        yield
    finally:
        db.session.remove()
        db.engine.dispose()


def test_tables_of_another_version(told: Told) -> None:
    have = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    rename("0001", have)
    try:
        assert "run `flask db upgrade` first" in told()["migrations"]
    finally:
        rename(have, "0001")
    assert told() == {}


def rename(to: Any, old: Any) -> None:
    with write_transaction(db.session):
        db.session.execute(
            text("UPDATE alembic_version SET version_num = :to WHERE version_num = :old"), {"to": to, "old": old}
        )


def test_worker_that_died(told: Told) -> None:
    job = Job.add(JobKind.PAYMENTS_SWEEP, 1, clock.now() - timedelta(minutes=21))
    db.session.commit()
    number = job.id
    assert told()["work"].startswith("1 jobs are late, one by 21 min (payments_sweep)")
    db.session.get_one(Job, number).done_at = clock.now()
    db.session.commit()
    assert told() == {}


def test_storage_that_is_gone(told: Told, clinic: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "files"
    monkeypatch.setattr(clinic.extensions["ibolit_services"], "storage", FolderStorage(folder))
    assert told() == {}
    shutil.rmtree(folder)
    folder.write_text("something else")
    assert told()["storage"].startswith("it fails (")
    folder.unlink()
    assert told() == {}


def test_disk_without_room(told: Told, roomy: Callable[[int], None]) -> None:
    roomy(1)
    assert told() == {"room": "1.0 GB are free in IBOLIT_DATA: files will soon be refused. Make room"}
    roomy(50)
    assert told() == {}


def test_backup_that_is_not_made(
    told: Told, clinic: Flask, change_settings: Callable[..., None], tmp_path: Path
) -> None:
    change_settings(backup_within=timedelta(hours=36))
    assert told() == {}  # a new clinic
    AuditEvent.write_at_console(AuditAction.SIGNED_OUT, patient_id=None)
    db.session.commit()
    later(hours=37)
    assert told() == {"backup": "none was ever made: look at ibolit-backup.timer, or set BACKUP_HOURS"}
    assert run(clinic, "backup", tmp_path / "clinic.tar.gz")[0] == 0
    assert told() == {}
    later(hours=74)
    assert told() == {"backup": "the last is 37 h old: look at ibolit-backup.timer, or set BACKUP_HOURS"}
    change_settings(backup_within=timedelta())
    assert told() == {}


def test_whoever_asks_often_costs_one_look(visitor: Browser, clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.extensions.pop("ibolit_readiness", None)
    looks: list[str] = []
    for part in readiness.parts():
        monkeypatch.setattr(part, "look", lambda name=part.name: looks.append(name) or "well")
        monkeypatch.setattr(part, "for_seconds", 3600)
    assert [visitor.get("/readyz").status_code for _ in range(5)] == [200] * 5
    assert looks == PARTS
