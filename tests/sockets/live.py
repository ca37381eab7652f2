"""A live gunicorn with our settings, and a visitor that reads frames exactly as they come."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0


def eventually(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


class Visitor:
    """A WebSocket client that reads only when asked, so that it can be slow, and skips nothing."""

    def __init__(self, port: int, path: str, headers: dict[str, str | None] | None = None, buffer: int = 0) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.events = self.protocol.events()
        self.status, self.close_code, self.pings, self.leaving = 0, 0, 0, False
        self.socket.sendall(self._asking(f"127.0.0.1:{port}", path, headers or {}))
        self._greeted()

    def next(self) -> str | None:
        """The next whole message; None when the server said why it closes, or just went."""
        text = ""
        while event := self._next_event():
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    return text
            elif isinstance(event, CloseConnection):
                self.close_code = event.code
                self._answer(event)
                return None
            elif isinstance(event, Ping):
                self.pings += 1
                self._answer(event)
        return None

    def wait_closed(self) -> int:
        while self.next() is not None:
            pass
        self.socket.close()
        return self.close_code

    def say(self, text: str) -> None:
        self._send(TextMessage(text))

    def ping(self) -> None:
        self._send(Ping())

    def leave(self) -> None:
        self.leaving = True
        self._send(CloseConnection(1001))
        self.wait_closed()

    def vanish(self) -> None:
        self.socket.close()

    def _asking(self, host: str, path: str, headers: dict[str, str | None]) -> bytes:
        """What the protocol would send, with headers changed or left out to see what the server does then."""
        asked = self.protocol.send(Request(host=host, target=path)).decode()
        for name, value in {"Origin": f"http://{host}", **headers}.items():
            asked = re.sub(rf"(?i)^{name}: .*\r\n", "", asked, flags=re.MULTILINE)
            asked = asked[:-2] + (f"{name}: {value}\r\n" if value is not None else "") + "\r\n"
        return asked.encode()

    def _greeted(self) -> None:
        event = self._next_event()
        if isinstance(event, RejectConnection):
            self.status = event.status_code
            self.socket.close()
        else:
            assert isinstance(event, AcceptConnection), event
            self.status = 101
            assert not event.extensions, "compression costs memory"

    def _next_event(self) -> Event | None:
        while True:
            for event in self.events:
                return event
            self.events = self.protocol.events()
            data = self._received()
            if not data:
                return None
            self.protocol.receive_data(data)

    def _received(self) -> bytes:
        try:
            return self.socket.recv(4096)
        except ConnectionResetError:
            return b""

    def _answer(self, event: Ping | CloseConnection) -> None:
        if self.protocol.state is not ConnectionState.CLOSED and not self.leaving:
            self._send(event.response())

    def _send(self, event: Event) -> None:
        self.socket.sendall(self.protocol.send(event))


class Server:
    """gunicorn with the tiny app and our configuration file."""

    APP = "tests.sockets.echo_app:app"

    def __init__(self, log: Path, tick: float = 20, send_seconds: int = 5, **more: str) -> None:
        self.log = log
        command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), self.APP]
        settings = {"BIND": "127.0.0.1:0", "SOCKETS_MAX": "60", "ACCESS_LOG": "-"} | more
        environ = os.environ | settings | {"TICK": str(tick), "SEND_SECONDS": str(send_seconds)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
        eventually(lambda: "Booting worker" in self.said() or self.process.poll() is not None)
        self.port = int(re.findall(r"Listening at: http://127.0.0.1:(\d+)", self.said())[0])

    def said(self) -> str:
        return self.log.read_text()

    def listen(self, path: str = "/live/1/1", buffer: int = 0) -> Visitor:
        """A visitor that is in the hub for sure: the handshake ends a moment earlier."""
        visitor = self.visit(path, buffer=buffer)
        assert visitor.next() == "ready"
        return visitor

    def visit(self, path: str = "/live/1/1", headers: dict[str, str | None] | None = None, buffer: int = 0) -> Visitor:
        return Visitor(self.port, path, headers, buffer)

    def post(self, path: str) -> None:
        self._answer(HttpRequest(f"http://127.0.0.1:{self.port}{path}", method="POST"))

    def state(self) -> dict[str, int]:
        state: dict[str, int] = json.loads(self._answer(HttpRequest(f"http://127.0.0.1:{self.port}/state")))
        return state

    def is_empty(self) -> bool:
        return self.state()["sockets"] == 0 and self.state()["readers"] == 0

    def is_gone(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) != 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def _answer(self, request: HttpRequest) -> bytes:
        with urlopen(request, timeout=PATIENCE) as response:
            return bytes(response.read())
