"""What a doctor shows in a call in place of the camera: it arrives painted, and nothing of the clinic's with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from call_page import (
    ANDROID,
    DOCTOR,
    PATIENT,
    SELDOM_MEDIA,
    agree,
    call,
    connected,
    enter,
    flows,
    paints,
    part,
    press,
)
from chat_page import send
from conftest import DESKTOP, PHONE, Visitors
from live_clinic import LiveClinic
from PIL import Image
from playwright.sync_api import FilePayload, Page, Playwright, expect
from samples import as_bytes
from screens import sign_in

from ibolit.models import ConsultationKind

pytestmark = pytest.mark.journey

RED, BLUE, GREEN = (214, 40, 57), (29, 78, 216), (22, 130, 60)
# Another page of the doctor's browser, as if it were the viewer of a laboratory; each corner has a colour of its own.
SHOWN = """<!doctype html><title>Radiograph</title><style>
    body { margin: 0; background: rgb(214, 40, 57); } i { position: fixed; width: 25%; height: 25%; }
    .a { top: 0; left: 0; background: rgb(29, 78, 216); } .b { right: 0; bottom: 0; background: rgb(22, 130, 60); }
</style><i class="a"></i><i class="b"></i>"""
# What the engine's own question would have brought, where none can be asked: a canvas, or a refusal.
ASKED = """
    window.wanted = []; window.refusal = ''; window.colour = 'rgb(214, 40, 57)';
    navigator.mediaDevices.getDisplayMedia = (wanted) => {
        window.wanted.push(wanted);
        if (window.refusal) return Promise.reject(new DOMException(window.message || '', window.refusal));
        const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
        Object.assign(canvas, { width: 640, height: 400 });
        const paint = () => { pen.fillStyle = window.colour; pen.fillRect(0, 0, 640, 400); };
        setInterval(paint, 100);
        paint();
        window.given = canvas.captureStream();
        return Promise.resolve(window.given);
    };
"""
RESTART = "document.querySelector('#call').call.peer.restart()"
CLOSED = """() => {
    const [track] = given.getTracks();
    track.stop();
    track.dispatchEvent(new Event('ended'));
}"""


def plain(colour: tuple[int, int, int]) -> bytes:
    return as_bytes(Image.new("RGB", (600, 400), colour), "PNG")


def share(page: Page, what: str) -> None:
    page.click(".call__summary")
    press(page, f"share-{what}")


def seen(page: Page, x: float, y: float) -> Any:
    """The pixel of the screen itself that lies so far along the doctor's picture, from its left and top edge."""
    at = call(page).evaluate(
        """(call, [x, y]) => {
            const video = call.call.remote, box = video.getBoundingClientRect();
            const times = Math.min(box.width / video.videoWidth, box.height / video.videoHeight);
            const width = video.videoWidth * times, height = video.videoHeight * times;
            return [box.left + (box.width - width) / 2 + x * width, box.top + (box.height - height) / 2 + y * height];
        }""",
        [x, y],
    )
    return Image.open(BytesIO(page.screenshot())).convert("RGB").getpixel((round(at[0]), round(at[1])))


def looks(colour: tuple[int, int, int], pixel: Any) -> bool:
    return max(abs(one - other) for one, other in zip(colour, pixel, strict=True)) < 50


@pytest.fixture
def doctor(playwright: Playwright, live: LiveClinic) -> Iterator[Page]:
    """At a desktop whose browser answers its question with the page of that title, as a person would."""
    camera = SELDOM_MEDIA[0]
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", camera, "--auto-select-tab-capture-source-by-title=Radiograph"],
    )
    context = browser.new_context(
        base_url=live.url,
        viewport=DESKTOP,
        locale="ru-RU",
        service_workers="block",
        permissions=["camera", "microphone"],
    )
    context.set_default_timeout(15_000)
    shown = context.new_page()
    shown.set_content(SHOWN)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(page, DOCTOR)
    yield page
    browser.close()
    assert errors == []


def test_what_a_doctor_shows_arrives_and_the_camera_comes_back(
    doctor: Page, visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    id = agree(live)
    patient = visitors.sign_in(PATIENT)
    patient.goto("/chats/1")
    send(patient, {"blue.png": plain(BLUE)}, "Снимок")
    enter(patient, id)
    enter(doctor, id)
    connected(patient, doctor)
    flows(patient)
    marks, bar = part(patient, "marks"), part(doctor, "shared-words")
    expect(doctor.locator("#note")).to_be_visible()
    # A tab of the browser: whole, and called so on both sides.
    share(doctor, "window")
    expect(bar).to_have_text("Пациент видит эту вкладку")
    expect(marks).to_have_text("Врач показывает вкладку")
    expect(part(patient, "told")).to_have_text("Врач в разговоре. Врач показывает вкладку")
    paints(patient, RED)
    for colour, x, y in ((RED, 0.5, 0.5), (BLUE, 0.06, 0.06), (GREEN, 0.94, 0.94)):
        assert looks(colour, seen(patient, x, y)), (colour, seen(patient, x, y))
    # Nothing of ours that is not for the patient stands on the page meanwhile: news, and the doctor's own notes.
    expect(part(doctor, "patient")).to_be_visible()
    expect(doctor.locator("#note")).to_be_hidden()
    doctor.evaluate(
        "document.getElementById('notices').innerHTML = '<p class=\"notice notice--bad\">Другой пациент ждёт</p>'"
    )
    expect(doctor.get_by_text("Другой пациент ждёт")).to_be_hidden()
    # Larger, and whole again.
    press(patient, "enlarge")
    assert looks(RED, seen(patient, 0.5, 0.5))
    expect(call(patient)).to_have_class(re.compile("call--enlarged"))
    patient.get_by_role("button", name="Уменьшить").click()
    # A picture of this device takes its place.
    share(doctor, "picture")
    doctor.set_input_files(
        "[data-part=picture-field]", FilePayload(name="a.png", mimeType="image/png", buffer=plain(GREEN))
    )
    expect(bar).to_have_text("Пациент видит картинку")
    expect(marks).to_have_text("Врач показывает картинку")
    paints(patient, GREEN)
    assert looks(GREEN, seen(patient, 0.5, 0.5))
    # And one of the chat.
    share(doctor, "picture")
    doctor.locator(".call__picture").first.click()
    paints(patient, BLUE)
    assert looks(BLUE, seen(patient, 0.5, 0.5))
    # The camera is back, and so is what was hidden.
    doctor.get_by_role("button", name="Закончить показ").click()
    expect(marks).to_have_text("")
    expect(bar).to_be_hidden()
    expect(part(doctor, "hint")).to_have_text("Показ закончился")
    expect(doctor.get_by_text("Другой пациент ждёт")).to_be_visible()
    expect(doctor.locator("#note")).to_be_visible()
    expect(patient.get_by_role("button", name="Увеличить")).to_be_hidden()
    flows(patient)
    flows(doctor)
    no_complaints()


@pytest.mark.long
def test_what_is_shown_outlives_the_link_and_ends_with_its_page(visitors: Visitors, live: LiveClinic) -> None:
    """In a consultation of sound alone, where no picture was agreed on."""
    id = agree(live, ConsultationKind.AUDIO)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    doctor.add_init_script(ASKED)
    enter(patient, id)
    enter(doctor, id)
    connected(patient, doctor)
    flows(patient, video=False)
    marks, bar, hint = part(patient, "marks"), part(doctor, "shared-words"), part(doctor, "hint")
    # Who closes the browser's question has chosen; what the system forbids, and what fails, is said.
    for refusal, message, words in (
        ("NotAllowedError", "Permission denied by user", ""),
        ("NotAllowedError", "Permission denied by system", "Браузеру нельзя снимать экран"),
        ("NotReadableError", "", "Показать не получилось"),
    ):
        doctor.evaluate("([name, words]) => { refusal = name; message = words; }", [refusal, message])
        share(doctor, "window")
        expect(hint).to_contain_text(words) if words else expect(hint).to_be_hidden()
        expect(bar).to_be_hidden()
    wanted = doctor.evaluate("wanted[0]")
    assert wanted["video"]["displaySurface"] == "window"
    assert (wanted["monitorTypeSurfaces"], wanted["selfBrowserSurface"]) == ("exclude", "exclude")
    # Both ask for something at the same moment.
    doctor.evaluate("refusal = ''")
    patient.evaluate(RESTART)
    share(doctor, "window")
    patient.evaluate(RESTART)
    paints(patient, RED)
    expect(call(patient)).to_have_class(re.compile("call--shown"))
    expect(bar).to_have_text("Пациент видит это окно")
    flows(patient, video=False)
    # Another way is found, then the clinic is away: it goes on.
    restarts = doctor.evaluate("document.querySelector('#call').call.peer.restarts")
    doctor.evaluate(RESTART)
    doctor.wait_for_function("before => document.querySelector('#call').call.peer.restarts > before", arg=restarts)
    connected(patient, doctor)
    doctor.evaluate("colour = 'rgb(22, 130, 60)'")
    paints(patient, GREEN)
    # The other side leaves and comes back.
    patient.goto(f"/consultations/{id}")
    expect(bar).to_have_text("Пациент пока не видит окно: нет в разговоре")
    enter(patient, id)
    connected(patient, doctor)
    paints(patient, GREEN)
    expect(marks).to_have_text("Врач показывает окно")
    # By the browser's own bar.
    doctor.evaluate(CLOSED)
    expect(bar).to_be_hidden()
    expect(marks).to_have_text("")
    expect(call(patient)).not_to_have_class(re.compile("call--picture"))
    flows(patient, video=False)
    # With the page; and who is back knows it.
    share(doctor, "window")
    expect(marks).to_have_text("Врач показывает окно")
    doctor.reload()
    connected(patient, doctor)
    expect(hint).to_have_text("Показ закончился: разговор открыт заново")
    expect(marks).to_have_text("")
    expect(bar).to_be_hidden()


@pytest.mark.long
def test_what_is_no_picture_and_who_sees_none(visitors: Visitors, live: LiveClinic) -> None:
    """A doctor on a phone: no window to show, but a picture."""
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, PHONE, user_agent=ANDROID)
    doctor.add_init_script(ASKED)
    enter(patient, id)
    enter(doctor, id)
    connected(patient, doctor)
    expect(patient.locator("[data-do^=share-]")).to_have_count(0)
    share(doctor, "picture")
    expect(doctor.locator("[data-do=share-window]")).to_be_hidden()
    field, words = "[data-part=picture-field]", part(doctor, "pictures-words")
    doctor.set_input_files(field, FilePayload(name="a.png", mimeType="image/png", buffer=b"no picture"))
    expect(words).to_have_text("Эта картинка здесь не открывается. Подойдут JPEG и PNG.")
    expect(part(doctor, "shared")).to_be_hidden()
    doctor.set_input_files(field, FilePayload(name="a.png", mimeType="image/png", buffer=plain(BLUE)))
    paints(patient, BLUE)
    # The camera may be switched off and turned meanwhile: what is shown stays.
    press(doctor, "camera")
    paints(patient, BLUE)
    expect(part(patient, "marks")).to_have_text("Врач показывает картинку")
    # «Только звук» of the other side: it is said that nothing is seen.
    patient.click(".call__summary")
    press(patient, "sound-only")
    expect(part(doctor, "shared-words")).to_have_text("Пациент просит только звук и не видит картинку")
    expect(call(patient)).not_to_have_class(re.compile("call--picture"))
    patient.click(".call__summary")
    press(patient, "sound-only")
    expect(part(doctor, "shared-words")).to_have_text("Пациент видит картинку")
    paints(patient, BLUE)
    press(doctor, "unshare")
    expect(part(patient, "marks")).to_have_text("камера собеседника выключена")
    press(doctor, "camera")
    flows(patient)
