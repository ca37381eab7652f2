"""Who the patients see: the directory, new patients, «на связи»."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from factories import add_tariff, later, make_chat, make_doctor

from ibolit.extensions import db
from ibolit.models import Doctor, User
from ibolit.services import clock


def names(*, words: str = "", specialty: str = "") -> list[str]:
    return [doctor.user.name for doctor in Doctor.search(words, specialty, 50)[0]]


def set_clock(local: str, zone: str = "Europe/Moscow") -> None:
    """Half a minute past, so that the test's own seconds do not matter."""
    wanted = datetime.fromisoformat(f"2030-03-10T{local}:30").replace(tzinfo=ZoneInfo(zone))
    clock.shift(int((wanted - datetime.now(UTC)).total_seconds()))


# New patients and prices


def test_who_sells_something_takes_new_patients(clinic: object) -> None:
    assert make_doctor().takes_new_patients()
    assert not make_doctor("Орлов Дмитрий", tariffs=0).takes_new_patients()
    assert not make_doctor("Вебер Людмила", hidden=True).takes_new_patients()


def test_hidden_tariffs_are_not_sold(clinic: object) -> None:
    doctor = make_doctor(tariffs=0)
    add_tariff(doctor, price=900_00, hidden=True)
    db.session.expire_all()
    assert not doctor.takes_new_patients()
    assert doctor.price_from is None
    add_tariff(doctor, price=2500_00)
    db.session.expire_all()
    assert doctor.takes_new_patients()
    assert doctor.price_from == 2500_00
    doctor.default_price = 1500_00
    assert doctor.price_from == 1500_00


def test_practice_is_counted_in_whole_years(clinic: object) -> None:
    doctor = make_doctor(practises_since=clock.now().year + 1)
    assert doctor.years_of_practice == 0
    doctor.practises_since = clock.now().year - 5
    assert doctor.years_of_practice == 5


# «На связи»


def test_seen_just_now_is_online(doctor: Doctor) -> None:
    assert not doctor.is_online()
    doctor.user.seen_at = clock.now()
    assert doctor.is_online()
    later(minutes=4, seconds=50)
    assert doctor.is_online()
    later(minutes=5, seconds=1)
    assert not doctor.is_online()


def test_switch_takes_the_doctor_off(doctor: Doctor) -> None:
    doctor.user.seen_at = clock.now()
    doctor.available = False
    assert not doctor.is_online()


@pytest.mark.parametrize(
    ("quiet", "local", "online"),
    [
        ((22, 8), "21:59", True),
        ((22, 8), "22:00", False),
        ((22, 8), "23:59", False),
        ((22, 8), "00:00", False),
        ((22, 8), "07:59", False),
        ((22, 8), "08:00", True),
        ((13, 14), "12:59", True),
        ((13, 14), "13:00", False),
        ((13, 14), "14:00", True),
        ((9, 9), "09:00", True),
    ],
)
def test_quiet_hours_reach_over_midnight(doctor: Doctor, quiet: tuple[int, int], local: str, online: bool) -> None:
    doctor.quiet_from, doctor.quiet_to = quiet[0] * 60, quiet[1] * 60
    set_clock(local)
    doctor.user.seen_at = clock.now()
    assert doctor.is_online() is online


def test_quiet_hours_are_the_doctors_own(doctor: Doctor) -> None:
    doctor.quiet_from, doctor.quiet_to = 22 * 60, 8 * 60
    doctor.user.timezone = "Asia/Vladivostok"
    set_clock("23:00", "Asia/Vladivostok")
    doctor.user.seen_at = clock.now()
    assert not doctor.is_online()
    set_clock("23:00", "Europe/Moscow")
    doctor.user.seen_at = clock.now() + timedelta(seconds=1)
    assert not doctor.is_online()  # six in the morning at home
    set_clock("12:00", "Asia/Vladivostok")
    doctor.user.seen_at = clock.now()
    assert doctor.is_online()


# The directory


@pytest.fixture
def three(clinic: object) -> None:
    make_doctor("Ёлкина Мария Петровна", specialty="Кардиолог")
    make_doctor("Абрамов Пётр Ильич", specialty="Детский кардиолог")
    make_doctor("Яковлев Иван Кардиолович", specialty="Терапевт")
    make_doctor("Невидимый Олег", specialty="Кардиолог", hidden=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["Абрамов Пётр Ильич", "Ёлкина Мария Петровна", "Яковлев Иван Кардиолович"]),
        ("  ", ["Абрамов Пётр Ильич", "Ёлкина Мария Петровна", "Яковлев Иван Кардиолович"]),
        ("елк", ["Ёлкина Мария Петровна"]),
        ("ЁЛКИНА", ["Ёлкина Мария Петровна"]),
        ("пет", ["Абрамов Пётр Ильич", "Ёлкина Мария Петровна"]),
        ("кардиолога", ["Абрамов Пётр Ильич", "Ёлкина Мария Петровна"]),
        ("мария кардиолог", ["Ёлкина Мария Петровна"]),
        ("кардиолог мария", ["Ёлкина Мария Петровна"]),
        ("детск", ["Абрамов Пётр Ильич"]),
        ("и", ["Абрамов Пётр Ильич", "Яковлев Иван Кардиолович"]),
        ("невидимый", []),
        ("окулист", []),
        ("лкина", []),
        ("%", ["Абрамов Пётр Ильич", "Ёлкина Мария Петровна", "Яковлев Иван Кардиолович"]),
        ("_", []),
        ("'; --", ["Абрамов Пётр Ильич", "Ёлкина Мария Петровна", "Яковлев Иван Кардиолович"]),
    ],
)
def test_names_and_specialties_are_found_by_their_beginnings(three: None, words: str, expected: list[str]) -> None:
    assert names(words=words) == expected


def test_a_specialty_narrows_the_search(three: None) -> None:
    assert names(specialty="Кардиолог") == ["Ёлкина Мария Петровна"]
    assert names(specialty="Кардиолог", words="абрамов") == []
    assert Doctor.specialties() == ["Детский кардиолог", "Кардиолог", "Терапевт"]


def test_pages_lose_no_namesake(clinic: object) -> None:
    for name in ("Иванов Иван", "Иванов Иван", "Иванов Иван", "Иванова Анна", "Абрамов Пётр"):
        make_doctor(name)
    seen: list[Doctor] = []
    after = None
    while page := Doctor.directory(after=after, most=2):
        seen += page
        after = (page[-1].name_key, page[-1].id)
    assert [doctor.user.name for doctor in seen] == ["Абрамов Пётр", *["Иванов Иван"] * 3, "Иванова Анна"]
    assert len({doctor.id for doctor in seen}) == 5


def test_renamed_doctor_is_found_by_the_new_name(doctor: Doctor) -> None:
    doctor.user.rename("Сидорова Анна")
    db.session.commit()
    assert names(words="сидорова") == ["Сидорова Анна"]
    assert names(words="иванова") == []


def test_hidden_doctor_is_shown_to_those_who_talk_to_him(patient: User, stranger: User, doctor: Doctor) -> None:
    make_chat(patient, doctor)
    doctor.hidden = True
    db.session.commit()
    shown = [db.session.scalars(Doctor.shown_to(user)).all() for user in (patient, stranger, doctor.user)]
    assert shown == [[doctor], [], [doctor]]
