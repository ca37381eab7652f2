"""A patient and a doctor call each other: real media between two windows, and everything that can come between."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import samples
from call_page import (
    ANDROID,
    DOCTOR,
    PATIENT,
    WATCHED_MEDIA,
    agree,
    call,
    connected,
    enter,
    flows,
    heard,
    press,
)
from chat_page import backstage, bubble, send, write
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import FilePayload, Page, expect

from ibolit.extensions import db
from ibolit.models import CallReport, ConsultationKind

pytestmark = pytest.mark.journey

# As a return from another tab: the engine has stopped what it played.
RETURN = """() => {
    document.querySelectorAll('.call__view video').forEach((one) => one.pause());
    document.dispatchEvent(new Event('visibilitychange'));
}"""

WEAK = """async ([call, loss]) => {
    const { peer, monitor } = call.call, stats = peer.stats.bind(peer);
    peer.stats = async () => {
        const all = new Map();
        (await stats()).forEach((one) => all.set(one.id, Object.assign({}, one)));
        all.set('remote', { id: 'remote', type: 'remote-inbound-rtp', fractionLost: loss, roundTripTime: 0.05 });
        return all;
    };
    for (let looks = 0; looks < 40; looks += 1) {
        await monitor.look();
        await new Promise((done) => setTimeout(done, 20));
    }
    delete peer.stats;
}"""


# Where the page would have gone: it stays, so that the other one that leads is heard, too.
LED = """() => {
    window.led = [];
    navigation.addEventListener('navigate', (event) => {
        window.led.push(event.destination.url);
        event.preventDefault();
    });
    document.addEventListener('ibolit:applied', (event) => {
        window.told = window.told || event.detail.item.hasAttribute('data-go');
    });
}"""


@pytest.fixture
def pair(visitors: Visitors, live: LiveClinic) -> tuple[Page, Page, int]:
    """Patient on a phone, doctor at a desktop, in a video call."""
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    enter(patient, id)
    enter(doctor, id)
    connected(patient, doctor)
    return patient, doctor, id


def test_both_ready_talk_write_and_end(visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]) -> None:
    id = agree(live, begun=False)
    patient, doctor = visitors.sign_in(PATIENT, user_agent=ANDROID), visitors.sign_in(DOCTOR, DESKTOP)
    for page in (patient, doctor):
        page.goto(f"/consultations/{id}")
        page.click("text=Готов общаться")
    connected(patient, doctor)
    flows(patient)
    flows(doctor)
    assert heard(patient)["path"] == "host host"
    # Who is muted and whose camera is off is told to the other side.
    marks = doctor.locator("[data-part=marks]")
    press(patient, "microphone")
    expect(marks).to_have_text("микрофон собеседника выключен")
    press(patient, "camera")
    expect(marks).to_contain_text("камера собеседника выключена")
    expect(patient.locator(".call__own")).to_be_hidden()
    press(patient, "microphone")
    press(patient, "camera")
    expect(marks).to_have_text("")
    flows(doctor)
    flows(patient)
    press(patient, "flip")
    expect(patient.locator(".call__own")).not_to_have_class(re.compile("mirrored"))
    flows(doctor)
    flows(patient)
    patient.evaluate(RETURN)
    flows(patient)
    # Writing and files go on beside the call.
    press(doctor, "chat")
    write(doctor, "Покажите, пожалуйста, выписку")
    # The proposal lay unread before the call.
    expect(patient.locator(".control__count")).to_have_attribute("data-count", "2")
    press(patient, "chat")
    expect(bubble(patient, "выписку")).to_be_visible()
    paper = FilePayload(name="Выписка.txt", mimeType="text/plain", buffer="Давление 120/80".encode())
    patient.set_input_files(".call__chat .clip__choice:not(.clip__choice--camera) .clip__input", paper)
    write(patient, "Вот она")
    expect(bubble(doctor, "Вот она").locator("a").first).to_contain_text("Выписка.txt")
    # Spoken while the call holds the microphone.
    patient.get_by_label("Записать голосовое сообщение").click()
    expect(patient.locator(".recorder__time")).to_have_text(re.compile("0:0[1-9]"))
    patient.get_by_label("Остановить запись").click()
    patient.get_by_label("Отправить голосовое сообщение").click()
    expect(doctor.locator(".call__chat .message .voice")).to_have_count(1)
    # What was said and is played over the consultation stops nothing of it.
    send(patient, {"voice.webm": samples.webm(10)}, "Вчерашний кашель", voice=True)
    voice = bubble(patient, "Вчерашний кашель").locator(".voice")
    voice.locator(".voice__play").click()
    expect(voice).to_have_class("voice voice--plays")
    flows(patient)
    expect(voice).to_have_class("voice voice--plays")
    press(patient, "chat")
    flows(patient)
    # Leaving is asked once; one comes back, and the doctor ends it for both.
    press(patient, "end")
    patient.click("text=Остаться")
    press(patient, "end")
    patient.locator(".call__leave-dialog").get_by_text("Выйти", exact=True).click()
    expect(doctor.locator("[data-part=status]")).to_have_text("Ждём пациента")
    patient.click("text=Вернуться к разговору")
    connected(patient, doctor)
    flows(doctor)
    press(doctor, "end")
    doctor.click("text=Завершить консультацию")
    expect(doctor).to_have_url(re.compile(rf"/consultations/{id}/conclusion/new$"))
    expect(patient).to_have_url(re.compile(rf"/consultations/{id}$"))
    with backstage(live):
        told = db.session.scalars(db.select(CallReport).where(CallReport.consultation_id == id)).all()
        assert {report.setups for report in told} >= {1}
    no_complaints()


def test_press_and_socket_lead_to_the_call_once(visitors: Visitors, live: LiveClinic) -> None:
    """The press and the socket tell it at the same moment: a second load would cut off the first."""
    id = agree(live, begun=False)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
    for page in (patient, doctor):
        page.goto(f"/consultations/{id}")
    doctor.click("text=Готов общаться")
    expect(patient.locator("main")).to_contain_text("Врач: здесь")
    patient.evaluate(LED)
    with patient.expect_event("requestfinished", lambda request: request.url.endswith("/readiness")):
        patient.click("text=Готов общаться")
    patient.wait_for_function("() => window.told")
    assert patient.evaluate("led") == [f"{live.url}/consultations/{id}/call"]


def test_sound_alone_asks_for_no_camera(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live, ConsultationKind.AUDIO)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
    for page in (patient, doctor):
        page.add_init_script(WATCHED_MEDIA.replace("REFUSED", "[]"))
        enter(page, id)
    connected(patient, doctor)
    flows(patient, video=False)
    flows(doctor, video=False)
    for page in (patient, doctor):
        assert [bool(wanted["video"]) for wanted in page.evaluate("asked")] == [False]
        expect(page.locator("[data-do=camera], [data-do=sound-only]")).to_have_count(0)


def test_call_after_a_reload_and_on_another_device(pair: tuple[Page, Page, int], visitors: Visitors) -> None:
    patient, doctor, id = pair
    patient.reload()
    connected(patient, doctor)
    flows(doctor)
    at_home = visitors.sign_in(PATIENT, DESKTOP)
    enter(at_home, id)
    connected(at_home, doctor)
    expect(patient.locator("[data-part=trouble]")).to_contain_text("Разговор продолжается на другом устройстве")
    flows(at_home)
    patient.click("text=Вернуть сюда")
    connected(patient, doctor)
    flows(patient)
    expect(at_home.locator("[data-part=trouble]")).to_contain_text("Разговор продолжается на другом устройстве")


def test_camera_refused_and_found_again(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
    patient.add_init_script(WATCHED_MEDIA.replace("REFUSED", "['video']"))
    enter(patient, id)
    enter(doctor, id)
    connected(patient, doctor)
    flows(doctor, video=False)
    expect(patient.locator("[data-part=hint]")).to_have_text("Нет доступа к камере. Вас слышно, но не видно.")
    expect(doctor.locator("[data-part=marks]")).to_have_text("У пациента не разрешена камера")
    patient.evaluate("refused = []")
    press(patient, "camera")
    expect(doctor.locator("[data-part=marks]")).to_have_text("")
    flows(doctor)
    # Not even a microphone: what to press, and three other ways; then it is allowed.
    patient.add_init_script("window.trouble = 'NotReadableError'")
    patient.add_init_script(WATCHED_MEDIA.replace("REFUSED", "['audio', 'video']"))
    patient.reload()
    expect(patient.locator("[data-part=trouble-title]")).to_have_text("Камера и микрофон заняты другим приложением")
    for way in ("Открыть на другом устройстве", "Попросить врача позвонить", "Открыть чат"):
        expect(patient.locator(".call__plain").get_by_text(way, exact=True)).to_be_visible()
    patient.evaluate("refused = ['video']")
    press(patient, "without-camera")
    connected(patient, doctor)
    assert not patient.evaluate("asked[asked.length - 1].video")
    flows(patient)


@pytest.mark.long
def test_weak_link_keeps_the_voice(pair: tuple[Page, Page, int]) -> None:
    patient, doctor, _ = pair
    patient.evaluate(f"loss => ({WEAK})([document.querySelector('#call'), loss])", 0.4)
    status = patient.locator("[data-part=status]")
    expect(status).to_have_text("Связь слабая: видео выключено, вас слышно")
    expect(doctor.locator("[data-part=marks]")).to_have_text("у собеседника слабая связь: видео выключено")
    flows(doctor, video=False)
    patient.evaluate(f"loss => ({WEAK})([document.querySelector('#call'), loss])", 0)
    expect(status).to_have_text("")
    expect(doctor.locator("[data-part=marks]")).to_have_text("")
    flows(doctor)
    # «Только звук»: neither picture goes out.
    patient.click(".call__summary")
    press(patient, "sound-only")
    expect(doctor.locator("[data-part=marks]")).to_have_text("собеседник просит только звук")
    expect(doctor.locator(".call__own--held-back")).to_have_count(1)
    expect(call(patient)).not_to_have_class(re.compile("call--picture"))


def test_app_is_killed_in_the_middle(pair: tuple[Page, Page, int], live: LiveClinic) -> None:
    patient, doctor, _ = pair
    connection = "document.querySelector('#call').call.peer.pc"
    patient.evaluate(f"window.before = {connection}")
    live.kill()
    flows(patient)
    flows(doctor)
    live.start()
    expect(call(patient)).to_have_attribute("data-state", "connected")
    # Told over the socket that came back: the other side hears that the microphone is off.
    press(patient, "microphone")
    expect(doctor.locator("[data-part=marks]")).to_have_text("микрофон собеседника выключен")
    flows(patient)
    assert patient.evaluate(f"before === {connection}")


@pytest.mark.long
def test_another_way_without_scripts_and_without_webrtc(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    doctor = visitors.sign_in(DOCTOR)
    enter(doctor, id)
    plain = visitors.sign_in(PATIENT, java_script_enabled=False)
    enter(plain, id)
    plain.click("#call-fallback >> text=Попросить врача позвонить")
    expect(plain.locator("main")).to_contain_text("Держите телефон рядом")
    expect(doctor.locator(".call__view .call-phone")).to_contain_text("Пациент просит позвонить")
    plain.click("#call-fallback >> text=Открыть на другом устройстве")
    expect(plain.locator("main svg, main img").first).to_be_visible()
    old = visitors.sign_in(
        PATIENT, user_agent="Mozilla/5.0 (Linux; Android 13; wv) Chrome/120 Mobile Telegram-Android/11"
    )
    old.add_init_script("delete window.RTCPeerConnection")
    enter(old, id)
    expect(old.locator("[data-part=trouble]")).to_contain_text("в браузере")
    expect(old.locator("[data-part=browser-link]")).to_have_attribute("href", re.compile("^intent://127"))
    expect(old.locator(".call__plain").get_by_text("Открыть чат")).to_be_visible()
    expect(old.locator("[data-part=stage]")).to_be_hidden()


def test_check_before_the_call(visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]) -> None:
    id = agree(live, begun=False)
    patient = visitors.sign_in(PATIENT)
    patient.goto(f"/consultations/{id}")
    patient.click("text=Проверить связь")
    for line in ("camera", "microphone", "relay"):
        expect(patient.locator(f"[data-part={line}]")).to_have_attribute("data-state", "good")
    patient.click("text=Проверить звук")
    patient.locator("[data-do=heard]").click()
    expect(patient.locator("[data-part=speaker]")).to_have_attribute("data-state", "good")
    no_complaints()
    patient.add_init_script(WATCHED_MEDIA.replace("REFUSED", "['video', 'audio']"))
    patient.reload()
    expect(patient.locator("[data-part=trouble]")).to_contain_text("Нет доступа к камере и микрофону")
    patient.evaluate("refused = []")
    patient.click("text=Попробовать снова")
    expect(patient.locator("[data-part=microphone]")).to_have_attribute("data-state", "good")
    expect(patient.locator("[data-part=trouble]")).to_be_hidden()
    patient.click("text=К консультации")
    patient.wait_for_url(f"**/consultations/{id}")
