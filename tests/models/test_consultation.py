"""A consultation's life: agreed, met, ended; each of its states follows by the table alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later, make_chat, propose
from money import answer, waiting_jobs

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    Cause,
    Chat,
    Consultation,
    ConsultationRequest,
    ConsultationState,
    Doctor,
    JobKind,
    Payment,
    Promise,
    Reason,
    RefundState,
    TalkKind,
    Terms,
    User,
    agenda,
    another_time,
    buying,
    timekeeping,
)
from ibolit.models.chat import ChatState
from ibolit.models.consultation_states import FOLLOWS
from ibolit.services import clock
from ibolit.services.payments import Stage

pytestmark = pytest.mark.usefixtures("clinic")

PRICE = 1500_00
FAR = timedelta(days=3)


def pay(talk: Consultation, **more: object) -> Payment:
    payment = buying.begin_for(talk, talk.patient, talk.starts_at)
    db.session.commit()
    payment.settle(answer(payment, Stage.SUCCEEDED, **more))
    db.session.commit()
    return payment


def confirm(talk: Consultation) -> Consultation:
    talk.confirm(talk.patient, talk.starts_at)
    db.session.commit()
    return talk


def meet(talk: Consultation) -> Consultation:
    """The minute has come, and both press «Готов общаться»."""
    later(minutes=(talk.starts_at - clock.now()).total_seconds() / 60 + 1)
    for side in (talk.patient, talk.doctor.user):
        talk.get_ready(side)
        db.session.commit()
    return talk


def cancel(talk: Consultation, by: User) -> None:
    talk.cancel(by, Reason.BAD_TIME, Promise.to(by, talk))
    db.session.commit()


def facts() -> list[str]:
    return [type(fact).__name__ for fact in db.session.info.get("facts", [])]


def test_table_names_every_state_and_its_ends() -> None:
    assert set(FOLLOWS) == set(ConsultationState)
    ends = {state for state, next_ones in FOLLOWS.items() if not next_ones}
    assert ends == {"completed", "cancelled", "expired", "missed"}


def test_proposal_is_a_card_of_the_chat(chat: Chat, patient: User) -> None:
    talk = propose(chat, note="Возьмите тонометр")
    assert talk.message.card == "consultation"
    assert talk.message.author_id == chat.doctor.user_id
    assert chat.member(patient.id).unread == 1
    assert talk.state is ConsultationState.PROPOSED


def test_repeated_press_proposes_once(chat: Chat) -> None:
    terms = Terms(TalkKind.AUDIO, clock.now() + FAR, 30, 0)
    first = agenda.propose(chat, chat.doctor, terms, "same-press")
    second = agenda.propose(chat, chat.doctor, terms, "same-press")
    assert first.id == second.id


def test_doctors_own_time_is_taken_once(chat: Chat, doctor: Doctor, stranger: User) -> None:
    talk = propose(chat, starts_at=clock.now() + FAR)
    other = make_chat(stranger, doctor)
    with pytest.raises(errors.TimeIsTaken):
        propose(other, starts_at=talk.starts_at + timedelta(minutes=29))
    assert propose(other, starts_at=talk.ends_at).state is ConsultationState.PROPOSED


def test_past_and_hasty_times_are_refused(chat: Chat) -> None:
    with pytest.raises(errors.TimeIsPast):
        propose(chat, starts_at=clock.now())
    with pytest.raises(errors.TimeIsTooSoon):
        propose(chat, starts_at=clock.now() + timedelta(minutes=14), price=PRICE)
    assert propose(chat, starts_at=clock.now() + timedelta(minutes=14))


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
    assert (talk.state, talk.paid_start, talk.paid_at) == ("confirmed", talk.starts_at, payment.paid_at)
    assert payment.applied_at is not None
    assert payment.title == "Консультация"


def test_one_live_payment_for_a_consultation(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    first = buying.begin_for(talk, talk.patient, talk.starts_at)
    assert buying.begin_for(talk, talk.patient, talk.starts_at) is first


def test_unconfirmed_one_expires_at_its_start(chat: Chat) -> None:
    talk = propose(chat)
    later(hours=2, minutes=1)
    assert talk.state_now is ConsultationState.EXPIRED
    assert talk.state is ConsultationState.PROPOSED
    timekeeping.look_at(talk)
    assert talk.state is ConsultationState.EXPIRED


def test_begun_payment_holds_the_expiry(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    payment = buying.begin_for(talk, talk.patient, talk.starts_at)
    later(hours=2, minutes=14)
    assert talk.state_now is ConsultationState.PROPOSED
    payment.settle(answer(payment))
    assert talk.state is ConsultationState.CONFIRMED


def test_late_success_goes_back_by_itself(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    payment = buying.begin_for(talk, talk.patient, talk.starts_at)
    later(hours=2, minutes=16)
    payment.settle(answer(payment))
    assert talk.state_now is ConsultationState.EXPIRED
    assert [(one.amount, one.cause) for one in payment.refunds] == [(PRICE, Cause.NOT_FOR_SALE)]


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


def test_readiness_lapses_without_a_sign(chat: Chat) -> None:
    talk = confirm(propose(chat))
    later(hours=1, minutes=55)
    talk.get_ready(talk.patient)
    later(hours=1, minutes=57, seconds=1)
    assert not talk.is_side_ready(talk.patient)
    talk.get_ready(talk.doctor.user)
    assert talk.state is ConsultationState.CONFIRMED
    assert talk.has_come(talk.patient)


def test_sign_keeps_readiness_alive_and_wakes_no_lapsed_one(chat: Chat) -> None:
    talk = confirm(propose(chat))
    later(hours=1, minutes=55)
    talk.get_ready(talk.patient)
    later(hours=1, minutes=56)
    assert Consultation.awaits(talk.patient)
    assert not Consultation.awaits(talk.doctor.user)
    Consultation.note_sign_of(talk.patient)
    db.session.commit()
    db.session.refresh(talk)
    later(hours=1, minutes=57, seconds=59)
    assert talk.is_side_ready(talk.patient)
    later(hours=1, minutes=58, seconds=2)
    assert not Consultation.awaits(talk.patient)
    Consultation.note_sign_of(talk.patient)
    db.session.refresh(talk)
    assert not talk.is_side_ready(talk.patient)


def test_doctor_ends_it(chat: Chat) -> None:
    talk = meet(confirm(propose(chat)))
    with pytest.raises(errors.ConsultationHasChanged):
        talk.end(talk.patient)
    talk.end(talk.doctor.user)
    assert talk.state is ConsultationState.COMPLETED


def test_window_closes_what_both_came_to(chat: Chat) -> None:
    talk = meet(confirm(propose(chat)))
    later(hours=3, minutes=1)
    timekeeping.look_at(talk)
    assert talk.state is ConsultationState.COMPLETED


@pytest.mark.parametrize(
    ("came", "outcome"),
    [("nobody", RefundState.SENDING), ("patient", RefundState.SENDING), ("doctor", RefundState.WISHED)],
)
def test_missed_one_pays_back_by_who_came(chat: Chat, came: str, outcome: RefundState) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    later(hours=2)
    if came != "nobody":
        talk.get_ready(talk.patient if came == "patient" else talk.doctor.user)
    later(hours=3, minutes=1)
    timekeeping.look_at(talk)
    assert talk.state is ConsultationState.MISSED
    assert [(one.state, one.amount, one.cause) for one in payment.refunds] == [(outcome, PRICE, Cause.MISSED)]


def test_other_time_stands_beside_until_it_is_accepted(chat: Chat) -> None:
    talk = confirm(propose(chat))
    old, new = talk.starts_at, talk.starts_at + FAR
    another_time.wish(talk, talk.patient, new, old)
    assert (talk.starts_at, talk.wish) == (old, new)
    with pytest.raises(errors.ConsultationHasChanged):
        another_time.accept(talk, talk.patient, new)  # his own wish
    another_time.accept(talk, talk.doctor.user, new)
    assert (talk.starts_at, talk.wish, talk.minutes) == (new, None, 30)


def test_wish_lapses_at_the_old_start(chat: Chat) -> None:
    talk = confirm(propose(chat))
    new = talk.starts_at + FAR
    another_time.wish(talk, talk.patient, new, talk.starts_at)
    later(hours=2, minutes=1)
    assert talk.wish is None
    with pytest.raises(errors.ConsultationHasChanged):
        another_time.accept(talk, talk.doctor.user, new)


def test_declined_wish_is_gone(chat: Chat) -> None:
    talk = confirm(propose(chat))
    new = talk.starts_at + FAR
    another_time.wish(talk, talk.doctor.user, new, talk.starts_at)
    another_time.decline(talk, talk.patient, new)
    assert talk.wish is None
    assert "TimeDeclined" in facts()


def test_patient_who_takes_the_doctors_time_confirms_a_free_one(chat: Chat) -> None:
    talk = propose(chat)
    new = talk.starts_at + FAR
    another_time.wish(talk, talk.doctor.user, new, talk.starts_at)
    another_time.accept(talk, talk.patient, new)
    assert (talk.state, talk.starts_at) == ("confirmed", new)


@pytest.mark.parametrize(
    ("hours_ahead", "minutes_since_paid", "promise"),
    [(25, 31, Promise.FULL), (23, 31, Promise.CLINIC_DECIDES), (23, 29, Promise.FULL)],
)
def test_patients_refund_rule(chat: Chat, hours_ahead: int, minutes_since_paid: int, promise: Promise) -> None:
    start = timedelta(hours=hours_ahead, minutes=minutes_since_paid)
    talk = propose(chat, starts_at=clock.now() + start, price=PRICE)
    payment = pay(talk)
    later(minutes=minutes_since_paid)
    assert Promise.to(talk.patient, talk) is promise
    cancel(talk, talk.patient)
    assert talk.state is ConsultationState.CANCELLED
    state = RefundState.SENDING if promise is Promise.FULL else RefundState.WISHED
    assert [(one.state, one.amount) for one in payment.refunds] == [(state, PRICE)]


def test_doctor_who_cancels_gives_all_back(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    later(hours=1)
    cancel(talk, talk.doctor.user)
    assert payment.rest == 0
    assert talk.cancelled_by_id == talk.doctor.user_id


def test_time_agreed_at_payment_counts_not_the_wished_one(chat: Chat) -> None:
    talk = propose(chat, starts_at=clock.now() + timedelta(hours=5), price=PRICE)
    pay(talk)
    new = talk.starts_at + timedelta(days=7)
    later(hours=1)
    another_time.wish(talk, talk.patient, new, talk.starts_at)
    another_time.accept(talk, talk.doctor.user, new)
    assert Promise.to(talk.patient, talk) is Promise.CLINIC_DECIDES


def test_after_the_doctor_moved_it_all_goes_back(chat: Chat) -> None:
    talk = propose(chat, starts_at=clock.now() + timedelta(hours=5), price=PRICE)
    pay(talk)
    new = talk.starts_at + timedelta(hours=1)
    later(hours=1)
    another_time.wish(talk, talk.doctor.user, new, talk.starts_at)
    another_time.accept(talk, talk.patient, new)
    assert Promise.to(talk.patient, talk) is Promise.FULL


def test_promise_on_the_screen_is_kept_or_said_anew(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    pay(talk)
    later(minutes=31)
    with pytest.raises(errors.PromiseHasChanged):
        talk.cancel(talk.patient, Reason.OTHER, Promise.FULL)
    assert talk.state is ConsultationState.CONFIRMED


def test_all_money_back_cancels_what_lies_ahead(chat: Chat) -> None:
    talk = propose(chat, price=PRICE)
    payment = pay(talk)
    payment.give_back(100_00, Cause.OPERATOR)
    assert talk.state is ConsultationState.CONFIRMED
    payment.give_back(payment.rest, Cause.OPERATOR)
    assert (talk.state, talk.cancel_reason, talk.cancelled_by_id) == ("cancelled", "money_back", None)


def test_chat_is_open_around_a_confirmed_one(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    talk = confirm(propose(chat))
    assert chat.state is ChatState.OVER
    assert chat.turns_at == talk.opens_at
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


def test_late_is_said_once_in_a_while(chat: Chat) -> None:
    talk = confirm(propose(chat))
    with pytest.raises(errors.ConsultationHasChanged):
        talk.be_late(talk.doctor.user)
    later(hours=1, minutes=55)
    talk.be_late(talk.doctor.user)
    talk.be_late(talk.doctor.user)
    assert facts().count("SideLate") == 1
    assert talk.late_until(talk.doctor.user) == talk.starts_at + timedelta(minutes=5)


def test_worker_reminds_once_a_moment(chat: Chat) -> None:
    talk = confirm(propose(chat, starts_at=clock.now() + timedelta(hours=25)))
    later(hours=1, minutes=1)
    next_at = timekeeping.look_at(talk)
    assert [fact for fact in facts() if fact == "ConsultationNear"] == ["ConsultationNear"]
    assert next_at == talk.starts_at - timedelta(minutes=15)


def test_request_is_a_card_and_a_proposal_answers_it(chat: Chat, patient: User) -> None:
    request = ConsultationRequest.ask(chat, patient, TalkKind.AUDIO, "Вечером", "one-press")
    assert ConsultationRequest.ask(chat, patient, TalkKind.AUDIO, "Вечером", "one-press") is request
    terms = Terms(request.kind, clock.now() + FAR, 20, 0)
    talk = agenda.propose(chat, chat.doctor, terms, "answer-press", request)
    db.session.refresh(request)
    assert request.answer is talk


def test_what_has_ended_begins_no_more(chat: Chat) -> None:
    talk = confirm(propose(chat))
    cancel(talk, talk.patient)
    for press in (
        lambda: talk.get_ready(talk.patient),
        lambda: talk.be_late(talk.patient),
        lambda: another_time.wish(talk, talk.patient, talk.starts_at + FAR, talk.starts_at),
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
