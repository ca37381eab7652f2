"""An invitation by itself: whose it is, how long it lives, what its sender sees."""

from __future__ import annotations

import pytest
from factories import later, make_chat, make_doctor, make_user
from flask import Flask

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Delivery, DeliveryState, Doctor, Invitation, InvitationState, Job, Role, User
from ibolit.models.delivery import Channel

PHONE = "+79161234567"


def invite(doctor: Doctor, phone: str = PHONE) -> Invitation:
    invitation = Invitation.invite(doctor, doctor.user, phone=phone, name="Зоя")
    db.session.commit()
    return invitation


def delivered(invitation: Invitation, state: DeliveryState) -> None:
    job = db.session.get_one(Job, invitation.job_id)
    invitation.leave(Delivery.of(job, Channel.SMS))
    assert invitation.delivery is not None
    invitation.delivery.state = state
    db.session.commit()


@pytest.mark.parametrize(
    ("of_delivery", "shown"),
    [
        (DeliveryState.WAITING, InvitationState.WAITING),
        (DeliveryState.SENDING, InvitationState.WAITING),
        (DeliveryState.SENT, InvitationState.SENT),
        (DeliveryState.DELIVERED, InvitationState.DELIVERED),
        (DeliveryState.UNDELIVERED, InvitationState.FAILED),
        (DeliveryState.FAILED, InvitationState.FAILED),
        (DeliveryState.UNKNOWN, InvitationState.UNKNOWN),
    ],
)
def test_sender_sees_how_far_it_is(doctor: Doctor, of_delivery: DeliveryState, shown: InvitationState) -> None:
    invitation = invite(doctor)
    assert invitation.state is InvitationState.WAITING
    delivered(invitation, of_delivery)
    assert invitation.state is shown
    invitation.open()
    assert invitation.state is InvitationState.OPENED
    later(days=7, seconds=1)
    assert invitation.state is InvitationState.EXPIRED
    invitation.withdraw()
    assert invitation.state is InvitationState.WITHDRAWN


def test_token_is_computed_and_found_by_its_fingerprint(doctor: Doctor) -> None:
    first, second = invite(doctor), invite(doctor, "+79160000002")
    assert first.token != second.token
    assert len(first.token) == 24
    assert Invitation.by_token(first.token) is first
    assert Invitation.by_token(first.token[:-1]) is None
    assert first.token not in (first.nonce, first.token_hash)


def test_taken_back_twice_is_taken_back(doctor: Doctor) -> None:
    invitation = invite(doctor)
    invitation.withdraw()
    moment = invitation.withdrawn_at
    later(minutes=1)
    invitation.withdraw()
    assert invitation.withdrawn_at == moment


def test_accepted_cannot_be_taken_back_or_sent_again(doctor: Doctor) -> None:
    patient = make_user()
    invitation = invite(doctor, patient.phone)
    invitation.accept(patient)
    db.session.commit()
    for verb in (invitation.withdraw, invitation.send_again):
        with pytest.raises(errors.InvitationIsOver):
            verb()


def test_expired_can_be_sent_again(doctor: Doctor) -> None:
    invitation = invite(doctor)
    later(days=8)
    assert not invitation.is_alive
    invitation.send_again()
    assert invitation.is_alive


def test_older_sending_steps_back(doctor: Doctor) -> None:
    invitation = invite(doctor)
    older = db.session.get_one(Job, invitation.job_id)
    later(seconds=61)
    invitation.send_again()
    db.session.commit()
    newer = db.session.get_one(Job, invitation.job_id)
    assert Invitation.to_send(invitation.id, older) is None
    assert Invitation.to_send(invitation.id, newer) is invitation


def test_only_the_proved_phone_accepts(doctor: Doctor, stranger: User) -> None:
    invitation = invite(doctor)
    with pytest.raises(errors.InvitationIsForAnother):
        invitation.accept(stranger)
    with pytest.raises(errors.InvitationIsForPatients):
        invitation.accept(make_user(role=Role.OPERATOR))
    assert Invitation.accept_all_of(stranger) == {}
    assert Invitation.accept_all_of(doctor.user) == {}


def test_two_doctors_invite_one_patient(doctor: Doctor) -> None:
    other, patient = make_doctor("Лебедев Михаил"), make_user()
    invite(doctor, patient.phone)
    invite(other, patient.phone)
    assert len(Invitation.accept_all_of(patient)) == 2
    assert Invitation.accept_all_of(patient) == {}


def test_who_was_invited_or_talks_is_known(doctor: Doctor) -> None:
    patient, other = make_user(email="anna@example.org"), make_doctor("Лебедев Михаил")
    make_chat(patient, doctor)
    invite(doctor)
    taken_back = invite(doctor, "+79160000002")
    taken_back.withdraw()
    invite(other, "+79160000003")
    assert set(Invitation.contacts_known_to(doctor)) == {PHONE, patient.phone, "anna@example.org"}


def test_forgotten_job_takes_nothing_with_it(clinic: Flask, doctor: Doctor) -> None:
    """Its number may be given again; what was sent under it before is another's."""
    invitation = invite(doctor)
    delivered(invitation, DeliveryState.SENT)
    job = db.session.get_one(Job, invitation.job_id)
    job.finish()
    db.session.commit()
    later(days=31)
    Job.purge_done()
    db.session.commit()
    db.session.expire_all()
    invitation = db.session.get_one(Invitation, invitation.id)
    assert invitation.job_id is None
    assert invitation.delivery is not None
    assert invitation.delivery.job_id is None
    later(days=120)
    Delivery.purge_old()
    db.session.commit()
    db.session.expire_all()
    assert db.session.get_one(Invitation, invitation.id).delivery is not None
