"""Acts that succeed, are done twice or are refused, in savepoints of one transaction, some of which are rolled back.

After the commit exactly what was kept is told, each once and in its order, and every notice of it is there.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import sqlalchemy as sa
from consultation_steps import StillClock
from emptying import empty
from factories import make_chat, make_doctor, make_user
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from long_tests import examples

from ibolit import errors
from ibolit.events import ConsultationProposed, Fact, MessageSent, Subscribers
from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationKind, Message, Notification, NotificationKind, ProposalTerms
from ibolit.services import clock

NOON = datetime(2030, 3, 5, 12, 0, tzinfo=UTC)
SAID, SAID_WHERE_CLOSED, PROPOSED = "said", "said where closed", "proposed"

# A few ids and hours alone, so that acts are doubled and times are taken.
acts = st.tuples(st.sampled_from([SAID, SAID, SAID_WHERE_CLOSED, PROPOSED, PROPOSED]), st.integers(1, 4))
# Within a savepoint, which is kept or rolled back, stand acts and savepoints again.
savepoints = st.recursive(acts, lambda parts: st.tuples(st.booleans(), st.lists(parts, max_size=4)), max_leaves=12)


class Actors:
    """One patient and one doctor with a chat that is open, and another where the patient's time is over."""

    def __init__(self) -> None:
        doctor = make_doctor()
        self.open = make_chat(make_user(), doctor, days_left=3)
        self.closed = make_chat(make_user("Пётр Орлов"), doctor, days_left=-1)

    def do_all(self, parts: list[tuple[object, object]]) -> None:
        for first, second in parts:
            if isinstance(first, bool):
                assert isinstance(second, list)
                savepoint = db.session.begin_nested()
                self.do_all(second)
                savepoint.commit() if first else savepoint.rollback()
            else:
                with suppress(errors.ChatIsClosed, errors.TimeIsTaken):
                    self.do(first, second)

    def do(self, kind: object, number: object) -> None:
        assert isinstance(number, int)
        if kind == PROPOSED:  # half an hour each, an hour long: neighbours are in each other's way
            start = NOON + timedelta(hours=2, minutes=30 * number)
            terms = ProposalTerms(ConsultationKind.VIDEO, start, 60, 0)
            Consultation.propose(self.open, self.open.doctor, terms, f"proposal-{number}")
        else:
            chat = self.open if kind == SAID else self.closed
            chat.post(chat.patient, f"Здравствуйте, {number}!", f"message-{number}")


class Told(list[Fact]):
    """What subscribers hear after the commit, beside the app's own."""

    def listen(self, subscribers: Subscribers) -> None:
        for kind in (MessageSent, ConsultationProposed):
            subscribers.after_commit(kind, self.append)


@settings(max_examples=examples(60))
@given(parts=st.lists(savepoints, max_size=8), is_kept=st.sampled_from([True, True, True, False]))
def test_exactly_what_was_kept_is_told(app: Flask, parts: list[tuple[object, object]], is_kept: bool) -> None:
    told, before = Told(), app.extensions["ibolit_subscribers"]
    with app.app_context(), patch.object(clock, "datetime", StillClock(NOON)):
        empty(app)
        actors = Actors()
        app.extensions["ibolit_subscribers"] = subscribers = deepcopy(before)
        told.listen(subscribers)
        try:
            actors.do_all(parts)
            db.session.commit() if is_kept else db.session.rollback()
            assert_told(told)
        finally:
            app.extensions["ibolit_subscribers"] = before
            db.session.remove()
            empty(app)


def assert_told(told: Told) -> None:
    messages = db.session.execute(sa.select(Message.chat_id, Message.id, Message.revision).order_by(Message.id)).all()
    sent = [(fact.chat_id, fact.message_id, fact.revision) for fact in told if isinstance(fact, MessageSent)]
    assert sent == [tuple(row) for row in messages]
    proposed = Counter(fact.id for fact in told if isinstance(fact, ConsultationProposed))
    assert proposed == Counter(db.session.scalars(sa.select(Consultation.id)))
    notices = sa.select(Notification.consultation_id).where(Notification.kind == NotificationKind.PROPOSED)
    assert Counter(db.session.scalars(notices)) == proposed
    chats = db.session.execute(sa.select(Chat.id, Chat.last_seq)).tuples().all()
    posted = Counter(chat_id for chat_id, _, _ in sent)
    assert dict(chats) == {chat_id: posted[chat_id] for chat_id, _ in chats}
