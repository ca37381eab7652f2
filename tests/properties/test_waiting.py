"""Who waits, and in which order: after any words, answers, notes, closings and recalls the queue is that of a plain
model, which looks at the whole story anew each time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from consultation_steps import StillClock
from emptying import empty
from factories import make_doctor, make_user
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from long_tests import examples

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import AccessMode, Chat, Consultation, ConsultationKind, ProposalTerms, Wait
from ibolit.services import clock

NOON = datetime(2030, 3, 5, 12, 0, tzinfo=UTC)
CHATS = 3
PATIENT, DOCTOR, NOBODY = "patient", "doctor", "nobody"

# What is done, in which chat, how many messages behind one's page is, and how much later.
acts = st.tuples(
    st.sampled_from(
        [
            "patient",
            "patient",
            "patient",
            "doctor",
            "doctor",
            "note",
            "propose",
            "dismiss",
            "close",
            "recall",
            "archive",
        ]
    ),
    st.integers(0, CHATS - 1),
    st.integers(0, 2),
    st.sampled_from([0, 1, 30, 7200]),
)


@dataclass
class Said:
    by: str
    at: datetime
    is_recalled: bool = False


@dataclass
class Story:
    """All that was said in a chat, from seq 1 on, and up to where the doctor has said that it needs no answer."""

    said: list[Said] = field(default_factory=list)
    settled: int = 0
    is_closed: bool = False

    def waits_since(self) -> datetime | None:
        answered = [seq for seq, one in enumerate(self.said, 1) if one.by == DOCTOR and not one.is_recalled]
        after = max([self.settled, *answered])
        return next((one.at for one in self.said[after:] if one.by == PATIENT and not one.is_recalled), None)


class Clinic:
    def __init__(self) -> None:
        self.still = StillClock(NOON)
        self.doctor = make_doctor()
        chats = [Chat.begin(make_user(f"Анна {number}"), self.doctor) for number in range(CHATS)]
        self.chats = [db.session.get_one(Chat, id) for id in chats]
        for chat in self.chats:
            chat.access = AccessMode.UNLIMITED
        db.session.commit()
        self.stories = [Story() for _ in chats]
        self.acts = 0

    def do(self, act: str, which: int, behind: int, seconds: int) -> None:
        self.still.go(seconds=seconds)
        self.acts += 1
        chat, story = self.chats[which], self.stories[which]
        seen = max(0, len(story.said) - behind)
        with suppress(errors.RuleViolation):
            getattr(self, f"_{act}")(chat, story, seen)
        db.session.commit()
        assert len(story.said) == chat.last_seq

    def _patient(self, chat: Chat, story: Story, _seen: int) -> None:
        chat.post(chat.patient, "Болит", f"client-{self.acts:06}")
        story.said.append(Said(PATIENT, clock.now()))
        story.is_closed = False

    def _doctor(self, chat: Chat, story: Story, _seen: int) -> None:
        chat.post(self.doctor.user, "Пейте воду", f"client-{self.acts:06}")
        story.said.append(Said(DOCTOR, clock.now()))
        story.is_closed = False

    def _note(self, chat: Chat, story: Story, _seen: int) -> None:
        chat.post_system_note("Чат продлён", by=chat.patient_id if self.acts % 2 else None)
        story.said.append(Said(NOBODY, clock.now()))

    def _propose(self, chat: Chat, story: Story, _seen: int) -> None:
        start = (NOON + timedelta(days=30, hours=self.acts)).replace(microsecond=0)
        Consultation.propose(chat, self.doctor, ProposalTerms(ConsultationKind.VIDEO, start, 30, 0), f"p-{self.acts}")
        story.said.append(Said(DOCTOR, clock.now()))
        story.is_closed = False

    def _dismiss(self, chat: Chat, story: Story, seen: int) -> None:
        if story.waits_since() is not None:
            story.settled = max(story.settled, seen)
        chat.dismiss(seen)

    def _close(self, chat: Chat, story: Story, seen: int) -> None:
        has_news = any(one.by == PATIENT and not one.is_recalled for one in story.said[seen:])
        if not story.is_closed and not has_news:
            story.settled, story.is_closed = len(story.said), True
            story.said.append(Said(NOBODY, clock.now()))
        chat.close(seen)

    def _recall(self, chat: Chat, story: Story, seen: int) -> None:
        """The message one sees last, by whoever wrote it."""
        if not seen or story.said[seen - 1].by == NOBODY:
            return
        author = chat.patient if story.said[seen - 1].by == PATIENT else self.doctor.user
        chat.recall(author, seen)
        story.said[seen - 1].is_recalled = True

    def _archive(self, chat: Chat, _story: Story, seen: int) -> None:
        chat.archive(self.doctor.user, seen)

    def assert_queue(self) -> None:
        waits = {chat.id: story.waits_since() for chat, story in zip(self.chats, self.stories, strict=True)}
        wanted = sorted((True, since, id) for id, since in waits.items() if since is not None)
        db.session.expire_all()
        queue = Chat.queue_of(self.doctor.user)
        assert [chat.queue_place for chat in queue] == wanted
        assert [chat.id for chat in self.by_pages_of_one()] == [id for *_, id in wanted]
        assert Chat.numbers_of(self.doctor.user).waiting == len(wanted)
        assert {chat.id for chat in self.chats if chat.awaits_reply} == {id for *_, id in wanted}
        assert [chat.is_closed for chat in self.chats] == [story.is_closed for story in self.stories]

    def by_pages_of_one(self) -> list[Chat]:
        found: list[Chat] = []
        while len(found) <= CHATS:
            page = Chat.queue_of(self.doctor.user, found[-1].queue_place if found else None, most=1)
            if not page:
                break
            found += page
        return found


@settings(max_examples=examples(40), deadline=None)
@given(parts=st.lists(acts, max_size=25))
def test_queue_is_that_of_a_plain_model(app: Flask, parts: list[tuple[str, int, int, int]]) -> None:
    with app.app_context():
        empty(app)
        clinic = Clinic()
        with patch.object(clock, "datetime", clinic.still):
            try:
                for act in parts:
                    clinic.do(*act)
                    clinic.assert_queue()
                assert_waits_are_over_once()
            finally:
                db.session.remove()
                empty(app)


def assert_waits_are_over_once() -> None:
    """No two that have ended in a chat overlap, and none is shorter than nothing."""
    waits = db.session.scalars(db.select(Wait).order_by(Wait.chat_id, Wait.id)).all()
    for one in waits:
        assert one.began_at <= one.ended_at
        assert one.seconds == (one.ended_at - one.began_at).total_seconds()
    answered = [one.answer_seq for one in waits if one.answer_seq is not None]
    assert len({(one.chat_id, one.answer_seq) for one in waits if one.answer_seq}) == len(answered)
