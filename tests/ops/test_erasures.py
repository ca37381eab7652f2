"""`restore` brings nobody back who left after the backup; and what the office types about who leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from copies import another_clinic, inside, run
from factories import PASSWORD, later, make_chat, make_user, say
from flask import Flask
from marked import IDENTITY, NAME, PHONE, live_a_life, marked_columns
from payment_steps import buy

from ibolit.events import flush_facts
from ibolit.extensions import db
from ibolit.jobs import erasures
from ibolit.models import AuditAction, AuditEvent, AuditReason, Chat, Doctor, Job, JobKind, Role, User, erasure
from ibolit.models.accounts import reassigned_number, replace_phone
from ibolit.ops import folder_lock, gone
from ibolit.services import Services, clock, erasure_log
from ibolit.services.erasure_log import LogLine

SEALED = "sealed_identity"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Flask]:
    """A new server, without tables yet; its secrets are those of the clinic."""
    with another_clinic(tmp_path / "other") as app:
        yield app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups lie."""
    (folder := tmp_path / "backups").mkdir()
    return folder


def back_up(clinic: Flask, folder: Path) -> Path:
    code, told = run(clinic, "backup", folder / "clinic.tar.gz")
    assert code == 0, told
    return folder / "clinic.tar.gz"


def restore(other: Flask, archive: Path) -> str:
    code, told = run(other, "restore", archive)
    assert code == 0, told
    return told


def log_of(clinic: Flask) -> Path:
    path: Path = clinic.extensions["ibolit_settings"].erasure_log
    return path


def erase(user: User) -> None:
    erasures.erase(db.session.get_one(User, user.id))


def found(other: Flask, user: User) -> User:
    def look() -> User:
        one = db.session.get_one(User, user.id)
        db.session.expunge(one)
        return one

    return inside(other, look)


def test_erased_person_is_not_brought_back(clinic: Flask, services: Services, other: Flask, folder: Path) -> None:
    """The log of the server that is gone was carried along with the archive."""
    marked = live_a_life(clinic, services)
    archive = back_up(clinic, folder)
    erase(marked.patient)
    run(clinic, "backup", folder / "later.tar.gz")
    told = restore(other, archive)
    assert "1 erased again" in told
    back = found(other, marked.patient)
    assert (back.erased_at is not None, back.phone, back.name) == (True, None, f"№ {marked.patient.id}")
    left = inside(other, lambda: marked_columns(*IDENTITY))
    assert {table for table, _column in left} <= {"payment"}  # whose refund the clinic has yet to decide


def test_log_beside_the_backup_names_nobody(clinic: Flask, patient: User, folder: Path) -> None:
    phone, name = patient.phone or "", patient.name
    erase(patient)
    back_up(clinic, folder)
    told = (folder / "erasures.log").read_text()
    assert '"what": "erased"' in told
    for word in (phone, phone[1:], *name.split()):
        assert word not in told


def test_plans_and_their_undoing_come_back(clinic: Flask, doctor: Doctor, other: Flask, folder: Path) -> None:
    asks, withdraws, regrets, stays = (make_user(f"Пациент {word}") for word in ("один", "два", "три", "четыре"))
    archive = back_up(clinic, folder)
    until = erasure.ask(db.session.get_one(User, asks.id))
    gone = erasure.withdraw_processing(db.session.get_one(User, withdraws.id))
    erasure.ask(db.session.get_one(User, regrets.id))
    db.session.commit()
    erasure.undo(db.session.get_one(User, regrets.id))
    db.session.commit()
    run(clinic, "backup", folder / "later.tar.gz")
    assert "2 erasures planned again" in restore(other, archive)
    assert [found(other, one).erases_at for one in (asks, withdraws, regrets, stays)] == [until, gone, None, None]
    assert found(other, withdraws).accepted_versions == ""
    jobs = inside(other, lambda: db.session.scalars(db.select(Job.subject_id).where(Job.kind == JobKind.ERASURE)).all())
    assert sorted(jobs) == sorted([asks.id, withdraws.id])


def test_changed_phone_opens_nothing_old(clinic: Flask, patient: User, other: Flask, folder: Path) -> None:
    archive = back_up(clinic, folder)
    replace_phone(db.session.get_one(User, patient.id), "+79165550133")
    db.session.commit()
    run(clinic, "backup", folder / "later.tar.gz")
    assert "1 without the phone they had" in restore(other, archive)
    assert found(other, patient).phone is None


def test_phone_that_came_back_stays(clinic: Flask, patient: User, other: Flask, folder: Path) -> None:
    archive, before = back_up(clinic, folder), patient.phone or ""
    for phone in ("+79165550133", before):
        replace_phone(db.session.get_one(User, patient.id), phone)
        db.session.commit()
    run(clinic, "backup", folder / "later.tar.gz")
    assert "Since then" not in restore(other, archive)
    assert found(other, patient).phone == before


def test_same_number_of_somebody_new_is_left_alone(clinic: Flask, patient: User, other: Flask, folder: Path) -> None:
    """Numbers are given anew after a restore: the line speaks of who had this one then."""
    archive = back_up(clinic, folder)
    then = patient.created_at - timedelta(days=400)
    erasure_log.append(folder / "erasures.log", LogLine(clock.now(), "erased", patient.id, then))
    assert "Since then" not in restore(other, archive)
    assert found(other, patient).erased_at is None


def test_line_that_a_crash_has_cut_stops_nothing(clinic: Flask, patient: User, tmp_path: Path) -> None:
    erase(patient)
    with log_of(clinic).open("a") as log:
        log.write('{"at": "2026-')
    assert [line.what for line in erasure_log.read(log_of(clinic))] == ["erased"]
    assert erasure_log.read(tmp_path / "nothing.log") == []


def test_line_after_a_cut_one_stands_alone(clinic: Flask, patient: User, stranger: User, tmp_path: Path) -> None:
    erase(patient)
    with log_of(clinic).open("a") as log:
        log.write('{"at": "2026-')
    erase(stranger)
    other = tmp_path / "other.log"
    other.write_text('{"at": "2026-')
    told = erasure_log.merge(other, erasure_log.read(log_of(clinic)))
    for lines in (told, erasure_log.read(other), erasure_log.read(log_of(clinic))):
        assert [line.user for line in lines] == [patient.id, stranger.id]


def test_line_that_finds_no_room_is_told(clinic: Flask, patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(erasure_log.os, "write", lambda number, told: write(number, told[:9]))
    with pytest.raises(OSError, match="No space"):
        erase(patient)
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(User, patient.id).erased_at is None


def test_erasure_that_failed_and_was_undone_then_harms_nobody(
    clinic: Flask, patient: User, other: Flask, folder: Path
) -> None:
    """The line is written before the commit, which failed; the person thought better of it. A later backup knows."""
    erasure.ask(db.session.get_one(User, patient.id))
    db.session.commit()
    erasure.erase(db.session.get_one(User, patient.id))
    flush_facts()
    db.session.rollback()
    erasure.undo(db.session.get_one(User, patient.id))
    db.session.commit()
    assert [line.what for line in erasure_log.read(log_of(clinic))] == ["asked", "erased", "undone"]
    later(days=400)
    assert "Since then" not in restore(other, back_up(clinic, folder))
    assert found(other, patient).erased_at is None


def test_nobody_is_erased_of_whom_the_log_says_nothing(
    clinic: Flask, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(erasure_log, "append", full)
    with pytest.raises(OSError, match="No space"):
        erase(patient)
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(User, patient.id).erased_at is None


def test_log_that_cannot_be_read_stops_the_restore_before_anything(
    clinic: Flask, patient: User, other: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = back_up(clinic, folder)

    def broken(*_args: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(erasure_log, "read", broken)
        code, told = run(other, "restore", archive)
    assert (code, "nothing was touched" in told) == (1, True), told
    assert not inside(other, lambda: db.inspect(db.engine).get_table_names())


def test_restore_without_any_log_warns_loudly(clinic: Flask, patient: User, other: Flask, folder: Path) -> None:
    archive = back_up(clinic, folder)
    assert "IS BACK" in restore(other, archive)
    erase(patient)
    run(clinic, "backup", folder / "later.tar.gz")
    code, told = run(other, "restore", archive, "--force")
    assert (code, "IS BACK" in told, "1 erased again" in told) == (0, False, True), told


def test_clinic_of_a_broken_restore_does_not_open(
    clinic: Flask, patient: User, other: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was erased is in its database still."""
    archive = back_up(clinic, folder)
    erase(patient)
    run(clinic, "backup", folder / "later.tar.gz")

    def die(*_args: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr(gone, "forget_again", die)
        assert run(other, "restore", archive)[0] == 137
    assert found(other, patient).erased_at is None
    data: Path = other.extensions["ibolit_settings"].data
    with pytest.raises(folder_lock.FolderInUse, match="broken off"):
        folder_lock.share(data)
    code, told = run(other, "restore", archive, "--force")
    assert (code, "1 erased again" in told) == (0, True), told
    folder_lock.share(data)


def test_number_that_was_left_opens_nothing_old(clinic: Flask, patient: User, other: Flask, folder: Path) -> None:
    """It was resold: its new holder has begun an account of their own."""
    archive = back_up(clinic, folder)
    later(days=200)
    reassigned_number.release_phone(db.session.get_one(User, patient.id))
    db.session.commit()
    run(clinic, "backup", folder / "later.tar.gz")
    assert "1 without the phone they had" in restore(other, archive)
    assert found(other, patient).phone is None


def test_provider_is_asked_about_what_was_paid(clinic: Flask, chat: Chat, other: Flask, folder: Path) -> None:
    """Money may have gone back since; its job would ask in a day."""
    payment = buy(chat)
    restore(other, back_up(clinic, folder))

    def due() -> list[int]:
        waiting = Job.kind == JobKind.RECONCILIATION, Job.done_at.is_(None), Job.due_at <= clock.now()
        return list(db.session.scalars(db.select(Job.subject_id).where(*waiting)))

    assert inside(other, due) == [payment.id]


# At the command line


def test_dry_run_counts_and_changes_nothing(clinic: Flask, chat: Chat, patient: User) -> None:
    say(chat, patient)
    code, told = run(clinic, "forget-person", patient.phone or "", "--dry-run")
    assert (code, "Nothing was changed." in told) == (0, True), told
    assert "       1 messages" in told
    db.session.expire_all()
    assert (db.session.get_one(User, patient.id).erased_at, log_of(clinic).exists()) == (None, False)


def test_office_erases_who_asks_for_it(clinic: Flask, chat: Chat, patient: User) -> None:
    code, told = run(clinic, "forget-person", patient.phone or "", "--yes")
    assert (code, f"Account {patient.id} is erased." in told) == (0, True), told
    db.session.expire_all()
    assert db.session.get_one(User, patient.id).erased_at is not None
    event = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.ACCOUNT_ERASED)).one()
    assert (event.patient_id, event.reason) == (patient.id, AuditReason.CONSOLE)
    assert run(clinic, "forget-person", "--account", patient.id, "--yes")[0] == 1


def test_staff_and_strangers_are_nobody_to_forget(clinic: Flask, doctor: Doctor) -> None:
    for phone in (doctor.user.phone or "", "+79165550177"):
        assert run(clinic, "forget-person", phone, "--yes") == (1, "Error: There is no such patient.\n")


def test_two_operators_open_a_seal(clinic: Flask, services: Services) -> None:
    marked = live_a_life(clinic, services)
    one, two = (make_user(f"Операторова {name}", Role.OPERATOR) for name in ("Ольга", "Нина"))
    erase(marked.patient)
    asked = ["open-seal", marked.patient.id, "--first", one.phone, "--second", two.phone, "--for", "court"]
    code, told = run(clinic, *asked, input=f"{PASSWORD}\nwrong\n")
    assert (code, NAME in told) == (1, False)
    code, told = run(clinic, *asked, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert (code, NAME in told, "+7 916 555-01-23" in told) == (0, True, True), told
    opened = db.select(AuditEvent).where(AuditEvent.action == AuditAction.SEAL_OPENED).order_by(AuditEvent.id)
    rows = [(row.actor_id, row.patient_id, row.reason) for row in db.session.scalars(opened)]
    assert rows == [(who.id, marked.patient.id, AuditReason.COURT) for who in (one, two)]
    assert PHONE not in {user.phone for user in db.session.scalars(db.select(User))}


def test_one_operator_alone_opens_nothing(clinic: Flask, services: Services) -> None:
    marked = live_a_life(clinic, services)
    one = make_user("Операторова Ольга", Role.OPERATOR)
    erase(marked.patient)
    asked = ["open-seal", marked.patient.id, "--first", one.phone, "--second", one.phone, "--for", "person"]
    code, told = run(clinic, *asked, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert (code, "Two different operators" in told, NAME in told) == (1, True, False)


def test_lost_phone_is_replaced_and_told(clinic: Flask, patient: User, doctor: Doctor) -> None:
    lost = patient.phone or ""
    code, told = run(clinic, "give-phone", "+79165550144", "--instead-of", lost)
    assert (code, "the lost one was told" in told) == (0, True), told
    db.session.expire_all()
    assert db.session.get_one(User, patient.id).phone == "+79165550144"
    assert db.session.scalar(db.select(Job.id).where(Job.kind == JobKind.SECURITY_SMS)) is not None
    assert run(clinic, "give-phone", "+79165550145", "--instead-of", doctor.user.phone)[0] == 1


def test_erased_account_gets_no_phone(clinic: Flask, patient: User, doctor: Doctor) -> None:
    make_chat(patient, doctor)
    erase(patient)
    assert run(clinic, "give-phone", "+79165550144", "--account", patient.id)[0] == 1
