"""Who of the two is there: readiness that lapses, and five minutes of delay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import StillClock, confirm, facts, ready
from factories import later, propose
from queries import Queries

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Attendance, Chat, Consultation, ConsultationState, Side, User
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic", "still")


def test_readiness_lapses_without_a_sign(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    later(hours=1, minutes=55)
    consultation.mark_ready(consultation.patient)
    later(hours=1, minutes=57, seconds=1)
    assert not consultation.is_side_ready(consultation.patient)
    consultation.mark_ready(consultation.doctor.user)
    assert consultation.state is ConsultationState.CONFIRMED
    assert consultation.has_come(consultation.patient)


def test_sign_from_the_future_is_no_sign(chat: Chat) -> None:
    """The clock was put back; seconds between two machines are forgiven."""
    consultation = confirm(propose(chat))
    later(hours=1, minutes=55)
    consultation.mark_ready(consultation.patient)
    db.session.commit()
    later(hours=1, minutes=54, seconds=57)
    assert consultation.is_side_ready(consultation.patient)
    later(hours=1, minutes=50)
    assert not consultation.is_side_ready(consultation.patient)
    assert not Consultation.is_anyone_ready([consultation.patient.id])


def test_who_is_late_is_not_waited_for_longer_than_the_window(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    later(hours=2, minutes=58)
    consultation.announce_delay(consultation.patient)
    assert consultation.late_until(consultation.patient) == consultation.closes_at


def test_sign_keeps_readiness_alive_and_wakes_no_lapsed_one(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    later(hours=1, minutes=55)
    consultation.mark_ready(consultation.patient)
    later(hours=1, minutes=56)
    assert Consultation.is_anyone_ready([consultation.patient.id])
    assert not Consultation.is_anyone_ready([consultation.doctor.user.id])
    Consultation.record_presence([consultation.patient.id])
    db.session.commit()
    db.session.refresh(consultation)
    later(hours=1, minutes=57, seconds=59)
    assert consultation.is_side_ready(consultation.patient)
    later(hours=1, minutes=58, seconds=2)
    assert not Consultation.is_anyone_ready([consultation.patient.id])
    Consultation.record_presence([consultation.patient.id])
    db.session.refresh(consultation)
    assert not consultation.is_side_ready(consultation.patient)


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_sign_of_a_socket_is_one_statement(chat: Chat, who: str) -> None:
    """Whatever they attend; whoever is ready nowhere changes no row."""
    for day in range(3):
        consultation = confirm(propose(chat, starts_at=clock.now() + timedelta(days=day, minutes=5)))
    user = consultation.patient if who == "patient" else consultation.doctor.user
    first = db.session.scalars(db.select(Consultation).order_by(Consultation.starts_at)).first()
    first.mark_ready(user)
    db.session.commit()
    later(minutes=1)
    assert (user.doctor is None) == (who == "patient")  # loaded, as with the device of a socket
    with Queries() as queries:
        Consultation.record_presence([user.id])
    assert [query.split()[0] for query in queries] == ["UPDATE"]
    signs = [(one.side, one.ready_at == clock.now()) for one in db.session.scalars(db.select(Attendance))]
    assert signs == [(who, True)]


def test_side_that_said_nothing_has_no_row(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    later(hours=1, minutes=55)
    consultation.mark_ready(consultation.doctor.user)
    db.session.commit()
    assert not consultation.has_come(consultation.patient)
    assert [one.side for one in db.session.scalars(db.select(Attendance))] == [Side.DOCTOR]


def test_late_is_said_once_in_a_while(chat: Chat) -> None:
    consultation = confirm(propose(chat))
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.announce_delay(consultation.doctor.user)
    later(hours=1, minutes=55)
    consultation.announce_delay(consultation.doctor.user)
    consultation.announce_delay(consultation.doctor.user)
    assert facts().count("DelayAnnounced") == 1
    assert consultation.late_until(consultation.doctor.user) == consultation.starts_at + timedelta(minutes=5)


def test_window_opens_and_closes_on_the_minute(chat: Chat, still: StillClock, patient: User) -> None:
    consultation = confirm(propose(chat))
    still.show(consultation.opens_at - timedelta(seconds=1))
    with pytest.raises(errors.TooEarly):
        consultation.mark_ready(patient)
    still.show(consultation.opens_at)
    assert consultation.is_open
    still.show(consultation.closes_at - timedelta(seconds=1))
    ready(consultation, patient)
    still.show(consultation.closes_at)
    assert not consultation.is_open
    with pytest.raises(errors.ConsultationHasChanged):
        consultation.mark_ready(consultation.doctor.user)
    assert consultation.state is ConsultationState.MISSED
