"""Pages of the doctor of phone(1), timed inside the server, and their queries on a large and on a small clinic."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ibolit.extensions import db

from .clinic import opened, phone
from .figures import Row
from .pages import VISITS, Page, counting, row, taken, visitor
from .server import Server, running
from .wire import Person


def measured(pages: list[Page], few: Path, large: Path, aim: str) -> list[Row]:
    asked = {data: _queries(data, pages) for data in (few, large)}
    times = _times(large, pages)
    return [row(page, times[page], asked[large][page], asked[few][page], aim) for page in pages]


def _queries(data: Path, pages: list[Page]) -> dict[Page, int]:
    app = opened(data)
    doctor, counted = visitor(app, phone(1)), {}
    for page in pages:
        doctor.open(page)
        with counting(app) as statements:
            doctor.open(page)
        counted[page] = len(statements)
    with app.app_context():
        db.engine.dispose()
    return counted


def _times(data: Path, pages: list[Page]) -> dict[Page, list[float]]:
    log = data / "access.log"
    with running(data, access_log=log) as server:
        asyncio.run(_visit(server, pages))
    return taken(log, pages)


async def _visit(server: Server, pages: list[Page]) -> None:
    doctor = Person(server, phone(1), 1)
    await doctor.sign_in()
    for _ in range(VISITS + 1):  # the first warms
        for page in pages:
            method = "POST" if page.search else "GET"
            answer = await doctor.ask(method, page.path, page.form(), htmx=page.htmx, packed=True)
            assert answer.status == 200, f"{page.what}: {answer.status}"
