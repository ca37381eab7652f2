"""Who accepted which text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from browser import Browser
from factories import later, make_user
from flask import Flask

from ibolit.config import current_settings
from ibolit.extensions import db
from ibolit.models import Consent, DocumentDay, DocumentKind, User
from ibolit.models.people import consent as module
from ibolit.services import clock


def rows() -> list[Consent]:
    return list(db.session.scalars(db.select(Consent).order_by(Consent.id)))


def test_both_documents_are_accepted_with_text_and_place(clinic: object) -> None:
    user = make_user(consented=False)
    assert not Consent.is_given_by(user)
    Consent.accept_current(user, "192.0.2.1")
    db.session.commit()
    assert Consent.is_given_by(user)
    assert [row.document for row in rows()] == [DocumentKind.OFFER, DocumentKind.PERSONAL_DATA]
    assert {(row.user_id, row.address) for row in rows()} == {(user.id, "192.0.2.1")}
    assert [row.text_hash for row in rows()] == [document.hash for document in module.CURRENT]
    assert len({row.text_hash for row in rows()}) == 2


def test_accepting_twice_adds_nothing(clinic: object) -> None:
    user = make_user(consented=False)
    for _ in range(2):
        Consent.accept_current(user, "192.0.2.1")
    db.session.commit()
    assert len(rows()) == 2


@pytest.fixture
def renewed(clinic: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """Who has accepted the old version, when the clinic has a new offer."""
    user = make_user()
    offer, personal_data = module.CURRENT
    with monkeypatch.context() as patch:
        patch.setattr(module, "CURRENT", (replace(offer, version="2030-01"), personal_data))
        module.current_versions.cache_clear()
        yield user
    module.current_versions.cache_clear()


def test_new_version_asks_everyone_again_three_days_later(renewed: User) -> None:
    assert Consent.is_given_by(renewed)
    assert not Consent.is_given_by(make_user(consented=False))
    DocumentDay.note_current()
    db.session.commit()
    day = Consent.coming_for(renewed)
    assert day is not None
    assert timedelta(days=3) <= day - clock.now() <= timedelta(days=4)
    assert day.astimezone(current_settings.clinic_timezone).strftime("%H:%M") == "00:00"
    later(seconds=(day - clock.now()).total_seconds() - 1)
    DocumentDay.note_current()  # the worker starts again
    assert Consent.is_given_by(renewed)
    later(days=4)
    assert not Consent.is_given_by(renewed)
    Consent.accept_current(renewed, "192.0.2.1")
    db.session.commit()
    assert Consent.is_given_by(renewed)
    assert [row.version for row in rows()[2:]] == ["2030-01", module.CURRENT[1].version]


def test_it_may_be_accepted_before_its_day(renewed: User, app: Flask) -> None:
    DocumentDay.note_current()
    db.session.commit()
    browser = Browser(app, renewed)
    page = browser.get("/profile").text
    assert "попросим принять новую редакцию документов" in page
    assert "Это новая редакция" in browser.get("/documents/offer").text
    assert "Это новая редакция" not in browser.get("/documents/personal-data").text
    assert browser.post("/consent?next=/profile", {"offer": "y", "personal_data": "y"}).location == "/profile"
    assert "новую редакцию" not in browser.get("/profile").text
    later(days=5)
    assert Consent.is_given_by(db.session.get_one(User, renewed.id))


def test_clinic_moves_the_day_but_not_nearer(renewed: User, app: Flask) -> None:
    run = app.test_cli_runner().invoke
    assert "2030-01: asked from" in run(args=["documents"]).output
    soon = run(args=["documents", "--from", f"{clock.now() + timedelta(days=2):%Y-%m-%d}"])
    assert (soon.exit_code, "The soonest day is" in soon.output) == (1, True)
    far = f"{clock.now() + timedelta(days=20):%Y-%m-%d}"
    assert f"asked from {far}" in run(args=["documents", "--from", far]).output
    later(days=18)
    assert Consent.is_given_by(db.session.get_one(User, renewed.id))
    later(days=21)
    assert not Consent.is_given_by(db.session.get_one(User, renewed.id))
