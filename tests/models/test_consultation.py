"""A consultation's life: agreed, met, ended; each of its states follows by the table alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later, make_chat, propose
from meetings import cancel, confirm, facts, pay
from money import answer, waiting_jobs
from queries import Queries

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationState, Doctor, JobKind, RefundReason, RefundState, User
from ibolit.models.chats import ChatState
from ibolit.models.consultations import FOLLOWS, checkout, deadlines, rescheduling
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic")

PRICE = 1500_00
FAR = timedelta(days=3)


def meet(talk: Consultation) -> Consultation:
    """The minute has come, and both press «Готов общаться»."""
    later(minutes=(talk.starts_at - clock.now()).total_seconds() / 60 + 1)
    for side in (talk.patient, talk.doctor.user):
        talk.get_ready(side)
        db.session.commit()
    return talk


def test_table_names_every_state_and_its_ends() -> None:
    assert set(FOLLOWS) == set(ConsultationState)
    ends = {state for state, next_ones in FOLLOWS.items() if not next_ones}
    assert ends == {"completed", "cancelled", "expired", "missed"}


def test_patient_confirms_a_free_one(chat: Chat) -> None:
    talk = confirm(propose(chat))
    assert talk.state is ConsultationState.CONFIRMED
    talk.confirm(talk.patient, talk.starts_at)  # pressed twice
    assert talk.state is ConsultationState.CONFIRMED


def test_doctor_cannot_confirm_for_the_patient(chat: Chat) -> None:
    talk = propose(chat)
    with pytest.raises(errors.ConsultationHasChanged):
        talk.confirm(talk.doctor.user, talk.starts_at)


def test_what_was_not_seen_is_not_confirmed(chat: Chat) -> None:
    talk = propose(chat)
    with pytest.raises(errors.ConsultationHasChanged):
        talk.confirm(talk.patient, talk.starts_at - timedelta(hours=1))


def test_paying_confirms(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    with pytest.raises(errors.MustBePaid):
        talk.confirm(talk.patient, talk.starts_at)
    payment = pay(talk)
    assert (talk.state, talk.paid_at) == ("confirmed", payment.paid_at)
    assert payment.applied_at is not None
    assert payment.title == "Консультация"


def test_unconfirmed_one_expires_at_its_start(chat: Chat) -> None:
    talk = propose(chat)
    later(hours=2, minutes=1)
    assert talk.state_now is ConsultationState.EXPIRED
    assert talk.state is ConsultationState.PROPOSED
    deadlines.look_at(talk)
    assert talk.state is ConsultationState.EXPIRED


def test_begun_payment_holds_the_expiry(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    payment = checkout.begin_for(talk, talk.patient, talk.starts_at)
    later(hours=2, minutes=14)
    assert talk.state_now is ConsultationState.PROPOSED
    payment.settle(answer(payment))
    assert talk.state is ConsultationState.CONFIRMED


def test_late_success_goes_back_by_itself(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    payment = checkout.begin_for(talk, talk.patient, talk.starts_at)
    later(hours=2, minutes=16)
    payment.settle(answer(payment))
    assert talk.state_now is ConsultationState.EXPIRED
    assert [(one.amount, one.cause) for one in payment.refunds] == [(PRICE, RefundReason.NOT_FOR_SALE)]


def test_ready_works_only_within_the_window(chat: Chat) -> None:
    talk = confirm(propose(chat))
    with pytest.raises(errors.TooEarly):
        talk.get_ready(talk.patient)
    later(hours=1, minutes=51)
    talk.get_ready(talk.patient)
    assert talk.is_side_ready(talk.patient)
    assert not talk.is_side_ready(talk.doctor.user)
    assert "SideReady" in facts()


def test_unpaid_one_is_never_opened(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    later(hours=1, minutes=55)
    with pytest.raises(errors.MustBePaid):
        talk.get_ready(talk.patient)


def test_both_ready_begin(chat: Chat) -> None:
    talk = meet(confirm(propose(chat)))
    assert talk.state is ConsultationState.IN_PROGRESS
    assert talk.started_at is not None


def test_doctor_ends_it(chat: Chat) -> None:
    talk = meet(confirm(propose(chat)))
    with pytest.raises(errors.ConsultationHasChanged):
        talk.end(talk.patient)
    talk.end(talk.doctor.user)
    assert talk.state is ConsultationState.COMPLETED


def test_window_closes_what_both_came_to(chat: Chat) -> None:
    talk = meet(confirm(propose(chat)))
    later(hours=3, minutes=1)
    deadlines.look_at(talk)
    assert talk.state is ConsultationState.COMPLETED


@pytest.mark.parametrize(
    ("came", "outcome"),
    [("nobody", RefundState.SENDING), ("patient", RefundState.SENDING), ("doctor", RefundState.REQUESTED)],
)
def test_missed_one_pays_back_by_who_came(chat: Chat, came: str, outcome: RefundState) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    later(hours=2)
    if came != "nobody":
        talk.get_ready(talk.patient if came == "patient" else talk.doctor.user)
    later(hours=3, minutes=1)
    deadlines.look_at(talk)
    assert talk.state is ConsultationState.MISSED
    assert [(one.state, one.amount, one.cause) for one in payment.refunds] == [(outcome, PRICE, RefundReason.MISSED)]


def test_all_money_back_cancels_what_lies_ahead(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    payment.refund(100_00, RefundReason.OPERATOR)
    assert talk.state is ConsultationState.CONFIRMED
    payment.refund(payment.refundable, RefundReason.OPERATOR)
    assert (talk.state, talk.cancel_reason, talk.cancelled_by_id) == ("cancelled", "money_back", None)


def test_chat_is_open_around_a_confirmed_one(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    talk = confirm(propose(chat))
    assert chat.state is ChatState.OVER
    assert chat.changes_at == talk.opens_at
    later(hours=1, minutes=50)
    assert chat.state is ChatState.TALK
    assert chat.takes_messages_from(patient)
    later(hours=26, minutes=29)
    assert chat.state is ChatState.TALK
    later(hours=26, minutes=31)
    assert chat.state is ChatState.OVER


def test_cancelled_one_opens_nothing(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    talk = confirm(propose(chat))
    cancel(talk, patient)
    later(hours=2)
    assert chat.state is ChatState.OVER


def test_what_has_ended_begins_no_more(chat: Chat) -> None:
    talk = confirm(propose(chat))
    cancel(talk, talk.patient)
    for press in (
        lambda: talk.get_ready(talk.patient),
        lambda: talk.be_late(talk.patient),
        lambda: rescheduling.wish(talk, talk.patient, talk.starts_at + FAR, talk.starts_at),
        lambda: talk.end(talk.doctor.user),
        lambda: talk.confirm(talk.patient, talk.starts_at),
    ):
        with pytest.raises(errors.ConsultationHasChanged):
            press()


def test_stranger_finds_nothing(chat: Chat, stranger: User, patient: User) -> None:
    talk = propose(chat)
    assert Consultation.one_of(stranger, talk.id) is None
    assert Consultation.one_of(patient, talk.id) is talk
    assert db.session.scalar(Consultation.led_by(patient)) is None
    assert db.session.scalars(Consultation.led_by(chat.doctor.user)).unique().one() is talk


def test_stranger_holds_nothing(chat: Chat, stranger: User, patient: User) -> None:
    talk = propose(chat)
    assert Consultation.locked_for(stranger, talk.id) is None
    assert Consultation.locked_for(chat.doctor.user, talk.id) is talk
    assert Consultation.locked_for(patient, talk.id) is talk


@pytest.mark.parametrize("how", ["held", "locked"])
def test_lock_reads_anew_what_others_have_changed(chat: Chat, patient: User, how: str) -> None:
    """Once a transaction: until its commit nobody else can change it."""
    talk = propose(chat)
    db.session.commit()
    with db.engine.begin() as other:
        other.execute(db.update(Consultation).values(note="другое"))
        other.execute(db.update(Chat).values(free_days=30))
    assert (talk.note, talk.chat.free_days) != ("другое", 30)
    if how == "held":
        Consultation.locked_for(patient, talk.id)
    talk.lock()
    assert (talk.note, talk.chat.free_days) == ("другое", 30)
    with Queries() as queries:
        talk.lock()
        talk.chat.lock()
    assert queries == []
    db.session.commit()
    with Queries() as queries:
        talk.lock()
    assert queries != []


@pytest.mark.parametrize("how", ["served", "declined"])
def test_kept_prepayment_is_closed_by_its_second_receipt(chat: Chat, how: str) -> None:
    """When the talk was, or when the clinic has decided to keep the money of one that was not; once."""
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    if how == "served":
        meet(talk).end(talk.doctor.user)
    else:
        later(minutes=31)
        cancel(talk, talk.patient)
        assert waiting_jobs(JobKind.CLOSING_RECEIPT) == []
        payment.refunds[0].decline("Консультация была подготовлена", talk.doctor.user)
    db.session.commit()
    payment.was_served()
    assert [job.subject_id for job in waiting_jobs(JobKind.CLOSING_RECEIPT)] == [payment.id]
