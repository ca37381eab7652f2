"""Proposals of several times: all are kept until one is chosen or the choice lapses."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from consultation_steps import NOON, StillClock, accept, cancel, confirm, due_at, facts, pay, request_reschedule, work
from factories import make_chat, offer, propose

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationKind, ConsultationState, Doctor, ProposalTerms, User
from ibolit.models.consultations import Ending, NextStep, lists

pytestmark = pytest.mark.usefixtures("clinic", "still")

PRICE = 1500_00
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMES = NOON + 2 * DAY, NOON + 3 * DAY, NOON + 4 * DAY


def choose(consultation: Consultation, start: datetime) -> Consultation:
    consultation.choose_time(consultation.patient, start)
    db.session.commit()
    return consultation


def starts(consultation: Consultation) -> list[datetime]:
    return [one.starts_at for one in consultation.time_options]


def test_three_times_are_kept_until_one_is_chosen(chat: Chat, doctor: Doctor, stranger: User) -> None:
    consultation = offer(chat, *reversed(TIMES))
    assert (consultation.starts_at, starts(consultation)) == (TIMES[0], list(TIMES))
    other = make_chat(stranger, doctor)
    for start in TIMES:
        with pytest.raises(errors.TimeIsTaken) as refusal:
            propose(other, starts_at=start + timedelta(minutes=29))
        assert refusal.value.consultation_id == consultation.id
        assert refusal.value.span == (start, start + timedelta(minutes=30))
    choose(consultation, TIMES[1])
    assert consultation.state is ConsultationState.CONFIRMED
    assert (consultation.starts_at, consultation.ends_at) == (TIMES[1], TIMES[1] + timedelta(minutes=30))
    assert (starts(consultation), consultation.held_until) == ([], None)
    with pytest.raises(errors.TimeIsTaken):
        propose(other, starts_at=TIMES[1])
    assert propose(other, starts_at=TIMES[0])
    assert offer(other, TIMES[2], TIMES[2] + HOUR)


def test_offer_meets_what_is_kept_already(chat: Chat, doctor: Doctor, stranger: User) -> None:
    kept = propose(make_chat(stranger, doctor), starts_at=TIMES[2])
    with pytest.raises(errors.TimeIsTaken) as refusal:
        offer(chat, *TIMES)
    assert (refusal.value.consultation_id, refusal.value.wanted) == (kept.id, TIMES[2])


def test_one_time_is_proposed_as_ever(chat: Chat) -> None:
    consultation = offer(chat, TIMES[0], TIMES[0])
    assert (starts(consultation), consultation.held_until, consultation.awaits_choice) == ([], None, False)


def test_it_offers_three_at_most(chat: Chat) -> None:
    assert starts(offer(chat, *TIMES, NOON + 5 * DAY)) == list(TIMES)


@pytest.mark.parametrize(
    ("first", "price", "until"),
    [
        (NOON + 2 * DAY, 0, NOON + DAY),
        (NOON + 5 * HOUR, 0, NOON + 5 * HOUR),
        (NOON + 5 * HOUR, PRICE, NOON + 5 * HOUR - timedelta(minutes=15)),
    ],
)
def test_choice_lasts_a_day_and_never_past_the_first_start(
    chat: Chat, doctor: Doctor, stranger: User, still: StillClock, first: datetime, price: int, until: datetime
) -> None:
    consultation = offer(chat, first, first + DAY, price=price)
    assert (consultation.held_until, due_at(consultation)) == (until, consultation.confirmation_reminder_at())
    other = make_chat(stranger, doctor)
    still.show(until - timedelta(seconds=1))
    with pytest.raises(errors.TimeIsTaken):
        propose(other, starts_at=first + DAY)
    db.session.rollback()
    still.show(until)
    assert consultation.state_now is ConsultationState.EXPIRED
    assert propose(other, starts_at=first + DAY)  # though the worker has not looked yet
    with pytest.raises(errors.ChoiceHasLapsed):
        consultation.choose_time(consultation.patient, first + DAY)


def test_worker_writes_that_it_lapsed(chat: Chat, still: StillClock) -> None:
    consultation = offer(chat, *TIMES)
    still.go(hours=24)
    assert work(consultation) is None
    assert consultation.state is ConsultationState.EXPIRED
    assert consultation.ending_for(consultation.patient) is Ending.NOT_CHOSEN


def test_patient_is_reminded_before_it_lapses(chat: Chat, still: StillClock) -> None:
    consultation = offer(chat, *TIMES)
    reminder = consultation.confirmation_reminder_at()
    assert reminder is not None
    assert NOON < reminder < NOON + DAY
    still.show(reminder)
    consultation.process_due()
    assert "ConfirmationReminderDue" in facts()


def test_paid_one_is_paid_after_the_choice(chat: Chat, still: StillClock) -> None:
    consultation = offer(chat, *TIMES, price=PRICE)
    patient = consultation.patient
    assert consultation.next_step(patient) is NextStep.CHOOSE_TIME
    assert consultation.next_step(consultation.doctor.user) is NextStep.AWAIT_CHOICE
    with pytest.raises(errors.TimeIsNotChosen):
        consultation.start_payment(patient, TIMES[0])
    choose(consultation, TIMES[2])
    assert consultation.awaits_only_payment
    assert consultation.next_step(patient) is NextStep.PAY
    still.go(hours=30)  # the day of choosing is over, the time stays
    pay(consultation)
    assert (consultation.state, consultation.starts_at) == (ConsultationState.CONFIRMED, TIMES[2])


def test_free_one_is_not_confirmed_without_a_choice(chat: Chat) -> None:
    consultation = offer(chat, *TIMES)
    with pytest.raises(errors.TimeIsNotChosen):
        confirm(consultation)


def test_pressed_twice_is_once_and_another_time_is_refused(chat: Chat) -> None:
    consultation = choose(offer(chat, *TIMES), TIMES[1])
    sequence = consultation.sequence
    choose(consultation, TIMES[1])
    assert consultation.sequence == sequence
    with pytest.raises(errors.OtherTimeIsChosen):
        consultation.choose_time(consultation.patient, TIMES[2])


def test_what_was_not_offered_or_is_cancelled_is_not_chosen(chat: Chat, doctor: Doctor) -> None:
    consultation = offer(chat, *TIMES)
    for user, start in ((doctor.user, TIMES[0]), (consultation.patient, NOON + 9 * DAY)):
        with pytest.raises(errors.ConsultationHasChanged):
            consultation.choose_time(user, start)
        db.session.rollback()
    cancel(consultation, doctor.user)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.choose_time(consultation.patient, TIMES[0])
    assert propose(chat, starts_at=TIMES[1])


def test_another_time_that_both_agree_on_ends_the_choice(chat: Chat, doctor: Doctor) -> None:
    consultation = offer(chat, *TIMES)
    request_reschedule(consultation, consultation.patient, NOON + 9 * DAY)
    accept(consultation, doctor.user)
    assert (consultation.state, consultation.starts_at) == (ConsultationState.CONFIRMED, NOON + 9 * DAY)
    assert (consultation.awaits_choice, consultation.held_until) == (False, None)
    assert propose(chat, starts_at=TIMES[1])


def test_choosing_ends_what_was_asked_for_beside_it(chat: Chat) -> None:
    consultation = offer(chat, *TIMES)
    request_reschedule(consultation, consultation.patient, NOON + 9 * DAY)
    choose(consultation, TIMES[0])
    assert consultation.reschedule_request is None


def test_repeated_press_offers_once(chat: Chat, doctor: Doctor) -> None:
    terms = ProposalTerms(ConsultationKind.VIDEO, TIMES[0], 30, 0, "", TIMES[1:])
    first, second = (Consultation.propose(chat, doctor, terms, "same-press") for _ in range(2))
    assert first is second
    assert len(first.time_options) == 3


def test_paid_times_leave_time_to_choose(chat: Chat) -> None:
    with pytest.raises(errors.TimeIsTooSoon):
        offer(chat, NOON + timedelta(minutes=15), TIMES[0], price=PRICE)


def test_nearest_free_times_are_told(chat: Chat, doctor: Doctor) -> None:
    """Before and after, by the length that is wanted."""
    wanted = NOON + 2 * DAY
    propose(chat, starts_at=wanted, minutes=60)
    near = Consultation.nearest_free_times(doctor.id, wanted, 60, ZoneInfo("Europe/Moscow"))
    assert near == [wanted - 90 * timedelta(minutes=1), wanted - HOUR, wanted + HOUR]


def test_time_off_meets_any_of_the_times(chat: Chat, doctor: Doctor, still: StillClock) -> None:
    consultation = offer(chat, *TIMES)
    absence = (TIMES[2] - HOUR, TIMES[2] + HOUR)
    assert lists.met_by(doctor, [absence]) == [consultation]
    assert lists.met_by(doctor, [(TIMES[2] + HOUR, TIMES[2] + DAY)]) == []
    assert (TIMES[2], TIMES[2] + timedelta(minutes=30)) in consultation.spans
    choose(consultation, TIMES[0])
    assert lists.met_by(doctor, [absence]) == []
    assert consultation.spans == [(TIMES[0], TIMES[0] + timedelta(minutes=30))]
