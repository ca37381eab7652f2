"""What every answer carries: the policy of the page, no framing, no caching of personal pages."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import Chat, Doctor

pytestmark = pytest.mark.any_database

PUBLIC = ["/login", "/login/phone", "/documents/offer", "/offline", "/demo/outbox", "/healthz", "/sw.js",
          "/manifest.webmanifest", "/nowhere", "/profile/email/1?token=abc"]  # fmt: skip
PERSONAL = ["/doctors", "/doctors/1", "/messages", "/chats/1", "/chats/1/messages?after=0", "/chats/1/tariffs",
            "/profile", "/consultations", "/consent", "/patients"]  # fmt: skip


def policy_of(answer: TestResponse) -> dict[str, str]:
    rules = answer.headers["Content-Security-Policy"].split("; ")
    return {name: values for name, _, values in (rule.partition(" ") for rule in rules)}


@pytest.mark.parametrize("url", PUBLIC + PERSONAL)
@pytest.mark.parametrize("who", ["visitor", "as_patient", "as_doctor"])
def test_every_answer_is_guarded(request: pytest.FixtureRequest, chat: Chat, who: str, url: str) -> None:
    browser: Browser = request.getfixturevalue(who)
    answer = browser.get(url)
    policy = policy_of(answer)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "*" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-iBolit"]  # what pages know our word by
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "Strict-Transport-Security" not in answer.headers  # the demo clinic has no https


@pytest.mark.parametrize("url", [*PERSONAL, "/login", "/nowhere"])
def test_personal_pages_are_kept_nowhere(as_patient: Browser, chat: Chat, url: str) -> None:
    assert as_patient.get(url).headers["Cache-Control"] == "private, no-store"


def test_sockets_of_old_webkit_are_named(visitor: Browser) -> None:
    assert policy_of(visitor.get("/login"))["connect-src"] == "'self' ws://127.0.0.1:8000"


@pytest.mark.parametrize("url", ["/login", "/doctors", "/messages", "/chats/1", "/profile", "/consent", "/offline"])
def test_pages_hold_nothing_inline_and_nothing_foreign(as_patient: Browser, chat: Chat, url: str) -> None:
    page = as_patient.get(url).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert not re.search(r"\s(?:style|on[a-z]+)=", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


SHOWN = ["/documents/offer", "/doctors", "/doctors/1", "/messages", "/chats/1", "/profile", "/consultations"]
FILE = re.compile(r'"(/(?:assets|static)/[^"]+)"')


def files_asked_for(browser: Browser) -> set[str]:
    """By the pages, the installed app's card and the service worker."""
    told = [browser.get(url) for url in (*SHOWN, "/manifest.webmanifest", "/sw.js")]
    assert {answer.status_code for answer in told} == {200}
    return {url.partition("#")[0] for answer in told for url in FILE.findall(answer.text.replace("'", '"'))}


def test_files_are_named_by_their_content_and_kept_forever(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    doctor.photo = "portraits/doctor-1.svg"
    db.session.commit()
    urls = files_asked_for(as_patient)
    assert {url.rpartition(".")[2] for url in urls} == {"css", "js", "png", "svg"}
    assert any("icon-192" in url for url in urls)
    for url in urls:
        answer = as_patient.get(url)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Content-Security-Policy" not in answer.headers  # it is for pages, and long
        gone = as_patient.get(re.sub(r"\.[0-9a-f]{12}\.", ".000000000000.", url))
        assert gone.status_code == 404
        assert policy_of(gone)["default-src"] == "'none'"
        assert gone.headers["Cache-Control"] == "private, no-store"


def test_scripts_never_hold_up_a_page(as_patient: Browser, chat: Chat) -> None:
    for url in SHOWN:
        for script in re.findall(r"<script[^>]*>", as_patient.get(url).text):
            assert " defer" in script or 'type="module"' in script


@pytest.mark.parametrize("algorithm", ["br", "gzip"])
def test_texts_come_packed(as_patient: Browser, chat: Chat, doctor: Doctor, algorithm: str) -> None:
    """A pipe of 2G takes half a second for three kilobytes."""
    doctor.photo = "portraits/doctor-1.svg"
    db.session.commit()
    told = {"headers": {"Accept-Encoding": algorithm}}
    answers = [as_patient.get(url, **told) for url in (*SHOWN, *files_asked_for(as_patient), "/manifest.webmanifest")]
    answers += [as_patient.get("/sw.js", **told), as_patient.get("/chats/1/tariffs", htmx=True, **told)]
    answers += [as_patient.get("/chats/1/messages?after=0", htmx=True, **told)]
    for answer in answers:
        plain = as_patient.get(answer.request.full_path, htmx="HX-Request" in answer.request.headers)
        if len(plain.data) >= 1024 and answer.mimetype.startswith(("text/", "image/svg", "application/manifest")):
            assert answer.headers["Content-Encoding"] == algorithm, answer.request.path
            assert len(answer.data) < len(plain.data)


def test_first_visit_is_compressed(visitor: Browser) -> None:
    answer = visitor.get("/login", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_pages_name_their_language_and_themselves(as_patient: Browser, doctor: Doctor) -> None:
    titles = {}
    for url in ("/login/phone", "/doctors", f"/doctors/{doctor.id}", "/messages", "/profile", "/consultations"):
        page = as_patient.get(url).text
        assert '<html lang="ru" ' in page
        title = re.search(r"<title>(.+) · Клиника «Айболит»</title>", page)
        assert title is not None
        titles[url] = title.group(1)
    assert len(set(titles.values())) == 6


@pytest.mark.parametrize("algorithm", ["br", "gzip"])
def test_files_are_packed_and_the_same_for_everybody(as_patient: Browser, algorithm: str) -> None:
    """Told to vary by cookie, a browser fetches them anew after every sign-in."""
    page = as_patient.get("/profile").text
    for url in re.findall(r'"(/(?:assets|static)/[^"]+)"', page):
        answer = as_patient.get(url, headers={"Accept-Encoding": algorithm})
        assert "Cookie" not in answer.headers["Vary"]
        assert "Set-Cookie" not in answer.headers
    css = as_patient.get(re.findall(r'"(/assets/[^"]+css)"', page)[0], headers={"Accept-Encoding": algorithm})
    assert css.headers["Content-Encoding"] == algorithm
    assert as_patient.get("/profile").headers["Vary"].count("Cookie") == 1
