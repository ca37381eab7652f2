"""What somebody sent is looked at: pictures over the chat, voice, documents, and everything together."""

from __future__ import annotations

import time
from collections.abc import Callable

import odd_files
import pytest
import samples
from chat_page import bubble, open_chat, send
from conftest import DESKTOP, PHONE, Visitors
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
CHAT = "/chats/1"


def last(page: Page) -> Locator:
    return page.locator(".message").last


def scroll_of(page: Page) -> float:
    top: float = page.evaluate("document.querySelector('.chat__scroll').scrollTop")
    return top


def name_in_viewer(page: Page) -> Locator:
    return page.locator(".viewer__name")


class Fingers:
    """On the glass of one page.

    Each touch has the time of a hand, 20 ms after the one before, however late a busy machine brings it.
    """

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.at = time.time()

    def press(self, *points: tuple[int, int]) -> None:
        self._tell("touchStart", points)

    def move(self, *points: tuple[int, int]) -> None:
        self._tell("touchMove", points)

    def lift(self) -> None:
        self._tell("touchEnd", ())

    def swipe(self, dx: int) -> None:
        """Along the middle of the picture."""
        self.press((180, 250))
        for part in (1, 2, 3, 4):
            self.move((180 + dx * part // 4, 252))
        self.lift()

    def tap(self, point: tuple[int, int]) -> None:
        self.press(point)
        self.lift()

    def _tell(self, type: str, points: tuple[tuple[int, int], ...]) -> None:
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.at += 0.02
        told = {"type": type, "touchPoints": fingers, "timestamp": self.at}
        self.session.send("Input.dispatchTouchEvent", told)


def test_pictures_open_over_the_chat(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient, doctor = visitors.sign_in(PATIENT, PHONE, has_touch=True), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    send(doctor, {"Первая.jpg": samples.jpeg(), "Вторая.heic": samples.heic(), "Третья.png": samples.png()}, "Снимки")
    album = bubble(patient, "Снимки").locator(".album__tile")
    expect(album).to_have_count(3)
    for number in range(12):
        send(doctor, {}, f"Ещё {number}")
    expect(last(patient)).to_contain_text("Ещё 11")
    album.nth(1).scroll_into_view_if_needed()
    top = scroll_of(patient)
    album.nth(1).click()
    # The page is the same: nothing behind it moved or was lost.
    expect(name_in_viewer(patient)).to_have_text("Вторая.heic")
    expect(patient.locator(".viewer__picture")).to_have_js_property("naturalWidth", 640)
    assert patient.url.endswith(CHAT)
    fingers = Fingers(patient)
    fingers.swipe(-120)
    expect(name_in_viewer(patient)).to_have_text("Третья.png")
    expect(patient.locator("[rel=next]")).to_have_count(0)
    fingers.swipe(-120)  # there is none: it settles
    expect(patient.locator(".viewer__sheet")).to_have_css("transform", "none")
    fingers.swipe(120)
    expect(name_in_viewer(patient)).to_have_text("Вторая.heic")
    patient.keyboard.press("ArrowLeft")
    expect(name_in_viewer(patient)).to_have_text("Первая.jpg")
    # Back closes it, at the same place and on the picture it was opened from.
    patient.go_back()
    expect(patient.locator(".viewer")).to_have_count(0)
    assert scroll_of(patient) == top
    expect(album.nth(1)).to_be_focused()
    assert patient.url.endswith(CHAT)
    # Esc does the same, and Back then leaves the chat, not the viewer.
    album.nth(0).click()
    expect(name_in_viewer(patient)).to_have_text("Первая.jpg")
    patient.keyboard.press("Escape")
    expect(patient.locator(".viewer")).to_have_count(0)
    patient.wait_for_function("() => !history.state || !history.state.viewer")
    assert scroll_of(patient) == top
    no_complaints()


def test_fingers_zoom_and_move_a_picture(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient = visitors.sign_in(PATIENT, PHONE, has_touch=True)
    open_chat(patient)
    send(patient, {"Сыпь.jpg": samples.jpeg(), "Рука.jpg": samples.jpeg(480, 640)})
    last(patient).locator(".album__tile").first.click()
    expect(name_in_viewer(patient)).to_have_text("Сыпь.jpg")
    sheet = patient.locator(".viewer__sheet")

    def scale() -> float:
        found: float = sheet.evaluate("sheet => new DOMMatrix(getComputedStyle(sheet).transform).a")
        return found

    fingers = Fingers(patient)
    fingers.press((160, 250), (200, 250))
    fingers.move((120, 250), (240, 250))
    fingers.move((100, 250), (260, 250))
    fingers.lift()
    patient.wait_for_function("() => document.querySelector('.viewer--zoomed')")
    assert scale() == pytest.approx(4)
    fingers.swipe(-100)  # moves what is zoomed, and turns to no other
    expect(name_in_viewer(patient)).to_have_text("Сыпь.jpg")
    fingers.tap((180, 250))  # a double tap makes it whole again
    fingers.tap((180, 250))
    expect(patient.locator(".viewer--zoomed")).to_have_count(0)
    assert "Сыпь" in name_in_viewer(patient).inner_text()
    no_complaints()


@pytest.mark.long
def test_mouse_and_keyboard_in_the_viewer(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    send(doctor, {"А.jpg": samples.jpeg()})
    send(doctor, {"Б.jpg": samples.jpeg(480, 640)})
    last(doctor).locator(".picture").focus()
    doctor.keyboard.press("Enter")
    expect(name_in_viewer(doctor)).to_have_text("Б.jpg")
    stage = doctor.locator(".viewer__stage")
    stage.dblclick(position={"x": 600, "y": 300})
    expect(doctor.locator(".viewer--zoomed")).to_have_count(1)
    doctor.mouse.wheel(0, 4000)
    expect(doctor.locator(".viewer--zoomed")).to_have_count(0)
    # Tab walks round inside; a step keeps its place.
    places = set()
    for _ in range(6):
        doctor.keyboard.press("Tab")
        places.add(doctor.evaluate("document.activeElement.closest('.viewer') ? document.activeElement.className : ''"))
    assert "" not in places
    assert len(places) >= 4
    doctor.locator(".viewer__step--before").click()
    expect(name_in_viewer(doctor)).to_have_text("А.jpg")
    doctor.locator(".viewer__place").click()
    expect(doctor.locator(".viewer")).to_have_count(0)
    expect(doctor.locator(".message", has=doctor.locator("img")).nth(-2)).to_be_in_viewport()
    # No network: it says so and can be closed.
    doctor.context.set_offline(True)
    last(doctor).locator(".picture").click()
    expect(doctor.locator(".viewer__failed")).to_contain_text("Проверьте интернет")
    doctor.locator(".viewer__back").click()
    expect(doctor.locator(".viewer")).to_have_count(0)
    doctor.context.set_offline(False)


def test_voice_is_prepared_and_played_one_at_a_time(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    for seconds in (21, 22):
        send(doctor, {"voice.webm": samples.webm(seconds)}, f"{seconds} секунды", voice=True)
    # The worker has made it playable, and the page learned of it.
    voices = patient.locator(".message", has_text="секунды").locator(".voice")
    expect(voices).to_have_count(2)
    first, second = voices.nth(0), voices.nth(1)
    expect(first.locator(".voice__time")).to_have_text("0:21")
    second.locator(".voice__play").click()
    expect(second.locator(".voice__time")).to_have_text("0:01 из 0:22")
    first.locator(".voice__play").click()
    expect(first).to_have_class("voice voice--plays")
    expect(second).to_have_class("voice")
    # The bar: pressed in the middle, moved by keys.
    bar = first.locator(".voice__bar")
    box = bar.bounding_box()
    assert box is not None
    bar.click(position={"x": box["width"] / 2, "y": 20})
    expect(first.locator(".voice__time")).to_have_text("0:11 из 0:21")
    first.locator(".voice__play").click()
    expect(first.locator(".voice__play")).to_have_attribute("aria-label", "Слушать")
    bar.focus()
    patient.keyboard.press("Home")
    expect(bar).to_have_attribute("aria-valuetext", "0:00 из 0:21")
    patient.keyboard.press("ArrowRight")
    expect(bar).to_have_attribute("aria-valuetext", "0:05 из 0:21")
    # The speed is for all of them, and for the next visit.
    first.locator(".voice__speed").click()
    expect(second.locator(".voice__speed")).to_have_text("1,5×")
    patient.reload()
    expect(first.locator(".voice__speed")).to_have_text("1,5×")
    first.locator(".voice__play").click()
    expect(first.locator(".voice__time")).to_have_text("0:01 из 0:21")
    assert first.locator("audio").evaluate("audio => audio.playbackRate") == 1.5
    # It is nobody's unsent words: leaving asks nothing.
    patient.goto("/profile")
    patient.on("dialog", lambda dialog: visitors.complaints.append(dialog.message))
    patient.locator(".sign-out button").click()
    expect(patient.locator("h1")).to_have_text("Вход")
    no_complaints()


@pytest.mark.long
def test_voice_that_does_not_open_is_offered_to_be_kept(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    send(patient, {"voice.ogg": samples.ogg(2)}, "не откроется", voice=True)
    voice = patient.locator(".message", has_text="не откроется").locator(".voice")
    expect(voice.locator(".voice__time")).to_have_text("0:02")
    patient.route("**/files/*/shown", lambda route: route.abort())
    voice.locator(".voice__play").click()
    expect(voice.locator(".voice__cannot")).to_contain_text("Скачать")
    expect(voice).to_have_class("voice")
    patient.unroute("**/files/*/shown")
    voice.locator(".voice__play").click()
    expect(voice.locator(".voice__cannot")).to_be_hidden()
    expect(voice.locator(".voice__time")).to_have_text("0:02")  # heard to the end


def test_all_files_of_a_chat_are_listed(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    send(patient, {"Снимок.jpg": samples.jpeg()})
    send(patient, {"Анализы.pdf": samples.pdf(), "Пульс.mp4": samples.mp4()}, "Вот анализы")
    patient.locator(".chat__files").click()
    expect(patient.locator("h1")).to_have_text("Файлы")
    expect(patient.locator(".files__card").first).to_contain_text("MP4")
    # Over this page, too, the viewer opens and Back closes it.
    patient.locator(".files__picture").first.click()
    expect(name_in_viewer(patient)).to_have_text("Снимок.jpg")
    expect(patient.locator(".viewer__back")).to_have_text("Назад к файлам")
    patient.go_back()
    expect(patient.locator(".viewer")).to_have_count(0)
    expect(patient.locator("h1")).to_have_text("Файлы")
    patient.locator(".files__picture").first.click()
    patient.locator(".viewer__place").click()
    expect(last(patient)).to_contain_text("Вот анализы")
    patient.go_back()  # to the files, not to the closed viewer
    expect(patient.locator("h1")).to_have_text("Файлы")
    patient.locator(".files__card", has_text="Анализы.pdf").get_by_text("К сообщению").click()
    expect(patient.locator(".message:target")).to_contain_text("Вот анализы")
    no_complaints()


@pytest.mark.long
def test_files_without_scripts_are_links(visitors: Visitors) -> None:
    sender = visitors.sign_in(PATIENT)
    open_chat(sender)
    send(sender, {"Раз.jpg": samples.jpeg(), "Два.jpg": samples.jpeg(480, 640)})
    patient = visitors.sign_in(PATIENT, java_script_enabled=False)
    patient.goto(CHAT)
    last(patient).locator(".album__tile").first.click()
    expect(patient.locator("h1")).to_have_text("Раз.jpg")
    patient.click("[rel=next]")
    expect(patient.locator("h1")).to_have_text("Два.jpg")
    with patient.expect_download() as download:
        patient.click(".viewer__save")
    assert download.value.suggested_filename == "Два.jpg"
    patient.click(".viewer__back")
    expect(patient.locator(".message:target")).to_have_count(1)


@pytest.mark.long
def test_long_screen_is_read_and_a_moving_picture_moves(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient = visitors.sign_in(PATIENT, PHONE)
    open_chat(patient)
    send(patient, {"Переписка.png": odd_files.long_screen()}, "Снимок экрана")
    send(patient, {"Походка.gif": odd_files.two_frames("GIF")}, "Движется ли")
    expect(bubble(patient, "Движется ли").locator(".picture__moves")).to_be_visible()
    # Over the chat the engine shows the frames themselves.
    bubble(patient, "Движется ли").locator(".picture").click()
    moving = patient.locator(".viewer__picture")
    expect(moving).to_have_js_property("naturalWidth", 160)
    assert "/shown" not in moving.evaluate("image => image.currentSrc")
    expect(patient.locator(".viewer__facts")).to_contain_text("Картинка движется")
    patient.keyboard.press("Escape")
    # On its own page the screen fills the width and is scrolled from its top.
    patient.goto(bubble(patient, "Снимок экрана").locator(".picture").get_attribute("href") or "")
    screen = patient.locator(".viewer__picture")
    expect(screen).to_have_js_property("complete", value=True)
    box = screen.bounding_box()
    assert box is not None
    assert box["width"] > 0.9 * PHONE["width"]
    assert box["height"] > 10 * box["width"]


@pytest.mark.long
def test_picture_whose_viewer_does_not_come_has_a_page_of_its_own(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT, PHONE), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    send(doctor, {"Первая.jpg": samples.jpeg()}, "Снимок")
    patient.route("**/assets/viewer.*.js", lambda route: route.abort())
    bubble(patient, "Снимок").locator("a[data-viewer]").first.click()
    patient.wait_for_url("**/files/**")
    expect(patient.locator(".viewer__back")).to_be_visible()
