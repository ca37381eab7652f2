"""Many press the same free time in one second: one has it, the others read what is free, and no money is lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from consultation_steps import begin_to_pay
from factories import later, make_chat, make_doctor, make_user, open_hours
from flask import Flask
from payment_steps import answer

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    AppointmentType,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationState,
    Doctor,
    Payment,
    ProposalTerms,
    TypeTerms,
    User,
    booking,
)
from ibolit.services import clock
from ibolit.services.payments import ProviderPayment

from .crowd import at_once

PATIENTS = 50
TIMES = 5
PRICE = 2500_00


@pytest.fixture
def doctor(clinic: Flask) -> Doctor:
    return bookable_doctor()


def bookable_doctor(name: str = "Иванова Елена Сергеевна") -> Doctor:
    """Around the clock, paid and free."""
    doctor = make_doctor(name)
    types = (
        TypeTerms(title, ConsultationKind.VIDEO, 30, price) for title, price in (("Первичная", PRICE), ("Вопрос", 0))
    )
    open_hours(doctor, *types, begins=0, ends=24)
    return doctor


def slot_of(doctor_id: int, which: int = 0, *, paid: bool = True) -> booking.Slot:
    doctor = db.session.get_one(Doctor, doctor_id)
    type = AppointmentType.offered_by(doctor_id)[0 if paid else 1]
    return booking.free_times(doctor, type, clock.now(), clock.now() + timedelta(days=3))[which]


def press(patient_id: int, slot: booking.Slot, client_id: str = "press-0001") -> str:
    """As a request would: «done», or the rule that refused it, undone."""
    patient, doctor = db.session.get_one(User, patient_id), db.session.get_one(Doctor, slot.doctor_id)
    chosen = AppointmentType.find_of(doctor.id, slot.type_id)
    assert chosen is not None
    try:
        booking.book(patient, doctor, booking.terms_of(chosen, slot.starts_at), client_id)
    except errors.RuleViolation as refusal:
        db.session.rollback()
        offers_it = isinstance(refusal, errors.SlotIsTaken) and (slot in refusal.nearest or not refusal.nearest)
        return f"{type(refusal).__name__}{' and offers nothing else' if offers_it else ''}"
    db.session.commit()
    return "done"


def made() -> list[Consultation]:
    return list(db.session.scalars(db.select(Consultation).order_by(Consultation.id)))


@pytest.mark.parametrize("paid", [True, False])
def test_one_of_fifty_has_the_time(clinic: Flask, doctor: Doctor, paid: bool) -> None:
    patients, slot = [make_user(f"Пациент {number}").id for number in range(PATIENTS)], slot_of(doctor.id, paid=paid)
    told = at_once(clinic, PATIENTS, lambda number: press(patients[number], slot))
    assert Counter(told) == {"done": 1, "SlotIsTaken": PATIENTS - 1}
    (only,) = made()
    assert only.starts_at == slot.starts_at


def test_one_press_in_many_windows_is_one_hold(clinic: Flask, doctor: Doctor) -> None:
    patient, slot = make_user().id, slot_of(doctor.id)
    told = at_once(clinic, 6, lambda number: press(patient, slot, f"press-{number % 2}"))
    assert told == ["done"] * 6
    assert len(made()) == 1


def test_one_person_holds_one_time_of_two_doctors(clinic: Flask, doctor: Doctor) -> None:
    patient, other = make_user().id, bookable_doctor("Лебедев Лев")
    slots = [slot_of(doctor.id), slot_of(other.id, 5)]
    for time in range(TIMES):

        def one(number: int, time: int = time) -> str:
            return press(patient, slots[number], f"press-{number}-{time}")

        told = at_once(clinic, 2, one)
        assert sorted(told) == ["HoldExists", "done"]
        for one in made():
            db.session.delete(one)
        db.session.execute(db.text("DELETE FROM job"))
        db.session.commit()


def test_doctor_proposes_while_somebody_books(clinic: Flask, doctor: Doctor) -> None:
    chat_id, doctor_id = make_chat(make_user(), doctor).id, doctor.id
    for which in range(TIMES):
        slot, other_id = slot_of(doctor_id, paid=False), make_user("Пётр Орлов").id

        def one(number: int, slot: booking.Slot = slot, which: int = which, other_id: int = other_id) -> str:
            if not number:
                return press(other_id, slot)
            chat = db.session.get_one(Chat, chat_id)
            terms = ProposalTerms(ConsultationKind.VIDEO, slot.starts_at + timedelta(minutes=10), 30, 0)
            try:
                Consultation.propose(chat, chat.doctor, terms, f"proposal-{which}")
            except errors.TimeIsTaken:
                db.session.rollback()
                return "TimeIsTaken"
            db.session.commit()
            return "done"

        told = at_once(clinic, 2, one)
        assert tuple(told) in {("done", "TimeIsTaken"), ("SlotIsTaken", "done")}
        assert len(made()) == which + 1


def test_late_money_meets_another_patient(clinic: Flask, doctor: Doctor) -> None:
    """Whoever is first has the time; who is not has the money back, or reads that it is taken."""
    now = clock.now()
    for which in range(TIMES):
        first, second = make_user().id, make_user("Пётр Орлов").id
        slot = slot_of(doctor.id)
        press(first, slot, f"press-{which}")
        payment = begin_to_pay(made()[-1])
        id, said = payment.id, answer(payment)
        later(seconds=(clock.now() - now).total_seconds() + 16 * 60)

        def one(
            number: int,
            slot: booking.Slot = slot,
            second: int = second,
            id: int = id,
            said: ProviderPayment = said,
        ) -> str:
            if not number:
                return press(second, slot)
            db.session.get_one(Payment, id).settle(said)
            db.session.commit()
            return "done"

        told = at_once(clinic, 2, one)
        db.session.remove()
        payment = db.session.get_one(Payment, id)
        assert payment.consultation is not None
        has_time = payment.consultation.state is ConsultationState.CONFIRMED
        assert told[0] == ("SlotIsTaken" if has_time else "done")
        assert payment.refundable == (PRICE if has_time else 0)
        kept = [one for one in made() if one.starts_at == slot.starts_at and one.is_upcoming]
        assert len(kept) == 1
