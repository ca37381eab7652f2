"""Bytes over the wire of the first visit and of the first chat, asked for by a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from .clinic import PASSWORD, make_pairs
from .figures import Row
from .relay import Meter, metered
from .server import running

BROWSER = "/usr/bin/chromium"
QUIET = 3_000  # milliseconds after a load, in which scripts and the service worker ask for more


@dataclass(frozen=True)
class Wire:
    """What went over it so far: bytes with all headers, and requests."""

    bytes: int
    requests: int

    def since(self, before: Wire) -> str:
        return f"{(self.bytes - before.bytes) / 1024:.1f} KB in {self.requests - before.requests} requests"


def measure(folder: Path) -> list[Row]:
    data, log = folder / "visit", folder / "visit.access"
    (patient, _, chat_id), *_ = make_pairs(data, 1)
    with running(data, access_log=log) as server, metered(server.port) as (port, meter), _browser() as page:
        readings = [_reading(meter, log)]
        for step in (_come, _sign_in, _open_chat, _open_chat):
            step(page, f"http://127.0.0.1:{port}", patient, chat_id)
            page.wait_for_timeout(QUIET)
            readings.append(_reading(meter, log))
    first, home, chat, again = (after.since(before) for before, after in pairwise(readings))
    return [
        Row("first visit: the sign-in page and all it asks for, service worker too", first, "≤ 40 KB, ≤ 12 requests"),
        Row("… then signing in, to the messages", home),
        Row("… then the first chat", chat),
        Row("… and once more", again),
    ]


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser.new_page(locale="ru-RU", viewport={"width": 390, "height": 844})
        browser.close()


def _come(page: Page, home: str, phone: str, chat_id: int) -> None:
    page.goto(f"{home}/login")


def _sign_in(page: Page, home: str, phone: str, chat_id: int) -> None:
    page.fill("[name=login]", phone)
    page.fill("[name=password]", PASSWORD)
    page.click("form.form [type=submit]")
    page.wait_for_url("**/messages")


def _open_chat(page: Page, home: str, phone: str, chat_id: int) -> None:
    page.goto(f"{home}/chats/{chat_id}")


def _reading(meter: Meter, log: Path) -> Wire:
    """Sockets are logged when they end, so they are no requests here; their bytes count."""
    lines = [line for line in log.read_text().splitlines() if not line.startswith(("/healthz", "/live"))]
    return Wire(meter.bytes, len(lines))
