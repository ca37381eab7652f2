"""Who reaches what: every door and every socket, asked by everybody, of one's own, a foreign and a missing thing.

The table is in matrix.py, with how to add a row to it; the clinic that is asked in matrix_world.py.
"""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from contextvars import Context
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from audit_rules import check_audit_log
from databases import POSTGRES
from flask_migrate import upgrade
from matrix import ACTORS, BODIES, BODY, MARKED_BY_READING, SOCKETS, STAND_IN, TABLE, Row
from matrix_ears import Listen, ears, enter, partner_in, partner_of, signal
from matrix_world import Actor, Snapshot, World, build
from werkzeug.test import TestResponse

from ibolit import create_app
from ibolit.extensions import db
from ibolit.models import AuditEvent
from ibolit.services import clock, current_services
from ibolit.services.calls import HERE, KINDS, InProcessCalls
from ibolit.web import socket_doors

pytestmark = [
    pytest.mark.slow_file,
    pytest.mark.skipif(bool(POSTGRES), reason="who reaches what does not depend on the database"),
]

PERSONS = [*(name for names in ACTORS.values() for name in names), STAND_IN]
APART = ("Content-Length", "Set-Cookie", "Location")
VARIES = re.compile(r'(csrf_token"[^>]* value="|X-CSRFToken": ?"|X-CSRFToken&#34;: ?&#34;)[^"&]*')


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("matrix")
    app = create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(data), "DATABASE_URL": f"sqlite:///{data}/test.db"})
    app.testing = True
    moment = clock.now()
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(clock, "now", lambda: moment)  # however long the run: presence is written once a minute
    with app.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
        yield build(app)
        db.session.remove()
        db.engine.dispose()
    monkeypatch.undo()


@pytest.fixture(scope="module")
def snapshot(world: World) -> Iterator[Snapshot]:
    db.session.remove()
    snapshot = Snapshot(Path(db.engine.url.database or ""))
    yield snapshot
    snapshot.close()


@pytest.fixture(autouse=True)
def as_it_was(snapshot: Snapshot) -> Iterator[None]:
    """Whatever a test leaves behind, the next one finds the clinic as it was built."""
    yield
    snapshot.put_back()


def test_every_door_has_a_row(world: World) -> None:
    doors = {f"{method} {rule}" for rule in world.app.url_map.iter_rules() for method in methods_of(rule.methods)}
    assert doors - set(TABLE) == set(), "a new door needs a row in tests/support/matrix.py"
    assert set(TABLE) - doors == set(), "no such door any more"


def methods_of(methods: set[str] | None) -> set[str]:
    """Flask adds HEAD to every GET and OPTIONS to all; only where they stand alone they are doors of their own."""
    own = (methods or set()) - {"HEAD", "OPTIONS"}
    return own or (methods or set()) - {"OPTIONS"} or {"OPTIONS"}


@pytest.mark.parametrize("door", TABLE)
def test_door(world: World, snapshot: Snapshot, door: str) -> None:
    row = TABLE[door]
    logged = newest_line()
    for actor in world.actors.values():
        own = ask(world, actor, row, "own")
        assert said(own) == expected(world, actor, row, own), f"{actor.name} asks for {door}"
        if snapshot.has_changed():
            check_audit_log(logged)
        snapshot.put_back()
        if row.of and row.method != "OPTIONS":  # which asks what the door can do, whoever stands before it
            compare(world, actor, row)
            snapshot.put_back()


def newest_line() -> int:
    """Of the audit log as the clinic was built."""
    return db.session.scalar(db.select(db.func.max(AuditEvent.id))) or 0


def compare(world: World, actor: Actor, row: Row) -> None:
    """What is another's is not there: not in the status, not in a word, not in a header."""
    foreign, missing = (ask(world, actor, row, which) for which in ("foreign", "missing"))
    if row.is_open_to(actor.name):
        assert foreign.status_code not in (403, 404), f"{actor.name} does not see {row.door}"
        assert missing.status_code in (303, 404, 410), f"{actor.name} sees a {row.door} that is not there"
        return
    paths = [row.path(world.target(actor, row.of, which)) for which in ("foreign", "missing")]
    told = [plain(answer, path) for answer, path in zip((foreign, missing), paths, strict=True)]
    assert told[0] == told[1], f"{actor.name} learns that {row.door} is there"
    assert foreign.status_code >= 300, f"{actor.name} gets into a foreign {row.door}"


OF_A_WRITER = ("chat", "file", "offer", "message", "consultation", "done", "ahead")
OF_WHAT_IS_ABOUT_SOMEBODY = [door for door, row in TABLE.items() if row.of in OF_A_WRITER and row.method != "OPTIONS"]


@pytest.mark.parametrize("door", OF_WHAT_IS_ABOUT_SOMEBODY)
def test_who_may_write_for_somebody_no_more_is_a_stranger(world: World, snapshot: Snapshot, door: str) -> None:
    """A parent after the 18th birthday, a writer without the permission: nothing of the chat is there, to the word."""
    actor, row = world.actors["patient"], TABLE[door]
    with closing(sqlite3.connect(db.engine.url.database or "")) as clinic:
        ended = "UPDATE chat_member SET until = '2026-01-01 00:00:00.000000' WHERE chat_id = ? AND user_id = ?"
        clinic.execute(ended, (int(world.things["a"]["chat"]), actor.user_id))
        clinic.commit()
    ask(world, actor, row, "missing")  # which notes that they are here
    told = [
        plain(ask(world, actor, row, which), row.path(world.target(actor, row.of, which)))
        for which in ("own", "missing")
    ]
    assert told[0] == told[1], f"who may not read any more gets into {door}"


OF_A_CHAT = [door for door, row in TABLE.items() if row.of in ("chat", "file", "offer") and row.method != "OPTIONS"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("door", OF_A_CHAT)
def test_colleague_is_a_stranger_before_the_choice_and_after_the_return(
    world: World, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, door: str, when: str
) -> None:
    """The chat that was open to them is not there, to the word."""
    actor, row = world.actors[STAND_IN], TABLE[door]
    if when == "before":
        with closing(sqlite3.connect(db.engine.url.database or "")) as clinic:
            clinic.execute("DELETE FROM chat_member WHERE until IS NOT NULL")
            clinic.commit()
    else:
        returned = clock.now() + timedelta(days=7)
        monkeypatch.setattr(clock, "now", lambda: returned)
    ask(world, actor, row, "missing")  # which notes that they are here
    told = [
        plain(ask(world, actor, row, which), row.path(world.target(actor, row.of, which)))
        for which in ("own", "missing")
    ]
    assert told[0] == told[1], f"a colleague learns {when} standing in that {row.door} is there"
    assert told[0][0] in (303, 403, 404)


def ask(world: World, actor: Actor, row: Row, which: str, method: str = "") -> TestResponse:
    db.session.remove()
    client = world.app.test_client()
    client.set_cookie(world.app.config["SESSION_COOKIE_NAME"], actor.cookie)
    method = method or row.method
    data = (BODY | BODIES.get(row.door, {})) if method in ("POST", "PATCH") else None
    path = row.path(world.target(actor, row.of, which)) if row.of else row.path("")
    headers = {"X-CSRFToken": world.token}
    answer = Context().run(client.open, path, method=method, data=data, headers=headers, buffered=True)
    db.session.remove()
    return answer


def said(answer: TestResponse) -> str:
    """In the words of the table."""
    if answer.status_code in (401, 403, 404):
        return str(answer.status_code)
    place = urlsplit(answer.location or "").path
    if answer.status_code == 303 and place in ("/login", "/consent"):
        return "login" if place == "/login" else "gate"
    return "in"


def expected(world: World, actor: Actor, row: Row, answer: TestResponse) -> str:
    """A guest who is led to his card was turned away, or has done what he may."""
    wanted = row.answers[actor.name]
    is_led_back = answer.location == f"/consultations/{world.things[actor.side]['consultation']}"
    return "in" if wanted == "card" and is_led_back else wanted


def plain(answer: TestResponse, path: str) -> tuple[int, str, list[tuple[str, str]]]:
    """Without what differs by itself: the address that was asked for, tokens, lengths."""

    def same(text: str) -> str:
        for address in (path, quote(path, safe="/"), quote(path, safe=""), html.escape(path)):
            text = text.replace(address, "…")
        return VARIES.sub(r"\1", text)

    kept = [(name, same(value)) for name, value in answer.headers if name not in APART]
    kept += [("Location", re.sub(r"\b(\d+|nosuch\w+)(?=$|#)", "…", same(answer.location or "")))]
    kept += [("Set-Cookie", value.partition("=")[0]) for value in answer.headers.getlist("Set-Cookie")]
    page = "" if answer.status_code == 303 else same(answer.get_data(as_text=True))
    return answer.status_code, page, sorted(kept)


@pytest.mark.parametrize("rule", sorted({row.rule for row in TABLE.values()}))
def test_nobody_acts_by_looking(world: World, snapshot: Snapshot, rule: str) -> None:
    """Scanners, previews and prefetches open every link, with HEAD, OPTIONS or GET, in whoever's browser they live."""
    row = next(row for row in TABLE.values() if row.rule == rule)
    for name in ("signed out", "patient", "doctor", "operator"):
        for method in ("HEAD", "OPTIONS", "GET"):
            answer = ask(world, world.actors[name], row, "own", method)
            may_write = MARKED_BY_READING.get(row.rule, set()) if method == "GET" else set()
            assert snapshot.changed() <= may_write, f"{method} {row.rule} by {name}"
            assert not signs_in(world, world.actors[name], answer), f"{method} {row.rule} signs {name} in"
            snapshot.put_back()


def signs_in(world: World, actor: Actor, answer: TestResponse) -> bool:
    """As somebody, or as somebody else."""
    name = world.app.config["SESSION_COOKIE_NAME"]
    cookies = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith(f"{name}=")]
    devices = {device_of(world, value.partition("=")[2].partition(";")[0]) for value in cookies}
    return bool(devices - {None, device_of(world, actor.cookie)})


def device_of(world: World, cookie: str) -> str | None:
    signer = world.app.session_interface.get_signing_serializer(world.app)  # type: ignore[attr-defined]
    return signer.loads(cookie).get("device") if cookie else None


# The sockets


@pytest.fixture
def listen(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listen]:
    monkeypatch.setattr(InProcessCalls, "GRACE", 0.05)  # nobody comes back here
    with ears(world) as listen:
        yield listen


def test_every_message_of_a_call_has_a_row() -> None:
    named = {row.partition(": ")[2] for row in SOCKETS if row.startswith("signal: ")}
    assert named - {"opened", "foreign", "missing", "unheard-of"} == KINDS | {HERE}


@pytest.mark.parametrize("name", PERSONS)
def test_live(world: World, listen: Listen, name: str) -> None:
    """One hears one's own news alone; what one says there nobody hears."""
    actor = world.actors[name]
    ear = listen(actor, "/live")
    first = ear.news()
    assert ("ready" if "data-ready" in first else first) == SOCKETS["live: opened"].answers[name]
    if "data-ready" not in first:
        return
    ear.tell("offer")
    news = {other.user_id: f"<i>of {other.user_id}</i>" for other in world.actors.values() if other.user_id}
    for user_id in sorted(news, key=lambda id: id == actor.user_id):  # his own at last
        current_services.realtime.publish(user_id, news[user_id])
    if SOCKETS["live: news"].answers[name] == "oneself":
        assert ear.news() == news[actor.user_id]


def test_every_door_of_the_socket_has_a_row() -> None:
    assert {f"live: {kind}" for kind in socket_doors.kinds()} <= set(SOCKETS)


@pytest.mark.parametrize("name", PERSONS)
def test_sending_by_the_socket(world: World, listen: Listen, name: str) -> None:
    """Into one's own chat both hear it; a foreign one and a missing one are answered alike, and nobody hears of it."""
    actor = world.actors[name]
    rows = {of: SOCKETS[row].answers[name] for of, row in SENDINGS.items()}
    if set(rows.values()) == {"-"}:
        return
    ear, own, foreign, missing = listen(actor, "/live"), *(world.target(actor, "chat", of) for of in SENDINGS)
    other, stranger = (listen(partner_in(world, chat, actor), "/live") for chat in (own, foreign))
    for one in (ear, other, stranger):
        assert "data-ready" in one.news()
    told = {of: ear.send(chat, f"word of {name}") for of, chat in zip(SENDINGS, (own, foreign, missing), strict=True)}
    assert told["foreign"] == told["missing"]
    for of, row in rows.items():
        assert f'data-status="{200 if row == "both" else row}"' in told[of]
    if rows["own"] == "both":
        assert f"word of {name}" in told["own"]
        assert f"word of {name}" in other.news()
    for user_id in {world.actors[name].user_id for name in world.actors} - {None}:
        current_services.realtime.publish(user_id, "<i>at last</i>")
    assert stranger.news() == "<i>at last</i>"


SENDINGS = {"own": "live: send", "foreign": "live: send foreign", "missing": "live: send missing"}


@pytest.mark.parametrize("name", PERSONS)
def test_call(world: World, listen: Listen, name: str) -> None:
    """A foreign call and a missing one end alike; in one's own each message reaches the other, and nobody else."""
    actor = world.actors[name]
    expected = {row.partition(": ")[2]: SOCKETS[row].answers[name] for row in SOCKETS if row.startswith("signal: ")}
    own, foreign, missing = (world.target(actor, "consultation", which) for which in ("own", "foreign", "missing"))
    stranger = enter(listen, partner_of(world, foreign, actor), foreign)
    other = enter(listen, partner_of(world, own, actor), own)
    assert listen(actor, signal(foreign, name)).hear() == expected["foreign"]
    assert listen(actor, signal(missing, name)).hear() == expected["missing"]
    ear = listen(actor, signal(own, name))
    first = ear.hear()
    assert first == expected["opened"]
    if first == "welcome":
        assert other.hear() == "peer-joined"
        for kind in (*sorted(KINDS - {"bye"}), HERE, "bye"):
            ear.tell(kind)
            assert {"oneself": ear, "the other": other}[expected[kind]].hear() == kind
        assert other.hear() == "peer-left"
        rude = listen(actor, signal(own, name))
        assert (rude.hear(), other.hear()) == ("welcome", "peer-joined")
        rude.tell("unheard-of")
        assert rude.hear() == expected["unheard-of"]
    else:
        assert other.hears_nothing_before_its_own()
    assert stranger.hears_nothing_before_its_own()
