"""What the words of a push, an SMS or a letter ask a notification beside its kind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import StillClock, confirm, pay
from factories import propose

from ibolit.extensions import db
from ibolit.models import Chat, Notification, NotificationKind, User
from ibolit.models.consultations import Consultation

pytestmark = pytest.mark.usefixtures("clinic")


def notice(
    consultation: Consultation, kind: NotificationKind, user: User | None = None, **more: object
) -> Notification:
    """Not written anywhere: only asked."""
    known: dict[str, object] = {"chats": 1, "moment": consultation.starts_at}
    with db.session.no_autoflush:
        return Notification(user=user or consultation.patient, kind=kind, consultation=consultation, **(known | more))


def test_chats_are_counted(still: StillClock, chat: Chat) -> None:
    one, two = (notice(propose(chat), NotificationKind.MESSAGE, chats=1), 2)
    assert not one.is_about_several_chats
    one.chats = two
    assert one.is_about_several_chats
    db.session.rollback()


def test_minutes_are_told_within_the_hour(still: StillClock, chat: Chat) -> None:
    told = notice(propose(chat), NotificationKind.NEAR)
    assert not told.is_within_the_hour
    still.go(hours=1)
    assert told.is_within_the_hour
    told.kind = NotificationKind.CONFIRMED
    assert not told.is_within_the_hour
    db.session.rollback()


def test_agreed_time_awaits_payment(still: StillClock, chat: Chat) -> None:
    consultation = propose(chat, price=1500_00, starts_at=still.moment + timedelta(days=2))
    told = notice(consultation, NotificationKind.WAITS)
    assert told.awaits_payment
    assert told.is_about_unpaid
    assert not told.is_about_extra_payment
    told.kind = NotificationKind.PROPOSED
    assert not told.awaits_payment
    db.session.rollback()


def test_paid_before_it_is_extra(still: StillClock, chat: Chat) -> None:
    consultation = propose(chat, price=1500_00, starts_at=still.moment + timedelta(days=2))
    pay(consultation)
    told = notice(consultation, NotificationKind.RETURNED)
    assert told.is_about_extra_payment
    assert not told.awaits_payment
    db.session.rollback()


def test_the_other_side_asks_to_be_waited_for(still: StillClock, chat: Chat) -> None:
    consultation = confirm(propose(chat))
    still.go(minutes=115)
    consultation.announce_delay(consultation.doctor.user)
    db.session.commit()
    told = notice(consultation, NotificationKind.LATE)
    assert told.waits_until == consultation.late_until(consultation.doctor.user) is not None
    assert notice(consultation, NotificationKind.LATE, consultation.doctor.user).waits_until is None
    assert notice(consultation, NotificationKind.READY).waits_until is None
    db.session.rollback()
