"""What has to go goes, however long the log, the storage or the database was away."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from factories import later
from flask import Flask
from leaving import me
from payment_steps import begin

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.jobs.worker import Worker
from ibolit.models import Attachment, Chat, DataCopy, Device, Job, JobKind, Payment, User, Variant, erasure
from ibolit.services import Services, erasure_log
from ibolit.services.storage import StorageFailed


def try_for_a_day(since: int) -> None:
    """Every pause of the jobs is over by then."""
    for hour in range(24):
        later(days=since, hours=hour, minutes=1)
        run_due()


def given_up(kind: JobKind) -> list[str | None]:
    return list(db.session.scalars(db.select(Job.failure).where(Job.kind == kind, Job.done_at.is_not(None))))


@pytest.fixture(autouse=True)
def sweep(clinic: Flask) -> None:
    Job.ensure(JobKind.SWEEP)
    db.session.commit()


def test_erasure_waits_for_a_log_that_cannot_be_written(patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_args: object) -> None:
        raise OSError(30, "Read-only file system")

    erasure.ask(me(patient))
    db.session.commit()
    with monkeypatch.context() as patch:
        patch.setattr(erasure_log, "append", read_only)
        try_for_a_day(since=7)
    assert me(patient).erased_at is None
    assert "OSError" in given_up(JobKind.ERASURE)
    try_for_a_day(since=8)
    assert me(patient).erased_at is not None
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.ERASURE)).all()) < 10


def test_contacts_of_payments_go_after_a_job_was_given_up(patient: User, chat: Chat) -> None:
    payment = begin(chat)
    erasure.erase(me(patient))
    db.session.commit()
    later(days=31)
    run_due()
    later(days=31, hours=7)
    run_due()
    db.session.expire_all()
    assert db.session.get_one(Payment, payment.id).phone == ""


def test_copy_goes_after_a_storage_that_was_away(
    patient: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise OSError(111, "Connection refused")

    device, _token = Device.register(me(patient), "Firefox")
    db.session.commit()
    later(days=5)
    copy = DataCopy.ask(me(patient), device)
    db.session.commit()
    run_due()
    id, key = copy.id, copy.key
    assert services.storage.size(key)
    with monkeypatch.context() as patch:
        patch.setattr(type(services.storage), "delete", away)
        try_for_a_day(since=12)
    assert db.session.get_one(DataCopy, id).has_file
    try_for_a_day(since=13)
    db.session.expire_all()
    assert not db.session.get_one(DataCopy, id).has_file
    with pytest.raises(FileNotFoundError):
        services.storage.size(key)


def test_worker_says_that_nobody_can_be_erased(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(erasure_log.os, "access", lambda *_asked: False)
    worker = Worker(clinic)
    monkeypatch.setattr(worker, "_threads", [])
    with caplog.at_level(logging.ERROR):
        worker.start()
    assert "ERASURE_LOG cannot be written" in caplog.text


def test_log_that_is_not_there_yet_may_be_written(tmp_path: Path) -> None:
    assert erasure_log.may_be_written(tmp_path / "new" / "erasures.log")


def test_unsent_files_go_after_a_storage_that_was_away(
    clinic: Flask, patient: User, chat: Chat, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise StorageFailed("away")

    file = Attachment.announce(me(patient), chat, "Анализы Соколовой.pdf", 3, most=10)
    db.session.commit()
    id, name = file.id, file.file_of(Variant.ORIGINAL)
    stored = Path(clinic.extensions["ibolit_settings"].data) / "unsent"
    stored.write_bytes(b"pdf")
    services.storage.put(name, stored)
    erasure.ask(me(patient))
    db.session.commit()
    with monkeypatch.context() as patch:
        patch.setattr(type(services.storage), "delete", away)
        try_for_a_day(since=7)
    assert me(patient).erased_at is not None
    assert db.session.get_one(Attachment, id).name == ""
    try_for_a_day(since=8)
    db.session.expire_all()
    assert db.session.get(Attachment, id) is None
    with pytest.raises(FileNotFoundError):
        services.storage.size(name)
