"""A thousand open screens on which nothing happens: what they weigh."""

from __future__ import annotations

import asyncio
from pathlib import Path

from .clinic import make_pairs
from .figures import Row
from .server import Server, running
from .wire import Person, Socket

PAIRS = 50  # a hundred people, ten sockets each: what one person may have
SOCKETS_EACH = 10
PATIENCE = 90  # seconds until every socket was asked at least twice whether it is still there


def measure(folder: Path) -> list[Row]:
    data = folder / "idle"
    phones = make_pairs(data, PAIRS)
    with running(data) as server:
        before, after, alive = asyncio.run(_sit(server, [phone for *pair, _ in phones for phone in pair]))
    return [
        Row("memory of the server before", f"{before:.0f} MB", "≤ 110 MB"),
        Row(f"memory {alive:,} idle sockets add", f"{after - before:.0f} MB", "≤ 75 MB"),
    ]


async def _sit(server: Server, phones: list[str]) -> tuple[float, float, int]:
    """Megabytes before and after, and how many sockets were alive at the end."""
    people = [Person(server, phone, number) for number, phone in enumerate(phones)]
    for person in people:
        await person.sign_in()
        await person.ask("GET", "/messages")
        person.leave()
    before = server.megabytes()
    sockets = [await person.listen(lambda html, at: None) for person in people for _ in range(SOCKETS_EACH)]
    await _until_all_were_asked(sockets)
    after, alive = server.megabytes(), sum(socket.is_open for socket in sockets)
    for socket in sockets:
        socket.close()
    return before, after, alive


async def _until_all_were_asked(sockets: list[Socket]) -> None:
    for _ in range(PATIENCE):
        await asyncio.sleep(1)
        if all(socket.pings > 1 for socket in sockets if socket.is_open):
            return
