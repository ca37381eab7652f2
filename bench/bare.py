"""A message beside the bare stack, in the same minutes: the ratios hold on any machine, whatever else it does.

The stack and the clinic run side by side and are asked in turn, the clinic by the socket and by the form. What a chat
server takes of it is known from a quiet run of 476cb37: Prosody with SQLite acknowledged 0.094 of what the bare stack
did (771 and 8,230 a second), and took 0.87 ms of processor for a message where that took 0.11. The aims are said in it.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .clinic import SENTENCES, make_pairs
from .figures import Row, missed
from .server import Server, free_port, running, settings, started
from .wire import Person, Socket

SENDERS = 50
ROUNDS = 6
SECONDS = 4
SWINGS = 0.15  # of the bare stack, beyond which nothing is judged

Say = Callable[[str, str], Awaitable[int]]  # text and the id of a message; the status of its acknowledgement


@dataclass(frozen=True)
class Aim:
    """By this way: so many of the bare stack's messages a second, for so many times its processor."""

    way: str
    share: float
    times: float


AIMS = (Aim("socket", 0.9 * 0.094, 1.3 / 0.11), Aim("form", 0.5 * 0.094, 2.4 / 0.11))


@dataclass(frozen=True)
class Flood:
    a_second: float
    cost: float  # processor milliseconds a message


def measure(folder: Path) -> list[Row]:
    phones = make_pairs(folder / "beside", SENDERS)
    with running(folder / "beside") as clinic, bare_stack(folder / "bare.db") as bare:
        floods = asyncio.run(_in_turn(clinic, bare, phones))
    speeds = [one.a_second for one in floods["bare"]]
    swing = (max(speeds) - min(speeds)) / median(speeds)
    words = "" if swing <= SWINGS else f"; it swings by {swing:.0%}, so nothing is judged"
    cost = median(one.cost for one in floods["bare"])
    rows = [
        Row(f"the bare stack: acknowledged a second, {SENDERS} senders", f"{median(speeds):.0f}, {cost:.2f} ms{words}")
    ]
    for aim in AIMS:
        rows += _beside(aim, floods["bare"], floods[aim.way], is_judged=swing <= SWINGS)
    return rows


def _beside(aim: Aim, bare: list[Flood], ours: list[Flood], *, is_judged: bool) -> list[Row]:
    share = median(one.a_second / other.a_second for one, other in zip(ours, bare, strict=True))
    times = median(one.cost / other.cost for one, other in zip(ours, bare, strict=True))
    speed, cost = median(one.a_second for one in ours), median(one.cost for one in ours)
    if is_judged and (share < aim.share or times > aim.times):
        missed.append(f"by the {aim.way}: {share:.3f} of the bare stack's messages for {times:.1f} its processor")
    return [
        Row(f"… by the {aim.way}: {speed:.0f} a second, of the bare stack's", f"{share:.3f}", f"≥ {aim.share:.3f}"),
        Row(f"… processor a message: {cost:.2f} ms, times the bare stack's", f"{times:.1f}", f"≤ {aim.times:.1f}"),
    ]


def bare_stack(database: Path) -> AbstractContextManager[Server]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--log-level", "warning", "bench.peers.bare_stack:app"]
    env = settings(port, database.parent) | {"BARE_DATABASE": str(database)}
    return started(command, port, env)


async def _in_turn(clinic: Server, bare: Server, phones: list[tuple[str, str, int]]) -> dict[str, list[Flood]]:
    """One flood after another; who goes first changes."""
    sayers: dict[str, list[Say]] = {"socket": [], "form": [], "bare": []}
    for number, (patient, doctor, chat_id) in enumerate(phones):
        sender, reader = Person(clinic, patient, 2 * number), Person(clinic, doctor, 2 * number + 1)
        await sender.sign_in()
        await reader.sign_in()
        await reader.listen(_unheard)
        sayers["socket"].append(_by_socket(await sender.listen(_unheard), chat_id))
        sayers["form"].append(_by_form(sender, chat_id))
        await Person(bare, doctor, 2 * number + 1).listen(_unheard, f"/live?chat={chat_id}")
        said = await Person(bare, patient, 2 * number).listen(_unheard, f"/live?chat={chat_id}")
        sayers["bare"].append(_by_socket(said, chat_id))
    numbers = itertools.count(1)
    floods: dict[str, list[Flood]] = {way: [] for way in sayers}
    for turn in range(ROUNDS + 1):
        for way in sorted(sayers, reverse=turn % 2 == 0):
            flood = await _flood(bare if way == "bare" else clinic, sayers[way], numbers, SECONDS)
            floods[way] += [flood] if turn else []  # the first warms
    return floods


async def _flood(server: Server, sayers: list[Say], numbers: Iterator[int], seconds: float) -> Flood:
    """Each says the next as soon as the last is acknowledged."""
    spent, begun = server.processor_seconds(), time.perf_counter()

    async def keep_saying(say: Say) -> int:
        count = 0
        while time.perf_counter() < begun + seconds:
            number = next(numbers)
            status = await say(f"{SENTENCES[number % len(SENTENCES)]} {number}", f"beside-{number:012}")
            assert status == 200, status
            count += 1
        return count

    count = sum(await asyncio.gather(*map(keep_saying, sayers)))
    took = time.perf_counter() - begun
    return Flood(count / took, (server.processor_seconds() - spent) / count * 1000)


def _by_socket(socket: Socket, chat_id: int) -> Say:
    return lambda text, client_id: socket.send(chat_id, text, client_id)


def _by_form(sender: Person, chat_id: int) -> Say:
    async def say(text: str, client_id: str) -> int:
        return (await sender.post(chat_id, text, client_id)).status

    return say


def _unheard(_html: bytes, _at: float) -> None: ...
