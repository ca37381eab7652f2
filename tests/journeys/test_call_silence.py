"""A link that is cut without a word: both are told within 4 s, and talk again when it is back."""

from __future__ import annotations

from pathlib import Path

import pytest
from call_page import call_over_a_link, flows
from link import CUT, GOOD, may_have_links
from live_clinic import LiveClinic
from playwright.sync_api import Playwright, expect

pytestmark = pytest.mark.journey

# How many times the page has listened in vain before it says so.
COUNT = """() => {
    const { monitor } = document.querySelector('#call').call, listen = monitor.listen.bind(monitor);
    let heard = null, inVain = 0;
    window.inVain = 0;
    monitor.listen = async () => {
        inVain += 1;
        await listen();
        if (monitor.got && monitor.got !== heard) { heard = monitor.got; inVain = 0; }
        if (monitor.isSilent) window.inVain = window.inVain || inVain;
    };
}"""
HEARD_NOTHING = """() => {
    const { SILENCE, LISTENS } = document.querySelector('#call').call.monitor.constructor;
    return [window.inVain, SILENCE, LISTENS];
}"""
MOST = 4000  # milliseconds from the cut to the words


@pytest.mark.skipif(not may_have_links(), reason="a network of one's own is root's")
def test_silent_link_is_noticed(playwright: Playwright, live: LiveClinic, tmp_path: Path) -> None:
    with call_over_a_link(playwright, live, tmp_path) as (link, *pages):
        for page in pages:
            page.evaluate(COUNT)
        link.quality = CUT
        for page in pages:
            page.wait_for_function("() => window.inVain > 0")
            in_vain, silence, pause = page.evaluate(HEARD_NOTHING)
            # What came just before the cut is heard by the next listening; the words come at the end of a pause.
            assert silence + 2 * pause < MOST
            assert in_vain <= silence / pause + 1
            expect(page.locator("[data-part=told]")).to_contain_text("Связь прерывается…")
        link.quality = GOOD
        for page in pages:
            flows(page, timeout=40_000)
            expect(page.locator("[data-part=status]")).to_have_text("")
