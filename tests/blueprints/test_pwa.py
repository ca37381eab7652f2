"""What makes the site an app, and what only the demo clinic has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from conftest import Browser
from factories import later
from flask import Flask

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import LoginCode


def test_manifest_is_served_from_the_top(visitor: Browser, clinic: Flask) -> None:
    answer = visitor.get("/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    manifest = json.loads(answer.data)
    assert manifest["lang"] == "ru"
    assert manifest["start_url"].startswith("/")
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert visitor.get(icon["src"]).status_code == 200


def test_service_worker_keeps_what_the_offline_page_needs(visitor: Browser) -> None:
    answer = visitor.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    first = answer.text.splitlines()[0]
    kept = json.loads(re.sub(r"^var ASSETS = (.*);$", r"\1", first))
    assert "/offline" in kept
    for url in kept:
        assert visitor.get(url).status_code == 200


def test_offline_page_names_the_clinic_and_knows_nobody(as_patient: Browser, visitor: Browser) -> None:
    page = visitor.get("/offline").text
    assert "+7 495 000-00-00" in page
    assert "103" in page
    assert as_patient.get("/offline").text == page


def test_clinic_without_a_phone_shows_none(visitor: Browser, change_settings: Callable[..., None]) -> None:
    change_settings(clinic_phone="")
    assert "Телефон клиники" not in visitor.get("/offline").text


def test_alive_as_long_as_the_database_answers(visitor: Browser) -> None:
    answer = visitor.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_icon_that_browsers_ask_for_by_themselves(visitor: Browser) -> None:
    assert visitor.get("/favicon.ico").mimetype == "image/png"


def test_live_wants_a_socket(as_patient: Browser, visitor: Browser) -> None:
    for browser in (as_patient, visitor):
        assert browser.get("/live").status_code == 400


# The demo outbox


def test_outbox_shows_everything_newest_first_to_everybody(visitor: Browser) -> None:
    assert "Пока ничего не отправлено" in visitor.get("/demo/outbox").text
    for number in range(2):
        later(minutes=number)
        LoginCode.ask(f"+791600000{number:02}", "192.0.2.1")
        db.session.commit()
        run_due()
    page = visitor.get("/demo/outbox").text
    assert page.index("+79160000001") < page.index("+79160000000")
    assert len(re.findall(r"код \d{6}", page)) == 2
