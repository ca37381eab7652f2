"""The clinic's relay for calls (TURN, RFC 5766): credentials that last for one of them, and a self-check.

Credentials follow the shared-secret scheme of coturn's `use-auth-secret`: the user name says until when it is good.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Self

from ..config import Settings

COOKIE = 0x2112A442
ALLOCATE, REFRESH, SEND, DATA, PERMIT = 0x003, 0x004, 0x016, 0x017, 0x008
REQUEST, INDICATION, SUCCESS, FAILURE = 0x000, 0x010, 0x100, 0x110  # bits of the message's class
USERNAME, INTEGRITY, ERROR, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
LIFETIME, PEER, PAYLOAD, RELAYED, TRANSPORT = 0x000D, 0x0012, 0x0013, 0x0016, 0x0019
OVER_UDP = b"\x11\x00\x00\x00"  # what the relay sends on is UDP, however it is reached
UNAUTHORIZED, STALE_NONCE = 401, 438

Address = tuple[str, int]


class RelayFailed(Exception):
    """The message says what is wrong, and what to look at."""


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str


def credentials_for(settings: Settings, user_id: int, now: datetime) -> Credentials:
    """Good for TURN_TTL seconds. The relay's own logs learn a fingerprint of the person, no number."""
    who = hmac.new(settings.secret_key.encode(), f"turn:{user_id}".encode(), hashlib.sha256).hexdigest()[:16]
    return sign(settings.turn_secret, f"{int(now.timestamp()) + settings.turn_ttl}:{who}")


def sign(secret: str, username: str) -> Credentials:
    mac = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return Credentials(username, base64.b64encode(mac).decode())


def ice_configuration(settings: Settings, user_id: int, now: datetime) -> dict[str, Any]:
    """RTCPeerConnection's configuration. With a relay nothing goes directly: neither learns the other's address."""
    servers: list[dict[str, Any]] = []
    if settings.stun_urls:
        servers.append({"urls": [*settings.stun_urls]})
    if settings.turn_urls:
        made = credentials_for(settings, user_id, now)
        servers.append({"urls": [*settings.turn_urls], "username": made.username, "credential": made.password})
    return {"iceServers": servers, "iceTransportPolicy": "relay" if settings.turn_urls else "all"}


def check(url: str, credentials: Credentials, patience: float = 5.0) -> Address:
    """Two relays are allocated and a datagram goes from one to the other, as a call's would. Raises RelayFailed."""
    with _relay(url, credentials, patience) as here, _relay(url, credentials, patience) as there:
        here.permit(there.address)
        there.permit(here.address)
        word = secrets.token_bytes(16)
        deadline = monotonic() + patience
        while monotonic() < deadline:
            here.send(there.address, word)
            if there.receives(word, 0.5):
                return here.address
        raise RelayFailed(
            f"relays are given at {_format(here.address)}, but nothing passes between them: look at the firewall's UDP "
            "ports (min-port to max-port), external-ip and denied-peer-ip"
        )


@contextmanager
def _relay(url: str, credentials: Credentials, patience: float) -> Iterator[Allocation]:
    connection = StunConnection.to(url, patience)
    try:
        relay = Allocation(connection, credentials)
        relay.allocate()
        try:
            yield relay
        finally:
            relay.release()
    finally:
        connection.close()


class Allocation:
    """One allocation (RFC 5766) with long-term credentials (RFC 5389, 10.2)."""

    def __init__(self, connection: StunConnection, credentials: Credentials) -> None:
        self._connection = connection
        self._credentials = credentials
        self._realm = self._nonce = b""
        self.address: Address = ("", 0)

    def allocate(self) -> None:
        answer = self._ask(ALLOCATE, [(TRANSPORT, OVER_UDP), (LIFETIME, struct.pack("!I", 600))])
        if RELAYED not in answer.attributes:
            raise RelayFailed("the server gave no relay address")
        self.address = _read_address(answer.attributes[RELAYED], answer.id)

    def permit(self, peer: Address) -> None:
        self._ask(PERMIT, [(PEER, b"")], peer)

    def send(self, peer: Address, payload: bytes) -> None:
        asked = StunMessage(SEND | INDICATION)
        asked.add(PEER, _written_address(peer, asked.id))
        asked.add(PAYLOAD, payload)
        self._connection.send(asked.encoded())

    def receives(self, payload: bytes, patience: float) -> bool:
        deadline = monotonic() + patience
        while (left := deadline - monotonic()) > 0:
            heard = self._connection.receive(left)
            if heard and heard.kind == DATA | INDICATION and heard.attributes.get(PAYLOAD) == payload:
                return True
        return False

    def release(self) -> None:
        """At best: what is not given back ends by itself in ten minutes."""
        try:
            self._ask(REFRESH, [(LIFETIME, struct.pack("!I", 0))])
        except RelayFailed:
            return

    def _ask(self, method: int, attributes: list[tuple[int, bytes]], peer: Address | None = None) -> StunMessage:
        """The first question is answered with 401 and what to sign with; an old nonce with a new one."""
        for attempt in range(3):
            asked = StunMessage(method | REQUEST)
            for kind, value in attributes:
                asked.add(kind, _written_address(peer, asked.id) if kind == PEER and peer else value)
            answer = self._connection.ask(asked, self._signed(asked))
            if answer.kind == method | SUCCESS:
                return answer
            code, why = answer.error
            may_sign = code == UNAUTHORIZED and not self._realm
            if not (may_sign or code == STALE_NONCE) or attempt == 2 or NONCE not in answer.attributes:
                raise RelayFailed(_explain(code, why))
            self._realm = answer.attributes.get(REALM, self._realm)
            self._nonce = answer.attributes[NONCE]
        raise AssertionError

    def _signed(self, asked: StunMessage) -> bytes:
        if not self._realm:
            return asked.encoded()
        name, word = self._credentials.username.encode(), self._credentials.password.encode()
        for kind, value in ((USERNAME, name), (REALM, self._realm), (NONCE, self._nonce)):
            asked.add(kind, value)
        key = hashlib.md5(b":".join((name, self._realm, word)), usedforsecurity=False).digest()
        return asked.encoded(key)


class StunMessage:
    """One STUN message: a header of 20 bytes, then attributes of whole words."""

    def __init__(self, kind: int, id: bytes = b"") -> None:
        self.kind = kind
        self.id = id or secrets.token_bytes(12)
        self.attributes: dict[int, bytes] = {}

    def add(self, kind: int, value: bytes) -> None:
        self.attributes[kind] = value

    @property
    def error(self) -> tuple[int, str]:
        value = self.attributes.get(ERROR, b"")
        if len(value) < 4:
            return 0, "no reason given"
        return (value[2] & 7) * 100 + value[3], value[4:].decode(errors="replace")

    def encoded(self, key: bytes = b"") -> bytes:
        body = b"".join(_attribute(kind, value) for kind, value in self.attributes.items())
        if key:
            mac = hmac.new(key, self._head(len(body) + 24) + body, hashlib.sha1).digest()
            body += _attribute(INTEGRITY, mac)
        return self._head(len(body)) + body

    def _head(self, length: int) -> bytes:
        return struct.pack("!HHI", self.kind, length, COOKIE) + self.id

    @classmethod
    def decoded(cls, data: bytes) -> Self | None:
        if len(data) < 20:
            return None
        kind, length, cookie = struct.unpack("!HHI", data[:8])
        if cookie != COOKIE or len(data) < 20 + length:
            return None
        message, rest = cls(kind, data[8:20]), data[20 : 20 + length]
        while len(rest) >= 4:
            attribute, size = struct.unpack("!HH", rest[:4])
            message.attributes.setdefault(attribute, rest[4 : 4 + size])
            rest = rest[4 + size + -size % 4 :]
        return message


class StunConnection:
    """How a server is reached: datagrams, or a stream of messages one after the other, plain or under TLS."""

    AGAIN_AFTER = (0.5, 1.0, 2.0)  # a datagram may be lost; RFC 5389, 7.2.1, in short

    def __init__(self, connection: socket.socket, patience: float, *, is_stream: bool) -> None:
        self._connection = connection
        self._patience = patience
        self._is_stream = is_stream
        self._buffer = b""

    @classmethod
    def to(cls, url: str, patience: float) -> Self:
        """Raises RelayFailed."""
        relay = RelayAddress.of(url)
        try:
            family, _, _, _, address = socket.getaddrinfo(relay.host, relay.port, type=relay.kind)[0]
        except OSError as error:
            raise RelayFailed(f"the name {relay.host} is not known here") from error
        connection = socket.socket(family, relay.kind)
        connection.settimeout(patience)
        try:
            connection.connect(address)
            if relay.is_tls:
                connection = ssl.create_default_context().wrap_socket(connection, server_hostname=relay.host)
        except ssl.SSLError as error:
            connection.close()
            raise RelayFailed(f"TLS failed: {error.reason or error}") from error
        except OSError as error:
            connection.close()
            raise RelayFailed(f"nothing answers at {relay.host} port {relay.port}: {_why(error)}") from error
        return cls(connection, patience, is_stream=relay.kind == socket.SOCK_STREAM)

    def ask(self, asked: StunMessage, data: bytes) -> StunMessage:
        """Raises RelayFailed when no answer comes."""
        for pause in (self._patience,) if self._is_stream else self.AGAIN_AFTER:
            self.send(data)
            deadline = monotonic() + pause
            while (left := deadline - monotonic()) > 0:
                answer = self.receive(left)
                if answer is not None and answer.id == asked.id:
                    return answer
        raise RelayFailed("no answer comes: look at the firewall and at the port")

    def send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise RelayFailed(f"nothing answers: {_why(error)}") from error

    def receive(self, patience: float) -> StunMessage | None:
        """None when the time is over, or what came is no message."""
        self._connection.settimeout(patience)
        try:
            return StunMessage.decoded(self._next_message() if self._is_stream else self._connection.recv(65536))
        except TimeoutError:
            return None
        except OSError as error:
            raise RelayFailed(f"nothing answers: {_why(error)}") from error

    def close(self) -> None:
        self._connection.close()

    def _next_message(self) -> bytes:
        while len(self._buffer) < 20 or len(self._buffer) < 20 + int.from_bytes(self._buffer[2:4]):
            received = self._connection.recv(4096)
            if not received:
                raise ConnectionResetError
            self._buffer += received
        length = 20 + int.from_bytes(self._buffer[2:4])
        message, self._buffer = self._buffer[:length], self._buffer[length:]
        return message


@dataclass(frozen=True)
class RelayAddress:
    host: str
    port: int
    is_tls: bool
    kind: socket.SocketKind

    @classmethod
    def of(cls, url: str) -> Self:
        """RFC 7065; what the setting let through is well shaped."""
        found = re.fullmatch(r"(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?", url)
        assert found is not None, url
        is_tls = found[1] == "turns"
        over_tcp = is_tls or found[4] == "tcp"
        port = int(found[3] or (5349 if is_tls else 3478))
        return cls(found[2].strip("[]"), port, is_tls, socket.SOCK_STREAM if over_tcp else socket.SOCK_DGRAM)


def _explain(code: int, why: str) -> str:
    told = {
        401: "the credentials are refused: TURN_SECRET is not the server's static-auth-secret, or its clock is wrong",
        403: "forbidden: denied-peer-ip, or an allowed-peer-ip that is missing, keeps the two relays apart",
        437: "the allocation is not there any more",
        442: "this transport is not offered",
        486: "the quota of allocations is used up: user-quota or total-quota",
        508: "no relay is left: look at min-port and max-port",
    }
    return f"{code}: {told.get(code, why)}"


def _why(error: OSError) -> str:
    return "in time" if isinstance(error, TimeoutError) else (error.strerror or type(error).__name__).lower()


def _format(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _read_address(value: bytes, id: bytes) -> Address:
    if len(value) < 8:
        raise RelayFailed("the server gave an address that cannot be read")
    port = int.from_bytes(value[2:4]) ^ COOKIE >> 16
    return str(ipaddress.ip_address(_masked(value[4:], id))), port


def _written_address(address: Address, id: bytes) -> bytes:
    host = ipaddress.ip_address(address[0])
    return struct.pack("!BBH", 0, 1 if host.version == 4 else 2, address[1] ^ COOKIE >> 16) + _masked(host.packed, id)


def _masked(host: bytes, id: bytes) -> bytes:
    mask = COOKIE.to_bytes(4) + id
    return bytes(one ^ other for one, other in zip(host, mask, strict=False))
