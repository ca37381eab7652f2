"""A death: no list speaks of the person, what is coming goes back, nobody writes; undone within 30 days."""

from __future__ import annotations

import pytest
from consultation_steps import pay
from factories import later, make_chat, make_child, make_user, propose, say
from payment_steps import answer, begin
from relatives import make_relative, permit, with_phone

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    Chat,
    Consent,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Dependant,
    Doctor,
    Notification,
    NotificationKind,
    Payment,
    User,
)
from ibolit.models.consultations import ConsultationState
from ibolit.models.family import death, office, permission
from ibolit.models.people import DependantEnding


@pytest.fixture
def child(patient: User) -> Dependant:
    return make_child(patient)


@pytest.fixture
def about(child: Dependant, doctor: Doctor) -> Chat:
    chat = make_chat(child.user, doctor, dependant=child, days_left=60)
    say(chat, child.user, "Кашляет")
    return chat


def mark(child: Dependant) -> None:
    death.mark(child)
    db.session.commit()
    db.session.expire_all()


def listed(chat: Chat, user: User) -> bool:
    return chat.id in [one.id for one in db.session.scalars(Chat.inbox_of(user)).unique()]


def test_nobody_writes_and_who_could_read_reads_on(about: Chat, child: Dependant, doctor: Doctor) -> None:
    mark(child)
    for user in (child.user, doctor.user):
        found = Chat.find_for(user, about.id)
        assert found is not None
        assert found.is_archived_by(user)
        assert found.unread_by(user) == 0
    assert not about.takes_messages_from(child.user)
    assert not about.is_waiting
    with pytest.raises(errors.MayNotWriteFor):
        about.post(child.user, "Алло", "press-000001")
    assert child.ending is DependantEnding.DIED
    assert not child.may_be_written_for


def test_what_is_coming_and_whole_days_go_back(about: Chat, child: Dependant) -> None:
    days = begin(about)
    days.settle(answer(days))
    db.session.commit()
    coming = pay(propose(about, price=1500_00))
    mark(child)
    mark(child)
    coming, days = db.session.get_one(Payment, coming.id), db.session.get_one(Payment, days.id)
    assert db.session.get_one(Consultation, coming.consultation_id).state is ConsultationState.CANCELLED
    assert coming.refundable == 0
    assert len(coming.refunds) == 1
    assert days.refunded == days.price
    found = Chat.find_for(child.user, about.id)
    assert found is not None
    assert found.is_archived_by(child.user)


def test_nothing_is_agreed_on_any_more(about: Chat, child: Dependant, doctor: Doctor) -> None:
    mark(child)
    with pytest.raises(errors.MayNotWriteFor):
        propose(about)
    with pytest.raises(errors.MayNotWriteFor):
        begin(about)
    with pytest.raises(errors.MayNotWriteFor):
        ConsultationRequest.ask(about, child.user, ConsultationKind.VIDEO, "Завтра", "press-000001")


def test_no_news_speaks_of_the_person(about: Chat, child: Dependant, doctor: Doctor) -> None:
    consultation = pay(propose(about, price=1500_00)).consultation
    assert consultation is not None
    say(about, doctor.user, "Как она?")
    Notification.of_consultation(child.user, NotificationKind.NEAR, consultation, "60")
    db.session.commit()
    mark(child)
    of_parent = db.session.scalars(db.select(Notification).where(Notification.user_id == child.user_id)).all()
    assert {one.kind for one in of_parent if not one.is_stale} <= {NotificationKind.PAID}
    assert {one.kind for one in of_parent if one.is_stale} >= {NotificationKind.NEAR, NotificationKind.CANCELLED}
    of_doctor = db.session.scalars(db.select(Notification).where(Notification.user_id == doctor.user_id)).all()
    assert NotificationKind.CANCELLED in {one.kind for one in of_doctor if not one.is_stale}


def test_undone_within_thirty_days(about: Chat, child: Dependant) -> None:
    mark(child)
    later(days=29)
    for _ in range(2):
        death.undo(child)
        db.session.commit()
    assert child.may_be_written_for
    assert about.takes_messages_from(child.user)
    assert not about.is_archived_by(child.user)


def test_not_undone_after_thirty_days(about: Chat, child: Dependant) -> None:
    mark(child)
    later(days=30, minutes=1)
    with pytest.raises(errors.DeathIsOld):
        death.undo(child)


def test_of_whom_nobody_writes_for_nothing_is_marked(patient: User, doctor: Doctor) -> None:
    relative = make_relative(patient)
    permit(relative)
    permission.end(relative)
    db.session.commit()
    with pytest.raises(errors.DependantHasEnded):
        death.mark(relative)
    assert death.find_for(relative.user, relative.id) is None


@pytest.fixture
def marked(patient: User, doctor: Doctor) -> tuple[Dependant, User, Chat]:
    """A living relative, who has not signed in yet; the writer has said that they are dead."""
    relative = make_relative(patient)
    account = permit(relative)
    chat = make_chat(patient, doctor, dependant=relative, days_left=60)
    say(chat, patient, "Давление")
    mark(relative)
    return relative, account, chat


def test_who_was_marked_ends_the_permission_all_the_same(marked: tuple[Dependant, User, Chat]) -> None:
    relative, account, chat = marked
    later(days=40)  # nobody may undo the mark by now
    assert permission.given_by(account) == [relative]
    permission.end(relative)
    db.session.commit()
    db.session.expire_all()
    assert Chat.find_for(relative.user, chat.id) is None
    found = Chat.find_for(account, chat.id)
    assert found is not None
    assert not found.is_archived_by(account)
    assert found.patient_id == account.id
    assert permission.given_by(account) == []
    assert death.marked_by(relative.user) == []


def test_who_has_ended_it_may_permit_it_anew(marked: tuple[Dependant, User, Chat]) -> None:
    relative, account, _ = marked
    permission.end(relative)
    db.session.commit()
    death.undo(relative)
    db.session.commit()
    assert not relative.may_be_written_for  # taking back the mark gives back no permission
    later(hours=1)
    again = make_relative(relative.user)
    assert permit(again).id == account.id
    assert again.may_be_written_for


def test_office_ends_it_for_who_was_marked(marked: tuple[Dependant, User, Chat]) -> None:
    relative, _, chat = marked
    office.end(relative)
    db.session.commit()
    assert Chat.find_for(relative.user, chat.id) is None
    assert relative.ending is DependantEnding.ENDED_BY_OFFICE


def test_of_who_signs_in_themselves_the_clinic_marks_it(patient: User, doctor: Doctor) -> None:
    with_phone(make_user("Пётр"))
    relative = make_relative(patient)
    permit(relative)
    with pytest.raises(errors.ClinicMarksDeath):
        death.mark(relative)
    death.mark(relative, by_office=True)
    db.session.commit()
    assert relative.died_at is not None


def test_dead_parents_children_are_not_left_standing(about: Chat, child: Dependant, doctor: Doctor) -> None:
    payment = pay(propose(about, price=1500_00))
    consultation = payment.consultation
    assert consultation is not None
    Notification.of_consultation(child.user, NotificationKind.NEAR, consultation, "60")
    db.session.commit()
    for _ in range(2):
        death.mark_account(child.user)
        db.session.commit()
        db.session.expire_all()
    assert consultation.state is ConsultationState.CANCELLED
    assert payment.refundable == 0
    assert about.is_archived_by(doctor.user)
    told = db.session.scalars(db.select(Notification).where(Notification.user_id == child.user_id)).all()
    assert {one.kind for one in told if not one.is_stale} <= {NotificationKind.PAID}
    death.undo_account(child.user)
    db.session.commit()
    assert not about.is_archived_by(doctor.user)
    assert about.takes_messages_from(child.user)


def test_reminder_of_a_dead_reader_is_stale(about: Chat, child: Dependant) -> None:
    consultation = propose(about)
    Notification.of_consultation(child.user, NotificationKind.NEAR, consultation, "60")
    db.session.commit()
    (news,) = db.session.scalars(db.select(Notification).where(Notification.kind == NotificationKind.NEAR))
    assert not news._speaks_of_the_dead
    child.user.died_at = consultation.created_at
    assert news._speaks_of_the_dead


def test_nobody_writes_for_a_relative_whose_account_is_marked(patient: User, doctor: Doctor) -> None:
    relative = make_relative(patient)
    account = permit(relative)
    chat = make_chat(patient, doctor, dependant=relative, days_left=60)
    coming = pay(propose(chat, price=1500_00))
    death.mark_account(account)
    db.session.commit()
    db.session.expire_all()
    assert not relative.may_be_written_for
    assert not chat.takes_messages_from(patient)
    assert coming.refundable == 0
    with pytest.raises(errors.DeathIsOld):
        death.undo(relative)  # it is the account that is marked: the office undoes it
    death.undo_account(account)
    db.session.commit()
    assert relative.may_be_written_for
    assert chat.takes_messages_from(patient)


def test_undone_gives_back_what_was_and_no_more(child: Dependant) -> None:
    child.archive()
    later(hours=1)
    mark(child)
    death.undo(child)
    db.session.commit()
    assert child.ending is DependantEnding.REMOVED
    assert not child.may_be_written_for


def test_undone_mark_declares_the_representative_anew(child: Dependant) -> None:
    mark(child)
    live = db.select(Consent).where(Consent.dependant_id == child.id, Consent.withdrawn_at.is_(None))
    assert db.session.scalars(live).all() == []
    death.undo(child, "192.0.2.7")
    db.session.commit()
    (declared,) = db.session.scalars(live)
    assert (declared.user_id, declared.address) == (child.user_id, "192.0.2.7")


def test_undone_mark_makes_no_seventh(child: Dependant) -> None:
    mark(child)
    for number in range(Dependant.MOST):
        make_child(child.user, f"Ребёнок {'абвгде'[number]}")
    with pytest.raises(errors.TooManyDependants):
        death.undo(child)
