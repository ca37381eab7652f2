"""Installed, the app has no browser's sign of a page on its way: plain links show the line that htmx shows."""

from __future__ import annotations

import re

import pytest
from conftest import Visitors
from playwright.sync_api import Route, expect

pytestmark = [pytest.mark.journey, pytest.mark.long]

PATIENT = "+7 900 000-00-01"
INSTALLED = "Object.defineProperty(navigator, 'standalone', { value: true })"
ON = re.compile(r"\bprogress--on\b")


def test_plain_link_shows_that_its_page_is_on_the_way(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT, service_workers="block")
    patient.add_init_script(INSTALLED)
    patient.goto("/messages")
    held: list[Route] = []
    patient.route("**/consultations", lambda route: held.append(route))
    line = patient.locator("#progress")
    expect(line).not_to_have_class(ON)
    patient.click('.tabs a[href="/consultations"]', no_wait_after=True)
    expect(line).to_have_class(ON)
    held[0].continue_()
    patient.wait_for_url("**/consultations")
    expect(line).not_to_have_class(ON)
