"""What a page does as it starts: the longest piece of work in one go, and what jumps while all of it arrives.

A task is counted by the processor time it took, times four, and not by the clock: others use this machine, too, and
the clock runs on while they are let in. How much they slow the core itself is told by a known piece of work beside it.
Only the page's own process counts; the browser has pages of its own. Every page comes into an empty cache, so that its
scripts are compiled, over slow 4G, so that what comes late comes late.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, StorageState

from ..machine import slowness
from .budget import SHIFT, TASK, Figure
from .clinic import PAGES, PHONE, SIGN_IN, Clinic, browsing
from .network import QUICK, SLOW_4G

ROUNDS = 3
PROCESSOR = 4  # times slower
QUIET = 3_000
TRACED = ["toplevel", "devtools.timeline"]
SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((one) => {
    if (!one.hadRecentInput) window.shifts += one.value;
})).observe({ type: 'layout-shift', buffered: true });"""

Event = dict[str, Any]


@dataclass(frozen=True)
class Start:
    longest: float  # milliseconds
    shift: float


def measure(clinic: Clinic) -> list[Figure]:
    figures = []
    with browsing() as browser:
        clinic.wire.become(QUICK)
        cookies = clinic.signed_in(browser)
        clinic.wire.become(SLOW_4G)
        for name, path in ({"sign-in": SIGN_IN} | PAGES).items():
            starts = [_start(clinic, browser, path, None if path == SIGN_IN else cookies) for _ in range(ROUNDS)]
            longest = median(one.longest for one in starts)
            figures.append(Figure(name, f"longest task at start, median of {ROUNDS}", longest, TASK, "ms", 0))
            figures.append(Figure(name, "… worst shift (CLS)", max(one.shift for one in starts), SHIFT, digits=3))
    return figures


def _start(clinic: Clinic, browser: Browser, path: str, cookies: StorageState | None) -> Start:
    """A chat opens at its first unread message, above photos that are still to come."""
    clinic.leave_unread()
    context = browser.new_context(**PHONE, storage_state=cookies)
    context.add_init_script(SHIFTS)
    before = slowness()
    browser.start_tracing(categories=TRACED)
    shift = _visit(context, clinic.url(path))
    longest = _longest(json.loads(browser.stop_tracing())["traceEvents"], clinic.url("/"))
    context.close()
    return Start(longest * PROCESSOR / ((before + slowness()) / 2), shift)


def _visit(context: BrowserContext, url: str) -> float:
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(QUIET)
    return float(page.evaluate("() => window.shifts"))


def _longest(events: list[Event], home: str) -> float:
    asked = [event for event in events if event["name"] == "ResourceSendRequest"]
    ours = {event["pid"] for event in asked if event["args"]["data"]["url"].startswith(home)}
    begun = min(event["ts"] for event in asked if event["pid"] in ours)
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return max(
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"].endswith("RunTask")
        and event["pid"] in ours
        and (event["pid"], event["tid"]) in threads
        and event["ts"] >= begun
    )
