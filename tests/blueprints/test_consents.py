"""«Согласия»: every version with its day and its text, and each taken back apart."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browser import Browser
from factories import PASSWORD, make_child, propose
from reading import words

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Consent,
    Consultation,
    ConsultationState,
    Device,
    DocumentKind,
    User,
)
from ibolit.models.people import CURRENT
from ibolit.models.people.consent import PAST
from ibolit.services import clock

CONSENTS = "/profile/my-data/consents"
OFFER, PROCESSING = f"{CONSENTS}/offer/withdrawal", f"{CONSENTS}/personal-data/withdrawal"


@pytest.fixture
def accepted_before(patient: User) -> None:
    """A text of a version before, a month ago."""
    (old,) = PAST
    row = Consent(user_id=patient.id, document=old.kind, version=old.version, text_hash=old.hash, address="192.0.2.1")
    row.accepted_at = clock.now() - timedelta(days=30)
    db.session.add(row)
    db.session.commit()


def test_every_version_stands_with_its_day_and_its_text(as_patient: Browser, accepted_before: None) -> None:
    page = as_patient.get(CONSENTS).text
    for document in (*CURRENT, *PAST):
        assert f"Редакция {document.version}" in words(page)
    texts = re.findall(r'href="(/documents/[^"]+)"', page)
    assert len(texts) == 3
    for text in texts:
        shown = as_patient.get(text)
        assert shown.status_code == 200
        assert text.partition("edition=")[2] in shown.text
    old = as_patient.get("/documents/personal-data?edition=2026-11").text
    assert "замещает" not in old  # the version before named no stand-in
    assert "замещает" in as_patient.get("/documents/personal-data").text


def test_unknown_edition_is_not_there(as_patient: Browser) -> None:
    assert as_patient.get("/documents/offer?edition=1999-01").status_code == 404


def test_past_version_is_no_question_to_who_accepted_the_new_one(as_patient: Browser) -> None:
    assert "новая редакция" not in as_patient.get("/documents/personal-data?edition=2026-11").text


def test_offer_is_taken_back_apart_and_given_again(as_patient: Browser, patient: User) -> None:
    assert "Отозвать согласие с офертой?" in as_patient.get(OFFER).text
    answer = as_patient.post(OFFER)
    assert (answer.status_code, answer.location) == (303, CONSENTS)
    kinds = {one.document: one.withdrawn_at is not None for one in db.session.scalars(db.select(Consent))}
    assert kinds == {DocumentKind.OFFER: True, DocumentKind.PERSONAL_DATA: False}
    assert "отозвано" in words(as_patient.get(CONSENTS).text)
    assert as_patient.get("/messages").location == "/consent?next=/messages"
    for open_still in ("/profile/my-data", "/profile/my-data/looks", "/profile/my-data/copy", "/profile/payments"):
        assert as_patient.get(open_still).status_code == 200
    assert as_patient.post("/consent", {"offer": "y", "personal_data": "y"}).status_code == 303
    assert as_patient.get("/messages").status_code == 200
    assert [one.action for one in db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.id))] == [
        AuditAction.CONSENT_WITHDRAWN,
        AuditAction.CONSENTED,
    ]


def test_pressed_twice_it_is_taken_back_once(as_patient: Browser, patient: User) -> None:
    as_patient.post(OFFER)
    (first,) = db.session.scalars(db.select(Consent.withdrawn_at).where(Consent.withdrawn_at.is_not(None)))
    assert as_patient.post(OFFER).status_code == 303
    (second,) = db.session.scalars(db.select(Consent.withdrawn_at).where(Consent.withdrawn_at.is_not(None)))
    assert first == second
    assert len(db.session.scalars(db.select(AuditEvent)).all()) == 1


def test_what_was_agreed_stays_open_after_it(as_patient: Browser, chat: Chat) -> None:
    consultation = propose(chat)
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    as_patient.post(OFFER)
    assert as_patient.get(f"/consultations/{consultation.id}").status_code == 200
    assert as_patient.get(f"/chats/{chat.id}").status_code == 200


def test_consent_to_the_processing_ends_what_there_is(as_patient: Browser, chat: Chat, patient: User) -> None:
    """Thirty days to think, with one's own data open all the while; a new yes brings everything back."""
    consultation = propose(chat)
    assert "Через 30 дней аккаунт удалится" in as_patient.get(PROCESSING).text
    assert as_patient.post(PROCESSING).location == CONSENTS
    db.session.expire_all()
    user = db.session.get_one(User, patient.id)
    assert (user.erases_at or clock.now()) - clock.now() > timedelta(days=29)
    assert user.accepted_versions == ""
    kinds = {one.document: one.withdrawn_at is not None for one in Consent.of(user)}
    assert kinds == {DocumentKind.OFFER: False, DocumentKind.PERSONAL_DATA: True}
    assert db.session.get_one(Consultation, consultation.id).state_now is ConsultationState.CANCELLED
    assert as_patient.get("/messages").location == "/consent?next=/messages"
    for open_still in ("", "/looks", "/copy", "/consents"):
        assert as_patient.get(f"/profile/my-data{open_still}").status_code == 200
    assert as_patient.post("/consent", {"offer": "y", "personal_data": "y"}).status_code == 303
    db.session.expire_all()
    assert db.session.get_one(User, patient.id).erases_at is None
    assert as_patient.get("/messages").status_code == 200


@pytest.mark.parametrize("kind", ["offer", "personal-data"])
def test_who_takes_a_consent_back_says_anew_who_they_are(as_patient: Browser, patient: User, kind: str) -> None:
    assert as_patient.device is not None
    db.session.get_one(Device, as_patient.device.id).confirmed_at = None
    db.session.commit()
    asked = as_patient.post(f"{CONSENTS}/{kind}/withdrawal")
    assert asked.location == "/profile/confirmation/consents"
    assert not any(one.withdrawn_at for one in db.session.scalars(db.select(Consent)))
    confirmed = as_patient.post("/profile/confirmation/consents", {"current": PASSWORD})
    assert confirmed.location == CONSENTS
    assert as_patient.post(f"{CONSENTS}/{kind}/withdrawal").location == CONSENTS


def test_declaration_for_a_child_ends_with_whom_it_was_for(as_patient: Browser, patient: User) -> None:
    vanya = make_child(patient, "Ваня Соколов")
    page = as_patient.get(CONSENTS).text
    assert "Заявление законного представителя" in page
    assert "Ваня Соколов, редакция" in words(page)
    assert 'href="/profile/family"' in page
    assert "отозвано" not in page
    db.session.merge(vanya).archive()
    db.session.commit()
    assert "отозвано" in as_patient.get(CONSENTS).text
    assert as_patient.get("/documents/representation?edition=2026-12").status_code == 200


def test_what_is_no_document_is_not_there(as_patient: Browser, as_doctor: Browser) -> None:
    assert as_patient.get(f"{CONSENTS}/nonsense/withdrawal").status_code == 404
    assert as_patient.post(f"{CONSENTS}/nonsense/withdrawal").status_code == 404
    assert as_doctor.post(OFFER).status_code == 404
