"""«Запись за три касания»: a free time on a phone, from the doctor's page to the bank; another page sees it go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat_page import backstage
from conftest import PHONE, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

from ibolit.extensions import db
from ibolit.models import (
    AppointmentType,
    BookingRules,
    Consultation,
    ConsultationKind,
    Doctor,
    HoursSpan,
    RulesTerms,
    TypeTerms,
    WeeklyHours,
)

pytestmark = pytest.mark.journey

PYOTR, MARINA = "+7 900 000-00-02", "+7 900 000-00-03"
WEBER = 5
TYPE = TypeTerms("Приём по записи", ConsultationKind.VIDEO, 30, 2000_00)


@pytest.fixture
def host(live: LiveClinic) -> str:
    """The page of a doctor who offers one type, every day."""
    with backstage(live):
        doctor = db.session.get_one(Doctor, WEBER)
        for type in AppointmentType.offered_by(doctor.id):
            type.end()
        AppointmentType.add(doctor, TYPE)
        WeeklyHours.replace(doctor, [HoursSpan(day, 9 * 60, 18 * 60) for day in range(7)])
        BookingRules.set(doctor, RulesTerms("Europe/Moscow"))
    return f"/doctors/{WEBER}"


def newest(live: LiveClinic) -> Consultation:
    with backstage(live):
        made = Consultation.with_card_data().where(Consultation.is_booked).order_by(Consultation.id.desc())
        return db.session.scalars(made.limit(1)).unique().one()


def tap(page: Page, selector: str, *, to: str) -> None:
    page.locator(selector).first.click()
    page.wait_for_url(to)


def test_booked_by_three_taps_paid_and_moved(
    visitors: Visitors, live: LiveClinic, host: str, no_complaints: Callable[[], None]
) -> None:
    patient, other = visitors.sign_in(PYOTR, PHONE, has_touch=True), visitors.sign_in(MARINA, PHONE)
    other.goto(f"{host}/booking")
    first = other.locator(".booking__time").first
    wanted = first.get_attribute("href")
    expect(first).to_be_visible()

    patient.goto(host)
    tap(patient, "main >> text=Записаться", to="**/booking")
    assert patient.locator(".booking__time").first.bounding_box()["height"] >= 48  # type: ignore[index]
    tap(patient, f'.booking__time[href="{wanted}"]', to=f"**{wanted}")
    expect(patient.locator("#booking")).to_contain_text("Приём по записи")
    expect(patient.locator("#booking")).to_contain_text("решит клиника")  # what comes back, and until when
    tap(patient, "main >> text=Оплатить 2 000 ₽", to="**/demo/bank/**")

    # It is gone from the page that another has open, and the next one stands first.
    expect(other.locator(f'.booking__time[href="{wanted}"]')).to_have_count(0)
    expect(other.locator(".booking__time").first).to_be_visible()

    patient.click("text=Оплатить")
    expect(patient.locator(".outcome__title")).to_have_text("Оплачено")
    consultation = newest(live)
    patient.goto(f"/consultations/{consultation.id}")
    expect(patient.locator(".consultation__state")).to_contain_text("Подтверждена")

    # To another day: at once where it is early enough, else the doctor is asked; the page says which.
    patient.goto(f"/consultations/{consultation.id}/move")
    days = patient.locator(".booking__days .chip")
    day = days.nth(4).inner_text()
    days.nth(4).tap()
    expect(patient.locator(".booking__days .chip--on")).to_have_text(day)
    patient.locator(".booking__time").first.tap()
    patient.wait_for_url("**/move/*")
    says_at_once = "Время изменится сразу" in patient.locator("#booking").inner_text()
    patient.locator("#booking .button--main").tap()
    patient.wait_for_url(f"**/consultations/{consultation.id}")
    moved = newest(live)
    assert (moved.starts_at != consultation.starts_at) is says_at_once
    assert (moved.reschedule_request is None) is says_at_once


@pytest.mark.long
def test_booked_and_moved_without_scripts(visitors: Visitors, live: LiveClinic, host: str) -> None:
    """Links and forms alone; the bank's page of ours has a link, for no form leads to a foreign site."""
    patient = visitors.sign_in(MARINA, PHONE, java_script_enabled=False)
    patient.goto(host)
    tap(patient, "main >> text=Записаться", to="**/booking")
    patient.locator(".booking__days .chip").nth(5).click()
    patient.wait_for_url("**day=*")
    wanted = patient.locator(".booking__time").first.get_attribute("href")
    tap(patient, f'.booking__time[href="{wanted}"]', to=f"**{wanted}")
    tap(patient, "main >> text=Оплатить 2 000 ₽", to="**/payments/*")
    consultation = newest(live)
    assert consultation.is_hold
    patient.goto(f"/consultations/{consultation.id}/move")
    patient.locator(".booking__days .chip").last.click()
    patient.wait_for_url("**day=*")
    patient.locator(".booking__time").first.click()
    expect(patient.locator("#booking")).to_contain_text(
        "Врачу придёт просьба"
    )  # what is not paid yet is not the patient's to move
    patient.locator("#booking .button--main").click()
    patient.wait_for_url(f"**/consultations/{consultation.id}")
    assert newest(live).reschedule_request is not None
