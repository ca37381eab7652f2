"""«Виды консультаций»: what patients may book by themselves."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import make_doctor, make_user
from flask import Flask

from ibolit.extensions import db
from ibolit.models import AppointmentType, ConsultationKind, Doctor, Role, TypeTerms

PAGE = "/practice/appointment-types"
FIRST = {"title": "Первичная", "kind": "video", "minutes": "45", "price": "2 500"}
PUSH_AND_SMS = pytest.mark.parametrize("htmx", [True, False])


def typed(prefix: str = "new-", **more: str) -> dict[str, object]:
    return {prefix + name: value for name, value in (FIRST | more).items()}


def kept(doctor: Doctor) -> list[AppointmentType]:
    db.session.expire_all()
    return list(AppointmentType.kept_by(db.session.get_one(Doctor, doctor.id)))


def add(doctor: Doctor, title: str = "Первичная", price: int = 2500_00, minutes: int = 45) -> AppointmentType:
    host = db.session.get_one(Doctor, doctor.id)
    type = AppointmentType.add(host, TypeTerms(title, ConsultationKind.VIDEO, minutes, price))
    db.session.commit()
    return type


@PUSH_AND_SMS
def test_added_one_is_offered(as_doctor: Browser, doctor: Doctor, htmx: bool) -> None:
    answer = as_doctor.post(PAGE, typed(), htmx=htmx)
    assert (answer.status_code, answer.location) == ((200, None) if htmx else (303, PAGE))
    page = answer.text if htmx else as_doctor.get(PAGE).text
    assert "Добавлено: «Первичная»." in page
    assert [one.terms for one in kept(doctor)] == [TypeTerms("Первичная", ConsultationKind.VIDEO, 45, 2500_00)]
    assert "2\u00a0500\u00a0₽" in page
    assert "Осталось задать" in page


def test_pressed_twice_it_is_one(as_doctor: Browser, doctor: Doctor) -> None:
    for _ in range(2):
        as_doctor.post(PAGE, typed())
    assert len(kept(doctor)) == 1


def test_free_only_by_its_tick(as_doctor: Browser, doctor: Doctor) -> None:
    for price in ("", "0", "0,00"):
        answer = as_doctor.post(PAGE, typed(price=price))
        assert answer.status_code == 422
        assert "или отметьте «Бесплатно»." in answer.text
    answer = as_doctor.post(PAGE, typed(free="y"))
    assert answer.status_code == 422
    assert "Стоит и цена, и «Бесплатно»" in answer.text
    assert kept(doctor) == []
    assert as_doctor.post(PAGE, typed(price="", free="y")).status_code == 303
    assert [one.price for one in kept(doctor)] == [0]
    assert "бесплатно" in as_doctor.get(PAGE).text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"title": " "}, "Введите название."),
        ({"title": "я" * 81}, "Длиннее 80 знаков."),
        ({"kind": "visit"}, "Выберите, видео или аудио."),
        ({"minutes": ""}, "Выберите из списка, сколько минут."),
        ({"minutes": "32"}, "Выберите из списка, сколько минут."),
        ({"minutes": "час"}, "Выберите из списка, сколько минут."),
        ({"minutes": "9" * 40}, "Выберите из списка, сколько минут."),
        ({"price": "дорого"}, "Введите цену в рублях"),
        ({"price": "10000000"}, "больше миллиона"),
        ({"price": "-5"}, "Введите цену в рублях"),
    ],
)
@PUSH_AND_SMS
def test_what_is_wrong_is_said_and_kept(
    as_doctor: Browser, doctor: Doctor, wrong: dict[str, str], words: str, htmx: bool
) -> None:
    answer = as_doctor.post(PAGE, typed(**{"title": "Вторая"} | wrong), htmx=htmx)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'id="type-new" open' in answer.text
    if "title" not in wrong:
        assert 'value="Вторая"' in answer.text
    assert kept(doctor) == []
    assert ("<html" in answer.text) is not htmx


def test_changed_one_keeps_its_place(as_doctor: Browser, doctor: Doctor) -> None:
    one = add(doctor)
    prefix = f"type-{one.id}-"
    answer = as_doctor.post(
        f"{PAGE}/{one.id}", typed(prefix, title="Повторная", kind="audio", minutes="20", price="900")
    )
    assert answer.status_code == 303
    assert [one.terms for one in kept(doctor)] == [TypeTerms("Повторная", ConsultationKind.AUDIO, 20, 900_00)]
    answer = as_doctor.post(f"{PAGE}/{one.id}", typed(prefix, price=""))
    assert answer.status_code == 422
    assert f'id="appointmenttype-{one.id}-form" open' in answer.text or " open" in answer.text


def test_length_that_no_list_has_stays(as_doctor: Browser, doctor: Doctor) -> None:
    one = add(doctor, minutes=35)
    assert '<option selected value="35">' in as_doctor.get(PAGE).text
    answer = as_doctor.post(f"{PAGE}/{one.id}", typed(f"type-{one.id}-", title="Другая", minutes="35"))
    assert answer.status_code == 303
    assert kept(doctor)[0].terms == TypeTerms("Другая", ConsultationKind.VIDEO, 35, 2500_00)


def test_what_another_window_changed_is_asked_back(as_doctor: Browser, doctor: Doctor) -> None:
    one = add(doctor)
    page = as_doctor.get(PAGE).text
    (seen,) = re.findall(rf'name="type-{one.id}-expected" value="([^"]*)"', page)
    prefix = f"type-{one.id}-"
    as_doctor.post(f"{PAGE}/{one.id}", typed(prefix, title="Длинная"))
    answer = as_doctor.post(f"{PAGE}/{one.id}", typed(prefix, title="Короткая", expected=seen))
    assert answer.status_code == 409
    assert "Короткая" in answer.text
    assert "Длинная" in answer.text
    assert kept(doctor)[0].title == "Длинная"


def test_what_only_one_of_two_windows_changed_is_joined(as_doctor: Browser, doctor: Doctor) -> None:
    one = add(doctor)
    (seen,) = re.findall(rf'name="type-{one.id}-expected" value="([^"]*)"', as_doctor.get(PAGE).text)
    prefix = f"type-{one.id}-"
    as_doctor.post(f"{PAGE}/{one.id}", typed(prefix, price="", free="y"))
    answer = as_doctor.post(f"{PAGE}/{one.id}", typed(prefix, title="Повторная", price="2\u00a0500", expected=seen))
    assert answer.status_code == 303
    assert kept(doctor)[0].terms == TypeTerms("Повторная", ConsultationKind.VIDEO, 45, 0)


def test_taken_away_and_brought_back(as_doctor: Browser, doctor: Doctor) -> None:
    one = add(doctor)
    page = as_doctor.post(f"{PAGE}/{one.id}/offer", {"offered": "0"}, htmx=True).text
    assert "Кто уже записан, тот записан" in page
    assert "Предлагать снова" in page
    assert not kept(doctor)[0].is_offered
    assert as_doctor.post(f"{PAGE}/{one.id}", typed(f"type-{one.id}-")).status_code == 409  # from an old page
    as_doctor.post(f"{PAGE}/{one.id}/offer", {"offered": "1"})
    assert kept(doctor)[0].is_offered


def test_order_is_the_doctors(as_doctor: Browser, doctor: Doctor) -> None:
    first, second = add(doctor, "А"), add(doctor, "Б")
    as_doctor.post(f"{PAGE}/{second.id}/place", {"steps": "-1"})
    assert [one.id for one in kept(doctor)] == [second.id, first.id]
    assert as_doctor.post(f"{PAGE}/{second.id}/place", {"steps": "x"}).status_code == 422


def test_there_are_twelve_at_most(as_doctor: Browser, doctor: Doctor) -> None:
    for number in range(AppointmentType.MOST):
        add(doctor, f"Вид {number}")
    answer = as_doctor.post(PAGE, typed())
    assert answer.status_code == 422
    assert "уже 12" in answer.text


def test_strangers_have_none_of_it(clinic: Flask, as_patient: Browser, doctor: Doctor) -> None:
    one = add(doctor)
    colleague = Browser(clinic, make_doctor("Лебедев Михаил Аркадьевич").user)
    assert "2\u00a0500" not in colleague.get(PAGE).text
    for browser in (as_patient, Browser(clinic, make_user("Ольга", Role.OPERATOR)), colleague):
        for way in (f"/{one.id}", f"/{one.id}/offer", f"/{one.id}/place"):
            assert browser.post(PAGE + way, {"steps": "1"} | typed(f"type-{one.id}-")).status_code == 404
    assert as_patient.get(PAGE).status_code == 404
    assert kept(doctor)[0].is_offered
