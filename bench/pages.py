"""Pages of a clinic grown large: time inside the server, and queries, which must not grow with the rows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from ibolit.extensions import db

from .clinic import PASSWORD, make_consultations, make_large, opened, phone
from .figures import Row, percentile
from .server import Server, running
from .wire import FORM_TOKEN, PAGE_TOKEN, Person

DOCTORS, CHATS, MESSAGES = 5_000, 1_000, 100_000
FEW_DOCTORS, FEW_CHATS, FEW_MESSAGES = 25, 35, 600  # still more than a page of each
CONSULTATIONS, FEW_CONSULTATIONS = 2_000, 30
VISITS = 50
AIM = "≤ 30 ms; ≤ 6 queries"
NEXT = re.compile(r'class="more"><a class="button" href="([^"]+)"')
PAGES_DEEP = 20


@dataclass(frozen=True)
class Page:
    """`by_doctor`: who looks, the doctor with all the chats or the patient with the long one."""

    what: str
    path: str
    by_doctor: bool = True
    search: str = ""  # what is posted, if it is
    htmx: bool = False

    def form(self) -> dict[str, str] | None:
        return {"q": self.search} if self.search else None


def measure(folder: Path) -> list[Row]:
    few, large = folder / "few", folder / "large"
    make_large(few, doctors=FEW_DOCTORS, chats=FEW_CHATS, messages=FEW_MESSAGES)
    make_large(large, doctors=DOCTORS, chats=CHATS, messages=MESSAGES)
    make_consultations(few, FEW_CHATS, past=FEW_CONSULTATIONS)
    make_consultations(large, CHATS, past=CONSULTATIONS)
    queries = {data: _queries(data, size) for data, size in ((few, (FEW_DOCTORS, 300)), (large, (DOCTORS, 50_000)))}
    times = _times(large)
    return [row(page, times[page], queries[large][page.what], queries[few][page.what], AIM) for page in times]


def _pages(inbox_deep: str, directory_deep: str, middle: int) -> list[Page]:
    return [
        Page(f"chat with {MESSAGES:,} messages, {CHATS:,} chats beside it", "/chats/1"),
        Page("… its older messages, from the middle", f"/chats/1/messages?before={middle}", htmx=True),
        Page(f"inbox with {CHATS:,} chats", "/messages"),
        Page(f"… its page {PAGES_DEEP}", inbox_deep, htmx=True),
        Page(f"«Консультации» of a doctor with {CONSULTATIONS:,} past ones", "/consultations"),
        Page(f"directory with {DOCTORS:,} doctors", "/doctors", by_doctor=False),
        Page("… a search as it is typed", "/doctors/search", by_doctor=False, search="кард", htmx=True),
        Page("… a search that finds nobody", "/doctors/search", by_doctor=False, search="стоматолог", htmx=True),
        Page(f"… its page {PAGES_DEEP}", directory_deep, by_doctor=False, htmx=True),
        Page(f"search in {MESSAGES:,} messages, a rare word", "/messages/search", search="маммографию", htmx=True),
        Page("… a word of every fourth message", "/messages/search", search="давление", htmx=True),
        Page("… the same by the patient", "/messages/search", by_doctor=False, search="давление", htmx=True),
    ]


# Queries, counted inside this process


def _queries(data: Path, size: tuple[int, int]) -> dict[str, int]:
    doctors, middle = size
    app = opened(data)
    doctor, patient = visitor(app, phone(1)), visitor(app, phone(doctors + 1))
    counted = {}
    for page in _pages(_deep(doctor, "/messages"), _deep(patient, "/doctors"), middle):
        client = doctor if page.by_doctor else patient
        with counting(app) as statements:
            client.open(page)
        counted[page.what] = len(statements)
    with app.app_context():
        db.engine.dispose()
    return counted


@dataclass
class Visitor:
    client: FlaskClient
    token: str

    def open(self, page: Page) -> str:
        headers = {"HX-Request": "true", "X-CSRFToken": self.token} if page.htmx else {}
        method = "POST" if page.search else "GET"
        answer = self.client.open(page.path, method=method, data=page.form(), headers=headers)
        assert answer.status_code == 200, f"{page.what}: {answer.status_code}"
        return answer.text


def visitor(app: Flask, number: str) -> Visitor:
    client = app.test_client()
    token = _only(FORM_TOKEN, client.get("/login").text)
    client.post("/login", data={"csrf_token": token, "login": number, "password": PASSWORD})
    return Visitor(client, _only(PAGE_TOKEN, client.get("/profile").text))


def _deep(visitor: Visitor, path: str) -> str:
    """The address of a page far into the list, or of the last but one if it is short."""
    for _ in range(PAGES_DEEP - 1):
        following = NEXT.search(visitor.open(Page(path, path, htmx=path.find("?") > 0)))
        if not following:
            break
        path = following[1].replace("&amp;", "&")
    return path


def _only(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found is not None
    return found[1]


@contextmanager
def counting(app: Flask) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", count)


# Time, by the server's own access log


def _times(data: Path) -> dict[Page, list[float]]:
    app = opened(data)
    pages = _pages(
        _deep(visitor(app, phone(1)), "/messages"), _deep(visitor(app, phone(DOCTORS + 1)), "/doctors"), MESSAGES // 2
    )
    log = data / "access.log"
    with running(data, access_log=log) as server:
        asyncio.run(_visit(server, pages))
    return taken(log, pages)


def taken(log: Path, pages: list[Page]) -> dict[Page, list[float]]:
    """Milliseconds of the last visits, which went through all pages in their order."""
    lines = [int(line.split()[1]) / 1000 for line in log.read_text().splitlines() if "/healthz" not in line]
    lines = lines[-VISITS * len(pages) :]
    return {page: lines[number :: len(pages)] for number, page in enumerate(pages)}


def row(page: Page, times: list[float], queries: int, with_few: int, aim: str) -> Row:
    measured = f"{median(times):.1f} ms (p95 {percentile(times, 95):.1f}); {queries} queries ({with_few} with few rows)"
    return Row(page.what, measured, aim)


async def _visit(server: Server, pages: list[Page]) -> None:
    """One after another, so that a disturbance of the machine is shared by all pages."""
    doctor, patient = Person(server, phone(1), 1), Person(server, phone(DOCTORS + 1), 2)
    await doctor.sign_in()
    await patient.sign_in()
    for _ in range(VISITS + 1):  # the first warms
        for page in pages:
            person = doctor if page.by_doctor else patient
            method = "POST" if page.search else "GET"
            answer = await person.ask(method, page.path, page.form(), htmx=page.htmx, packed=True)
            assert answer.status == 200, f"{page.what}: {answer.status}"
