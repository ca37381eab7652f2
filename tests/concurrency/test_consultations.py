"""Two people press in the same second: one of them wins, the other reads why, and the money knows of both."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from consultation_steps import accept, begin_to_pay, cancel, confirm, pay, request_reschedule
from factories import later, make_chat, make_user, offer, propose
from flask import Flask
from payment_steps import answer
from sqlalchemy.orm import Session

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    ConsultationState,
    Doctor,
    Job,
    JobKind,
    Message,
    Payment,
    ProposalTerms,
    Refund,
    RefundReason,
    RefundState,
    Role,
    User,
)
from ibolit.models.consultations import Side
from ibolit.services import clock
from ibolit.services.payments import ProviderPayment

from .crowd import at_once

PRICE = 1500_00
TIMES = 8  # as often as each race is run: both orders come up
HOUR = timedelta(hours=1)

Action = Callable[[], object]


@pytest.fixture
def facts() -> Iterator[list[str]]:
    """What was told after the commits, by the names of the facts; threads put theirs together."""
    told: list[str] = []

    def hear(session: Session) -> None:
        told.extend(type(fact).__name__ for fact in dict.fromkeys(session.info.get("happened", [])))

    sa.event.listen(Session, "after_commit", hear)
    yield told
    sa.event.remove(Session, "after_commit", hear)


@pytest.fixture
def operator_id(clinic: Flask) -> int:
    return make_user("Операторова Ольга", Role.OPERATOR).id


@pytest.fixture(autouse=True)
def no_job_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A worker that met a lock would only try again, and nobody would know."""
    with caplog.at_level(logging.WARNING):
        yield
    assert not [record for record in caplog.records if "failed" in record.getMessage()]


def race(app: Flask, *actions: Action) -> list[str]:
    """Each in a thread of its own, committed as a request would: «done», or the rule that refused it, undone.

    Anything but a rule of ours – a deadlock, a lost row, an error of the database – comes through and is red.
    """

    def one(number: int) -> str:
        try:
            actions[number]()
        except errors.RuleViolation as refusal:
            db.session.rollback()
            return type(refusal).__name__
        db.session.commit()
        return "done"

    return at_once(app, len(actions), one)


def of(id: int) -> Consultation:
    """As the database has it, which a thread reads first of all."""
    return db.session.get_one(Consultation, id)


def anew(id: int) -> Consultation:
    db.session.remove()
    return of(id)


def settling(payment_id: int, said: ProviderPayment) -> Action:
    return lambda: db.session.get_one(Payment, payment_id).settle(said)


def cancelling(id: int, by: str, terms: CancellationTerms) -> Action:
    def press() -> None:
        consultation = of(id)
        consultation.cancel(
            consultation.patient if by == "patient" else consultation.doctor.user, CancellationReason.OTHER, terms
        )

    return press


def getting_ready(id: int, *sides: str) -> Action:
    def press() -> None:
        consultation = of(id)
        for side in sides:
            consultation.mark_ready(consultation.patient if side == "patient" else consultation.doctor.user)

    return press


def hours_ahead(chat: Chat, number: int, price: int = 0) -> Consultation:
    """Each race has its own time of the doctor's."""
    return propose(chat, starts_at=clock.now() + (2 + number) * HOUR, price=price)


def money_of(consultation: Consultation) -> list[tuple[str, int, list[str]]]:
    return [(one.state, one.refundable, [back.state for back in one.refunds]) for one in consultation.payments]


def one_job_each(consultation: Consultation) -> bool:
    waiting = Job.kind == JobKind.CONSULTATION, Job.subject_id == consultation.id, Job.done_at.is_(None)
    return len(db.session.scalars(db.select(Job.id).where(*waiting)).all()) == 1


# Money


def test_cancelled_while_the_payment_succeeds(clinic: Flask, chat: Chat) -> None:
    """Whoever comes first, no money stays: the cancel was pressed when nothing was paid."""
    chat_id, orders = chat.id, Counter[str]()
    for number in range(TIMES):
        consultation = hours_ahead(db.session.get_one(Chat, chat_id), number, PRICE)
        payment = begin_to_pay(consultation)
        actions = (
            settling(payment.id, answer(payment)),
            cancelling(consultation.id, "patient", CancellationTerms.NOTHING_PAID),
        )
        id = consultation.id
        settled, cancelled = race(clinic, *actions)
        consultation = anew(id)
        orders[cancelled] += 1
        assert settled == "done"
        if cancelled == "done":
            assert (consultation.state, money_of(consultation)) == ("cancelled", [("succeeded", 0, ["sending"])])
        else:
            assert cancelled == "PromiseHasChanged"
            assert (consultation.state, money_of(consultation)) == ("confirmed", [("succeeded", PRICE, [])])
            assert one_job_each(consultation)
    assert sum(orders.values()) == TIMES


def test_two_payments_succeed_at_once_and_one_goes_back(clinic: Flask, chat: Chat) -> None:
    chat_id = chat.id
    for number in range(TIMES):
        consultation = hours_ahead(db.session.get_one(Chat, chat_id), number, PRICE)
        first = consultation.start_payment(consultation.patient, consultation.starts_at)
        first.end("not_created")
        second = begin_to_pay(consultation)
        id, said = consultation.id, [(one.id, answer(one)) for one in (first, second)]
        assert race(clinic, *(settling(*one) for one in said)) == ["done", "done"]
        consultation = anew(id)
        assert consultation.state is ConsultationState.CONFIRMED
        assert sorted(one.refundable for one in consultation.payments) == [0, PRICE]


def test_pressed_to_pay_by_many_is_one_payment(clinic: Flask, chat: Chat) -> None:
    chat_id = chat.id
    for number in range(TIMES):
        consultation = hours_ahead(db.session.get_one(Chat, chat_id), number, PRICE)
        id, seen = consultation.id, consultation.starts_at
        press = lambda: of(id).start_payment(of(id).patient, seen)  # noqa: B023, E731
        assert race(clinic, *[press] * 4) == ["done"] * 4
        assert len(anew(id).payments) == 1


def test_begun_to_pay_while_it_is_cancelled(clinic: Flask, chat: Chat) -> None:
    chat_id = chat.id
    for number in range(TIMES):
        consultation = hours_ahead(db.session.get_one(Chat, chat_id), number, PRICE)
        id, seen = consultation.id, consultation.starts_at
        actions = (
            lambda: of(id).start_payment(of(id).patient, seen),  # noqa: B023
            cancelling(id, "doctor", CancellationTerms.NOTHING_PAID),
        )
        begun, cancelled = race(clinic, *actions)
        assert cancelled == "done"
        consultation = anew(id)
        assert consultation.state is ConsultationState.CANCELLED
        assert len(consultation.payments) == (begun == "done")


def test_cancelled_by_many_taps_is_one_refund(clinic: Flask, chat: Chat, facts: list[str]) -> None:
    chat_id = chat.id
    for number in range(TIMES):
        consultation = hours_ahead(db.session.get_one(Chat, chat_id), number, PRICE)
        id = pay(consultation).consultation_id or 0
        facts.clear()
        assert race(clinic, *[cancelling(id, "patient", CancellationTerms.FULL)] * 4) == ["done"] * 4
        assert money_of(anew(id)) == [("succeeded", 0, ["sending"])]
        assert facts.count("ConsultationCancelled") == 1


def test_both_cancel_at_once_and_one_of_them_did(clinic: Flask, chat: Chat) -> None:
    chat_id = chat.id
    for number in range(TIMES):
        id = pay(hours_ahead(db.session.get_one(Chat, chat_id), number, PRICE)).consultation_id or 0
        actions = [cancelling(id, side, CancellationTerms.FULL) for side in ("patient", "doctor")]
        assert sorted(race(clinic, *actions)) == ["ConsultationHasChanged", "done"]
        assert money_of(anew(id)) == [("succeeded", 0, ["sending"])]


def test_operator_gives_all_back_while_both_get_ready(clinic: Flask, chat: Chat, operator_id: int) -> None:
    """Begun before the money went it goes on; after it nothing begins."""
    chat_id, seen = chat.id, Counter[str]()
    for number in range(TIMES):
        start = clock.now() + timedelta(minutes=5)
        consultation = _soon_and_paid(db.session.get_one(Chat, chat_id), start)
        id, payment_id = consultation.id, consultation.payments[0].id

        def refund(payment_id: int = payment_id) -> None:
            operator = db.session.get_one(User, operator_id)
            db.session.get_one(Payment, payment_id).refund_expecting(PRICE, None, "", operator)

        sides = ("patient", "doctor") if number % 2 else ("doctor", "patient")
        given, ready = race(clinic, refund, getting_ready(id, *sides))
        consultation = anew(id)
        assert given == "done"
        assert ready in ("done", "ConsultationHasChanged")
        assert consultation.state == ("in_progress" if ready == "done" else "cancelled")
        assert (consultation.started_at is not None) == (ready == "done")
        assert money_of(consultation) == [("succeeded", 0, ["sending"])]
        seen[ready] += 1
        if consultation.state is ConsultationState.IN_PROGRESS:  # the doctor's time is free for the next
            consultation.end(consultation.doctor.user)
            db.session.commit()
    assert sum(seen.values()) == TIMES


def test_operators_yes_meets_the_cancel(clinic: Flask, chat: Chat, operator_id: int) -> None:
    """The payer had requested a refund, the operator approves it, and the patient cancels: it goes back once."""
    chat_id = chat.id
    for number in range(TIMES):
        payment = pay(hours_ahead(db.session.get_one(Chat, chat_id), number, PRICE))
        refund = payment.request_refund(RefundReason.REQUESTED_BY_PAYER)
        db.session.commit()
        id, refund_id = payment.consultation_id or 0, refund.id

        def say_yes(refund_id: int = refund_id) -> None:
            db.session.get_one(Refund, refund_id).approve(None, "", db.session.get_one(User, operator_id))

        decided, cancelled = race(clinic, say_yes, cancelling(id, "patient", CancellationTerms.FULL))
        consultation = anew(id)
        assert decided == "done"
        assert cancelled in ("done", "ConsultationHasChanged")
        assert consultation.state is ConsultationState.CANCELLED
        [paid] = consultation.payments
        assert (paid.refundable, paid.refunded) == (0, PRICE)
        assert [one.state for one in paid.refunds].count(RefundState.SENDING) == 1


# Times


def test_time_accepted_while_the_old_one_is_confirmed(clinic: Flask, chat: Chat) -> None:
    """Confirmed first, it moves; moved first, as the patient had requested, the yes to the old time comes late."""
    chat_id = chat.id
    for number in range(TIMES):
        consultation = hours_ahead(db.session.get_one(Chat, chat_id), number)
        old = consultation.starts_at
        new = request_reschedule(consultation, consultation.patient, old + timedelta(days=20))
        id = consultation.id
        actions = (
            lambda: of(id).accept_reschedule(of(id).doctor.user, new),  # noqa: B023
            lambda: of(id).confirm(of(id).patient, old),  # noqa: B023
        )
        accepted, confirmed = race(clinic, *actions)
        consultation = anew(id)
        assert (accepted, consultation.starts_at, consultation.proposed_start) == ("done", new, None)
        assert confirmed in ("done", "ConsultationHasChanged")
        assert consultation.state is ConsultationState.CONFIRMED
        assert one_job_each(consultation)


def test_another_wish_while_the_first_is_accepted(clinic: Flask, chat: Chat) -> None:
    """The doctor said yes to the time on the screen, or is told that it is another."""
    chat_id = chat.id
    for number in range(TIMES):
        consultation = confirm(hours_ahead(db.session.get_one(Chat, chat_id), number))
        old, id = consultation.starts_at, consultation.id
        first = request_reschedule(consultation, consultation.patient, old + timedelta(days=20))
        second = old + timedelta(days=40)
        actions = (
            lambda: of(id).accept_reschedule(of(id).doctor.user, first),  # noqa: B023
            lambda: of(id).request_reschedule(of(id).patient, second, old),  # noqa: B023
        )
        accepted, wished = race(clinic, *actions)
        consultation = anew(id)
        assert sorted([accepted, wished]) == ["ConsultationHasChanged", "done"]
        moved = accepted == "done"
        assert (consultation.starts_at, consultation.proposed_start) == ((first, None) if moved else (old, second))


def test_both_wish_at_once_and_the_later_one_is_told(clinic: Flask, chat: Chat) -> None:
    """Nobody's wish is overwritten unseen: who came second reads of the other's first."""
    chat_id = chat.id
    for number in range(TIMES):
        consultation = confirm(hours_ahead(db.session.get_one(Chat, chat_id), number))
        old, id = consultation.starts_at, consultation.id
        mine, theirs = old + timedelta(days=20), old + timedelta(days=40)
        actions = (
            lambda: of(id).request_reschedule(of(id).patient, mine, old),  # noqa: B023
            lambda: of(id).request_reschedule(of(id).doctor.user, theirs, old),  # noqa: B023
        )
        outcomes = race(clinic, *actions)
        assert sorted(outcomes) == ["OtherRequestedReschedule", "done"]
        consultation = anew(id)
        by_patient = outcomes[0] == "done"
        assert (consultation.proposed_by_id == consultation.patient_id) is by_patient
        assert consultation.proposed_start == (mine if by_patient else theirs)


def test_overlapping_times_for_two_patients_are_proposed_once(clinic: Flask, doctor: Doctor, chat: Chat) -> None:
    chat_ids = [chat.id, make_chat(make_user("Пётр Орлов"), doctor).id]
    for number in range(TIMES):
        start = clock.now() + (2 + number) * HOUR

        def offer(which: int, start: datetime = start) -> Action:
            terms = ProposalTerms(ConsultationKind.VIDEO, start + which * timedelta(minutes=29), 30, 0)
            return lambda: _propose(chat_ids[which], terms, f"press-{start}")

        assert sorted(race(clinic, offer(0), offer(1))) == ["TimeIsTaken", "done"]
        db.session.remove()
        assert len(db.session.scalars(db.select(Consultation)).all()) == number + 1


def test_a_move_and_a_proposal_want_the_same_time(clinic: Flask, doctor: Doctor, chat: Chat) -> None:
    chat_id, other_id = chat.id, make_chat(make_user("Пётр Орлов"), doctor).id
    for number in range(TIMES):
        consultation = confirm(hours_ahead(db.session.get_one(Chat, chat_id), number))
        new = request_reschedule(consultation, consultation.patient, consultation.starts_at + timedelta(days=20))
        id, terms = consultation.id, ProposalTerms(ConsultationKind.AUDIO, new, 20, 0)
        actions = (
            lambda: of(id).accept_reschedule(of(id).doctor.user, new),  # noqa: B023
            lambda: _propose(other_id, terms, f"press-{new}"),  # noqa: B023
        )
        assert sorted(race(clinic, *actions)) == ["TimeIsTaken", "done"]


def test_proposed_by_many_taps_is_one_card(clinic: Flask, chat: Chat, facts: list[str]) -> None:
    chat_id = chat.id
    for number in range(TIMES):
        terms = ProposalTerms(ConsultationKind.VIDEO, clock.now() + (2 + number) * HOUR, 30, 0)
        facts.clear()
        assert race(clinic, *[lambda: _propose(chat_id, terms, "same-press")] * 4) == ["done"] * 4  # noqa: B023
        db.session.remove()
        assert len(db.session.scalars(db.select(Consultation)).all()) == number + 1
        assert len(db.session.scalars(db.select(Message)).all()) == number + 1
        assert facts.count("ConsultationProposed") == 1


def test_asked_for_by_many_taps_is_one_card(clinic: Flask, chat: Chat) -> None:
    chat_id = chat.id

    def ask() -> None:
        here = db.session.get_one(Chat, chat_id)
        ConsultationRequest.ask(here, here.patient, ConsultationKind.AUDIO, "Вечером", "same-press")

    assert race(clinic, *[ask] * 6) == ["done"] * 6
    assert len(db.session.scalars(db.select(ConsultationRequest)).all()) == 1
    assert len(db.session.scalars(db.select(Message)).all()) == 1


def test_confirmed_by_many_taps_is_told_once(clinic: Flask, chat: Chat, facts: list[str]) -> None:
    chat_id = chat.id
    for number in range(TIMES):
        consultation = hours_ahead(db.session.get_one(Chat, chat_id), number)
        id, seen = consultation.id, consultation.starts_at
        facts.clear()
        assert race(clinic, *[lambda: of(id).confirm(of(id).patient, seen)] * 4) == ["done"] * 4  # noqa: B023
        assert (anew(id).state, facts.count("ConsultationConfirmed")) == ("confirmed", 1)


# Attendance


def test_both_are_ready_at_once_and_it_begins_once(clinic: Flask, chat: Chat, facts: list[str]) -> None:
    chat_id = chat.id
    for number in range(2 * TIMES):
        consultation = confirm(propose(db.session.get_one(Chat, chat_id), starts_at=clock.now() + timedelta(minutes=5)))
        id = consultation.id
        facts.clear()
        presses = [getting_ready(id, side) for side in ("patient", "doctor")] * (1 + number % 2)
        assert set(race(clinic, *presses)) == {"done"}
        consultation = anew(id)
        assert consultation.state is ConsultationState.IN_PROGRESS
        assert facts.count("ConsultationStarted") == 1
        assert consultation.has_come(consultation.patient)
        assert consultation.has_come(consultation.doctor.user)
        consultation.end(consultation.doctor.user)
        db.session.commit()


def test_signs_come_while_it_is_moved_and_make_nobody_ready(clinic: Flask, chat: Chat) -> None:
    chat_id = chat.id
    for _ in range(TIMES):
        consultation = confirm(propose(db.session.get_one(Chat, chat_id), starts_at=clock.now() + timedelta(minutes=5)))
        consultation.mark_ready(consultation.patient)
        new = request_reschedule(consultation, consultation.patient, clock.now() + timedelta(days=20))
        id, patient_id = consultation.id, consultation.patient_id
        actions = (
            lambda: of(id).accept_reschedule(of(id).doctor.user, new),  # noqa: B023
            lambda: Consultation.record_presence([patient_id]),  # noqa: B023
        )
        assert race(clinic, *actions) == ["done", "done"]
        consultation = anew(id)
        assert consultation.attendance_of(Side.PATIENT).ready_at is None
        cancel(consultation, consultation.patient)


def test_ready_while_it_is_cancelled(clinic: Flask, chat: Chat) -> None:
    chat_id = chat.id
    for _ in range(TIMES):
        consultation = confirm(propose(db.session.get_one(Chat, chat_id), starts_at=clock.now() + timedelta(minutes=5)))
        consultation.mark_ready(consultation.doctor.user)
        db.session.commit()
        id = consultation.id
        cancelled, ready = race(
            clinic, cancelling(id, "doctor", CancellationTerms.NOTHING_PAID), getting_ready(id, "patient")
        )
        consultation = anew(id)
        assert sorted([cancelled, ready]) == ["ConsultationHasChanged", "done"]
        assert consultation.state == ("cancelled" if cancelled == "done" else "in_progress")
        if consultation.state is ConsultationState.IN_PROGRESS:
            consultation.end(consultation.doctor.user)
            db.session.commit()


# The worker


def test_worker_closes_the_window_while_somebody_is_late(clinic: Flask, chat: Chat, facts: list[str]) -> None:
    """What screens say is missed stays missed, whoever writes it."""
    ids = []
    for number in range(TIMES):
        ids.append(pay(hours_ahead(chat, number, PRICE)).consultation_id or 0)
    later(hours=3 + TIMES)
    for id in ids:
        facts.clear()
        actions = lambda: of(id).process_due(), getting_ready(id, "patient"), getting_ready(id, "doctor")  # noqa: B023
        worked, *ready = race(clinic, *actions)
        assert (worked, set(ready)) == ("done", {"ConsultationHasChanged"})
        consultation = anew(id)
        assert (consultation.state, money_of(consultation)) == ("missed", [("succeeded", 0, ["sending"])])
        assert facts.count("ConsultationMissed") == 1


def test_expiry_meets_the_success_it_waited_for(clinic: Flask, chat: Chat) -> None:
    """Within the quarter of an hour: the worker finds it held, or confirmed, and never expires it."""
    begun = [begin_to_pay(hours_ahead(chat, 0, PRICE))]
    id, payment_id, said = begun[0].consultation_id or 0, begun[0].id, answer(begun[0])
    later(hours=2, minutes=14)
    actions = settling(payment_id, said), lambda: of(id).process_due(), lambda: of(id).process_due()
    assert race(clinic, *actions) == ["done"] * 3
    assert anew(id).state is ConsultationState.CONFIRMED


def test_expiry_meets_the_success_that_came_too_late(clinic: Flask, chat: Chat, facts: list[str]) -> None:
    begun = [begin_to_pay(hours_ahead(chat, number, PRICE)) for number in range(TIMES)]
    races = [(one.consultation_id or 0, one.id, answer(one)) for one in begun]
    later(hours=3 + TIMES)
    for id, payment_id, said in races:
        facts.clear()
        assert race(clinic, settling(payment_id, said), lambda: of(id).process_due()) == ["done"] * 2  # noqa: B023
        consultation = anew(id)
        assert (consultation.state, money_of(consultation)) == ("expired", [("succeeded", 0, ["sending"])])
        assert facts.count("ConsultationExpired") == 1


def test_workers_and_people_meet_in_one_chat(clinic: Flask, chat: Chat) -> None:
    """Three consultations of one chat come to their ends at once, while both write: nobody waits in a ring."""
    paid = [pay(hours_ahead(chat, number, PRICE)) for number in range(3)]
    ids, chat_id = [one.consultation_id or 0 for one in paid], chat.id
    later(hours=6)

    def say(number: int) -> Action:
        def post() -> None:
            here = db.session.get_one(Chat, chat_id)
            here.post(here.doctor.user, str(number), f"letter-{number:06}")

        return post

    actions = [run_due, run_due, run_due, *(getting_ready(id, "patient") for id in ids), say(1), say(2)]
    assert set(race(clinic, *actions)) <= {"done", "ConsultationHasChanged"}
    run_due()
    assert {anew(id).state for id in ids} == {ConsultationState.MISSED}
    seqs = db.session.scalars(db.select(Message.seq).order_by(Message.seq)).all()
    assert seqs == [*range(1, len(seqs) + 1)]


# Below: parts of the races


def _propose(chat_id: int, terms: ProposalTerms, press: str) -> None:
    chat = db.session.get_one(Chat, chat_id)
    Consultation.propose(chat, chat.doctor, terms, press)


def _soon_and_paid(chat: Chat, start: datetime) -> Consultation:
    """Proposed an hour ahead, paid, and moved to so near a time that both may be ready."""
    consultation = propose(chat, starts_at=start + HOUR, price=PRICE)
    pay(consultation)
    request_reschedule(consultation, consultation.patient, start)
    return accept(consultation, consultation.doctor.user)


# Several times to choose from


def choosing(id: int, start: datetime) -> Action:
    return lambda: of(id).choose_time(of(id).patient, start)


def kept_of(doctor_id: int) -> list[tuple[datetime, datetime]]:
    since = clock.now()
    kept = Consultation.kept_spans([doctor_id], since, since + timedelta(days=365))
    return [(one.starts_at, one.ends_at) for one in kept]


@pytest.mark.parametrize("price", [0, PRICE])
def test_two_of_the_offered_times_are_pressed_at_once(clinic: Flask, chat: Chat, price: int) -> None:
    chat_id, doctor_id = chat.id, chat.doctor_id
    for number in range(TIMES):
        first = clock.now().replace(microsecond=0) + timedelta(days=2 + number)
        starts = first, first + HOUR, first + 2 * HOUR
        id = offer(db.session.get_one(Chat, chat_id), *starts, price=price).id
        assert sorted(race(clinic, choosing(id, starts[1]), choosing(id, starts[2]))) == ["OtherTimeIsChosen", "done"]
        consultation = anew(id)
        assert consultation.starts_at in starts[1:]
        assert (consultation.held_until, consultation.time_options) == (None, [])
        assert [span for span in kept_of(doctor_id) if first <= span[0] <= starts[2]] == [
            (consultation.starts_at, consultation.ends_at)
        ]
        assert one_job_each(consultation)


def test_doctors_two_devices_offer_the_same_times(clinic: Flask, chat: Chat) -> None:
    """One of them reads what it meets; each of the three times is kept once."""
    chat_id, doctor_id = chat.id, chat.doctor_id
    other_id = make_chat(make_user("Другой Пациент"), chat.doctor).id
    for number in range(TIMES):
        first = clock.now().replace(microsecond=0) + timedelta(days=2 + number)

        def offering(id: int, *starts: datetime) -> Action:
            return lambda: offer(db.session.get_one(Chat, id), *starts)

        early = offering(chat_id, first, first + HOUR, first + 2 * HOUR)
        late = offering(other_id, first + 2 * HOUR, first + 3 * HOUR, first + 4 * HOUR)
        assert sorted(race(clinic, early, late)) == ["TimeIsTaken", "done"]
        db.session.remove()
        kept = [span for span in kept_of(doctor_id) if first <= span[0] <= first + 4 * HOUR]
        assert len(kept) == 3


def test_time_is_chosen_in_the_second_the_doctor_proposes_it_to_another(clinic: Flask, chat: Chat) -> None:
    """As the choice lapses: it is the one's or the other's, never both'."""
    chat_id, doctor_id = chat.id, chat.doctor_id
    other_id = make_chat(make_user("Другой Пациент"), chat.doctor).id
    for number in range(TIMES):
        first = clock.now().replace(microsecond=0) + timedelta(days=5 + 2 * number)
        id = offer(db.session.get_one(Chat, chat_id), first, first + HOUR).id
        consultation = of(id)
        consultation.held_until = clock.now() + timedelta(milliseconds=3 * number)
        db.session.commit()
        proposing = lambda: propose(db.session.get_one(Chat, other_id), starts_at=first)  # noqa: B023, E731
        chosen, proposed = race(clinic, choosing(id, first), proposing)
        assert (chosen, proposed) in [
            ("done", "TimeIsTaken"),
            ("ChoiceHasLapsed", "done"),
            ("ChoiceHasLapsed", "TimeIsTaken"),  # asked a moment before it lapsed
        ]
        assert len([span for span in kept_of(doctor_id) if span[0] == first]) == (
            0 if "done" not in (chosen, proposed) else 1
        )
