"""A consultation by two people in two browsers: agreed, paid, met; and by a patient without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from call_page import press
from chat_page import backstage, open_chat
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Locator, Page, expect

from ibolit.extensions import db
from ibolit.models import Chat, Consultation
from ibolit.services import clock

pytestmark = pytest.mark.journey

PYOTR, IVANOVA = "+7 900 000-00-02", "+7 900 000-01-01"
CHAT = "/chats/6"


def propose(doctor: Page, *, price: str) -> None:
    open_chat(doctor, CHAT)
    doctor.click(".access-bar >> text=Консультация")
    expect(doctor.locator("#proposal")).to_be_visible()
    doctor.fill("[name=price]", price)
    with doctor.expect_navigation():
        doctor.click("#proposal >> text=Предложить")


def newest(live: LiveClinic) -> int:
    with backstage(live):
        return db.session.scalars(db.select(Consultation.id).order_by(Consultation.id.desc()).limit(1)).one()


def bring_near(live: LiveClinic, consultation_id: int, seconds: float) -> None:
    """Its button opens in so many seconds."""
    with backstage(live):
        consultation = db.session.get_one(Consultation, consultation_id)
        length = consultation.ends_at - consultation.starts_at
        consultation.starts_at = clock.now() + timedelta(minutes=10, seconds=seconds)
        consultation.ends_at = consultation.starts_at + length


def card(page: Page, consultation_id: int) -> Locator:
    return page.locator(f"#consultation-{consultation_id}")


def test_consultation_proposed_paid_met_and_ended(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    patient, doctor = visitors.sign_in(PYOTR), visitors.sign_in(IVANOVA, DESKTOP)
    open_chat(patient, CHAT)
    propose(doctor, price="1 500")
    consultation_id = newest(live)
    # On both screens at once; the patient's button says why it does not work.
    expect(card(doctor, consultation_id)).to_be_visible()
    expect(card(patient, consultation_id).get_by_text("Сначала оплатите консультацию")).to_be_visible()
    card(patient, consultation_id).get_by_role("button", name="Оплатить").click()
    patient.wait_for_url("**/demo/bank/**")
    patient.click("text=Оплатить")
    expect(patient.locator(".outcome__title")).to_have_text("Оплачено")
    patient.click("text=К консультации")
    expect(card(patient, consultation_id)).to_contain_text("Откроется за 10 минут до начала")
    expect(card(doctor, consultation_id)).to_contain_text("Подтверждена")
    expect(card(doctor, consultation_id)).to_contain_text("Оплачено")
    # The minute comes, and the button works without a reload.
    bring_near(live, consultation_id, 4)
    for page in (patient, doctor):
        page.goto(f"/consultations/{consultation_id}")
        expect(card(page, consultation_id).locator("button[disabled]", has_text="Готов общаться")).to_be_visible()
    expect(card(patient, consultation_id).locator("button:not([disabled])", has_text="Готов общаться")).to_be_visible()
    card(patient, consultation_id).locator("button:not([disabled])", has_text="Готов общаться").click()
    expect(card(patient, consultation_id)).to_contain_text("Ждём врача")
    expect(card(doctor, consultation_id)).to_contain_text("Пациент: здесь")
    card(doctor, consultation_id).locator("button:not([disabled])", has_text="Готов общаться").click()
    for page in (patient, doctor):
        page.wait_for_url(f"**/consultations/{consultation_id}/call")
    press(doctor, "end")
    doctor.click("text=Завершить консультацию")
    doctor.wait_for_url(f"**/consultations/{consultation_id}/conclusion/new")
    expect(card(patient, consultation_id)).to_contain_text("Состоялась")
    no_complaints()


def test_free_consultation_asked_for_moved_and_cancelled(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    patient, doctor = visitors.sign_in(PYOTR), visitors.sign_in(IVANOVA, DESKTOP)
    open_chat(doctor, CHAT)
    open_chat(patient, CHAT)
    patient.click(".clip__button")
    patient.click("text=Попросить консультацию")
    patient.fill("[name=wishes]", "Завтра после обеда")
    with patient.expect_navigation():
        patient.click("#asking .button--main")
    doctor.locator(".consultation--request", has_text="Завтра после обеда").get_by_text("Предложить время").click()
    expect(doctor.locator("#proposal")).to_contain_text("Пациент просит: Завтра после обеда")
    # One press fills in the day and the hour.
    offered = doctor.locator(".offered .chip").nth(2)
    offered.click()
    expect(offered).to_have_attribute("aria-pressed", "true")
    expect(doctor.locator("[name=day]")).to_have_value(offered.get_attribute("data-day") or "")
    expect(doctor.locator("[name=time]")).to_have_value((offered.text_content() or "")[-5:])
    doctor.fill("[name=price]", "0")
    with doctor.expect_navigation():
        doctor.click("#proposal >> text=Предложить")
    consultation_id = newest(live)
    expect(patient.locator(".consultation--request", has_text="Завтра после обеда")).to_contain_text(
        "Врач предлагает время"
    )
    # Another time, by the patient, who has not confirmed yet; the doctor's list hears it; one yes is enough.
    expect(card(patient, consultation_id).get_by_role("button", name="Подтвердить")).to_be_visible()
    doctor.goto("/consultations")
    patient.goto(f"/consultations/{consultation_id}/time")
    with backstage(live):
        start = db.session.get_one(Consultation, consultation_id).starts_at + timedelta(days=4)
    patient.fill("[name=day]", f"{start:%Y-%m-%d}")
    with patient.expect_navigation():
        patient.get_by_role("button", name="Предложить", exact=True).click()
    card(doctor, consultation_id).get_by_role("button", name="Принять новое время").click()
    for page in (patient, doctor):
        expect(card(page, consultation_id)).to_contain_text("Подтверждена")
    expect(card(patient, consultation_id).get_by_role("button", name="Подтвердить")).to_have_count(0)
    expect(card(patient, consultation_id).locator(".consultation__reschedule")).to_have_count(0)
    expect(card(patient, consultation_id).locator(".consultation__day")).to_contain_text(f"{start.day} ")
    # «Отменить» stands under «Ещё», which stays open while the card is told anew.
    card(patient, consultation_id).get_by_text("Ещё").click()
    card(patient, consultation_id).get_by_role("link", name="Отменить").click()
    patient.get_by_text("Не подходит время").click()
    with patient.expect_navigation():
        patient.get_by_role("button", name="Отменить консультацию").click()
    expect(card(patient, consultation_id)).to_contain_text("Вы отменили: не подходит время")
    # In the doctor's list it is past now.
    past = doctor.locator(".agenda__group", has=doctor.get_by_role("heading", name="Прошедшие"))
    expect(past.locator(f"#consultation-{consultation_id}")).to_contain_text("Отменена пациентом")
    no_complaints()


# A choice made in the very moment the form has come. htmx used to give a new form its handlers 20 ms after showing it.
CHOOSES_AT_ONCE = """() => new MutationObserver((_, observer) => {
    const time = document.querySelector('[name=time]');
    if (!time) return;
    observer.disconnect();
    time.value = '16:00';
    time.dispatchEvent(new Event('change', { bubbles: true }));
}).observe(document.body, { childList: true, subtree: true })"""


def test_patient_without_scripts_comes_to_a_consultation(visitors: Visitors, live: LiveClinic) -> None:
    doctor = visitors.sign_in(IVANOVA, DESKTOP)
    patient = visitors.sign_in(PYOTR, java_script_enabled=False)
    with backstage(live):
        db.session.get_one(Chat, 6).patient.choose_zone("Asia/Vladivostok")
    open_chat(doctor, CHAT)
    doctor.evaluate(CHOOSES_AT_ONCE)
    doctor.click(".access-bar >> text=Консультация")
    expect(doctor.locator("#patient-time")).to_contain_text(re.compile(r"У пациента будет\s.*\s+23:00 \(МСК\+7\)"))
    propose(doctor, price="700")
    consultation_id = newest(live)
    patient.goto(CHAT)
    card(patient, consultation_id).get_by_role("button", name="Оплатить").click()
    patient.click("text=Перейти к оплате")
    patient.click("text=Оплатить")
    expect(card(doctor, consultation_id)).to_contain_text("Оплачено")
    bring_near(live, consultation_id, 0)
    patient.goto("/consultations")
    card(patient, consultation_id).locator(".consultation__link").click()
    card(patient, consultation_id).get_by_role("button", name="Готов общаться").click()
    expect(card(patient, consultation_id)).to_contain_text("Ждём врача")
    doctor.goto(f"/consultations/{consultation_id}")
    card(doctor, consultation_id).get_by_role("button", name="Готов общаться").click()
    doctor.wait_for_url("**/call")
    patient.wait_for_url("**/call", timeout=30_000)  # by the page's own reloading
