"""The patient's column in their doctor's call: what is typed there is kept, and goes on in whichever window has it."""

from __future__ import annotations

import pytest
from call_page import DOCTOR, agree, enter
from conftest import DESKTOP, PHONE, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.long]

CONTROL = ".control[data-do=patient]"


def test_draft_is_kept_while_one_types(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    enter(doctor, id)
    column = doctor.locator(".call__patient")
    expect(column.locator(".patient-column__name")).to_contain_text("Соколова Анна Павловна")  # there by itself
    _write(doctor, "Жалобы:\nголовная боль")
    doctor.click(CONTROL)
    expect(column).to_be_hidden()
    doctor.click(CONTROL)
    expect(column.locator("#draft-text")).to_have_value("Жалобы:\nголовная боль")
    doctor.reload()
    expect(column.locator("#draft-text")).to_have_value("Жалобы:\nголовная боль")

    other = visitors.sign_in(DOCTOR, PHONE)
    enter(other, id)  # the newest page has the call; what was begun on the other one goes on
    expect(other.locator(".call__patient")).to_be_hidden()
    other.click(".call__summary")
    other.click(".call__choice[data-do=patient]")
    _write(other, "Жалобы:\nголовная боль, тошнота")
    doctor.reload()  # and takes it back
    expect(column.locator("#draft-text")).to_have_value("Жалобы:\nголовная боль, тошнота")


def _write(page: Page, words: str) -> None:
    with page.expect_response("**/conclusion/draft"):
        page.fill("#draft-text", words)
    expect(page.locator("#draft [data-state]")).to_contain_text("Черновик сохранён")
