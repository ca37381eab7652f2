"""kill -9 in the middle of a storm of messages, by the form and by the socket: none is lost, none is there twice.

What was acknowledged is there; what was not is sent again, by the other way and with the same id, as a page does.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from databases import POSTGRES

from bench.clinic import make_pairs
from bench.server import ROOT, Server, free_port, settings, wait_until_ready
from bench.wire import Person, Socket

pytestmark = [
    pytest.mark.slow_file,
    pytest.mark.skipif(bool(POSTGRES), reason="a clinic of its own, on SQLite"),
]

PAIRS = 4
KILLS = 3
A_STORM = 150  # messages acknowledged before the next kill
PATIENCE = 40.0


@contextmanager
def clinic(data: Path, port: int) -> Iterator[Server]:
    """Killed at the end, with all it began."""
    command = [sys.executable, "-m", "gunicorn", "--log-level", "warning", "wsgi:app"]
    env = settings(port, data) | {"IBOLIT_ENV": "test"}
    process = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        wait_until_ready(port)
        yield Server(port, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


class Sender:
    """One person with a page open; sends the next message as soon as the last one is acknowledged."""

    def __init__(self, person: Person, chat_id: int, way: str) -> None:
        self.person, self.chat_id, self.way = person, chat_id, way
        self.acknowledged: list[str] = []
        self.in_doubt: list[str] = []
        self.socket: Socket | None = None

    async def come(self) -> None:
        """Signed in once, back after each kill; what is in doubt goes again, by the other way."""
        if not self.person.cookies:
            await self.person.sign_in()
        self.leave()
        self.socket = await self.person.listen(lambda html, at: None)
        for text in list(self.in_doubt):
            self.in_doubt.remove(text)
            await self.send(text, "socket" if self.way == "form" else "form")

    def leave(self) -> None:
        self.person.leave()
        if self.socket is not None:
            self.socket.close()

    async def send(self, text: str, way: str) -> None:
        client_id = f"storm-{text}"
        self.in_doubt.append(text)
        if way == "form":
            status = (await self.person.post(self.chat_id, text, client_id)).status
        else:
            assert self.socket is not None
            status = await self.socket.send(self.chat_id, text, client_id)
        assert status == 200
        self.in_doubt.remove(text)
        self.acknowledged.append(text)

    async def storm(self, marks: Iterator[int]) -> None:
        try:
            while True:
                await self.send(f"{self.person.phone[-3:]}-{next(marks)}", self.way)
        except (ConnectionError, asyncio.IncompleteReadError, OSError):
            return


async def storm(data: Path, phones: list[tuple[str, str, int]]) -> list[Sender]:
    """One power cut after another. Both of a pair write, and half of all by each way."""
    port, marks, senders = free_port(), itertools.count(1), []
    for cut in range(KILLS + 1):
        with clinic(data, port) as server:
            if not senders:
                people = [(phone, chat_id) for *pair, chat_id in phones for phone in pair]
                for number, (phone, chat_id) in enumerate(people):
                    way = "form" if number < PAIRS else "socket"
                    senders.append(Sender(Person(server, phone, number), chat_id, way))
            await asyncio.wait_for(asyncio.gather(*(sender.come() for sender in senders)), PATIENCE)
            if cut == KILLS:
                break
            storms = [asyncio.create_task(sender.storm(marks)) for sender in senders]
            await asyncio.wait_for(until_acknowledged(senders, A_STORM), PATIENCE)
        await asyncio.wait_for(asyncio.gather(*storms), PATIENCE)
    for sender in senders:
        sender.leave()
    for _ in range(3):
        await asyncio.sleep(0)  # the loop closes what was left
    return senders


async def until_acknowledged(senders: list[Sender], more: int) -> None:
    """By each way."""
    before = {way: acknowledged_by(senders, way) for way in ("form", "socket")}
    while any(acknowledged_by(senders, way) < before[way] + more // 2 for way in before):
        await asyncio.sleep(0.01)


def acknowledged_by(senders: list[Sender], way: str) -> int:
    return sum(len(sender.acknowledged) for sender in senders if sender.way == way)


def test_nothing_is_lost_or_doubled_by_either_way(tmp_path: Path) -> None:
    data = tmp_path / "clinic"
    phones = make_pairs(data, PAIRS)
    with ThreadPoolExecutor(1) as apart:  # a browser of a test before may have a loop in this thread
        senders = apart.submit(asyncio.run, storm(data, phones)).result()
    with closing(sqlite3.connect(data / "ibolit.db")) as connection:
        asked = "SELECT chat_id, text FROM message WHERE client_id LIKE 'storm-%' OR client_id LIKE 'again-%'"
        kept = Counter(connection.execute(asked).fetchall())
        spans = "SELECT chat_id, count(*), max(seq) - min(seq) + 1 FROM message GROUP BY chat_id"
        seqs = connection.execute(spans).fetchall()
    acknowledged = {(sender.chat_id, text) for sender in senders for text in sender.acknowledged}
    assert [sender.in_doubt for sender in senders] == [[]] * len(senders)
    assert acknowledged - kept.keys() == set(), "acknowledged and lost"
    assert {text: times for text, times in kept.items() if times > 1} == {}, "there twice"
    assert all(count == span for _, count, span in seqs), "a gap in a chat"
