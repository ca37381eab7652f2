"""Two patients and a doctor agree, pay, move, meet and cancel at random; time, bank and worker do as they like.

Everybody presses what his screen shows, and a screen may be old. Whatever happens: nothing paid takes place unpaid, no
money is kept for what did not take place unless the clinic decided so, and nobody is bound to a time they never saw.
LONG_TESTS=1 searches longer and elsewhere than the suite does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
import sqlalchemy as sa
from consultation_steps import StillClock
from emptying import empty
from factories import make_chat, make_doctor, make_user, offer, propose
from faulty_bank import FaultyBank
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session
from stories import Steps, one_of, search

from ibolit import errors
from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.events import (
    ConsultationCancelled,
    ConsultationCompleted,
    ConsultationExpired,
    ConsultationMissed,
    ConsultationStarted,
)
from ibolit.extensions import db
from ibolit.jobs import LIGHT, MONEY, run_due
from ibolit.models import (
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    ConsultationState,
    Job,
    JobKind,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Role,
    User,
)
from ibolit.models.consultations import CONFIRMED_STATES, TRANSITIONS, UPCOMING, Side
from ibolit.services import Services, clock
from ibolit.services.payments import GatewayOutcomeUnknown, GatewayRefused, GatewayStatus, ProviderPayment
from ibolit.services.payments.demo import DemoBank

pytestmark = pytest.mark.slow_file

PRICE = 1500_00
NOON = datetime(2030, 3, 5, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
OUTCOMES = (ConsultationState.COMPLETED, ConsultationState.MISSED, ConsultationState.CANCELLED)
TOOK_PLACE = (ConsultationState.IN_PROGRESS, ConsultationState.COMPLETED)
ENDS = {
    ConsultationCancelled: ConsultationState.CANCELLED,
    ConsultationCompleted: ConsultationState.COMPLETED,
    ConsultationExpired: ConsultationState.EXPIRED,
    ConsultationMissed: ConsultationState.MISSED,
}

PROFILE = search(short=3, long=120, steps=40, steps_of_long=60)

some = range(100)
sides = ("patient", "doctor")
either = (True, False)
mostly = (True, True, True, False)
aheads = (15, 30, 60, 75, 120, 24 * 60, 24 * 60 + 15, 3 * 24 * 60)  # minutes

step = Steps()


@dataclass
class Screen:
    """What one person's card of a consultation showed when he last looked."""

    start: datetime
    wish: datetime | None
    terms: CancellationTerms
    state: ConsultationState


@dataclass
class Known:
    """What the test remembers of one consultation, to compare."""

    state: ConsultationState
    said: ConsultationState | None = None  # what screens make of the state and the time
    look: object = None
    revision: int = 0
    agreed: dict[str, set[datetime]] = field(default_factory=lambda: {"patient": set(), "doctor": set()})
    ends: list[ConsultationState] = field(default_factory=list)
    begun: int = 0


class ConsultationMachine(RuleBasedStateMachine):
    def __init__(self, clinic: Flask, services: Services, demo: DemoBank, still: StillClock) -> None:
        super().__init__()
        self.clinic, self.services, self.demo, self.still = clinic, services, demo, still
        self.known: dict[int, Known] = {}
        self.screens: dict[tuple[int, str], Screen] = {}
        self.on_the_way: list[tuple[int, ProviderPayment]] = []
        self.steps = 0
        sa.event.listen(Session, "after_commit", self._hear)

    @initialize(seed=st.integers(0, 2**48))
    def open_the_clinic(self, seed: int) -> None:
        """Hypothesis draws the seed of each story: drawing every step, it repeats itself, and few would ever pay."""
        self.dice = Random(seed)
        empty(self.clinic)
        self.still.show(NOON)
        self.services.payments = self.bank = FaultyBank(self.demo)  # type: ignore[assignment]
        doctor = make_doctor()
        self.operator_id = make_user("Операторова Ольга", Role.OPERATOR).id
        chats = [make_chat(make_user(), doctor), make_chat(make_user("Пётр Орлов"), doctor, days_left=-1)]
        self.chat_ids = [chat.id for chat in chats]
        self.free_time = [chat.open_until for chat in chats]

    # Agreeing

    @step(2, chat=(0, 1), ahead=aheads, price=[0, PRICE, PRICE], boldly=either)
    def propose(self, chat: int, ahead: int, price: int, boldly: bool) -> None:
        start = self.still.moment + ahead * MINUTE
        with self._press():
            others = self._kept_times()
            while not boldly and _meets(others, start):
                start += 15 * MINUTE
            taken = _meets(others, start)
            with self._refused(errors.TimeIsTaken):
                consultation = propose(db.session.get_one(Chat, self.chat_ids[chat]), starts_at=start, price=price)
                assert not taken
                self.known[consultation.id] = Known(consultation.state)
                self.known[consultation.id].agreed["doctor"].add(start)
                return
            assert taken

    @step(4, chat=(0, 1), ahead=aheads, price=[0, PRICE, PRICE])
    def agree(self, chat: int, ahead: int, price: int) -> None:
        """The usual way."""
        known = len(self.known)
        self.propose(chat, ahead, price, False)
        if len(self.known) > known:
            self.pay_at_once(0, True) if price else self.confirm(0, True)

    @step(2, chat=(0, 1), ahead=aheads, price=[0, PRICE], times=[2, 3])
    def offer(self, chat: int, ahead: int, price: int, times: int) -> None:
        """The same hour of following days, for the patient to choose."""
        starts = [self.still.moment + ahead * MINUTE + day * DAY for day in range(times)]
        with self._press():
            taken = any(_meets(self._kept_times(), start) for start in starts)
            with self._refused((errors.TimeIsTaken, errors.TimeIsTooSoon)):
                consultation = offer(db.session.get_one(Chat, self.chat_ids[chat]), *starts, price=price)
                assert not taken
                self.known[consultation.id] = Known(consultation.state)
                self.known[consultation.id].agreed["doctor"] |= {*starts}

    @step(4, which=some, option=[0, 1, 2])
    def choose(self, which: int, option: int) -> None:
        """From the screen as it is, or as it was: what was offered once stays a button of an old page."""
        with self._press():
            consultation = self._consultation(which)
            if consultation is None:
                return
            offered = sorted(self.known[consultation.id].agreed["doctor"])
            start = offered[option % len(offered)]
            with self._refused():
                consultation.choose_time(consultation.patient, start)
                db.session.commit()
                assert consultation.starts_at == start
                self.known[consultation.id].agreed["patient"].add(start)

    @step(1, chat=(0, 1), repeated=either)
    def ask_for_one(self, chat: int, repeated: bool) -> None:
        with self._press():
            here = db.session.get_one(Chat, self.chat_ids[chat])
            id = "request-same" if repeated else f"request-{self.steps}"
            ConsultationRequest.ask(here, here.patient, ConsultationKind.AUDIO, "Вечером", id)
            db.session.commit()

    @step(3, which=some, side=sides)
    def look(self, which: int, side: str) -> None:
        with self._press():
            consultation = self._consultation(which)
            if consultation is not None:
                user = self._user(consultation, side)
                self.screens[consultation.id, side] = Screen(
                    consultation.starts_at,
                    consultation.reschedule_request,
                    CancellationTerms.of(user, consultation),
                    consultation.state_now,
                )

    @step(5, which=some, fresh=mostly)
    def confirm(self, which: int, fresh: bool) -> None:
        with self._press():
            consultation, screen = self._shown(which, "patient", fresh)
            if consultation is not None:
                with self._refused():
                    consultation.confirm(consultation.patient, screen.start)
                    db.session.commit()
                    self.known[consultation.id].agreed["patient"].add(screen.start)

    @step(4, which=some, side=sides, ahead=aheads, fresh=mostly)
    def wish(self, which: int, side: str, ahead: int, fresh: bool) -> None:
        with self._press():
            consultation, screen = self._shown(which, side, fresh)
            if consultation is not None:
                start = self.still.moment + ahead * MINUTE
                with self._refused():
                    consultation.request_reschedule(self._user(consultation, side), start, screen.start)
                    db.session.commit()
                    self.known[consultation.id].agreed[side].add(start)

    @step(6, which=some, side=sides, fresh=mostly, yes=[True, True, False])
    def answer(self, which: int, side: str, fresh: bool, yes: bool) -> None:
        with self._press():
            consultation, screen = self._shown(which, side, fresh)
            if consultation is not None and screen.wish is not None:
                with self._refused():
                    verb = Consultation.accept_reschedule if yes else Consultation.decline_reschedule
                    verb(consultation, self._user(consultation, side), screen.wish)
                    db.session.commit()
                    if yes:
                        self.known[consultation.id].agreed[side].add(screen.wish)

    @step(5, which=some, side=sides, ahead=aheads, early=either)
    def move(self, which: int, side: str, ahead: int, early: bool) -> None:
        """Wished and accepted; or still on the screen of the other."""
        self.wish(which, side, ahead, True)
        if not early:
            self.answer(which, "doctor" if side == "patient" else "patient", True, True)

    @step(2, which=some, ahead=aheads)
    def doctor_becomes_busy(self, which: int, ahead: int) -> None:
        """Between the wish and the answer the time is given to another."""
        if not self.known:
            return
        id = self._ids()[which % len(self._ids())]
        self.wish(which, "patient", ahead, True)
        self.propose(which % 2, ahead, 0, True)
        self.answer(self._ids().index(id), "doctor", True, True)

    @step(3, which=some, side=sides, fresh=mostly, reason=[*CancellationReason][:3])
    def cancel(self, which: int, side: str, fresh: bool, reason: CancellationReason) -> None:
        with self._press():
            consultation, screen = self._shown(which, side, fresh)
            if consultation is None:
                return
            was_cancelled = consultation.state is ConsultationState.CANCELLED
            with self._refused():
                consultation.cancel(self._user(consultation, side), reason, screen.terms)
                db.session.commit()
                assert consultation.state is ConsultationState.CANCELLED
                if not was_cancelled:
                    self._terms_were_kept(screen.terms, consultation)

    # Paying

    @step(6, which=some, fresh=mostly)
    def press_pay(self, which: int, fresh: bool) -> None:
        with self._press():
            consultation, screen = self._shown(which, "patient", fresh)
            if consultation is None:
                return
            with self._refused():
                payment = consultation.start_payment(consultation.patient, screen.start)
                assert consultation.state_now is ConsultationState.PROPOSED  # else he would be led to pay for nothing
                db.session.commit()
                self.known[consultation.id].agreed["patient"].add(screen.start)
                self._page_asks(payment)

    @step(6, which=some, does=["pay", "pay", "pay", "decline", "odd"], hears=either)
    def payer(self, which: int, does: str, hears: bool) -> None:
        """At the bank's page; the notification may be lost."""
        waiting = [id for id, status in self.bank.bills().items() if status is GatewayStatus.WAITING]
        if waiting:
            id = waiting[which % len(waiting)]
            if does == "odd":
                self.bank.odd.add(id)
            self.bank.decline(id) if does == "decline" else self.bank.pay(id)
            if hears:
                with self._press():
                    expedite_payment(id)

    @step(4, which=some, fresh=mostly, does=["pay", "pay", "odd"])
    def pay_at_once(self, which: int, fresh: bool, does: str = "pay") -> None:
        """The usual way: pressed, paid, come back."""
        self.press_pay(which, fresh)
        self.payer(99, does, True)
        with self._press():
            run_due(MONEY)

    @step(2, which=some)
    def slow_answer_begins(self, which: int) -> None:
        with self._press():
            payment = one_of(sa.select(Payment).where(Payment.provider_id.is_not(None)), which)
            if payment is not None:
                db.session.commit()
                with suppress(GatewayOutcomeUnknown):
                    self.on_the_way.append((payment.id, payment.ask(self.services.payments, "")))  # type: ignore[arg-type]

    @step(2, which=some, times=(1, 2))
    def slow_answer_comes(self, which: int, times: int) -> None:
        if self.on_the_way:
            id, said = self.on_the_way[which % len(self.on_the_way)]
            for _ in range(times):
                with self._press():
                    db.session.get_one(Payment, id).settle(said)
                    db.session.commit()

    @step(3, chat=(0, 1), ahead=aheads, late=[0, 3, 14, 15, 16], does=["pay", "decline", "odd", ""])
    def pay_in_the_last_minute(self, chat: int, ahead: int, late: int, does: str) -> None:
        """Begun before the start; the worker looks, and then the bank says what became of it."""
        self.propose(chat, ahead, PRICE, False)
        newest = self._ids().index(max(self.known))
        with self._press():
            start = db.session.get_one(Consultation, max(self.known)).starts_at
        self.press_pay(newest, True)
        self.still.show(max(self.still.moment, start + late * MINUTE))
        self.worker()
        if does:
            self.payer(99, does, True)
            with self._press():
                run_due(MONEY)

    @step(4, chat=(0, 1), ahead=aheads, pays=either, again=["pay", "odd", ""], hears=either)
    def bank_lies(self, chat: int, ahead: int, pays: bool, again: str, hears: bool) -> None:
        """It made the payment and said that it refused: given up here, perhaps paid there, and told of later.

        Meanwhile the patient may pay again.
        """
        self.propose(chat, ahead, PRICE, False)
        self.bank.lies_once = True
        self.press_pay(0, True)
        told, self.bank.lies_once = not self.bank.lies_once, False
        if not told:
            return
        id, number = self.bank.lied_about[-1]
        if pays:
            self.bank.pay(id)
        self.on_the_way.append((number, self.bank.find(id)))
        if again:
            self.pay_at_once(0, True, again)
        if hears:
            self.slow_answer_comes(len(self.on_the_way) - 1, 1)

    # Meeting

    @step(4, which=some, side=sides)
    def mark_ready(self, which: int, side: str) -> None:
        with self._press():
            consultation = self._consultation(which)
            if consultation is not None:
                with self._refused():
                    consultation.mark_ready(self._user(consultation, side))
                    db.session.commit()

    @step(6, which=some, come=["pd", "pd", "dp", "p", "d"], ends=either)
    def meet(self, which: int, come: str, ends: bool) -> None:
        """To the minute, as people do."""
        with self._press():
            coming = sa.select(Consultation).where(Consultation.state == ConsultationState.CONFIRMED)
            consultation = one_of(coming, which)
            id, opens = (consultation.id, consultation.opens_at) if consultation is not None else (0, NOON)
        if id:
            self.still.show(max(opens, self.still.moment))
            place = self._ids().index(id)
            for side in come:
                self.mark_ready(place, "patient" if side == "p" else "doctor")
            if ends:
                self.end(place, "doctor")

    @step(2, chat=(0, 1), side=sides)
    def sign(self, chat: int, side: str) -> None:
        with self._press():
            here = db.session.get_one(Chat, self.chat_ids[chat])
            Consultation.record_presence([(here.patient if side == "patient" else here.doctor.user).id])
            db.session.commit()

    @step(1, which=some, side=sides)
    def announce_delay(self, which: int, side: str) -> None:
        with self._press():
            consultation = self._consultation(which)
            if consultation is not None:
                with self._refused():
                    consultation.announce_delay(self._user(consultation, side))
                    db.session.commit()

    @step(2, which=some, side=sides)
    def end(self, which: int, side: str) -> None:
        with self._press():
            consultation = self._consultation(which)
            if consultation is not None:
                with self._refused():
                    consultation.end(self._user(consultation, side))
                    db.session.commit()

    # The clinic

    @step(4, which=some, part=[None, None, 2, 3])
    def operator_gives_back(self, which: int, part: int | None) -> None:
        with self._press():
            payment = one_of(sa.select(Payment).where(Payment.paid > Payment.refunded), which)
            if payment is not None:
                sum_ = None if part is None else max(1, payment.refundable // part)
                payment.refund_expecting(payment.refundable, sum_, "", self._operator())
                db.session.commit()

    @step(3, which=some, part=[None, None, 2], yes=either)
    def operator_decides(self, which: int, part: int | None, yes: bool) -> None:
        with self._press():
            refund = one_of(sa.select(Refund).where(Refund.state == RefundState.REQUESTED), which)
            if refund is None:
                return
            if yes:
                with self._refused(errors.RefundTooLarge):
                    refund.approve(None if part is None else max(1, refund.amount // part), "", self._operator())
                    db.session.commit()
            else:
                assert refund.decline("", self._operator())
                db.session.commit()

    @step(1, refuses=either)
    def bank_refuses_refunds(self, refuses: bool) -> None:
        self.bank.refuses_refunds = refuses

    @step(1, which=some)
    def operator_repeats(self, which: int) -> None:
        with self._press():
            refund = one_of(sa.select(Refund).where(Refund.state == RefundState.FAILED), which)
            if refund is not None:
                assert refund.retry(self._operator())
                db.session.commit()

    # Time and the worker

    @step(6, minutes=[1, 2, 5, 10, 15, 30, 31, 31, 60, 12 * 60, 24 * 60, 5 * 24 * 60])
    def time_goes(self, minutes: int) -> None:
        """And the worker sleeps."""
        self.still.go(minutes=minutes)

    @step(6)
    def worker(self) -> None:
        """What screens say already is what it writes: of money first, for money may turn what is said."""
        with self._press():
            run_due(MONEY)
        with self._look():
            said = {consultation.id: consultation.state_now for consultation in self._consultations()}
        with self._press():
            run_due(LIGHT)
        with self._look():
            assert {consultation.id: consultation.state for consultation in self._consultations()} == said
            for chat_id in self.chat_ids:
                self._is_open_for_consultation(db.session.get_one(Chat, chat_id))

    @rule()
    def happens(self) -> None:
        self.steps += 1
        step.take(self, self.dice)

    # What must hold

    @invariant()
    def all_is_well(self) -> None:
        if not hasattr(self, "chat_ids"):
            return
        with self._look():
            consultations = self._consultations()
            for consultation in consultations:
                known = self.known[consultation.id]
                assert consultation.state in _reachable_from(known.state), f"{known.state} → {consultation.state}"
                if known.said in OUTCOMES:
                    assert consultation.state_now is known.said, "screens said it already"
                known.state, known.said = consultation.state, consultation.state_now
                self._is_seen_by_both(consultation, known)
                self._is_paid_for(consultation)
                self._is_ready_rightly(consultation)
                self._is_shown_anew(consultation, known)
                self._is_worked_on(consultation)
                assert sum(payment.is_unfinished for payment in consultation.payments) <= 1
                for payment in consultation.payments:
                    self._money_has_its_place(consultation, payment)
            self._nothing_overlaps(consultations)
            chats = [db.session.get_one(Chat, id) for id in self.chat_ids]
            assert [
                chat.open_until for chat in chats
            ] == self.free_time  # no card begins it, no money of a consultation ends it

    def teardown(self) -> None:
        try:
            if hasattr(self, "chat_ids"):
                self._let_it_settle()
        finally:
            sa.event.remove(Session, "after_commit", self._hear)
            db.session.remove()

    def _let_it_settle(self) -> None:
        """Everything comes to its end, what nobody decided too; then the bank has exactly what we say was kept."""
        self.bank.refuses_refunds = False
        for _ in range(8):
            self.still.go(days=5)
            for _ in self._failed():
                self.operator_repeats(0)
            self.worker()
            self.all_is_well()
            if not self._waits():
                break
        with self._look():
            for consultation in self._consultations():
                known = self.known[consultation.id]
                assert consultation.state not in UPCOMING
                assert known.ends == [consultation.state]
                assert known.begun == (consultation.started_at is not None)
            payments = db.session.scalars(sa.select(Payment)).all()
            assert not any(payment.is_unfinished for payment in payments)
            refunds = [refund for payment in payments for refund in payment.refunds]
            ended = {RefundState.SUCCEEDED, RefundState.DECLINED, RefundState.SUPERSEDED}
            assert {refund.state for refund in refunds} <= ended
            assert Job.pending(JobKind.CONSULTATION) <= {consultation.id for consultation in self._consultations()}
            heard = {one.provider_id: one.refundable for one in payments if one.state is PaymentState.SUCCEEDED}
            taken = {id for id, status in self.bank.bills().items() if status is GatewayStatus.SUCCEEDED}
            assert heard.keys() <= taken <= heard.keys() | {id for id, _ in self.bank.lied_about}
            unheard = sum(self.bank.find(id).amount for id in taken - heard.keys())
            assert self.bank.holds() - unheard == sum(heard.values())

    # Below: what each part of it means

    def _is_seen_by_both(self, consultation: Consultation, known: Known) -> None:
        if consultation.state in CONFIRMED_STATES:
            assert consultation.starts_at in known.agreed["patient"]
            assert consultation.starts_at in known.agreed["doctor"]

    def _is_paid_for(self, consultation: Consultation) -> None:
        applied = [payment for payment in consultation.payments if payment.applied_at is not None]
        assert len(applied) <= 1
        if consultation.price and (
            consultation.state in (*CONFIRMED_STATES, ConsultationState.COMPLETED, ConsultationState.MISSED)
        ):
            assert applied
            assert consultation.paid_at == applied[0].paid_at or applied[0].has_amount_mismatch
        if (
            consultation.price
            and consultation.state is ConsultationState.CONFIRMED
            and consultation.state_now in CONFIRMED_STATES
        ):
            assert applied[0].refundable > 0

    def _is_ready_rightly(self, consultation: Consultation) -> None:
        sides = [consultation.attendance_of(side) for side in Side]
        for first, last in [(one.first_ready_at, one.ready_at) for one in sides]:
            assert (first is None) == (last is None)
            if first is not None:
                assert consultation.confirmed_at is not None
                assert consultation.opens_at <= first < consultation.closes_at
                assert first <= last
        if consultation.started_at is not None:
            assert all(side.has_come for side in sides)

    def _is_shown_anew(self, consultation: Consultation, known: Known) -> None:
        sides = [consultation.attendance_of(side) for side in Side]
        said = [(side.first_ready_at, side.delay_announced_at) for side in sides]
        money = [(one.state, one.refunded, [back.state for back in one.refunds]) for one in consultation.payments]
        look = (
            consultation.state,
            consultation.starts_at,
            consultation.ends_at,
            consultation.proposed_start,
            consultation.proposed_by_id,
            said,
            money,
        )
        assert consultation.message.revision <= consultation.chat.revision
        assert known.look in (None, look) or consultation.message.revision > known.revision, "changed unseen"
        known.look, known.revision = look, consultation.message.revision

    def _is_worked_on(self, consultation: Consultation) -> None:
        if consultation.state not in UPCOMING:
            return
        jobs = Job.kind == JobKind.CONSULTATION, Job.subject_id == consultation.id, Job.done_at.is_(None)
        due = db.session.scalars(sa.select(Job.due_at).where(*jobs)).all()
        assert len(due) == 1
        changes_at = (
            consultation.expires_at if consultation.state is ConsultationState.PROPOSED else consultation.closes_at
        )
        assert due[0] <= max(changes_at, self.still.moment)

    def _money_has_its_place(self, consultation: Consultation, payment: Payment) -> None:
        """Kept only for what is to be, is or was; else the clinic has decided, or is asked."""
        assert payment.refunded <= payment.paid
        if payment.refundable > 0:
            has_its_consultation = payment.applied_at is not None and consultation.state in (
                ConsultationState.CONFIRMED,
                *TOOK_PLACE,
            )
            is_asked = any(one.state is RefundState.REQUESTED for one in payment.refunds)
            is_decided = any(one.decided_by is not None for one in payment.refunds)
            assert has_its_consultation or is_asked or is_decided
            assert payment.applied_at is not None or is_asked

    def _nothing_overlaps(self, consultations: list[Consultation]) -> None:
        kept = sorted(
            span
            for consultation in consultations
            if consultation.state_now in UPCOMING
            for span in _spans(consultation)
        )
        for (_, ends), (starts, _) in pairwise(kept):
            assert ends <= starts

    def _terms_were_kept(self, terms: CancellationTerms, consultation: Consultation) -> None:
        money = [payment for payment in consultation.payments if payment.state is PaymentState.SUCCEEDED]
        if terms is CancellationTerms.CLINIC_DECIDES:
            assert any(back.state is RefundState.REQUESTED for payment in money for back in payment.refunds)
        else:
            assert all(payment.refundable == 0 for payment in money)
            assert terms is CancellationTerms.NOTHING_PAID or money

    def _is_open_for_consultation(self, chat: Chat) -> None:
        kept = (*CONFIRMED_STATES, ConsultationState.COMPLETED, ConsultationState.MISSED)
        mine = [
            consultation
            for consultation in self._consultations()
            if consultation.chat_id == chat.id and consultation.state in kept
        ]
        now = self.still.moment
        windows = sorted(
            (consultation.opens_at, consultation.ends_at + DAY)
            for consultation in mine
            if consultation.ends_at + DAY > now
        )
        is_open = any(opens <= now < closes for opens, closes in windows)
        assert is_open == bool(
            chat.consultation_opens_at
            and chat.consultation_closes_at
            and chat.consultation_opens_at <= now < chat.consultation_closes_at
        )
        assert chat.consultation_opens_at == (windows[0][0] if windows else None)

    # Below: how a step is taken

    @contextmanager
    def _press(self) -> Iterator[None]:
        db.session.remove()
        try:
            yield
        finally:
            db.session.rollback()
            db.session.remove()

    @contextmanager
    def _look(self) -> Iterator[None]:
        db.session.remove()
        try:
            yield
        finally:
            db.session.remove()

    @contextmanager
    def _refused(
        self, kind: type[errors.RuleViolation] | tuple[type[errors.RuleViolation], ...] = errors.RuleViolation
    ) -> Iterator[None]:
        """The person reads why; nothing else may be said."""
        try:
            yield
        except kind:
            db.session.rollback()

    def _hear(self, session: Session) -> None:
        for fact in session.info.get("happened", []):
            known = self.known.get(getattr(fact, "id", 0))
            if type(fact) in ENDS and known is not None:
                known.ends.append(ENDS[type(fact)])
            elif isinstance(fact, ConsultationStarted) and known is not None:
                known.begun += 1

    def _page_asks(self, payment: Payment) -> None:
        try:
            found = payment.ask(self.services.payments, "")
        except GatewayRefused as refusal:
            payment.end(refusal.reason)
        else:
            assert found is not None
            payment.settle(found)
        db.session.commit()

    def _shown(self, which: int, side: str, fresh: bool) -> tuple[Consultation | None, Screen]:
        """The consultation and what the person's screen says of it: as it is now, or as it was when he looked."""
        consultation = self._consultation(which)
        if consultation is None:
            return None, Screen(NOON, None, CancellationTerms.FULL, ConsultationState.EXPIRED)
        if fresh or (consultation.id, side) not in self.screens:
            terms = CancellationTerms.of(self._user(consultation, side), consultation)
            self.screens[consultation.id, side] = Screen(
                consultation.starts_at, consultation.reschedule_request, terms, consultation.state_now
            )
        return consultation, self.screens[consultation.id, side]

    def _consultation(self, which: int) -> Consultation | None:
        ids = self._ids()
        return db.session.get_one(Consultation, ids[which % len(ids)]) if ids else None

    def _ids(self) -> list[int]:
        """What is coming more often than what has ended, the newest first."""
        coming = [id for id, known in self.known.items() if known.state in UPCOMING]
        return sorted(coming, reverse=True) * 3 + sorted(self.known, reverse=True)

    def _consultations(self) -> list[Consultation]:
        return list(db.session.scalars(Consultation.with_card_data().order_by(Consultation.id)).unique())

    def _user(self, consultation: Consultation, side: str) -> User:
        return consultation.patient if side == "patient" else consultation.doctor.user

    def _operator(self) -> User:
        return db.session.get_one(User, self.operator_id)

    def _kept_times(self) -> list[tuple[datetime, datetime]]:
        """What nobody has written as expired yet is still kept for its patient."""
        kept = sa.select(Consultation).where(Consultation.state.in_(UPCOMING))
        is_held = sa.or_(Consultation.held_until.is_(None), Consultation.held_until > self.still.moment)
        return [span for consultation in db.session.scalars(kept.where(is_held)) for span in _spans(consultation)]

    def _waits(self) -> bool:
        with self._look():
            return bool([*Consultation.unended(), *Payment.unfinished(), *Refund.unfinished()] or self._failed())

    def _failed(self) -> list[int]:
        return list(db.session.scalars(sa.select(Refund.id).where(Refund.state == RefundState.FAILED)))


def _spans(consultation: Consultation) -> list[tuple[datetime, datetime]]:
    """All that it keeps of the doctor's time."""
    offered = consultation.time_options if consultation.state is ConsultationState.PROPOSED else []
    return [(one.starts_at, one.ends_at) for one in [*offered, consultation][: len(offered) or 1]]


def _meets(others: list[tuple[datetime, datetime]], start: datetime) -> bool:
    return any(starts < start + 30 * MINUTE and ends > start for starts, ends in others)


def _reachable_from(state: ConsultationState) -> set[ConsultationState]:
    """More than one thing may have happened in a step."""
    return {state}.union(*(_reachable_from(following) for following in TRANSITIONS[state]))


def test_what_two_agree_on_is_paid_held_and_known_to_both(
    clinic: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo, still = services.payments, StillClock(NOON)
    assert isinstance(demo, DemoBank)
    monkeypatch.setattr(services, "payments", demo)  # given back at the end
    monkeypatch.setattr(demo, "on_webhook", lambda _: None)  # told by the test, if at all
    monkeypatch.setattr(clock, "datetime", still)
    run_state_machine_as_test(lambda: ConsultationMachine(clinic, services, demo, still), settings=PROFILE)
