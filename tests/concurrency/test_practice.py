"""A doctor presses while a patient buys, and on many devices: days are given once, nobody pays what he did not see."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from browser import Browser
from flask import Flask

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Doctor,
    Message,
    PatientNote,
    Payment,
    Tariff,
    TariffTerms,
    User,
)

from .crowd import at_once, outcomes

SEEN, DEARER = 2500_00, 3000_00


def test_ten_presses_give_the_days_once(clinic: Flask, doctor: Doctor, chat: Chat, patient: User) -> None:
    end, url = chat.open_until, f"/patients/{patient.id}/days"
    assert end is not None
    browsers = [Browser(clinic, doctor.user) for _ in range(8)]
    tokens = [{"X-CSRFToken": browser.token()} for browser in browsers]

    def press(number: int) -> int:
        data = {"days": "7", "client_id": "one-and-the-same"}
        return browsers[number].open(url, method="POST", data=data, headers=tokens[number]).status_code

    assert Counter(at_once(clinic, 8, press)) == {303: 8}
    assert db.session.get_one(Chat, chat.id).open_until == end + timedelta(days=7)
    assert len(db.session.scalars(db.select(Message).where(Message.author_id.is_(None))).all()) == 1
    assert len(db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.DAYS_GIVEN)).all()) == 1


def test_ten_different_presses_give_ten_times(clinic: Flask, chat: Chat) -> None:
    id, end = chat.id, chat.open_until
    assert end is not None
    done = outcomes(clinic, 8, lambda number: db.session.get_one(Chat, id).give_days(1, f"press-number-{number}"))
    assert done == {"done": 8}
    assert db.session.get_one(Chat, id).open_until == end + timedelta(days=8)


def test_who_buys_while_the_price_changes_pays_what_he_saw_or_is_told(
    clinic: Flask, doctor: Doctor, chat: Chat, patient: User
) -> None:
    """Through both doors, again and again from an old page: payments of the seen sum, or a refusal."""
    tariff_id = doctor.tariffs[0].id
    buyer, seller = Browser(clinic, patient), Browser(clinic, doctor.user)
    tokens = {"X-CSRFToken": buyer.token()}, {"X-CSRFToken": seller.token()}

    def press(number: int) -> tuple[str, int]:
        if number == 3:
            name = f"tariff-{tariff_id}-"
            data: dict[str, object] = {f"{name}title": "Тариф 1", f"{name}days": "30", f"{name}price": "3000"}
            url = f"/practice/tariffs/{tariff_id}"
            return "changed", seller.open(url, method="POST", data=data, headers=tokens[1]).status_code
        url = f"/chats/{chat.id}/payments"
        return "bought", buyer.open(url, method="POST", data={"tariff_id": tariff_id}, headers=tokens[0]).status_code

    answers = Counter(at_once(clinic, 8, press))
    assert answers[("changed", 303)] == 1
    assert answers[("bought", 303)] + answers[("bought", 409)] == 7
    assert {one.amount for one in db.session.scalars(db.select(Payment))} <= {SEEN}
    assert bool(db.session.scalar(db.select(Payment.id))) is (answers[("bought", 303)] > 0)
    [on_sale] = db.session.scalars(Tariff.on_sale_by(doctor.id))
    assert on_sale.price == DEARER


def test_ten_windows_change_one_tariff_once(clinic: Flask, doctor: Doctor) -> None:
    tariff_id, doctor_id = doctor.tariffs[0].id, doctor.id

    def change(number: int) -> None:
        held = Tariff.locked_for(db.session.get_one(Doctor, doctor_id), tariff_id)
        assert held is not None
        held.change(TariffTerms("Месяц", 30, DEARER + number % 2))

    done = outcomes(clinic, 8, change)
    assert done == {"done": 4, "TariffHasChanged": 4}
    assert len(db.session.scalars(Tariff.on_sale_by(doctor_id)).all()) == 1


def test_ten_presses_add_one_tariff(clinic: Flask, doctor: Doctor) -> None:
    doctor_id, terms = doctor.id, TariffTerms("Год", 365, 9000_00)
    done = outcomes(clinic, 8, lambda _: Tariff.add(db.session.get_one(Doctor, doctor_id), terms))
    assert done == {"done": 8}
    assert len(db.session.scalars(Tariff.on_sale_by(doctor_id)).all()) == 2


def test_of_ten_pages_one_writes_the_note(clinic: Flask, chat: Chat) -> None:
    id = chat.id

    def keep(number: int) -> None:
        PatientNote.keep(db.session.get_one(Chat, id), f"Страница {number}", f"pen-number-{number}", seen=0)

    assert outcomes(clinic, 8, keep) == {"done": 1, "NoteHasChanged": 7}
