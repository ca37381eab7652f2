"""Real Chromium, Russian, against a live demo clinic; whatever a page complains of on its console fails the journey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from call_page import SELDOM_MEDIA
from gate import Gate
from live_clinic import PASSWORD, LiveClinic
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from signing_in import post_sign_in

PHONE = {"width": 360, "height": 640}
DESKTOP = {"width": 1280, "height": 800}
DESKTOP_TOO = pytest.param(DESKTOP, id="desktop", marks=pytest.mark.long)

expect.set_options(timeout=15_000)  # a busy machine is no broken page


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """One for all journeys of a process, and gone after the last: a browser that only waits takes its part as well."""
    with sync_playwright() as playwright:
        yield playwright


def _launched(playwright: Playwright, name: str) -> Browser:
    return playwright.chromium.launch(
        executable_path=f"/usr/bin/{name}",
        args=[
            *("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"),
            *SELDOM_MEDIA,
        ],
    )


@pytest.fixture(scope="package")
def whole_chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = _launched(playwright, "chromium")
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def bare_chromium(playwright: Playwright) -> Iterator[Browser]:
    """The same engine without tabs, menus and bars that nobody sees: a journey costs half as much."""
    browser = _launched(playwright, "chromium-headless-shell")
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest) -> Browser:
    """Whole for journeys marked so: the bare one has no badge for a worker to set, and grants all devices or none."""
    browser: Browser = request.getfixturevalue(f"{'whole' if needs_whole(request.node) else 'bare'}_chromium")
    return browser


def needs_whole(node: pytest.Item | pytest.Module) -> bool:
    return node.get_closest_marker("whole") is not None


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Iterator[LiveClinic]:
    """One for all journeys of a file."""
    clinic = LiveClinic(tmp_path_factory.mktemp("live"), filled)
    clinic.start()
    yield clinic
    clinic.stop()


@pytest.fixture
def gate(live: LiveClinic) -> Iterator[Gate]:
    """A network to the clinic that a test may spoil: sign_in(…, base_url=gate.url)."""
    gate = Gate(live.port)
    yield gate
    gate.stop()


class Visitors:
    """Opens a browser window a person and collects what its pages complain of; a script's error fails every journey."""

    def __init__(self, chromium: Browser, live: LiveClinic, *, has_worker: bool) -> None:
        self.chromium = chromium
        self.live = live
        self.is_recommended = {
            "locale": "ru-RU",
            "timezone_id": "Europe/Moscow",
            "base_url": live.url,
            "service_workers": "allow" if has_worker else "block",
        }
        self.complaints: list[str] = []
        self.script_errors: list[str] = []  # forgiven to nobody
        self.contexts: list[BrowserContext] = []
        self.watched_over: list[BrowserContext] = []  # by a service worker

    def open(self, size: dict[str, int] = PHONE, **more: object) -> Page:
        wanted = self.is_recommended | {"viewport": size} | more
        context = self.chromium.new_context(**wanted)
        if wanted["service_workers"] == "allow":
            self.watched_over.append(context)
        context.set_default_timeout(15_000)
        context.on(
            "weberror", lambda error: self.script_errors.append(f"{error.error} on {error.page and error.page.url}")
        )
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    def sign_in(self, phone: str, size: dict[str, int] = PHONE, **more: object) -> Page:
        """A window of somebody who is signed in. With the service worker by the pages themselves, so that it is at its
        work from the first page after them; else nothing is opened yet, and two pages fewer are drawn a person."""
        page = self.open(size, **more)
        if page.context in self.watched_over:
            page.goto("/login")
            self.enter(page, phone)
        else:
            post_sign_in(page, phone)
        return page

    def enter(self, page: Page, phone: str) -> None:
        """On the sign-in page, wherever it will lead."""
        page.fill("[name=login]", phone)
        page.fill("[name=password]", PASSWORD)
        page.click("text=Войти")
        page.wait_for_url(lambda url: "/login" not in url)


@pytest.fixture
def visitors(chromium: Browser, live: LiveClinic, request: pytest.FixtureRequest) -> Iterator[Visitors]:
    visitors = Visitors(chromium, live, has_worker=needs_whole(request.node))
    yield visitors
    for context in visitors.contexts:
        context.close()
    assert visitors.script_errors == []


@pytest.fixture
def no_complaints(visitors: Visitors) -> Callable[[], None]:
    def check() -> None:
        assert visitors.complaints == []

    return check
