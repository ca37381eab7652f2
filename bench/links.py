"""A call over a link that is cut without a word, or goes through a bad spell: what a person sees of it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from statistics import median

from call_page import call_over_a_link, connected, flows
from link import CUT, GOOD, Link, Quality, may_have_links
from live_clinic import LiveClinic
from playwright.sync_api import Page, sync_playwright

from .figures import Row

CUTS = 6
SPELLS = 2
BAD = Quality(rate=90e3, delay=0.15, loss=0.12)
BAD_FOR, LOOKED_AT_FOR = 30, 50  # seconds
HUSHED = "Связь прерывается…"

# Every change of the words, and of whether the other side's picture is seen and moves, with its time.
LOG = """() => {
    const call = document.querySelector('#call'), words = call.querySelector('[data-part=status]');
    const { remote } = call.call;
    Object.assign(window, { words: [], pictures: [], frameAt: 0 });
    const onFrame = () => { window.frameAt = Date.now(); remote.requestVideoFrameCallback(onFrame); };
    remote.requestVideoFrameCallback(onFrame);
    setInterval(() => {
        const is = call.classList.contains('call--picture') && Date.now() - window.frameAt < 1500;
        const last = window.pictures[window.pictures.length - 1];
        if (!last || last[1] !== is) window.pictures.push([Date.now() / 1000, is]);
    }, 100);
    new MutationObserver(() => window.words.push([Date.now() / 1000, words.textContent]))
        .observe(words, { childList: true, characterData: true, subtree: true });
}"""


def measure(folder: Path) -> list[Row]:
    if not may_have_links():
        return [Row("silence and bad spells on a link", "not measured: root only")]
    clinic = LiveClinic(folder / "links")
    clinic.data.parent.mkdir(parents=True)
    clinic.start()
    try:
        with sync_playwright() as playwright, call_over_a_link(playwright, clinic, folder) as (link, *pages):
            for page in pages:
                page.evaluate(LOG)
            silences = [one for _ in range(CUTS) for one in _silence(link, pages)]
            spells = [_spell(link, pages) for _ in range(SPELLS)]
    finally:
        clinic.stop()
    backs = [back for one in spells for back, _ in one]
    flaps = [flaps for one in spells for _, flaps in one]
    what = f"{BAD_FOR} s of {BAD.rate / 1000:.0f} kbit/s with {BAD.loss:.0%} loss, then a good link"
    return [
        Row(
            f"a silent cut → «{HUSHED}», {len(silences)} times: median, most",
            f"{median(silences):.1f} s, {max(silences):.1f} s",
            "≤ 4 s",
        ),
        Row(f"{what} → the picture moves again, {len(backs)} times: median, most",
            f"{median(backs):.1f} s, {max(backs):.1f} s", "≤ 20 s"),
        Row(f"… lost again within 30 s, in the {LOOKED_AT_FOR} s after", f"{max(flaps)} times at most", "≤ 1"),
    ]  # fmt: skip


def _silence(link: Link, pages: list[Page]) -> list[float]:
    """How long each of the two was left without a word, in seconds."""
    began = time.time()
    link.quality = CUT
    told = [_said(page, HUSHED, began) - began for page in pages]
    link.quality = GOOD
    for page in pages:
        connected(page)
        flows(page, timeout=40_000)
    return told


def _said(page: Page, words: str, since: float) -> float:
    found = page.wait_for_function(
        "([words, since]) => (window.words.find(([at, said]) => at > since && said === words) || [])[0]",
        arg=[words, since],
        timeout=30_000,
    )
    return float(found.json_value())


def _spell(link: Link, pages: list[Page]) -> list[tuple[float, int]]:
    """For each page: after how many seconds of the good link the picture moved again; how often it went in 30 s."""
    link.quality = BAD
    pages[0].wait_for_timeout(1000 * BAD_FOR)
    since = time.time()
    link.quality = GOOD
    pages[0].wait_for_timeout(1000 * LOOKED_AT_FOR)
    told = []
    for page in pages:
        changes: list[tuple[float, bool]] = page.evaluate("window.pictures")
        before = [is_seen for at, is_seen in changes if at <= since]
        after = [(at - since, is_seen) for at, is_seen in changes if at > since]
        was_seen = not before or before[-1]
        backs = [0.0] if was_seen else [at for at, is_seen in after if is_seen]
        lost = [at for at, is_seen in after if not is_seen and at > backs[0]] if backs else []
        flaps = max((sum(0 <= other - one < 30 for other in lost) for one in lost), default=0)
        told.append((backs[0] if backs else math.inf, flaps))
    return told
