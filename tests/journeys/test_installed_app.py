"""Installed, the app has no browser's sign of a page on its way: plain links show the line that htmx shows."""

from __future__ import annotations

import pytest
from conftest import Visitors

pytestmark = [pytest.mark.journey, pytest.mark.long]

PATIENT = "+7 900 000-00-01"
INSTALLED = "Object.defineProperty(navigator, 'standalone', { value: true })"
# What stood on the page when it was left: Playwright itself waits while another one is on its way.
NOTE = (
    "addEventListener('pagehide', () => sessionStorage.setItem('line', document.getElementById('progress').className))"
)


@pytest.mark.parametrize("is_installed", [True, False])
def test_plain_link_shows_that_its_page_is_on_the_way(visitors: Visitors, is_installed: bool) -> None:
    patient = visitors.sign_in(PATIENT, service_workers="block")
    patient.add_init_script(f"{INSTALLED if is_installed else ''};{NOTE}")
    patient.goto("/messages")
    patient.click('.tabs a[href="/consultations"]')
    patient.wait_for_url("**/consultations")
    assert ("progress--on" in patient.evaluate("sessionStorage.getItem('line')")) is is_installed
    assert "progress--on" not in (patient.get_attribute("#progress", "class") or "")
