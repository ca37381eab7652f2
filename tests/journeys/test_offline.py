"""The app on the home screen: installed, started in a tunnel, read and written there, updated, left without a trace."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chat_page import backstage, bubble, open_chat, write
from conftest import PHONE, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, Playwright, expect

from ibolit.extensions import db
from ibolit.models import Chat, Device, Message
from ibolit.services import clock

pytestmark = [pytest.mark.journey, pytest.mark.whole]

PATIENT, DOCTOR, STRANGER = "+7 900 000-00-01", "8 900 000 01 01", "+7 900 000-00-02"
ALL_THAT_IS_KEPT = """async () => {
    const found = Object.keys(localStorage).map(key => localStorage.getItem(key));
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const key of await cache.keys()) found.push(name, key.url, await (await cache.match(key)).text());
    }
    for (const { name } of await indexedDB.databases()) {
        const base = await new Promise(done => {
            const asked = indexedDB.open(name);
            asked.onsuccess = () => done(asked.result);
        });
        for (const store of base.objectStoreNames) {
            const asked = base.transaction(store).objectStore(store).getAll();
            found.push(JSON.stringify(await new Promise(done => { asked.onsuccess = () => done(asked.result); })));
        }
        base.close();
    }
    return found.join('\\n');
}"""

IS_IN_COPY = """caches.match('/chats/1').then(kept => kept.text())
    .then(page => /message__text[^]*последнее на связи/.test(page))"""


@pytest.fixture
def installed(playwright: Playwright, tmp_path: Path, live: LiveClinic) -> Iterator[Page]:
    """A browser of its own, as the ordinary ones of the tests are incognito."""
    context = playwright.chromium.launch_persistent_context(
        tmp_path / "profile", executable_path="/usr/bin/chromium", args=["--no-sandbox"], base_url=live.url,
        viewport=PHONE, locale="ru-RU",
    )  # fmt: skip
    yield context.pages[0]
    context.close()


def wait_for(page: Page, promise: str) -> None:
    """Playwright's own wait_for_function() takes a promise for a yes."""
    end = time.monotonic() + 15
    while not page.evaluate(promise):
        assert time.monotonic() < end, promise
        page.wait_for_timeout(50)


def ready(page: Page) -> None:
    wait_for(page, "navigator.serviceWorker.ready.then(() => !!navigator.serviceWorker.controller)")


def keep_here(page: Page) -> None:
    page.goto("/profile/offline")
    ready(page)
    page.locator("#keeping").get_by_label("Хранить переписку на этом устройстве").check()
    expect(page.locator("#keeping [role=status]")).to_have_text("Сохранено. Откроется и без интернета.")


class Worker:
    """The service worker of a browser in which no page of the clinic is open."""

    def __init__(self, page: Page, live: LiveClinic) -> None:
        self.live = live
        self.registrations: dict[str, Any] = {}
        self.page = page
        self.tools = page.context.new_cdp_session(page)
        self.tools.on("ServiceWorker.workerRegistrationUpdated", self._note)
        self.tools.send("ServiceWorker.enable")

    def _note(self, told: dict[str, Any]) -> None:
        self.registrations |= {one["scopeURL"]: one for one in told["registrations"] if not one["isDeleted"]}

    def learn_of_the_network(self) -> None:
        """What the browser does by itself, at a time of its own."""
        scope = self.live.url + "/"
        while scope not in self.registrations:
            self.page.wait_for_timeout(10)
        self.tools.send(
            "ServiceWorker.dispatchSyncEvent",
            {
                "origin": self.live.url,
                "registrationId": self.registrations[scope]["registrationId"],
                "tag": "ibolit-outbox",
                "lastChance": False,
            },
        )


@pytest.mark.long
def test_browser_offers_to_install_it(installed: Page) -> None:
    installed.goto("/login")
    ready(installed)
    tools = installed.context.new_cdp_session(installed)
    manifest = tools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert tools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []


def test_app_in_a_tunnel_and_after_it(visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
    open_chat(doctor)
    keep_here(patient)
    open_chat(patient)
    write(patient, "последнее на связи")
    expect(bubble(patient, "последнее на связи").locator(".ticks--read")).to_have_count(1)
    patient.goto("/home-screen")  # left at once: the copy has it all the same
    wait_for(patient, IS_IN_COPY)
    no_complaints()
    # The clinic dies and the network is cut: the app starts, from its icon, with the chats of before.
    live.kill()
    patient.context.set_offline(True)
    patient.goto("/")
    expect(patient.locator("h1")).to_have_text("Сообщения")
    expect(patient.locator("#connection")).to_contain_text("Нет связи. Так было")
    assert patient.evaluate("() => [...document.querySelectorAll('.row img')].every(one => one.naturalWidth)")
    patient.click(".row__link >> nth=0")
    expect(bubble(patient, "последнее на связи")).to_be_in_viewport()
    write(patient, "первое из туннеля")
    write(patient, "второе из туннеля")
    expect(patient.locator(".message--failed")).to_have_count(2)
    patient.goto("/doctors")
    expect(patient.locator("h1")).to_have_text("Нет связи")
    expect(patient.locator(".offline-summary__when")).to_contain_text(re.compile(r"\d\d:\d\d"))
    expect(patient.locator("body")).to_contain_text("+7 495 000-00-00")
    # She closes the app. Back on the network, the browser wakes the worker alone.
    phone = patient.context
    blank = phone.new_page()
    patient.close()
    live.start()
    phone.set_offline(False)
    Worker(blank, live).learn_of_the_network()
    open_chat(doctor)
    expect(bubble(doctor, "из туннеля")).to_have_count(2)
    wanted = ["последнее на связи", "первое из туннеля", "второе из туннеля"]
    patient = phone.new_page()
    open_chat(patient)
    expect(patient.locator(".message--waiting")).to_have_count(0)
    with backstage(live):
        texts = db.session.scalars(db.select(Message.text).where(Message.chat_id == 1).order_by(Message.seq)).all()
    assert texts[-3:] == wanted


def test_pending_message_is_its_authors_alone(visitors: Visitors, live: LiveClinic) -> None:
    patient = visitors.sign_in(PATIENT)
    keep_here(patient)
    open_chat(patient)
    phone = patient.context
    phone.set_offline(True)
    write(patient, "только её письмо")
    expect(patient.locator(".message--failed")).to_have_count(1)
    # The patient's session ends elsewhere; a stranger signs in on the same phone.
    with backstage(live):
        db.session.execute(db.delete(Device))
    phone.set_offline(False)
    expect(patient).to_have_url(re.compile(r"/login"))
    wait_for(patient, "caches.keys().then(all => !all.some(name => name.startsWith('kept-')))")
    visitors.enter(patient, STRANGER)
    blank = phone.new_page()
    patient.goto("/messages")
    ready(patient)
    Worker(blank, live).learn_of_the_network()
    keep_here(patient)
    with backstage(live):
        assert not db.session.scalar(db.select(Message.id).where(Message.text == "только её письмо"))
    # The stranger signs out, is not asked about the patient's messages, and wipes none of them.
    asked: list[str] = []
    patient.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    patient.goto("/profile")
    patient.click("text=Выйти")
    patient.wait_for_url("**/login")
    assert asked == []
    # The patient signs in again after the chat's time is over: the worker sends nothing, the page says why and gives
    # the text back.
    with backstage(live):
        db.session.execute(db.delete(Device))
        db.session.get_one(Chat, 1).open_until = clock.now() - timedelta(seconds=1)
    patient.goto("/messages")
    visitors.enter(patient, PATIENT)
    expect(patient.locator(".notice--kept")).to_contain_text("Время общения истекло. Сообщение не отправлено")
    patient.get_by_text("Открыть чат").click()
    expect(patient.locator(".foot__kept textarea")).to_have_value("только её письмо")
    with backstage(live):
        db.session.get_one(Chat, 1).prolong(30)
    # A week later nothing is left on the phone, and the patient is told how much must be written anew.
    open_chat(patient)
    patient.fill(".composer__text", "")
    phone.set_offline(True)
    write(patient, "забытое письмо")
    expect(patient.locator(".message--failed")).to_have_count(1)
    assert "забытое письмо" in patient.evaluate(ALL_THAT_IS_KEPT)
    with backstage(live):
        db.session.execute(db.delete(Device))
    phone.set_offline(False)
    expect(patient).to_have_url(re.compile(r"/login"))
    patient.clock.install(time=time.time() + 8 * 86400)
    visitors.enter(patient, STRANGER)
    patient.goto("/messages")
    wait_for(patient, f"({ALL_THAT_IS_KEPT})().then(kept => !kept.includes('забытое письмо'))")
    expect(patient.locator(".notice--kept")).to_have_count(0)
    patient.goto("/profile")
    patient.click("text=Выйти")
    patient.wait_for_url("**/login")
    visitors.enter(patient, PATIENT)
    expect(patient.locator(".notice--kept")).to_contain_text("стёрто с этого устройства: сообщений – 1")
    assert asked == []


@pytest.mark.long
def test_signing_out_leaves_nothing(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    keep_here(patient)
    open_chat(patient)
    patient.context.set_offline(True)
    write(patient, "тайное слово")
    expect(patient.locator(".message--failed")).to_have_count(1)
    kept = patient.evaluate(ALL_THAT_IS_KEPT)
    assert "тайное слово" in kept
    assert "Иванова" in kept
    patient.route_web_socket("**/live", lambda socket: socket.close(code=1013))
    patient.route("**/chats/*/messages", lambda route: route.abort())
    patient.context.set_offline(False)
    patient.goto("/profile")
    patient.once("dialog", lambda dialog: dialog.accept())
    patient.click("text=Выйти")
    patient.wait_for_url("**/login")
    ready(patient)
    kept = patient.evaluate(ALL_THAT_IS_KEPT)
    assert not re.search(r"тайное слово|Иванова|/chats/\d|<body [^>]*data-viewer", kept)
    patient.context.set_offline(True)
    patient.goto("/messages")
    expect(patient.locator("h1")).to_have_text("Нет связи")
    expect(patient.locator(".offline-summary")).to_be_hidden()


@pytest.mark.long
def test_new_version_waits_until_it_is_wanted(
    visitors: Visitors, live: LiveClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
    open_chat(doctor)
    open_chat(patient)
    ready(patient)
    patient.fill(".composer__text", "недописанное")
    version = patient.locator("html").get_attribute("data-version")
    live.stop()
    monkeypatch.setenv("CLINIC_PHONE", "+7 495 111-11-11")
    live.start()
    patient.evaluate("navigator.serviceWorker.ready.then(worker => worker.update())")
    offer = patient.locator(".prompt-bar--update")
    expect(offer).to_contain_text("Вышла новая версия")
    # The open chat goes on as it was.
    open_chat(doctor)
    write(doctor, "пишу в старую страницу")
    expect(bubble(patient, "пишу в старую страницу")).to_have_count(1)
    assert patient.locator("html").get_attribute("data-version") == version
    with patient.expect_navigation():
        offer.get_by_text("Обновить").click()
    expect(patient.locator(".composer__text")).to_have_value("недописанное")
    assert patient.locator("html").get_attribute("data-version") != version
    expect(patient.locator(".prompt-bar")).to_have_count(0)
    patient.context.set_offline(True)
    patient.goto("/doctors")
    expect(patient.locator("body")).to_contain_text("+7 495 111-11-11")


@pytest.mark.long
def test_home_screen_is_offered_once_after_the_first_message(visitors: Visitors) -> None:
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Safari/604.1"
    patient = visitors.open(user_agent=iphone)
    patient.add_init_script("navigator.standalone = false")
    patient.goto("/login")
    visitors.enter(patient, PATIENT)
    open_chat(patient)
    offer = patient.locator(".prompt-bar--home-screen")
    expect(offer).to_have_count(0)
    write(patient, "первое сообщение")
    expect(offer).to_contain_text("главный экран")
    offer.get_by_text("Добавить на главный экран").click()
    expect(patient.locator(".steps__title").first).to_have_text("iPhone и iPad")
    open_chat(patient)
    write(patient, "второе сообщение")
    expect(bubble(patient, "второе сообщение").locator(".ticks--sent, .ticks--delivered")).to_have_count(1)
    expect(offer).to_have_count(0)


def test_lost_line_is_said_within_three_seconds(visitors: Visitors) -> None:
    """And nobody is claimed to be there, by this page or by the copy the device keeps."""
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
    open_chat(doctor)
    keep_here(patient)
    open_chat(patient)
    expect(patient.locator(".chat .presence")).to_be_visible()
    patient.context.set_offline(True)
    expect(patient.locator("#connection")).to_be_visible(timeout=3000)
    expect(patient.locator(".chat .presence")).to_be_hidden()
    patient.goto("/chats/1")
    expect(patient.locator("#connection")).to_contain_text("Так было")
    expect(patient.locator(".chat .chat__name")).to_be_visible()
    expect(patient.locator(".chat .presence")).to_have_count(0)
    patient.context.set_offline(False)
    expect(patient.locator("#connection")).to_be_hidden()
    expect(patient.locator(".chat .presence")).to_be_visible()


def test_beat_that_does_not_come_is_said_within_three_seconds(visitors: Visitors) -> None:
    """No event tells of it: a gate swallows all."""
    patient = visitors.sign_in(PATIENT)
    patient.clock.install()
    patient.route_web_socket("**/live", lambda _silent: None)
    patient.route("**/healthz", lambda route: route.abort())
    patient.goto("/messages")
    patient.wait_for_function("() => document.querySelector('[ws-connect]')['htmx-internal-data'].webSocket")
    patient.clock.run_for(20_000)
    expect(patient.locator("#connection")).to_be_hidden()
    patient.clock.run_for(6_000 + 3_000)
    expect(patient.locator("#connection")).to_be_visible()
