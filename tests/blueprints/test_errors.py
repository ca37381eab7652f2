"""What went wrong, as a page and as a fragment, in Russian, with what to do next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from browser import Browser
from factories import PASSWORD, later, say
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Message, User

SUPPORT = 'href="mailto:support@ibolit.pro"'


def is_error(answer: TestResponse, status: int, words: str, *, htmx: bool) -> None:
    assert answer.status_code == status
    assert words in answer.text
    assert SUPPORT in answer.text
    assert "HX-Request" in answer.headers["Vary"]
    if htmx:
        assert answer.text.startswith('<p class="notice')
        assert answer.headers["HX-Retarget"] == "#notices"
        assert answer.headers["HX-Reswap"] == "innerHTML"
    else:
        assert "<html" in answer.text
        assert 'href="/messages"' in answer.text
        assert f"Код ошибки {status}" in answer.text


@pytest.fixture(params=[True, False], ids=["htmx", "page"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize(
    "url", ["/nowhere", "/chats/1", "/chats/x", "/doctors/999", f"/chats/{10**30}", "/static/none.css"]
)
def test_404(as_stranger: Browser, chat: Chat, url: str, htmx: bool) -> None:
    is_error(as_stranger.get(url, htmx=htmx), 404, "Здесь ничего нет", htmx=htmx)


def test_404_for_a_visitor(visitor: Browser, htmx: bool) -> None:
    is_error(visitor.get("/nowhere", htmx=htmx), 404, "Здесь ничего нет", htmx=htmx)


def test_403(as_doctor: Browser, htmx: bool) -> None:
    is_error(as_doctor.post("/chats", {"doctor_id": 1}, htmx=htmx), 403, "Сюда нельзя", htmx=htmx)


def test_405(as_patient: Browser, htmx: bool) -> None:
    is_error(as_patient.get("/chats", htmx=htmx), 405, "Так эта страница не открывается", htmx=htmx)


def test_413(as_patient: Browser, chat: Chat, htmx: bool) -> None:
    letter: dict[str, object] = {"text": "я" * 300_000, "client_id": "abcdef123456"}
    answer = as_patient.post(f"/chats/{chat.id}/messages", letter, htmx=htmx)
    is_error(answer, 413, "Слишком много данных", htmx=htmx)


def test_429(visitor: Browser, patient: User) -> None:
    for _ in range(11):
        answer = visitor.post("/login", {"login": patient.phone, "password": "wrong horse"})
    assert answer.status_code == 429
    assert "Слишком много попыток" in answer.text
    assert SUPPORT in answer.text
    assert PASSWORD not in answer.text


def test_500_says_sorry_and_logs_no_words(
    as_patient: Browser, clinic: Flask, htmx: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "Болит голова у +79161234567"

    def stumble() -> None:
        raise RuntimeError(words)

    monkeypatch.setitem(clinic.view_functions, "consultations.index", stumble)
    monkeypatch.setattr(clinic, "testing", False)
    is_error(as_patient.get("/consultations?q=болит", htmx=htmx), 500, "У нас ошибка", htmx=htmx)
    assert "/consultations failed: RuntimeError" in caplog.text
    assert "stumble" in caplog.text
    for secret in ("Болит", "916", "%D0", "болит"):
        assert secret not in caplog.text


def test_after_a_500_the_next_page_works(
    as_patient: Browser, clinic: Flask, chat: Chat, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the broken request began is rolled back and tells nobody."""
    say(chat, doctor.user)
    with monkeypatch.context() as patch:
        patch.setattr("ibolit.blueprints.chat.views.inbox_page", lambda *_: 1 / 0)
        patch.setattr(clinic, "testing", False)
        assert as_patient.get(f"/chats/{chat.id}").status_code == 500
    assert as_patient.get(f"/chats/{chat.id}").status_code == 200


# CSRF


CHAT = ["/chats", "/chats/1/messages", "/chats/1/uploads", "/chats/1/receipts", "/chats/1/typing", "/messages/search"]
CHAT += [
    "/chats/1/archiving",
    "/chats/1/closing",
    "/chats/1/dismissal",
    "/messages/1/recall",
    "/chats/1/search",
    "/doctors/search",
]
PROFILE = ["name", "email", "zone", "password", "devices/1/end", "devices/others/end", "email/1", "payments/1/refunds"]
PROFILE += ["confirmation/email", "confirmation/email/code", "confirmation/email/check"]
PROFILE += ["birth-date", "birth-date/suggestion", "sex", "erasure", "erasure/undo"]
PROFILE += ["phone", "phone/codes", "phone/again", "family/child", "family/1", "family/1/removal"]
PROFILE += ["notifications", "push", "push/check", "push/end", "push/offer"]
MONEY = [
    "/payments/1/email",
    "/chats/1/payments",
    "/payments/return/1/check",
    "/demo/bank/1/decision",
    "/operator/payments/1/refunds",
]
MONEY += [f"/operator/refunds/1/{action}" for action in ("approval", "refusal", "repeat")]
DOOR = ["/login", "/login/phone", "/login/code", "/login/code/again", "/login/password", "/consent", "/logout"]
DOOR += [f"/login/whose{end}" for end in ("", "/code", "/mail", "/new")]
CONSULTATION = [
    "confirmation",
    "payments",
    "time",
    "choice",
    "time/acceptance",
    "time/refusal",
    "cancellation",
    "readiness",
    "delay",
]
CONSULTATION += [
    "end",
    "complaint",
    "conclusion/new",
    "conclusion/draft",
    "review",
    "call/report",
    "call/phone",
    "handover",
]
CONSULTATIONS = [
    *(f"/consultations/1/{part}" for part in CONSULTATION),
    "/consultations/1/move/1",
    "/doctors/1/booking/1/1",
    "/chats/1/consultations",
    "/chats/1/consultation-requests",
]
POSTS = [
    *CHAT,
    *(f"/profile/{part}" for part in PROFILE),
    *MONEY,
    *DOOR,
    *CONSULTATIONS,
    *(f"/family/relatives{way}" for way in ("", "/1/code", "/1/sending", "/1/removal")),
    *("/family/permissions/1/ending", "/family/1/death", "/family/1/death/undoing", "/i/abc/birth-date"),
    *(f"/consultations/1/{part}" for part in ("child-consent", "child-code", "child-code/check")),
    "/chats/1/own-phone",
    "/h/1",
    "/n/1",
    "/home-screen",
]
PRACTICE = [
    "answers",
    "introduction",
    "terms",
    "reachability",
    "directory",
    "photo",
    "photo/removal",
    "tariffs",
    "tariffs/1",
    "time-off",
    "time-off/1",
    "time-off/1/end",
    "appointment-types",
    "appointment-types/1",
    "appointment-types/1/offer",
    "appointment-types/1/place",
    "hours/0",
    "booking-rules",
    "calendar",
    "calendar/removal",
]
PRACTICE += [f"tariffs/1/{action}" for action in ("visibility", "mark", "place")]
POSTS += [f"/practice/{part}" for part in PRACTICE] + ["/patients/search", "/patients/1/note", "/patients/1/days"]
POSTS += ["/patients/1/facts", *(f"/facts/1/{part}" for part in ("text", "removal", "restoration", "sharing"))]
POSTS += ["/chats/1/subject", "/messages/1/subject", "/profile/family/suggestion", "/profile/family/suggestion/refusal"]
POSTS += [
    "/stand-in-offers/1/choice",
    "/replies",
    "/replies/uses",
    "/replies/1",
    "/replies/1/place",
    "/replies/1/removal",
]
POSTS += [
    f"/invitations{way}"
    for way in ("", "/1/sending", "/1/withdrawal", "/imports", "/imports/1/columns", "/imports/1/sending")
]
POSTS += [f"/profile/my-data/{part}" for part in ("copy", "copy/removal", "consents/offer/withdrawal")]
POSTS += ["/operator/payments/search", "/operator/alerts/1/closing", "/operator/refunds/1/otherwise"]
POSTS += [f"/i/abc{way}" for way in ("", "/password", "/chat", "/exit")]
# The first has no session to misuse (see test_webhooks), the secret of the other is its old address (see test_push).
WITHOUT_A_PAGE = {"/webhooks/yookassa", "/profile/push/renewal"}


def test_every_post_is_in_the_list(clinic: Flask) -> None:
    rules = {str(rule) for rule in clinic.url_map.iter_rules() if "POST" in (rule.methods or ())}
    adapter = clinic.url_map.bind("")
    assert {str(adapter.match(url, "POST", return_rule=True)[0]) for url in POSTS} == rules - WITHOUT_A_PAGE


@pytest.mark.any_database
@pytest.mark.parametrize("url", [url for url in POSTS if url != "/login"])  # see test_whose_form
@pytest.mark.parametrize("token", [None, "", "forged"])
def test_post_without_the_pages_token_is_refused(as_patient: Browser, chat: Chat, url: str, token: str | None) -> None:
    headers = {} if token is None else {"X-CSRFToken": token}
    for more in ({}, {"HX-Request": "true"}):
        answer = as_patient.open(url, method="POST", data={"text": "Болит"}, headers=headers | more)
        is_error(answer, 400, "Страница устарела", htmx=bool(more))


def test_token_of_another_browser_is_refused(as_patient: Browser, as_stranger: Browser, chat: Chat) -> None:
    headers = {"X-CSRFToken": as_stranger.token()}
    assert as_patient.open(f"/chats/{chat.id}/typing", method="POST", headers=headers).status_code == 400


def test_token_may_come_in_the_form(as_patient: Browser) -> None:
    letter = {"name": "Анна Петрова", "csrf_token": as_patient.token()}
    assert as_patient.open("/profile/name", method="POST", data=letter).status_code == 303


@pytest.mark.parametrize("url", ["/messages", "/login", "/chats/1/messages?after=0"])
def test_503_when_the_database_is_away(
    as_patient: Browser, clinic: Flask, url: str, htmx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is away: a page of ours that says when to come again, and pages and proxies read it, too."""

    def is_away(*_args: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(clinic, "testing", False)
    event.listen(db.engine, "before_cursor_execute", is_away)
    try:
        answer = as_patient.get(url, htmx=htmx)
    finally:
        event.remove(db.engine, "before_cursor_execute", is_away)
    is_error(answer, 503, "Сервер занят", htmx=htmx)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-iBolit"]


@pytest.fixture
def locked(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """Another program holds the database, as a copying tool or an editor of tables does; nobody waits long here."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL locks rows")
    monkeypatch.setattr(clinic, "testing", False)

    def impatient(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=50")

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", impatient)
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()
    event.remove(db.engine, "connect", impatient)
    db.session.remove()
    db.engine.dispose()


def test_another_program_on_sqlite_loses_nothing(
    as_patient: Browser, chat: Chat, htmx: bool, locked: sqlite3.Connection
) -> None:
    """A page that only reads is shown; what must write says when to come again, and is done once when it comes."""
    page, letter = f"/chats/{chat.id}/messages", {"text": "Болит", "client_id": "locked-0001"}
    locked.execute("ROLLBACK")
    token = as_patient.token()
    locked.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        answer = as_patient.open(
            page, method="POST", data=letter | {"csrf_token": token}, headers={"HX-Request": "true"} if htmx else {}
        )
        is_error(answer, 503, "Сервер занят", htmx=htmx)
        assert "ничего не потеряно" in answer.text
        assert int(answer.headers["Retry-After"]) > 0
    locked.execute("ROLLBACK")
    for _ in range(2):
        answer = as_patient.post(page, letter, htmx=htmx)
        assert answer.status_code in (200, 303)
    assert [message.text for message in db.session.scalars(db.select(Message))] == ["Болит"]


@pytest.mark.parametrize("is_due", [True, False])  # to write that the person is here
@pytest.mark.parametrize("url", ["/messages", "/doctors", "/login"])
def test_pages_are_shown_while_another_program_writes(
    as_patient: Browser, chat: Chat, url: str, locked: sqlite3.Connection, is_due: bool
) -> None:
    later(minutes=2 if is_due else 0)
    assert as_patient.get(url).status_code in (200, 302, 303)
