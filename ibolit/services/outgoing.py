"""Conversations with providers: none lasts longer than it may, however slowly the other side speaks.

The time-out of a socket counts from one byte to the next: who sends one every second keeps a worker for ever. What is
said within `bounded()` is hung up on when its time is over, be it in the middle of a header or of TLS.
"""

from __future__ import annotations

import os
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


class Deadline:
    """Of one conversation, with all its lines; asked by one thread, and kept by a timer's."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, line: socket.socket) -> None:
        """By a descriptor of our own: TLS takes that of the line over. Raises TimeoutError when it is too late."""
        ours = socket.socket(fileno=os.dup(line.fileno()))
        with self._lock:
            self._lines.append(ours)
            if self.is_over:
                line.close()
                raise TimeoutError("the whole conversation took too long")

    def end(self) -> None:
        self._timer.cancel()
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()

    def _hang_up(self) -> None:
        with self._lock:
            self.is_over = True
            for line in self._lines:
                with suppress(OSError):  # the other side was faster
                    line.shutdown(socket.SHUT_RDWR)


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def bounded(seconds: float) -> Iterator[Deadline]:
    """For the whole block. What was read of a line that was hung up on looks like its end: ask `is_over`."""
    deadline = Deadline(seconds)
    token = _deadline.set(deadline)
    try:
        yield deadline
    finally:
        _deadline.reset(token)
        deadline.end()


def watch(line: socket.socket) -> None:
    """A line that was opened within bounded(), before anything is said. Raises TimeoutError when it is too late."""
    deadline = _deadline.get()
    if deadline is not None:
        deadline.watch(line)


def web_session(seconds: float) -> requests.Session:
    """For one request, which takes no longer than that in all; then it raises requests.ReadTimeout."""
    session: requests.Session = _session_class()(seconds)
    return session


class BoundedSmtp(smtplib.SMTP):
    """Within bounded(). After smtplib.SMTP_SSL in the list of bases: TLS begins on a line that is watched already."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        watch(line)
        return line

    def getreply(self) -> tuple[int, bytes]:
        """Half an answer is none: «25» of «250 taken»."""
        reply = super().getreply()
        deadline = _deadline.get()
        if deadline is not None and deadline.is_over:
            self.close()
            raise smtplib.SMTPServerDisconnected("the whole conversation took too long")
        return reply


class BoundedSmtpSsl(smtplib.SMTP_SSL, BoundedSmtp):
    """TLS from the first byte on."""


@cache
def _session_class() -> Any:
    """Loaded at the first call: requests costs memory, and a clinic of demo providers needs none of it."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class WatchedConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            line = super()._new_conn()
            watch(line)
            return line

    class WatchedTlsConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            line = super()._new_conn()
            watch(line)
            return line

    class Pool(HTTPConnectionPool):
        ConnectionCls = WatchedConnection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = WatchedTlsConnection

    pools = {"http": Pool, "https": TlsPool}

    class WatchedAdapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **named: Any) -> None:
            super().init_poolmanager(*args, **named)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **named: Any) -> Any:
            manager = super().proxy_manager_for(*args, **named)
            manager.pool_classes_by_scheme = pools
            return manager

    class BoundedSession(requests.Session):
        def __init__(self, seconds: float) -> None:
            super().__init__()
            self.seconds = seconds
            for scheme in pools:
                self.mount(f"{scheme}://", WatchedAdapter())

        def request(self, method: str, url: str, **named: Any) -> requests.Response:  # type: ignore[override]
            """Nobody is followed elsewhere: keys and words are for whom they were meant for."""
            return super().request(method, url, **(named | {"allow_redirects": False}))

        def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
            with bounded(self.seconds) as deadline:
                try:
                    answer = super().send(request, **named)
                except requests.RequestException:
                    if deadline.is_over:
                        raise requests.ReadTimeout("the whole conversation took too long") from None
                    raise
            if deadline.is_over:
                raise requests.ReadTimeout("the whole conversation took too long")
            return answer

    return BoundedSession
