"""A network one can spoil: between a browser and the clinic it refuses, swallows, loses or replaces answers."""

from __future__ import annotations

import re
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"^content-length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
UPGRADE = re.compile(rb"^upgrade:\s*websocket", re.IGNORECASE | re.MULTILINE)
CONNECTION = re.compile(rb"^(?:proxy-)?connection:[^\r]*\r\n", re.IGNORECASE | re.MULTILINE)
PORTAL = "<!doctype html><title>Wi-Fi</title><body><h1>Доступ ограничен</h1><p id='content'>Оплатите доступ</p></body>"


class Action(Enum):
    PASS = auto()
    REFUSE = auto()  # no connection at all
    SWALLOW = auto()  # taken, and never answered: neither side hears the other
    LOSE = auto()  # the clinic hears it, its answer gets lost


@dataclass(frozen=True)
class Foreign:
    """Not the clinic's answer: a filter's, a hotel's, a page of repairs; or, with a `version`, one in its name."""

    body: str = PORTAL
    status: int = 200
    mimetype: str = "text/html; charset=utf-8"
    version: str = ""

    def words(self) -> bytes:
        body = self.body.encode()
        head = (
            f"HTTP/1.1 {self.status} Foreign\r\nContent-Type: {self.mimetype}\r\nContent-Length: {len(body)}\r\n"
            f"Cache-Control: no-store\r\nConnection: close\r\n"
        )
        mark = f"X-iBolit: {self.version}\r\n" if self.version else ""
        return (head + mark).encode() + b"\r\n" + body


@dataclass(frozen=True)
class Rule:
    method: str
    path: re.Pattern[str]
    action: Action | Foreign

    def is_for(self, method: str, path: str) -> bool:
        return self.method in ("", method) and self.path.search(path) is not None


class Gate:
    """One request a connection, so that each meets the rule of its moment; sockets meet it with every word."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.rules: list[Rule] = []
        self.asked: list[tuple[str, str]] = []
        self.open: set[socket.socket] = set()
        self.kept = threading.Lock()
        self.is_up = True
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def spoil(self, action: Action | Foreign, path: str = "", method: str = "") -> None:
        """From now on, for what the newest rule that fits says. `path` is looked for in the address."""
        self.rules.insert(0, Rule(method, re.compile(path), action))

    def be_well(self) -> None:
        self.rules.clear()
        self.cut()

    def cut(self) -> None:
        """Every connection of this moment ends, sockets too."""
        with self.kept:
            for one in self.open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self.is_up = False
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
        self.thread.join()

    def _action(self, method: str, path: str) -> Action | Foreign:
        return next((rule.action for rule in list(self.rules) if rule.is_for(method, path)), Action.PASS)

    def _listen(self) -> None:
        while self.is_up:
            try:
                here, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(here,), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        """What breaks underneath ends in silence, as on any network."""
        with self._noted(here), suppress(OSError):
            head, body = _request(here)
            method, path, _version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            self.asked.append((method, path))
            action = self._action(method, path)
            if action is Action.REFUSE:
                _reset(here)
            elif action is Action.SWALLOW:
                while here.recv(65536):
                    pass
            elif isinstance(action, Foreign):
                here.sendall(action.words())
                here.shutdown(socket.SHUT_WR)
            else:
                self._pass_on(here, method, path, head, body)

    def _pass_on(self, here: socket.socket, method: str, path: str, head: bytes, body: bytes) -> None:
        is_socket = UPGRADE.search(head) is not None
        with self._noted(socket.create_connection(("127.0.0.1", self.port))) as there:
            if not is_socket:
                head = CONNECTION.sub(b"", head).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            there.sendall(head + body)
            onward = threading.Thread(target=self._pump, args=(here, there, method, path), daemon=True)
            onward.start()
            self._pump(there, here, method, path)
            onward.join()

    def _pump(self, source: socket.socket, sink: socket.socket, method: str, path: str) -> None:
        with suppress(OSError):
            while words := source.recv(65536):
                action = self._action(method, path)
                if action is Action.PASS:
                    sink.sendall(words)
                elif action is Action.REFUSE:
                    break
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _noted(self, connection: socket.socket) -> _Noted:
        return _Noted(self, connection)


class _Noted:
    """A connection that cut() knows of while it is open."""

    def __init__(self, gate: Gate, connection: socket.socket) -> None:
        self.gate, self.connection = gate, connection

    def __enter__(self) -> socket.socket:
        with self.gate.kept:
            self.gate.open.add(self.connection)
        return self.connection

    def __exit__(self, *_why: object) -> None:
        with self.gate.kept:
            self.gate.open.discard(self.connection)
        self.connection.close()


def _request(here: socket.socket) -> tuple[bytes, bytes]:
    """Its head with the empty line, and its whole body. Raises ConnectionError when it never comes."""
    words = b""
    while HEAD_END not in words:
        more = here.recv(65536)
        if not more:
            raise ConnectionError
        words += more
    head, _mark, body = words.partition(HEAD_END)
    found = LENGTH.search(head)
    while len(body) < (int(found[1]) if found else 0):
        more = here.recv(65536)
        if not more:
            raise ConnectionError
        body += more
    return head + HEAD_END, body


def _reset(here: socket.socket) -> None:
    here.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
