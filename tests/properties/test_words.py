"""A random walk over actions and hours: every sentence that is said is true of the rows at that moment, nothing is said
twice, and whoever must know within the hour has it by the way he reads.

LONG_TESTS=1 walks longer and elsewhere; a failure prints the story as tests/told would tell it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest
from consultation_steps import StillClock
from flask import Flask
from long_tests import LONG
from reading import plain
from teller import CLINIC, Sent, Story

from ibolit.extensions import db
from ibolit.formatting import when_for
from ibolit.models import Chat, Consultation, ConsultationState, Message, Refund, RefundState, User
from ibolit.models.consultations import UPCOMING
from ibolit.models.payments import RefundRule
from ibolit.services import Services, clock

pytestmark = pytest.mark.slow_file

WALKS, STEPS = (60, 60) if LONG else (3, 25)
DAY_AND_TIME = re.compile(r"\d{1,2} [а-я]+(?: \d{4})?, \d\d:\d\d(?: \([^)]*МСК\))?")

S = ConsultationState
OUTCOMES = {
    "вам предложена встреча": (S.PROPOSED,),
    "встреча подтверждена": (S.CONFIRMED,),
    "встреча перенесена": UPCOMING,
    "время согласовано, осталось оплатить": (S.PROPOSED,),
    "встреча отменена": (S.CANCELLED,),
    "время встречи прошло": (S.EXPIRED,),
    "встреча не состоялась": (S.MISSED,),
    "встреча через": (S.CONFIRMED,),
    "встреча ждёт": (S.PROPOSED,),
    "просят о другом времени": UPCOMING,
    "новое время не подошло": UPCOMING,
    "вас уже ждут": (S.CONFIRMED,),
    "просят подождать": (S.CONFIRMED,),
}
# The same in letters.
OUTCOMES |= {
    "Вам предложена встреча": (S.PROPOSED,),
    "Время встречи согласовано": (S.PROPOSED,),
    "Напоминаем: встреча": (S.CONFIRMED,),
    "Вас просят о другом времени": UPCOMING,
    "Предложенное вами время не подошло": UPCOMING,
}
# How a letter ends that begins «Встреча 5 марта, 15:00 (МСК) …».
ENDS = {
    "подтверждена": (S.CONFIRMED,),
    "отменена": (S.CANCELLED,),
    "не состоялась": (S.MISSED,),
    "ждёт": (S.PROPOSED,),
}
# What the chat says when it happens.
NOTES = {
    "Консультация подтверждена:": (S.CONFIRMED,),
    "Консультация перенесена": (S.CONFIRMED,),
    "Консультация подтверждена.": (S.CONFIRMED,),
    "Осталось оплатить.": (S.PROPOSED,),
    "отменена": (S.CANCELLED,),
    "не состоится": (S.EXPIRED,),
    "не состоялась": (S.MISSED,),
}
# What a card says, and in which state alone.
SAYS = {
    S.PROPOSED: ("Ждёт подтверждения", "Время согласовано, осталось оплатить"),
    S.CONFIRMED: ("Подтверждена",),
    S.IN_PROGRESS: ("Идёт сейчас",),
    S.COMPLETED: ("Состоялась",),
    S.CANCELLED: ("Отменена",),
    S.EXPIRED: ("Не подтверждена вовремя",),
    S.MISSED: ("Не состоялась",),
}
WAYS = ("", "mail", "push", "mail push")
PLACES = ("Europe/Moscow", "Europe/Kaliningrad", "Asia/Vladivostok", "Asia/Kamchatka")
TOLD = "sms mail push note card unread"


@dataclass(frozen=True)
class Agreed:
    """What one who looked last knows of it."""

    state: ConsultationState
    start: datetime
    wish: datetime | None


class Walk:
    def __init__(self, story: Story, dice: Random) -> None:
        self.story, self.dice = story, dice
        self.ways = {who: story.given.get(who, "") for who in ("patient", "doctor")}
        self.heard: set[tuple[object, ...]] = set()
        self.doer = ""
        story.on_sent = self.is_true

    def step(self) -> None:
        self.doer, action = self._choose()
        if self.doer in self.ways and self.dice.random() < 0.5:
            self.story.live(f"{self.doer} reads")
        before, since = self._rows(), self.story.still.moment
        told, noted = len(self.story.sent), self._last_note()
        self.story.live(action)
        sent = self.story.sent[told:]
        if self.story.is_awake and self.doer in self.ways:
            self._everybody_knows(before, sent)
        if self.story.is_awake and self.doer == "time":
            self._time_is_told(before, since, sent)
        self._notes_are_true(noted)
        self._cards_are_true()
        self._badges_are_true()

    # What is done

    def _choose(self) -> tuple[str, str]:
        who = self.dice.choice(("patient", "doctor"))
        consultation = self._newest()
        if self.dice.random() < (0.08 if self.story.is_awake else 0.25):
            return "worker", "worker sleeps" if self.story.is_awake else "worker wakes"
        if consultation is None or consultation.state_now not in UPCOMING:
            price = self.dice.choice(("free", "for 1500"))
            return self.dice.choice((("doctor", f"doctor proposes {self._time_ahead()} {price}"), self._hour()))
        if any(one.state is RefundState.REQUESTED for one in self._refunds()) and self.dice.random() < 0.5:
            return "operator", "operator refuses Вас ждали"
        offered = [button for form in self.story.card(who).forms for button in form.buttons]
        actions = [f"{who} presses {button}" for button in offered] * 2
        if (
            consultation.reschedule_request_from_other(db.session.get_one(User, self.story.people[who])) is not None
            and self.dice.random() < 0.6
        ):
            return who, f"{who} presses {self.dice.choice(('Принять новое время', 'Оставить прежнее'))}"
        actions += [f"{who} wishes {self._time_ahead()}", f"{who} cancels"]
        if any(one.is_unfinished for one in consultation.payments):
            return self.dice.choice([*[("bank", "bank takes")] * 2, ("bank", "bank refuses"), self._hour()])
        hours = [self._hour() for _ in range(3)]
        return self.dice.choice([*((who, action) for action in actions), *hours])

    def _hour(self) -> tuple[str, str]:
        by = self.dice.choice((5, 12, 45, 170, 600, 1441))
        return "time", f"until {self._words(self.story.still.moment + timedelta(minutes=by))}"

    def _time_ahead(self) -> str:
        minutes = self.dice.choice((16, 40, 130, 300, 1500, 4400))
        return self._words(self.story.still.moment + timedelta(minutes=minutes))

    def _words(self, moment: datetime) -> str:
        return f"{moment.astimezone(CLINIC):%d.%m.%Y %H:%M}"

    # The law

    def is_true(self, sent: Sent) -> None:
        """At the moment it goes out; and it went out never before."""
        consultation = db.session.get(Consultation, sent.consultation_id) if sent.consultation_id else None
        if consultation is None:
            return
        start = (consultation.starts_at, consultation.reschedule_request, consultation.message.revision)
        key = (sent.who, sent.how, sent.words, sent.consultation_id, start)
        assert key not in self.heard, self._tell(f"twice: {sent}")
        self.heard.add(key)
        states = next((states for words, states in OUTCOMES.items() if sent.words.startswith(words)), None)
        if sent.words.startswith("Встреча "):
            states = next((states for words, states in ENDS.items() if f" {words}" in sent.words), states)
        assert states is None or consultation.state_now in states, self._tell(f"{consultation.state_now}: {sent}")
        self._times_are_true(sent, consultation)
        if sent.words.startswith(("встреча через", "встреча ждёт")):
            assert clock.now() < consultation.starts_at, self._tell(str(sent))
        if sent.words == "просят о другом времени":
            user = db.session.get_one(User, self.story.people[sent.who])
            assert consultation.reschedule_request_from_other(user) is not None, self._tell(str(sent))
        if sent.words == "вас уже ждут":
            times = [one for one in self.story.sent if (one.who, one.how, one.words, one.consultation_id) == key[:4]]
            assert len(times) <= 3, self._tell(str(sent))

    def _times_are_true(self, sent: Sent, consultation: Consultation) -> None:
        zone = self.story.zone_of(sent.who)
        of_rows = [
            plain(when_for(moment, zone))
            for moment in (consultation.starts_at, consultation.reschedule_request)
            if moment is not None
        ]
        for named in DAY_AND_TIME.findall(sent.words):
            assert named in of_rows, self._tell(f"{of_rows}: {sent}")

    def _notes_are_true(self, since: int) -> None:
        notes = db.select(Message.text).where(Message.seq > since, Message.author_id.is_(None), Message.card.is_(None))
        for note in db.session.scalars(notes.order_by(Message.seq)).all():
            consultation = self._consultation_of(note)
            states = next((states for words, states in NOTES.items() if words in note), None)
            if consultation is None or states is None:
                continue
            assert consultation.state in states, self._tell(f"{consultation.state}: {note}")
            refunds = [one for payment in consultation.payments for one in payment.refunds]
            if "Деньги вернутся полностью" in note:
                assert any(one.amount == one.payment.paid for one in refunds), self._tell(note)
            if "решит клиника" in note:
                assert any(one.state is RefundState.REQUESTED for one in refunds), self._tell(note)

    def _consultation_of(self, note: str) -> Consultation | None:
        """By the start it names: a worker that wakes tells of several. None that starts then: it was moved since."""
        named = DAY_AND_TIME.findall(plain(note))
        consultations = db.session.scalars(Consultation.with_card_data().order_by(Consultation.id.desc())).unique()
        return next(
            (
                consultation
                for consultation in consultations
                if plain(when_for(consultation.starts_at, CLINIC)) in named
            ),
            None,
        )

    def _time_is_told(self, before: dict[int, Agreed], since: datetime, sent: list[Sent]) -> None:
        """What time alone has made of it both hear; of the last quarter of an hour both are reminded."""
        for id, after in self._rows().items():
            was = before.get(id)
            outcome = after.state in (S.EXPIRED, S.MISSED) and was is not None and was.state is not after.state
            near = after.start - timedelta(minutes=15)
            agreed_at = db.session.get_one(Consultation, id).confirmed_at
            was_agreed = agreed_at is not None and agreed_at <= near
            reminded = (
                after.state is S.CONFIRMED and was_agreed and since < near <= self.story.still.moment < after.start
            )
            words = ("встреча через",) if reminded else ("время", "Время", "встреча не", "Встреча") if outcome else ()
            for who in self.ways if words else ():
                heard = [
                    one for one in sent if one.who == who and one.consultation_id == id and one.words.startswith(words)
                ]
                assert heard, self._tell(f"{who} does not hear of {after}")

    def _everybody_knows(self, before: dict[int, Agreed], sent: list[Sent]) -> None:
        now = self.story.still.moment
        other = "doctor" if self.doer == "patient" else "patient"
        zone = self.story.zone_of(other)
        for id, after in self._rows().items():
            was = before.get(id)
            if was == after or after.state not in (S.PROPOSED, S.CONFIRMED, S.CANCELLED):
                continue
            took_back = was is not None and was.wish is not None and after.wish is None and was.start == after.start
            if took_back and after.state is was.state:  # his own wish, or a no to one that changes nothing
                continue
            presses = min(after.start, was.start if was else after.start)
            is_today = presses.astimezone(zone).date() == now.astimezone(zone).date()
            if presses - now <= timedelta(hours=3) or is_today:
                how = "push" if "push" in self.ways[other] else "sms"
                assert any(one.who == other and one.how == how for one in sent), self._tell(
                    f"{other} is not told by {how}"
                )

    def _cards_are_true(self) -> None:
        consultation = self._newest()
        if consultation is None:
            return
        state = consultation.state_now
        for who in self.ways:
            words = self.story.known[who, "card"]
            assert any(says in words for says in SAYS[state]), self._tell(f"{state}: {words}")
            assert "Оплатить" not in words or consultation.may_be_paid(), self._tell(words)
            assert ("Продолжить оплату" in words) == (who == "patient" and consultation.may_be_paid_on()), self._tell(
                words
            )
            declined = [one for one in self._refunds() if one.state is RefundState.DECLINED and one.payment.refundable]
            is_refused = bool(declined) and all(one.payment.refundable == one.payment.paid for one in declined)
            assert ("В возврате отказано" in words) == is_refused, self._tell(words)
        if consultation.may_be_cancelled() and consultation.is_paid:
            self._rule_is_true(consultation)

    def _rule_is_true(self, consultation: Consultation) -> None:
        said = self.story.page("patient", f"/consultations/{consultation.id}/cancellation").words()
        rule, now = RefundRule.of(consultation), clock.now()
        if "при отмене до" in said:
            assert rule.full_until < now < consultation.starts_at, self._tell(said)
        if "Врача не было на связи" in said:
            assert consultation.starts_at <= now, self._tell(said)
        if "врача ждать не пришлось" in said:
            assert consultation.has_come(consultation.doctor.user), self._tell(said)

    def _badges_are_true(self) -> None:
        for who in self.ways:
            member = self.story.member(who)
            of_chat = Message.chat_id == self.story.chat_id, Message.seq > member.read_to
            new = db.session.scalar(db.select(db.func.count()).where(*of_chat)) or 0
            assert member.unread <= new, self._tell(f"{who} has read them")
            if who == self.doer and self.story.was_up_to_date[who]:
                assert not member.unread, self._tell(f"{who} has news of himself")

    # Below: parts of these

    def _last_note(self) -> int:
        return db.session.get_one(Chat, self.story.chat_id).last_seq

    def _rows(self) -> dict[int, Agreed]:
        db.session.remove()
        consultations = db.session.scalars(Consultation.with_card_data()).unique()
        return {
            consultation.id: Agreed(consultation.state_now, consultation.starts_at, consultation.reschedule_request)
            for consultation in consultations
        }

    def _newest(self) -> Consultation | None:
        db.session.remove()
        return db.session.scalars(Consultation.with_card_data().order_by(Consultation.id.desc())).unique().first()

    def _refunds(self) -> list[Refund]:
        consultation = self._newest()
        return [one for payment in consultation.payments for one in payment.refunds] if consultation else []

    def _tell(self, why: str) -> str:
        return "\n".join([*(f"{who}: {way}" for who, way in self.ways.items()), *self.story.lines, why])


@pytest.mark.parametrize("seed", range(WALKS))
def test_what_is_said_is_true_and_said_once_to_whom_it_concerns(
    seed: int, clinic: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    still, dice = StillClock(clock.now()), Random(seed)
    monkeypatch.setattr(clock, "datetime", still)
    monkeypatch.setattr(services, "payments", services.payments)
    monkeypatch.setattr(services, "push", services.push)
    given = {
        "told": TOLD,
        "patient": f"{dice.choice(WAYS)} {dice.choice(PLACES)}",
        "doctor": f"{dice.choice(WAYS)} {dice.choice(PLACES)}",
        "begins": dice.choice(("02.03 10:00", "02.03 20:30")),
    }
    walk = Walk(Story(clinic, services, still, given), dice)
    for _ in range(STEPS):
        walk.step()
