"""Consultations in their last minutes: hundreds of open cards, on both sides, that change all the time."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from .clinic import make_consultations, make_pairs
from .figures import Row, milliseconds, percentile
from .server import Server, running
from .wire import Person

CARDS = 250
SECONDS = 10
RATE = 50  # presses a second
CHANGED = re.compile(rb'id="consultation-(\d+)"')


@dataclass
class Cards:
    """When each card was last pressed, and how long it took until a screen showed it."""

    pressed_at: dict[int, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    refused: int = 0

    def seen(self, html: bytes, at: float) -> None:
        for found in CHANGED.finditer(html):
            if int(found[1]) in self.pressed_at:
                self.delays.append(at - self.pressed_at[int(found[1])])


def measure(folder: Path) -> list[Row]:
    data = folder / "cards"
    phones = make_pairs(data, CARDS)
    make_consultations(data, CARDS)
    with running(data) as server:
        return asyncio.run(_press(server, phones))


async def _press(server: Server, phones: list[tuple[str, str, int]]) -> list[Row]:
    cards, people = Cards(), []
    for number, (patient, doctor, _) in enumerate(phones):
        pair = Person(server, patient, 2 * number), Person(server, doctor, 2 * number + 1)
        for person in pair:
            await person.sign_in()
            await person.listen(cards.seen)
        pair[1].leave()
        people.append(pair[0])
    await _steadily(cards, people, seconds=2)  # warms
    cards.delays.clear()
    await _steadily(cards, people, SECONDS)
    await asyncio.sleep(1)  # what is late may still come
    p50, p95 = (milliseconds(percentile(cards.delays, share)) for share in (50, 95))
    most = await _as_fast_as_answered(cards, people)
    what = f"{CARDS} consultations, both cards open, {RATE} presses a second: press → either screen, p50, p95"
    return [
        Row(what, f"{p50}, {p95}; {cards.refused} refused", "p95 ≤ 150 ms"),
        Row("… changes a second, when all press as soon as they are answered", f"{most:.0f}", f"≥ {CARDS}"),
    ]


async def _steadily(cards: Cards, people: list[Person], seconds: float) -> None:
    begun, presses = time.perf_counter(), []
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(begun + number / RATE - time.perf_counter())
        presses.append(asyncio.create_task(_one(cards, people, number % CARDS)))
    await asyncio.gather(*presses)


async def _as_fast_as_answered(cards: Cards, people: list[Person]) -> float:
    """Twenty at once: more would only stand in the queue."""
    end, count = time.perf_counter() + SECONDS, 0

    async def keep_pressing(number: int) -> None:
        nonlocal count
        while time.perf_counter() < end:
            await _one(cards, people, number)
            count += 1

    await asyncio.gather(*(keep_pressing(number) for number in range(20)))
    return count / SECONDS


async def _one(cards: Cards, people: list[Person], number: int) -> None:
    cards.pressed_at[number + 1] = time.perf_counter()
    answer = await people[number].ask("POST", f"/consultations/{number + 1}/readiness", {"seen": "0"}, htmx=True)
    cards.refused += answer.status != 200
