"""What large files cost: the server's memory, the first thumbnail, and the patience of those who only write."""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import time
from pathlib import Path
from statistics import median

from PIL import Image

from .clinic import make_pairs
from .figures import Row, milliseconds, percentile
from .messages import Exchange, gathered, steadily
from .server import Server, running
from .wire import Person

PAIRS = 50
DOWNLOADS = 20
MEGABITS = 10  # a second for each: mobile internet on a good day
SECONDS = 12
ROUNDS = 3
MEGABYTE = 1024 * 1024


def measure(folder: Path) -> list[Row]:
    phones = make_pairs(folder / "files", PAIRS)
    with running(folder / "files") as server:
        return asyncio.run(_measure(server, phones))


async def _measure(server: Server, phones: list[tuple[str, str, int]]) -> list[Row]:
    exchange = await gathered(server, phones)
    sender, chat_id = exchange.pairs[0].sender, exchange.pairs[0].chat_id
    thumbnails = [await _first_thumbnail(sender, chat_id, number) for number in range(5)]
    rows, large = await _memory(server, sender, chat_id)
    return [
        *rows,
        Row("upload of a 12-megapixel photo → its thumbnail is there", milliseconds(median(thumbnails))),
        await _patience(exchange, f"/files/{large}"),
    ]


async def _first_thumbnail(person: Person, chat_id: int, number: int) -> float:
    photo = _photo(number)
    begun = time.perf_counter()
    key = await person.upload(chat_id, "IMG.jpg", photo)
    await person.post(chat_id, "", f"photo-{number:08}", uploads=key)
    answer = await person.ask("GET", f"/files/{await _newest(person, chat_id)}/thumbnail")
    assert answer.status == 200
    return time.perf_counter() - begun


def _photo(number: int) -> bytes:
    """Twelve megapixels with grain, as a camera gives them: three megabytes or so."""
    grain = Image.effect_noise((1000, 750), 40 + number).resize((4000, 3000), Image.Resampling.BICUBIC)
    photo = io.BytesIO()
    Image.merge("RGB", (grain, grain.rotate(180), grain)).save(photo, "JPEG", quality=90)
    return photo.getvalue()


async def _newest(person: Person, chat_id: int) -> int:
    """The last file of a chat, by its page of files."""
    page = await person.ask("GET", f"/chats/{chat_id}/files")
    return int(page.body.decode().partition('href="/files/')[2].partition("/")[0].partition('"')[0])


async def _memory(server: Server, person: Person, chat_id: int) -> tuple[list[Row], int]:
    text = ("Гемоглобин 140 г/л, лейкоциты 6,1, эритроциты 4,7\n".encode() * 400_000)[: 25 * MEGABYTE - 1]
    before = server.megabytes()
    server.forget_peak()
    key = await person.upload(chat_id, "анализы.txt", text[: text.rindex(b"\n") + 1])
    up = server.megabytes("VmHWM") - before
    await person.post(chat_id, "", "large-00001", uploads=key)
    id = await _newest(person, chat_id)
    before = server.megabytes()
    server.forget_peak()
    answer = await person.ask("GET", f"/files/{id}")
    assert len(answer.body) > 24 * MEGABYTE
    down = server.megabytes("VmHWM") - before
    rows = [
        Row("memory more at most while 25 MB come up", f"{up:.1f} MB", "≤ 20 MB"),
        Row("… while they go down", f"{down:.1f} MB", "≤ 20 MB"),
    ]
    return rows, id


async def _patience(exchange: Exchange, address: str) -> Row:
    """Quiet and busy rounds by turns, so that the machine's moods meet both."""
    quiet, busy = [], []
    for _ in range(ROUNDS):
        quiet.append(await _delays(exchange))
        loaders = [
            multiprocessing.Process(
                target=_load, args=(exchange.server.port, address, exchange.pairs[0].sender.headers())
            )
            for _ in range(4)
        ]
        for loader in loaders:
            loader.start()
        await asyncio.sleep(1)  # until all of them load
        busy.append(await _delays(exchange))
        if not all(loader.is_alive() for loader in loaders):
            raise RuntimeError("the downloads ended early")
        for loader in loaders:
            loader.terminate()
            loader.join()
    what = f"delivery at 50 messages/s while {DOWNLOADS} files of 25 MB go down at {MEGABITS} Mbit/s each: p50, p95"
    told = f"{_middle_and_late(busy)} (without: {_middle_and_late(quiet)})"
    return Row(what, told, "≤ 2 ×")


def _middle_and_late(rounds: list[list[float]]) -> str:
    return ", ".join(milliseconds(median(percentile(delays, share) for delays in rounds)) for share in (50, 95))


async def _delays(exchange: Exchange) -> list[float]:
    before = set(exchange.acknowledged)
    await steadily(exchange, SECONDS)
    await asyncio.sleep(1)
    return exchange.delays(sorted(set(exchange.acknowledged) - before))


def _load(port: int, address: str, headers: list[str]) -> None:
    """A quarter of the downloads, in a process of its own."""
    asyncio.run(_load_together(port, address, headers))


async def _load_together(port: int, address: str, headers: list[str]) -> None:
    await asyncio.gather(*(_load_again_and_again(port, address, headers) for _ in range(DOWNLOADS // 4)))


async def _load_again_and_again(port: int, address: str, headers: list[str]) -> None:
    a_second, piece = MEGABITS * 1_000_000 / 8, 32 * 1024
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2 * piece)
        writer.write("\r\n".join([f"GET {address} HTTP/1.1", *headers, "Connection: close", "", ""]).encode())
        begun, taken = time.perf_counter(), 0
        while part := await reader.read(piece):
            taken += len(part)
            await asyncio.sleep(max(0.0, begun + taken / a_second - time.perf_counter()))
        writer.close()
        if taken < 24 * MEGABYTE:
            raise RuntimeError(f"a download ended after {taken} bytes")
