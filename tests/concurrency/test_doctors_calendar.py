"""A doctor's hours and feed from many devices at once: no window takes back what another one saved."""

from __future__ import annotations

from collections import Counter

from browser import Browser
from flask import Flask

from ibolit.extensions import db
from ibolit.models import CalendarFeed, Doctor, HoursSpan, WeeklyHours

from .crowd import at_once


def test_seven_windows_set_a_day_each(clinic: Flask, doctor: Doctor) -> None:
    browsers = [Browser(clinic, doctor.user) for _ in range(7)]
    tokens = [{"X-CSRFToken": browser.token()} for browser in browsers]

    def press(day: int) -> int:
        data = {f"day-{day}-spans-0-start": "09:00", f"day-{day}-spans-0-end": "13:00"}
        return browsers[day].open(f"/practice/hours/{day}", method="POST", data=data, headers=tokens[day]).status_code

    assert Counter(at_once(clinic, 7, press)) == {303: 7}
    assert WeeklyHours.of(db.session.get_one(Doctor, doctor.id)) == [HoursSpan(day, 540, 780) for day in range(7)]


def test_of_one_day_one_window_is_first_and_the_others_are_asked(clinic: Flask, doctor: Doctor) -> None:
    browsers = [Browser(clinic, doctor.user) for _ in range(6)]
    tokens = [{"X-CSRFToken": browser.token()} for browser in browsers]
    page = browsers[0].get("/practice/hours").text
    mark = page.split('name="day-0-expected" value="')[1].split('"')[0]

    def press(number: int) -> int:
        data = {"day-0-expected": mark, "day-0-spans-0-start": f"{number:02}:00", "day-0-spans-0-end": "13:00"}
        return browsers[number].open("/practice/hours/0", method="POST", data=data, headers=tokens[number]).status_code

    assert Counter(at_once(clinic, 6, press)) == {303: 1, 409: 5}
    assert len(WeeklyHours.of(db.session.get_one(Doctor, doctor.id))) == 1


def test_first_address_pressed_on_many_devices_is_one(clinic: Flask, doctor: Doctor) -> None:
    browsers = [Browser(clinic, doctor.user) for _ in range(6)]
    tokens = [{"X-CSRFToken": browser.token()} for browser in browsers]

    def press(number: int) -> int:
        answer = browsers[number].open(
            "/practice/calendar", method="POST", data={"seen": ""}, headers=tokens[number] | {"HX-Request": "true"}
        )
        address = answer.text.split('id="calendar-address"')[1].split('value="')[1].split('"')[0]
        return hash(address)

    assert len(set(at_once(clinic, 6, press))) == 1
    assert len(db.session.scalars(db.select(CalendarFeed)).all()) == 1
