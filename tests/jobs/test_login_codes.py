"""Codes and links on their way: from a job to the demo outbox, without a trace in the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
from factories import later, make_user
from flask import Flask

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import EmailProof, Job, JobKind, LoginCode, User
from ibolit.services import Services
from ibolit.services.codes import new_nonce
from ibolit.services.mail import MailFailed
from ibolit.services.sms import SmsFailed

PHONE = "+79161234567"


def ask(phone: str = PHONE) -> LoginCode:
    code = LoginCode.ask(phone, "192.0.2.1")
    db.session.commit()
    return code


def prove(user: User) -> EmailProof:
    proof = EmailProof(user_id=user.id, email="anna@example.org", nonce=new_nonce())
    db.session.add(proof)
    db.session.flush()
    Job.add(JobKind.EMAIL_PROOF, proof.id)
    db.session.commit()
    return proof


def only_job() -> Job:
    return db.session.scalars(db.select(Job)).one()


class Failing:
    """A provider that answers as told."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure
        self.asked = 0

    def send(self, *_args: str, **_named: str) -> None:
        self.asked += 1
        raise self.failure


@pytest.fixture
def put(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Failing], Failing]:
    def put(name: str, provider: Failing) -> Failing:
        monkeypatch.setattr(services, name, provider)
        return provider

    return put


def test_code_is_sent_in_the_form_browsers_read(services: Services) -> None:
    code = ask()
    assert run_due() == 1
    [letter] = services.outbox.latest()
    assert (letter.channel, letter.to) == ("sms", PHONE)
    assert letter.text.splitlines()[-1] == f"@127.0.0.1 #{code.digits}"
    assert f"код {code.digits}" in letter.text
    assert letter.text.startswith("iBolit")
    assert only_job().done_at is not None
    assert run_due() == 0


def test_resend_sends_the_same_words_again(services: Services) -> None:
    ask()
    run_due()
    later(seconds=61)
    ask()
    run_due()
    assert len({letter.text for letter in services.outbox.latest()}) == 1
    assert len(services.outbox.latest()) == 2


def test_late_code_is_not_sent_any_more(services: Services) -> None:
    ask()
    later(minutes=11)
    run_due()
    assert services.outbox.latest() == []
    assert only_job().failure == "the code is no longer needed"


def test_code_that_was_used_meanwhile_is_not_sent(services: Services) -> None:
    code = ask()
    code.guess(code.digits)
    db.session.commit()
    run_due()
    assert services.outbox.latest() == []


def test_invite_mode_sends_only_to_known_phones(services: Services, change_settings: Callable[..., None]) -> None:
    change_settings(registration_is_open=False)
    known = make_user().phone
    ask(known)
    ask(PHONE)
    assert run_due() == 2
    assert [letter.to for letter in services.outbox.latest()] == [known]


def test_what_failed_is_repeated(services: Services, put: Callable[[str, Failing], Failing]) -> None:
    working = services.sms
    failing = put("sms", Failing(SmsFailed("Timeout", permanent=False)))
    ask()
    run_due()
    assert failing.asked == 1
    assert (only_job().done_at, only_job().failure) == (None, "SmsFailed")
    services.sms = working
    later(seconds=6)
    assert run_due() == 1
    assert len(services.outbox.latest()) == 1


@pytest.mark.parametrize("service", ["sms", "mail"])
def test_what_is_refused_for_good_is_given_up(
    patient: User, service: str, put: Callable[[str, Failing], Failing]
) -> None:
    kinds: dict[str, type[SmsFailed] | type[MailFailed]] = {"sms": SmsFailed, "mail": MailFailed}
    failing = put(service, Failing(kinds[service]("status 400", permanent=True)))
    prove(patient) if service == "mail" else ask()
    run_due()
    later(days=1)
    run_due()
    assert failing.asked == 1
    assert only_job().failure == "status 400"


def test_letter_proves_the_email(services: Services, patient: User) -> None:
    proof = prove(patient)
    run_due()
    [letter] = services.outbox.latest()
    assert (letter.channel, letter.to, letter.subject) == ("mail", "anna@example.org", "iBolit: подтвердите почту")
    assert f"http://127.0.0.1:8000/profile/email/{proof.id}?token={proof.token}" in letter.text


def test_old_link_is_not_sent(services: Services, patient: User) -> None:
    prove(patient)
    later(days=4)
    run_due()
    assert services.outbox.latest() == []


def test_one_failure_does_not_hold_up_the_others(
    services: Services, patient: User, put: Callable[[str, Failing], Failing]
) -> None:
    put("mail", Failing(RuntimeError("anna@example.org is a secret")))
    prove(patient)
    ask()
    assert run_due() == 2
    assert [letter.channel for letter in services.outbox.latest()] == ["sms"]


def test_log_names_neither_people_nor_codes(
    clinic: Flask, patient: User, put: Callable[[str, Failing], Failing], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code, proof = ask(), prove(patient)
    run_due()
    assert "SMS №1 sent" in caplog.text
    put("sms", Failing(RuntimeError(f"{PHONE} has {code.digits}")))
    put("mail", Failing(MailFailed("no such person", permanent=True)))
    later(seconds=61)
    ask()
    prove(patient)
    run_due()
    secrets = (PHONE[1:], PHONE[2:], code.digits, proof.token, "anna@", "example.org", patient.phone[1:], patient.name)
    assert re.search(r"job \d+ \(login_code\) failed, attempt 1: RuntimeError", caplog.text)
    assert re.search(r"job \d+ \(email_proof\) given up", caplog.text)
    assert [secret for secret in secrets if secret in caplog.text] == []
