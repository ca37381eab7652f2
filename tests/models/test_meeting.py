"""Who of the two is there: readiness that lapses, and five minutes of delay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later, propose
from meetings import StillClock, confirm, facts, ready

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationState, User

pytestmark = pytest.mark.usefixtures("clinic", "still")


def test_readiness_lapses_without_a_sign(chat: Chat) -> None:
    talk = confirm(propose(chat))
    later(hours=1, minutes=55)
    talk.get_ready(talk.patient)
    later(hours=1, minutes=57, seconds=1)
    assert not talk.is_side_ready(talk.patient)
    talk.get_ready(talk.doctor.user)
    assert talk.state is ConsultationState.CONFIRMED
    assert talk.has_come(talk.patient)


def test_sign_from_the_future_is_no_sign(chat: Chat) -> None:
    """The clock was put back; seconds between two machines are forgiven."""
    talk = confirm(propose(chat))
    later(hours=1, minutes=55)
    talk.get_ready(talk.patient)
    db.session.commit()
    later(hours=1, minutes=54, seconds=57)
    assert talk.is_side_ready(talk.patient)
    later(hours=1, minutes=50)
    assert not talk.is_side_ready(talk.patient)
    assert not Consultation.awaits(talk.patient)


def test_who_is_late_is_not_waited_for_longer_than_the_window(chat: Chat) -> None:
    talk = confirm(propose(chat))
    later(hours=2, minutes=58)
    talk.be_late(talk.patient)
    assert talk.late_until(talk.patient) == talk.closes_at


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


def test_late_is_said_once_in_a_while(chat: Chat) -> None:
    talk = confirm(propose(chat))
    with pytest.raises(errors.ConsultationHasChanged):
        talk.be_late(talk.doctor.user)
    later(hours=1, minutes=55)
    talk.be_late(talk.doctor.user)
    talk.be_late(talk.doctor.user)
    assert facts().count("SideLate") == 1
    assert talk.late_until(talk.doctor.user) == talk.starts_at + timedelta(minutes=5)


def test_window_opens_and_closes_on_the_minute(chat: Chat, still: StillClock, patient: User) -> None:
    talk = confirm(propose(chat))
    still.show(talk.opens_at - timedelta(seconds=1))
    with pytest.raises(errors.TooEarly):
        talk.get_ready(patient)
    still.show(talk.opens_at)
    assert talk.is_open
    still.show(talk.closes_at - timedelta(seconds=1))
    ready(talk, patient)
    still.show(talk.closes_at)
    assert not talk.is_open
    with pytest.raises(errors.ConsultationHasChanged):
        talk.get_ready(talk.doctor.user)
    assert talk.state is ConsultationState.MISSED
