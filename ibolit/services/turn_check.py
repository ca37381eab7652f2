"""Whether the clinic's relay carries a call: `flask doctor` asks it as a browser would. aioice speaks TURN for us."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Self, cast

from aioice.stun import TransactionFailed, TransactionTimeout
from aioice.turn import TurnTransport, create_turn_endpoint

from .turn import Credentials

Address = tuple[str, int]
Heard = asyncio.Queue[bytes | Exception]

SENT_AGAIN = 0.5  # seconds: a datagram may be lost
MEANINGS = {
    401: "the credentials are refused: TURN_SECRET is not the server's static-auth-secret, or its clock is wrong",
    403: "forbidden: denied-peer-ip, or an allowed-peer-ip that is missing, keeps the two relays apart",
    437: "the allocation is not there any more",
    442: "this transport is not offered",
    486: "the quota of allocations is used up: user-quota or total-quota",
    508: "no relay is left: look at min-port and max-port",
}


class RelayFailed(Exception):
    """The message says what is wrong, and what to look at."""


def check(url: str, credentials: Credentials, patience: float = 5.0) -> Address:
    """Two relays are allocated, and a datagram passes between them as a call's would; answers the first one's address.

    `patience`: seconds for each of the steps. Raises RelayFailed.
    """
    with ThreadPoolExecutor(1) as alone:  # whoever asks may have a loop of their own in this thread
        return alone.submit(lambda: asyncio.run(_check(RelayAddress.of(url), credentials, patience))).result()


async def _check(server: RelayAddress, credentials: Credentials, patience: float) -> Address:
    heard: Heard = asyncio.Queue()
    ask = partial(_allocation, server, credentials, heard, patience)
    async with ask() as here, ask() as there:
        try:
            await asyncio.wait_for(_exchange(here, there, heard), patience)
        except TimeoutError:
            raise RelayFailed(
                f"relays are given at {here.address[0]}:{here.address[1]}, but nothing passes between them: look at "
                "the firewall's UDP ports (min-port to max-port), external-ip and denied-peer-ip"
            ) from None
        except TransactionFailed as refusal:
            raise _explained(refusal) from refusal
        return here.address


async def _exchange(here: Allocation, there: Allocation, heard: Heard) -> None:
    """Each lets the other in by sending to it; whose word comes through first does not matter. Raises a refusal."""
    word, arrived = secrets.token_bytes(16), None
    while arrived != word:
        there.send(word, here.address)
        here.send(word, there.address)
        with suppress(TimeoutError):
            arrived = await asyncio.wait_for(heard.get(), SENT_AGAIN)
        if isinstance(arrived, Exception):
            raise arrived


@asynccontextmanager
async def _allocation(
    server: RelayAddress, credentials: Credentials, heard: Heard, patience: float
) -> AsyncIterator[Allocation]:
    """What cannot be given back ends by itself in ten minutes."""
    relay = await _allocated(server, credentials, heard, patience)
    try:
        yield relay
    finally:
        relay.release()
        with suppress(TimeoutError):
            await asyncio.wait_for(relay.is_gone.wait(), patience)


async def _allocated(server: RelayAddress, credentials: Credentials, heard: Heard, patience: float) -> Allocation:
    try:
        async with asyncio.timeout(patience):
            _, relay = await create_turn_endpoint(
                partial(Allocation, heard),
                await server.resolved(),
                credentials.username,
                credentials.password,
                ssl=ssl.create_default_context() if server.is_tls else None,
                transport=server.transport,
            )
    except ssl.SSLError as error:
        raise RelayFailed(f"TLS failed: {error.reason or error}") from error
    except (TimeoutError, TransactionTimeout) as error:
        raise RelayFailed("no answer comes: look at the firewall and at the port") from error
    except TransactionFailed as refusal:
        raise _explained(refusal) from refusal
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise RelayFailed(f"nothing answers at {server.host} port {server.port}: {why}") from error
    return relay


def _explained(refusal: TransactionFailed) -> RelayFailed:
    code, why = refusal.response.attributes.get("ERROR-CODE", (0, "no reason given"))
    return RelayFailed(f"{code}: {MEANINGS.get(code, why)}")


class Allocation(asyncio.DatagramProtocol):
    """One relay address of the server's; what comes to it, and what is refused, goes to `heard`."""

    _transport: TurnTransport

    def __init__(self, heard: Heard) -> None:
        self.is_gone = asyncio.Event()
        self._heard = heard

    @property
    def address(self) -> Address:
        address: Address = self._transport.get_extra_info("sockname")
        return address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(TurnTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._heard.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self._heard.put_nowait(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone.set()

    def send(self, data: bytes, peer: Address) -> None:
        self._transport.sendto(data, peer)

    def release(self) -> None:
        self._transport.close()


@dataclass(frozen=True)
class RelayAddress:
    host: str
    port: int
    is_tls: bool
    transport: str

    @classmethod
    def of(cls, url: str) -> Self:
        """RFC 7065; what the setting let through is well shaped."""
        scheme, host, port, transport = re.fullmatch(  # type: ignore[union-attr]
            r"(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?", url
        ).groups()
        is_tls = scheme == "turns"
        over_tcp = is_tls or transport == "tcp"
        return cls(host.strip("[]"), int(port or (5349 if is_tls else 3478)), is_tls, "tcp" if over_tcp else "udp")

    async def resolved(self) -> Address:
        """The name itself where TLS must hear it. Raises RelayFailed for one that is not known."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self.host, self.port)
        except OSError as error:
            raise RelayFailed(f"the name {self.host} is not known here") from error
        return (self.host if self.is_tls else str(found[0][4][0])), self.port
