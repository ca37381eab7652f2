"""Limits of guessing, counted in rows."""

from __future__ import annotations

import pytest
from factories import later

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import LimitKind, RateLimitHit

MINUTES = {
    LimitKind.CALENDAR_FEED: (60, 60),
    LimitKind.CODE_FOR_PHONE: (5, 60),
    LimitKind.CODE_FROM_ADDRESS: (30, 60),
    LimitKind.CODE_FROM_NETWORK: (200, 24 * 60),  # a fifth of the day's SMS
    LimitKind.CODE_PHONE_ADDRESS: (3, 60),
    LimitKind.CODE_PHONE_BROWSER: (3, 60),
    LimitKind.CODE_OF_ITS_OWN: (3, 60),
    LimitKind.PASSWORD_FOR_ACCOUNT: (10, 15),
    LimitKind.PASSWORD_KNOWN: (10, 15),
    LimitKind.PASSWORD_CURRENT: (10, 15),
    LimitKind.PASSWORD_SLOWED: (4, 60),
    LimitKind.WRONG_FOR_LOGIN: (20, 60),
    LimitKind.WRONG_FOR_USER: (20, 60),
    LimitKind.PASSWORD_FROM_ADDRESS: (100, 15),
    LimitKind.OWNER_NAME: (3, 24 * 60),
    LimitKind.OWNER_MAIL: (3, 24 * 60),
    LimitKind.OWNER_CODE: (5, 24 * 60),
    LimitKind.EMAIL_PROOF: (5, 60),
    LimitKind.PHONE_CHANGE: (5, 24 * 60),
    LimitKind.PAYMENT_CHECK: (20, 10),
    LimitKind.ASKING_FOR_TIME: (10, 60),
    LimitKind.DEVICE_TRANSFER: (10, 60),
    LimitKind.DEVICE_TRANSFER_FROM_ADDRESS: (60, 60),
    LimitKind.INVITATION: (5, 24 * 60),
    LimitKind.DATA_COPY: (3, 24 * 60),
    LimitKind.FAMILY_CODE_OF_ACCOUNT: (10, 24 * 60),
    LimitKind.FAMILY_CODE_FOR_PHONE: (3, 60),
    LimitKind.OWN_BIRTH_DATE: (3, 24 * 60),
}


@pytest.mark.parametrize("kind", sorted(set(LimitKind) - {LimitKind.LIVE_SCREEN}))  # which only counts
def test_so_many_in_so_many_minutes(clinic: object, kind: LimitKind) -> None:
    most, minutes = MINUTES[kind]
    for _ in range(most):
        RateLimitHit.count(kind, "somebody")
    db.session.commit()
    with pytest.raises(errors.TooManyAttempts):
        RateLimitHit.count(kind, "somebody")
    RateLimitHit.count(kind, "somebody else")
    later(minutes=minutes, seconds=-5)
    with pytest.raises(errors.TooManyAttempts):
        RateLimitHit.count(kind, "somebody")
    later(minutes=minutes, seconds=1)
    RateLimitHit.count(kind, "somebody")


def test_the_period_slides(clinic: object) -> None:
    for number in range(5):
        later(minutes=number * 10)
        RateLimitHit.count(LimitKind.CODE_FOR_PHONE, "somebody")
    later(minutes=61)
    RateLimitHit.count(LimitKind.CODE_FOR_PHONE, "somebody")
    with pytest.raises(errors.TooManyAttempts):
        RateLimitHit.count(LimitKind.CODE_FOR_PHONE, "somebody")


def test_refused_attempts_do_not_lengthen_the_wait(clinic: object) -> None:
    for _ in range(10):
        RateLimitHit.count(LimitKind.PASSWORD_FOR_ACCOUNT, "7 192.0.2.1")
    later(minutes=14)
    with pytest.raises(errors.TooManyAttempts):
        RateLimitHit.count(LimitKind.PASSWORD_FOR_ACCOUNT, "7 192.0.2.1")
    later(minutes=15, seconds=1)
    RateLimitHit.count(LimitKind.PASSWORD_FOR_ACCOUNT, "7 192.0.2.1")


def test_kinds_are_counted_apart(clinic: object) -> None:
    for _ in range(5):
        RateLimitHit.count(LimitKind.CODE_FOR_PHONE, "somebody")
    RateLimitHit.count(LimitKind.EMAIL_PROOF, "somebody")


def test_success_forgives_ones_own(clinic: object) -> None:
    for who in ("7 192.0.2.1", "8 192.0.2.1"):
        for _ in range(10):
            RateLimitHit.count(LimitKind.PASSWORD_FOR_ACCOUNT, who)
    RateLimitHit.forgive(LimitKind.PASSWORD_FOR_ACCOUNT, "7 192.0.2.1")
    RateLimitHit.count(LimitKind.PASSWORD_FOR_ACCOUNT, "7 192.0.2.1")
    with pytest.raises(errors.TooManyAttempts):
        RateLimitHit.count(LimitKind.PASSWORD_FOR_ACCOUNT, "8 192.0.2.1")


def test_sweep_leaves_what_still_counts(clinic: object) -> None:
    for _ in range(5):
        RateLimitHit.count(LimitKind.CODE_FOR_PHONE, "somebody")
    later(minutes=59)
    RateLimitHit.purge_old()
    with pytest.raises(errors.TooManyAttempts):
        RateLimitHit.count(LimitKind.CODE_FOR_PHONE, "somebody")
    later(hours=25)
    assert RateLimitHit.purge_old() == 5
    assert db.session.scalars(db.select(RateLimitHit)).all() == []
