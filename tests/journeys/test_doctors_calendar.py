"""A doctor says what can be booked and when, sees it as a week, and lets a calendar outside have it."""

from __future__ import annotations

import pytest
from conftest import DESKTOP, Visitors
from icalendar import Calendar
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.long]

DOCTOR = "8 900 000 01 06"  # has nothing yet


def test_from_nothing_to_a_week_of_hours(visitors: Visitors) -> None:
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    _adds_a_type(doctor)
    _sets_hours_and_copies_them(doctor)
    _sees_the_week(doctor)
    _lets_a_calendar_have_it(doctor)
    assert [one.rpartition("/")[2] for one in visitors.complaints] == ["appointment-types", "0"]  # both refused once


def _adds_a_type(doctor: Page) -> None:
    doctor.goto("/practice")
    doctor.click("#appointment-types a")
    new = doctor.locator("#type-new")
    if new.get_attribute("open") is None:
        new.locator("summary").click()
    new.locator("[name=new-title]").fill("Первичная")
    new.locator("button[type=submit]").click()
    expect(new.locator(".field__error")).to_contain_text("или отметьте «Бесплатно»")
    expect(new.locator("[name=new-title]")).to_have_value("Первичная")
    new.locator("[name=new-price]").fill("2500")
    new.locator("button[type=submit]").click()
    expect(doctor.locator(".kept__title").filter(has_text="Первичная")).to_be_visible()


def _sets_hours_and_copies_them(doctor: Page) -> None:
    doctor.goto("/practice/hours")
    doctor.locator("#day-0 summary").click()
    form = doctor.locator("#day-0 form")
    form.locator("[name=day-0-spans-0-start]").fill("13:00")
    form.locator("[name=day-0-spans-0-end]").fill("09:00")
    form.locator("button").click()
    expect(form.locator(".field__error")).to_contain_text("Конец раньше начала")
    form.locator("[name=day-0-spans-0-start]").fill("09:00")
    form.locator("[name=day-0-spans-0-end]").fill("13:00")
    for day in ("Вт", "Ср", "Чт", "Пт", "Сб", "Вс"):
        form.get_by_label(day, exact=True).check()
    form.locator("button").click()
    expect(doctor.locator(".kept__facts")).to_have_text(["9:00–13:00"] * 7)


def _sees_the_week(doctor: Page) -> None:
    doctor.goto("/consultations")
    doctor.get_by_role("link", name="Неделя").press("Enter")
    expect(doctor.locator(".week-grid__cell--hours")).to_have_count(7)
    doctor.get_by_role("link", name="Неделя позже").press("Enter")
    expect(doctor.get_by_role("link", name="Эта неделя")).to_be_visible()
    doctor.get_by_role("link", name="Список").press("Enter")
    expect(doctor.locator(".week-grid")).to_have_count(0)
    expect(doctor.locator(".week-list__line").filter(has_text="Часы приёма: 9:00–13:00")).to_have_count(7)


def _lets_a_calendar_have_it(doctor: Page) -> None:
    doctor.get_by_role("link", name="В свой календарь").click()
    doctor.get_by_role("button", name="Создать адрес").click()
    address = doctor.locator("#calendar-address").input_value()
    assert Calendar.from_ical(doctor.request.get(address).body())["X-WR-CALNAME"] == "iBolit"
    doctor.get_by_role("button", name="Сменить адрес").click()
    expect(doctor.locator("#calendar-address")).not_to_have_value(address)
    assert doctor.request.get(address).status == 404
