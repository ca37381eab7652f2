"""The corners of one socket that a live server reaches only by chance."""

import socket
import time
from contextvars import ContextVar
from threading import Event

import pytest
from flask import Flask
from flask_sock import ConnectionClosed
from wsproto.events import Ping, TextMessage

from ibolit import sockets
from ibolit.services.realtime import SocketQueue
from ibolit.sockets import CloseSocket, Inbox, SafeSockets, pump


class StubSocket:
    """Stands for simple-websocket's server, its protocol and its connection: what is sent is kept."""

    def __init__(self, queue: SocketQueue) -> None:
        self.queue = queue
        self.event = Event()
        self.pong_received, self.connected = True, True
        self.input_buffer = Inbox()
        self.ws = self.connection = self.sock = self
        self.sent: list[object] = []
        self.rounds = 0

    def kill(self) -> None:
        """Nothing is there to be shut."""

    def send(self, event: object) -> object:
        if event not in self.sent:
            self.sent.append(event)
        return event

    def receive(self, timeout: float) -> None:
        """Clears the event of what is put at the worst moment, as simple-websocket may."""
        self.rounds += 1
        if self.rounds > 1:
            raise ConnectionClosed
        self.queue.put("in between")
        self.queue.event.clear()


def test_what_is_put_while_the_bell_is_swallowed_is_sent_at_once() -> None:
    queue = SocketQueue(1, 1)
    ws = StubSocket(queue)
    started = time.monotonic()
    with pytest.raises(ConnectionClosed):
        pump(ws, queue, lambda: True)
    assert ws.sent == [Ping(), TextMessage("in between")]
    assert time.monotonic() - started < 1


def test_who_is_not_allowed_any_more_gets_nothing_that_waits() -> None:
    queue = SocketQueue(1, 1)
    queue.put("not for him")
    ws = StubSocket(queue)
    with pytest.raises(CloseSocket) as ending:
        pump(ws, queue, lambda: False)
    assert ending.value.code == 4401
    assert ws.sent == []


def test_what_was_said_before_there_was_an_answer_is_answered_first() -> None:
    heard: list[str | bytes] = []
    inbox = Inbox()
    inbox.append("one")
    inbox.append(b"no words")
    inbox.append("two")
    inbox.answer_with(heard.append)
    inbox.append("three")
    inbox.append(b"nor these")
    assert (heard, inbox) == (["one", "two", "three"], [])


def test_what_was_said_early_is_answered_in_a_context_of_its_own() -> None:
    """The handler's is that of its request: what begins there only reads."""
    whose, seen = ContextVar("whose", default="nobody's"), []
    inbox = Inbox()
    inbox.append("early")
    whose.set("the handler's")
    inbox.answer_with(lambda said: seen.append(whose.get()))
    assert seen == ["nobody's"]


def test_who_is_being_answered_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that answers reads no pong meanwhile; who says nothing at all is given up."""
    monkeypatch.setattr(sockets, "TICK_SECONDS", (0.0, 0.0))
    queue, seen = SocketQueue(1, 1), []
    ws = StubSocket(queue)

    def look() -> bool:
        ws.input_buffer.is_answering = len(seen) < 3
        seen.append(ws.pong_received)
        return True

    with pytest.raises(ConnectionClosed):
        pump(ws, queue, look, answer=lambda said: None)
    assert seen == [True, False, False, False]


def test_lost_line_ends_the_sending_of_who_answers_by_themselves() -> None:
    queue = SocketQueue(1, 1)
    ws = StubSocket(queue)
    queue.put("last")
    ws.connected = False
    with pytest.raises(ConnectionClosed):
        pump(ws, queue, lambda: True, answer=lambda said: None)
    assert ws.sent == [Ping(), TextMessage("last")]


def test_closed_connection_rings_the_bell() -> None:
    """simple-websocket itself rings before it knows that it is closed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        safe = sockets.SafeSocket(ours)
        event = Event()
        safe.on_close = event.set
        safe.close()
        assert event.is_set()
        assert theirs.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            safe.send(b"too late")


def test_gate_lets_other_servers_and_ordinary_requests_pass() -> None:
    app = Flask(__name__)
    app.wsgi_app = SafeSockets(app.wsgi_app)  # type: ignore[method-assign]
    app.add_url_rule("/", view_func=lambda: "page")
    assert app.test_client().get("/").text == "page"
    assert app.test_client().get("/", headers={"Upgrade": "websocket"}).text == "page"
