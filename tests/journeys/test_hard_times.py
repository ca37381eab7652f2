"""Storage that is full or deaf, a clinic updated under an open page, files whose storage is away."""

from __future__ import annotations

import pytest
import samples
from chat_page import bubble, open_chat, write
from conftest import DESKTOP, Visitors
from playwright.sync_api import Dialog, expect
from support.gate import Foreign, Gate

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
FULL_AND_DEAF = """
    Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };
    IDBFactory.prototype.open = () => new EventTarget();
"""

LETTERS_OF_BEFORE = """async () => {
    const letter = (text, id, more) => ({ chat: '1', text, id, at: Date.now(), files: [], ...more });
    const first = letter('лежало в первом', 'a'.repeat(24), {});
    localStorage.setItem(`ibolit:unsent:1:1:${first.id}`, JSON.stringify(first));
    const base = await new Promise(done => {
        const asked = indexedDB.open('ibolit-outbox', 1);
        asked.onupgradeneeded = () => asked.result.createObjectStore('letters', { keyPath: 'id' });
        asked.onsuccess = () => done(asked.result);
    });
    const deal = base.transaction('letters', 'readwrite');
    deal.objectStore('letters').put(letter('лежало во втором', 'b'.repeat(24), { viewer: '1' }));
    await new Promise(done => { deal.oncomplete = done; });
    base.close();
}"""


def test_storage_is_full_and_the_other_never_answers(visitors: Visitors) -> None:
    patient, doctor = visitors.open(), visitors.sign_in(DOCTOR, DESKTOP)
    patient.add_init_script(FULL_AND_DEAF)
    patient.goto("/login")
    visitors.enter(patient, PATIENT)
    open_chat(doctor)
    open_chat(patient)
    notice = patient.locator(".notice--here")
    patient.context.set_offline(True)
    write(patient, "на честном слове")
    expect(notice).to_have_text("Сообщение хранится только на этой странице, не закрывайте её.")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    patient.on("dialog", stay)
    patient.click(".bar__back", no_wait_after=True)
    while not asked:
        patient.wait_for_timeout(50)
    assert asked == ["beforeunload"]
    patient.context.set_offline(False)
    expect(bubble(doctor, "на честном слове")).to_have_count(1)
    expect(notice).to_have_count(0)


def test_letters_of_the_version_before_arrive_once(visitors: Visitors) -> None:
    """What devices keep is data: as 0.1.0 wrote it, in the one store and in the other."""
    patient, doctor = visitors.open(), visitors.sign_in(DOCTOR, DESKTOP)
    patient.clock.install()
    posted: list[str] = []
    patient.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    patient.goto("/login")
    visitors.enter(patient, PATIENT)
    open_chat(doctor)
    patient.evaluate(LETTERS_OF_BEFORE)
    patient.goto("/messages")
    for text in ("лежало в первом", "лежало во втором"):
        expect(bubble(doctor, text)).to_have_count(1)
    patient.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('ibolit:unsent'))")
    patient.clock.fast_forward(5000)  # past all patience: what has left is not asked for again
    patient.reload()
    write(doctor, "после них")
    assert len([url for url in posted if url.endswith("/chats/1/messages")]) == 2
    for text in ("лежало в первом", "лежало во втором", "после них"):
        expect(bubble(doctor, text)).to_have_count(1)


def test_updated_under_an_open_page(visitors: Visitors, gate: Gate) -> None:
    patient, doctor = visitors.sign_in(PATIENT, base_url=gate.url), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    open_chat(patient)
    patient.fill(".composer__text", "подпись к снимку")
    gate.spoil(Foreign(status=404, version="newer"), "/assets/tus")
    gate.spoil(Foreign(version="newer"), "^/healthz")
    patient.click(".clip__button")
    photo = {"name": "снимок.jpg", "mimeType": "image/jpeg", "buffer": samples.jpeg(400, 300)}
    patient.locator(".clip__choice:visible .clip__input").last.set_input_files(photo)
    expect(patient.locator(".tray__state")).to_have_text("Нажмите «Обновить»: файл останется здесь")
    offer = patient.locator(".offer--update")
    expect(offer).to_contain_text("Вышла новая версия")
    gate.be_well()
    with patient.expect_navigation():
        offer.get_by_text("Обновить").click()
    expect(patient.locator(".tray__item--done")).to_have_count(1)
    expect(patient.locator(".composer__text")).to_have_value("подпись к снимку")
    # The storage of files goes away and comes back.
    patient.click(".composer__send")
    expect(bubble(doctor, "подпись к снимку").locator("img")).to_have_count(1)
    gate.spoil(Foreign(status=503, version="this"), r"^/(files|uploads|chats/\d+/uploads)")
    patient.goto("/chats/1")
    mine = bubble(patient, "подпись к снимку")
    expect(mine.locator(".unshown")).to_have_text("Фото пока не открылось. Попробуем ещё раз сами.")
    patient.click(".clip__button")
    patient.locator(".clip__choice:visible .clip__input").last.set_input_files(photo)
    expect(patient.locator(".tray__state")).to_have_text("Сервер занят, продолжим сами")
    gate.rules.clear()
    expect(mine.locator(".unshown")).to_have_count(0)
    expect(mine.locator("img")).to_be_visible()
    assert mine.locator("img").evaluate("image => image.naturalWidth > 0")
    expect(patient.locator(".tray__item--done")).to_have_count(1)
