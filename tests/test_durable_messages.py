"""What is acknowledged is on the disk: the calls of the system say so themselves, by both ways.

Of every message the order is looked at: its bytes are written into the log of the database, an fdatasync begins after
that and ends, and only then its id goes out to anybody.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from databases import POSTGRES

from bench.clinic import make_pairs
from bench.server import Server, free_port, settings, started
from bench.wire import Person

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(POSTGRES), reason="a clinic of its own, on SQLite"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace here"),
]

PAIRS, EACH = 3, 12  # people by each way, and messages of each of them
PATIENCE = 120.0
CALL = re.compile(r"(\d+) +(?:<\.\.\. )?(pwrite64|fdatasync|fsync|sendto)\b")
ID = re.compile(r"durable-\d{6}")


def watched_clinic(data: Path, trace: Path) -> AbstractContextManager[Server]:
    port = free_port()
    watch = ["strace", "-f", "-s", "70000", "-e", "trace=pwrite64,fdatasync,fsync,sendto", "-o", str(trace)]
    command = [*watch, sys.executable, "-m", "gunicorn", "--log-level", "warning", "wsgi:app"]
    env = settings(port, data) | {"IBOLIT_ENV": "test"}
    return started(command, port, env)


async def storm(server: Server, phones: list[tuple[str, str, int]]) -> list[str]:
    """The ids of all that was acknowledged: patients write by the form, doctors by the socket, all at once."""
    people = [(phone, chat_id) for *pair, chat_id in phones for phone in pair]
    told = await asyncio.gather(*(write(server, *one, number) for number, one in enumerate(people)))
    return [id for ids in told for id in ids]


async def write(server: Server, phone: str, chat_id: int, number: int) -> list[str]:
    person = Person(server, phone, number)
    await person.sign_in()
    socket = await person.listen(lambda html, at: None)
    acknowledged = []
    for turn in range(EACH):
        id = f"durable-{number * 1000 + turn:06}"
        by_form = number % 2 == 0
        said = await (person.post(chat_id, id, id) if by_form else socket.send(chat_id, id, id))
        assert (said.status if by_form else said) == 200  # type: ignore[union-attr]
        acknowledged.append(id)
    socket.close()
    person.leave()
    return acknowledged


@dataclass
class Way:
    """Of one message through the system's calls."""

    written_by: str = ""
    is_syncing: bool = False
    is_synced: bool = False


@dataclass
class Trace:
    """Read line by line, in the order in which the kernel told of them."""

    messages: dict[str, Way] = field(default_factory=dict)
    told_early: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def read(self, line: str) -> None:
        found = CALL.match(line)
        if found is None:
            return
        thread, call = found.groups()
        begins, ends = "<... " not in line, "<unfinished ...>" not in line
        if call == "pwrite64" and begins:
            for id in ID.findall(line):
                self.messages.setdefault(id, Way(written_by=thread))
        elif call in ("fdatasync", "fsync"):
            self._sync(thread, begins=begins, ends=ends)
        elif call == "sendto" and begins:
            ids = set(ID.findall(line))
            self.told |= ids
            self.told_early |= {id for id in ids if not self.messages.get(id, Way()).is_synced}

    def _sync(self, thread: str, *, begins: bool, ends: bool) -> None:
        for way in self.messages.values():
            if way.written_by == thread and begins:
                way.is_syncing = True
            if way.written_by == thread and ends and way.is_syncing:
                way.is_synced = True


def test_nothing_is_told_before_it_is_on_the_disk(tmp_path: Path) -> None:
    data, file = tmp_path / "clinic", tmp_path / "trace"
    phones = make_pairs(data, PAIRS)
    with watched_clinic(data, file) as server, ThreadPoolExecutor(1) as apart:
        told = asyncio.wait_for(storm(server, phones), PATIENCE)
        acknowledged = apart.submit(asyncio.run, told).result()
    trace = Trace()
    for line in file.read_text(errors="replace").splitlines():
        trace.read(line)
    assert len(acknowledged) == 2 * PAIRS * EACH
    assert set(acknowledged) - trace.told == set(), "acknowledged, and no call shows it"
    assert trace.told_early == set()
