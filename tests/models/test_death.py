"""A death: no list speaks of the person, what is coming goes back, nobody writes; undone within 30 days."""

from __future__ import annotations

import pytest
from consultation_steps import pay
from factories import later, make_chat, propose, say
from payment_steps import answer, begin
from relatives import make_child, make_relative, permit

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Dependant,
    Doctor,
    Notification,
    NotificationKind,
    Payment,
)
from ibolit.models.consultations import ConsultationState
from ibolit.models.family import death
from ibolit.models.people import DependantEnding


@pytest.fixture
def child(patient: object) -> Dependant:
    return make_child(patient)  # type: ignore[arg-type]


@pytest.fixture
def about(child: Dependant, doctor: Doctor) -> Chat:
    chat = make_chat(child.user, doctor, dependant=child, days_left=60)
    say(chat, child.user, "Кашляет")
    return chat


def mark(child: Dependant) -> None:
    death.mark(child)
    db.session.commit()
    db.session.expire_all()


def listed(chat: Chat, user) -> bool:  # type: ignore[no-untyped-def]
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


def test_of_whom_nobody_writes_for_nothing_is_marked(patient: object, doctor: Doctor) -> None:
    from ibolit.models.family import permission

    relative = make_relative(patient)  # type: ignore[arg-type]
    permit(relative)
    permission.end(relative)
    db.session.commit()
    with pytest.raises(errors.DependantHasEnded):
        death.mark(relative)
    assert death.find_for(relative.user, relative.id) is None
