"""What makes the site an app, and what only the demo clinic has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import brotli
import pytest
from browser import Browser
from factories import later, say
from flask import Flask
from PIL import Image

from ibolit import assets
from ibolit.blueprints.pwa.service_worker import ServiceWorker
from ibolit.blueprints.pwa.splash import GROUNDS, SCREENS
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Chat, Doctor, LoginCode, User

pytestmark = pytest.mark.any_database


def test_manifest_is_served_from_the_top(visitor: Browser, clinic: Flask) -> None:
    answer = visitor.get("/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    manifest = json.loads(answer.data)
    assert manifest["lang"] == "ru"
    assert manifest["start_url"].startswith("/")
    assert manifest["display"] == "standalone"
    for picture in (*manifest["icons"], *manifest["screenshots"]):
        size = Image.open(BytesIO(visitor.get(picture["src"]).data)).size
        assert picture["sizes"] == f"{size[0]}x{size[1]}"


def test_service_worker_keeps_what_the_offline_page_needs(visitor: Browser) -> None:
    answer = visitor.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    first = answer.text.splitlines()[0]
    version, kept = re.fullmatch(r'var VERSION = "(\w+)", ASSETS = (.*);', first).groups()
    assert f'data-version="{version}"' in visitor.get("/login").text
    kept = json.loads(kept)
    assert "/offline" in kept
    for url in kept:
        assert visitor.get(url).status_code == 200


def test_worker_is_asked_for_with_every_page_and_sent_once(visitor: Browser) -> None:
    plain, packed = visitor.get("/sw.js"), visitor.get("/sw.js", headers={"Accept-Encoding": "br"})
    assert brotli.decompress(packed.data) == plain.data
    again = visitor.get("/sw.js", headers={"Accept-Encoding": "br", "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_version_changes_with_what_the_offline_page_says(visitor: Browser, app: Flask) -> None:
    version = app.extensions["ibolit_service_worker"].version
    settings = replace(app.extensions["ibolit_settings"], clinic_phone="+7 495 111-11-11")
    moved = SimpleNamespace(extensions=app.extensions | {"ibolit_settings": settings})
    assert ServiceWorker(moved).version != version


def test_pass_of_the_worker_sends_a_letter_of_that_person_only(
    as_patient: Browser, as_stranger: Browser, visitor: Browser, chat: Chat, patient: User
) -> None:
    assert visitor.get("/worker/pass").status_code == 401
    given = as_patient.get("/worker/pass")
    assert given.headers["Cache-Control"] == "private, no-store"
    assert given.json["viewer"] == patient.id
    letter = {"text": "Из туннеля", "client_id": "abcdef123456"}
    headers = {"X-CSRFToken": given.json["token"], "HX-Request": "true"}
    posted = {"method": "POST", "data": letter, "headers": headers}
    assert as_stranger.open(f"/chats/{chat.id}/messages", **posted).status_code == 400
    assert as_patient.open(f"/chats/{chat.id}/messages", **posted).status_code == 200


def test_notices_of_unread_chats_only_may_stay(
    as_patient: Browser, as_stranger: Browser, visitor: Browser, chat: Chat, doctor: Doctor
) -> None:
    chat_id = chat.id
    assert as_patient.get("/worker/unread").json == {"chats": []}
    say(chat, doctor.user, "Пришли анализы")
    assert as_patient.get("/worker/unread").json == {"chats": [chat_id]}
    assert as_stranger.get("/worker/unread").json == {"chats": []}
    as_patient.get(f"/chats/{chat_id}")
    assert as_patient.get("/worker/unread").json == {"chats": []}
    assert visitor.get("/worker/unread").status_code == 401


IPHONE_6 = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 Version/12.1.2 Safari/604.1"
IPAD = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3"
IPHONE_5 = "Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_4 like Mac OS X) AppleWebKit/603.3.8 Version/10.0 Safari/602.1"
CHROME_ON_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"


@pytest.mark.parametrize("agent", [IPHONE_6, IPAD])
def test_apple_screen_opens_with_a_picture_of_its_very_size(visitor: Browser, agent: str) -> None:
    page = visitor.get("/login", headers={"User-Agent": agent}).text
    assert '<meta name="apple-mobile-web-app-capable" content="yes">' in page
    links = re.findall(r'<link rel="apple-touch-startup-image" media="([^"]+)" href="([^"]+)">', page)
    assert len(links) == len({media for media, _ in links}) == 2 * len(SCREENS)
    for media, href in links:
        width, height, density = (int(number) for number in re.findall(r":(\d+)", media))
        upright = width * density, height * density
        picture = Image.open(BytesIO(visitor.get(href).data)).convert("RGB")
        assert picture.size == (upright if "portrait" in media else upright[::-1])
        (scheme,) = re.findall(r"scheme:(\w+)", media)
        assert bytes(picture.getpixel((0, 0))).hex() == GROUNDS[scheme].lower()[1:]


@pytest.mark.parametrize("agent", [IPHONE_5, CHROME_ON_MAC, ""])
def test_others_are_spared_the_links(visitor: Browser, agent: str) -> None:
    page = visitor.get("/login", headers={"User-Agent": agent}).text
    assert "startup-image" not in page
    assert "web-app-capable" not in page


def test_splash_has_the_colour_of_the_page(clinic: Flask) -> None:
    tokens = (Path(clinic.root_path) / "static/css/tokens.css").read_text()
    assert re.findall(r"--ground: (#\w+);", tokens)[:2] == [ground.lower() for ground in GROUNDS.values()]


def test_home_screen_is_asked_about_once(as_patient: Browser) -> None:
    page = as_patient.get("/home-screen").text
    assert page.index("Android") < page.index("iPhone и iPad")
    iphone = as_patient.get("/home-screen", headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4)"}).text
    assert iphone.index("iPhone и iPad") < iphone.index("Android")
    answer = as_patient.post("/home-screen", htmx=True)
    assert answer.status_code == 204
    assert "home-screen=answered" in answer.headers["Set-Cookie"]
    as_patient.post("/logout")
    assert as_patient.client.get_cookie("home-screen").value == "answered"


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


def scripts_of(page: str) -> list[str]:
    return re.findall(r'<script src="/assets/([a-z]+)\.', page)


def test_sign_in_brings_no_script_that_only_the_signed_in_need(visitor: Browser, as_patient: Browser) -> None:
    """Whoever comes first on a slow line waits for no chat. The worker keeps /offline for whoever is here later."""
    assert scripts_of(visitor.get("/login").text) == ["app", "modern"]
    assert scripts_of(as_patient.get("/messages").text) == ["app", "home", "modern", "inside"]
    assert scripts_of(as_patient.get("/documents/offer").text) == ["app", "home", "modern"]
    assert scripts_of(as_patient.get("/offline").text) == ["app", "modern"]


def test_each_script_comes_once(clinic: Flask) -> None:
    assert set(assets.JS) & set(assets.INSIDE_JS) == set()
    written = {f"js/{path.name}" for path in (assets.STATIC / "js").glob("*.js")}
    named = (*assets.JS, *assets.INSIDE_JS, assets.URGENT)
    assert written == {path for path in named if path.startswith("js/")}
