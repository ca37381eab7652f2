"""Who accepted which text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_user

from ibolit.extensions import db
from ibolit.models import Consent, DocumentKind
from ibolit.models import consent as module


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


def test_new_version_asks_everyone_again(clinic: object, monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()
    offer, personal_data = module.CURRENT
    monkeypatch.setattr(module, "CURRENT", (replace(offer, version="2030-01"), personal_data))
    module.current_versions.cache_clear()
    try:
        assert not Consent.is_given_by(user)
        Consent.accept_current(user, "192.0.2.1")
        db.session.commit()
        assert Consent.is_given_by(user)
        assert [row.version for row in rows()[2:]] == ["2030-01", personal_data.version]
    finally:
        module.current_versions.cache_clear()
