"""flask doctor: one line a check, exit code 1 when one has found something, and what each of them looks at."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browser import Browser
from copies import another_clinic, build, run
from factories import later, say
from flask import Flask

from ibolit import readiness
from ibolit.config import Environment
from ibolit.errors import CheckFailed, CheckHint
from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, Chat, Job, JobKind, PushSubscription, User
from ibolit.ops import checks, environment_checks, probes
from ibolit.services import clock, push, tls_chain
from ibolit.subscribers import live

Change = Callable[..., None]
NAMES = ["database", "migrations", "clock", "work", "relay (TURN)", "push keys", "live screens", "backup"]
NAMES += [
    "settings",
    "secret key",
    "seal key",
    "erasure log",
    "disk",
    "storage",
    "antivirus",
    "mail",
    "SMS",
    "payments",
]
NAMES += ["certificate", "proxy"]


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the disk of who runs the tests."""
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _path: Usage(100 * 1024**3, 50 * 1024**3))


class Usage:
    def __init__(self, total: int, free: int) -> None:
        self.total, self.free = total, free


def test_healthy_clinic_is_told_line_by_line(clinic: Flask) -> None:
    clinic.extensions["ibolit_settings"].data.chmod(0o700)
    code, told = run(clinic, "doctor")
    assert code == 0, told
    assert [line[7:22].strip() for line in told.splitlines()] == NAMES
    assert all(line.startswith("ok   ") for line in told.splitlines())


def test_trouble_is_told_and_the_rest_is_looked_at(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise CheckFailed("the mail is out: light a candle")

    def break_down() -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(checks, "CHECKS", (("mail", fail), ("odd", break_down), ("disk", lambda: "room")))
    code, told = run(clinic, "doctor")
    assert code == 1
    assert told.splitlines()[0] == "WRONG  mail           the mail is out: light a candle"
    assert "the check itself failed: ZeroDivisionError" in told
    assert "ok     disk           room" in told


def test_a_hint_wakes_nobody(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def choose() -> str:
        raise CheckHint("calls over mobile networks will fail")

    monkeypatch.setattr(checks, "CHECKS", (("relay", choose), ("disk", lambda: "room")))
    code, told = run(clinic, "doctor")
    assert (code, told.splitlines()[0]) == (0, "hint   relay          calls over mobile networks will fail")


def test_tables_of_no_version(tmp_path: Path) -> None:
    with another_clinic(tmp_path / "other") as app:
        assert "run `flask db upgrade` first" in run(app, "doctor")[1]
        build(app)
        assert "the tables are of this version" in run(app, "doctor")[1]


def test_a_dead_worker_shows_by_what_is_late(clinic: Flask) -> None:
    assert readiness.work() == "no worker has run yet"
    job = Job.add(JobKind.PAYMENTS_SWEEP, 1, clock.now() - timedelta(minutes=1))
    db.session.commit()
    assert readiness.work() == "nothing is late"
    job.due_at = clock.now() - timedelta(minutes=21)
    db.session.commit()
    with pytest.raises(CheckFailed, match=r"1 jobs are late, one by 21 min \(payments_sweep\): is the worker running"):
        readiness.work()
    job.claimed_until = clock.now() + timedelta(minutes=1)  # somebody is at it
    db.session.commit()
    assert readiness.work() == "nothing is late"


def test_misspelt_setting_is_told(clinic: Flask, change_settings: Change) -> None:
    change_settings(unheard=("SMSAERO_SIGHN is no setting: is SMSAERO_SIGN meant?",))
    with pytest.raises(CheckFailed, match="is SMSAERO_SIGN meant"):
        environment_checks.settings()


def test_clock_that_fell_behind(clinic: Flask) -> None:
    AuditEvent.write_at_console(AuditAction.SIGNED_OUT, patient_id=None)
    db.session.flush()
    db.session.execute(db.update(AuditEvent).values(at=clock.now() + timedelta(hours=1)))
    db.session.commit()
    with pytest.raises(CheckFailed, match="this machine's clock is behind"):
        checks.clocks()


@pytest.fixture
def data(change_settings: Change, tmp_path: Path) -> Path:
    """A folder in which no key lies."""
    change_settings(data=tmp_path)
    return tmp_path


def test_push_key_is_made_at_the_first_need_and_then_looked_at(data: Path) -> None:
    assert checks.push_keys() == "made at the first need"
    assert list(data.iterdir()) == []
    push.kept_key(data)
    assert checks.push_keys() == f"by {data}/push-key, complaints to mailto:support@ibolit.pro"


def test_lost_push_key_is_trouble_for_who_listens(data: Path, as_patient: Browser) -> None:
    assert as_patient.device is not None
    PushSubscription.begin(as_patient.device, "https://push.example/1", "key", "secret")
    db.session.commit()
    with pytest.raises(CheckFailed, match="push-key is gone, for which 1 devices listen"):
        checks.push_keys()


@pytest.mark.parametrize("words", ["", "torn", "A" * 43, "_" * 43])
def test_spoilt_push_key(change_settings: Change, data: Path, words: str) -> None:
    (data / "push-key").write_text(f"{words}\n")
    with pytest.raises(CheckFailed, match="push-key holds no key: make one by `flask push-keys`"):
        checks.push_keys()
    change_settings(vapid_private_key=words or "torn")
    with pytest.raises(CheckFailed, match="VAPID_PRIVATE_KEY holds no key"):
        checks.push_keys()


def test_key_that_is_no_pair_of_what_browsers_get(change_settings: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    change_settings(vapid_private_key=push.new_key())
    other = push.public_key_of(push.new_key())
    monkeypatch.setattr(probes, "public_key_of", lambda _key: other)
    with pytest.raises(CheckFailed, match="read by another key than browsers get"):
        checks.push_keys()


@pytest.mark.parametrize("subject", ["mailto:ibolit@localhost", "mailto:a@b"])
def test_push_services_must_be_able_to_complain(change_settings: Change, subject: str) -> None:
    change_settings(vapid_private_key=push.new_key(), vapid_subject=subject)
    with pytest.raises(CheckFailed, match="VAPID_SUBJECT"):
        checks.push_keys()
    change_settings(vapid_private_key=push.new_key(), vapid_subject="https://clinic.example")
    assert "complaints to https://clinic.example" in checks.push_keys()


def test_live_screen_that_failed_is_told_for_a_day(
    clinic: Flask, chat: Chat, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.live_screens() == "none failed within a day"
    monkeypatch.setattr(live, "_chat_and_readers", lambda _id: 1 / 0)
    say(chat, patient)
    with pytest.raises(CheckFailed, match=r"^1 failed within a day"):
        checks.live_screens()
    later(days=1, seconds=1)
    assert checks.live_screens() == "none failed within a day"


@pytest.mark.parametrize("key", ["short", "0" * 64, "abc" * 20])
def test_weak_key(clinic: Flask, change_settings: Change, key: str) -> None:
    change_settings(secret_key=key)
    with pytest.raises(CheckFailed, match="make-secret"):
        environment_checks.secret_key()


def test_good_key_is_not_shown(clinic: Flask, change_settings: Change) -> None:
    change_settings(secret_key="kJh3_8sLq0-PzX1vYb5Ntr6Wc9EaUdGm2")
    assert environment_checks.secret_key() == "33 characters"


@pytest.mark.parametrize(("total", "free"), [(100 * 1024**3, 4 * 1024**3), (10 * 1024**3, 1024**3)])
def test_full_disk(clinic: Flask, monkeypatch: pytest.MonkeyPatch, total: int, free: int) -> None:
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _path: Usage(total, free))
    with pytest.raises(CheckFailed, match="files will soon be refused"):
        environment_checks.disk()


@pytest.mark.parametrize("which", ["", "files", "uploads"])
def test_folder_that_others_may_look_into(change_settings: Change, tmp_path: Path, which: str) -> None:
    change_settings(data=tmp_path)
    tmp_path.chmod(0o700)
    folder = tmp_path / which
    folder.mkdir(exist_ok=True)
    folder.chmod(0o750)
    with pytest.raises(CheckFailed, match=f"chmod 700 {folder}"):
        environment_checks.disk()
    folder.chmod(0o700)
    assert "free" in environment_checks.disk()


def test_folder_of_another_account(change_settings: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_settings(data=tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(CheckFailed, match="belongs to another account"):
        environment_checks.disk()


@pytest.mark.parametrize(
    ("check", "probe", "settings"),
    [
        ("antivirus", "antivirus", {"clamav": "127.0.0.1:3310"}),
        ("mail", "mail", {"mail_backend": "smtp"}),
        ("sms", "sms", {"sms_backend": "smsaero"}),
        ("payments", "shop", {"payments_backend": "yookassa"}),
    ],
)
def test_failing_probe_is_trouble(
    change_settings: Change, monkeypatch: pytest.MonkeyPatch, check: str, probe: str, settings: dict[str, str]
) -> None:
    def fail(*_args: object) -> None:
        raise probes.ProbeFailed("it does not answer")

    change_settings(**settings)
    monkeypatch.setattr(probes, probe, fail)
    with pytest.raises(CheckFailed, match="it does not answer"):
        getattr(environment_checks, check)()


@pytest.mark.parametrize("apart", [-300, 300])
def test_clock_is_held_against_the_providers(
    change_settings: Change, monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    change_settings(sms_backend="smsaero", payments_backend="yookassa")
    theirs = datetime.now(UTC) + timedelta(seconds=apart)
    for probe, check in (("sms", environment_checks.sms), ("shop", environment_checks.payments)):
        monkeypatch.setattr(probes, probe, lambda _settings: ("well", theirs))
        with pytest.raises(CheckFailed, match="differ by"):
            check()
        monkeypatch.setattr(probes, probe, lambda _settings: ("well", datetime.now(UTC)))
        assert check() == "well"
        monkeypatch.setattr(probes, probe, lambda _settings: ("well", None))
        assert check() == "well"


def test_certificate_is_asked_where_people_come(change_settings: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def walk(host: str, port: int, _now: datetime) -> tls_chain.Chain:
        asked.append((host, port))
        if port == 8080:
            raise tls_chain.UnknownToOldPhones("old ones do not know it")
        if port == 8443:
            raise tls_chain.ChainFailed("it ran out")
        return tls_chain.Chain("AAA Certificate Services", datetime(2027, 1, 2, tzinfo=UTC))

    monkeypatch.setattr(tls_chain, "walk", walk)
    change_settings(public_url="https://chat.clinic.example")
    assert environment_checks.certificate() == "known to Android 5, until 2027-01-02 (AAA Certificate Services)"
    change_settings(public_url="https://chat.clinic.example:8080")
    with pytest.raises(CheckHint, match="old ones do not know it"):
        environment_checks.certificate()
    change_settings(public_url="https://chat.clinic.example:8443")
    with pytest.raises(CheckFailed, match=r"https://chat.clinic.example:8443: it ran out"):
        environment_checks.certificate()
    assert asked == [("chat.clinic.example", port) for port in (443, 8080, 8443)]


@pytest.mark.parametrize("key", ["short", "0" * 64])
def test_weak_key_of_the_seal(clinic: Flask, change_settings: Change, key: str) -> None:
    change_settings(seal_key=key)
    with pytest.raises(CheckFailed, match="SEAL_KEY can be guessed"):
        environment_checks.seal_key()


def test_log_of_who_was_erased_that_cannot_be_written(
    clinic: Flask, change_settings: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(erasure_log=tmp_path / "erasures.log")
    assert environment_checks.erasure_log() == f"{tmp_path}/erasures.log"
    monkeypatch.setattr(environment_checks.os, "access", lambda *_asked: False)
    with pytest.raises(CheckFailed, match="ERASURE_LOG"):
        environment_checks.erasure_log()


def test_log_with_the_clinics_own_data_is_a_hint(clinic: Flask, change_settings: Change, tmp_path: Path) -> None:
    change_settings(erasure_log=tmp_path / "erasures.log", data=tmp_path, environment=Environment.PRODUCTION)
    with pytest.raises(CheckHint, match="where the backups are"):
        environment_checks.erasure_log()
