"""One signed-in browser and its ninety days."""

from __future__ import annotations

from factories import later, make_user

from ibolit.extensions import db
from ibolit.models import Device, Doctor, User


def register(user: User, name: str = "Chrome, Android") -> tuple[Device, str]:
    device, token = Device.register(user, name)
    db.session.commit()
    return device, token


def test_cookie_is_known_only_by_its_hash(patient: User) -> None:
    device, token = register(patient)
    assert token not in device.token_hash
    assert Device.signed_in(token) is device
    assert Device.signed_in(device.token_hash) is None
    assert Device.signed_in("") is None


def test_ninety_days_roll_from_the_last_visit(patient: User) -> None:
    device, token = register(patient)
    later(days=89)
    assert Device.signed_in(token) is device
    device.mark_seen()
    db.session.commit()
    later(days=178)
    assert Device.signed_in(token) is device
    later(days=180)
    assert Device.signed_in(token) is None
    Device.purge_old()
    assert not Device.is_live(device.id)


def test_a_visit_is_written_once_a_minute(patient: User) -> None:
    device, _ = register(patient)
    assert not device.is_due_to_be_seen()
    later(seconds=61)
    assert device.is_due_to_be_seen()
    device.mark_seen()
    assert patient.is_present()
    assert not device.is_due_to_be_seen()


def test_ending_the_others_keeps_this_one_and_those_of_other_people(patient: User, stranger: User) -> None:
    kept, _ = register(patient)
    for _ in range(2):
        register(patient)
    foreign, _ = register(stranger)
    Device.end_others(patient, kept)
    db.session.commit()
    assert db.session.scalars(Device.of(patient)).all() == [kept]
    assert Device.is_live(foreign.id)
    Device.end_others(patient, None)
    db.session.commit()
    assert db.session.scalars(Device.of(patient)).all() == []


def test_a_doctor_comes_with_the_profile(doctor: Doctor) -> None:
    _, token = register(doctor.user)
    db.session.expunge_all()
    device = Device.signed_in(token)
    assert device is not None
    db.session.expunge_all()
    assert device.user.doctor is not None  # loaded with it: nothing can be asked any more
    assert make_user("Без профиля").doctor is None
