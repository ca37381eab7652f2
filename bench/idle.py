"""A thousand open screens on which nothing happens: what they weigh, and what they cost while nothing happens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from .clinic import make_pairs
from .figures import Row
from .server import Server, running
from .wire import Person, Socket

PAIRS = 50  # a hundred people, ten sockets each: what one person may have
SOCKETS_EACH = 10
PATIENCE = 90  # seconds until every socket was asked at least twice whether it is still there
QUIET = 30  # seconds in which the processor is watched: every socket ticks at least once


def measure(folder: Path) -> list[Row]:
    data = folder / "idle"
    phones = make_pairs(data, PAIRS)
    with running(data) as server:
        sat = asyncio.run(_sit(server, [phone for *pair, _ in phones for phone in pair]))
    slope = 2 * (sat.after - sat.half)
    return [
        Row("memory of the server before", f"{sat.before:.0f} MB", "≤ 110 MB"),
        Row(f"memory {sat.alive:,} idle sockets add", f"{sat.after - sat.before:.0f} MB", "≤ 75 MB"),
        Row("… a thousand, by the slope from half of them to all", f"{slope:.0f} MB", "≤ 40 MB"),
        Row(f"processor while {sat.alive:,} are idle, of one core", f"{100 * sat.share:.1f} %", "≤ 1.5 %"),
    ]


@dataclass(frozen=True)
class Sitting:
    """Megabytes before, with half of the sockets and with all; how many lived, and what share of a core they took."""

    before: float
    half: float
    after: float
    alive: int
    share: float


async def _sit(server: Server, phones: list[str]) -> Sitting:
    people = [Person(server, phone, number) for number, phone in enumerate(phones)]
    for person in people:
        await person.sign_in()
        await person.ask("GET", "/messages")
        person.leave()
    before = server.megabytes()
    sockets: list[Socket] = []
    weights = []
    for _ in range(2):
        sockets += [await person.listen(lambda html, at: None) for person in people for _ in range(SOCKETS_EACH // 2)]
        await _until_all_were_asked(sockets)
        weights.append(server.megabytes())
    spent = server.processor_seconds()
    await asyncio.sleep(QUIET)
    share = (server.processor_seconds() - spent) / QUIET
    alive = sum(socket.is_open for socket in sockets)
    for socket in sockets:
        socket.close()
    return Sitting(before, *weights, alive, share)


async def _until_all_were_asked(sockets: list[Socket]) -> None:
    for _ in range(PATIENCE):
        await asyncio.sleep(1)
        if all(socket.pings > 1 for socket in sockets if socket.is_open):
            return
