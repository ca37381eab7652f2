"""Calls between two windows of a real Chromium with fake cameras: how soon two see each other, and what it weighs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import update

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationKind, ConsultationState
from ibolit.models.consultations import UPCOMING, ProposalTerms
from ibolit.services import clock

from .clinic import PASSWORD, make_pairs, opened
from .figures import Row, milliseconds, percentile
from .relay import metered
from .server import running

BROWSER = "/usr/bin/chromium"
FAKE_MEDIA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
CALLS = 20
SLOW_CALLS = 5
PROCESSOR = 4  # times slower
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}

# The other side's picture is painted: a frame of it was handed to the screen, and nothing lies over it.
WATCH = """document.addEventListener('loadeddata', (event) => {
    const video = event.target, call = document.querySelector('#call');
    if (!video.matches('[data-part=remote]')) return;
    const look = () => {
        if (call.classList.contains('call--picture')) window.seenAt = window.seenAt || Date.now() / 1000;
        else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
}, true)"""


def measure(folder: Path) -> list[Row]:
    data = folder / "calls"
    (patient, doctor, _), *_ = make_pairs(data, 1)
    with running(data) as server, _browser() as browser, metered(server.port) as (port, meter):
        home = f"http://127.0.0.1:{server.port}"
        two = [_signed_in(browser, home, phone) for phone in (patient, doctor)]
        quick = [_call(data, home, two) for _ in range(CALLS + 1)][1:]  # the first one fetches the scripts
        id = _agree(data, begun=True)
        weighed = browser.new_context(storage_state=two[0].storage_state())
        before = meter.bytes
        page = weighed.new_page()
        page.goto(f"http://127.0.0.1:{port}/consultations/{id}/call", wait_until="networkidle")
        weight = (meter.bytes - before) / 1024
        weighed.close()
        slow = [_call_from_a_slow_phone(data, home, browser, two) for _ in range(SLOW_CALLS)]
    fast, slowest = (milliseconds(percentile(quick, share)) for share in (50, 95))
    return [
        Row(
            f"both ready → both see each other painted, {CALLS} calls on loopback: p50, p95",
            f"{fast}, {slowest}",
            "p50 ≤ 800 ms",
        ),
        Row("the call's page and all it asks for, nothing cached", f"{weight:.1f} KB", "≤ 120 KB"),
        Row(
            "slow phone (1.6 Mbit/s, 150 ms, processor ÷ 4): opening the card → both see each other, nothing cached",
            f"{median(slow):.2f} s",
            "≤ 4 s",
        ),
    ]


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", *FAKE_MEDIA])
        yield browser
        browser.close()


def _signed_in(browser: Browser, home: str, phone: str) -> BrowserContext:
    context = browser.new_context(locale="ru-RU", viewport={"width": 390, "height": 844})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{home}/login")
    page.fill("[name=login]", phone)
    page.fill("[name=password]", PASSWORD)
    page.click("form.form [type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    page.close()
    return context


def _agree(data: Path, *, begun: bool = False) -> int:
    """The time of a new consultation has come; the one before is over."""
    with opened(data).app_context():
        coming = Consultation.state.in_(UPCOMING)
        db.session.execute(update(Consultation).where(coming).values(state=ConsultationState.COMPLETED))
        chat = db.session.get_one(Chat, 1)
        starts_at = (clock.now() + timedelta(minutes=5)).replace(microsecond=0)
        terms = ProposalTerms(ConsultationKind.VIDEO, starts_at, 30, 0)
        consultation = Consultation.propose(chat, chat.doctor, terms, f"bench-{time.monotonic_ns()}")
        consultation.confirm(consultation.patient, consultation.starts_at)
        for side in (consultation.patient, consultation.doctor.user) if begun else ():
            consultation.mark_ready(side)
        db.session.commit()
        id = consultation.id
        db.session.remove()
        db.engine.dispose()
        return id


def _call(data: Path, home: str, two: list[BrowserContext]) -> float:
    """Both wait on the card; counted from the second press."""
    id = _agree(data)
    pages = [context.new_page() for context in two]
    for page in pages:
        page.goto(f"{home}/consultations/{id}", wait_until="networkidle")
    pages[0].click("text=Готов общаться")
    pages[0].wait_for_selector("text=разговор откроется сам")
    began = time.time()
    pages[1].click("text=Готов общаться")
    return _seen(pages) - began


def _call_from_a_slow_phone(data: Path, home: str, browser: Browser, two: list[BrowserContext]) -> float:
    """The doctor is ready; the phone opens the card, its owner presses what is there."""
    id = _agree(data)
    doctor = two[1].new_page()
    doctor.goto(f"{home}/consultations/{id}", wait_until="networkidle")
    doctor.click("text=Готов общаться")
    doctor.wait_for_selector("text=разговор откроется сам")
    context = browser.new_context(storage_state=two[0].storage_state(), viewport={"width": 360, "height": 640})
    context.add_init_script(WATCH)
    phone = context.new_page()
    tools = context.new_cdp_session(phone)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", NETWORK)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": PROCESSOR})
    began = time.time()
    phone.goto(f"{home}/consultations/{id}", wait_until="commit")
    phone.click("text=Готов общаться")
    lasted = _seen([phone, doctor]) - began
    context.close()
    return lasted


def _seen(pages: list[Page]) -> float:
    """When the last of them has seen the other."""
    seen = [float(page.wait_for_function("() => window.seenAt", timeout=60_000).json_value()) for page in pages]
    for page in pages:
        page.close()
    return max(seen)
