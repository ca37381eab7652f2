"""A doctor with thousands of patients: his own pages, timed inside the server, and their queries."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ibolit.extensions import db

from .clinic import keep_practice, make_large, opened, phone
from .figures import Row
from .pages import VISITS, Page, counting, row, taken, visitor
from .server import Server, running
from .wire import Person

DOCTORS = 25
PATIENTS, UNREAD, CONSULTATIONS = 3_000, 200, 100
FEW_PATIENTS, FEW_UNREAD, FEW_CONSULTATIONS = 60, 35, 20  # still more than a page of each


def measure(folder: Path) -> list[Row]:
    few, large = folder / "few-patients", folder / "many-patients"
    _make(few, FEW_PATIENTS, FEW_UNREAD, FEW_CONSULTATIONS)
    _make(large, PATIENTS, UNREAD, CONSULTATIONS)
    asked = {data: _queries(data) for data in (few, large)}
    times = _times(large)
    return [row(page, times[page], asked[large][page], asked[few][page]) for page in times]


def _make(data: Path, patients: int, unread: int, consultations: int) -> None:
    make_large(data, doctors=DOCTORS, chats=patients, messages=1_000)
    keep_practice(data, unread=unread, consultations=consultations)


def _pages() -> list[Page]:
    patient = f"/patients/{DOCTORS + 1}"
    return [
        Page(f"«Пациенты» of a doctor with {PATIENTS:,}", "/patients"),
        Page("… a search by name as it is typed", "/patients/search", search="соколов бор", htmx=True),
        Page("… a search that finds nobody", "/patients/search", search="нетакого", htmx=True),
        Page("… by the end of a phone", "/patients/search", search="02 15", htmx=True),
        Page(f"one patient: {CONSULTATIONS} consultations, 200 files, a note", patient),
        Page("… his past consultations", f"{patient}/consultations", htmx=True),
        Page(f"«Сообщения» with {UNREAD} unread chats", "/messages"),
        Page("… «Непрочитанные»", "/messages?only=unread"),
        Page("… «Ждут ответа»", "/messages?only=waiting"),
        Page("a chat of his", "/chats/7"),
        Page("«Консультации» with 40 coming", "/consultations"),
        Page("«Моя страница»", "/practice"),
        Page("50 reply templates", "/replies"),
        Page("… at the first «/»", "/replies/choice", htmx=True),
    ]


def _queries(data: Path) -> dict[Page, int]:
    app = opened(data)
    doctor, counted = visitor(app, phone(1)), {}
    for page in _pages():
        doctor.open(page)
        with counting(app) as statements:
            doctor.open(page)
        counted[page] = len(statements)
    with app.app_context():
        db.engine.dispose()
    return counted


def _times(data: Path) -> dict[Page, list[float]]:
    log, pages = data / "access.log", _pages()
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
