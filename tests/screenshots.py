"""Pictures of every screen, taken from a fresh demo clinic: phones in light, desktops in dark."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

from live_clinic import PASSWORD, ROOT, LiveClinic
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = ROOT / "docs" / "screenshots"
SHOWN = ROOT / "ibolit" / "static" / "screenshots"  # in the manifest
PHONE = {"width": 360, "height": 640}
DESKTOP = {"width": 1280, "height": 800}
PATIENT, DOCTOR, OPERATOR = "+79000000001", "+79000000101", "operator@example.org"

# name, who, path
SCREENS = (
    ("sign-in", "", "/login"),
    ("first-entry", "", "/login/phone"),
    ("offer", "", "/documents/offer"),
    ("offline", "", "/offline"),
    ("home-screen", "", "/home-screen"),
    ("demo-outbox", "", "/demo/outbox"),
    ("not-found", "", "/nothing-here"),
    ("doctors", PATIENT, "/doctors"),
    ("doctor", PATIENT, "/doctors/3"),
    ("messages", PATIENT, "/messages"),
    ("chat", PATIENT, "/chats/1"),
    ("chat-voice", PATIENT, "/chats/5"),
    ("files", PATIENT, "/chats/3/files"),
    ("chat-last-day", PATIENT, "/chats/3"),
    ("chat-over", PATIENT, "/chats/4"),
    ("tariffs", PATIENT, "/chats/4/tariffs"),
    ("payments", PATIENT, "/profile/payments"),
    ("consultations", PATIENT, "/consultations"),
    ("consultation", PATIENT, "/consultations/1"),
    ("consultation-cancel", PATIENT, "/consultations/1/cancellation"),
    ("conclusion", PATIENT, "/consultations/4/conclusion"),
    ("profile", PATIENT, "/profile"),
    ("doctor-messages", DOCTOR, "/messages"),
    ("doctor-chat", DOCTOR, "/chats/1"),
    ("doctor-consultations", DOCTOR, "/consultations"),
    ("doctor-propose", DOCTOR, "/chats/1/consultations/new"),
    ("doctor-patients", DOCTOR, "/patients"),
    ("doctor-patient", DOCTOR, "/patients/1"),
    ("doctor-page", DOCTOR, "/practice"),
    ("doctor-replies", DOCTOR, "/replies"),
    ("doctor-income", DOCTOR, "/profile/income"),
    ("decisions", OPERATOR, "/operator"),
)

FOR_MANIFEST = (
    ("messages-narrow", "/messages", PHONE, 2),
    ("chat-narrow", "/chats/1", PHONE, 2),
    ("chat-wide", "/chats/1", DESKTOP, 1),
)


def sign_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("text=Войти")
    page.wait_for_url(lambda url: "/login" not in url)


def take(browser: Browser, url: str, where: str, size: dict[str, int], theme: str) -> None:
    for who in dict.fromkeys(person for _, person, _ in SCREENS):
        context = browser.new_context(
            viewport=size, locale="ru-RU", timezone_id="Europe/Moscow", base_url=url, color_scheme=theme,
            reduced_motion="reduce",
        )  # fmt: skip
        page = context.new_page()
        if who:
            sign_in(page, who)
        for name, person, path in SCREENS:
            if person == who:
                page.goto(path)
                page.wait_for_function("() => document.readyState === 'complete'")
                page.screenshot(path=FOLDER / f"{name}-{where}.png")
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
