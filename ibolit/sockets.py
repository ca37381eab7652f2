"""flask-sock made safe: whole frames, our own origin, a closing code at every end, no thread or descriptor left behind.

create_app() joins SafeSockets, check_handshake and SOCK_SERVER_OPTIONS; handlers are routed by Sock, identify their
reader, open a queue and let pump() run. To end a socket, a handler raises CloseSocket.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import Context
from functools import wraps
from random import uniform
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn

import flask_sock
from flask import Blueprint, abort, request
from flask_sock import ConnectionClosed, Server
from wsproto.events import Event as Frame
from wsproto.events import Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from .faults import told
from .services.realtime import CloseCode, SocketQueue, TooManySockets

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

Answer = Callable[[str], None]


class Inbox(list[str | bytes]):
    """Where simple-websocket's reading thread lays what the peer has said, for the handler to take.

    With `answer_with` the reading thread answers each message itself: a slow one keeps back those that follow it, and
    nothing of what the handler sends meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self._answer: Answer | None = None
        self._changing = Lock()
        self.is_answering = False

    def append(self, said: str | bytes) -> None:
        with self._changing:
            if self._answer is None:
                super().append(said)
                return
        self._give(self._answer, said)

    def answer_with(self, answer: Answer) -> None:
        """From now on; what is here already is answered first, as by the other thread: the handler's own context is
        that of a GET, which only reads. `answer` raises nothing: nobody would hear of it."""
        with self._changing:
            while self:
                Context().run(self._give, answer, self.pop(0))
            self._answer = answer

    def _give(self, answer: Answer, said: str | bytes) -> None:
        if isinstance(said, str):
            self.is_answering = True
            answer(said)
            self.is_answering = False


def reading_thread(target: Callable[[], None]) -> Thread:
    """simple-websocket makes its thread by this before anything is read."""
    target.__self__.input_buffer = Inbox()  # type: ignore[attr-defined]  # the server's own method
    return Thread(target=target)


# No ping_interval: simple-websocket would end a silent peer with 1008, after which pages do not reconnect; see _tick.
# The longest message of all; every route has its own measure below that.
SOCK_SERVER_OPTIONS: dict[str, Any] = {
    "max_message_size": 65536,
    "receive_bytes": 1024,
    "thread_class": reading_thread,
}

# Between these, so that the crowd that comes back together after a restart does not ask the database together.
# A page takes a socket for dead that was silent for twice the longer (static/js/connection.js).
TICK_SECONDS = (20.0, 25.0)
SEND_SECONDS = 5
SILENCE_SECONDS = 20
FAREWELL_SECONDS = 1

Handler = Callable[..., None]


class CloseSocket(Exception):
    """Raised in a handler: the socket ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Sock(flask_sock.Sock):
    """flask-sock whose every handler closes cleanly, see `closing_cleanly`."""

    def route(
        self, path: str, bp: Blueprint | None = None, *, longest: int = 4096, **options: Any
    ) -> Callable[[Handler], Handler]:
        """`longest`: so many characters a message may have."""
        add = super().route(path, bp, **options)

        def decorate(handler: Handler) -> Handler:
            add(closing_cleanly(handler, longest))
            return handler

        return decorate


def check_handshake() -> None:
    """Browsers send cookies with a foreign page's socket too; only Origin tells whose page it is."""
    if not is_upgrade(request.environ):
        return
    if request.headers.get("Sec-WebSocket-Version") != "13" or not request.headers.get("Sec-WebSocket-Key"):
        abort(400)
    if request.headers.get("Origin") not in (f"https://{request.host}", f"http://{request.host}"):
        abort(403)


def pump(
    ws: Server,
    queue: SocketQueue,
    still_allowed: Callable[[], bool],
    on_message: Callable[[str], None] | None = None,
    heartbeat: str = "",
    answer: Answer | None = None,
) -> NoReturn:
    """Send what is published to the peer, and give the peer's words to `on_message`, until one of them ends.

    `still_allowed` is asked at once and then on every tick; it begins and ends its own database session.
    `heartbeat` is said on every tick: a page sees no ping, and must tell a quiet socket from a dead one.
    `answer` takes the peer's words instead of `on_message`, beside the sending (see Inbox).
    """
    ws.event, ws.sock.on_close = queue.event, queue.event.set  # one event for both directions
    ws.ws = ws.ws.connection  # the handshake's parser and headers are done with
    if answer is not None:
        ws.event = Event()  # the handler is not woken for what it does not take
        ws.input_buffer.answer_with(answer)
    next_tick = 0.0
    while True:
        if queue.close_code is not None:
            if queue.farewell is not None:
                _send(ws, TextMessage(queue.farewell))
            raise CloseSocket(queue.close_code)
        if monotonic() >= next_tick:
            _tick(ws, still_allowed)
            if heartbeat:
                _send(ws, TextMessage(heartbeat))
            next_tick = monotonic() + uniform(*TICK_SECONDS)  # noqa: S311
        elif (html := queue.take()) is not None:
            _send(ws, TextMessage(html))
        elif (message := _received(ws, answer)) is not None:
            if on_message and isinstance(message, str):
                on_message(message)
        elif queue.is_empty:  # asked last: receive() may have cleared the event
            queue.event.wait(max(0.0, next_tick - monotonic()))
            queue.event.clear()


def _received(ws: Server, answer: Answer | None) -> str | bytes | None:
    """Raises ConnectionClosed; nothing is left to take where the reading thread answers."""
    if answer is None:
        said: str | bytes | None = ws.receive(timeout=0)
        return said
    if not ws.connected:
        raise ConnectionClosed
    return None


def _tick(ws: Server, still_allowed: Callable[[], bool]) -> None:
    """Re-authorise the reader, and see that there is one: a phone that lost its network sends no close frame."""
    if not (ws.pong_received or ws.input_buffer.is_answering):  # who answers reads no pong meanwhile
        ws.sock.kill()  # without a closing code, so that a phone that wakes up reconnects
        raise ConnectionClosed
    if not still_allowed():
        raise CloseSocket(CloseCode.SIGNED_OUT)
    ws.pong_received = False
    _send(ws, Ping())


def _send(ws: Server, event: Frame) -> None:
    try:
        ws.sock.send(ws.ws.send(event))
    except (OSError, LocalProtocolError) as error:
        raise ConnectionClosed from error


def closing_cleanly(handler: Handler, longest: int) -> Handler:
    """However a handler ends, the peer gets a closing code: an error page printed into the stream would damage it."""

    @wraps(handler)
    def answer(ws: Server, *args: Any, **kwargs: Any) -> None:
        code: int | None = 1000
        ws.max_message_size = longest
        try:
            handler(ws, *args, **kwargs)
        except ConnectionClosed:
            code = None
        except CloseSocket as ending:
            code = ending.code
        except TooManySockets:
            code = CloseCode.TRY_AGAIN_LATER
        except Exception as error:
            code = CloseCode.BROKEN
            _log_without_words(error)
        _close(ws, code)

    return answer


def _close(ws: Server, code: int | None) -> None:
    """Send the code, wait a moment for the peer's close frame, then end the thread and shut the socket."""
    if code is not None:
        with suppress(ConnectionClosed, LocalProtocolError, OSError):
            ws.close(code)
    ws.thread.join(FAREWELL_SECONDS)
    ws.sock.kill()
    ws.thread.join(FAREWELL_SECONDS)


def _log_without_words(error: Exception) -> None:
    log.error("A socket's handler failed: %s", told(error))


class SafeSockets:
    """WSGI middleware: hands flask-sock a safe socket, and no compression, which would cost 100 KB a socket."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if is_upgrade(environ):
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            for server in ("gunicorn.socket", "werkzeug.socket"):
                if server in environ:
                    environ[server] = SafeSocket(environ[server])
        return self.app(environ, start_response)


def is_upgrade(environ: WSGIEnvironment) -> bool:
    return str(environ.get("HTTP_UPGRADE", "")).lower() == "websocket"


class SafeSocket:
    """A server's socket as simple-websocket needs it: one whole frame at a time, and never waiting for long.

    Two threads write here, the handler its fragments and the reader its pongs.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._writing = Lock()
        self.on_close: Callable[[], None] = lambda: None
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1000)

    def send(self, frame: bytes) -> None:
        with self._writing:
            try:
                self._send_whole(frame)
            except OSError:
                self.kill()  # half a frame may be out: nothing that followed could be understood
                raise

    def _send_whole(self, frame: bytes) -> None:
        """sendall() would give every piece its own five seconds."""
        rest, deadline = memoryview(frame), monotonic() + SEND_SECONDS
        while rest:
            if monotonic() > deadline:
                raise TimeoutError
            rest = rest[self._connection.send(rest) :]

    def recv(self, size: int) -> bytes:
        return self._connection.recv(size)

    def fileno(self) -> int:
        return self._connection.fileno()

    def kill(self) -> None:
        """Wakes whoever reads or writes. The descriptor is the server's to free: freed here, it could be another's."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self.on_close()

    close = kill
