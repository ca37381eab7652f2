"""A new version of a document is asked before every door, but stops no payment, no call and no news of either."""

from __future__ import annotations

import pytest
from browser import Browser
from factories import later, outdate
from flask import Flask
from leaving import me, press_erase, prove
from payment_steps import begin
from started_consultations import consultation_in_progress

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Doctor, User, erasure


@pytest.fixture
def outdated(patient: User) -> User:
    """Accepted what was current then."""
    outdate(patient)
    return patient


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return consultation_in_progress(chat)


def test_new_version_is_asked_before_every_door(as_patient: Browser, chat: Chat, outdated: User) -> None:
    for path in ("/messages", "/doctors", "/profile", f"/chats/{chat.id}", f"/chats/{chat.id}/tariffs"):
        assert as_patient.get(path).location.startswith("/consent"), path


def test_payments_go_on(as_patient: Browser, chat: Chat, outdated: User) -> None:
    payment = begin(chat)
    for path in ("/profile/payments", f"/payments/{payment.id}", f"/payments/return/{payment.token}"):
        answer = as_patient.get(path)
        assert answer.status_code == 200, path
        assert 'ws-connect="/live"' not in answer.text, "the socket would be shut, and the page load anew for ever"
    assert as_patient.post("/logout").location == "/login"


def test_consultation_is_held_to_its_end_and_a_day_more(
    as_patient: Browser, consultation: Consultation, outdated: User, doctor: Doctor
) -> None:
    doors = [
        f"/consultations/{consultation.id}",
        f"/consultations/{consultation.id}/call",
        f"/chats/{consultation.chat_id}",
    ]
    for path in doors:
        assert as_patient.get(path).status_code == 200, path
    assert (
        as_patient.post(
            f"/chats/{consultation.chat_id}/messages", {"text": "Я здесь", "client_id": "x" * 12}
        ).status_code
        == 303
    )
    assert as_patient.get("/messages").location.startswith("/consent")
    left = consultation.ends_at - consultation.created_at
    later(seconds=left.total_seconds() + 23 * 3600)
    assert as_patient.get(doors[0]).status_code == 200
    later(seconds=left.total_seconds() + 25 * 3600)
    assert as_patient.get(doors[0]).location.startswith("/consent")


def test_who_has_accepted_nothing_buys_nothing(clinic: Flask, as_patient: Browser, chat: Chat, patient: User) -> None:
    patient.accepted_versions = ""
    db.session.commit()
    assert as_patient.get("/profile/payments").location.startswith("/consent")
    assert as_patient.post(f"/chats/{chat.id}/payments").location.startswith("/consent")


def test_who_is_asked_for_a_consent_leaves_and_thinks_better_of_it(as_patient: Browser, patient: User) -> None:
    erasure.ask(patient)
    patient.accepted_versions = ""
    db.session.commit()
    page = as_patient.get("/consent").text
    assert 'action="/profile/erasure/undo"' in page
    assert "Отменить" in page
    assert as_patient.get("/profile/erasure").status_code == 200
    as_patient.post("/profile/erasure/undo")
    assert me(patient).erases_at is None
    prove(as_patient)
    press_erase(as_patient)
    assert me(patient).erases_at is not None
