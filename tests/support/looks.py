"""Every screen of screens.py in six looks, as pictures to be looked at: FOLDER/<screen>-<look>.png."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from accessible import AS_IT_IS, LETTERS, Look
from call_page import FAKE_MEDIA
from live_clinic import LiveClinic
from playwright.sync_api import Error, sync_playwright
from screens import DESKTOP, PHONE, SCREENS, Screen, persons, prepare, show, sign_in, signs_in

LARGER_PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1920, "height": 1080}
# How it looks: size, letters in px, theme.
LOOKS = (
    ("phone", PHONE, LETTERS, "light"),
    ("letters", PHONE, 2 * LETTERS, "light"),
    ("larger", LARGER_PHONE, LETTERS, "light"),
    ("desktop", DESKTOP, LETTERS, "light"),
    ("wide", WIDE, LETTERS, "light"),
    ("dark", PHONE, LETTERS, "dark"),
)


def picture(folder: Path, wanted: Collection[str]) -> None:
    """Without names, all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch, sync_playwright() as playwright:
        clinic = LiveClinic(Path(scratch))
        clinic.start()
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox", *FAKE_MEDIA]
        )
        try:
            known = prepare(clinic)
            for person in persons():
                walk = list(way_to(person, wanted))
                if not walk:
                    continue
                context = browser.new_context(
                    viewport=PHONE, locale="ru-RU", timezone_id="Europe/Moscow", base_url=clinic.url,
                    reduced_motion="reduce", service_workers="block", permissions=["camera", "microphone"],
                )  # fmt: skip
                context.set_default_timeout(15_000)
                page = context.new_page()
                if signs_in(person):
                    sign_in(page, person)
                look = Look(page)
                for screen in walk:
                    try:
                        show(page, screen, known)
                        _take(look, folder, screen.name)
                    except Error as error:  # the next one may be reached all the same
                        print(f"{screen.name}: {str(error).splitlines()[0]}")
                context.close()
        finally:
            browser.close()
            clinic.stop()


def way_to(person: str, wanted: Collection[str]) -> Iterator[Screen]:
    """The wanted screens of a person, and those on the way to them that have no address."""
    walk: list[Screen] = []
    for screen in SCREENS:
        if screen.person != person:
            continue
        walk = [screen] if screen.path else [*walk, screen]
        if not wanted or screen.name in wanted:
            yield from walk
            walk = []


def _take(look: Look, folder: Path, name: str) -> None:
    for title, size, letters, theme in LOOKS:
        look.page.emulate_media(color_scheme=theme)
        look.dress(size, letters, AS_IT_IS)
        look.page.screenshot(path=folder / f"{name}-{title}.png")
    look.page.emulate_media(color_scheme="light")
    look.dress(PHONE, LETTERS, AS_IT_IS)
