"""Two hundred calls at once: how soon what one page says is at the other side's."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationKind, ProposalTerms
from ibolit.services import clock

from .clinic import make_pairs, opened
from .figures import Row, milliseconds, percentile
from .server import Server, running
from .wire import Person, Socket

CALLS = 200
PER_SECOND = 400  # each of the two says something once a second, as while a call is being set up
SECONDS = 8
ROUNDS = 3
CANDIDATE = {"candidate": "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ relay raddr 0.0.0.0 rport 0 " + "x" * 300}


@dataclass
class Page:
    person: Person
    consultation_id: int
    socket: Socket | None = None

    async def join(self, told: Told) -> None:
        path = f"/consultations/{self.consultation_id}/signal?page=bench-{self.person.phone[1:]}"
        self.socket = await self.person.listen(told.hear, path)

    def say(self, number: int) -> None:
        """One masked frame; the mask of zeros costs the server as much as another."""
        assert self.socket is not None
        text = json.dumps({"kind": "candidate", "body": CANDIDATE, "n": number}).encode()
        self.socket.transport.write(struct.pack("!BBH", 0x81, 0x80 | 126, len(text)) + bytes(4) + text)


@dataclass
class Told:
    said_at: dict[int, float] = field(default_factory=dict)
    heard_at: dict[int, float] = field(default_factory=dict)
    welcomes: int = 0

    def hear(self, text: bytes, at: float) -> None:
        said = json.loads(text)
        if said["kind"] == "candidate":
            self.heard_at[said["n"]] = at
        elif said["kind"] == "welcome":
            self.welcomes += 1


def measure(folder: Path) -> list[Row]:
    data = folder / "signaling"
    phones = make_pairs(data, CALLS)
    consultations = _begin_consultations(data)
    with running(data) as server:
        rounds, lost, cost = asyncio.run(_signal_in_pairs(server, phones, consultations))
    p50, p95 = (milliseconds(median(percentile(delays, share) for delays in rounds)) for share in (50, 95))
    return [
        Row(f"signaling, one page → the other's, {CALLS} calls at once, {PER_SECOND} messages/s: p50", p50),
        Row("… p95", p95, "≤ 20 ms"),
        Row("… lost; processor a message", f"{lost}; {milliseconds(cost)}", "0"),
    ]


def _begin_consultations(data: Path) -> dict[int, int]:
    """By the models' own verbs; the consultation of each chat."""
    with opened(data).app_context():
        consultations = {}
        for chat in db.session.scalars(db.select(Chat)).all():
            terms = ProposalTerms(
                ConsultationKind.VIDEO, clock.now().replace(microsecond=0) + timedelta(minutes=5), 30, 0
            )
            consultation = Consultation.propose(chat, chat.doctor, terms, f"bench-{chat.id:08}")
            consultation.confirm(consultation.patient, consultation.starts_at)
            for side in (consultation.patient, consultation.doctor.user):
                consultation.mark_ready(side)
            db.session.commit()
            consultations[chat.id] = consultation.id
        db.session.remove()
        db.engine.dispose()
    return consultations


async def _signal_in_pairs(
    server: Server, phones: list[tuple[str, str, int]], consultations: dict[int, int]
) -> tuple[list[list[float]], int, float]:
    told, pages = Told(), []
    for number, (patient, doctor, chat_id) in enumerate(phones):
        for side, phone in enumerate((patient, doctor)):
            page = Page(Person(server, phone, 2 * number + side), consultations[chat_id])
            await page.person.sign_in()
            await page.join(told)
            page.person.leave()
            pages.append(page)
    while told.welcomes < len(pages):
        await asyncio.sleep(0.01)
    await _say_steadily(pages, told, seconds=2)
    before, processor = len(told.said_at), server.processor_seconds()
    rounds = [await _say_steadily(pages, told, SECONDS) for _ in range(ROUNDS)]
    cost = (server.processor_seconds() - processor) / (len(told.said_at) - before)
    return rounds, len(told.said_at) - len(told.heard_at), cost


async def _say_steadily(pages: list[Page], told: Told, seconds: float) -> list[float]:
    """The delays of what was said meanwhile."""
    first, begun = len(told.said_at), time.perf_counter()
    for number in range(int(seconds * PER_SECOND)):
        pause = begun + number / PER_SECOND - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        told.said_at[first + number] = time.perf_counter()
        pages[number % len(pages)].say(first + number)
    await asyncio.sleep(1)  # what is late may still come
    heard = [number for number in range(first, len(told.said_at)) if number in told.heard_at]
    return [told.heard_at[number] - told.said_at[number] for number in heard]
