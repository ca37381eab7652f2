"""Codes and links through real senders against bad providers: nothing is lost, a doubt is repeated once, the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from browser import Browser
from factories import PASSWORD, later, make_user
from flask import Flask
from mail_server import MailServer, body_of
from sms_gate import Gate

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    Channel,
    Delivery,
    DeliveryState,
    Doctor,
    Invitation,
    InvitationState,
    Job,
    JobKind,
    LoginCode,
    Role,
)
from ibolit.services import Services, sms
from ibolit.services.mail import SmtpMailer
from ibolit.services.sms import SmsAero

PHONE = "+79161234567"
EMAIL = "zoya@example.org"
PATIENT = (10, 10)  # seconds: a busy machine is no bad provider


@pytest.fixture
def gate(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(SmsAero, "url", gate.url)
    monkeypatch.setattr(SmsAero, "status_url", gate.status_url)
    monkeypatch.setattr(sms, "TIMEOUT", PATIENT)  # and put back at the end, whoever changed it
    monkeypatch.setattr(services, "sms", SmsAero("clinic@example.org", "key", "iBolit"))
    yield gate
    gate.stop()


@pytest.fixture
def server(clinic: Flask, services: Services, change_settings: Callable[..., None],
           monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:  # fmt: skip
    monkeypatch.setattr("socket.getfqdn", lambda *_: "clinic.example")  # asks no name server
    server = MailServer()
    change_settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls=False, mail_from="clinic@example.org")
    monkeypatch.setattr(services, "mail", SmtpMailer(clinic, clinic.extensions["ibolit_settings"]))
    yield server
    server.stop()


def ask(phone: str = PHONE) -> LoginCode:
    code = LoginCode.ask(phone, "192.0.2.1")
    db.session.commit()
    return code


def invite(doctor: Doctor, **contact: str) -> Invitation:
    invitation = Invitation.invite(doctor, doctor.user, name="Зоя", **contact)
    db.session.commit()
    return invitation


def run_to_the_end() -> None:
    """As long as the worker would try: its pauses add up to less than two hours."""
    for minutes in (0, 1, 4, 15, 80, 90, 200):
        later(minutes=minutes)
        run_due()


def only_delivery(channel: Channel = Channel.SMS) -> Delivery:
    db.session.expire_all()
    return db.session.scalars(db.select(Delivery).where(Delivery.channel == channel)).one()


def make_slow(gate: Gate) -> None:
    gate.may_answer.clear()
    sms.TIMEOUT = (10, 0.2)


def make_dropping(gate: Gate) -> None:
    gate.drops = True


def make_garbage(gate: Gate) -> None:
    gate.answer = "<html>502</html>"


def make_breaking(gate: Gate) -> None:
    gate.status = 500


def make_busy(gate: Gate) -> None:
    gate.status = 503


def make_refusing(gate: Gate) -> None:
    gate.status = 400


DOUBTFUL = [make_slow, make_dropping, make_garbage, make_breaking]


def mend(gate: Gate) -> None:
    sms.TIMEOUT = PATIENT
    fresh = {"status": 200, "answer": '{"success": true, "data": {"id": 7}}', "drops": False}
    for name, value in fresh.items():
        setattr(gate, name, value)
    gate.may_answer.set()


# One SMS


@pytest.mark.parametrize("spoil", DOUBTFUL)
def test_doubt_is_repeated_once_with_the_same_link(gate: Gate, doctor: Doctor, spoil: Callable[[Gate], None]) -> None:
    invitation = invite(doctor, phone=PHONE)
    spoil(gate)
    run_to_the_end()
    assert len(gate.requests) == 2
    assert len(set(gate.texts)) == 1
    assert only_delivery().state is DeliveryState.UNKNOWN
    assert db.session.get_one(Invitation, invitation.id).state is InvitationState.UNKNOWN


@pytest.mark.parametrize("spoil", DOUBTFUL)
def test_no_link_is_lost_in_a_doubt(gate: Gate, doctor: Doctor, spoil: Callable[[Gate], None]) -> None:
    invitation = invite(doctor, phone=PHONE)
    spoil(gate)
    run_due()
    mend(gate)
    run_to_the_end()
    assert len(gate.requests) == 2
    assert len(set(gate.texts)) == 1
    assert only_delivery().state is DeliveryState.SENT
    assert f"/i/{db.session.get_one(Invitation, invitation.id).token}" in gate.texts[1]


@pytest.mark.parametrize("spoil", DOUBTFUL)
def test_doubt_repeats_the_same_code_once(gate: Gate, spoil: Callable[[Gate], None]) -> None:
    code = ask()
    spoil(gate)
    run_due()
    later(seconds=6)
    run_due()
    later(minutes=1)
    run_due()
    assert len(gate.requests) == 2
    assert {re.findall(r"\d{6}", text)[0] for text in gate.texts} == {code.digits}


def test_what_certainly_did_not_go_is_tried_until_it_goes(gate: Gate, doctor: Doctor) -> None:
    invite(doctor, phone=PHONE)
    make_busy(gate)
    for minutes in (0, 1, 4, 15):
        later(minutes=minutes)
        run_due()
    assert len(gate.requests) == 4
    mend(gate)
    later(minutes=80)
    run_due()
    assert only_delivery().state is DeliveryState.SENT
    assert only_delivery().parts == sms.parts_of(gate.texts[0])  # refusals cost nothing


def test_gate_that_is_away_loses_nothing(gate: Gate, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    invite(doctor, phone=PHONE)
    with monkeypatch.context() as away:
        away.setattr(SmsAero, "url", "http://127.0.0.1:1/")
        run_due()
        assert only_delivery().state is DeliveryState.WAITING
    later(seconds=6)
    run_due()
    assert (len(gate.requests), only_delivery().state) == (1, DeliveryState.SENT)


def test_refused_for_good_is_not_repeated(gate: Gate, doctor: Doctor) -> None:
    invitation = invite(doctor, phone=PHONE)
    make_refusing(gate)
    run_to_the_end()
    assert len(gate.requests) == 1
    assert (only_delivery().state, only_delivery().parts) == (DeliveryState.FAILED, 0)
    assert db.session.get_one(Invitation, invitation.id).state is InvitationState.FAILED


def test_never_let_in_it_is_said_to_have_failed(gate: Gate, doctor: Doctor) -> None:
    invitation = invite(doctor, phone=PHONE)
    make_busy(gate)
    run_to_the_end()
    assert len(gate.requests) == 6
    assert db.session.get_one(Invitation, invitation.id).state is InvitationState.FAILED


def test_worker_that_died_while_sending_leaves_a_doubt(gate: Gate, doctor: Doctor) -> None:
    """Killed between the provider's yes and our note of it."""
    invite(doctor, phone=PHONE)
    for death in range(3):
        job = Job.claim()
        assert job is not None
        delivery = Delivery.of(job, Channel.SMS)
        if death < 2:
            delivery.begin()
        db.session.commit()
        later(minutes=3 * (death + 1))
    run_due()
    assert gate.requests == []  # it may have gone out twice
    assert only_delivery().state is DeliveryState.UNKNOWN


def test_sent_is_not_sent_again_when_the_job_comes_back(gate: Gate, doctor: Doctor) -> None:
    """Killed after the note and before the job was crossed out."""
    invite(doctor, phone=PHONE)
    run_due()
    job = db.session.scalars(db.select(Job).where(Job.kind == JobKind.INVITATION)).one()
    job.done_at = job.claimed_until = None
    db.session.commit()
    run_due()
    assert len(gate.requests) == 1


# What became of it


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (1, InvitationState.DELIVERED),
        (2, InvitationState.FAILED),
        (6, InvitationState.FAILED),
        (4, InvitationState.SENT),
    ],
)
def test_sender_learns_what_became_of_it(gate: Gate, doctor: Doctor, fate: int, state: InvitationState) -> None:
    invitation = invite(doctor, phone=PHONE)
    run_due()
    assert invitation.state is InvitationState.SENT
    gate.fate = fate
    later(seconds=21)
    run_due()
    db.session.expire_all()
    assert db.session.get_one(Invitation, invitation.id).state is state


def test_asked_oftener_at_first_and_not_for_ever(gate: Gate, doctor: Doctor) -> None:
    invite(doctor, phone=PHONE)
    run_due()
    asked = 0
    for minutes in range(0, 6 * 24 * 60, 7):
        later(minutes=minutes)
        asked += run_due()
    assert 15 < asked < 50
    assert db.session.scalar(db.select(Job.id).where(Job.done_at.is_(None))) is None


# The second channel


def test_code_goes_by_mail_when_sms_is_refused(gate: Gate, server: MailServer) -> None:
    user = make_user(email=EMAIL)
    code = ask(user.phone)
    make_refusing(gate)
    run_due()
    [letter] = server.letters
    assert letter["To"] == EMAIL
    assert code.digits not in letter["Subject"]
    assert code.digits in body_of(letter, "plain")
    assert code.digits in body_of(letter, "html")


def test_code_goes_by_mail_when_sms_does_not_arrive(gate: Gate, server: MailServer) -> None:
    code = ask(make_user(email=EMAIL).phone)
    run_due()
    assert server.letters == []
    gate.fate = 2
    later(seconds=21)
    run_due()
    assert code.digits in body_of(server.letters[0], "plain")


@pytest.mark.parametrize("spoil", [*DOUBTFUL, make_busy])
def test_one_letter_however_often_the_sms_fails(gate: Gate, server: MailServer, spoil: Callable[[Gate], None]) -> None:
    ask(make_user(email=EMAIL).phone)
    spoil(gate)
    run_to_the_end()
    assert len(server.letters) == 1


def test_who_has_proved_no_address_gets_no_letter(gate: Gate, server: MailServer) -> None:
    ask(make_user().phone)
    ask(PHONE)
    make_refusing(gate)
    run_due()
    assert server.letters == []


def test_mailed_code_sets_a_new_password(clinic: Flask, gate: Gate, server: MailServer) -> None:
    user = make_user(email=EMAIL)
    make_refusing(gate)
    browser = Browser(clinic)
    browser.post("/login/phone?why=forgot", {"phone": user.phone})
    run_due()
    found = re.search(r"Код (\d{6})", body_of(server.letters[0], "plain"))
    assert found is not None
    browser.post("/login/code", {"code": found.group(1)})
    assert browser.post("/login/password", {"password": "new horse battery"}).status_code == 303
    assert Browser(clinic).post("/login", {"login": user.phone, "password": PASSWORD}).status_code == 422


# Letters


@pytest.mark.parametrize("dropped", [True, False])
def test_letter_in_doubt_is_repeated_once_and_known_as_one(server: MailServer, doctor: Doctor, dropped: bool) -> None:
    invitation = invite(doctor, email=EMAIL)
    server.drops = dropped
    run_to_the_end()
    assert len(server.letters) == (2 if dropped else 1)
    assert len({letter["Message-ID"] for letter in server.letters}) == 1
    assert len({body_of(letter, "plain") for letter in server.letters}) == 1
    db.session.expire_all()
    state = db.session.get_one(Invitation, invitation.id).state
    assert state is (InvitationState.UNKNOWN if dropped else InvitationState.SENT)
    assert only_delivery(Channel.MAIL).state is (DeliveryState.UNKNOWN if dropped else DeliveryState.SENT)


@pytest.mark.parametrize(("answer", "times"), [("451 not now", 6), ("554 spam", 1)])
def test_letter_that_is_refused(server: MailServer, doctor: Doctor, answer: str, times: int) -> None:
    invite(doctor, email=EMAIL)
    server.answer = answer
    run_to_the_end()
    assert only_delivery(Channel.MAIL).state is DeliveryState.FAILED
    [job] = db.session.scalars(db.select(Job).where(Job.kind == JobKind.INVITATION))
    assert job.attempts == times


# The day's limit


def test_limit_stops_sms_and_mail_goes_on(
    clinic: Flask, gate: Gate, server: MailServer, change_settings: Callable[..., None]
) -> None:
    change_settings(sms_daily_max=2)
    for number in range(4):
        ask(make_user(email=f"p{number}@example.org").phone)
    run_due()
    assert len(gate.requests) == 2
    assert sorted(letter["To"] for letter in server.letters) == ["p2@example.org", "p3@example.org"]
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR, email="olga@example.org"))
    assert "Сегодня отправлено 2 СМС из 2" in operator.get("/operator").text
    later(days=1)
    assert "СМС из" not in operator.get("/operator").text
    ask(PHONE)
    run_due()
    assert len(gate.requests) == 3


def test_operator_is_warned_in_time(clinic: Flask, gate: Gate, change_settings: Callable[..., None]) -> None:
    change_settings(sms_daily_max=5)
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))
    said = []
    for number in range(4):
        ask(f"+7916000000{number}")
        run_due()
        said.append("СМС из 5" in operator.get("/operator").text)
    assert said == [False, False, True, True]


def test_invitations_leave_some_for_codes(gate: Gate, doctor: Doctor, change_settings: Callable[..., None]) -> None:
    change_settings(sms_daily_max=10)
    for number in range(6):
        invite(doctor, phone=f"+7916000000{number}")
    run_due()
    assert len(gate.requests) == 4  # two SMS each
    ask(PHONE)
    run_due()
    assert len(gate.requests) == 5


def test_what_waits_for_tomorrow_lives_seven_days_from_then(
    gate: Gate, doctor: Doctor, change_settings: Callable[..., None]
) -> None:
    change_settings(sms_daily_max=1)
    invitation = invite(doctor, phone=PHONE)
    for day in range(10):
        later(days=day)
        run_due()
    change_settings(sms_daily_max=10)
    later(days=11, hours=12)
    run_due()
    assert len(gate.requests) == 1
    later(days=17)
    assert db.session.get_one(Invitation, invitation.id).is_alive


def test_nothing_of_a_person_is_kept_or_logged(
    gate: Gate, server: MailServer, doctor: Doctor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "ibolit")
    user = make_user(email=EMAIL)
    code = ask(user.phone)
    invitation = invite(doctor, phone=PHONE)
    make_refusing(gate)
    run_due()
    rows = str([tuple(row) for row in db.session.execute(Delivery.__table__.select())])
    for secret in (PHONE[1:], EMAIL, user.phone[1:], code.digits, invitation.token, user.name):
        assert secret not in caplog.text
        assert secret not in rows
