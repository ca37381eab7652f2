"""Column types: moments keep their zone, states are words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from factories import make_user
from sqlalchemy.exc import StatementError

from ibolit.extensions import db
from ibolit.models import User


def test_moments_come_back_in_utc(patient: User) -> None:
    patient.seen_at = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=3)))
    db.session.commit()
    db.session.expire_all()
    assert patient.seen_at == datetime(2030, 1, 1, 9, 0, 0, 123456, tzinfo=UTC)
    assert patient.seen_at.utcoffset() == timedelta()


def test_naive_moments_are_refused(patient: User) -> None:
    patient.seen_at = datetime(2030, 1, 1)  # noqa: DTZ001
    with pytest.raises(StatementError, match="without its zone"):
        db.session.commit()
    db.session.rollback()


def test_states_are_kept_as_words(clinic: object) -> None:
    make_user()
    assert db.session.execute(db.text('SELECT role FROM "user"')).scalar_one() == "patient"
