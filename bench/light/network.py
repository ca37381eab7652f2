"""A slow wire between a browser and the server: bytes at a pace, a way that takes its time, hands that must be shaken.

What the browser's own throttling leaves out – what its service worker fetches, and the making of connections – is slow
here, too: a pace is shared by all connections, as they share one radio.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

PACKET = 1448  # bytes of ours in one
AROUND = 52  # bytes of IP and TCP around them


@dataclass(frozen=True)
class Network:
    down: float  # bits a second
    up: float
    latency: float  # seconds there and back
    handshakes: int  # round trips before a connection carries anything: TCP's, and TLS's


SLOW_4G = Network(down=1_638_400, up=750_000, latency=0.15, handshakes=1)  # as Lighthouse means it
LIKE_2G = Network(down=50_000, up=50_000, latency=0.4, handshakes=2)
QUICK = Network(down=1e9, up=1e9, latency=0, handshakes=0)


class _Lane:
    """One direction, shared by all connections in the order they come."""

    def __init__(self) -> None:
        self.rate = self.delay = 0.0  # bytes a second, seconds
        self.bytes = 0
        self._free_at = 0.0
        self._turn = asyncio.Lock()

    async def carry(self, data: bytes) -> float:
        """Waits until it is on its way; when it will have arrived."""
        async with self._turn:
            self.bytes += len(data)
            self._free_at = max(time.monotonic(), self._free_at) + (len(data) + AROUND) / self.rate
            await _until(self._free_at)
            return self._free_at + self.delay


class Wire:
    """The port to visit instead of the server's own, and what went over it so far."""

    def __init__(self, network: Network, server_port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.port = 0
        self._loop = loop
        self._lines: set[asyncio.Task[None]] = set()
        self._server_port = server_port
        self._down, self._up = _Lane(), _Lane()
        self.become(network)

    def become(self, network: Network) -> None:
        """From now on. What is connected is cut off: a kept connection would spare its hands the shaking."""
        self.network = network
        if self._loop.is_running():
            asyncio.run_coroutine_threadsafe(_end(self._lines), self._loop).result()
        self._down.rate, self._up.rate = network.down / 8, network.up / 8
        self._down.delay = self._up.delay = network.latency / 2

    @property
    def bytes(self) -> int:
        return self._down.bytes

    async def open(self) -> None:
        door = await asyncio.start_server(self._let_in, "127.0.0.1", 0)
        self.port = door.sockets[0].getsockname()[1]

    async def _let_in(self, browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter) -> None:
        self._lines.add(line := asyncio.create_task(self._connect(browser, to_browser)))
        line.add_done_callback(self._lines.discard)

    async def _connect(self, browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.network.latency * self.network.handshakes)
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
            await asyncio.gather(_pass(browser, to_server, self._up), _pass(server, to_browser, self._down))
        finally:
            to_browser.close()


@contextmanager
def slowed(port: int, network: Network) -> Iterator[Wire]:
    loop = asyncio.new_event_loop()
    wire = Wire(network, port, loop)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(wire.open(), loop).result()
    try:
        yield wire
    finally:
        wire.become(network)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(lines: set[asyncio.Task[None]]) -> None:
    ended = list(lines)
    for line in ended:
        line.cancel()
    await asyncio.gather(*ended, return_exceptions=True)


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter, lane: _Lane) -> None:
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    delivery = asyncio.create_task(_deliver(under_way, sink))
    try:
        with suppress(OSError):
            while data := await source.read(PACKET):
                under_way.put_nowait((await lane.carry(data), data))
        under_way.put_nowait((time.monotonic() + lane.delay, b""))
        await delivery
    finally:
        delivery.cancel()
        sink.close()


async def _deliver(under_way: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while True:
            at, data = await under_way.get()
            await _until(at)
            if not data:
                break
            sink.write(data)
            await sink.drain()


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
