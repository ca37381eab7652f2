"""When a notification is still news, and how it is written once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from consultation_steps import StillClock, accept, cancel, confirm, ready, request_reschedule, work
from factories import propose

from ibolit.extensions import db
from ibolit.models import (
    Channel,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Job,
    JobKind,
    Notification,
    NotificationKind,
    User,
)
from ibolit.models.delivery import VALID_STATES
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic")

FAR = timedelta(days=3)

NOON = datetime(2026, 3, 20, 9, tzinfo=UTC)

still = StillClock(NOON)


@pytest.fixture(autouse=True)
def clock_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    still.show(NOON)
    monkeypatch.setattr(clock, "datetime", still)


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    """Confirmed, in three days."""
    return confirm(propose(chat, starts_at=clock.now() + FAR))


def newest(kind: str) -> Notification:
    found = db.select(Notification).where(Notification.kind == kind).order_by(Notification.id.desc())
    return db.session.scalars(found).first() or pytest.fail(f"nobody was told: {kind}")


def test_every_kind_says_when_it_is_news() -> None:
    of_themselves = {
        NotificationKind(kind)
        for kind in (
            "message",
            "paid",
            "requested",
            "reschedule_requested",
            "decided",
            "returned",
            "ends",
            "promise",
            "urgent",
            "urgent_sent",
            "urgent_unopened",
            "stand_in",
            "copy_ready",
            "copy_failed",
            "coming_of_age",
        )
    }
    assert set(VALID_STATES) == set(NotificationKind) - {NotificationKind(kind) for kind in of_themselves}


def test_proposal_that_was_answered_or_cancelled_is_none(chat: Chat, patient: User) -> None:
    consultation = propose(chat)
    assert not newest("proposed").is_stale
    confirm(consultation)
    assert newest("proposed").is_stale
    other = propose(chat, starts_at=clock.now() + FAR)
    cancel(other, chat.doctor.user)
    assert newest("proposed").is_stale


def test_unanswered_proposal_is_none_after_its_start(chat: Chat) -> None:
    consultation = propose(chat)
    still.show(consultation.starts_at)
    assert newest("proposed").is_stale


@pytest.mark.parametrize("after", [accept, cancel, lambda consultation, user: decline(consultation, user)])
def test_wish_that_was_answered_is_none(
    consultation: Consultation, after: Callable[[Consultation, User], object]
) -> None:
    request_reschedule(consultation, consultation.patient, consultation.starts_at + FAR)
    assert not newest("reschedule_requested").is_stale
    after(consultation, consultation.doctor.user)
    assert newest("reschedule_requested").is_stale


def decline(consultation: Consultation, by: User) -> None:
    assert consultation.reschedule_request is not None
    consultation.decline_reschedule(by, consultation.reschedule_request)
    db.session.commit()


def test_wish_for_another_time_replaces_the_first(consultation: Consultation) -> None:
    request_reschedule(consultation, consultation.patient, consultation.starts_at + FAR)
    first = newest("reschedule_requested")
    request_reschedule(consultation, consultation.patient, consultation.starts_at + 2 * FAR)
    assert first.is_stale
    assert not newest("reschedule_requested").is_stale


def test_refusal_is_news_until_the_time_changes_after_all(consultation: Consultation) -> None:
    request_reschedule(consultation, consultation.patient, consultation.starts_at + FAR)
    decline(consultation, consultation.doctor.user)
    assert not newest("reschedule_declined").is_stale
    request_reschedule(consultation, consultation.patient, consultation.starts_at + FAR)
    accept(consultation, consultation.doctor.user)
    assert newest("reschedule_declined").is_stale
    assert not newest("moved").is_stale


@pytest.mark.parametrize("kind", ["confirmed", "moved"])
def test_what_was_cancelled_meanwhile_is_none(consultation: Consultation, kind: str) -> None:
    if kind == "moved":
        request_reschedule(consultation, consultation.patient, consultation.starts_at + FAR)
        accept(consultation, consultation.doctor.user)
    assert not newest(kind).is_stale
    cancel(consultation, consultation.patient)
    assert newest(kind).is_stale
    assert not newest("cancelled").is_stale


def test_reminder_is_none_after_a_move_a_cancelling_or_the_start(chat: Chat, consultation: Consultation) -> None:
    still.show(consultation.starts_at - timedelta(days=1))
    work(consultation)
    assert not newest("near").is_stale
    still.show(consultation.starts_at)
    assert newest("near").is_stale
    still.show(consultation.starts_at - timedelta(hours=23))
    assert not newest("near").is_stale
    request_reschedule(consultation, consultation.patient, consultation.starts_at + timedelta(hours=1))
    accept(consultation, consultation.doctor.user)
    assert newest("near").is_stale


def test_reminder_of_what_was_cancelled_is_none(consultation: Consultation) -> None:
    still.show(consultation.starts_at - timedelta(days=1))
    work(consultation)
    cancel(consultation, consultation.patient)
    assert newest("near").is_stale


def test_waiting_is_news_for_five_minutes(consultation: Consultation) -> None:
    still.show(consultation.opens_at)
    ready(consultation, consultation.doctor.user)
    still.go(minutes=5)
    assert not newest("ready").is_stale
    still.go(seconds=1)
    assert newest("ready").is_stale


def test_waiting_is_none_when_both_are_there(consultation: Consultation) -> None:
    still.show(consultation.opens_at)
    ready(consultation, consultation.doctor.user, consultation.patient)
    assert newest("ready").is_stale


def test_lateness_is_news_until_it_is_over(consultation: Consultation) -> None:
    still.show(consultation.starts_at - timedelta(minutes=5))
    consultation.announce_delay(consultation.doctor.user)
    db.session.commit()
    still.go(minutes=9)
    assert not newest("late").is_stale
    still.go(minutes=1)
    assert newest("late").is_stale


def test_lateness_is_none_when_the_late_one_has_come(consultation: Consultation) -> None:
    still.show(consultation.starts_at - timedelta(minutes=5))
    consultation.announce_delay(consultation.doctor.user)
    ready(consultation, consultation.doctor.user)
    assert newest("late").is_stale
    assert not newest("ready").is_stale


@pytest.mark.parametrize("kind", ["expired", "missed"])
def test_what_has_ended_stays_news(chat: Chat, consultation: Consultation, kind: str) -> None:
    if kind == "expired":
        consultation = propose(chat, starts_at=clock.now() + 2 * FAR)
    still.show(consultation.closes_at)
    work(consultation)
    still.go(days=1)
    assert not newest(kind).is_stale


def test_request_is_news_by_itself(chat: Chat, patient: User) -> None:
    ConsultationRequest.ask(chat, patient, ConsultationKind.VIDEO, "вечером", "ask-1")
    db.session.commit()
    assert not newest("requested").is_stale


def test_same_fact_is_written_once(consultation: Consultation) -> None:
    for _ in range(2):
        Notification.of_consultation(consultation.patient, NotificationKind.NEAR, consultation, "15:1")
    Notification.of_consultation(consultation.doctor.user, NotificationKind.NEAR, consultation, "15:1")
    Notification.of_consultation(consultation.patient, NotificationKind.NEAR, consultation, "15:2")
    db.session.commit()
    near = list(db.session.scalars(db.select(Notification.id).where(Notification.kind == "near")))
    assert len(near) == 3
    assert set(near) <= Job.pending(JobKind.NOTIFICATION)


def test_only_what_waits_is_delivered(consultation: Consultation) -> None:
    one = newest("confirmed")
    assert Notification.to_deliver(one.id) is one
    one.mark_delivered(Channel.SMS)
    db.session.commit()
    assert (one.state, one.delivered_at) == ("delivered", clock.now())
    assert Notification.to_deliver(one.id) is None


def test_link_leads_to_one_place(consultation: Consultation, patient: User) -> None:
    both = {"chat_id": consultation.chat_id, "consultation_id": consultation.id}
    db.session.add(Notification(user_id=patient.id, kind=NotificationKind.NEAR, unique_key="x", channel="sms", **both))
    with pytest.raises(sa.exc.IntegrityError):
        db.session.commit()
    db.session.rollback()
