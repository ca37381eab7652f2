"""Who may read which chat when: after any time off, choices and hours it is as a plain model says, which looks at the
whole story; whatever the worker has done by then."""

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
from ibolit.jobs import run_due
from ibolit.models import AbsenceTerms, AccessMode, Chat, ChatMember, Doctor, StandInChoice, StandInOffer, TimeOff, User
from ibolit.services import clock

NOON = datetime(2030, 3, 5, 12, 0, tzinfo=UTC)
CHATS, COLLEAGUES = 2, 2
HOURS = (1, 30, 100)

# What is done, by which patient, about which colleague (the last number: nobody), for how long.
acts = st.tuples(
    st.sampled_from(["write", "write", "let", "let", "wait", "away", "change", "end", "work", "later", "later"]),
    st.integers(0, CHATS - 1),
    st.integers(0, COLLEAGUES),
    st.sampled_from(HOURS),
)


# Each story begins where it matters: somebody is away, and the first patient lets the first colleague answer.
BEGINNING = (("away", 0, 0, 100), ("later", 0, 0, 30), ("write", 0, 0, 1), ("let", 0, 0, 1))


@dataclass
class Absence:
    begins: datetime
    ends: datetime
    stand_in: int | None
    offered: dict[int, int | None] = field(default_factory=dict)  # in which chats whom, last
    chosen: dict[int, int] = field(default_factory=dict)  # in which chats whom

    def is_at(self, now: datetime) -> bool:
        return self.begins <= now < self.ends


class Story:
    def __init__(self) -> None:
        self.absences: list[Absence] = []

    def now(self, moment: datetime) -> Absence | None:
        return next((one for one in self.absences if one.is_at(moment)), None)

    def may_read(self, chat: int, colleague: int, moment: datetime) -> bool:
        absence = self.now(moment)
        return absence is not None and absence.chosen.get(chat) == colleague == absence.stand_in


class Clinic:
    def __init__(self) -> None:
        self.still, self.story = StillClock(NOON), Story()
        self.doctor = make_doctor().id
        self.colleagues = [make_doctor(f"Коллега {number}").id for number in range(COLLEAGUES)]
        self.patients = [make_user(f"Анна {number}").id for number in range(CHATS)]
        self.stranger = make_user("Чужой").id
        self.chats = [Chat.begin(self.user(id), db.session.get_one(Doctor, self.doctor)) for id in self.patients]
        for id in self.chats:
            db.session.get_one(Chat, id).access = AccessMode.UNLIMITED
        db.session.commit()
        self.said = 0

    def user(self, id: int) -> User:
        return db.session.get_one(User, id)

    def do(self, what: str, chat: int, colleague: int, hours: int) -> None:
        stand_in = colleague if colleague < COLLEAGUES else None
        if what == "later":
            self.still.moment += timedelta(hours=hours)
        elif what == "work":
            run_due()
        elif what in ("away", "change", "end"):
            self.set_time_off(what, stand_in, hours)
        elif what == "write":
            self.write(chat)
        else:
            self.choose(chat, StandInChoice.STAND_IN if what == "let" else StandInChoice.WAIT)
        db.session.commit()
        db.session.remove()

    def set_time_off(self, what: str, stand_in: int | None, hours: int) -> None:
        doctor, now = db.session.get_one(Doctor, self.doctor), self.still.moment
        colleague = self.colleagues[stand_in] if stand_in is not None else None
        absence = self.story.now(now)
        if what == "away":
            begins = now + timedelta(hours=hours % 7)
            with suppress(errors.TimeOffOverlaps):
                TimeOff.add(doctor, AbsenceTerms(begins, begins + timedelta(hours=hours), colleague))
                self.story.absences.append(Absence(begins, begins + timedelta(hours=hours), stand_in))
            return
        known = TimeOff.current_of(doctor)
        assert (known is None) == (absence is None)
        if known is None or absence is None:
            return
        kept = TimeOff.locked(doctor, known.id)
        assert kept is not None
        if what == "end":
            kept.end()
            self.story.absences.remove(absence)
            return
        with suppress(errors.TimeOffOverlaps):
            kept.change(AbsenceTerms(kept.starts_at, now + timedelta(hours=hours), colleague))
            if absence.stand_in != stand_in:
                absence.chosen.clear()
            absence.ends, absence.stand_in = now + timedelta(hours=hours), stand_in

    def write(self, chat: int) -> None:
        self.said += 1
        patient = self.user(self.patients[chat])
        mine = Chat.locked_for(patient, self.chats[chat])
        assert mine is not None
        mine.post(patient, f"слово {self.said}", f"client-{self.said:06}")
        absence = self.story.now(self.still.moment)
        if absence is not None:
            absence.offered[chat] = absence.stand_in

    def choose(self, chat: int, choice: StandInChoice) -> None:
        patient = self.user(self.patients[chat])
        TimeOff.lock_all()
        mine = Chat.locked_for(patient, self.chats[chat])
        known = db.session.scalars(
            db.select(StandInOffer.id).where(StandInOffer.chat_id == self.chats[chat]).order_by(StandInOffer.id.desc())
        ).first()
        offer = StandInOffer.in_chat(mine, known) if mine is not None and known is not None else None
        if offer is None:
            return
        absence = self.story.now(self.still.moment)
        is_open = absence is not None and chat in absence.offered and absence.offered[chat] == absence.stand_in
        try:
            offer.choose(patient, choice)
        except errors.RuleViolation:
            db.session.rollback()
            assert not is_open or (choice is StandInChoice.STAND_IN and absence.stand_in is None)
            return
        assert is_open
        absence.chosen.pop(chat, None)
        if choice is StandInChoice.STAND_IN:
            absence.chosen[chat] = absence.stand_in

    def check(self) -> None:
        now = self.still.moment
        for number, id in enumerate(self.chats):
            hearers = {one.user_id for one in db.session.get_one(Chat, id).members_but(None)}
            for colleague, doctor_id in enumerate(self.colleagues):
                user = db.session.get_one(Doctor, doctor_id).user
                expected = self.story.may_read(number, colleague, now)
                told = f"chat {number}, colleague {colleague}"
                assert (Chat.find_for(user, id) is not None) == expected, told
                assert (Chat.locked_for(user, id) is not None) == expected, told
                assert (id in db.session.scalars(Chat.visible_to(user).with_only_columns(Chat.id)).all()) == expected, (
                    told
                )
                begun = db.session.get_one(Chat, id).last_seq > 0
                assert (id in [one.id for one in Chat.inbox_of(user)]) == (expected and begun), told
                found = {one.chat_id for one in Chat.search_messages(user, "слово")}
                assert (id in found) == (expected and begun), told
                assert (user.id in hearers) == expected, told
                assert (id in ChatMember.unread_chats_of(user)) <= expected, told
            assert Chat.find_for(self.user(self.patients[number]), id) is not None
            assert Chat.find_for(db.session.get_one(Doctor, self.doctor).user, id) is not None
            assert Chat.find_for(self.user(self.stranger), id) is None
        db.session.remove()


@settings(max_examples=examples(6), deadline=None)
@given(st.lists(acts, min_size=2, max_size=10))
def test_colleague_reads_what_is_chosen_and_only_until_the_return(
    app: Flask, story: list[tuple[str, int, int, int]]
) -> None:
    with app.app_context():
        try:
            one = Clinic()
            with patch.object(clock, "datetime", one.still):
                for act in (*BEGINNING, *story):
                    one.do(*act)
                    one.check()
        finally:
            db.session.remove()
            empty(app)
