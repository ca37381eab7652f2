"""The whole machinery of payments, driven at random against YooKassa's API on this machine.

Whatever is pressed, paid, lost, repeated, refused and killed in whatever order: when the dust has settled, each kopeck
the provider took is access given, money back, or a decision that waits for the operator. LONG_TESTS=1 searches
longer and elsewhere than the suite does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from emptying import empty
from factories import add_tariff, make_chat, make_doctor, make_user
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session
from stories import Steps, one_of, search
from yookassa_stub import YooKassaStub, given_back, kopecks, kopecks_to_value

from ibolit import errors
from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    AccessMode,
    Chat,
    Doctor,
    Job,
    JobKind,
    Message,
    Payment,
    PaymentState,
    Refund,
    RefundReason,
    RefundState,
    Role,
    Tariff,
    User,
)
from ibolit.models.payments import COUNTED_STATES, payment_reports
from ibolit.services import Services, clock
from ibolit.services.payments import CURRENCY, GatewayOutcomeUnknown, GatewayRefused, ProviderPayment
from ibolit.services.payments.amounts import from_kopecks
from ibolit.services.payments.yookassa import Shop, YooKassa
from ibolit.web.checkout import create_at_provider

TARIFFS = ((7, 700_00), (30, 2500_00), (3, 99_99))
UNSURE = ("500", "500-after", "502", "502-after", "drop", "drop-after", "garbage-after", "429", "401", "202")
REFUSED = ("410",)
PLACES = ("POST /payments", "GET /payments", "POST /refunds", "GET /refunds", "GET /receipts", "POST /receipts", "")
ODD = ("status", "amount", "amount.value", "id")  # what an answer may not be read without

PROFILE = search(short=10, long=400, steps=30, steps_of_long=50)

some = st.integers(0, 99)
payers = st.sampled_from(["pay", "pay", "pay", "less", "more", "dollars"])
troubles = st.lists(st.sampled_from(UNSURE + REFUSED * 4), max_size=2)


class Killed(BaseException):
    """The process is gone in the middle of a step: no except of ours sees it."""


class Fuse:
    """Burns down by one at each commit and before and after each call of the provider."""

    def __init__(self) -> None:
        self.left = 0

    def burn(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class Wire:
    """The real adapter, with the fuse along it."""

    def __init__(self, gateway: YooKassa, fuse: Fuse) -> None:
        self._gateway, self._fuse = gateway, fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        verb = getattr(self._gateway, name)

        def call(*args: Any, **named: Any) -> Any:
            self._fuse.burn()
            said = verb(*args, **named)
            self._fuse.burn()
            return said

        return verb if name == "parse_webhook" else call


step = Steps()


class MoneyMachine(RuleBasedStateMachine):
    def __init__(self, clinic: Flask, services: Services, stub: YooKassaStub) -> None:
        super().__init__()
        self.clinic, self.stub, self.fuse = clinic, stub, Fuse()
        self.gateway: Any = Wire(YooKassa(Shop(stub.shop_id, stub.secret_key, stub.url)), self.fuse)
        services.payments = self.gateway
        self.on_the_way: list[tuple[int, ProviderPayment]] = []
        self.ahead = 0
        self.shown: set[str] = set()  # pages payers have seen
        self.withdrawals: dict[int, tuple[datetime, int]] = {}  # by refund: when it was sent, the days it took
        self.paid_at: dict[int, datetime] = {}
        self.jobs_were_lost = False
        sa.event.listen(Session, "before_commit", self.fuse.burn)

    @initialize(days_left=st.sampled_from([-5.0, 0.5, 2.0]))
    def open_the_clinic(self, days_left: float) -> None:
        self._go(-self.ahead)
        empty(self.clinic)
        for things in (self.stub.payments, self.stub.refunds, self.stub.receipts, self.stub.notices, self.stub._keys):
            things.clear()
        self._set_right()
        self.stub.refunds_wait, self.stub._skew = False, timedelta()
        doctor = make_doctor(tariffs=0)
        patient, operator = make_user(), make_user("Операторова Ольга", Role.OPERATOR)
        for number, (days, price) in enumerate(TARIFFS):
            add_tariff(doctor, title=f"Тариф {number}", days=days, price=price)
        chat = make_chat(patient, doctor, days_left=days_left)
        assert chat.open_until is not None
        self.begun_until = chat.open_until
        self.chat_id, self.patient_id, self.operator_id = chat.id, patient.id, operator.id
        Job.ensure(JobKind.PAYMENTS_SWEEP)
        db.session.commit()

    # What the patient does

    @step(3, which=st.integers(0, len(TARIFFS) - 1), devices=st.integers(1, 2))
    def press(self, which: int, devices: int) -> None:
        """Two devices hold what each of them read; only the second's call may find the first's payment made."""
        with self._step():
            pressed = []
            for _ in range(devices):
                chat, tariff = self._chat(), db.session.scalars(sa.select(Tariff).order_by(Tariff.id)).all()[which]
                try:
                    pressed.append(Payment.start_for_tariff(chat, tariff, chat.patient).id)
                except errors.NothingToBuy:
                    assert chat.access is AccessMode.UNLIMITED or chat.doctor.hidden
                db.session.commit()
                db.session.remove()
            assert len(set(pressed)) <= 1

    @step(3, which=some)
    def page_asks(self, which: int) -> None:
        with self._step():
            payment = one_of(sa.select(Payment).where(Payment.state == PaymentState.CREATED), which)
            if payment is not None:
                db.session.commit()
                try:
                    create_at_provider(payment)
                except errors.PaymentNotMade:
                    assert payment.state is PaymentState.CANCELLED

    @step(6, which=some, does=st.sampled_from(["pay", "pay", "pay", "decline", "expire", "less", "more", "dollars"]))
    def payer(self, which: int, does: str) -> None:
        pages = [id for id, one in self.stub.payments.items() if one["status"] == "pending" and id in self.shown]
        if not pages:
            return
        id = pages[which % len(pages)]
        asked = kopecks(self.stub.payments[id]["amount"])
        if does in ("pay", "decline", "expire"):
            getattr(self.stub, does)(id)
        elif does == "dollars":
            self.stub.pay(id, currency="USD")
        else:
            self.stub.pay(id, value=kopecks_to_value(asked // 3 if does == "less" else asked + 500_01))

    @step(4, which=st.integers(0, len(TARIFFS) - 1), does=payers, faults=troubles)
    def buy(self, which: int, does: str, faults: list[str]) -> None:
        """The usual way in one go, as far as faults and kills let it come."""
        for fault in faults:
            self.stub.break_next("POST /payments", fault)
        self.press(which, 1)
        self.page_asks(0)
        self.nothing_is_done_twice()
        self.payer(0, does)
        self.worker(4000)

    @step(4, which=some)
    def request_refund(self, which: int) -> None:
        with self._step():
            payment = one_of(sa.select(Payment), which)
            if payment is not None and payment.can_request_refund:
                try:
                    payment.request_refund(RefundReason.REQUESTED_BY_PAYER)
                except errors.NothingToRefund:
                    assert payment.unused_days() == 0
                db.session.commit()

    @step(2, which=some)
    def slow_page_asks(self, which: int) -> None:
        """Its answer is on the way for as long as it likes."""
        with self._step():
            payment = one_of(sa.select(Payment).where(Payment.provider_id.is_not(None)), which)
            if payment is not None:
                db.session.commit()
                with suppress(GatewayOutcomeUnknown, GatewayRefused):
                    self.on_the_way.append((payment.id, payment.ask(self.gateway, "")))

    @step(3, which=some)
    def late_answer(self, which: int) -> None:
        if self.on_the_way:
            with self._step():
                id, said = self.on_the_way.pop(which % len(self.on_the_way))
                db.session.get_one(Payment, id).settle(said)
                db.session.commit()

    # What the provider does

    @step(3, which=some, times=st.integers(1, 2))
    def notify(self, which: int, times: int) -> None:
        if self.stub.notices:
            with self._step():
                self.stub.deliver(self._hear, which % len(self.stub.notices), times)

    @step(1)
    def lose_notices(self) -> None:
        self.stub.lose_notices()

    @step(1, which=some, event=st.sampled_from(["payment.succeeded", "payment.canceled", "refund.succeeded"]))
    def liar(self, which: int, event: str) -> None:
        with self._step():
            known = [*self.stub.payments, "2d0c1a5e-000f-5000-9000-1b2c3d4e5f60"]
            self._hear(self.stub.forge(known[which % len(known)], event))

    @step(4, where=st.sampled_from(PLACES), fault=st.sampled_from(UNSURE + REFUSED), times=st.integers(1, 3))
    def break_next(self, where: str, fault: str, times: int) -> None:
        """A plain no to a question about what he knows would be a lie, and nobody can settle what a liar took."""
        self.stub.break_next("POST /" if fault in REFUSED and not where.startswith("POST") else where, fault, times)

    @step(1)
    def heal(self) -> None:
        self.stub.heal()

    @step(1, waits=st.booleans())
    def refunds_wait(self, waits: bool) -> None:
        self.stub.refunds_wait = waits

    @step(3, which=some, fails=st.booleans())
    def bank_decides(self, which: int, fails: bool) -> None:
        pending = [id for id, one in self.stub.refunds.items() if one["status"] == "pending"]
        if pending:
            (self.stub.fail_refund if fails else self.stub.finish_refund)(pending[which % len(pending)])

    @step(3, which=some, part=st.sampled_from([1, 1, 2, 3]))
    def refund_by_hand(self, which: int, part: int) -> None:
        """In the bank's own cabinet; a part, or all that is left."""
        paid = [(id, kopecks(one["amount"]) - self._gone(id)) for id, one in self.stub.payments.items() if one["paid"]]
        left = [(id, sum_) for id, sum_ in paid if sum_ > 0]
        if left:
            id, sum_ = left[which % len(left)]
            self.stub.refund_by_hand(id, kopecks_to_value(max(1, sum_ // part)))

    @step(1, which=some)
    def another_shop(self, which: int) -> None:
        if self.stub.payments:
            self.stub.move_to_another_shop(list(self.stub.payments)[which % len(self.stub.payments)])

    @step(1)
    def the_shop_is_back(self) -> None:
        for id in self.stub.payments:
            self.stub.move_back(id)

    @step(1, which=some, path=st.sampled_from(ODD))
    def unreadable(self, which: int, path: str) -> None:
        known = [*self.stub.payments, *self.stub.refunds]
        if known:
            self.stub.distort(known[which % len(known)], path, None)

    @step(1)
    def readable(self) -> None:
        self.stub.straighten()

    # What the clinic does

    @step(5, seconds=st.sampled_from([0, 4, 20, 150, 900, 3700, 6 * 3600, 25 * 3600, 4 * 86400]))
    def worker(self, seconds: int) -> None:
        self._go(seconds)
        with self._step():
            run_due()

    @step(4, which=some, part=st.sampled_from([None, 1, 2, 10]))
    def approve(self, which: int, part: int | None) -> None:
        with self._step():
            refund = one_of(sa.select(Refund).where(Refund.state == RefundState.REQUESTED), which)
            if refund is not None:
                try:
                    refund.approve(None if part is None else max(1, refund.amount // part), "", self._operator())
                except errors.RefundTooLarge:
                    assert refund.amount > refund.payment.refundable
                    db.session.rollback()
                db.session.commit()

    @step(2, which=some)
    def decline(self, which: int) -> None:
        with self._step():
            refund = one_of(sa.select(Refund).where(Refund.state == RefundState.REQUESTED), which)
            if refund is not None:
                assert refund.decline("Нет", self._operator())
                db.session.commit()

    @step(4, which=some, part=st.sampled_from([1, 1, 2]))
    def repeat(self, which: int, part: int) -> None:
        with self._step():
            refund = one_of(sa.select(Refund).where(Refund.state == RefundState.FAILED), which)
            if refund is not None:
                assert refund.retry(self._operator(), max(1, refund.amount // part))
                db.session.commit()

    @step(1, which=some)
    def mark_out_of_band(self, which: int) -> None:
        with self._step():
            refund = one_of(sa.select(Refund).where(Refund.state == RefundState.FAILED), which)
            if refund is not None:
                assert refund.mark_out_of_band("Наличными", "17", self._operator())
                db.session.commit()

    @step(4, which=some, part=st.integers(1, 4), faults=troubles)
    def refund(self, which: int, part: int, faults: list[str]) -> None:
        """The worker tries it as often as it needs to come through these troubles."""
        for fault in faults:
            self.stub.break_next("POST /refunds", fault)
        with self._step():
            payment = one_of(sa.select(Payment).where(Payment.paid > Payment.refunded), which)
            if payment is not None:
                payment.refund(max(1, payment.refundable // part), RefundReason.OPERATOR, by=self._operator())
                db.session.commit()
        for _ in faults:
            self.worker(150)

    @step(1)
    def doctor_writes(self) -> None:
        with self._step():
            chat = self._chat()
            chat.post(chat.doctor.user, "Добрый день", f"doctor-{chat.last_seq:08}")
            db.session.commit()

    @step(1, hidden=st.booleans())
    def doctor_hides(self, hidden: bool) -> None:
        with self._step():
            db.session.execute(sa.update(Doctor).values(hidden=hidden))
            db.session.commit()

    @step(1, access=st.sampled_from([AccessMode.UNLIMITED, AccessMode.UNTIL]))
    def doctor_opens_for_good(self, access: AccessMode) -> None:
        with self._step():
            db.session.execute(sa.update(Chat).values(access=access))
            db.session.commit()

    # What happens to the house

    @step(3, points=st.integers(1, 8))
    def kill_soon(self, points: int) -> None:
        self.fuse.left = points

    @step(1)
    def lose_jobs(self) -> None:
        """Given up, or lost by hand: the sweep is the net beneath."""
        with self._step():
            db.session.execute(
                sa.delete(Job).where(Job.kind.in_((JobKind.PAYMENT, JobKind.REFUND, JobKind.RECONCILIATION)))
            )
            db.session.commit()
            self.jobs_were_lost = True

    @rule(
        taken=st.deferred(lambda: st.sampled_from(step.names)).flatmap(
            lambda name: st.tuples(st.just(name), st.fixed_dictionaries(step.arguments[name]))
        )
    )
    def happens(self, taken: tuple[str, dict[str, Any]]) -> None:
        name, arguments = taken
        getattr(self, name)(**arguments)

    # What must hold

    @invariant()
    def nothing_that_waits_is_forgotten(self) -> None:
        with self._look():
            if not self.jobs_were_lost:
                assert set(Payment.unfinished()) <= Job.pending(JobKind.PAYMENT)
                assert set(Refund.unfinished()) <= Job.pending(JobKind.REFUND)
                assert set(Payment.to_reconcile()) <= Job.pending(JobKind.RECONCILIATION)

    @invariant()
    def nothing_is_done_twice(self) -> None:
        with self._look():
            for payment in db.session.scalars(sa.select(Payment)):
                assert len(self.stub.numbered(payment.id)) <= 1
                assert payment.refunded == sum(one.amount for one in payment.refunds if one.state in COUNTED_STATES)
                if payment.paid_at is not None:
                    assert self.paid_at.setdefault(payment.id, payment.paid_at) == payment.paid_at
                if payment.page:
                    assert payment.provider_id is not None
                    self.shown.add(payment.provider_id)
            for refund in db.session.scalars(sa.select(Refund).where(Refund.sent_at.is_not(None))):
                assert refund.sent_at is not None
                self.withdrawals.setdefault(refund.id, (refund.sent_at, refund.days))
            for id, one in self.stub.payments.items():
                mine = [back for back in self.stub.refunds.values() if back["payment_id"] == id]
                gone = sum(kopecks(back["amount"]) for back in mine if back["status"] != "canceled")
                assert gone <= kopecks(one["amount"])

    def teardown(self) -> None:
        try:
            if hasattr(self, "chat_id"):
                self._let_it_settle()
        finally:
            sa.event.remove(Session, "before_commit", self.fuse.burn)
            db.session.remove()
            clock.shift(0)

    def _let_it_settle(self) -> None:
        """Also the bank is asked once more about each payment, as its notifications would have it."""
        self.fuse.left = 0
        self._set_right()
        self.stub.refunds_wait = False
        for id in list(self.stub.payments):
            with self._step():
                expedite_payment(id)
        for _ in range(60):
            for id in [id for id, one in self.stub.refunds.items() if one["status"] == "pending"]:
                self.stub.finish_refund(id)
            for id in [id for id, one in self.stub.payments.items() if one["status"] == "pending"]:
                self.stub.expire(id)
            self.worker(3700)
            self.nothing_is_done_twice()
            if not Payment.unfinished() and not self._refunds_in(RefundState.SENDING):
                break
        else:
            raise AssertionError("it never came to rest")
        self._check_the_books()
        self.worker(8 * 86400)  # what nobody decided
        self.worker(3700)
        self.nothing_is_done_twice()
        assert not self._refunds_in(RefundState.REQUESTED)
        self._check_the_books()

    def _check_the_books(self) -> None:
        with self._look():
            payments = db.session.scalars(sa.select(Payment)).all()
            for payment in payments:
                self._check_one(payment)
            theirs = {
                id: kopecks(one["amount"]) for id, one in self.stub.refunds.items() if one["status"] == "succeeded"
            }
            refunds = db.session.scalars(sa.select(Refund).order_by(Refund.id)).all()
            done = [one for one in refunds if one.state is RefundState.SUCCEEDED]
            assert {one.provider_id: one.amount for one in done} == theirs
            waits = [one for one in refunds if one.state in (RefundState.FAILED, RefundState.REQUESTED)]
            assert db.session.scalars(payment_reports.pending_decisions()).all() == waits
            months = payment_reports.monthly_incomes(self._chat().doctor_id, clock.now().tzinfo)
            returned = sum(month.returned for month in months)
            in_rubles = [one for one in payments if one.currency == CURRENCY]
            failed = sum(one.amount for one in waits if one.state is RefundState.FAILED and one.payment in in_rubles)
            assert returned == sum(one.refunded for one in in_rubles) - failed  # that money is still here
            assert self.stub.taken() == sum(one.paid for one in payments) - sum(theirs.values())
            self._check_the_time(payments)

    def _check_one(self, payment: Payment) -> None:
        made = self.stub.numbered(payment.id)
        if not made or made[0]["status"] != "succeeded":
            assert (payment.state, payment.paid, payment.applied_at) == (PaymentState.CANCELLED, 0, None)
            return
        assert payment.state is PaymentState.SUCCEEDED
        assert payment.provider_id == made[0]["id"]
        assert payment.paid == kopecks(made[0]["amount"])
        assert payment.refunded_by_provider == given_back(made[0])
        waits = [one for one in payment.refunds if one.state is RefundState.REQUESTED]
        assert len(waits) <= 1
        assert sum(one.cause is RefundReason.AMOUNT_MISMATCH for one in payment.refunds) <= 1
        has_amount_mismatch = made[0]["amount"] != from_kopecks(payment.amount)
        assert has_amount_mismatch == payment.has_amount_mismatch
        closing = Job.kind == JobKind.CLOSING_RECEIPT, Job.subject_id == payment.id
        assert len(db.session.scalars(sa.select(Job).where(*closing)).all()) == (payment.applied_at is not None)
        # Paid without access is right only for money that goes back or is asked about.
        assert payment.applied_at is not None or payment.refundable == 0 or waits
        # Nobody loses more days than they were refunded.
        assert payment.refundable == 0 or payment.withdrawn_days * payment.price <= payment.refunded * payment.days
        assert payment.withdrawn_days == sum(one.days for one in payment.refunds) <= payment.days

    def _check_the_time(self, payments: Any) -> None:
        """The chat's end again, from what was given and taken and when."""
        applied = [(one.applied_at, one.days) for one in payments if one.applied_at is not None]
        taken = [(moment, -days) for moment, days in self.withdrawals.values() if days]
        end = self.begun_until
        for moment, days in sorted(applied + taken):
            end = max(moment, (max(moment, end) if days > 0 else end) + timedelta(days=days))
        chat = self._chat()
        assert chat.open_until is not None
        assert abs(chat.open_until - end) < timedelta(minutes=5)
        notes = db.session.scalar(sa.select(sa.func.count()).where(Message.author_id.is_(None)))
        assert notes == len(applied)

    # Below: how a step is taken

    @contextmanager
    def _step(self) -> Iterator[None]:
        db.session.remove()
        try:
            yield
        except Killed:
            db.session.rollback()
        finally:
            db.session.remove()

    @contextmanager
    def _look(self) -> Iterator[None]:
        left, self.fuse.left = self.fuse.left, 0
        db.session.remove()
        try:
            yield
        finally:
            db.session.remove()
            self.fuse.left = left

    def _hear(self, body: bytes) -> None:
        notice = self.gateway.parse_webhook(body)
        if notice is not None:
            expedite_payment(notice.payment_id)

    def _gone(self, id: str) -> int:
        mine = [one for one in self.stub.refunds.values() if one["payment_id"] == id and one["status"] != "canceled"]
        return sum(kopecks(one["amount"]) for one in mine)

    def _set_right(self) -> None:
        self.stub.heal()
        self.stub.straighten()
        self.stub._elsewhere.clear()

    def _go(self, seconds: int) -> None:
        self.ahead += seconds
        clock.shift(self.ahead)
        self.stub.advance(seconds / 3600)

    def _chat(self) -> Chat:
        return db.session.get_one(Chat, self.chat_id)

    def _operator(self) -> User:
        return db.session.get_one(User, self.operator_id)

    def _refunds_in(self, state: RefundState) -> list[int]:
        return list(db.session.scalars(sa.select(Refund.id).where(Refund.state == state)))


def test_no_kopeck_is_lost_and_none_is_spent_twice(clinic: Flask, services: Services, monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "payments", services.payments)  # given back at the end
    with YooKassaStub() as stub:
        run_state_machine_as_test(lambda: MoneyMachine(clinic, services, stub), settings=PROFILE)
