"""A disk that takes seconds: who writes is answered late, or told to come again; the others are served meanwhile.

Nothing is lost or done twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from threading import Event
from time import monotonic

import pytest
import samples
from browser import Browser
from factories import later
from flask import Flask
from werkzeug.test import TestResponse

from ibolit import database
from ibolit.database import SingleWriterConnection
from ibolit.extensions import db
from ibolit.models import AttachmentState, Chat, Message

PATIENCE = 30.0  # seconds in which whatever is waited for has happened


class SlowDisk:
    """From its `nth` write on nothing is written before `goes_on`; `is_reached` tells that somebody waits for it."""

    def __init__(self, nth: int = 1) -> None:
        self.left, self.is_reached, self.goes_on = nth, Event(), Event()
        self.is_slow = False

    def write(self) -> None:
        if not self.is_slow:
            return
        self.left -= 1
        if self.left <= 0:
            self.is_reached.set()
            assert self.goes_on.wait(PATIENCE)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, clinic: Flask) -> Iterator[SlowDisk]:
    """Commits of writers wait for the disk, as `synchronous=FULL` makes them."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's writers wait for no one but those of the same row")
    disk, commit = SlowDisk(), SingleWriterConnection.commit

    def slowly(connection: SingleWriterConnection) -> None:
        if connection.has_turn:
            disk.write()
        commit(connection)

    monkeypatch.setattr(SingleWriterConnection, "commit", slowly)
    yield disk
    disk.goes_on.set()


@pytest.fixture
def beside() -> Iterator[Callable[[Callable[[], TestResponse]], Future[TestResponse]]]:
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def writing(browser: Browser, chat: Chat, text: str, *files: tuple[bytes, str]) -> Callable[[], TestResponse]:
    """A press of «Отправить», to be made in whichever thread."""
    address, token = f"/chats/{chat.id}/messages", browser.token()

    def press() -> TestResponse:
        form = {"text": text, "client_id": f"client-{text}", "csrf_token": token}
        parts = [(BytesIO(body), name) for body, name in files]
        return browser.open(address, method="POST", data=form | {"files": parts}, content_type="multipart/form-data")

    return press


def texts(chat: Chat) -> list[str]:
    db.session.remove()
    return sorted(db.session.scalars(db.select(Message.text).where(Message.chat_id == chat.id)))


Beside = Callable[[Callable[[], TestResponse]], Future[TestResponse]]


@pytest.mark.parametrize("url", ["/messages", "/doctors", "/profile"])
def test_pages_are_shown_while_a_commit_takes_seconds(
    as_patient: Browser, as_doctor: Browser, chat: Chat, slow: SlowDisk, beside: Beside, url: str
) -> None:
    """Also to who was not here for a minute, which is written as a rule."""
    press, slow.is_slow = writing(as_patient, chat, "0001"), True
    late = beside(press)
    assert slow.is_reached.wait(PATIENCE), "nobody has written"
    later(minutes=2)
    begun = monotonic()
    assert as_doctor.open(url).status_code == 200
    assert monotonic() - begun < database.WRITE_LOCK_TIMEOUT / 2
    assert not late.done()
    slow.goes_on.set()
    assert late.result(PATIENCE).status_code == 303
    assert texts(chat) == ["0001"]


def test_who_writes_meanwhile_is_answered_late(
    as_patient: Browser, as_doctor: Browser, chat: Chat, slow: SlowDisk, beside: Beside
) -> None:
    presses, slow.is_slow = (
        [writing(one, chat, text) for one, text in ((as_patient, "0001"), (as_doctor, "0002"))],
        True,
    )
    late = [beside(press) for press in presses]
    assert slow.is_reached.wait(PATIENCE), "nobody has written"
    assert not any(one.done() for one in late)
    slow.goes_on.set()
    assert [one.result(PATIENCE).status_code for one in late] == [303, 303]
    assert texts(chat) == ["0001", "0002"]


def test_who_has_waited_long_enough_is_told_to_come_again(
    as_patient: Browser, as_doctor: Browser, chat: Chat, slow: SlowDisk, beside: Beside, clinic: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(database, "WRITE_LOCK_TIMEOUT", 0.1)
    monkeypatch.setattr(clinic, "testing", False)
    first, second = writing(as_patient, chat, "0001"), writing(as_doctor, chat, "0002")
    slow.is_slow = True
    late = beside(first)
    assert slow.is_reached.wait(PATIENCE), "nobody has written"
    for _ in range(2):
        answer = second()
        assert (answer.status_code, "Сервер занят" in answer.text, "ничего не потеряно" in answer.text) == (
            503,
            True,
            True,
        )
        assert int(answer.headers["Retry-After"]) > 0
    slow.goes_on.set()
    assert late.result(PATIENCE).status_code == 303
    assert [second().status_code, second().status_code] == [303, 303]
    assert texts(chat) == ["0001", "0002"]


@pytest.mark.parametrize("nth", [1, 3], ids=["what arrives", "what is stored"])
def test_others_are_served_while_a_file_is_written(
    as_patient: Browser, as_doctor: Browser, chat: Chat, beside: Beside, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk of files may be another than the database's, and nothing of the database is held for it."""
    disk, fsync = SlowDisk(nth), os.fsync

    def slowly(handle: int) -> None:
        disk.write()
        fsync(handle)

    monkeypatch.setattr(os, "fsync", slowly)
    first, second = writing(as_patient, chat, "0001", (samples.pdf(), "анализы.pdf")), writing(as_doctor, chat, "0002")
    disk.is_slow = True
    try:
        late = beside(first)
        assert disk.is_reached.wait(PATIENCE), "no file was written"
        assert second().status_code == 303
        assert as_doctor.open(f"/chats/{chat.id}").status_code == 200
        assert not late.done()
    finally:
        disk.goes_on.set()
    assert late.result(PATIENCE).status_code == 303
    assert texts(chat) == ["0001", "0002"]
    [message] = [one for one in Message.page_of(chat) if one.text == "0001"]
    assert [one.state for one in message.attachments] == [AttachmentState.READY]
