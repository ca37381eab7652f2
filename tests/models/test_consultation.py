"""A consultation's life: agreed, met, ended; each of its states follows by the table alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import cancel, confirm, facts, pay
from factories import later, make_chat, propose
from payment_steps import answer, waiting_jobs
from queries import Queries

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationState, Doctor, JobKind, RefundReason, RefundState, User
from ibolit.models.chats import ChatState
from ibolit.models.consultations import TRANSITIONS
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic")

PRICE = 1500_00
FAR = timedelta(days=3)


def meet(consultation: Consultation) -> Consultation:
    """The minute has come, and both press «Готов общаться»."""
    later(minutes=(consultation.starts_at - clock.now()).total_seconds() / 60 + 1)
    for side in (consultation.patient, consultation.doctor.user):
        consultation.mark_ready(side)
        db.session.commit()
    return consultation


def test_table_names_every_state_and_its_ends() -> None:
    assert set(TRANSITIONS) == set(ConsultationState)
    ends = {state for state, next_ones in TRANSITIONS.items() if not next_ones}
    assert ends == {"completed", "cancelled", "missed"}
    assert set(TRANSITIONS[ConsultationState.EXPIRED]) == {"confirmed"}  # paid after its hold


def test_patient_confirms_a_free_one(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    assert consultation.state is ConsultationState.CONFIRMED
    consultation.confirm(consultation.patient, consultation.starts_at)  # pressed twice
    assert consultation.state is ConsultationState.CONFIRMED


def test_doctor_cannot_confirm_for_the_patient(chat: Chat) -> None:
    consultation = propose(chat)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.confirm(consultation.doctor.user, consultation.starts_at)


def test_what_was_not_seen_is_not_confirmed(chat: Chat) -> None:
    consultation = propose(chat)
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.confirm(consultation.patient, consultation.starts_at - timedelta(hours=1))


def test_paying_confirms(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    with pytest.raises(errors.MustBePaid):
        consultation.confirm(consultation.patient, consultation.starts_at)
    payment = pay(consultation)
    assert (consultation.state, consultation.paid_at) == ("confirmed", payment.paid_at)
    assert payment.applied_at is not None
    assert payment.title == "Консультация"


def test_unconfirmed_one_expires_at_its_start(chat: Chat) -> None:
    consultation = propose(chat)
    later(hours=2, minutes=1)
    assert consultation.state_now is ConsultationState.EXPIRED
    assert consultation.state is ConsultationState.PROPOSED
    consultation.process_due()
    assert consultation.state is ConsultationState.EXPIRED


def test_begun_payment_holds_the_expiry(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    payment = consultation.start_payment(consultation.patient, consultation.starts_at)
    later(hours=2, minutes=14)
    assert consultation.state_now is ConsultationState.PROPOSED
    payment.settle(answer(payment))
    assert consultation.state is ConsultationState.CONFIRMED


def test_late_success_goes_back_by_itself(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    payment = consultation.start_payment(consultation.patient, consultation.starts_at)
    later(hours=2, minutes=16)
    payment.settle(answer(payment))
    assert consultation.state_now is ConsultationState.EXPIRED
    assert [(one.amount, one.cause) for one in payment.refunds] == [(PRICE, RefundReason.NOT_FOR_SALE)]


def test_ready_works_only_within_the_window(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    with pytest.raises(errors.TooEarly):
        consultation.mark_ready(consultation.patient)
    later(hours=1, minutes=51)
    consultation.mark_ready(consultation.patient)
    assert consultation.is_side_ready(consultation.patient)
    assert not consultation.is_side_ready(consultation.doctor.user)
    assert "ParticipantReady" in facts()


def test_unpaid_one_is_never_opened(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    later(hours=1, minutes=55)
    with pytest.raises(errors.MustBePaid):
        consultation.mark_ready(consultation.patient)


def test_both_ready_begin(chat: Chat) -> None:
    consultation = meet(confirm(propose(chat)))
    assert consultation.state is ConsultationState.IN_PROGRESS
    assert consultation.started_at is not None


def test_doctor_ends_it(chat: Chat) -> None:
    consultation = meet(confirm(propose(chat)))
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.end(consultation.patient)
    consultation.end(consultation.doctor.user)
    assert consultation.state is ConsultationState.COMPLETED


def test_window_closes_what_both_came_to(chat: Chat) -> None:
    consultation = meet(confirm(propose(chat)))
    later(hours=3, minutes=1)
    consultation.process_due()
    assert consultation.state is ConsultationState.COMPLETED


@pytest.mark.parametrize(
    ("came", "outcome"),
    [("nobody", RefundState.SENDING), ("patient", RefundState.SENDING), ("doctor", RefundState.REQUESTED)],
)
def test_missed_one_pays_back_by_who_came(chat: Chat, came: str, outcome: RefundState) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    later(hours=2)
    if came != "nobody":
        consultation.mark_ready(consultation.patient if came == "patient" else consultation.doctor.user)
    later(hours=3, minutes=1)
    consultation.process_due()
    assert consultation.state is ConsultationState.MISSED
    assert [(one.state, one.amount, one.cause) for one in payment.refunds] == [(outcome, PRICE, RefundReason.MISSED)]


def test_all_money_back_cancels_what_lies_ahead(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    payment.refund(100_00, RefundReason.OPERATOR)
    assert consultation.state is ConsultationState.CONFIRMED
    payment.refund(payment.refundable, RefundReason.OPERATOR)
    assert (consultation.state, consultation.cancel_reason, consultation.cancelled_by_id) == (
        "cancelled",
        "money_back",
        None,
    )


def test_chat_is_open_around_a_confirmed_one(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    consultation = confirm(propose(chat))
    assert chat.state is ChatState.OVER
    assert chat.changes_at == consultation.opens_at
    later(hours=1, minutes=50)
    assert chat.state is ChatState.CONSULTATION
    assert chat.takes_messages_from(patient)
    later(hours=26, minutes=29)
    assert chat.state is ChatState.CONSULTATION
    later(hours=26, minutes=31)
    assert chat.state is ChatState.OVER


def test_cancelled_one_opens_nothing(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    consultation = confirm(propose(chat))
    cancel(consultation, patient)
    later(hours=2)
    assert chat.state is ChatState.OVER


def test_what_has_ended_begins_no_more(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    cancel(consultation, consultation.patient)
    for press in (
        lambda: consultation.mark_ready(consultation.patient),
        lambda: consultation.announce_delay(consultation.patient),
        lambda: consultation.request_reschedule(
            consultation.patient, consultation.starts_at + FAR, consultation.starts_at
        ),
        lambda: consultation.end(consultation.doctor.user),
        lambda: consultation.confirm(consultation.patient, consultation.starts_at),
    ):
        with pytest.raises(errors.ConsultationHasChanged):
            press()


def test_stranger_finds_nothing(chat: Chat, stranger: User, patient: User) -> None:
    consultation = propose(chat)
    assert Consultation.find_for(stranger, consultation.id) is None
    assert Consultation.find_for(patient, consultation.id) is consultation
    assert Consultation.find_led_by(patient, consultation.id) is None
    assert Consultation.find_led_by(chat.doctor.user, consultation.id) is consultation


def test_stranger_holds_nothing(chat: Chat, stranger: User, patient: User) -> None:
    consultation = propose(chat)
    assert Consultation.locked_for(stranger, consultation.id) is None
    assert Consultation.locked_for(chat.doctor.user, consultation.id) is consultation
    assert Consultation.locked_for(patient, consultation.id) is consultation


@pytest.mark.parametrize("how", ["held", "locked"])
def test_lock_reads_anew_what_others_have_changed(chat: Chat, patient: User, how: str) -> None:
    """Once a transaction: until its commit nobody else can change it."""
    consultation = propose(chat)
    db.session.commit()
    with db.engine.begin() as other:
        other.execute(db.update(Consultation).values(note="другое"))
        other.execute(db.update(Chat).values(free_days=30))
    assert (consultation.note, consultation.chat.free_days) != ("другое", 30)
    if how == "held":
        Consultation.locked_for(patient, consultation.id)
    consultation.lock()
    assert (consultation.note, consultation.chat.free_days) == ("другое", 30)
    with Queries() as queries:
        consultation.lock()
        consultation.chat.lock()
    assert queries == []
    db.session.commit()
    with Queries() as queries:
        consultation.lock()
    assert queries != []


@pytest.mark.parametrize("how", ["served", "declined"])
def test_kept_prepayment_is_closed_by_its_second_receipt(chat: Chat, how: str) -> None:
    """When the consultation was, or when the clinic has decided to keep the money of one that was not; once."""
    consultation = propose(chat, price=PRICE)
    payment = pay(consultation)
    if how == "served":
        meet(consultation).end(consultation.doctor.user)
    else:
        later(minutes=31)
        cancel(consultation, consultation.patient)
        assert waiting_jobs(JobKind.CLOSING_RECEIPT) == []
        payment.refunds[0].decline("Консультация была подготовлена", consultation.doctor.user)
    db.session.commit()
    payment.mark_delivered()
    assert [job.subject_id for job in waiting_jobs(JobKind.CLOSING_RECEIPT)] == [payment.id]
