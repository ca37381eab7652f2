"""People at their browsers, as cheap as the standard library allows: HTTP on a kept connection, and the live socket."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from .clinic import PASSWORD
from .server import Server

FORM_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
PAGE_TOKEN = re.compile(r'"X-CSRFToken": "([^"]+)"')
TEXT, PING, PONG = 1, 9, 10
ACK = re.compile(rb'<i data-ack="([^"]*)" data-status="(\d+)" hidden></i>')
FORGOTTEN_AFTER = 10  # seconds; the server closes what was quiet for 15

Heard = Callable[[bytes, float], None]


@dataclass(frozen=True)
class Answer:
    status: int
    head: str
    body: bytes


class Person:
    """Signs in as a browser does; each from an address of his own, as in life."""

    def __init__(self, server: Server, phone: str, number: int) -> None:
        self.server = server
        self.phone = phone
        self.address = f"127.1.{number // 250}.{number % 250 + 1}"
        self.cookies: dict[str, str] = {}
        self.token = ""
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._used_at = 0.0
        self._turn = asyncio.Lock()  # one request at a time on one connection

    async def sign_in(self) -> None:
        page = await self.ask("GET", "/login")
        form = {"csrf_token": _found(FORM_TOKEN, page), "login": self.phone, "password": PASSWORD}
        answer = await self.ask("POST", "/login", form)
        if answer.status != 303:
            raise RuntimeError(f"{self.phone} was not let in: {answer.status}")
        self.token = _found(PAGE_TOKEN, await self.ask("GET", "/profile"))

    async def post(self, chat_id: int, text: str, client_id: str, **more: str) -> Answer:
        form = {"text": text, "client_id": client_id} | more
        return await self.ask("POST", f"/chats/{chat_id}/messages", form, htmx=True)

    async def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, *, htmx: bool = False, packed: bool = False
    ) -> Answer:
        body = urlencode(form or {}).encode()
        lines = self.headers(htmx=htmx, packed=packed)
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return await self.tell(f"{method} {path}", lines, body)

    async def tell(self, what: str, headers: list[str], body: bytes = b"") -> Answer:
        lines = [f"{what} HTTP/1.1", *headers]
        async with self._turn:
            await self._connect()
            assert self._writer is not None
            self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            return await self._answer()

    async def listen(self, heard: Heard, path: str = "/live") -> Socket:
        """One more open screen; `heard` gets each text and when it came."""
        loop = asyncio.get_running_loop()
        socket = Socket(heard)
        await loop.create_connection(
            lambda: socket, "127.0.0.1", self.server.port, local_addr=(self.address, 0), happy_eyeballs_delay=None
        )
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", *self.headers(), "Connection: Upgrade", "Upgrade: websocket"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        await socket.open("\r\n".join([*lines, "", ""]).encode())
        return socket

    def leave(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def upload(self, chat_id: int, name: str, content: bytes, piece: int = 1024 * 1024) -> str:
        """In pieces, as tus's client does; the upload's key."""
        told = [*self.headers(htmx=True), "Tus-Resumable: 1.0.0"]
        word = base64.b64encode(name.encode()).decode()
        size = [f"Upload-Length: {len(content)}", f"Upload-Metadata: name {word}", "Content-Length: 0"]
        made = await self.tell(f"POST /chats/{chat_id}/uploads", told + size)
        address = made.head.partition("Location: ")[2].split("\r\n")[0]
        for offset in range(0, len(content), piece):
            part = content[offset : offset + piece]
            about = [f"Upload-Offset: {offset}", "Content-Type: application/offset+octet-stream"]
            answer = await self.tell(f"PATCH {address}", [*told, *about, f"Content-Length: {len(part)}"], part)
            if answer.status != 204:
                raise RuntimeError(f"the piece at {offset} was answered {answer.status}")
        return address.rsplit("/", 1)[1]

    def headers(self, *, htmx: bool = False, packed: bool = False) -> list[str]:
        lines = [f"Host: {self.server.host}", f"Origin: http://{self.server.host}"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if htmx:
            lines += ["HX-Request: true", f"X-CSRFToken: {self.token}"]
        if packed:
            lines.append("Accept-Encoding: gzip, deflate, br")
        return lines

    async def _connect(self) -> None:
        now = time.monotonic()
        if self._writer is None or now - self._used_at > FORGOTTEN_AFTER:
            self.leave()
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self.server.port, local_addr=(self.address, 0)
            )
        self._used_at = now

    async def _answer(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            if name == "Content-Length":
                length = int(value)
            elif name == "Set-Cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self.cookies[cookie] = content
        body = await self._reader.readexactly(length)
        if "Connection: close" in head:
            self.leave()
        return Answer(int(head.split(" ", 2)[1]), head, body)


class Socket(asyncio.Protocol):
    """A page's end of /live: texts are handed over the moment they arrive, pings are answered, messages are sent."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._asked: dict[bytes, asyncio.Future[int]] = {}
        self._rest = b""
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.texts = 0
        self.pings = 0
        self.is_open = False

    async def open(self, request: bytes) -> None:
        self.transport.write(request)
        await asyncio.wait_for(self._opened, 30)

    async def send(self, chat_id: int, text: str, client_id: str) -> int:
        """The status of its acknowledgement. Raises ConnectionError when the socket ends before."""
        frame = {"kind": "send", "chat": chat_id, "text": text, "client_id": client_id}
        answer = self._asked[client_id.encode()] = asyncio.get_running_loop().create_future()
        self._write(TEXT, json.dumps(frame, ensure_ascii=False).encode())
        return await answer

    def close(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if not self._opened.done():
            self._opened.set_exception(error or ConnectionError("the socket was refused"))
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(error or ConnectionError("the socket has ended"))
        self._asked.clear()

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        self._rest += data
        if not self.is_open:
            self._shake_hands()
        while self.is_open and self._take_frame(at):
            pass

    def _shake_hands(self) -> None:
        head, end, rest = self._rest.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 101"):
            self._opened.set_exception(ConnectionError(head.split(b"\r\n")[0].decode()))
            self.transport.abort()
            return
        self._rest, self.is_open = rest, True
        self._opened.set_result(None)

    def _take_frame(self, at: float) -> bool:
        """False when no whole frame is there yet. The server's frames are never masked, and ours never in pieces."""
        data = self._rest
        if len(data) < 2:
            return False
        size, begin = data[1] & 127, 2
        if size > 125:
            begin = 4 if size == 126 else 10
            if len(data) < begin:
                return False
            size = int.from_bytes(data[2:begin], "big")
        if len(data) < begin + size:
            return False
        payload, self._rest = data[begin : begin + size], data[begin + size :]
        self._take(data[0] & 15, payload, at)
        return True

    def _take(self, kind: int, payload: bytes, at: float) -> None:
        if kind == TEXT:
            self.texts += 1
            if found := ACK.match(payload):
                answer = self._asked.pop(found[1], None)
                if answer is not None and not answer.done():
                    answer.set_result(int(found[2]))
            self._heard(payload, at)
        elif kind == PING:
            self.pings += 1
            self._write(PONG, payload)

    def _write(self, kind: int, payload: bytes) -> None:
        """One whole frame, masked with zeros."""
        size = len(payload)
        length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
        self.transport.write(bytes((0x80 | kind,)) + length + bytes(4) + payload)


def _found(pattern: re.Pattern[str], answer: Answer) -> str:
    match = pattern.search(answer.body.decode())
    if match is None:
        raise RuntimeError(f"no token in an answer with status {answer.status}")
    return match.group(1)
