"""The chores of the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from payment_steps import begin, buy

from ibolit.config import Settings
from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    AuditReason,
    Chat,
    Doctor,
    Job,
    JobKind,
    Message,
    Payment,
    PaymentState,
    Refund,
    RefundReason,
    RefundState,
    Role,
    User,
)
from ibolit.models.payments import payment_reports
from ibolit.services import clock
from ibolit.services.push import public_key_of


def test_seed_fills_once(clinic: Flask) -> None:
    runner = clinic.test_cli_runner()
    assert "is filled" in runner.invoke(args=["seed"]).output
    assert "there already" in runner.invoke(args=["seed"]).output
    assert len(db.session.scalars(db.select(Doctor)).all()) == 6


def test_seeded_money_is_in_every_state(clinic: Flask) -> None:
    clinic.test_cli_runner().invoke(args=["seed"])
    before = clock.now()
    states = set(db.session.scalars(db.select(Payment.state)))
    assert states == {PaymentState.WAITING, PaymentState.SUCCEEDED, PaymentState.CANCELLED}
    pending_decisions = db.session.scalars(payment_reports.pending_decisions()).all()
    assert {(one.state, one.cause) for one in pending_decisions} == {
        (RefundState.REQUESTED, RefundReason.AMOUNT_MISMATCH),
        (RefundState.REQUESTED, RefundReason.REQUESTED_BY_PAYER),
        (RefundState.FAILED, RefundReason.OPERATOR),
    }
    assert db.session.scalars(db.select(User.email).where(User.role == Role.OPERATOR)).all() == ["operator@example.org"]
    is_of_money = Message.author_id.is_(None), Message.text.startswith("Чат продлён")
    notes = db.session.scalars(db.select(Message.sent_at).where(*is_of_money)).all()
    assert len(notes) == 3
    assert all(sent_at < before - timedelta(days=2) for sent_at in notes)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)  # the clock goes right again


def test_work_runs_until_stopped(clinic: Flask) -> None:
    worker = clinic.extensions["ibolit_worker"]
    worker.stop()
    try:
        assert clinic.test_cli_runner().invoke(args=["work"]).exit_code == 0
    finally:
        worker._stopping = False
    assert set(db.session.scalars(db.select(Job.kind))) == {JobKind.SWEEP, JobKind.PAYMENTS_SWEEP, JobKind.FAMILY}


def run(clinic: Flask, *args: str) -> tuple[int, str]:
    db.session.remove()
    result = clinic.test_cli_runner().invoke(args=list(args))
    return result.exit_code, result.output


@pytest.mark.parametrize(("amount", "sum_"), [([], 2500_00), (["--amount", "100.50"], 100_50)])
def test_refund_gives_back_all_or_a_part(clinic: Flask, chat: Chat, amount: list[str], sum_: int) -> None:
    payment = buy(chat)
    code, told = run(clinic, "refund", str(payment.id), *amount, "--reason", "Сбой связи")
    assert code == 0, told
    refund = db.session.scalars(db.select(Refund)).one()
    assert (refund.amount, refund.cause, refund.note) == (sum_, RefundReason.OPERATOR, "Сбой связи")
    assert refund.state is RefundState.SENDING
    event = db.session.scalars(db.select(AuditEvent)).one()
    assert (event.action, event.actor_id, event.subject_id) == (AuditAction.REFUND_MADE, None, payment.id)
    assert (event.patient_id, event.reason) == (payment.payer_id, AuditReason.CONSOLE)
    assert f"payment №{payment.id}" in told


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["1"], "--reason"),
        (["1", "--reason", " "], "say why"),
        (["1", "--reason", "я" * 301], "say why"),
        (["1", "--reason", "a", "--amount", "x"], "sum in rubles"),
        (["1", "--reason", "a", "--amount", "1.005"], "sum in rubles"),
        (["1", "--reason", "a", "--amount", "0"], "sum in rubles"),
        (["1", "--reason", "a", "--amount", "2500.01"], "at most 2\u00a0500\u00a0₽"),
        (["0", "--reason", "a"], "range"),
        (["x", "--reason", "a"], "integer"),
        (["9", "--reason", "a"], "no payment №9"),
    ],
)
def test_refund_refuses_nonsense(clinic: Flask, chat: Chat, args: list[str], words: str) -> None:
    assert buy(chat).id == 1
    code, told = run(clinic, "refund", *args)
    assert code != 0
    assert words in told
    assert "Traceback" not in told
    assert db.session.scalars(db.select(Refund)).all() == []


def test_refund_of_what_was_not_paid(clinic: Flask, chat: Chat) -> None:
    code, told = run(clinic, "refund", str(begin(chat).id), "--reason", "a")
    assert code != 0
    assert "at most 0\u00a0₽" in told
    assert db.session.scalars(db.select(Payment.refunded)).one() == 0


def test_nothing_to_do(clinic: Flask) -> None:
    assert "Nothing is due." in run(clinic, "jobs")[1]


def test_jobs_tell_of_work_and_of_no_person(clinic: Flask, chat: Chat, patient: User) -> None:
    payment = buy(chat)
    job = Job.add(JobKind.REFUND, 7)
    job.attempts = 2
    job.retry("Timeout")
    db.session.commit()
    code, told = run(clinic, "jobs")
    assert code == 0
    lines = {line.split()[1]: line for line in told.splitlines() if "due" in line}
    assert "№7" in lines["refund"]
    assert "2 tried  Timeout" in lines["refund"]
    assert lines["refund"].startswith("failing")
    assert f"№{payment.id}" in lines["payment"]
    assert "1 failing" in told
    for secret in (patient.name, patient.phone):
        assert secret not in told


def test_push_keys_are_a_pair_the_settings_take(clinic: Flask) -> None:
    told = clinic.test_cli_runner().invoke(args=["push-keys"]).output
    [private] = re.findall(r"^VAPID_PRIVATE_KEY=(\S+)$", told, re.MULTILINE)
    assert Settings.from_env({"IBOLIT_ENV": "test", "VAPID_PRIVATE_KEY": private}).vapid_private_key == private
    assert public_key_of(private) in told
    again = clinic.test_cli_runner().invoke(args=["push-keys"]).output
    assert private not in again
