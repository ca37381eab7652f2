"""What a chat makes of its consultations: the step under its head, and what folds into a line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import StillClock, begin_to_pay, cancel, confirm, pay, ready, request_reschedule
from factories import make_doctor, make_user, propose

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, IntakeAnswers, IntakeQuestionnaire
from ibolit.models.consultations import NextStep
from ibolit.services import clock
from ibolit.services.payments import GatewayStatus, ProviderRefund

pytestmark = pytest.mark.usefixtures("clinic")


@pytest.fixture
def talk(still: StillClock, chat: Chat) -> Consultation:
    """A free one in two hours."""
    return propose(chat)


@pytest.fixture
def paid(still: StillClock, chat: Chat) -> Consultation:
    """One that costs 1 500 ₽, in two hours."""
    return propose(chat, price=1500_00)


def pinned(one: Consultation) -> tuple[NextStep, NextStep]:
    """The patient's, the doctor's."""
    return one.pinned_step(one.patient), one.pinned_step(one.doctor.user)


def fill(talk: Consultation) -> None:
    IntakeQuestionnaire.tell(talk, IntakeAnswers("Кашель"), "test-intake")
    db.session.commit()


def test_patient_confirms_then_fills_the_questionnaire_then_waits(still: StillClock, talk: Consultation) -> None:
    assert pinned(talk) == (NextStep.CONFIRM, NextStep.NONE)
    confirm(talk)
    assert pinned(talk) == (NextStep.FILL_QUESTIONNAIRE, NextStep.AWAIT_OPENING)
    fill(talk)
    assert pinned(talk) == (NextStep.AWAIT_OPENING, NextStep.AWAIT_OPENING)
    still.go(minutes=110)
    assert pinned(talk) == (NextStep.GET_READY, NextStep.GET_READY)
    ready(talk, talk.doctor.user)
    assert pinned(talk) == (NextStep.GET_READY, NextStep.AWAIT_OTHER_SIDE)
    ready(talk, talk.patient)
    assert pinned(talk) == (NextStep.RETURN_TO_CALL, NextStep.RETURN_TO_CALL)
    talk.end(talk.doctor.user)
    assert pinned(talk) == (NextStep.NONE, NextStep.NONE)


def test_near_its_start_the_time_left_is_told_and_not_the_questionnaire(still: StillClock, talk: Consultation) -> None:
    confirm(talk)
    assert talk.pinned_step_changes_at() == talk.opens_at - timedelta(minutes=15)
    still.go(minutes=95)
    assert talk.pinned_step(talk.patient) is NextStep.AWAIT_OPENING
    assert talk.pinned_step_changes_at() == talk.opens_at


def test_another_time_is_answered_first(talk: Consultation) -> None:
    request_reschedule(talk, talk.doctor.user, talk.starts_at + timedelta(hours=3))
    assert pinned(talk) == (NextStep.ANSWER_RESCHEDULE, NextStep.NONE)


def test_doctor_waits_for_money_without_a_line(still: StillClock, paid: Consultation) -> None:
    assert pinned(paid) == (NextStep.PAY, NextStep.NONE)
    begin_to_pay(paid)
    still.go(hours=2, minutes=1)
    assert pinned(paid) == (NextStep.RESUME_PAYMENT, NextStep.NONE)


def test_nearest_is_the_first_that_may_take_place(still: StillClock, talk: Consultation, chat: Chat) -> None:
    later_one = propose(chat, starts_at=clock.now() + timedelta(days=1))
    elsewhere = Chat.begin(make_user("Пётр Иванов"), make_doctor("Лебедев Павел"))
    db.session.commit()
    assert Consultation.nearest_in(chat) == talk
    cancel(talk, talk.patient)
    assert Consultation.nearest_in(chat) == later_one
    assert Consultation.nearest_in(db.session.get_one(Chat, elsewhere)) is None


def test_it_folds_when_it_is_over_and_nothing_is_owed(still: StillClock, talk: Consultation) -> None:
    assert not talk.is_settled
    confirm(talk)
    still.go(minutes=112)
    ready(talk, talk.patient, talk.doctor.user)
    assert not talk.is_settled
    talk.end(talk.doctor.user)
    assert not talk.is_settled  # a conclusion is owed


def test_cancelled_one_folds_when_its_money_is_back(paid: Consultation) -> None:
    pay(paid)
    cancel(paid, paid.patient)
    assert not paid.is_settled
    for refund in (one for payment in paid.payments for one in payment.refunds):
        refund.succeed(ProviderRefund(f"back-{refund.id}", GatewayStatus.SUCCEEDED, refund.amount))
    assert paid.is_settled
