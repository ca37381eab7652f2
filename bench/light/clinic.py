"""The clinic that is looked at, the way there, and the phone: a patient with thirty chats, photos, and unread words."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from ..clinic import PASSWORD, SENTENCES, leave_unread, make_consultations, make_patient
from ..server import Server, running
from ..wire import Person
from .network import SLOW_4G, Wire, slowed

BROWSER = "/usr/bin/chromium"
PHONE = {"locale": "ru-RU", "viewport": {"width": 360, "height": 640}, "device_scale_factor": 2, "is_mobile": True}
DOCTORS, MESSAGES, CONSULTATIONS = 30, 60, 10
UNREAD = 8  # more than a screen

SIGN_IN = "/login"
CHAT = "/chats/1"
PAGES = {
    "doctors": "/doctors",
    "inbox": "/messages",
    "consultations": "/consultations",
    "profile": "/profile",
    "chat": CHAT,
}


@dataclass(frozen=True)
class Clinic:
    data: Path
    server: Server
    wire: Wire
    patient: str
    log: Path  # a line for every answer: path, microseconds, bytes of the body

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.wire.port}{path}"

    def leave_unread(self) -> None:
        leave_unread(self.data, UNREAD)

    def signed_in(self, browser: Browser) -> StorageState:
        """Over a wire that is not slow; what a browser keeps of it but its cache."""
        context = browser.new_context(**PHONE)
        self.sign_in(context)
        kept = context.storage_state()
        context.close()
        return kept

    def sign_in(self, context: BrowserContext) -> None:
        page = context.new_page()
        page.goto(self.url(SIGN_IN))
        self.fill_in(page)
        page.close()

    def fill_in(self, page: Page) -> None:
        page.fill("[name=login]", self.patient)
        page.fill("[name=password]", PASSWORD)
        page.click("form.form [type=submit]")
        page.wait_for_url(lambda url: SIGN_IN not in url)


@contextmanager
def audited(data: Path) -> Iterator[Clinic]:
    patient, doctor = make_patient(data, doctors=DOCTORS, messages=MESSAGES)
    make_consultations(data, DOCTORS, past=CONSULTATIONS)
    log = data.with_suffix(".access")
    with running(data, access_log=log) as server, slowed(server.port, SLOW_4G) as wire:
        asyncio.run(_exchange(server, patient, doctor))
        yield Clinic(data, server, wire, patient, log)


@contextmanager
def browsing() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def lasting(profile: Path, port: int) -> Iterator[BrowserContext]:
    """A browser with a profile, to whose windows others may listen at this port."""
    args = ["--no-sandbox", f"--remote-debugging-port={port}"]
    with sync_playwright() as playwright:
        open_browser = playwright.chromium.launch_persistent_context
        context = open_browser(profile, executable_path=BROWSER, args=args, locale="ru-RU")
        yield context
        context.close()


async def _exchange(server: Server, patient_phone: str, doctor_phone: str) -> None:
    """Photos among the last messages, and more words after them than a screen holds."""
    patient, doctor = Person(server, patient_phone, 1), Person(server, doctor_phone, 2)
    for person in (patient, doctor):
        await person.sign_in()
        for number in range(2):
            key = await person.upload(1, "IMG.jpg", _photo(number))
            await person.post(1, "Фото", f"photo-{person.phone[-3:]}{number}", uploads=key)
    for number in range(UNREAD):
        await doctor.post(1, SENTENCES[number] * 2, f"words-{number:05}")


def _photo(number: int) -> bytes:
    """Soft, as the light on a wall is, with a little grain: its thumbnail weighs what a photo's does."""
    soft = Image.radial_gradient("L").resize((1600, 1200))
    grain = Image.effect_noise((1600, 1200), 12 + number)
    light, photo = Image.blend(soft, grain, 0.1), io.BytesIO()
    Image.merge("RGB", (light, light.rotate(180), soft)).save(photo, "JPEG", quality=85)
    return photo.getvalue()
