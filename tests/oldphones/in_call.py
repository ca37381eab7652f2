"""The doctor of a call, in today's Chromium; in the project's own environment, unlike the engines.

in_call.py URL SCRATCH     writes SCRATCH/heard when frames and sound have come, shows a red picture, leaves at
                           SCRATCH/over
"""

from __future__ import annotations

import sys
from pathlib import Path

from call_page import FAKE_MEDIA, call, flows, press
from live_clinic import PASSWORD
from PIL import Image
from playwright.sync_api import FilePayload, expect, sync_playwright
from samples import as_bytes

IVANOVA = "+7 900 000-01-01"
LONGEST = 60_000  # milliseconds
RED = FilePayload(name="red.png", mimeType="image/png", buffer=as_bytes(Image.new("RGB", (640, 480), "#d62839"), "PNG"))


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    url, scratch = sys.argv[1], Path(sys.argv[2])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", *FAKE_MEDIA])
        page = browser.new_page()
        page.goto(url)
        page.fill("[name=login]", IVANOVA)
        page.fill("[name=password]", PASSWORD)
        page.click("text=Войти")
        page.wait_for_url("**/call")
        expect(call(page)).to_have_attribute("data-state", "connected", timeout=LONGEST)
        flows(page, timeout=LONGEST)
        (scratch / "heard").touch()
        page.click(".call__summary")
        press(page, "share-picture")
        page.set_input_files("[data-part=picture-field]", RED)
        for _ in range(LONGEST // 250):
            if (scratch / "over").exists():
                break
            page.wait_for_timeout(250)
        browser.close()


if __name__ == "__main__":
    main()
