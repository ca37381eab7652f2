"""Three patients book, pay, move and cancel with two doctors who change hours, types, rules and time off as they like.

Everybody presses what their screen shows, and a screen may be old; the bank answers when it likes. Whatever happens: no
two are in one time, a booked one was free by every rule at its press, nothing paid is without its time or its money
back, and what was booked stays as it was shown. LONG_TESTS=1 tells 5,000 stories.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from consultation_steps import StillClock
from emptying import empty
from factories import make_chat, make_doctor, make_user, offer, propose
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from payment_steps import answer
from sqlalchemy.orm import selectinload
from stories import Steps, one_of, search

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    AbsenceTerms,
    AppointmentType,
    BookingRules,
    BookingTerms,
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationState,
    Doctor,
    HoursSpan,
    Payment,
    PaymentState,
    RulesTerms,
    TimeOff,
    TypeTerms,
    User,
    WeeklyHours,
    booking,
)
from ibolit.models.consultations import CONFIRMED_STATES, UPCOMING
from ibolit.services import clock
from ibolit.services.payments import GatewayStatus

pytestmark = pytest.mark.slow_file

PROFILE = search(short=12, long=5000, steps=25, steps_of_long=25)

DAY_BEFORE_SUMMER = datetime(2030, 3, 29, 9, 40, tzinfo=UTC)  # Europe's clocks go forward two days later
ZONES = "Europe/Berlin", "Asia/Kamchatka"
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
PRICE = 2500_00
VIDEO, AUDIO = ConsultationKind.VIDEO, ConsultationKind.AUDIO
TYPES = (
    TypeTerms("Первичная", VIDEO, 30, PRICE),
    TypeTerms("Вопрос", AUDIO, 20, 0),
    TypeTerms("Долгая", VIDEO, 75, PRICE),
)
WEEKS = (  # spans of every day
    ((0, 1440),),
    ((60, 240), (540, 1080)),
    ((540, 720), (840, 1440)),
    (),
)
LIVE = UPCOMING

some = range(100)
patients, doctors = (0, 1, 2), (0, 1)
either = (True, False)

step = Steps()


@dataclass
class Shown:
    """What a patient's page offered when they looked: terms of one slot each."""

    doctor_id: int
    offers: list[BookingTerms]


@dataclass
class Booked:
    """What was agreed to at the press, to compare."""

    terms: BookingTerms
    title: str
    held_until: datetime | None
    starts: set[datetime]  # at which everybody who had to has agreed


class BookingMachine(RuleBasedStateMachine):
    def __init__(self, clinic: Flask, still: StillClock) -> None:
        super().__init__()
        self.clinic, self.still = clinic, still
        self.shown: dict[int, Shown] = {}
        self.booked: dict[int, Booked] = {}
        self.steps = 0

    @initialize(seed=st.integers(0, 2**48))
    def open_the_clinic(self, seed: int) -> None:
        self.dice = Random(seed)
        empty(self.clinic)
        self.still.show(DAY_BEFORE_SUMMER)
        self.patient_ids = [make_user(f"Пациент {number}").id for number in patients]
        self.doctor_ids = []
        for number in doctors:
            doctor = make_doctor(f"Врач {number}")
            self.doctor_ids.append(doctor.id)
            for terms in TYPES:
                AppointmentType.add(doctor, terms)
            BookingRules.set(doctor, RulesTerms(ZONES[number], 60, 5, 6, confirms_free=bool(number)))
            self._set_week(doctor, number)
        db.session.commit()

    # Patients

    @step(6, patient=patients, doctor=doctors, type=(0, 0, 1, 2))
    def look(self, patient: int, doctor: int, type: int) -> None:
        with self._press():
            chosen = self._doctor(doctor)
            one = AppointmentType.kept_by(chosen)[type]
            now = self.still.moment
            slots = booking.free_times(chosen, one, now, now + timedelta(days=self.dice.choice((1, 3, 7))))
            offers = [booking.terms_of(one, slot.starts_at) for slot in slots]
            self.shown[patient] = Shown(chosen.id, offers)

    @step(12, patient=patients, which=some, first=either, oddly=(0, 0, 0, 5, 7, 30), knows=either)
    def book(self, patient: int, which: int, first: bool, oddly: int, knows: bool) -> None:
        """Of what was shown, often the first; sometimes a start that nobody offered."""
        shown = self.shown.get(patient)
        if shown is None or not shown.offers:
            return
        terms = shown.offers[0 if first else which % len(shown.offers)]
        self._book(patient, shown.doctor_id, replace(terms, starts_at=terms.starts_at + oddly * MINUTE), knows)

    @step(6, patient=patients, doctor=doctors, type=(0, 0, 1, 2), which=(0, 0, 1, 3), pays=either)
    def book_at_once(self, patient: int, doctor: int, type: int, which: int, pays: bool) -> None:
        """The usual way."""
        known = set(self.booked)
        self.look(patient, doctor, type)
        self.book(patient, which, False, 0, True)
        for _ in self.booked.keys() - known if pays else ():
            self.press_pay(99)
            self.bank_says(0, True)

    @step(6, which=some)
    def press_pay(self, which: int) -> None:
        with self._press():
            hold = self._one(Consultation.is_booked, Consultation.price > 0, which=which, newest=which == 99)
            if hold is not None:
                with suppress(errors.ConsultationHasChanged):
                    payment = hold.start_payment(hold.patient, hold.starts_at)
                    assert hold.state_now is ConsultationState.PROPOSED
                    payment.settle(answer(payment, GatewayStatus.WAITING))
                    db.session.commit()

    @step(8, which=some, pays=(True, True, True, False))
    def bank_says(self, which: int, pays: bool) -> None:
        """Now, or long after the hold."""
        with self._press():
            newest = sa.select(Payment).where(Payment.state == PaymentState.WAITING).order_by(Payment.id.desc())
            payment = one_of(newest, which)
            if payment is None or payment.consultation is None:
                return
            one, takes = payment.consultation, self._takes_money(payment.consultation)
            payment.settle(answer(payment, GatewayStatus.SUCCEEDED if pays else GatewayStatus.CANCELLED))
            db.session.commit()
            if pays:
                assert (payment.applied_at is not None) == takes
                assert not takes or one.state is ConsultationState.CONFIRMED

    @step(4, patient=patients, doctor=doctors, which=(0, 1), late=(14, 15, 16, 70), other=either, looks=either)
    def pay_late(self, patient: int, doctor: int, which: int, late: int, other: bool, looks: bool) -> None:
        """The bank answers after the hold; meanwhile somebody else may have taken the time, and the worker looked."""
        self.book_at_once(patient, doctor, 0, which, False)
        self.press_pay(99)
        self.still.go(minutes=late)
        if other:
            self.shown[(patient + 1) % 3] = self.shown[patient]
            self.book((patient + 1) % 3, which, False, 0, True)
        if looks:
            self.worker()
        self.bank_says(0, True)

    @step(6, which=some, slot=some, far=either)
    def move(self, which: int, slot: int, far: bool) -> None:
        with self._press():
            one = self._one(Consultation.state == ConsultationState.CONFIRMED, which=which)
            type = AppointmentType.find_of(one.doctor_id, one.type_id) if one is not None and one.type_id else None
            if one is None or type is None:
                return
            since = self.still.moment + (timedelta(days=1) if far else timedelta())
            slots = booking.free_times(one.doctor, type, since, since + timedelta(days=4), moved=one)
            if not slots:
                return
            start, old, moved = slots[slot % len(slots)].starts_at, one.starts_at, one.moved_by_patient
            may_at_once = booking.may_be_moved_at_once(one, one.patient)
            is_asked = one.reschedule_request_from_other(one.patient) == start
            with suppress(errors.RuleViolation):
                is_moved = booking.move(one, one.patient, start, old)
                db.session.commit()
                if is_asked or not is_moved:
                    assert is_moved == is_asked
                    assert (one.starts_at, one.moved_by_patient) == (start if is_asked else old, moved)
                    self.booked[one.id].starts.add(one.starts_at)
                    return
                assert may_at_once
                assert min(old, start) >= self.still.moment + booking.ahead_of(one)
                assert (one.starts_at, one.moved_by_patient) == (start, moved + 1)
                assert moved < 2
                self.booked[one.id].starts.add(start)

    @step(3, which=some, by=("patient", "doctor"))
    def cancel(self, which: int, by: str) -> None:
        with self._press():
            one = self._one(Consultation.state.in_(LIVE), which=which)
            if one is not None:
                user = one.patient if by == "patient" else one.doctor.user
                with suppress(errors.RuleViolation):
                    one.cancel(user, CancellationReason.OTHER, CancellationTerms.of(user, one))
                    db.session.commit()

    # Doctors

    @step(4, which=some)
    def confirm_wish(self, which: int) -> None:
        with self._press():
            wish = self._one(Consultation.is_booked, Consultation.price == 0, which=which)
            if wish is not None:
                with suppress(errors.RuleViolation):
                    wish.confirm(wish.doctor.user, wish.starts_at)
                    db.session.commit()

    @step(3, patient=patients, doctor=doctors, ahead=(30, 75, 130, 26 * 60), price=(0, PRICE))
    def doctor_proposes(self, patient: int, doctor: int, ahead: int, price: int) -> None:
        with self._press():
            with suppress(errors.DoctorTakesNoMessages):
                make_chat(self._patient(patient), self._doctor(doctor))
            chat = Chat.between(self._patient(patient), self._doctor(doctor))
            if chat is None:
                return
            start = self.still.moment + ahead * MINUTE
            taken = any(begins < start + 30 * MINUTE and ends > start for begins, ends in self._kept(doctor))
            try:
                propose(chat, starts_at=start, price=price)
            except errors.TimeIsTaken:
                assert taken
            else:
                assert not taken

    @step(2, patient=patients, doctor=doctors, aheads=((40, 75), (130, 26 * 60, 27 * 60)), price=(0, PRICE))
    def doctor_offers_times(self, patient: int, doctor: int, aheads: tuple[int, ...], price: int) -> None:
        """All of them are kept until one is chosen, or the choice lapses."""
        with self._press():
            chat = Chat.between(self._patient(patient), self._doctor(doctor))
            starts = [self.still.moment + ahead * MINUTE for ahead in aheads]
            if chat is not None:
                kept = self._kept(doctor)
                taken = any(begun < at + 30 * MINUTE and ended > at for at in starts for begun, ended in kept)
                try:
                    offer(chat, *starts, price=price)
                except errors.TimeIsTaken:
                    assert taken
                else:
                    assert not taken

    @step(4, which=some, slot=some)
    def choose_time(self, which: int, slot: int) -> None:
        with self._press():
            one = self._one(Consultation.time_options.any(), which=which)
            if one is not None:
                with suppress(errors.RuleViolation):
                    one.choose_time(one.patient, one.time_options[slot % len(one.time_options)].starts_at)
                    db.session.commit()

    @step(3, which=some, slot=(60, 24 * 60, 30 * 60), accepts=either)
    def doctor_asks_to_move(self, which: int, slot: int, accepts: bool) -> None:
        with self._press():
            one = self._one(Consultation.state.in_(LIVE), which=which)
            if one is None:
                return
            with suppress(errors.RuleViolation):
                start, old = one.starts_at + slot * MINUTE, one.starts_at
                one.request_reschedule(one.doctor.user, start, old)
                db.session.commit()
                assert one.starts_at in (old, start)  # both may have asked for the same
                if accepts and one.starts_at == old:
                    one.accept_reschedule(one.patient, start)
                    db.session.commit()
                if one.starts_at == start and one.id in self.booked:
                    self.booked[one.id].starts.add(start)
                    self.booked[one.id].held_until = one.held_until

    @step(2, doctor=doctors, week=range(len(WEEKS)))
    def change_hours(self, doctor: int, week: int) -> None:
        with self._press():
            self._set_week(self._doctor(doctor), week)
            db.session.commit()

    @step(2, doctor=doctors, type=(0, 1, 2), does=("price", "minutes", "end", "back"))
    def change_type(self, doctor: int, type: int, does: str) -> None:
        with self._press():
            chosen = self._doctor(doctor)
            one = AppointmentType.locked_for(chosen, AppointmentType.kept_by(chosen)[type].id)
            assert one is not None
            if does == "end":
                one.end()
            elif does == "back" or not one.is_offered:
                one.bring_back()
            elif does == "price":
                one.change(replace(one.terms, price=one.price + 100_00 if one.price else 0))
            else:
                one.change(replace(one.terms, minutes=25 if one.minutes != 25 else 40))
            db.session.commit()

    @step(2, doctor=doctors, notice=(15, 60, 24 * 60), pause=(0, 5, 20), days=(1, 6))
    def change_rules(self, doctor: int, notice: int, pause: int, days: int) -> None:
        with self._press():
            rules = BookingRules.of(self._doctor(doctor)).terms
            new = replace(rules, notice_minutes=notice, pause_minutes=pause, horizon_days=days)
            BookingRules.set(self._doctor(doctor), new)
            db.session.commit()

    @step(2, doctor=doctors, ahead=(0, 12, 40), hours=(3, 24))
    def go_away(self, doctor: int, ahead: int, hours: int) -> None:
        with self._press():
            starts = self.still.moment + timedelta(hours=ahead)
            with suppress(errors.TimeOffOverlaps):
                TimeOff.add(self._doctor(doctor), AbsenceTerms(starts, starts + timedelta(hours=hours)))
                db.session.commit()

    @step(1, doctor=doctors)
    def come_back(self, doctor: int) -> None:
        with self._press():
            for time_off in TimeOff.unended_of(self._doctor(doctor)):
                time_off.end()
            db.session.commit()

    @step(1, doctor=doctors)
    def hide_or_show(self, doctor: int) -> None:
        with self._press():
            one = self._doctor(doctor)
            one.show_in_directory(one.hidden)
            db.session.commit()

    # Time

    @step(6, minutes=(1, 5, 14, 15, 16, 60, 11 * 60, 24 * 60))
    def time_goes(self, minutes: int) -> None:
        self.still.go(minutes=minutes)

    @step(4)
    def worker(self) -> None:
        """What screens say already is what it writes."""
        with self._press():
            for id in Consultation.unended():
                one = db.session.get_one(Consultation, id)
                said = one.state_now
                one.process_due()
                db.session.commit()
                assert one.state is said

    @rule()
    def happens(self) -> None:
        self.steps += 1
        step.take(self, self.dice)

    # What must hold

    @invariant()
    def all_is_well(self) -> None:
        if not hasattr(self, "doctor_ids"):
            return
        with self._press():
            paid = selectinload(Consultation.payments)
            everything = list(db.session.scalars(sa.select(Consultation).options(paid).order_by(Consultation.id)))
            live = [one for one in everything if one.state_now in LIVE]
            for doctor_id in self.doctor_ids:
                times = sorted(span for one in live if one.doctor_id == doctor_id for span in one.spans)
                assert all(ends <= starts for (_, ends), (starts, _) in pairwise(times)), "two in one time"
            for one in everything:
                self._money_is_somewhere(one)
                if one.id in self.booked:
                    self._is_as_it_was_shown(one)
            for patient_id in self.patient_ids:
                mine = [one for one in live if one.patient_id == patient_id and one.is_booked]
                assert sum(one.is_hold for one in mine) <= 1
                free = [one.doctor_id for one in mine if not one.price and one.starts_at > self.still.moment]
                assert len(free) == len(set(free))

    def _money_is_somewhere(self, one: Consultation) -> None:
        applied = [payment for payment in one.payments if payment.applied_at is not None]
        for payment in one.payments:
            if payment.state is PaymentState.SUCCEEDED and payment.applied_at is None:
                assert payment.refundable == 0, "paid, and neither a time nor the money"
        if one.price and one.state_now in CONFIRMED_STATES:
            assert len(applied) == 1
            assert applied[0].refundable == one.price
        if one.state_now in (ConsultationState.PROPOSED, ConsultationState.EXPIRED):
            assert not applied

    def _is_as_it_was_shown(self, one: Consultation) -> None:
        known = self.booked[one.id]
        kept = BookingTerms(
            known.terms.type_id, known.terms.starts_at, one.kind, one.minutes, one.price, one.refund_hours or 0
        )
        assert (kept, one.type_id, one.title) == (known.terms, known.terms.type_id, known.title)
        assert one.starts_at in known.starts
        assert one.held_until == known.held_until, "a hold is never renewed"

    # Below: how a step is taken

    def _book(self, patient: int, doctor_id: int, terms: BookingTerms, knows: bool) -> None:
        with self._press():
            person, doctor = self._patient(patient), db.session.get_one(Doctor, doctor_id)
            type = AppointmentType.find_of(doctor_id, terms.type_id)
            assert type is not None
            is_free, is_as_shown = (
                self._looks_free(doctor, type, terms.starts_at),
                booking.terms_of(type, terms.starts_at) == terms,
            )
            overlap = Consultation.overlapping(person, terms.starts_at, terms.ends_at)
            hold = Consultation.live_hold_of(person)
            press = f"press-{self.steps}"
            try:
                made = booking.book(person, doctor, terms, press, overlap.id if overlap and knows else None)
            except errors.SlotIsTaken as taken:
                assert not is_free
                refused = taken
            except errors.HoldExists:
                assert hold is not None
                return
            except errors.OwnOverlap:
                assert overlap is not None and not knows  # noqa: PT018
                return
            except errors.RuleViolation:
                assert doctor.hidden or not type.is_offered or not is_as_shown or is_free
                return
            else:
                db.session.commit()
                if hold is not None and made.id == hold.id:
                    return
                assert is_free
                assert is_as_shown
                assert booking.book(person, doctor, terms, press) is made
                self.booked[made.id] = Booked(terms, made.title, made.held_until, {terms.starts_at})
                is_held = made.held_until == self.still.moment + QUARTER
                assert is_held if terms.price else made.held_until is None
                return
            assert all(self._looks_free(doctor, type, slot.starts_at) for slot in refused.nearest)  # type: ignore[attr-defined]

    def _looks_free(self, doctor: Doctor, type: AppointmentType, start: datetime) -> bool:
        """By what the doctor has said, minute by minute."""
        rules, now = BookingRules.of(doctor), self.still.moment
        zone, pause, ends = ZoneInfo(rules.zone), rules.pause_minutes * MINUTE, start + type.minutes * MINUTE
        first = start.astimezone(zone)
        week = [one for one in WeeklyHours.of(doctor) if one.weekday == first.weekday()]
        open_minutes = {minute for one in week for minute in range(one.start, one.end)}
        run = [(start + number * MINUTE).astimezone(zone) for number in range(type.minutes)]
        is_open = all(local.date() == first.date() and local.hour * 60 + local.minute in open_minutes for local in run)
        last_day = now.astimezone(zone).date() + timedelta(days=rules.horizon_days)
        is_near = start >= now + rules.notice and first.date() <= last_day and start.minute % 5 == 0
        kept = self._kept(self.doctor_ids.index(doctor.id))
        is_left = all(ends + pause <= begun or start >= ended + pause for begun, ended in kept)
        away = [(one.starts_at, one.ends_at) for one in TimeOff.unended_of(doctor)]
        is_here = all(ends <= begun or start >= ended for begun, ended in away)
        return is_open and is_near and is_left and is_here and not doctor.hidden and type.is_offered

    def _takes_money(self, one: Consultation) -> bool:
        """In time; or after its hold, when its time is free still and a quarter of an hour ahead."""
        if one.state_now is ConsultationState.PROPOSED:
            return True
        has_lapsed = one.state_now is ConsultationState.EXPIRED and one.is_booked and one.held_until is not None
        kept = self._kept(self.doctor_ids.index(one.doctor_id))
        away = [(off.starts_at, off.ends_at) for off in TimeOff.unended_of(one.doctor)]
        is_left = not any(begun < one.ends_at and ended > one.starts_at for begun, ended in [*kept, *away])
        is_ahead = one.starts_at >= self.still.moment + QUARTER
        return has_lapsed and is_left and is_ahead and not one.doctor.hidden

    def _kept(self, doctor: int) -> list[tuple[datetime, datetime]]:
        mine = sa.select(Consultation).where(Consultation.doctor_id == self.doctor_ids[doctor])
        return [span for one in db.session.scalars(mine) if one.state_now in LIVE for span in one.spans]

    def _set_week(self, doctor: Doctor, which: int) -> None:
        WeeklyHours.replace(doctor, [HoursSpan(day, *span) for day in range(7) for span in WEEKS[which]])

    def _one(self, *where: sa.ColumnElement[bool], which: int, newest: bool = False) -> Consultation | None:
        newest_first = sa.select(Consultation).where(*where).order_by(Consultation.id.desc())
        return one_of(newest_first, 0 if newest else which)

    def _patient(self, which: int) -> User:
        return db.session.get_one(User, self.patient_ids[which])

    def _doctor(self, which: int) -> Doctor:
        return db.session.get_one(Doctor, self.doctor_ids[which])

    @contextmanager
    def _press(self) -> Iterator[None]:
        db.session.remove()
        try:
            yield
        finally:
            db.session.rollback()
            db.session.remove()

    def teardown(self) -> None:
        db.session.remove()


def test_nobody_shares_a_time_and_no_money_is_without_one(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    still = StillClock(DAY_BEFORE_SUMMER)
    monkeypatch.setattr(clock, "datetime", still)
    run_state_machine_as_test(lambda: BookingMachine(clinic, still), settings=PROFILE)
