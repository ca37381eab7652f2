"""Pictures of every screen, taken from a fresh demo clinic: phones in light, desktops in dark."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

from live_clinic import ROOT, LiveClinic
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from screens import DESKTOP, PATIENT, PHONE, SCREENS, show, sign_in

FOLDER = ROOT / "docs" / "screenshots"
SHOWN = ROOT / "ibolit" / "static" / "screenshots"  # in the manifest
PICTURED = [screen for screen in SCREENS if screen.pictured]
FOR_MANIFEST = (
    ("messages-narrow", "/messages", PHONE, 2),
    ("chat-narrow", "/chats/1", PHONE, 2),
    ("chat-wide", "/chats/1", DESKTOP, 1),
)


def take(browser: Browser, url: str, where: str, size: dict[str, int], theme: str) -> None:
    for who in dict.fromkeys(screen.person for screen in PICTURED):
        context = browser.new_context(
            viewport=size, locale="ru-RU", timezone_id="Europe/Moscow", base_url=url, color_scheme=theme,
            reduced_motion="reduce",
        )  # fmt: skip
        page = context.new_page()
        if who:
            sign_in(page, who)
        for screen in PICTURED:
            if screen.person == who:
                show(page, screen, {})
                page.screenshot(path=FOLDER / f"{screen.name}-{where}.png")
        context.close()


def take_for_manifest(browser: Browser, url: str) -> None:
    """What a browser shows before it installs the app; few colours make small files."""
    for name, path, size, scale in FOR_MANIFEST:
        context = browser.new_context(
            viewport=size, device_scale_factor=scale, locale="ru-RU", timezone_id="Europe/Moscow", base_url=url,
            reduced_motion="reduce",
        )  # fmt: skip
        page = context.new_page()
        sign_in(page, PATIENT)
        page.goto(path)
        page.wait_for_function("() => document.readyState === 'complete'")
        picture = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(64, dither=Image.Dither.NONE)
        picture.save(SHOWN / f"{name}.png", optimize=True)
        context.close()


def main() -> None:
    for folder in (FOLDER, SHOWN):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        clinic = LiveClinic(Path(data))
        clinic.start()
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            take_for_manifest(browser, clinic.url)
            take(browser, clinic.url, "phone", PHONE, "light")
            take(browser, clinic.url, "desktop", DESKTOP, "dark")
        finally:
            browser.close()
            clinic.stop()


if __name__ == "__main__":
    main()
