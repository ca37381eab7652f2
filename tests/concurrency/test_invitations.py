"""Two presses at once: one invitation, one import, one acceptance, and one SMS to each."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from browser import Browser
from factories import make_doctor, make_user
from flask import Flask

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Chat, Doctor, ImportLine, Invitation, Job, JobKind, LoginCode, PatientImport, User
from ibolit.services import Services

from .crowd import at_once, outcomes

PHONE = "+79161234567"
EMAIL = "zoya@example.org"


def invite(doctor_id: int, **contact: Any) -> Invitation:
    doctor = db.session.get_one(Doctor, doctor_id)
    return Invitation.invite(doctor, doctor.user, **contact)


def row(number: int) -> dict[str, object]:
    phone = f"+7916{number:07}"
    return {"number": number, "name": "Пациент", "phone": phone, "email": None, "typed": phone, "fault": None}


def draft(doctor_id: int, client_id: str) -> PatientImport:
    doctor = db.session.get_one(Doctor, doctor_id)
    return PatientImport.draft(doctor, doctor.user, client_id, [row(number) for number in range(1, 21)])


def test_invited_at_once_is_invited_once(clinic: Flask, services: Services) -> None:
    id = make_doctor().id
    assert outcomes(clinic, 6, lambda _: invite(id, phone=PHONE)) == {"done": 1, "AlreadyInvited": 5}
    run_due()
    assert len(services.outbox.latest()) == 1


def test_sent_again_at_once_goes_once(clinic: Flask, services: Services) -> None:
    invitation = invite(make_doctor().id, phone=PHONE)
    invitation.asked_at -= Invitation.AGAIN_AFTER
    db.session.commit()
    run_due()
    id = invitation.id
    counted = outcomes(clinic, 6, lambda _: db.session.get_one(Invitation, id).send_again())
    assert counted == {"done": 1, "InvitationIsFresh": 5}
    run_due()
    assert len(services.outbox.latest()) == 2


def test_mailed_link_is_accepted_by_one(clinic: Flask) -> None:
    id = invite(make_doctor().id, email=EMAIL).id
    db.session.commit()
    people = [make_user(f"Пациент {number}").id for number in range(5)]

    def accept(number: int) -> int:
        return db.session.get_one(Invitation, id).accept(db.session.get_one(User, people[number]))

    assert outcomes(clinic, 5, accept) == {"done": 1, "InvitationIsOver": 4}
    assert len(db.session.scalars(db.select(Chat)).all()) == 1
    assert len(db.session.scalars(db.select(User).where(User.email == EMAIL)).all()) == 1


def test_accepted_or_taken_back_but_not_both(clinic: Flask) -> None:
    doctor_id = make_doctor().id
    for number in range(5):
        patient = make_user()
        invitation = invite(doctor_id, phone=patient.phone)
        db.session.commit()
        id, patient_id = invitation.id, patient.id

        def press(who: int, id: int = id, patient_id: int = patient_id) -> object:
            invitation = db.session.get_one(Invitation, id)
            return invitation.withdraw() if who else invitation.accept(db.session.get_one(User, patient_id))

        assert outcomes(clinic, 2, press) == {"done": 1, "InvitationIsOver": 1}, number
        invitation = db.session.get_one(Invitation, id)
        assert (invitation.accepted_at is None) != (invitation.withdrawn_at is None)


def test_answered_in_two_windows_is_answered_once(clinic: Flask) -> None:
    """«Да» and «Нет» at once: whichever is first is the answer, and nothing is left to ask."""
    doctor_id, born = make_doctor().id, date(1957, 5, 3)
    for number in range(5):
        patient = make_user()
        invite(doctor_id, phone=patient.phone, birth_date=born).accept(patient)
        db.session.commit()
        patient_id = patient.id

        def answer(who: int, patient_id: int = patient_id) -> bool:
            patient = db.session.get_one(User, patient_id, with_for_update=True)
            is_taken = Invitation.answer_birth_date(patient, born, is_right=not who)
            db.session.commit()
            return is_taken

        taken = at_once(clinic, 2, answer)
        assert sorted(taken) == [False, True], number
        stored = db.session.get_one(User, patient_id, populate_existing=True).birth_date
        assert stored == (born if taken[0] else None)


def test_sent_again_or_forgotten_but_not_both(clinic: Flask) -> None:
    """The sweep of that very moment: who is written to again has a phone, who is forgotten gets no SMS."""
    doctor_id = make_doctor().id
    for number in range(5):
        invitation = invite(doctor_id, phone=f"+7916555000{number}", name="Зоя")
        invitation.expires_at -= timedelta(days=38)
        invitation.asked_at -= timedelta(days=45)
        db.session.commit()
        id = invitation.id

        def press(who: int, id: int = id) -> object:
            return Invitation.erase_unaccepted() if who else db.session.get_one(Invitation, id).send_again()

        outcome = outcomes(clinic, 2, press)
        invitation = db.session.get_one(Invitation, id, populate_existing=True)
        if invitation.forgotten_at is None:
            assert outcome == {"done": 2}
            assert (invitation.name, invitation.phone) == ("Зоя", f"+7916555000{number}")
        else:
            assert outcome == {"done": 1, "InvitationIsOver": 1}
            assert (invitation.name, invitation.phone, invitation.is_alive) == ("", None, False)


def test_list_sent_twice_at_once_is_one(clinic: Flask) -> None:
    id = make_doctor().id

    def send(_number: int) -> int:
        made = draft(id, "list-0001").id
        db.session.commit()
        return made

    assert len(set(at_once(clinic, 4, send))) == 1
    assert len(db.session.scalars(db.select(ImportLine)).all()) == 20


def test_two_presses_make_one_import(clinic: Flask) -> None:
    patients = draft(make_doctor().id, "list-0001").id
    db.session.commit()

    def press(_number: int) -> bool:
        began = db.session.get_one(PatientImport, patients).start()
        db.session.commit()
        return began

    assert Counter(at_once(clinic, 4, press)) == {True: 1, False: 3}
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.PATIENT_IMPORT)).all()) == 1


def test_two_lists_with_the_same_people_and_three_workers(clinic: Flask, services: Services) -> None:
    id = make_doctor().id
    for client_id in ("list-0001", "list-0002"):
        draft(id, client_id).start()
    db.session.commit()
    at_once(clinic, 3, lambda _: run_due())
    run_due()
    assert Counter(letter.to for letter in services.outbox.latest(100)) == {f"+7916{n:07}": 1 for n in range(1, 21)}


def test_two_tabs_register_one_invited_person(clinic: Flask, services: Services) -> None:
    invite(make_doctor().id, phone=PHONE)
    db.session.commit()
    run_due()
    browsers = [Browser(clinic) for _ in range(2)]
    for browser in browsers:
        browser.post("/login/phone", {"phone": PHONE})
        code = LoginCode.newest_for(PHONE)
        assert code is not None
        browser.post("/login/code", {"code": code.digits})
    letters = [{"name": "Зоя", "password": "new horse battery", "csrf_token": one.token()} for one in browsers]
    statuses = at_once(
        clinic, 2, lambda n: browsers[n].open("/login/password", method="POST", data=letters[n]).status_code
    )
    assert statuses == [303, 303]
    assert len(db.session.scalars(db.select(Chat)).all()) == 1
