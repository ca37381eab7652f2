"""A page is left, the clinic is updated, a storage is full or silent, with something under way."""

from __future__ import annotations

import os
import re

import pytest
import samples
from chat_page import bubble, open_chat, sendings, write
from conftest import DESKTOP, Visitors
from gate import Action, Foreign, Gate
from playwright.sync_api import Dialog, Page, Route, expect

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"


def attach(page: Page, name: str) -> None:
    page.click(".clip__button")
    lines = "\n".join(os.urandom(40).hex() for _ in range(7_500))  # more than a piece
    chosen = {"name": name, "mimeType": "text/plain", "buffer": lines.encode()}
    page.locator(".clip__choice:visible .clip__input").last.set_input_files(chosen)


def press_send(page: Page, gate: Gate, name: str, words: str) -> None:
    """On a line that takes everything and carries nothing."""
    gate.spoil(Action.SWALLOW, "/uploads")
    attach(page, name)
    page.fill(".composer__text", words)
    page.click(".composer__send:visible")
    expect(page.locator(".attachment-tray__pending")).to_contain_text("Отправим, когда файлы загрузятся")


def test_pressed_send_is_kept(visitors: Visitors, gate: Gate) -> None:
    patient, doctor = visitors.sign_in(PATIENT, base_url=gate.url), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    open_chat(patient)
    # She goes to the list: it says so, and sends it.
    press_send(patient, gate, "первый.txt", "первая подпись")
    patient.click(".bar__back")
    unsent = patient.locator("#chat-1-row .row__unsent")
    expect(unsent).to_have_text("Не отправлено")
    gate.be_well()
    expect(bubble(doctor, "первая подпись")).to_contain_text("первый.txt")
    expect(unsent).to_have_count(0)
    # She reloads the page.
    open_chat(patient)
    expect(patient.locator(".composer__text")).to_have_value("")
    press_send(patient, gate, "второй.txt", "вторая подпись")
    patient.reload()
    expect(patient.locator(".attachment-tray__pending")).to_be_visible()
    expect(patient.locator(".composer__text")).to_have_value("вторая подпись")
    gate.be_well()
    expect(bubble(doctor, "вторая подпись")).to_contain_text("второй.txt")
    expect(patient.locator(".attachment-tray__item")).to_have_count(0)
    # Closing the app is asked about; the next day another page of it is opened.
    press_send(patient, gate, "третий.txt", "третья подпись")
    asked: list[str] = []
    patient.on("dialog", lambda dialog: _stay(dialog, asked))
    patient.close(run_before_unload=True)
    expect(patient.locator(".attachment-tray__pending")).to_be_visible()
    while not asked:
        patient.wait_for_timeout(50)
    assert asked == ["beforeunload"]
    patient.close()
    tomorrow = visitors.contexts[0].new_page()
    gate.be_well()
    tomorrow.goto("/doctors")
    expect(bubble(doctor, "третья подпись")).to_contain_text("третий.txt")
    # Where the last file is taken off, the words go alone.
    open_chat(tomorrow)
    press_send(tomorrow, gate, "лишний.txt", "слова без файла ")
    tomorrow.click(".attachment-tray__remove")
    expect(bubble(doctor, "слова без файла")).to_have_count(1)
    gate.be_well()
    # What was taken back is a draft again.
    open_chat(tomorrow)
    press_send(tomorrow, gate, "четвёртый.txt", "четвёртая подпись")
    tomorrow.click("text=Не отправлять")
    tomorrow.click(".bar__back")
    gate.be_well()
    open_chat(tomorrow)
    expect(tomorrow.locator(".attachment-tray__item--done")).to_have_count(1)
    expect(tomorrow.locator(".composer__text")).to_have_value("четвёртая подпись")
    for words in ("первая", "вторая", "третья"):
        expect(bubble(doctor, f"{words} подпись")).to_have_count(1)
    expect(bubble(doctor, "четвёртая подпись")).to_have_count(0)


def _stay(dialog: Dialog, asked: list[str]) -> None:
    asked.append(dialog.type)
    dialog.dismiss()


@pytest.mark.long
def test_recording_left_halfway_is_kept(visitors: Visitors, gate: Gate) -> None:
    patient, doctor = visitors.sign_in(PATIENT, base_url=gate.url), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    open_chat(patient, "/chats/1")
    voices = doctor.locator(".message .voice").count()
    heard = patient.locator(".recorder__time")
    # Left in the middle.
    patient.click(".composer__voice")
    expect(heard).to_have_text("0:03")
    other = patient.context.new_page()
    open_chat(other)
    expect(other.locator(".composer__voice")).to_be_visible()
    expect(other.locator(".composer--recorded")).to_have_count(0)  # it is still being spoken
    other.close()
    patient.click(".bar__back")
    open_chat(patient)
    expect(patient.locator(".composer--recorded")).to_have_count(1)
    expect(heard).to_have_text(re.compile("0:0[2-9]"))
    expect(patient.locator(".recorder__hint")).to_have_text("Прослушайте и отправьте")
    patient.click(".recorder__delete")
    expect(patient.locator(".composer--recorded")).to_have_count(0)
    # Finished and sent on a dead line, then left.
    patient.click(".composer__voice")
    expect(heard).to_have_text("0:02")
    gate.spoil(Action.SWALLOW, "/uploads")
    patient.click(".composer__voice")
    patient.click(".recorder__send")
    expect(patient.locator(".recorder__hint")).to_have_text("Отправляем…")
    patient.click(".bar__back")
    expect(patient.locator("#chat-1-row .row__unsent")).to_have_text("Не отправлено")
    gate.be_well()
    expect(doctor.locator(".message .voice")).to_have_count(voices + 1)
    open_chat(patient)
    expect(patient.locator(".composer--recorded")).to_have_count(0)


FULL_AND_DEAF = """
    Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };
    IDBFactory.prototype.open = () => new EventTarget();
    const ask = MediaDevices.prototype.getUserMedia;
    let asked = 0;
    MediaDevices.prototype.getUserMedia = function (...all) {
        asked += 1;
        return asked > 1 ? ask.apply(this, all) : new Promise(() => {});
    };
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


@pytest.mark.long
def test_message_goes_with_one_storage_full_and_one_silent(visitors: Visitors) -> None:
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
    # Nor do files and voices wait for it, or for a question about the microphone that nobody answers.
    photo = {"name": "снимок.jpg", "mimeType": "image/jpeg", "buffer": samples.jpeg(400, 300)}
    patient.fill(".composer__text", "с фото")
    patient.click(".clip__button")
    patient.locator(".clip__choice:visible .clip__input").last.set_input_files(photo)
    patient.click(".composer__send")
    expect(bubble(doctor, "с фото").locator("img")).to_have_count(1)
    voices = doctor.locator(".message .voice").count()
    patient.click(".composer__voice")
    expect(patient.locator(".composer .field__error")).to_contain_text("нажмите ещё раз")
    patient.click(".composer__voice")
    expect(patient.locator(".recorder__time")).to_have_text("0:02")
    expect(patient.locator(".composer .field__error")).to_have_count(0)
    patient.click(".composer__voice")
    patient.click(".recorder__send")
    expect(doctor.locator(".message .voice")).to_have_count(voices + 1)


def test_message_sent_before_the_scripts_came(visitors: Visitors) -> None:
    """On a slow line the form goes by itself, and the scripts come while it is on its way."""
    patient = visitors.sign_in(PATIENT, service_workers="block")
    scripts: list[Route] = []
    patient.route(re.compile(r"/assets/app\.\w+\.js"), lambda route: scripts.append(route))
    patient.goto("/chats/1", wait_until="commit")
    patient.fill(".composer__text", "раньше скриптов")
    while not scripts:
        patient.wait_for_timeout(20)
    patient.unroute_all()
    patient.wait_for_selector("form.composer[novalidate]")
    patient.evaluate("document.querySelector('form.composer').submit()")  # pressed before: no script hears
    expect(bubble(patient, "раньше скриптов")).to_have_count(1)
    patient.wait_for_selector("form.composer[novalidate]")
    expect(patient.locator(".composer__text")).to_have_value("")
    assert patient.evaluate("Object.keys(localStorage).filter(key => /draft|posted/.test(key))") == []


def test_messages_of_the_version_before_arrive_once(visitors: Visitors) -> None:
    """Messages as an earlier version stored them, in IndexedDB and in localStorage."""
    patient, doctor = visitors.open(), visitors.sign_in(DOCTOR, DESKTOP)
    patient.clock.install()
    sent = sendings(patient)
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
    assert len(sent) == 2
    for text in ("лежало в первом", "лежало во втором", "после них"):
        expect(bubble(doctor, text)).to_have_count(1)


@pytest.mark.long
def test_clinic_updated_under_an_open_page(visitors: Visitors, gate: Gate) -> None:
    patient, doctor = visitors.sign_in(PATIENT, base_url=gate.url), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    open_chat(patient)
    patient.fill(".composer__text", "подпись к снимку")
    gate.spoil(Foreign(status=404, version="newer"), "/assets/tus")
    gate.spoil(Foreign(version="newer"), "^/healthz")
    patient.click(".clip__button")
    photo = {"name": "снимок.jpg", "mimeType": "image/jpeg", "buffer": samples.jpeg(400, 300)}
    patient.locator(".clip__choice:visible .clip__input").last.set_input_files(photo)
    expect(patient.locator(".attachment-tray__state")).to_have_text("Нажмите «Обновить»: файл останется здесь")
    offer = patient.locator(".prompt-bar--update")
    expect(offer).to_contain_text("Вышла новая версия")
    gate.be_well()
    with patient.expect_navigation():
        offer.get_by_text("Обновить").click()
    expect(patient.locator(".attachment-tray__item--done")).to_have_count(1)
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
    expect(patient.locator(".attachment-tray__state")).to_have_text("Сервер занят, продолжим сами")
    gate.rules.clear()
    expect(mine.locator(".unshown")).to_have_count(0)
    expect(mine.locator("img")).to_be_visible()
    assert mine.locator("img").evaluate("image => image.naturalWidth > 0")
    expect(patient.locator(".attachment-tray__item--done")).to_have_count(1)
