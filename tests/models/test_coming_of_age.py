"""The 18th birthday: told 30, 7 and 1 days before, closed at midnight, what nobody will use goes back, or the chats go
over to the person's own phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import confirm, pay
from factories import later, make_chat, make_child, make_user, propose
from notified import told
from payment_steps import answer, begin
from relatives import PHONE, born, go_to, with_phone

from ibolit import errors, jobs
from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Dependant, Doctor, Invitation, Job, JobKind, Message, Payment, User
from ibolit.models.consultations import ConsultationState
from ibolit.models.family import coming_of_age, own_phone
from ibolit.models.people import DependantEnding
from ibolit.services import clock


def child_of_age_in(parent: User, days: int) -> Dependant:
    """Who will be 18 at the midnight that comes in so many days."""
    return make_child(parent, birth_date=born(18) + timedelta(days=days))


@pytest.fixture
def child(patient: User) -> Dependant:
    return child_of_age_in(patient, 40)


@pytest.fixture
def about(child: Dependant, doctor: Doctor) -> Chat:
    return make_chat(child.user, doctor, dependant=child, days_left=60)


def work() -> None:
    for step in coming_of_age.due_steps():
        step()
        db.session.commit()
    db.session.expire_all()


def notes(chat: Chat) -> list[str]:
    said = db.select(Message.text).where(Message.chat_id == chat.id, Message.author_id.is_(None)).order_by(Message.id)
    return list(db.session.scalars(said))


def to_birthday(child: Dependant, **after: float) -> None:
    """The clinic's clock shows a minute past the midnight of the 18th birthday, or so much more."""
    go_to(child.comes_of_age_at + timedelta(minutes=1, **after))


@pytest.mark.parametrize(("days", "times"), [(41, 0), (30, 1), (29, 1), (7, 1), (1, 1)])
def test_parent_is_told_before(patient: User, doctor: Doctor, days: int, times: int) -> None:
    child = child_of_age_in(patient, days)
    chat = make_chat(patient, doctor, dependant=child, days_left=60)
    for _ in range(3):
        work()
    assert told(patient) == ["coming_of_age"] * times
    assert len(notes(chat)) == times


def test_each_of_the_three_days_is_told_once(about: Chat, child: Dependant) -> None:
    for days in (35, 30, 29, 8, 7, 6, 2, 1):
        go_to(child.comes_of_age_at - timedelta(days=days) + timedelta(minutes=1))
        work()
    assert told(about.patient) == ["coming_of_age"] * 3
    assert len(notes(about)) == 3


def test_at_midnight_the_parent_reads_no_more(about: Chat, child: Dependant, doctor: Doctor) -> None:
    parent = about.patient
    assert Chat.find_for(parent, about.id) is not None
    to_birthday(child)
    assert Chat.find_for(parent, about.id) is None  # whether the worker is awake or not
    work()
    assert Chat.find_for(parent, about.id) is None
    assert Chat.find_for(doctor.user, about.id) is not None
    assert child.ending is DependantEnding.CAME_OF_AGE


def test_what_nobody_will_use_goes_back(about: Chat, child: Dependant) -> None:
    days = begin(about)
    days.settle(answer(days))
    db.session.commit()
    coming = pay(propose(about, price=1500_00, starts_at=child.comes_of_age_at + timedelta(days=2)))
    to_birthday(child)
    for _ in range(2):
        work()
    coming, days = db.session.get_one(Payment, coming.id), db.session.get_one(Payment, days.id)
    consultation = db.session.get_one(Consultation, coming.consultation_id)
    assert consultation.state is ConsultationState.CANCELLED
    assert consultation.cancelled_by_id is None
    assert coming.refundable == 0
    assert 0 < days.refunded <= days.price
    assert len(days.refunds) == 1
    assert "переписка закрыта" in " ".join(notes(about))


def test_money_that_comes_after_the_day_goes_back(about: Chat, child: Dependant) -> None:
    payment = begin(about)
    to_birthday(child)
    work()
    payment = db.session.get_one(Payment, payment.id)
    payment.settle(answer(payment))
    db.session.commit()
    assert payment.refundable == 0
    assert payment.refunded == payment.price


def invitation_to(child: Dependant, doctor: Doctor, sender: User | None = None) -> Invitation:
    invitation = own_phone.invite(child, doctor, sender or doctor.user, PHONE)
    db.session.commit()
    return invitation


def test_invited_within_a_month_to_a_phone_that_is_nobodys(child: Dependant, doctor: Doctor) -> None:
    with pytest.raises(errors.MayNotTakeOver):
        own_phone.invite(child, doctor, doctor.user, PHONE)
    later(days=11)
    with_phone(make_user("Кто-то"), PHONE)
    with pytest.raises(errors.PhoneIsSomebodys):
        own_phone.invite(child, doctor, doctor.user, PHONE)


def test_who_comes_of_age_takes_the_chats_over(about: Chat, child: Dependant, doctor: Doctor) -> None:
    parent = about.patient
    consultation = confirm(propose(about, starts_at=child.comes_of_age_at + timedelta(days=2)))
    to_birthday(child, days=-2)
    invitation = invitation_to(child, doctor)
    user = with_phone(make_user("Соколов Иван"))
    with pytest.raises(errors.NotOfAgeYet):
        own_phone.accept_chats(invitation, user, child.birth_date)
    db.session.commit()
    to_birthday(child)
    work()  # what is under way waits for the invitation
    assert db.session.get_one(Consultation, consultation.id).state is ConsultationState.CONFIRMED
    with pytest.raises(errors.BirthDateDoesNotMatch):
        own_phone.accept_chats(invitation, user, child.birth_date - timedelta(days=1))
    db.session.commit()
    chat_id = own_phone.accept_chats(invitation, user, child.birth_date)
    db.session.commit()
    assert chat_id == about.id
    chat = Chat.find_for(user, about.id)
    assert chat is not None
    assert chat.takes_messages_from(user)
    assert (chat.patient_id, chat.dependant_id) == (user.id, None)
    assert Consultation.find_for(user, consultation.id) is not None
    assert Chat.find_for(parent, about.id) is None
    assert Consultation.find_for(parent, consultation.id) is None
    assert own_phone.accept_chats(invitation, user, child.birth_date) == about.id  # pressed twice


def test_invitation_that_nobody_accepts_lets_the_money_go_back(about: Chat, child: Dependant, doctor: Doctor) -> None:
    coming = pay(propose(about, price=1500_00, starts_at=child.comes_of_age_at + timedelta(days=20)))
    to_birthday(child)
    invitation_to(child, doctor)
    work()
    assert db.session.get_one(Payment, coming.id).refundable == 1500_00
    to_birthday(child, days=8)
    work()
    assert db.session.get_one(Payment, coming.id).refundable == 0


def test_birth_date_is_guessed_three_times_a_day(about: Chat, child: Dependant, doctor: Doctor) -> None:
    to_birthday(child)
    invitation = invitation_to(child, doctor)
    user = with_phone(make_user("Соколов Иван"))
    for days in (1, 2, 3):
        with pytest.raises(errors.BirthDateDoesNotMatch):
            own_phone.accept_chats(invitation, user, child.birth_date + timedelta(days=days))
        db.session.commit()
    with pytest.raises(errors.TooManyAttempts):
        own_phone.accept_chats(invitation, user, child.birth_date)


def test_signing_in_alone_takes_nothing_over(about: Chat, child: Dependant, doctor: Doctor, stranger: User) -> None:
    to_birthday(child)
    invitation = invitation_to(child, doctor)
    user = with_phone(make_user("Соколов Иван"))
    assert Invitation.accept_all_of(user) == {}
    with pytest.raises(errors.InvitationAsksBirthDate):
        invitation.accept(user)
    with pytest.raises(errors.InvitationIsForAnother):
        own_phone.accept_chats(invitation, stranger, child.birth_date)
    db.session.rollback()
    assert Chat.find_for(user, about.id) is None


def test_worker_looks_at_every_full_hour(about: Chat) -> None:
    Job.ensure(JobKind.FAMILY)
    db.session.commit()
    jobs.run_due()
    job = db.session.scalars(db.select(Job).where(Job.kind == JobKind.FAMILY)).one()
    assert job.done_at is None
    assert (job.due_at.minute, job.due_at.second) == (0, 0)
    assert job.due_at > clock.now()


def test_one_that_fails_stops_nobody_else(
    about: Chat, child: Dependant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = make_child(child.user, "Соколова Катя", birth_date=child.birth_date)
    come_of_age = coming_of_age.come_of_age

    def fail_for_the_first(dependant: Dependant) -> None:
        if dependant.id == child.id:
            raise LookupError(dependant.name)
        come_of_age(dependant)

    monkeypatch.setattr(coming_of_age, "come_of_age", fail_for_the_first)
    to_birthday(child)
    Job.ensure(JobKind.FAMILY)
    db.session.commit()
    jobs.run_due()
    db.session.expire_all()
    assert child.ending is None
    assert other.ending is DependantEnding.CAME_OF_AGE
    job = db.session.scalars(db.select(Job).where(Job.kind == JobKind.FAMILY)).one()
    assert (job.done_at, job.attempts) == (None, 0)
    assert job.due_at > clock.now()
    assert "LookupError" in caplog.text
    assert child.name not in caplog.text


def test_chats_left_by_an_older_process_go_over_all_the_same(about: Chat, child: Dependant, doctor: Doctor) -> None:
    """It has accepted the invitation and knew of no chats to move."""
    to_birthday(child)
    invitation = invitation_to(child, doctor)
    user = with_phone(make_user("Соколов Иван"))
    invitation.accepted_at, invitation.accepted_by_id = clock.now(), user.id
    db.session.commit()
    with pytest.raises(errors.BirthDateDoesNotMatch):
        own_phone.accept_chats(invitation, user, child.birth_date - timedelta(days=1))
    db.session.commit()
    own_phone.accept_chats(invitation, user, child.birth_date)
    db.session.commit()
    assert Chat.find_for(user, about.id) is not None
    assert Chat.of_dependant(child.id) == []
