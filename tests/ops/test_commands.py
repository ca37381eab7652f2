"""People at the command line, what the clinic forgets, and keys."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browser import Browser
from copies import run
from factories import later, make_user, say
from flask import Flask

from ibolit import config
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Consent,
    Device,
    Doctor,
    Invitation,
    Job,
    JobKind,
    LimitKind,
    LoginCode,
    Message,
    PatientImport,
    RateLimitHit,
    Role,
    User,
)
from ibolit.ops.commands import COMMANDS
from ibolit.services import clock, passwords
from ibolit.services.codes import code_for

PHONE = "+79161112233"
NEW = ["add-doctor", "8 916 111-22-33", "--name", "Петров  Пётр Петрович", "--specialty", "Хирург", "--since", "2005"]


def test_every_command_has_help(clinic: Flask) -> None:
    for command in COMMANDS:
        code, told = run(clinic, command.name, "--help")
        assert code == 0
        assert len(told.splitlines()[2].split()) >= 4, command.name


# People


def test_doctor_is_added_with_what_is_given(clinic: Flask) -> None:
    more = ["--price", "2500", "--free-days", "5", "--licence", "ЛО-77", "--languages", "русский, английский"]
    code, told = run(clinic, *NEW, *more, "--about", "О себе", "--education", "Первый мед", "--hidden")
    assert code == 0, told
    assert "They sign in as +7 916 111-22-33 by «Первый вход»." in told
    doctor = Doctor.by_phone(PHONE)
    assert doctor is not None
    assert (doctor.user.name, doctor.user.role, doctor.specialty) == ("Петров Пётр Петрович", Role.DOCTOR, "Хирург")
    assert (doctor.practises_since, doctor.default_price, doctor.free_days, doctor.hidden) == (2005, 2500_00, 5, True)
    assert (doctor.licence, doctor.languages, doctor.about) == ("ЛО-77", "русский, английский", "О себе")
    assert doctor.education == "Первый мед"
    event = db.session.scalars(db.select(AuditEvent)).one()
    assert (event.action, event.actor_id, event.subject_id, event.address) == (
        AuditAction.DOCTOR_ADDED, None, doctor.user_id, "console",
    )  # fmt: skip


def test_added_doctor_is_found_in_the_directory(clinic: Flask, as_patient: Browser) -> None:
    run(clinic, *NEW)
    assert "Петров" in as_patient.post("/doctors/search", {"q": "хирур"}).text


def test_added_doctor_comes_in_by_a_code(clinic: Flask, visitor: Browser) -> None:
    run(clinic, *NEW)
    visitor.post("/login/phone", {"phone": PHONE})
    code = db.session.scalars(db.select(LoginCode)).one()
    visitor.post("/login/code", {"code": code_for("login", code.id, code.nonce)})
    page = visitor.get("/login/password").text
    assert "Петров Пётр Петрович" in page
    assert visitor.post("/login/password", {"password": "correct horse", "again": "correct horse"}).status_code == 303
    doctor = Doctor.by_phone(PHONE)
    assert doctor is not None
    assert doctor.user.is_activated
    assert passwords.is_right("correct horse", doctor.user.password_hash)


@pytest.mark.parametrize("password", ["", "nobody has this password"])
def test_who_has_not_entered_has_no_password(clinic: Flask, visitor: Browser, password: str) -> None:
    run(clinic, *NEW)
    assert not passwords.is_right(password, "")
    assert visitor.post("/login", {"login": PHONE, "password": password}).status_code == 422
    assert db.session.scalars(db.select(Device)).all() == []


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["add-doctor"], 2, "Missing argument 'PHONE'"),
        (["add-doctor", PHONE], 2, "Missing option '--name'"),
        ([*NEW[:1], "12345", *NEW[2:]], 2, "no such phone can be"),
        ([*NEW, "--name", "  "], 2, "must be up to 120 characters, and not empty"),
        ([*NEW, "--name", "я" * 121], 2, "must be up to 120 characters"),
        ([*NEW, "--name", "а\0б"], 2, "must be up to 120 characters"),
        ([*NEW, "--since", "1800"], 2, "not in the range"),
        ([*NEW, "--since", "2999"], 2, "not in the range"),
        ([*NEW, "--price", "much"], 2, "must be a sum in rubles such as 1500 or 100.50"),
        ([*NEW, "--price", "-5"], 2, "must be a sum in rubles"),
        ([*NEW, "--free-days", "366"], 2, "not in the range"),
        (["change-doctor", PHONE, "--since", "2001"], 1, "There is no doctor with the phone +7 916 111-22-33"),
        (["hide-doctor", PHONE], 1, "There is no doctor"),
        (["show-doctor", PHONE], 1, "There is no doctor"),
        (["add-operator", PHONE], 2, "Missing option '--name'"),
        (["add-operator", "911", "--name", "а"], 2, "no such phone can be"),
    ],
)
def test_what_is_refused(clinic: Flask, args: list[str], code: int, words: str) -> None:
    found, told = run(clinic, *args)
    assert (found, words in told) == (code, True), told
    assert sum(line.startswith("Error") for line in told.splitlines()) == 1
    assert db.session.scalars(db.select(User)).all() == []


@pytest.mark.parametrize("command", [NEW, ["add-operator", PHONE, "--name", "Оператор"]])
def test_phone_of_somebody_is_refused(clinic: Flask, command: list[str]) -> None:
    make_user("Пациент").phone = PHONE
    db.session.commit()
    code, told = run(clinic, *command)
    assert (code, told) == (1, "Error: +7 916 111-22-33 belongs to somebody already: see `flask people`.\n")
    assert db.session.scalars(db.select(User.role)).all() == [Role.PATIENT]


def test_doctor_is_changed_where_it_is_said(clinic: Flask, doctor: Doctor) -> None:
    before = doctor.specialty
    code, told = run(clinic, "change-doctor", doctor.user.phone, "--name", "Новая Елена", "--price", "0")
    assert code == 0, told
    doctor = db.session.get_one(Doctor, doctor.id)
    assert (doctor.user.name, doctor.default_price, doctor.specialty) == ("Новая Елена", 0, before)
    assert doctor.name_key.startswith("новая")


def test_change_of_nothing(clinic: Flask, doctor: Doctor) -> None:
    code, told = run(clinic, "change-doctor", doctor.user.phone)
    assert (code, "Say what to change" in told) == (2, True)


def test_patient_is_no_doctor(clinic: Flask, patient: User) -> None:
    assert run(clinic, "hide-doctor", patient.phone)[0] == 1


def test_doctor_is_hidden_and_shown(clinic: Flask, doctor: Doctor) -> None:
    for command, hidden in (("hide-doctor", True), ("hide-doctor", True), ("show-doctor", False)):
        assert run(clinic, command, doctor.user.phone)[0] == 0
        assert db.session.get_one(Doctor, doctor.id).hidden is hidden


def test_operator_is_added(clinic: Flask) -> None:
    code, told = run(clinic, "add-operator", PHONE, "--name", "Орлова Ольга")
    assert code == 0, told
    person = User.by_phone(PHONE)
    assert person is not None
    assert (person.role, person.doctor, person.is_activated) == (Role.OPERATOR, None, False)


def test_people_are_those_who_work_here(clinic: Flask, doctor: Doctor, patient: User) -> None:
    run(clinic, *NEW, "--hidden")
    run(clinic, "add-operator", "+79161112244", "--name", "Орлова Ольга")
    code, told = run(clinic, "people")
    assert code == 0
    assert patient.name not in told
    assert patient.phone[-4:] not in told
    lines = told.splitlines()
    assert len(lines) == 3
    assert lines[1] == "doctor    +7 916 111-22-33   Петров Пётр Петрович  Хирург, hidden, has not entered yet"
    assert lines[2].startswith("operator  +7 916 111-22-44   Орлова Ольга  has not entered yet")


def test_nobody_works_here(clinic: Flask, patient: User) -> None:
    assert run(clinic, "people") == (0, "Nobody works here yet: see `flask add-doctor --help`.\n")


# Patients


def test_patient_is_invited_in_the_doctors_name(clinic: Flask, doctor: Doctor) -> None:
    code, told = run(clinic, "invite", doctor.user.phone, "8 916 555-66-77", "--name", "Соколова Анна")
    assert code == 0, told
    sent = db.session.scalars(db.select(Invitation)).one()
    assert (sent.doctor_id, sent.sender_id, sent.phone, sent.name) == (
        doctor.id, doctor.user_id, "+79165556677", "Соколова Анна",
    )  # fmt: skip
    assert [job.subject_id for job in db.session.scalars(db.select(Job))] == [sent.id]
    assert db.session.scalars(db.select(AuditEvent.action)).all() == [AuditAction.INVITED]
    assert told == f"Invitation №{sent.id} goes out; its link lives 7 days.\n"


def test_patient_is_invited_once(clinic: Flask, doctor: Doctor) -> None:
    command = ["invite", doctor.user.phone, "anna@example.org", "--name", "Анна"]
    assert run(clinic, *command)[0] == 0
    code, told = run(clinic, *command)
    assert (code, "is invited already" in told) == (1, True)
    assert len(db.session.scalars(db.select(Invitation)).all()) == 1


@pytest.mark.parametrize(
    ("contact", "words"),
    [("123", "no such phone can be"), ("anna@", "the address cannot be right"), (" ", "neither phone nor e-mail")],
)
def test_contact_that_cannot_be(clinic: Flask, doctor: Doctor, contact: str, words: str) -> None:
    code, told = run(clinic, "invite", doctor.user.phone, contact, "--name", "Анна")
    assert (code, words in told) == (2, True)
    assert db.session.scalars(db.select(Invitation)).all() == []


def test_invitation_to_nobody(clinic: Flask) -> None:
    assert run(clinic, "invite", PHONE, "anna@example.org", "--name", "Анна")[0] == 1


LIST = "ФИО;Телефон\nАнна;8 916 555-66-77\nПётр;12\nАнна;+79165556677\nМарина;8 916 555-66-88\n"


@pytest.fixture
def patients_file(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_bytes(LIST.encode("cp1251"))
    return path


def test_list_is_invited_and_wrong_lines_are_told(clinic: Flask, doctor: Doctor, patients_file: Path) -> None:
    code, told = run(clinic, "import", doctor.user.phone, patients_file)
    assert code == 0, told
    assert told.splitlines() == [
        "column 1 «ФИО»: name",
        "column 2 «Телефон»: phone",
        "line 3: no such phone can be",
        "line 4: the same contact stands above",
        "2 are invited, 2 not. The worker sends; the doctor sees how far it is.",
    ]
    run_due()
    assert set(db.session.scalars(db.select(Invitation.phone))) == {"+79165556677", "+79165556688"}


def test_dry_run_of_a_list_sends_nothing(clinic: Flask, doctor: Doctor, patients_file: Path) -> None:
    code, told = run(clinic, "import", doctor.user.phone, patients_file, "--dry-run")
    assert (code, told.splitlines()[-1]) == (0, "2 would be invited, 2 not. Nothing is sent.")
    assert db.session.scalars(db.select(PatientImport)).all() == []
    assert db.session.scalars(db.select(Job)).all() == []


def test_same_list_again_sends_nobody_a_second_link(clinic: Flask, doctor: Doctor, patients_file: Path) -> None:
    run(clinic, "import", doctor.user.phone, patients_file)
    run_due()
    assert "was imported before" in run(clinic, "import", doctor.user.phone, patients_file)[1]
    patients_file.write_bytes(LIST.encode("utf-8") + b"\n")
    code, told = run(clinic, "import", doctor.user.phone, patients_file)
    assert (code, "0 are invited, 4 not." in told) == (0, True)
    run_due()
    assert len(db.session.scalars(db.select(Invitation)).all()) == 2


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", "ФИО;Телефон\n".encode(), b"a,b\n" * 600_000])
def test_file_that_is_no_list(clinic: Flask, doctor: Doctor, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "list").write_bytes(data)
    code, told = run(clinic, "import", doctor.user.phone, tmp_path / "list")
    assert (code, told.count("\n"), told.startswith("Error: ")) == (1, 1, True)
    assert db.session.scalars(db.select(PatientImport)).all() == []


def test_no_such_list(clinic: Flask, doctor: Doctor, tmp_path: Path) -> None:
    code, told = run(clinic, "import", doctor.user.phone, tmp_path / "nothing")
    assert (code, "does not exist" in told) == (2, True)


# What is forgotten


@pytest.fixture
def old_rows(clinic: Flask, chat: Chat, patient: User) -> dict[str, int]:
    """One of everything that goes, and of much that stays."""
    say(chat, patient)
    RateLimitHit.count(LimitKind.CODE_FOR_PHONE, PHONE)
    LoginCode.ask(PHONE, "192.0.2.1")
    Device.register(patient, "Телефон")
    AuditEvent.write_of_account(AuditAction.CHAT_READ, patient, address="192.0.2.1")
    db.session.commit()
    db.session.execute(db.update(Job).values(done_at=clock.now()))
    db.session.add(Job(kind=JobKind.SWEEP))
    db.session.commit()
    return counts()


def counts() -> dict[str, int]:
    return {
        table.name: db.session.scalar(db.select(db.func.count()).select_from(table)) or 0
        for table in db.metadata.sorted_tables
    }


def test_dry_run_only_counts(clinic: Flask, old_rows: dict[str, int]) -> None:
    later(days=100)
    code, told = run(clinic, "forget", "--dry-run")
    assert code == 0, told
    assert told.splitlines()[-1] == "Nothing was deleted."
    assert re.search(r"1 devices", told)
    assert counts() == old_rows


@pytest.mark.parametrize(
    ("days", "gone"),
    [
        (0, set()),
        (2, {"rate_limit_hit", "login_code"}),
        (31, {"rate_limit_hit", "login_code", "job"}),
        (91, {"rate_limit_hit", "login_code", "job", "device"}),
        (9_132, {"rate_limit_hit", "login_code", "job", "device", "audit_event"}),
    ],
)
def test_each_goes_after_its_days(clinic: Flask, old_rows: dict[str, int], days: int, gone: set[str]) -> None:
    """Messages, chats, consents and whoever wrote them stay even after 25 years."""
    later(days=days)
    code, told = run(clinic, "forget")
    assert code == 0, told
    left = counts()
    assert {name for name, count in old_rows.items() if left[name] < count} == gone
    assert left["job"] >= 1  # what is not done stays
    assert db.session.scalars(db.select(Message)).all()
    assert db.session.scalars(db.select(Consent)).all()


def test_days_are_settings(clinic: Flask, old_rows: dict[str, int], change_settings: object) -> None:
    change_settings(keep_jobs=7, keep_devices=1, keep_audit=365, keep_attempts=50)  # type: ignore[operator]
    later(days=8)
    run(clinic, "forget")
    left = counts()
    assert (left["device"], left["job"]) == (0, 1)
    assert [left[name] for name in ("rate_limit_hit", "audit_event")] == [
        old_rows[name] for name in ("rate_limit_hit", "audit_event")
    ]


def test_waiting_notification_stays(clinic: Flask, chat: Chat, doctor: Doctor) -> None:
    from ibolit.models import Notification, NotificationState
    from ibolit.models.delivery import Channel

    Notification.of_request(doctor.user, chat, 1, seq=1)
    Notification.of_request(doctor.user, chat, 2, seq=2)
    db.session.flush()
    first = db.session.scalars(db.select(Notification).order_by(Notification.id)).first()
    assert first is not None
    first.mark_delivered(Channel.SMS)
    db.session.commit()
    later(days=91)
    assert Notification.purge_old() == 1
    assert db.session.scalars(db.select(Notification.state)).all() == [NotificationState.WAITING]


# Keys and versions


def test_secret_is_long_and_new(clinic: Flask) -> None:
    made = {run(clinic, "make-secret")[1].strip() for _ in range(3)}
    assert len(made) == 3
    assert all(len(one) >= 64 for one in made)


def test_secret_is_made_before_there_are_settings(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "ibolit.ops.keys", "make-secret"],
        cwd=Path(__file__).resolve().parents[2],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    assert len(told.stdout.strip()) >= 64


def test_version_is_one() -> None:
    project = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    assert f'version = "{config.VERSION}"' in project
