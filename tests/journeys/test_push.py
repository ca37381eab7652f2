"""A push from the doctor's word to the patient's closed phone: offered, sent, read, shown, tapped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_page import backstage, bubble, open_chat, write
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import CDPSession, Page, expect
from push_service import Listener, PushService

from ibolit.extensions import db
from ibolit.models import ChatMember, Device, Notification

pytestmark = [pytest.mark.journey, pytest.mark.whole]

PATIENT, DOCTOR = "+7 900 000-00-01", "+7 900 000-01-01"
BEGIN = "Сообщать о новых сообщениях на этом устройстве"

# No push service answers a browser under test, so it is given what one would have told it.
SUBSCRIBED = """told => {
    let now = null;
    const one = key => ({
        endpoint: told.endpoint, options: { applicationServerKey: key.buffer },
        toJSON: () => ({ endpoint: told.endpoint, keys: { p256dh: told.p256dh, auth: told.auth } }),
        unsubscribe: async () => { now = null; localStorage.removeItem('subscribed'); return true; }
    });
    const kept = localStorage.getItem('subscribed');
    if (kept) now = one(Uint8Array.from(JSON.parse(kept)));
    PushManager.prototype.getSubscription = async () => now;
    PushManager.prototype.subscribe = async options => {
        localStorage.setItem('subscribed', JSON.stringify([...options.applicationServerKey]));
        return now = one(options.applicationServerKey);
    };
}"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
    .map(one => ({ title: one.title, body: one.body, tag: one.tag, url: one.data.url }))"""
# Chromium forgets a notice of which it is asked in the moment between noting and painting it: nobody asks before it is
# painted, of which only the worker hears.
WATCHED = """() => {
    const { registration } = self, { showNotification } = ServiceWorkerRegistration.prototype;
    self.painted = new Promise((done, failed) => {
        registration.showNotification = (...told) => {
            const shown = showNotification.apply(registration, told);
            shown.then(done, failed);
            return shown;
        };
        setTimeout(failed, 15000, new Error('nothing was shown'));
    });
}"""
# Browsers let a worker bring a window forward only after a real tap, which no test can make on a notice.
TAP = """async () => {
    WindowClient.prototype.focus = function () { return Promise.resolve(this); };
    const [notification] = await self.registration.getNotifications();
    self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
}"""


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    service = PushService()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, filled: Path, service: PushService) -> Iterator[LiveClinic]:
    clinic = LiveClinic(tmp_path_factory.mktemp("live"), filled)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PUSH_HOSTS", service.host)
        clinic.start()
    yield clinic
    clinic.stop()


def phone_of(visitors: Visitors, listener: Listener, phone: str = PATIENT) -> Page:
    page = visitors.open()
    page.context.grant_permissions(["notifications"], origin=visitors.live.url)
    page.context.add_init_script(f"location.host && ({SUBSCRIBED})({json.dumps(listener.told_to_the_clinic)})")
    page.goto("/login")
    visitors.enter(page, phone)
    return page


def next_told(service: PushService, listener: Listener, page: Page, known: int = 0) -> dict[str, Any]:
    """Waits in the browser's own time, so that its pages live meanwhile."""
    while len(service.told_to(listener)) <= known:
        page.wait_for_timeout(20)
    return service.told_to(listener)[known]


class Worker:
    """The page's service worker, to which the test plays the push service's last part."""

    def __init__(self, page: Page) -> None:
        page.wait_for_function("() => navigator.serviceWorker.controller")
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.ids: list[str] = []
        self.session.on("ServiceWorker.workerRegistrationUpdated", self._note)
        self.session.send("ServiceWorker.enable")
        while not self.ids:
            page.wait_for_timeout(20)

    def _note(self, event: dict[str, Any]) -> None:
        self.ids += [one["registrationId"] for one in event["registrations"]]

    def is_pushed(self, data: str) -> None:
        """Returns when its notice is on the screen."""
        worker = self.page.context.service_workers[-1]
        worker.evaluate(WATCHED)
        told = {"origin": self.page.url.split("/", 3)[0] + "//" + self.page.url.split("/")[2], "data": data}
        self.session.send("ServiceWorker.deliverPushMessage", {**told, "registrationId": self.ids[-1]})
        worker.evaluate("() => self.painted")

    def shown(self) -> list[dict[str, str]]:
        return list(self.page.evaluate(SHOWN))

    def shows_only(self, tags: list[str]) -> None:
        end = time.monotonic() + 15
        while [one["tag"] for one in self.page.evaluate(SHOWN)] != tags:
            assert time.monotonic() < end, self.page.evaluate(SHOWN)
            self.page.wait_for_timeout(20)

    def tap(self) -> None:
        self.page.context.service_workers[-1].evaluate(TAP)


def test_doctors_word_reaches_a_closed_phone_and_a_tap_opens_the_chat(
    visitors: Visitors, service: PushService, no_complaints: Callable[[], None]
) -> None:
    listener = service.listener("closed")
    patient = phone_of(visitors, listener)
    patient.goto("/profile/notifications")
    patient.click(f"text={BEGIN}")
    expect(patient.locator("#notifications")).to_contain_text("Уведомления на этом устройстве включены.")
    worker = Worker(patient)
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor, "/chats/1")
    write(doctor, "Результаты пришли, всё хорошо")
    told = next_told(service, listener, patient)
    assert (told["title"], told["url"], told["body"]) == ("iBolit: новое сообщение", "/chats/1", "")
    worker.is_pushed(json.dumps(told))
    assert worker.shown() == [{"title": "iBolit: новое сообщение", "body": "", "tag": "chat-1", "url": "/chats/1"}]
    worker.is_pushed(json.dumps({**told, "title": "iBolit: новое сообщение"}))
    assert len(worker.shown()) == 1
    worker.tap()
    patient.wait_for_url("**/chats/1")
    expect(bubble(patient, "Результаты пришли")).to_be_visible()
    assert patient.evaluate(SHOWN) == []
    no_complaints()
    # Read on another device: any page that is opened closes it, and leaves those of unread chats.
    other = visitors.sign_in(PATIENT)
    other.goto("/chats/1")
    write(doctor, "Прочтут в другом месте")
    expect(bubble(doctor, "Прочтут в другом месте").locator(".ticks--read")).to_have_count(1)
    patient.goto("/profile")
    with backstage(visitors.live):
        of_hers = db.select(ChatMember.chat_id).where(ChatMember.unread > 0, ChatMember.user_id == 1)
        unread = db.session.scalars(of_hers).first()
    for number in (1, unread):
        worker.is_pushed(json.dumps({**told, "tag": f"chat-{number}"}))
    assert len(worker.shown()) == (2 if unread else 1)
    patient.goto("/doctors")
    worker.shows_only([f"chat-{unread}"] if unread else [])
    # The sign-in ends: nothing of it stays on the screen.
    worker.is_pushed(json.dumps({**told, "tag": "chat-1"}))
    assert worker.shown() != []
    with backstage(visitors.live):
        db.session.execute(db.delete(Device))
    patient.goto("/messages")
    patient.wait_for_url("**/login**")
    worker.shows_only([])


def test_push_that_says_nothing_shows_something(visitors: Visitors, service: PushService) -> None:
    """Apple withdraws the permission after silent pushes."""
    page = phone_of(visitors, service.listener("silent"))
    worker = Worker(page)
    for data in ("", "nonsense"):
        worker.is_pushed(data)
    assert worker.shown() == [{"title": "iBolit: есть новости", "body": "", "tag": "news", "url": "/"}]


@pytest.mark.long
def test_visible_chat_spares_the_push(visitors: Visitors, service: PushService) -> None:
    """The second message goes to a closed page, and is the only one that is pushed."""
    listener = service.listener("visible")
    patient = phone_of(visitors, listener)
    patient.goto("/profile/notifications")
    patient.click(f"text={BEGIN}")
    expect(patient.locator("#notifications")).to_contain_text("включены")
    open_chat(patient, "/chats/1")
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor, "/chats/1")
    write(doctor, "Вы это видите")
    expect(bubble(patient, "Вы это видите")).to_be_visible()
    expect(bubble(doctor, "Вы это видите").locator(".ticks--read")).to_be_visible()
    with backstage(visitors.live):
        while (state := newest_state()) == "waiting":
            doctor.wait_for_timeout(200)
    assert state == "stale"
    patient.goto("about:blank")
    write(doctor, "А это уже нет")
    next_told(service, listener, doctor)
    assert len(service.told_to(listener)) == 1


def newest_state() -> str:
    """Lets go of the database at once: on SQLite the clinic could not write meanwhile."""
    of_messages = db.select(Notification.state).where(Notification.kind == "message")
    state = db.session.scalars(of_messages.order_by(Notification.id.desc())).first()
    db.session.remove()
    return state or ""


def test_offer_comes_after_the_first_message_and_once(
    visitors: Visitors, service: PushService, no_complaints: Callable[[], None]
) -> None:
    page = phone_of(visitors, service.listener("offered"), "+7 900 000-00-03")
    page.goto("/messages")
    page.locator("a[href^='/chats/']").first.click()
    page.wait_for_load_state()  # its modules listen
    assert page.locator(".prompt-bar--push").count() == 0
    write(page, "Спасибо, доктор")
    expect(page.locator(".prompt-bar--push")).to_contain_text(BEGIN)
    page.click(".prompt-bar--push >> text=Не нужно")
    page.reload()
    write(page, "И ещё раз спасибо")
    expect(bubble(page, "И ещё раз спасибо").locator(".ticks--sent")).to_have_count(1)
    assert page.locator(".prompt-bar--push").count() == 0
    no_complaints()


@pytest.mark.long
def test_dead_subscription_is_told_of_in_the_profile(visitors: Visitors, service: PushService) -> None:
    listener = service.listener("dead")
    page = phone_of(visitors, listener, DOCTOR)
    page.goto("/profile/notifications")
    page.click(f"text={BEGIN}")
    expect(page.locator("#notifications")).to_contain_text("включены")
    service.status_at["/dead"] = 410
    patient = visitors.sign_in(PATIENT)
    open_chat(patient, "/chats/1")
    page.goto("about:blank")
    write(patient, "Добрый день")
    while not [one for one in service.arrivals if one.path == "/dead"]:
        patient.wait_for_timeout(20)
    page.goto("/profile/notifications")
    while "больше не приходят" not in page.locator("#notifications").inner_text():
        page.reload()
    service.status_at.clear()
    page.click(f"text={BEGIN}")
    expect(page.locator("#notifications")).to_contain_text("включены")


@pytest.mark.long
def test_start_of_the_app_renews_what_the_clinic_does_not_know(visitors: Visitors, service: PushService) -> None:
    page = phone_of(visitors, service.listener("before"), "+7 900 000-01-02")
    page.goto("/profile/notifications")
    page.click(f"text={BEGIN}")
    expect(page.locator("#notifications")).to_contain_text("включены")
    fresh = service.listener("after")
    page.context.add_init_script(f"location.host && ({SUBSCRIBED})({json.dumps(fresh.told_to_the_clinic)})")
    page.evaluate("sessionStorage.clear()")
    with page.expect_response("**/profile/push") as answer:
        page.goto("/messages")
    assert answer.value.status == 200
    assert "after" in (answer.value.request.post_data or "")
