"""The patient beside the chat on a desktop, as a sheet on a phone: both sides write what is known and see it live."""

from __future__ import annotations

import pytest
from chat_page import open_chat
from conftest import DESKTOP, PHONE, Visitors
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

PATIENT, DOCTOR, COLLEAGUE = "+7 900 000-00-01", "8 900 000 01 01", "8 900 000 01 02"


def test_both_sides_write_what_is_known(visitors: Visitors) -> None:
    doctor, patient, colleague = (
        visitors.sign_in(DOCTOR, DESKTOP),
        visitors.sign_in(PATIENT),
        visitors.sign_in(COLLEAGUE),
    )
    open_chat(doctor)
    column = doctor.locator(".patient-column")
    expect(column.locator(".patient-column__name")).to_contain_text("Соколова Анна Павловна")
    expect(column).to_contain_text("женский пол")
    patient.goto("/patients/1/facts")
    _add(patient, "illness", "Астма")
    expect(column.locator("#facts-illness")).to_contain_text("Астма")
    open_chat(patient)
    _doctor_adds_an_allergy_and_goes_on_typing(doctor, patient)
    _patient_shows_it_to_all(patient)
    expect(column.locator("#facts-allergy li", has_text="Латекс")).not_to_contain_text("Видите только вы")
    expect(column.locator("#fact-allergy")).to_have_value("Ещё не добавлено")
    _colleague_reads_it_on_a_phone(colleague)
    column.locator("textarea[name=text]").fill("Боится уколов")
    expect(column.locator("#note [data-state]")).to_contain_text("Сохранено")
    assert visitors.complaints == []


def _add(page: Page, kind: str, text: str) -> None:
    page.click(f"#facts-{kind}-form summary")
    page.fill(f"#fact-{kind}", text)
    page.click(f"#facts-{kind}-form [type=submit]")
    expect(page.locator(f"#facts-{kind}")).to_contain_text(text)


def _doctor_adds_an_allergy_and_goes_on_typing(doctor: Page, patient: Page) -> None:
    """What is told live leaves what is typed beneath it alone."""
    _add(doctor, "allergy", "Латекс")
    expect(doctor.locator("#facts-allergy li", has_text="Латекс")).to_contain_text("Видите только вы и пациент")
    doctor.click("#facts-allergy-form summary")
    doctor.fill("#fact-allergy", "Ещё не добавлено")
    expect(patient.locator(".facts-question")).to_contain_text("отмечает аллергию: «Латекс»")


def _patient_shows_it_to_all(patient: Page) -> None:
    question = patient.locator(".facts-question", has_text="Латекс")
    question.locator("summary").click()
    question.get_by_role("button", name="Показать всем моим врачам").click()
    expect(question).to_have_count(0)


def _colleague_reads_it_on_a_phone(colleague: Page) -> None:
    """Their chat with the same patient: the name in its head opens the sheet, Back closes it."""
    assert colleague.viewport_size == PHONE
    colleague.goto("/messages")
    colleague.click(".row__link:has-text('Соколова')")
    expect(colleague.locator(".patient-column")).to_be_hidden()
    colleague.click(".chat__who")
    sheet = colleague.get_by_role("dialog", name="О пациенте")
    expect(sheet.locator("#facts-allergy")).to_contain_text("Латекс")
    expect(sheet.locator("#facts-illness")).to_contain_text("Астма")
    expect(sheet).not_to_contain_text("Боится уколов")
    colleague.go_back()
    expect(sheet).to_have_count(0)
