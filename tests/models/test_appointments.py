"""Booking a free time: a hold to be paid, a wish, or agreed at once; and moving it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from consultation_steps import NOON, StillClock, begin_to_pay, cancel, confirm, due_at, facts, pay, succeed, work
from factories import make_chat, make_doctor, make_user, open_hours, propose, say
from notified import told

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    AbsenceTerms,
    AlertKind,
    AppointmentType,
    BookingRules,
    BookingTerms,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationState,
    Doctor,
    Message,
    NextStep,
    NotificationKind,
    PaymentAlert,
    PaymentState,
    RefundRule,
    RulesTerms,
    TimeOff,
    TypeTerms,
    User,
    WeeklyHours,
    booking,
)
from ibolit.models.chats import ChatState
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic", "still")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PAID = TypeTerms("Первичная консультация", ConsultationKind.VIDEO, 30, 2500_00)
FREE = TypeTerms("Вопрос по анализам", ConsultationKind.AUDIO, 15, 0)
FIRST = datetime(2030, 3, 8, 6, 0, tzinfo=UTC)  # 9:00 in Moscow, three days ahead of NOON
FOLLOWING = FIRST + 35 * MINUTE


@pytest.fixture
def doctor() -> Doctor:
    """Every day 9–12 in Moscow."""
    doctor = make_doctor()
    doctor.user.timezone = "Europe/Moscow"
    open_hours(doctor, PAID, FREE, ends=12)
    return doctor


@pytest.fixture
def paid(doctor: Doctor) -> AppointmentType:
    return AppointmentType.offered_by(doctor.id)[0]


@pytest.fixture
def free(doctor: Doctor) -> AppointmentType:
    return AppointmentType.offered_by(doctor.id)[1]


_presses = iter(range(10**9))


def book(
    patient: User, type: AppointmentType, start: datetime = FIRST, press: str = "", warned_of: int | None = None
) -> Consultation:
    doctor = db.session.get_one(Doctor, type.doctor_id)
    made = booking.book(patient, doctor, booking.terms_of(type, start), press or f"press-{next(_presses)}", warned_of)
    db.session.commit()
    return made


def refused(kind: type[errors.RuleViolation], *args: object, **more: object) -> errors.RuleViolation:
    with pytest.raises(kind) as caught:
        book(*args, **more)  # type: ignore[arg-type]
    db.session.rollback()
    return caught.value


def notes(chat: Chat) -> list[str]:
    said = db.select(Message.text).filter_by(chat_id=chat.id, author_id=None, card=None).order_by(Message.seq)
    return list(db.session.scalars(said))


# A hold


def test_paid_time_is_held_for_a_quarter_of_an_hour(patient: User, doctor: Doctor, paid: AppointmentType) -> None:
    hold = book(patient, paid)
    assert hold.is_hold
    assert (hold.kind, hold.minutes, hold.price, hold.title) == ("video", 30, 2500_00, PAID.title)
    assert hold.held_until == hold.expires_at == NOON + 15 * MINUTE == due_at(hold)
    assert hold.next_step(patient) is NextStep.PAY
    assert hold.held_for(patient) == hold.held_until
    assert hold.held_for(doctor.user) is None
    assert hold.next_step(doctor.user) is NextStep.AWAIT_PAYMENT
    assert not booking.is_free(doctor, paid, FIRST)
    assert told(doctor.user) == told(patient) == []


def test_paying_within_the_hold_confirms(patient: User, doctor: Doctor, paid: AppointmentType) -> None:
    hold = pay(book(patient, paid)).consultation
    assert hold is not None
    assert hold.state is ConsultationState.CONFIRMED
    assert told(doctor.user) == [NotificationKind.CONFIRMED]
    assert told(patient) == [NotificationKind.PAID]
    assert notes(hold.chat) == ["Консультация подтверждена: 8 марта, 09:00 (МСК)"]


def test_what_lapses_frees_its_time_at_once(
    patient: User, doctor: Doctor, paid: AppointmentType, still: StillClock
) -> None:
    """Whether the worker has looked at it or not; the doctor was never told of it and is not told now."""
    hold = book(patient, paid)
    still.go(minutes=15)
    assert hold.state_now is ConsultationState.EXPIRED
    assert booking.is_free(doctor, paid, FIRST)
    other = book(make_user("Пётр Орлов"), paid)
    assert work(hold) is None
    assert hold.state is ConsultationState.EXPIRED
    assert other.is_hold
    assert told(doctor.user) == told(patient) == []
    assert notes(hold.chat) == ["Время 8 марта, 09:00 (МСК) снова свободно: запись не оплатили за 15 минут."]


def test_hold_is_never_renewed(patient: User, paid: AppointmentType, still: StillClock) -> None:
    hold = book(patient, paid, press="one")
    still.go(minutes=10)
    assert book(patient, paid, press="one") is hold
    assert book(patient, paid, press="another") is hold
    assert hold.held_until == NOON + 15 * MINUTE
    begin_to_pay(hold)
    still.go(minutes=5)
    assert hold.state_now is ConsultationState.EXPIRED


def test_one_hold_at_a_time(patient: User, paid: AppointmentType) -> None:
    hold = book(patient, paid)
    exists = refused(errors.HoldExists, patient, paid, FOLLOWING)
    assert isinstance(exists, errors.HoldExists)
    assert exists.consultation_id == hold.id
    other = make_doctor("Лебедев Лев")
    (type,) = open_hours(other, PAID, begins=0, ends=24)
    refused(errors.HoldExists, patient, type, FOLLOWING)
    cancel(hold, patient)
    assert book(patient, paid, FOLLOWING).is_hold


def test_four_holds_a_day_that_nobody_paid(patient: User, paid: AppointmentType, still: StillClock) -> None:
    pay(book(patient, paid, FIRST + 3 * DAY))
    for _ in range(4):
        book(patient, paid)
        still.go(minutes=16)
    refused(errors.TooManyHolds, patient, paid)
    assert book(make_user("Пётр Орлов"), paid).is_hold
    still.go(hours=24)
    assert book(patient, paid, FOLLOWING).is_hold


# A success after the hold


def test_late_success_takes_what_is_free_still(patient: User, paid: AppointmentType, still: StillClock) -> None:
    hold = book(patient, paid)
    payment = begin_to_pay(hold)
    still.go(minutes=20)
    work(hold)
    assert hold.state is ConsultationState.EXPIRED
    succeed(payment)
    assert hold.state is ConsultationState.CONFIRMED
    assert hold.ended_at is None
    assert payment.refunds == []
    assert due_at(hold) is not None


@pytest.mark.parametrize("is_written", [True, False])
def test_late_success_for_what_another_has_goes_back(
    patient: User, doctor: Doctor, paid: AppointmentType, still: StillClock, is_written: bool
) -> None:
    hold = book(patient, paid)
    payment = begin_to_pay(hold)
    still.go(minutes=20)
    book(make_user("Пётр Орлов"), paid)
    if is_written:
        work(hold)
    succeed(payment)
    assert hold.state_now is ConsultationState.EXPIRED
    assert payment.state is PaymentState.SUCCEEDED
    assert payment.refundable == 0
    assert told(patient) == [NotificationKind.RETURNED]
    near = "8 марта, 09:35 (МСК); 8 марта, 10:10 (МСК); 8 марта, 10:45 (МСК)"
    said = f"Время 8 марта, 09:00 (МСК) уже недоступно, запись не состоялась. Ближайшее свободное: {near}."
    assert said in notes(hold.chat)


def test_late_success_close_to_the_start_goes_back(patient: User, paid: AppointmentType, still: StillClock) -> None:
    still.show(FIRST - 2 * HOUR)
    hold = book(patient, paid)
    payment = begin_to_pay(hold)
    still.show(FIRST - 14 * MINUTE)
    succeed(payment)
    assert payment.refundable == 0
    assert hold.state_now is ConsultationState.EXPIRED


@pytest.mark.parametrize("gone", ["hidden", "away"])
def test_late_success_for_a_doctor_who_has_gone_goes_back(
    patient: User, doctor: Doctor, paid: AppointmentType, still: StillClock, gone: str
) -> None:
    payment = begin_to_pay(book(patient, paid))
    still.go(minutes=20)
    if gone == "hidden":
        doctor.hidden = True
    else:
        TimeOff.add(doctor, AbsenceTerms(FIRST - HOUR, FIRST + DAY))
    db.session.commit()
    succeed(payment)
    assert payment.refundable == 0


# Free ones


def test_free_one_is_a_wish_that_the_doctor_confirms(patient: User, doctor: Doctor, free: AppointmentType) -> None:
    wish = book(patient, free)
    assert wish.is_wish
    assert told(doctor.user) == [NotificationKind.PROPOSED]
    assert wish.chat.is_waiting
    assert wish.next_step(doctor.user) is NextStep.CONFIRM
    assert wish.next_step(patient) is NextStep.AWAIT_CONFIRMATION
    with pytest.raises(errors.ConsultationHasChanged):
        wish.confirm(patient, FIRST)
    wish.confirm(doctor.user, FIRST)
    db.session.commit()
    wish.confirm(doctor.user, FIRST)
    assert wish.state is ConsultationState.CONFIRMED
    assert not wish.chat.is_waiting
    assert told(patient) == [NotificationKind.CONFIRMED]
    assert told(doctor.user) == [NotificationKind.PROPOSED]


def test_declined_wish_frees_its_time(patient: User, doctor: Doctor, free: AppointmentType) -> None:
    wish = book(patient, free)
    cancel(wish, doctor.user)
    assert booking.is_free(doctor, free, FIRST)
    assert told(patient) == [NotificationKind.CANCELLED]
    assert not wish.chat.is_waiting


def test_free_one_is_agreed_at_once_where_the_doctor_allows(
    patient: User, doctor: Doctor, free: AppointmentType
) -> None:
    BookingRules.set(doctor, RulesTerms("Europe/Moscow", confirms_free=True))
    agreed = book(patient, free)
    assert agreed.state is ConsultationState.CONFIRMED
    assert told(doctor.user) == [NotificationKind.CONFIRMED]
    assert not agreed.chat.is_waiting


def test_doctor_is_reminded_of_a_wish(patient: User, doctor: Doctor, free: AppointmentType, still: StillClock) -> None:
    """Whose yes is awaited is told once, a day before the start, by mail or push."""
    doctor.user.email = "ivanova@example.org"
    wish = book(patient, free)
    still.show(FIRST - DAY + MINUTE)
    work(wish)
    assert told(doctor.user) == [NotificationKind.PROPOSED, NotificationKind.WAITS]
    assert told(patient) == []
    still.show(FIRST)
    work(wish)
    assert wish.state is ConsultationState.EXPIRED
    assert told(patient) == [NotificationKind.EXPIRED]


def test_one_free_one_is_coming_per_doctor(patient: User, doctor: Doctor, free: AppointmentType) -> None:
    first = book(patient, free)
    exists = refused(errors.FreeBookingExists, patient, free, FOLLOWING)
    assert isinstance(exists, errors.FreeBookingExists)
    assert exists.consultation_id == first.id
    cancel(first, patient)
    assert book(patient, free, FOLLOWING).is_wish


def test_who_missed_two_only_wishes(patient: User, doctor: Doctor, free: AppointmentType, still: StillClock) -> None:
    BookingRules.set(doctor, RulesTerms("Europe/Moscow", confirms_free=True))
    for day in range(2):
        missed = book(patient, free, FIRST + day * DAY)
        assert missed.state is ConsultationState.CONFIRMED
        still.show(FIRST + day * DAY + 2 * HOUR)
        work(missed)
        assert missed.state is ConsultationState.MISSED
    assert book(patient, free, FIRST + 3 * DAY).is_wish
    still.go(days=90)
    assert book(patient, free, FIRST + 95 * DAY).state is ConsultationState.CONFIRMED


# What was shown


@pytest.mark.parametrize(
    "change",
    [
        {"price": 2600_00},
        {"minutes": 45},
        {"kind": ConsultationKind.AUDIO},
        {"refund_hours": 1},
    ],
)
def test_what_is_not_as_shown_is_not_booked(
    patient: User, doctor: Doctor, paid: AppointmentType, change: dict[str, object]
) -> None:
    seen: BookingTerms = replace(booking.terms_of(paid, FIRST), **change)  # type: ignore[arg-type]
    with pytest.raises(errors.OfferHasChanged):
        booking.book(patient, doctor, seen, "press")


def test_what_is_booked_keeps_what_was_shown(
    patient: User, doctor: Doctor, paid: AppointmentType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed hours, a changed and an ended type, new time off touch nothing that stands."""
    seen = booking.terms_of(paid, FIRST)
    made = booking.book(patient, doctor, replace(seen), "press")
    made.refund_hours = 48
    pay(made)
    paid.change(replace(PAID, title="Другое", minutes=60, price=5000_00))
    paid.end()
    WeeklyHours.replace(doctor, [])
    TimeOff.add(doctor, AbsenceTerms(FIRST - HOUR, FIRST + DAY))
    db.session.commit()
    assert made.state_now is ConsultationState.CONFIRMED
    assert (made.starts_at, made.minutes, made.price, made.title) == (FIRST, 30, 2500_00, PAID.title)
    assert RefundRule.of(made).full_until == FIRST - 48 * HOUR
    assert RefundRule.of(made).hours == 48


def test_hidden_doctor_and_ended_type_are_refused(
    patient: User, doctor: Doctor, paid: AppointmentType, free: AppointmentType
) -> None:
    paid.end()
    refused(errors.TypeHasEnded, patient, paid)
    doctor = db.session.get_one(Doctor, doctor.id)
    doctor.hidden = True
    db.session.commit()
    refused(errors.DoctorTakesNoBookings, patient, free)


def test_nothing_is_held_while_nobody_could_pay(patient: User, paid: AppointmentType, free: AppointmentType) -> None:
    """The bank refuses the clinic's shop until somebody has set it right."""
    PaymentAlert.open(AlertKind.SHOP_SETTINGS)
    db.session.commit()
    refused(errors.PaymentsAreSuspended, patient, paid)
    assert book(patient, free).is_wish
    PaymentAlert.resolve(AlertKind.SHOP_SETTINGS)
    assert book(patient, paid, FOLLOWING).is_hold


def test_another_doctor_s_type_is_refused(patient: User, paid: AppointmentType) -> None:
    other = make_doctor("Лебедев Лев")
    with pytest.raises(errors.TypeHasEnded):
        booking.book(patient, other, booking.terms_of(paid, FIRST), "press")


def test_second_one_sees_what_is_free_around(patient: User, paid: AppointmentType) -> None:
    book(patient, paid)
    taken = refused(errors.SlotIsTaken, make_user("Пётр Орлов"), paid)
    assert isinstance(taken, errors.SlotIsTaken)
    assert [slot.starts_at for slot in taken.nearest] == [  # type: ignore[attr-defined]
        FIRST + 35 * MINUTE,
        FIRST + 70 * MINUTE,
        FIRST + 105 * MINUTE,
    ]


def test_times_outside_the_hours_are_refused(patient: User, paid: AppointmentType) -> None:
    for start in (FIRST - 30 * MINUTE, FIRST + 3 * HOUR, NOON + HOUR, NOON - DAY, FIRST + MINUTE):
        refused(errors.SlotIsTaken, patient, paid, start)


def test_own_overlap_is_warned_of(patient: User, paid: AppointmentType, chat: Chat) -> None:
    other = make_doctor("Лебедев Лев")
    own = propose(make_chat(patient, other), starts_at=FIRST + 10 * MINUTE)
    warned = refused(errors.OwnOverlap, patient, paid)
    assert isinstance(warned, errors.OwnOverlap)
    assert warned.consultation_id == own.id
    assert book(patient, paid, warned_of=own.id).is_hold


# The chat


def test_booking_makes_a_chat_and_begins_no_free_time(patient: User, doctor: Doctor, paid: AppointmentType) -> None:
    assert Chat.between(patient, doctor) is None
    hold = book(patient, paid)
    chat = Chat.between(patient, doctor)
    assert chat is hold.chat
    assert chat.state is ChatState.NOT_BEGUN
    assert chat.open_until is None
    assert not chat.is_waiting
    assert chat.member(patient.id).unread == 0
    assert chat.last_at is not None


def test_a_doctor_who_sells_no_tariffs_may_be_booked(patient: User) -> None:
    doctor = make_doctor("Лебедев Лев", tariffs=0)
    (type,) = open_hours(doctor, PAID, begins=0, ends=24)
    assert book(patient, type).is_hold


def test_question_asked_before_waits_on(patient: User, doctor: Doctor, paid: AppointmentType) -> None:
    chat = make_chat(patient, doctor)
    say(chat, patient, "Можно вопрос?")
    hold = book(patient, paid)
    pay(hold)
    assert hold.chat.is_waiting


# Moving


@pytest.fixture
def agreed(patient: User, paid: AppointmentType) -> Consultation:
    consultation = book(patient, paid)
    pay(consultation)
    return consultation


def test_early_enough_it_is_moved_at_once(patient: User, doctor: Doctor, agreed: Consultation) -> None:
    assert booking.may_be_moved_at_once(agreed, patient)
    assert booking.move(agreed, patient, FOLLOWING, FIRST)
    assert "ConsultationMoved" in facts()
    db.session.commit()
    assert (agreed.starts_at, agreed.state) == (FOLLOWING, ConsultationState.CONFIRMED)
    assert RefundRule.of(agreed).full_until == FOLLOWING - DAY
    assert not agreed.was_moved_by_doctor
    assert agreed.held_until is not None  # what it was held for is history
    assert told(doctor.user)[-1] is NotificationKind.MOVED
    assert agreed.sequence == 2


def test_own_old_time_is_not_in_the_way(patient: User, agreed: Consultation) -> None:
    """It overlaps the one it leaves."""
    assert booking.move(agreed, patient, FIRST + 15 * MINUTE, FIRST)


def test_third_time_it_is_a_wish(patient: User, doctor: Doctor, agreed: Consultation) -> None:
    for start in (FOLLOWING, FIRST):
        assert booking.move(agreed, patient, start, agreed.starts_at)
        db.session.commit()
    assert not booking.may_be_moved_at_once(agreed, patient)
    assert not booking.move(agreed, patient, FOLLOWING, FIRST)
    assert agreed.starts_at == FIRST
    assert agreed.reschedule_request_from_other(doctor.user) == FOLLOWING


def test_late_it_is_a_wish(patient: User, agreed: Consultation, still: StillClock) -> None:
    still.show(FIRST - DAY + MINUTE)
    assert not booking.move(agreed, patient, FIRST + 3 * DAY, FIRST)
    assert agreed.starts_at == FIRST


def test_to_a_near_time_it_is_a_wish(patient: User, agreed: Consultation) -> None:
    assert not booking.move(agreed, patient, NOON + DAY - 6 * HOUR, FIRST)


@pytest.mark.parametrize("change", ["price", "ended", "proposal"])
def test_what_is_not_offered_so_is_moved_by_asking(
    patient: User, paid: AppointmentType, agreed: Consultation, change: str
) -> None:
    if change == "price":
        paid.change(replace(PAID, price=3000_00))
    elif change == "ended":
        paid.end()
    else:
        agreed = confirm(propose(agreed.chat, starts_at=FIRST + HOUR))
    assert not booking.move(agreed, patient, FIRST + 2 * DAY, agreed.starts_at)


def test_taken_time_is_refused_with_others(patient: User, paid: AppointmentType, agreed: Consultation) -> None:
    book(make_user("Пётр Орлов"), paid, FOLLOWING)
    with pytest.raises(errors.SlotIsTaken) as taken:
        booking.move(agreed, patient, FOLLOWING, FIRST)
    assert taken.value.nearest


def test_doctor_s_move_waits_for_a_yes(patient: User, doctor: Doctor, agreed: Consultation) -> None:
    agreed.request_reschedule(doctor.user, FIRST + DAY, FIRST)
    assert agreed.starts_at == FIRST
    with pytest.raises(errors.ConsultationHasChanged):
        booking.move(agreed, make_user("Чужой"), FOLLOWING, FIRST)
    agreed.accept_reschedule(patient, FIRST + DAY)
    assert agreed.starts_at == FIRST + DAY
    assert CancellationTerms.of(patient, agreed) is CancellationTerms.FULL


def test_hold_that_both_move_waits_to_its_start(patient: User, doctor: Doctor, paid: AppointmentType) -> None:
    hold = book(patient, paid)
    hold.request_reschedule(doctor.user, FIRST + DAY, FIRST)
    hold.accept_reschedule(patient, FIRST + DAY)
    assert hold.expires_at == FIRST + DAY
    assert clock.now() == NOON
