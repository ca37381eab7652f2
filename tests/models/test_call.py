"""What is kept of a call: visits, quality, and the one-time link to another device."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later
from started_consultations import consultation_in_progress

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import CallPath, CallReport, CallVisit, Chat, Consultation, Device, DeviceTransfer, Quality, User
from ibolit.services import clock


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return consultation_in_progress(chat)


def visit(consultation: Consultation, user: User, page: str, first: int, last: int) -> None:
    """From so many to so many seconds after it began."""
    start = consultation.starts_at
    spans = {"joined_at": start + timedelta(seconds=first), "left_at": start + timedelta(seconds=last)}
    db.session.add(CallVisit(consultation_id=consultation.id, user_id=user.id, page=page, **spans))
    db.session.commit()


def test_page_that_comes_back_goes_on_with_its_visit(consultation: Consultation, patient: User) -> None:
    CallVisit.note(consultation.id, patient.id, "first-page")
    db.session.commit()
    later(seconds=40)
    CallVisit.note(consultation.id, patient.id, "first-page")
    later(seconds=90)
    CallVisit.note(consultation.id, patient.id, "second-page")
    db.session.commit()
    first, second = CallVisit.of(consultation)
    assert (first.page, first.seconds) == ("first-page", 40)
    assert (second.page, second.seconds) == ("second-page", 0)


def test_time_together_counts_once(consultation: Consultation, patient: User) -> None:
    doctor = consultation.doctor.user
    for user, page, first, last in (
        (patient, "one", 0, 60),
        (patient, "two", 50, 100),  # another page of the same person, overlapping
        (doctor, "three", 30, 70),
        (doctor, "four", 90, 200),
    ):
        visit(consultation, user, page, first, last)
    assert CallVisit.together(consultation) == 40 + 10


def test_nobody_was_together_with_nobody(consultation: Consultation, patient: User) -> None:
    visit(consultation, patient, "one", 0, 60)
    assert CallVisit.together(consultation) == 0


def stretch(seconds: int, **more: int | CallPath) -> Quality:
    usual: dict[str, int | CallPath] = {"setup_ms": 0, "restarts": 0, "path": CallPath.UNKNOWN, "loss_permille": 0}
    return Quality(seconds=seconds, **usual | {"rtt_ms": 0} | more)  # type: ignore[arg-type]


def test_stretches_are_summed_per_side(consultation: Consultation, patient: User) -> None:
    doctor = consultation.doctor.user
    for heard in (
        stretch(60, setup_ms=800, path=CallPath.RELAY, loss_permille=10, rtt_ms=100),
        stretch(30, restarts=2, path=CallPath.RELAY, loss_permille=40, rtt_ms=400),
        stretch(10, setup_ms=1200, path=CallPath.DIRECT),
    ):
        CallReport.add(consultation, patient, heard)
        db.session.commit()
    CallReport.add(consultation, doctor, stretch(0))
    db.session.commit()
    of_patient, of_doctor = sorted(CallReport.of(consultation), key=lambda report: report.user_id != patient.id)
    assert (of_patient.seconds, of_patient.setups, of_patient.mean_setup_ms, of_patient.restarts) == (100, 2, 1000, 2)
    assert (of_patient.relayed_seconds, of_patient.direct_seconds) == (90, 10)
    assert (of_patient.mean_loss_permille, of_patient.mean_rtt_ms) == (18, 180)
    assert (of_doctor.mean_setup_ms, of_doctor.mean_loss_permille, of_doctor.mean_rtt_ms) == (0, 0, 0)


def test_link_lets_one_device_in_until_the_window_closes(consultation: Consultation, patient: User) -> None:
    transfer, _ = DeviceTransfer.make(consultation, patient)
    db.session.commit()
    device, _ = transfer.take("Chrome, Android")
    db.session.commit()
    assert device.user_id == patient.id
    assert device.name == "Только разговор: Chrome, Android"
    assert (device.only_consultation_id, device.ends_at) == (consultation.id, consultation.closes_at)
    with pytest.raises(errors.DeviceTransferSpent):
        transfer.take("Firefox")


def test_token_itself_is_not_kept(consultation: Consultation, patient: User) -> None:
    transfer, token = DeviceTransfer.make(consultation, patient)
    assert len(token) >= 32
    assert token not in repr([getattr(transfer, column.name) for column in DeviceTransfer.__table__.columns])
    assert DeviceTransfer.find(token) is transfer
    assert DeviceTransfer.find(token[:-1] + "!") is None
    assert DeviceTransfer.find("") is None


def test_link_lives_ten_minutes(consultation: Consultation, patient: User) -> None:
    transfer, _ = DeviceTransfer.make(consultation, patient)
    later(minutes=9, seconds=59)
    assert transfer.is_live
    later(minutes=10, seconds=1)
    assert not transfer.is_live
    with pytest.raises(errors.DeviceTransferSpent):
        transfer.take("Chrome")


def test_new_link_spends_the_one_before(consultation: Consultation, patient: User) -> None:
    first, _ = DeviceTransfer.make(consultation, patient)
    of_doctor, _ = DeviceTransfer.make(consultation, consultation.doctor.user)
    second, _ = DeviceTransfer.make(consultation, patient)
    db.session.commit()
    db.session.expire_all()
    assert [one.is_live for one in (first, of_doctor, second)] == [False, True, True]


def test_link_is_dead_when_the_consultation_is_over(consultation: Consultation, patient: User) -> None:
    transfer, _ = DeviceTransfer.make(consultation, patient)
    consultation.end(consultation.doctor.user)
    db.session.commit()
    assert not transfer.is_live


def test_guest_device_ends_by_itself(consultation: Consultation, patient: User) -> None:
    transfer, _ = DeviceTransfer.make(consultation, patient)
    device, token = transfer.take("Chrome")
    db.session.commit()
    id, closes_at = device.id, consultation.closes_at
    assert Device.signed_in(token) is device
    later(seconds=(closes_at - clock.now()).total_seconds() + 1)
    assert device.is_over
    assert Device.signed_in(token) is None
    assert db.session.scalars(Device.of(patient)).all() == []
    Device.purge_old()
    DeviceTransfer.purge_old()
    db.session.commit()
    assert not Device.is_live(id)


def test_old_links_are_forgotten(consultation: Consultation, patient: User) -> None:
    DeviceTransfer.make(consultation, patient)
    later(days=1, seconds=1)
    DeviceTransfer.purge_old()
    assert db.session.scalars(db.select(DeviceTransfer)).all() == []


def test_patient_asks_to_be_phoned_once(consultation: Consultation, patient: User) -> None:
    consultation.request_callback(patient)
    first, revision = consultation.callback_requested_at, consultation.message.revision
    later(seconds=30)
    consultation.request_callback(patient)
    assert consultation.callback_requested_at == first is not None
    assert consultation.message.revision == revision


def test_nobody_is_phoned_outside_the_window(consultation: Consultation, patient: User) -> None:
    with pytest.raises(errors.ConsultationIsNotOpen):
        consultation.request_callback(consultation.doctor.user)
    consultation.end(consultation.doctor.user)
    with pytest.raises(errors.ConsultationIsNotOpen):
        consultation.request_callback(patient)
