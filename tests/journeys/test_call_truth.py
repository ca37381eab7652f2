"""What a call shows of lost devices, no way to the other side, and a clinic that is away."""

from __future__ import annotations

import re

import pytest
from call_page import DOCTOR, PATIENT, WATCHED_MEDIA, agree, connected, enter, flows, part, press
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.whole]

# As a headset that is pulled out: the engine ends the track and tells so; `refused` keeps the next one away.
UNPLUG = """kind => {
    const track = document.querySelector('#call').call.localMedia[kind];
    track.stop();
    track.dispatchEvent(new Event('ended'));
}"""
TAKEN = """([kind, event]) => {
    document.querySelector('#call').call.localMedia[kind].dispatchEvent(new Event(event));
}"""
PLUGGED = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"


def status(page: Page) -> Locator:
    return part(page, "status")


@pytest.mark.long
def test_device_that_goes_and_comes_back_is_told(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    for page in (patient, doctor):
        page.add_init_script(WATCHED_MEDIA.replace("REFUSED", "[]"))
        enter(page, id)
    connected(patient, doctor)
    for page, other, whom in ((patient, doctor, "пациента"), (doctor, patient, "врача")):
        microphone = page.locator(".control[data-do=microphone]")
        page.evaluate("window.trouble = 'NotFoundError'; refused = ['audio', 'video']")
        page.evaluate(UNPLUG, "audio")
        expect(part(page, "hint")).to_have_text("Микрофон пропал: вас не слышно")
        expect(microphone).to_have_class(re.compile("control--off"))
        expect(part(other, "marks")).to_have_text(f"У {whom} пропал микрофон")
        page.evaluate(UNPLUG, "video")
        expect(part(page, "hint")).to_have_text("Микрофон пропал: вас не слышно. Камера пропала: вас не видно")
        expect(part(other, "marks")).to_have_text(f"У {whom} пропал микрофон · У {whom} пропала камера")
        # Pressed too early it says the same; a device that is plugged in is taken by itself.
        press(page, "microphone")
        expect(part(page, "hint")).to_contain_text("Микрофон пропал: вас не слышно")
        page.evaluate("refused = ['video']")
        page.evaluate(PLUGGED)
        expect(part(page, "hint")).to_contain_text("Камера пропала. Вас слышно, но не видно.")
        expect(microphone).not_to_have_class(re.compile("control--off"))
        page.evaluate("refused = []")
        press(page, "camera")
        expect(part(other, "marks")).to_have_text("")
        flows(other)
    # Taken by the system for a while, as by a telephone call.
    patient.evaluate(TAKEN, ["audio", "mute"])
    expect(part(patient, "hint")).to_have_text("Микрофон пропал: вас не слышно")
    expect(part(doctor, "marks")).to_have_text("У пациента пропал микрофон")
    patient.evaluate(TAKEN, ["audio", "unmute"])
    expect(part(doctor, "marks")).to_have_text("")
    # By a press alone, and by the return of the page.
    patient.evaluate("refused = ['audio']")
    patient.evaluate(UNPLUG, "audio")
    expect(part(doctor, "marks")).to_have_text("У пациента пропал микрофон")
    patient.evaluate("refused = []")
    press(patient, "microphone")
    expect(part(patient, "hint")).to_have_text("Микрофон включён: вас слышно")
    flows(doctor)
    patient.evaluate("refused = ['audio']")
    patient.evaluate(UNPLUG, "audio")
    expect(part(doctor, "marks")).to_have_text("У пациента пропал микрофон")
    expect(part(patient, "hint")).to_have_text("Микрофон пропал: вас не слышно")
    patient.evaluate("refused = []; document.dispatchEvent(new Event('visibilitychange'))")
    expect(part(doctor, "marks")).to_have_text("")
    flows(doctor)


@pytest.mark.long
def test_mute_lasts_while_the_server_is_away(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    for page in (patient, doctor):
        enter(page, id)
    connected(patient, doctor)
    # Reload, another device, and back: on both sides.
    for page, other, phone in ((patient, doctor, PATIENT), (doctor, patient, DOCTOR)):
        press(page, "microphone")
        press(page, "camera")
        page.reload()
        connected(patient, doctor)
        off = "Микрофон и камера выключены, как и были"
        expect(part(page, "hint")).to_have_text(off)
        expect(page.locator(".control--off")).to_have_count(2)
        expect(part(other, "marks")).to_have_text("микрофон собеседника выключен · камера собеседника выключена")
        elsewhere = visitors.sign_in(phone, DESKTOP)
        enter(elsewhere, id)
        connected(elsewhere, other)
        expect(part(elsewhere, "hint")).to_have_text(off)
        expect(part(other, "marks")).to_have_text("микрофон собеседника выключен · камера собеседника выключена")
        press(elsewhere, "camera")
        expect(part(other, "marks")).to_have_text("микрофон собеседника выключен")
        page.click("text=Вернуть сюда")
        connected(patient, doctor)
        expect(part(page, "hint")).to_contain_text("Микрофон")
        expect(part(other, "marks")).to_contain_text("микрофон собеседника выключен")
        press(page, "microphone")
        press(page, "camera")
        expect(part(other, "marks")).to_have_text("")
    # A second tab of one's own is no other device.
    tab = patient.context.new_page()
    enter(tab, id)
    connected(tab, doctor)
    expect(part(patient, "trouble-title")).to_have_text("Разговор продолжается в другой вкладке")
    patient.close()
    flows(tab)
    flows(doctor)
    # The clinic is away: both say so and talk on, and nobody is thrown out of the call.
    live.kill()
    for page in (tab, doctor):
        expect(status(page)).to_have_text("Нет связи с клиникой. Разговор продолжается")
    press(doctor, "end")
    doctor.click("text=Завершить консультацию")
    press(tab, "end")
    tab.locator(".call__leave-dialog").get_by_text("Выйти", exact=True).click()
    for page in (tab, doctor):
        expect(part(page, "leave-dialog-waits")).to_contain_text("повторяем сами. Разговор продолжается.")
    tab.click("text=Остаться")
    flows(tab)
    # What the page hears besides – that it is let in no more, that the consultation is over – leads nobody who ends it.
    doctor.evaluate("document.querySelector('#call').call.go('/messages')")
    live.start()
    expect(doctor).to_have_url(re.compile(rf"/consultations/{id}/conclusion/new$"))
    expect(tab).to_have_url(re.compile(rf"/consultations/{id}$"))


def test_reason_of_a_missing_sound_is_told(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    patient.add_init_script(WATCHED_MEDIA.replace("REFUSED", "['audio']"))
    enter(patient, id)
    enter(doctor, id)
    expect(part(patient, "trouble-title")).to_have_text("Нет доступа к микрофону")
    expect(status(doctor)).to_have_text("У пациента не разрешён микрофон")
    # Without a microphone one sees, hears and writes.
    press(patient, "without-microphone")
    connected(patient, doctor)
    expect(part(patient, "hint")).to_have_text("Нет доступа к микрофону: вас не слышно")
    expect(part(doctor, "marks")).to_have_text("У пациента не разрешён микрофон")
    expect(part(patient, "told")).to_have_text("Врач в разговоре")
    flows(patient)
    patient.evaluate("refused = []")
    press(patient, "microphone")
    expect(part(doctor, "marks")).to_have_text("")
    flows(doctor)
    # By keyboard: into the chat, out of it, past the pictures.
    chat = doctor.locator(".control[data-do=chat]")
    chat.focus()
    doctor.keyboard.press("Enter")
    expect(doctor.locator(".call__chat .composer__text")).to_be_focused()
    doctor.keyboard.press("Escape")
    expect(part(doctor, "chat")).to_be_hidden()
    expect(chat).to_be_focused()
    stops = doctor.evaluate("""() => Array.from(document.querySelectorAll('.call__own, .call__remote'))
        .filter((one) => one.tabIndex >= 0).length""")
    assert stops == 0
    # What was written and not read is counted after a reload, too.
    press(patient, "chat")
    patient.fill(".composer__text", "Я вас вижу")
    patient.click(".composer__send")
    count = doctor.locator(".control__count")
    expect(count).to_be_visible()
    before = count.get_attribute("data-count") or ""
    doctor.reload()
    connected(patient, doctor)
    expect(count).to_have_attribute("data-count", before)
    # Nothing comes any more, and nobody has said why.
    patient.evaluate(
        "document.querySelector('#call').call.peer.pc.getSenders().forEach((one) => one.replaceTrack(null))"
    )
    expect(status(doctor)).to_have_text("Связь прерывается…", timeout=5000)
    expect(part(doctor, "told")).to_contain_text("Связь прерывается…")
    patient.goto(f"/consultations/{id}")
    expect(status(doctor)).to_have_text("Страница закрыта. Ждём пациента")


# As a filter that lets pages through and no socket.
NO_SOCKETS = """
    window.WebSocket = class {
        constructor() {
            setTimeout(() => {
                if (this.onerror) this.onerror();
                if (this.onclose) this.onclose({ code: 1006 });
            });
        }
        close() {}
        send() {}
    };
"""


@pytest.mark.long
def test_network_without_sockets_is_named_before_it_begins(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live, begun=False)
    patient = visitors.sign_in(PATIENT)
    patient.add_init_script(NO_SOCKETS)
    patient.goto(f"/consultations/{id}")
    expect(patient.locator("main")).to_contain_text("Эта сеть не пропускает видеосвязь")
    patient.click("text=Проверить связь")
    expect(part(patient, "relay")).to_contain_text("Эта сеть не пропускает разговор")
    id = agree(live)
    enter(patient, id)
    expect(part(patient, "connection-help-words")).to_contain_text("Эта сеть не пропускает разговор", timeout=30_000)
    expect(part(patient, "connection-help").get_by_text("Попросить врача позвонить")).to_be_visible()
    # Who waits to leave is told of a consultation only where there is one.
    patient.evaluate("document.querySelector('#call').call.leaveDialog.tellOfWaiting(true)")
    expect(part(patient, "leave-dialog-waits")).to_be_visible()
    expect(part(patient, "leave-dialog-consultation")).to_be_hidden()


@pytest.mark.long
def test_lacking_device_is_named_and_nothing_else(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    for page in (patient, doctor):
        page.add_init_script("window.trouble = { audio: 'NotFoundError', video: 'NotReadableError' }")
        page.add_init_script(WATCHED_MEDIA.replace("REFUSED", "['audio']"))
        enter(page, id)
        title, ways = part(page, "trouble-title"), page.locator(".call__trouble")
        without_camera = ways.get_by_text("Войти без камеры")
        for refused, trouble, words in (
            ("['audio']", "trouble", "Микрофон не найден"),
            ("['audio']", "'NotAllowedError'", "Нет доступа к микрофону"),
            ("['audio', 'video']", "{ audio: 'NotFoundError', video: 'NotReadableError' }",
             "Микрофон не найден. Камера занята другим приложением"),
            ("['audio', 'video']", "'NotFoundError'", "Камера и микрофон не найдены"),
        ):  # fmt: skip
            page.evaluate(f"refused = {refused}; trouble = {trouble}")
            press(page, "again")
            expect(title).to_have_text(words)
            expect(without_camera).to_be_hidden()  # the microphone is lacking: without a camera it would be no better
            expect(ways.get_by_text("Войти без микрофона")).to_be_visible()
            expect(part(page, "plain-title")).to_have_text("Разговор можно продолжить иначе")
        # The camera is the other one's, and the microphone may be had alone.
        page.evaluate("trouble = 'NotReadableError'")
        press(page, "again")
        expect(without_camera).to_be_visible()
        # It is said that the patient is heard now, and only as long as it is so.
        page.evaluate("refused = []")
        press(page, "again")
        expect(part(page, "hint")).to_have_text("Микрофон включён")
        press(page, "microphone")
        expect(part(page, "hint")).to_be_hidden()
        # Muted before, muted after.
        page.reload()
        expect(title).to_have_text("Микрофон не найден")
        page.evaluate("refused = []")
        press(page, "again")
        expect(part(page, "hint")).to_have_text("Микрофон выключен, как и был")
        press(page, "microphone")
        expect(part(page, "hint")).to_be_hidden()
    connected(patient, doctor)
    flows(patient)
    flows(doctor)
