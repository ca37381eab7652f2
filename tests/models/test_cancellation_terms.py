"""What is refunded when a consultation is cancelled, to the second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import NOON, StillClock, cancel, pay, ready, request_reschedule, work
from factories import later, propose

from ibolit import errors
from ibolit.models import CancellationReason, CancellationTerms, Chat, ConsultationState, RefundState
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic", "still")

PRICE = 1500_00
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("hours_ahead", "minutes_since_paid", "terms"),
    [(25, 31, CancellationTerms.FULL), (23, 31, CancellationTerms.CLINIC_DECIDES), (23, 29, CancellationTerms.FULL)],
)
def test_patients_refund_rule(chat: Chat, hours_ahead: int, minutes_since_paid: int, terms: CancellationTerms) -> None:
    start = timedelta(hours=hours_ahead, minutes=minutes_since_paid)
    consultation = propose(chat, starts_at=clock.now() + start, price=PRICE)
    payment = pay(consultation)
    later(minutes=minutes_since_paid)
    assert CancellationTerms.of(consultation.patient, consultation) is terms
    cancel(consultation, consultation.patient)
    assert consultation.state is ConsultationState.CANCELLED
    state = RefundState.SENDING if terms is CancellationTerms.FULL else RefundState.REQUESTED
    assert [(one.state, one.amount) for one in payment.refunds] == [(state, PRICE)]


def test_cancelling_by_the_doctor_refunds_all(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    later(hours=1)
    cancel(consultation, consultation.doctor.user)
    assert payment.refundable == 0
    assert consultation.cancelled_by_id == consultation.doctor.user_id


def test_refund_rule_counts_from_the_start_agreed_last(chat: Chat) -> None:
    consultation = propose(chat, starts_at=clock.now() + timedelta(hours=5), price=PRICE)
    pay(consultation)
    new = consultation.starts_at + timedelta(days=7)
    later(hours=1)
    consultation.request_reschedule(consultation.patient, new, consultation.starts_at)
    assert (
        CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.CLINIC_DECIDES
    )  # until then the old one stands
    consultation.accept_reschedule(consultation.doctor.user, new)
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.FULL
    later(days=7)
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.CLINIC_DECIDES


@pytest.mark.parametrize(
    ("last_sign", "terms"),
    [
        (None, CancellationTerms.FULL),
        (-2 * MINUTE, CancellationTerms.FULL),  # it lapsed as it should have begun
        (-2 * MINUTE + timedelta(seconds=1), CancellationTerms.CLINIC_DECIDES),
        (5 * MINUTE, CancellationTerms.CLINIC_DECIDES),
    ],
)
def test_doctor_never_ready_after_the_start_means_full_refund(
    chat: Chat, still: StillClock, last_sign: timedelta | None, terms: CancellationTerms
) -> None:
    """Pressed ten minutes before the window closes, or left to the worker: it comes to the same."""
    consultation = propose(chat, price=PRICE)
    pay(consultation)
    if last_sign is not None:
        still.show(consultation.starts_at + last_sign)
        ready(consultation, consultation.doctor.user)
    still.show(consultation.closes_at - 10 * MINUTE)
    assert CancellationTerms.of(consultation.patient, consultation) is terms
    still.show(consultation.closes_at)
    work(consultation)
    assert (consultation.payments[0].refundable == 0) is (terms is CancellationTerms.FULL)


def test_refund_rule_before_the_start_ignores_the_doctors_absence(chat: Chat, still: StillClock) -> None:
    consultation = propose(chat, price=PRICE)
    pay(consultation)
    still.show(consultation.starts_at - timedelta(seconds=1))
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.CLINIC_DECIDES
    still.show(consultation.starts_at)
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.FULL


def test_cancelling_after_the_doctor_moved_it_refunds_all(chat: Chat) -> None:
    consultation = propose(chat, starts_at=clock.now() + timedelta(hours=5), price=PRICE)
    pay(consultation)
    new = consultation.starts_at + timedelta(hours=1)
    later(hours=1)
    consultation.request_reschedule(consultation.doctor.user, new, consultation.starts_at)
    consultation.accept_reschedule(consultation.patient, new)
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.FULL


def test_cancellation_terms_on_the_screen_are_kept_or_said_anew(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    pay(consultation)
    later(minutes=31)
    with pytest.raises(errors.PromiseHasChanged):
        consultation.cancel(consultation.patient, CancellationReason.OTHER, CancellationTerms.FULL)
    assert consultation.state is ConsultationState.CONFIRMED


@pytest.mark.parametrize(
    ("before_start", "since_paid", "terms"),
    [
        (DAY, 31 * MINUTE, CancellationTerms.FULL),
        (DAY - timedelta(seconds=1), 31 * MINUTE, CancellationTerms.CLINIC_DECIDES),
        (timedelta(hours=5), 30 * MINUTE, CancellationTerms.FULL),
        (timedelta(hours=5), 30 * MINUTE + timedelta(seconds=1), CancellationTerms.CLINIC_DECIDES),
    ],
)
def test_refund_rule_at_its_exact_moments(
    chat: Chat, still: StillClock, before_start: timedelta, since_paid: timedelta, terms: CancellationTerms
) -> None:
    consultation = propose(chat, starts_at=NOON + since_paid + before_start, price=PRICE)
    pay(consultation)
    still.show(NOON + since_paid)
    assert CancellationTerms.of(consultation.patient, consultation) is terms
    assert CancellationTerms.of(consultation.doctor.user, consultation) is CancellationTerms.FULL


def test_refusing_the_doctors_new_time_refunds_all(chat: Chat, still: StillClock) -> None:
    consultation = propose(chat, price=PRICE)
    pay(consultation)
    still.go(minutes=31)
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.CLINIC_DECIDES
    new = request_reschedule(consultation, consultation.doctor.user, NOON + 3 * DAY)
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.FULL
    consultation.decline_reschedule(consultation.patient, new)
    assert CancellationTerms.of(consultation.patient, consultation) is CancellationTerms.CLINIC_DECIDES
