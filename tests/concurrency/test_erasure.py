"""An account goes while money comes, a doctor writes, the person presses, and a backup is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browser import Browser
from copies import another_clinic, inside, run
from factories import make_chat, make_doctor, propose, say
from flask import Flask
from payment_steps import answer, begin

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import erasures
from ibolit.models import (
    Chat,
    Consultation,
    ConsultationState,
    Doctor,
    Message,
    Payment,
    PaymentState,
    Refund,
    SealedIdentity,
    Tariff,
    User,
    erasure,
)

from .crowd import at_once


def side_by_side(clinic: Flask, *actions: Callable[[], object]) -> list[object]:
    """Each by a thread of its own, three times over; what a rule refused is its name."""

    def do(number: int) -> object:
        try:
            done = actions[number % len(actions)]()
            db.session.commit()
        except errors.RuleViolation as refusal:
            db.session.rollback()
            return type(refusal).__name__
        return done

    return at_once(clinic, 3 * len(actions), do)


def erase(user_id: int) -> Callable[[], object]:
    return lambda: erasures.erase(db.session.get_one(User, user_id)).rows


def test_many_workers_erase_once(clinic: Flask, patient: User, chat: Chat) -> None:
    user_id = patient.id
    done = at_once(clinic, 6, lambda _number: bool(erase(user_id)()))
    assert sorted(done) == [False] * 5 + [True]
    assert len(db.session.scalars(db.select(SealedIdentity)).all()) == 1


def test_success_of_a_payment_is_never_lost(clinic: Flask, patient: User, chat: Chat) -> None:
    """Applied before, and asked back; or after, and gone back by itself."""
    payment_id, user_id = begin(chat).id, patient.id
    found = answer(db.session.get_one(Payment, payment_id))

    def settle() -> None:
        db.session.get_one(Payment, payment_id).settle(found)

    side_by_side(clinic, erase(user_id), settle)
    db.session.expire_all()
    payment = db.session.get_one(Payment, payment_id)
    refunds = db.session.scalars(db.select(Refund)).all()
    assert (payment.state, payment.paid) == (PaymentState.SUCCEEDED, 2500_00)
    assert [refund.amount for refund in refunds] == [2500_00]
    assert db.session.get_one(User, user_id).erased_at is not None


def test_doctor_writes_before_it_or_is_told(clinic: Flask, patient: User, chat: Chat, doctor: Doctor) -> None:
    """What was acknowledged is in the record; nothing is written into what is shut, and nothing is found."""
    chat_id, user_id, doctor_id, numbers = chat.id, patient.id, doctor.id, iter(range(100))

    def write() -> str:
        found = Chat.find_for(db.session.get_one(Doctor, doctor_id).user, chat_id)
        if found is None:
            return "404"
        found.post(found.doctor.user, "Слово какаду", f"client-{next(numbers):04}")
        return "written"

    told = side_by_side(clinic, erase(user_id), write)
    assert set(map(str, told[1::2])) <= {"404", "written", "ChatIsErased"}
    written = db.session.scalars(db.select(Message).where(Message.text == "Слово какаду")).all()
    assert len(written) == told.count("written")
    assert {message.stems for message in written} <= {""}
    assert Chat.find_for(db.session.get_one(Doctor, doctor_id).user, chat_id) is None


def test_patient_pays_and_undoes_at_the_last_moment(clinic: Flask, patient: User, chat: Chat) -> None:
    """Either they stay, or nothing that can be paid is left."""
    chat_id, user_id, tariff_id = chat.id, patient.id, chat.doctor.tariffs[0].id
    erasure.ask(db.session.get_one(User, user_id))
    db.session.commit()

    def pay() -> object:
        found = db.session.get_one(Chat, chat_id)
        return Payment.start_for_tariff(found, db.session.get_one(Tariff, tariff_id), found.patient).id

    side_by_side(clinic, erase(user_id), pay, lambda: erasure.undo(db.session.get_one(User, user_id)))
    db.session.expire_all()
    assert db.session.get_one(User, user_id).erased_at is not None
    assert not db.session.get_one(Chat, chat_id).is_time_sold
    for payment in db.session.scalars(db.select(Payment)).all():
        payment.end("not_created")
    db.session.commit()
    erasure.forget_contacts(db.session.get_one(User, user_id))
    db.session.commit()
    assert {payment.phone for payment in db.session.scalars(db.select(Payment))} <= {""}


def test_presses_of_two_windows_are_one(clinic: Flask, patient: User, chat: Chat) -> None:
    user_id = patient.id

    def ask() -> object:
        return erasure.ask(db.session.get_one(User, user_id))

    def withdraw() -> object:
        return erasure.withdraw_processing(db.session.get_one(User, user_id))

    side_by_side(clinic, ask, withdraw)
    db.session.expire_all()
    user = db.session.get_one(User, user_id)
    assert (user.erases_at is not None, user.withdrawn_at is not None) == (True, True)


def test_backup_has_all_of_a_person_or_nothing(clinic: Flask, patient: User, tmp_path: Path) -> None:
    """One moment: never a number with a name left somewhere, nor a name without a seal."""
    doctor = make_doctor("Вторая")
    for number in range(5):
        say(make_chat(patient, doctor, days_left=2), patient, f"Слово {number}")
    user_id, name = patient.id, patient.name

    def back_up() -> object:
        return run(clinic, "backup", tmp_path / "clinic.tar.gz")[0]

    def do(number: int) -> object:
        return (erase(user_id), back_up)[number]()

    at_once(clinic, 2, do)
    with another_clinic(tmp_path / "other") as other:
        assert run(other, "restore", tmp_path / "clinic.tar.gz")[0] == 0

        def look() -> tuple[str, bool, bool]:
            user = db.session.get_one(User, user_id)
            return user.name, user.erased_at is not None, SealedIdentity.of(user_id) is not None

        assert inside(other, look) == (f"№ {user_id}", True, True)  # the log beside the backups says so, in any case
    assert name not in (tmp_path / "erasures.log").read_text()


def test_consultation_that_has_begun_is_not_ended(clinic: Flask, patient: User, chat: Chat) -> None:
    consultation = propose(chat)
    db.session.get_one(Consultation, consultation.id).state = ConsultationState.IN_PROGRESS
    db.session.commit()
    erased = erasures.erase(db.session.get_one(User, patient.id))
    assert (erased.rows, db.session.get_one(User, patient.id).erased_at) == ({}, None)


def test_open_page_of_the_patient_is_over(clinic: Flask, patient: User) -> None:
    browser = Browser(clinic, patient)
    erase(patient.id)()
    assert browser.get("/messages").location.startswith("/login")
