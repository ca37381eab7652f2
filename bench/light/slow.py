"""On a wire like 2G, styles cached: how long until the inbox can be read. With the service worker, and without.

The wire itself is slow, and its hands are shaken twice, for TCP and for TLS: the browser's own throttling would let a
service worker through. The processor is four times slower, too, by the clock.
"""

from __future__ import annotations

from statistics import median

from playwright.sync_api import Browser, BrowserContext

from ..machine import slowness
from .budget import READABLE_ON_2G, Figure
from .clinic import PAGES, PHONE, Clinic, browsing
from .network import LIKE_2G, QUICK

ROUNDS = 3
PROCESSOR = 4
# Looked at once a frame, and a frame comes only when something may be painted: rows fill the screen, or all are there.
WATCH = """(function look() {
    requestAnimationFrame(function () {
        var rows = document.querySelectorAll('.row'), last = rows[rows.length - 1];
        var isFull = last && last.getBoundingClientRect().bottom > innerHeight;
        if (!isFull && (!last || document.readyState === 'loading')) look();
        else setTimeout(function () { window.readAt = performance.now(); });
    });
})();"""


def measure(clinic: Clinic) -> list[Figure]:
    with browsing() as browser:
        return [
            _figure(clinic, browser, "with the service worker", "allow"),
            _figure(clinic, browser, "without one", "block"),
        ]


def _figure(clinic: Clinic, browser: Browser, how: str, workers: str) -> Figure:
    clinic.wire.become(QUICK)
    context = browser.new_context(**PHONE, service_workers=workers)
    clinic.sign_in(context)
    page = context.new_page()
    page.goto(clinic.url(PAGES["inbox"]), wait_until="networkidle")
    if workers == "allow":
        page.wait_for_function("() => navigator.serviceWorker.controller")
    page.close()
    times = [_readable(clinic, context) for _ in range(ROUNDS)]
    context.close()
    return Figure("inbox", f"readable at 50 kbit/s {how}, median of {ROUNDS}", median(times), READABLE_ON_2G, "s")


def _readable(clinic: Clinic, context: BrowserContext) -> float:
    clinic.wire.become(LIKE_2G)
    page = context.new_page()
    page.add_init_script(WATCH)
    slower = max(1.0, PROCESSOR / slowness(by_clock=True))
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(clinic.url(PAGES["inbox"]), wait_until="commit")
    page.wait_for_function("() => window.readAt")
    seconds = float(page.evaluate("() => window.readAt")) / 1000
    page.close()
    clinic.wire.become(QUICK)
    return seconds
