"""The door of /live over a real socket, opened as a browser's page opens it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from browser import Browser
from flask import Flask
from sockets.live import Visitor
from werkzeug.serving import make_server

from ibolit.blueprints.live.socket import HEARTBEAT
from ibolit.extensions import db

Listen = Callable[..., Visitor]


class Reader(Visitor):
    """Hears the news; that the socket is alive a page hears in between, too."""

    def next(self) -> str | None:
        while (told := super().next()) == HEARTBEAT:
            pass
        return told


@contextmanager
def listening(clinic: Flask) -> Iterator[Listen]:
    """Opens the socket as the browser's page would."""
    server = make_server("127.0.0.1", 0, clinic, threaded=True)
    server.daemon_threads = True
    before = set(threading.enumerate())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    opened: list[Visitor] = []

    def listen(browser: Browser, path: str = "/live", **headers: str) -> Visitor:
        db.session.remove()
        cookie = browser.client.get_cookie("ibolit_8000")
        headers |= {"Cookie": f"ibolit_8000={cookie.value}"} if cookie else {}
        opened.append(Reader(server.server_port, path, dict(headers)))
        return opened[-1]

    yield listen
    for visitor in opened:
        visitor.vanish()
    server.shutdown()
    end_all(lambda: set(threading.enumerate()) - before)
    server.server_close()


def end_all(left: Callable[[], set[threading.Thread]]) -> None:
    """One that is only beginning is listed already and cannot be waited for yet."""
    until = monotonic() + 10
    while (threads := left()) and monotonic() < until:
        for one in threads:
            if one.ident is not None:
                one.join(10)
