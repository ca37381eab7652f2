"""What a doctor types is not lost: with scripts it is kept while typing, without them by a button."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from chat_page import backstage
from conftest import DESKTOP, PHONE, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

from ibolit.extensions import db
from ibolit.models import Consultation, ConsultationState

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-03", "+7 900 000-01-01"
KEPT = re.compile("Черновик сохранён")


@pytest.fixture
def over(live: LiveClinic) -> Consultation:
    """One that goes on in the demo clinic, ended by its doctor."""
    with backstage(live):
        found = db.select(Consultation).where(Consultation.started_at.is_not(None), Consultation.doctor_id == 1)
        consultation = db.session.scalars(found).first()
        if consultation.state is ConsultationState.IN_PROGRESS:
            consultation.end(consultation.doctor.user)
        return consultation


def write(page: Page, over: Consultation) -> None:
    page.goto(f"/consultations/{over.id}/conclusion/new")


def text_of(page: Page) -> str:
    return page.input_value("[name=text]")


def test_draft_is_kept_and_given(visitors: Visitors, over: Consultation, no_complaints: Callable[[], None]) -> None:
    doctor = visitors.sign_in(DOCTOR)
    write(doctor, over)
    doctor.click("text=Первичная беседа")
    expect(doctor.locator(".write__state")).to_have_text(KEPT)
    assert text_of(doctor).startswith("Жалобы:\n")
    with doctor.expect_response(re.compile("/conclusion/draft")) as kept:
        doctor.keyboard.type("Сыпь на руке.")
    assert kept.value.status == 200
    typed = "Жалобы:\nСыпь на руке.\n"
    doctor.reload()
    assert text_of(doctor).startswith(typed)
    doctor.click("text=Повторная")
    expect(doctor.locator(".write__state")).to_contain_text("Шаблон не вставлен")
    assert text_of(doctor).startswith(typed)

    elsewhere = visitors.sign_in(DOCTOR, DESKTOP)
    write(elsewhere, over)
    assert text_of(elsewhere).startswith(typed)

    doctor.click("text=Отправить пациенту")
    expect(doctor.locator(".notice:has-text('Отправить так?')")).to_contain_text("Ничего не написано под заголовками")
    doctor.get_by_role("button", name="Отправить так").click()
    doctor.wait_for_url(f"**/consultations/{over.id}/conclusion")
    expect(doctor.locator(".paper")).to_contain_text("Сыпь на руке.")

    patient = visitors.sign_in(PATIENT)
    patient.goto(f"/chats/{over.chat_id}#end")
    expect(patient.locator(".told >> text=Открыть")).to_be_in_viewport()
    assert patient.evaluate("document.documentElement.scrollHeight <= window.innerHeight"), "the page outgrew the chat"
    patient.click(".told >> text=Открыть")
    expect(patient.locator(".paper")).to_contain_text("Сыпь на руке.")
    assert patient.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    no_complaints()


@pytest.mark.long
def test_leaving_a_conclusion_at_once_loses_nothing(
    visitors: Visitors, over: Consultation, no_complaints: Callable[[], None]
) -> None:
    doctor = visitors.sign_in(DOCTOR)
    write(doctor, over)
    doctor.fill("[name=text]", "Последнее слово")
    doctor.goto("/messages")
    with doctor.expect_response(re.compile("/conclusion/draft")):
        write(doctor, over)
        assert text_of(doctor) == "Последнее слово"
    elsewhere = visitors.sign_in(DOCTOR, DESKTOP)
    write(elsewhere, over)
    assert text_of(elsewhere) == "Последнее слово"
    no_complaints()


@pytest.mark.long
def test_conclusion_written_elsewhere_is_not_undone(
    visitors: Visitors, over: Consultation, no_complaints: Callable[[], None]
) -> None:
    doctor, elsewhere = visitors.sign_in(DOCTOR), visitors.sign_in(DOCTOR, DESKTOP)
    write(doctor, over)
    doctor.fill("[name=text]", "Начато на телефоне")
    doctor.goto("/messages")
    write(elsewhere, over)
    with elsewhere.expect_response(re.compile("/conclusion/draft")):
        elsewhere.fill("[name=text]", "Переписано за столом")
    write(doctor, over)
    assert text_of(doctor) == "Переписано за столом"
    no_complaints()


def test_button_keeps_the_conclusion_without_scripts(
    visitors: Visitors, over: Consultation, no_complaints: Callable[[], None]
) -> None:
    doctor = visitors.sign_in(DOCTOR, java_script_enabled=False)
    write(doctor, over)
    doctor.fill("[name=text]", "Без скриптов")
    doctor.click("text=Сохранить черновик")
    expect(doctor.locator(".write__state")).to_have_text(KEPT)
    assert text_of(doctor) == "Без скриптов"
    no_complaints()
