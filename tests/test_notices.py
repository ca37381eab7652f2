"""Who learns what by SMS or mail, and what the chat says of it: written with its cause, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from consultation_steps import (
    StillClock,
    accept,
    begin_to_pay,
    cancel,
    confirm,
    pay,
    ready,
    request_reschedule,
    succeed,
    work,
)
from factories import propose
from flask import render_template
from notified import told
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.models import (
    CancellationReason,
    CancellationTerms,
    Chat,
    Conclusion,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Doctor,
    Job,
    JobKind,
    Message,
    Notification,
    Payment,
    RefundReason,
    User,
)
from ibolit.services import clock
from ibolit.services.payments import GatewayRefused, RefusalReason

pytestmark = pytest.mark.usefixtures("clinic")

PRICE = 1500_00
FAR = timedelta(days=3)
SPRING = datetime(2026, 3, 25, 11, tzinfo=UTC)  # «25 марта, 14:00 (МСК)»

still = StillClock(SPRING)


@pytest.fixture(autouse=True)
def days_before(monkeypatch: pytest.MonkeyPatch) -> None:
    still.show(SPRING - timedelta(days=5))
    monkeypatch.setattr(clock, "datetime", still)


def go_to(moment: datetime, **more: float) -> None:
    still.show(moment + timedelta(**more))


def notes(chat: Chat) -> list[str]:
    texts = db.select(Message.text).where(Message.chat_id == chat.id, Message.author_id.is_(None))
    return list(db.session.scalars(texts.order_by(Message.seq)))


def forget() -> None:
    db.session.execute(db.delete(Notification))
    db.session.execute(db.delete(Job).where(Job.kind == JobKind.NOTIFICATION))
    db.session.execute(db.delete(Message).where(Message.author_id.is_(None)))
    db.session.commit()


def agreed(chat: Chat, *, price: int = 0, starts_at: datetime | None = None) -> Consultation:
    """Nothing is told of how it came about."""
    consultation = propose(chat, starts_at=starts_at or clock.now() + FAR, price=price)
    if price:
        pay(consultation)
    else:
        confirm(consultation)
    forget()
    return consultation


# Agreeing


def test_request_is_told_to_the_doctor(chat: Chat, patient: User, doctor: Doctor) -> None:
    request = ConsultationRequest.ask(chat, patient, ConsultationKind.VIDEO, "вечером", "ask-1")
    db.session.commit()
    assert (told(patient), told(doctor.user)) == ([], ["requested"])
    assert db.session.scalars(db.select(Notification.chat_id)).one() == request.chat_id


def test_proposal_is_told_to_the_patient(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = propose(chat)
    assert (told(patient), told(doctor.user)) == (["proposed"], [])
    assert db.session.scalars(db.select(Notification.consultation_id)).one() == consultation.id
    assert notes(chat) == []  # the card says it


def test_yes_is_told_to_the_doctor(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = propose(chat)
    forget()
    confirm(consultation)
    assert (told(patient), told(doctor.user)) == ([], ["confirmed"])


def test_payment_is_told_to_both(chat: Chat, patient: User, doctor: Doctor) -> None:
    """Its payer may have left for his bank, and never come back to the page of his payment."""
    consultation = propose(chat, price=PRICE)
    payment = begin_to_pay(consultation)
    forget()
    succeed(payment)
    assert (told(patient), told(doctor.user)) == (["paid"], ["confirmed"])
    [paid] = db.session.scalars(db.select(Notification).where(Notification.kind == "paid"))
    assert (paid.consultation_id, paid.is_stale) == (consultation.id, False)


def test_money_that_came_too_late_is_told_to_who_paid(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = propose(chat, price=PRICE)
    payment = begin_to_pay(consultation)
    cancel(consultation, consultation.doctor.user)
    forget()
    succeed(payment)
    assert (told(patient), told(doctor.user)) == (["returned"], [])
    assert notes(chat) == []


def test_money_that_came_twice_is_told_as_what_is_over(chat: Chat, patient: User) -> None:
    """Not as if the consultation itself were off."""
    consultation = propose(chat, price=PRICE)
    first = begin_to_pay(consultation)
    first.record_refusal(GatewayRefused(RefusalReason.NOT_FOUND))
    db.session.commit()
    pay(db.session.get_one(Consultation, consultation.id))
    forget()
    succeed(db.session.get_one(Payment, first.id))
    assert told(patient) == ["returned"]
    [returned] = db.session.scalars(db.select(Notification).where(Notification.kind == "returned"))
    said = render_template("sms/notification.txt", notification=returned, link="")
    assert "лишняя оплата вернётся полностью" in said


@pytest.mark.parametrize("wisher", ["patient", "doctor"])
def test_wish_is_told_to_the_other_side(chat: Chat, wisher: str) -> None:
    consultation = agreed(chat)
    mine, other = sides(consultation, wisher)
    start = request_reschedule(consultation, mine, consultation.starts_at + FAR)
    assert (told(mine), told(other)) == ([], ["reschedule_requested"])
    assert db.session.scalars(db.select(Notification.moment)).one() == start


def test_same_wish_after_a_refusal_is_told_again(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat)
    for _ in range(2):
        start = request_reschedule(consultation, patient, consultation.starts_at + FAR)
        consultation.decline_reschedule(doctor.user, start)
        db.session.commit()
    assert told(doctor.user) == ["reschedule_requested"] * 2
    assert told(patient) == ["reschedule_declined"] * 2


@pytest.mark.parametrize("wisher", ["patient", "doctor"])
def test_refusal_is_told_to_who_wished(chat: Chat, wisher: str) -> None:
    consultation = agreed(chat)
    mine, other = sides(consultation, wisher)
    start = request_reschedule(consultation, mine, consultation.starts_at + FAR)
    forget()
    consultation.decline_reschedule(other, start)
    db.session.commit()
    assert (told(mine), told(other)) == (["reschedule_declined"], [])


def test_wish_taken_back_is_told_to_nobody(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat)
    start = request_reschedule(consultation, patient, consultation.starts_at + FAR)
    forget()
    consultation.decline_reschedule(patient, start)
    db.session.commit()
    assert (told(patient), told(doctor.user)) == ([], [])


@pytest.mark.parametrize("wisher", ["patient", "doctor"])
def test_move_is_told_to_who_wished_it(chat: Chat, wisher: str) -> None:
    consultation = agreed(chat)
    mine, other = sides(consultation, wisher)
    request_reschedule(consultation, mine, SPRING)
    forget()
    accept(consultation, other)
    assert (told(mine), told(other)) == (["moved"], [])
    assert [note.split(" на ")[0] for note in notes(chat)] == ["Консультация перенесена"]


def test_patients_yes_to_another_time_is_told_once(chat: Chat, patient: User, doctor: Doctor) -> None:
    """It moves a free one and confirms it at once."""
    consultation = propose(chat, starts_at=clock.now() + FAR)
    request_reschedule(consultation, doctor.user, consultation.starts_at + FAR)
    forget()
    accept(consultation, patient)
    assert consultation.state == "confirmed"
    assert (told(patient), told(doctor.user)) == ([], ["moved"])
    assert len(notes(chat)) == 1


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_cancelling_is_told_to_the_other_side(chat: Chat, who: str) -> None:
    consultation = agreed(chat)
    mine, other = sides(consultation, who)
    cancel(consultation, mine)
    assert (told(mine), told(other)) == ([], ["cancelled"])


def test_cancelled_by_the_clinics_refund_is_told_to_both(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = propose(chat, starts_at=clock.now() + FAR, price=PRICE)
    payment = pay(consultation)
    forget()
    payment.request_refund(RefundReason.REQUESTED_BY_PAYER)
    payment.refunds[-1].approve(PRICE, "", None)
    db.session.commit()
    assert consultation.state == "cancelled"
    assert (told(patient), told(doctor.user)) == (["cancelled"], ["cancelled"])


def test_expiry_is_told_to_both(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = propose(chat)
    forget()
    go_to(consultation.starts_at)
    work(consultation)
    assert (told(patient), told(doctor.user)) == (["expired"], ["expired"])


# Attendance


def test_reminder_is_told_to_both_once_for_a_start(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat)
    for minutes in (1440, 15):
        forget()
        for minute in range(3):  # the worker looks again and again
            go_to(consultation.starts_at, minutes=minute - minutes)
            work(consultation)
        assert (told(patient), told(doctor.user)) == (["near"], ["near"])


def test_new_start_is_reminded_of_anew(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat)
    go_to(consultation.starts_at, days=-1)
    work(consultation)
    request_reschedule(consultation, patient, consultation.starts_at + timedelta(hours=3))
    accept(consultation, doctor.user)
    go_to(consultation.starts_at, days=-1)
    work(consultation)
    assert told(patient) == ["near", "moved", "near"]


def test_who_waits_is_told_to_the_other_side_once(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat)
    go_to(consultation.starts_at)
    ready(consultation, patient)
    ready(consultation, patient)
    assert (told(patient), told(doctor.user)) == ([], ["ready"])
    ready(consultation, doctor.user)
    assert (told(patient), told(doctor.user)) == ([], ["ready"])


def test_who_comes_back_is_told_of_again_but_not_at_once(chat: Chat, patient: User, doctor: Doctor) -> None:
    """Each press is an SMS that somebody pays for."""
    consultation = agreed(chat)
    go_to(start_of_five_minutes(consultation.starts_at))
    ready(consultation, doctor.user)
    go_to(clock.now(), minutes=3)  # readiness has lapsed
    ready(consultation, doctor.user)
    assert told(patient) == ["ready"]
    go_to(clock.now(), minutes=3)
    ready(consultation, doctor.user)
    assert told(patient) == ["ready", "ready"]


def start_of_five_minutes(moment: datetime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // 300 * 300 + 1, UTC)


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_lateness_is_told_to_who_waits(chat: Chat, who: str) -> None:
    consultation = agreed(chat)
    mine, other = sides(consultation, who)
    go_to(consultation.starts_at, minutes=-5)
    consultation.announce_delay(mine)
    consultation.announce_delay(mine)
    db.session.commit()
    assert (told(mine), told(other)) == ([], ["late"])
    assert notes(chat) == [f"{'Пациент' if who == 'patient' else 'Врач'} опаздывает, будет к 14:05 (МСК)"]


def test_missing_is_told_to_both(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat)
    go_to(consultation.closes_at)
    work(consultation)
    assert (told(patient), told(doctor.user)) == (["missed"], ["missed"])


def test_each_version_of_a_conclusion_is_told_to_the_patient(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = completed_consultation(chat)
    forget()
    for version in range(2):
        Conclusion.give(consultation, f"Здоровы, {version}", f"given-{version}", seen=version)
        db.session.commit()
    assert (told(patient), told(doctor.user)) == (["conclusion", "corrected"], [])


# How it is written


def test_what_is_rolled_back_is_told_to_nobody(chat: Chat, patient: User, doctor: Doctor) -> None:
    consultation = agreed(chat)
    consultation.cancel(patient, CancellationReason.OTHER, CancellationTerms.of(patient, consultation))
    db.session.rollback()
    assert (told(patient), told(doctor.user), notes(chat)) == ([], [], [])
    assert db.session.scalars(db.select(Job).where(Job.kind == JobKind.NOTIFICATION)).all() == []


def test_what_cannot_be_told_does_not_happen(chat: Chat, patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cause and its notification are one transaction."""
    consultation = propose(chat)

    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Job, "add", fail)
    with pytest.raises(RuntimeError):
        confirm(consultation)
    db.session.rollback()
    assert db.session.scalars(db.select(Consultation.state)).one() == "proposed"


def test_each_notification_has_its_job(chat: Chat) -> None:
    consultation = agreed(chat)
    go_to(consultation.closes_at)
    work(consultation)
    ids = set(db.session.scalars(db.select(Notification.id)))
    assert len(ids) == 2
    assert Job.pending(JobKind.NOTIFICATION) == ids


def test_letters_are_for_what_can_wait(chat: Chat, patient: User, doctor: Doctor) -> None:
    """Who has no proved address gets everything by SMS."""
    patient.email = "anna@example.org"
    db.session.commit()
    consultation = confirm(propose(chat, starts_at=clock.now() + FAR))
    for minutes in (1440, 15):
        go_to(consultation.starts_at, minutes=-minutes)
        work(consultation)
    consultation.announce_delay(doctor.user)
    go_to(consultation.opens_at)
    ready(consultation, doctor.user)
    rows = db.session.execute(db.select(Notification.user_id, Notification.kind, Notification.channel)).tuples()
    channels = [(kind, channel) for user_id, kind, channel in rows if user_id == patient.id]
    assert sorted(channels) == [
        ("late", "sms"),
        ("near", "mail"),
        ("near", "sms"),
        ("proposed", "mail"),
        ("ready", "sms"),
    ]
    assert {channel for user_id, _, channel in rows if user_id == doctor.user_id} <= {"sms"}


# What the chat says


WHEN = "25 марта, 14:00 (МСК)"


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return agreed(chat, starts_at=SPRING)


def test_chat_says_that_it_is_confirmed(chat: Chat) -> None:
    consultation = propose(chat, starts_at=SPRING)
    confirm(consultation)
    assert notes(chat) == [f"Консультация подтверждена: {WHEN}"]


def test_chat_says_where_it_moved(chat: Chat, patient: User, doctor: Doctor, consultation: Consultation) -> None:
    request_reschedule(consultation, patient, consultation.starts_at + timedelta(hours=2))
    accept(consultation, doctor.user)
    assert notes(chat) == ["Консультация перенесена на 25 марта, 16:00 (МСК)"]


def test_chat_speaks_in_the_clinics_time(
    chat: Chat, consultation: Consultation, patient: User, doctor: Doctor, change_settings: Callable[..., None]
) -> None:
    """Both read the same words, wherever each of them is."""
    patient.timezone, doctor.user.timezone = "Asia/Vladivostok", "Europe/Lisbon"
    change_settings(clinic_timezone=ZoneInfo("Asia/Yekaterinburg"))
    cancel(consultation, patient)
    [note] = notes(chat)
    assert ", 16:00 (14:00 МСК) отменена " in note


@pytest.mark.parametrize(
    ("reason", "words"),
    [(CancellationReason.CHANGED_MIND, "изменились планы"), (CancellationReason.OTHER, "другая причина")],
)
def test_chat_says_who_cancelled_and_why(
    chat: Chat, consultation: Consultation, reason: CancellationReason, words: str
) -> None:
    consultation.cancel(consultation.patient, reason, CancellationTerms.of(consultation.patient, consultation))
    db.session.commit()
    assert notes(chat) == [f"Консультация {WHEN} отменена пациентом: {words}."]


def test_chat_says_that_the_money_goes_back(chat: Chat, doctor: Doctor) -> None:
    consultation = agreed(chat, price=PRICE, starts_at=SPRING)
    cancel(consultation, doctor.user)
    said = f"Консультация {WHEN} отменена врачом: не подходит время. Деньги вернутся полностью."
    assert notes(chat) == [said]


def test_chat_says_that_the_clinic_decides(chat: Chat, patient: User) -> None:
    consultation = agreed(chat, price=PRICE)
    go_to(consultation.starts_at, hours=-2)
    cancel(consultation, patient)
    [note] = notes(chat)
    assert " отменена пациентом: " in note
    assert ". О возврате решит клиника до " in note


def test_chat_says_that_the_clinic_gave_the_money_back(chat: Chat) -> None:
    consultation = propose(chat, starts_at=SPRING, price=PRICE)
    payment = pay(consultation)
    forget()
    payment.request_refund(RefundReason.REQUESTED_BY_PAYER)
    payment.refunds[-1].approve(PRICE, "", None)
    db.session.commit()
    assert notes(chat) == [f"Консультация {WHEN} отменена: клиника вернула деньги."]


@pytest.mark.parametrize(("price", "words"), [(0, "не подтвердили"), (PRICE, "не оплатили")])
def test_chat_says_what_was_missing(chat: Chat, price: int, words: str) -> None:
    consultation = propose(chat, price=price)
    go_to(consultation.starts_at)
    work(consultation)
    [note] = notes(chat)
    assert note.endswith(f" не состоится: её {words} вовремя. Можно договориться о новом времени.")


@pytest.mark.parametrize(
    ("came", "words"),
    [
        ([], "на связь никто не вышел. Деньги вернутся полностью."),
        (["patient"], "врача не было на связи. Деньги вернутся полностью."),
        (["doctor"], "пациента не было на связи. О возврате решит клиника до "),
        (["patient", "doctor"], "вы не застали друг друга. О возврате решит клиника до "),
    ],
)
def test_chat_says_who_was_missed_and_what_becomes_of_the_money(chat: Chat, came: list[str], words: str) -> None:
    consultation = agreed(chat, price=PRICE)
    for number, who in enumerate(came):
        go_to(consultation.starts_at, minutes=5 * number)  # by then the first has gone
        ready(consultation, sides(consultation, who)[0])
    forget()
    go_to(consultation.closes_at)
    work(consultation)
    [note] = notes(chat)
    assert f" не состоялась: {words}" in note
    assert note.endswith(". Можно договориться о новом времени.")


def sides(consultation: Consultation, who: str) -> tuple[User, User]:
    """This one and the other."""
    both = (consultation.patient, consultation.doctor.user)
    return both if who == "patient" else (both[1], both[0])
