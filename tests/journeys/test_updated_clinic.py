"""The clinic is updated under what 476cb37 left behind: a device's queue, files, draft and copies, and its open pages.

tests/recorded/476cb37 was taken once from that commit's demo clinic, as patient 1 in Chromium. Without a network two
messages were sent in chat 1, a draft begun and a file attached; the same with one message where no worker may send
(`without one`); pages as the server gave them, cut to their card or form; and what its scripts asked for at a press.
TOKEN, ID, SEEN (the time on the card, in milliseconds), REST and AMOUNT (kopecks and rubles that may be refunded) stand
for what differs from clinic to clinic; what was written an hour ago is written an hour ago again.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from chat_page import backstage, bubble, open_chat, sendings
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import APIResponse, Page, Route, expect

from ibolit.extensions import db
from ibolit.models import Consultation, ConsultationState, Payment, PaymentState

pytestmark = pytest.mark.journey

PATIENT, DOCTOR, OPERATOR = "+7 900 000-00-01", "8 900 000 01 01", "+7 900 000-02-01"
RECORDED = Path(__file__).parents[1] / "recorded" / "476cb37"
DEVICE: dict[str, Any] = json.loads((RECORDED / "device.json").read_text())
HOUR, DAY = 3_600_000, 86_400_000  # milliseconds

# Lays on this device what was on that one.
LAY = """async ([keys, databases, caches_]) => {
    Object.keys(keys).forEach(key => localStorage.setItem(key, keys[key]));
    for (const [name, { version, stores }] of Object.entries(databases)) {
        const base = await new Promise((done, failed) => {
            const asked = indexedDB.open(name, version);
            asked.onupgradeneeded = () => Object.keys(stores).forEach(store => (
                asked.result.createObjectStore(store, stores[store].keyPath ? { keyPath: stores[store].keyPath } : {})
            ));
            asked.onerror = failed;
            asked.onsuccess = () => done(asked.result);
        });
        for (const [store, { keyPath, keys: ids, rows }] of Object.entries(stores)) {
            const deal = base.transaction(store, 'readwrite');
            rows.forEach((row, i) => (
                keyPath ? deal.objectStore(store).put(row)
                    : deal.objectStore(store).put(new Blob([row], { type: 'text/plain' }), ids[i])
            ));
            await new Promise(done => { deal.oncomplete = done; });
        }
        base.close();
    }
    for (const [name, pages] of Object.entries(caches_)) {
        const cache = await caches.open(name);
        for (const [path, { body, ...more }] of Object.entries(pages)) await cache.put(path, new Response(body, more));
    }
}"""

LEFT = """async () => [
    ...Object.keys(localStorage), ...(await indexedDB.databases()).map(one => one.name), ...await caches.keys()
]"""


def as_of_now(page: Page, recorded: dict[str, Any]) -> dict[str, Any]:
    """The same, written an hour ago."""
    now = int(page.evaluate("Date.now()"))
    text = json.dumps(recorded)
    for number, at in enumerate(sorted(set(re.findall(r"\b1795\d{9}\b", text)))):
        text = text.replace(at, str(now - HOUR + number))
    moved: dict[str, Any] = json.loads(text)
    return moved


def lay(page: Page, engine: str) -> None:
    left = as_of_now(page, DEVICE[engine])
    page.evaluate(LAY, [left["localStorage"], left.get("databases", {}), {}])


def filled(name: str, page: Page, **values: object) -> str:
    html = (RECORDED / name).read_text().replace("TOKEN", token_of(page))
    for word, value in values.items():
        html = html.replace(word, str(value))
    return html


def token_of(page: Page) -> str:
    return str(json.loads(page.get_attribute("body", "hx-headers") or "")["X-CSRFToken"])


def open_recorded(page: Page, address: str, html: str) -> None:
    """A page as it stood there before the update; what is pressed on it goes to the clinic of now."""

    def answer(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route(f"**{address}", answer, times=1)
    page.goto(address)


def press_by_script(page: Page, number: int, **values: object) -> APIResponse:
    """As htmx of that page asked."""
    text, token = json.dumps(DEVICE["requests"][number]), token_of(page)
    for word, value in ({"TOKEN": token} | values).items():
        text = text.replace(word, str(value))
    asked = json.loads(text)
    return page.request.post(asked["url"], headers=asked["headers"], data=asked["body"])


def proposed(live: LiveClinic) -> tuple[Consultation, Consultation]:
    """One that costs nothing and one that is to be paid, both of patient 1 and not yet answered."""
    with backstage(live):
        waiting = db.session.scalars(
            db.select(Consultation)
            .filter_by(patient_id=1, state=ConsultationState.PROPOSED)
            .order_by(Consultation.price, Consultation.id)
        ).all()
        free, paid = waiting[0], waiting[-1]
        db.session.expunge_all()
    assert free.price == 0 < paid.price
    return free, paid


def seen(consultation: Consultation) -> int:
    """The time on a card, as its hidden field says it."""
    return round(consultation.starts_at.timestamp() * 1000)


def state_of(live: LiveClinic, id: int) -> ConsultationState:
    with backstage(live):
        return db.session.get_one(Consultation, id).state


def test_device_of_before_loses_nothing_and_sends_once(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    patient.goto("/messages")
    sent = sendings(patient)
    lay(patient, "without one")
    lay(patient, "with a worker")
    patient.goto("/messages")
    waited = ("без рабочего, 476cb37", "ждало у 476cb37", "и второе за ним")
    for text in waited:
        expect(bubble(doctor, text)).to_have_count(1)
    # What was only begun is still there: the words, and the file with its bytes.
    open_chat(patient)
    expect(patient.locator(".composer__text")).to_have_value("недописанное")
    expect(patient.locator(".attachment-tray__item--done")).to_have_count(1)
    patient.click(".composer__send")
    expect(bubble(doctor, "недописанное").locator(".file__name")).to_have_text("анализы.txt")
    patient.reload()
    assert len(sent) == 4
    for text in (*waited, "недописанное"):
        expect(bubble(patient, text)).to_have_count(1)
        expect(bubble(doctor, text)).to_have_count(1)


def test_copies_of_before_are_read_and_wiped(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    patient.goto("/messages")
    patient.on("dialog", lambda dialog: dialog.accept())
    tomorrow = int(patient.evaluate("Date.now()")) + DAY
    copy = {"body": filled("kept-consultations.html", patient, ID=1, SEEN=tomorrow), "headers": kept_headers(patient)}
    patient.evaluate(LAY, [{}, {}, {"kept-1": {"/consultations": copy}}])
    patient.route("**/healthz", lambda route: route.abort())  # the page without a network goes as soon as there is one
    patient.goto("/offline")
    expect(patient.locator(".offline-summary__when")).to_contain_text("30 ноября, 16:00")
    expect(patient.locator(".offline-summary__who")).to_contain_text("Иванова")
    # Signing out leaves nothing of it, by whichever name.
    patient.goto("/profile")
    for engine in ("with a worker", "without one"):
        lay(patient, engine)
    patient.click(".sign-out button")
    patient.wait_for_url("**/login**")
    patient.wait_for_function(f"({LEFT})().then(left => left.every(name => name.startsWith('shell-')) || left.join())")
    assert [name for name in patient.evaluate(LEFT) if not name.startswith("shell-")] == []


def kept_headers(page: Page) -> dict[str, str]:
    headers: dict[str, str] = as_of_now(page, DEVICE["caches"])["kept-1"]["/consultations"]
    return headers


@pytest.mark.long
def test_pages_of_before_confirm_pay_cancel_and_refund(visitors: Visitors, live: LiveClinic) -> None:
    patient = visitors.sign_in(PATIENT)
    patient.goto("/messages")
    free, paid = proposed(live)
    # By its scripts: the answer is a card that finds its place on that page.
    answer = press_by_script(patient, 0, ID=free.id, SEEN=seen(free))
    assert (answer.status, "x-ibolit" in answer.headers) == (200, True)
    assert f'id="consultation-{free.id}"' in answer.text()
    assert state_of(live, free.id) is ConsultationState.CONFIRMED
    # A time that has changed since is not agreed to; the one on the card is, by its form too.
    answer = press_by_script(patient, 1, ID=paid.id, SEEN=seen(paid) + HOUR)
    assert (answer.status, "hx-redirect" in answer.headers) == (409, False)
    card = f"/consultations/{paid.id}"
    open_recorded(patient, card, filled("card-to-pay.html", patient, ID=paid.id, SEEN=seen(paid)))
    patient.get_by_role("button", name="Оплатить").click()
    patient.click("text=Перейти к оплате")
    patient.wait_for_url("**/demo/bank/**")
    patient.click("text=Оплатить")
    expect(patient.locator(".outcome__title")).to_have_text("Оплачено")
    assert state_of(live, paid.id) is ConsultationState.CONFIRMED
    # What was promised on the page is what comes back.
    patient.goto("/consultations")
    open_recorded(patient, f"{card}/cancellation", filled("cancellation.html", patient, ID=paid.id))
    patient.get_by_text("Передумал").click()
    patient.get_by_role("button", name="Отменить консультацию").click()
    patient.wait_for_url(re.compile(rf"{card}(#.*)?$"))
    assert state_of(live, paid.id) is ConsultationState.CANCELLED
    refund_from_the_desk(visitors, live)


def refund_from_the_desk(visitors: Visitors, live: LiveClinic) -> None:
    operator = visitors.sign_in(OPERATOR, DESKTOP)
    with backstage(live):
        succeeded = db.select(Payment.id).filter_by(state=PaymentState.SUCCEEDED).order_by(Payment.id.desc())
        ids = db.session.scalars(succeeded).all()
    for id in ids:
        operator.goto(f"/operator/payments/{id}")
        left = operator.locator(f"form[action$='/payments/{id}/refunds'] [name=expected], [name=rest]").first
        if left.count():
            break
    rest = left.get_attribute("value") or ""
    values = {"ID": id, "REST": rest, "AMOUNT": int(rest) // 100}
    open_recorded(operator, f"/operator/payments/{id}", filled("refund.html", operator, **values))
    operator.fill("[name=note]", "по просьбе")
    operator.get_by_role("button", name="Вернуть").click()
    operator.get_by_role("button", name="Да, вернуть").click()
    expect(operator.locator("main")).to_contain_text("по просьбе")
