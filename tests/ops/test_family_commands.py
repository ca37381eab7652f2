"""The office at the command line: who writes for whom, entered and ended after a paper was seen; a death; a dry run
changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import pay
from copies import run
from factories import make_chat, make_child, make_user, propose, say
from flask import Flask
from relatives import PHONE, born, go_to

from ibolit import jobs
from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Dependant,
    Doctor,
    Invitation,
    Job,
    JobKind,
    Payment,
    Role,
    User,
)
from ibolit.models.people import DependantEnding
from ibolit.services import clock

PAPER = ["--paper", "Решение суда, видел Орлов"]
ENTER = ["--name", "Соколова Мария", "--born", "03.05.1940", "--relation", "daughter", *PAPER]


def audited(action: AuditAction) -> list[int | None]:
    return list(db.session.scalars(db.select(AuditEvent.subject_id).where(AuditEvent.action == action)))


@pytest.fixture
def child(patient: User) -> Dependant:
    return make_child(patient)


def test_for_whom_somebody_writes_is_listed(clinic: Flask, patient: User, child: Dependant) -> None:
    code, told = run(clinic, "family", patient.phone or "")
    assert (code, f"{child.id:6} child" in told) == (0, True)
    code, told = run(clinic, "family", "+79990000000")
    assert (code, "Nobody has the phone" in told) == (1, True)


def test_representation_is_entered_with_its_end(clinic: Flask, patient: User, doctor: Doctor) -> None:
    until = f"{clock.now() + timedelta(days=10):%Y-%m-%d}"
    dry = run(clinic, "enter-representation", patient.phone or "", *ENTER, "--until", until, "--dry-run")
    assert dry[0] == 0, dry
    assert db.session.scalar(db.select(Dependant)) is None
    code, told = run(clinic, "enter-representation", patient.phone or "", *ENTER, "--until", until)
    assert code == 0, told
    dependant = db.session.scalars(db.select(Dependant)).one()
    assert dependant.may_be_written_for
    assert audited(AuditAction.REPRESENTATION_ENTERED) == [dependant.id]
    (noted,) = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.REPRESENTATION_ENTERED))
    assert (noted.patient_id, noted.dependant_id) == (patient.id, dependant.id)
    chat = make_chat(
        db.session.get_one(User, patient.id), db.session.get_one(Doctor, doctor.id), dependant, days_left=2
    )
    go_to(clock.now() + timedelta(days=12))
    Job.ensure(JobKind.FAMILY)
    db.session.commit()
    jobs.run_due()
    assert db.session.get_one(Dependant, dependant.id).ending is DependantEnding.ENDED_BY_OFFICE
    assert Chat.find_for(db.session.get_one(User, patient.id), chat.id) is None


def test_representation_of_the_past_is_refused(clinic: Flask, patient: User) -> None:
    code, told = run(clinic, "enter-representation", patient.phone or "", *ENTER, "--until", "2020-01-01")
    assert (code, "уже прошёл" in told) == (1, True)


def test_representation_is_ended_at_once(clinic: Flask, patient: User, doctor: Doctor, child: Dependant) -> None:
    chat = make_chat(patient, doctor, child, days_left=2)
    say(chat, patient, "Кашляет")
    code, told = run(clinic, "end-representation", str(child.id), *PAPER, "--dry-run")
    assert (code, "1 chats would be closed" in told) == (0, True)
    db.session.expire_all()
    assert Chat.find_for(patient, chat.id) is not None
    code, told = run(clinic, "end-representation", str(child.id), *PAPER)
    assert code == 0, told
    db.session.expire_all()
    assert Chat.find_for(db.session.get_one(User, patient.id), chat.id) is None
    assert Chat.find_for(db.session.get_one(User, doctor.user_id), chat.id) is not None
    assert audited(AuditAction.REPRESENTATION_ENDED) == [child.id]
    assert run(clinic, "end-representation", str(child.id), *PAPER)[0] == 1  # it has ended


def test_death_is_marked_and_undone(clinic: Flask, child: Dependant) -> None:
    assert run(clinic, "mark-death", str(child.id), "--dry-run")[0] == 0
    db.session.expire_all()
    assert db.session.get_one(Dependant, child.id).died_at is None
    assert run(clinic, "mark-death", str(child.id))[0] == 0
    db.session.expire_all()
    assert db.session.get_one(Dependant, child.id).died_at is not None
    assert run(clinic, "mark-death", str(child.id), "--undo")[0] == 0
    db.session.expire_all()
    assert db.session.get_one(Dependant, child.id).may_be_written_for
    assert run(clinic, "mark-death", "9999")[0] == 1


def test_death_of_a_patient_with_an_account(clinic: Flask, patient: User, doctor: Doctor, chat: Chat) -> None:
    coming = pay(propose(chat, price=1500_00))
    phone = patient.phone or ""
    assert run(clinic, "mark-death", "--account", phone, "--dry-run")[0] == 0
    db.session.expire_all()
    assert db.session.get_one(User, patient.id).died_at is None
    assert run(clinic, "mark-death", "--account", phone)[0] == 0
    db.session.expire_all()
    chat, patient = db.session.get_one(Chat, chat.id), db.session.get_one(User, patient.id)
    assert db.session.get_one(Payment, coming.id).refundable == 0
    assert not chat.takes_messages_from(patient)
    assert chat.is_archived_by(db.session.get_one(User, doctor.user_id))
    assert Chat.find_for(patient, chat.id) is not None
    assert run(clinic, "mark-death", "--account", phone, "--undo")[0] == 0
    db.session.expire_all()
    assert db.session.get_one(Chat, chat.id).takes_messages_from(db.session.get_one(User, patient.id))
    assert run(clinic, "mark-death", "--account", doctor.user.phone or "")[0] == 1
    assert run(clinic, "mark-death")[0] == 2


def test_office_invites_who_comes_of_age(clinic: Flask, patient: User, doctor: Doctor) -> None:
    child = make_child(patient, birth_date=born(18) + timedelta(days=7))
    operator = make_user("Ольга", Role.OPERATOR)
    given = [str(child.id), PHONE, "--doctor", doctor.user.phone or "", "--by", operator.phone or ""]
    assert run(clinic, "invite-to-own-phone", *given, "--dry-run")[0] == 0
    assert db.session.scalar(db.select(Invitation)) is None
    code, told = run(clinic, "invite-to-own-phone", *given)
    assert code == 0, told
    invitation = db.session.scalars(db.select(Invitation)).one()
    assert (invitation.phone, invitation.dependant_id) == (PHONE, child.id)
