"""Fifty pairs of people write: how soon a message is seen, how many a second are taken, what each costs."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from .clinic import SENTENCES, make_pairs
from .figures import Row, milliseconds, percentile
from .server import Server, running
from .wire import Person

PAIRS = 50
PER_SECOND = 50
ROUNDS = 3
STEADY_SECONDS = 12
FULL_SECONDS = 8
REPEATED = 200  # acknowledged messages that are sent once more at the end
NUMBER = re.compile(rb"no(\d+)no")


@dataclass
class Pair:
    sender: Person
    reader: Person
    chat_id: int


@dataclass
class Exchange:
    """What was sent, acknowledged and seen, by the message's number."""

    server: Server
    pairs: list[Pair]
    acknowledged: dict[int, tuple[Pair, str, str]] = field(default_factory=dict)
    sent_at: dict[int, float] = field(default_factory=dict)
    seen_at: dict[int, float] = field(default_factory=dict)
    refused: int = 0
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def post(self, pair: Pair) -> None:
        number = next(self._numbers)
        text, client_id = f"{SENTENCES[number % len(SENTENCES)]} no{number}no", f"bench-{number:012}"
        self.sent_at[number] = time.perf_counter()
        answer = await pair.sender.post(pair.chat_id, text, client_id)
        if answer.status == 200:
            self.acknowledged[number] = (pair, text, client_id)
        else:
            self.refused += 1

    def seen(self, html: bytes, at: float) -> None:
        found = NUMBER.search(html)
        if found:
            self.seen_at.setdefault(int(found[1]), at)

    def delays(self, numbers: list[int]) -> list[float]:
        return [self.seen_at[number] - self.sent_at[number] for number in numbers if number in self.seen_at]


@dataclass(frozen=True)
class Round:
    delays: list[float]
    missed: int
    steady_cost: float  # processor seconds a message
    posts_a_second: float
    full_cost: float


def measure(folder: Path) -> list[Row]:
    data = folder / "exchange"
    phones = make_pairs(data, PAIRS)
    with running(data) as server:
        exchange, rounds = asyncio.run(_exchange(server, phones))
    lost, doubled = _lost_and_doubled(data / "ibolit.db", exchange)
    return [*_rows(rounds), _accounts(exchange, lost, doubled, sum(one.missed for one in rounds))]


async def _exchange(server: Server, phones: list[tuple[str, str, int]]) -> tuple[Exchange, list[Round]]:
    exchange = await gathered(server, phones)
    rounds = [await _round(exchange) for _ in range(ROUNDS)]
    await asyncio.gather(*(_repeat(exchange, number) for number in list(exchange.acknowledged)[-REPEATED:]))
    return exchange, rounds


async def gathered(server: Server, phones: list[tuple[str, str, int]]) -> Exchange:
    """All are signed in, the readers listen, and the server is warm."""
    exchange = Exchange(server, [])
    for number, (patient, doctor, chat_id) in enumerate(phones):
        pair = Pair(Person(server, patient, 2 * number), Person(server, doctor, 2 * number + 1), chat_id)
        await pair.sender.sign_in()
        await pair.reader.sign_in()
        await pair.sender.listen(lambda html, at: None)
        await pair.reader.listen(exchange.seen)
        pair.reader.leave()
        exchange.pairs.append(pair)
    await steadily(exchange, seconds=3)
    return exchange


async def _round(exchange: Exchange) -> Round:
    numbers, _, steady = await _costed(exchange, lambda: steadily(exchange, STEADY_SECONDS))
    await asyncio.sleep(1)  # what is late may still come
    delays = exchange.delays(numbers)
    flood, seconds, full = await _costed(exchange, lambda: _as_fast_as_answered(exchange, FULL_SECONDS))
    await asyncio.sleep(2)
    missed = len(numbers) - len(delays) + len(flood) - len(exchange.delays(flood))
    return Round(delays, missed, steady / len(numbers), len(flood) / seconds, full / len(flood))


async def _costed(exchange: Exchange, action: Callable[[], Awaitable[None]]) -> tuple[list[int], float, float]:
    """The numbers acknowledged meanwhile, the seconds it took, and the server's processor seconds."""
    before, processor, begun = set(exchange.acknowledged), exchange.server.processor_seconds(), time.perf_counter()
    await action()
    seconds = time.perf_counter() - begun
    return sorted(set(exchange.acknowledged) - before), seconds, exchange.server.processor_seconds() - processor


async def steadily(exchange: Exchange, seconds: float) -> None:
    """An even stream at PER_SECOND, whatever the answers take."""
    begun, posts = time.perf_counter(), []
    for number in range(int(seconds * PER_SECOND)):
        await asyncio.sleep(begun + number / PER_SECOND - time.perf_counter())
        posts.append(asyncio.create_task(exchange.post(exchange.pairs[number % PAIRS])))
    await asyncio.gather(*posts)


async def _as_fast_as_answered(exchange: Exchange, seconds: float) -> None:
    """Every sender posts again as soon as he is answered."""
    end = time.perf_counter() + seconds

    async def keep_posting(pair: Pair) -> None:
        while time.perf_counter() < end:
            await exchange.post(pair)

    await asyncio.gather(*(keep_posting(pair) for pair in exchange.pairs))


async def _repeat(exchange: Exchange, number: int) -> None:
    """As a phone does that did not hear the answer."""
    pair, text, client_id = exchange.acknowledged[number]
    again = Person(exchange.server, pair.sender.phone, number)
    again.cookies, again.token = pair.sender.cookies, pair.sender.token
    await again.post(pair.chat_id, text, client_id)
    again.leave()


def _lost_and_doubled(database: Path, exchange: Exchange) -> tuple[int, int]:
    with closing(sqlite3.connect(database)) as connection:
        kept = connection.execute("SELECT text, count(*) FROM message WHERE text LIKE '%no%no' GROUP BY chat_id, text")
        copies = dict(kept.fetchall())
    lost = sum(text not in copies for _, text, _ in exchange.acknowledged.values())
    return lost, sum(count - 1 for count in copies.values())


def _rows(rounds: list[Round]) -> list[Row]:
    p50, p95, p99 = (milliseconds(median(percentile(one.delays, share) for one in rounds)) for share in (50, 95, 99))
    posts = median(one.posts_a_second for one in rounds)
    steady, full = (median(getattr(one, name) for one in rounds) for name in ("steady_cost", "full_cost"))
    return [
        Row(f"delivery, sender's post → reader's socket, {PER_SECOND} messages/s: p50", p50, "≤ 5 ms"),
        Row("… p95", p95, "≤ 15 ms"),
        Row("… p99", p99),
        Row(f"acknowledged posts a second, {PAIRS} senders", f"{posts:.0f}", "≥ 400"),
        Row("processor a message, at that rate", milliseconds(full), "≤ 2 ms"),
        Row(f"processor a message, at {PER_SECOND}/s", milliseconds(steady), "≤ 2 ms"),
    ]


def _accounts(exchange: Exchange, lost: int, doubled: int, missed: int) -> Row:
    what = f"of {len(exchange.sent_at):,} posts, {REPEATED} of them sent twice: refused, lost, doubled, not shown live"
    return Row(what, f"{exchange.refused}, {lost}, {doubled}, {missed}", "0, 0, 0, 0")
