"""When a notification is still news, and how it is written once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from factories import propose
from meetings import StillClock, accept, cancel, confirm, ready, wish, work

from ibolit.extensions import db
from ibolit.models import (
    Channel,
    Chat,
    Consultation,
    ConsultationRequest,
    Job,
    JobKind,
    Notification,
    NotificationKind,
    TalkKind,
    User,
)
from ibolit.models.consultations import rescheduling
from ibolit.models.delivery import TRUE_IN
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
def talk(chat: Chat) -> Consultation:
    """Confirmed, in three days."""
    return confirm(propose(chat, starts_at=clock.now() + FAR))


def newest(kind: str) -> Notification:
    found = db.select(Notification).where(Notification.kind == kind).order_by(Notification.id.desc())
    return db.session.scalars(found).first() or pytest.fail(f"nobody was told: {kind}")


def test_every_kind_says_when_it_is_news() -> None:
    of_themselves = {
        NotificationKind(kind)
        for kind in ("message", "paid", "requested", "time_wished", "decided", "returned", "ends")
    }
    assert set(TRUE_IN) == set(NotificationKind) - {NotificationKind(kind) for kind in of_themselves}


def test_proposal_that_was_answered_or_cancelled_is_none(chat: Chat, patient: User) -> None:
    talk = propose(chat)
    assert not newest("proposed").is_stale
    confirm(talk)
    assert newest("proposed").is_stale
    other = propose(chat, starts_at=clock.now() + FAR)
    cancel(other, chat.doctor.user)
    assert newest("proposed").is_stale


def test_unanswered_proposal_is_none_after_its_start(chat: Chat) -> None:
    talk = propose(chat)
    still.show(talk.starts_at)
    assert newest("proposed").is_stale


@pytest.mark.parametrize("after", [accept, cancel, lambda talk, user: decline(talk, user)])
def test_wish_that_was_answered_is_none(talk: Consultation, after: Callable[[Consultation, User], object]) -> None:
    wish(talk, talk.patient, talk.starts_at + FAR)
    assert not newest("time_wished").is_stale
    after(talk, talk.doctor.user)
    assert newest("time_wished").is_stale


def decline(talk: Consultation, by: User) -> None:
    assert talk.wish is not None
    rescheduling.decline(talk, by, talk.wish)
    db.session.commit()


def test_wish_for_another_time_replaces_the_first(talk: Consultation) -> None:
    wish(talk, talk.patient, talk.starts_at + FAR)
    first = newest("time_wished")
    wish(talk, talk.patient, talk.starts_at + 2 * FAR)
    assert first.is_stale
    assert not newest("time_wished").is_stale


def test_refusal_is_news_until_the_time_changes_after_all(talk: Consultation) -> None:
    wish(talk, talk.patient, talk.starts_at + FAR)
    decline(talk, talk.doctor.user)
    assert not newest("time_declined").is_stale
    wish(talk, talk.patient, talk.starts_at + FAR)
    accept(talk, talk.doctor.user)
    assert newest("time_declined").is_stale
    assert not newest("moved").is_stale


@pytest.mark.parametrize("kind", ["confirmed", "moved"])
def test_what_was_cancelled_meanwhile_is_none(talk: Consultation, kind: str) -> None:
    if kind == "moved":
        wish(talk, talk.patient, talk.starts_at + FAR)
        accept(talk, talk.doctor.user)
    assert not newest(kind).is_stale
    cancel(talk, talk.patient)
    assert newest(kind).is_stale
    assert not newest("cancelled").is_stale


def test_reminder_is_none_after_a_move_a_cancelling_or_the_start(chat: Chat, talk: Consultation) -> None:
    still.show(talk.starts_at - timedelta(days=1))
    work(talk)
    assert not newest("near").is_stale
    still.show(talk.starts_at)
    assert newest("near").is_stale
    still.show(talk.starts_at - timedelta(hours=23))
    assert not newest("near").is_stale
    wish(talk, talk.patient, talk.starts_at + timedelta(hours=1))
    accept(talk, talk.doctor.user)
    assert newest("near").is_stale


def test_reminder_of_what_was_cancelled_is_none(talk: Consultation) -> None:
    still.show(talk.starts_at - timedelta(days=1))
    work(talk)
    cancel(talk, talk.patient)
    assert newest("near").is_stale


def test_waiting_is_news_for_five_minutes(talk: Consultation) -> None:
    still.show(talk.opens_at)
    ready(talk, talk.doctor.user)
    still.go(minutes=5)
    assert not newest("ready").is_stale
    still.go(seconds=1)
    assert newest("ready").is_stale


def test_waiting_is_none_when_both_are_there(talk: Consultation) -> None:
    still.show(talk.opens_at)
    ready(talk, talk.doctor.user, talk.patient)
    assert newest("ready").is_stale


def test_lateness_is_news_until_it_is_over(talk: Consultation) -> None:
    still.show(talk.starts_at - timedelta(minutes=5))
    talk.be_late(talk.doctor.user)
    db.session.commit()
    still.go(minutes=9)
    assert not newest("late").is_stale
    still.go(minutes=1)
    assert newest("late").is_stale


def test_lateness_is_none_when_the_late_one_has_come(talk: Consultation) -> None:
    still.show(talk.starts_at - timedelta(minutes=5))
    talk.be_late(talk.doctor.user)
    ready(talk, talk.doctor.user)
    assert newest("late").is_stale
    assert not newest("ready").is_stale


@pytest.mark.parametrize("kind", ["expired", "missed"])
def test_what_has_ended_stays_news(chat: Chat, talk: Consultation, kind: str) -> None:
    if kind == "expired":
        talk = propose(chat, starts_at=clock.now() + 2 * FAR)
    still.show(talk.closes_at)
    work(talk)
    still.go(days=1)
    assert not newest(kind).is_stale


def test_request_is_news_by_itself(chat: Chat, patient: User) -> None:
    ConsultationRequest.ask(chat, patient, TalkKind.VIDEO, "вечером", "ask-1")
    db.session.commit()
    assert not newest("requested").is_stale


def test_same_fact_is_written_once(talk: Consultation) -> None:
    for _ in range(2):
        Notification.of_talk(talk.patient, NotificationKind.NEAR, talk, "15:1")
    Notification.of_talk(talk.doctor.user, NotificationKind.NEAR, talk, "15:1")
    Notification.of_talk(talk.patient, NotificationKind.NEAR, talk, "15:2")
    db.session.commit()
    near = list(db.session.scalars(db.select(Notification.id).where(Notification.kind == "near")))
    assert len(near) == 3
    assert set(near) <= Job.pending(JobKind.NOTIFICATION)


def test_only_what_waits_is_delivered(talk: Consultation) -> None:
    one = newest("confirmed")
    assert Notification.to_deliver(one.id) is one
    one.arrive(Channel.SMS)
    db.session.commit()
    assert (one.state, one.delivered_at) == ("delivered", clock.now())
    assert Notification.to_deliver(one.id) is None


def test_link_leads_to_one_place(patient: User) -> None:
    db.session.add(Notification(user_id=patient.id, kind=NotificationKind.NEAR, unique_key="x", channel="sms"))
    with pytest.raises(sa.exc.IntegrityError):
        db.session.commit()
    db.session.rollback()
