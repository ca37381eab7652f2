"""Files and voices on their way out: picked, pasted, dropped, spoken; through dead networks and servers."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
import samples
from chat_page import Socket, backstage, bubble, open_chat, write
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Error, FilePayload, Locator, Page, Request, Response, Route, expect

from ibolit.extensions import db
from ibolit.models import Chat
from ibolit.services import clock

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
PIECE = 512 * 1024
SHELVED = """async () => {
    if (!(await indexedDB.databases()).length) return 0;
    const base = await new Promise(done => {
        const asked = indexedDB.open('ibolit');
        asked.onsuccess = () => done(asked.result);
    });
    const count = await new Promise(done => {
        const asked = base.transaction('files').objectStore('files').count();
        asked.onsuccess = () => done(asked.result);
    });
    base.close();
    return count;
}"""
HAND_OVER = """(target, [type, bytes, name, kind]) => {
    const data = new DataTransfer(), body = Uint8Array.from(atob(bytes), one => one.charCodeAt(0));
    data.items.add(new File([body], name, { type: kind }));
    const how = { bubbles: true, cancelable: true };
    target.dispatchEvent(type === 'paste' ? new ClipboardEvent(type, { clipboardData: data, ...how })
        : new DragEvent(type, { dataTransfer: data, ...how }));
}"""

TURNED_TO = "document.dispatchEvent(new Event('visibilitychange'))"
NO_DISK = """
    Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('', 'SecurityError'); } });
"""
FORBIDDEN = """
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
"""


def file(name: str, body: bytes, mimetype: str = "application/octet-stream") -> FilePayload:
    return {"name": name, "mimeType": mimetype, "buffer": body}


def big(megabytes: int = 6) -> bytes:
    return samples.archive(**{"scan.bin": os.urandom(megabytes * 1024**2)})


def base64_of(body: bytes) -> str:
    return base64.b64encode(body).decode()


def attach(page: Page, *files: FilePayload) -> None:
    page.click(".clip__button")
    page.locator(".clip__choice:visible .clip__input").last.set_input_files(files)


def row(page: Page, name: str) -> Locator:
    return page.locator(".attachment-tray__item", has_text=name)


def loaded(page: Page) -> Locator:
    return page.locator(".attachment-tray__item--done")


def send(page: Page) -> None:
    page.click(".composer__send:visible")


class Pieces:
    """Watches the pieces of one page's uploads; holds one of them back when asked to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[int] = []  # offsets, as the page sent them
        self.acknowledged: list[int] = []  # offsets, as the server answered
        self.held: list[Route] = []
        page.on("request", self._ask)
        page.on("response", self._answer)

    def _ask(self, request: Request) -> None:
        if request.method == "PATCH":
            self.asked.append(int(request.headers["upload-offset"]))

    def _answer(self, response: Response) -> None:
        if response.request.method in ("POST", "PATCH") and "upload-offset" in response.headers:
            self.acknowledged.append(int(response.headers["upload-offset"]))

    def hold(self, after: int) -> None:
        """The network keeps every piece from this offset on."""

        def keep(route: Route) -> None:
            offset = int(route.request.headers.get("upload-offset", 0))
            if route.request.method == "PATCH" and offset >= after:
                self.held.append(route)
            else:
                route.continue_()

        self.page.route("**/uploads/*", keep)

    def wait_until_held(self) -> int:
        while not self.held:
            self.page.wait_for_timeout(10)
        return int(self.held[0].request.headers["upload-offset"])

    def let_go(self) -> None:
        self.page.unroute("**/uploads/*")
        for route in self.held:
            with suppress(Error):  # the cut network, the reload, has ended it before us
                route.abort()
        self.held.clear()


def test_three_files_with_a_caption(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    photo, lengths = samples.jpeg(4000, 3000, hard=True), []
    patient.on("request", lambda request: lengths.append(request.headers.get("upload-length")))
    patient.click(".clip__button")
    expect(patient.locator(".clip__limits")).to_contain_text("До 10 файлов, каждый до 25 МБ")
    patient.keyboard.press("Escape")
    attach(
        patient,
        file("сыпь.jpg", photo, "image/jpeg"),
        file("анализы.pdf", samples.pdf(), "application/pdf"),
        file("дневник «давление» 🩺.txt", samples.txt(), "text/plain"),
    )
    expect(loaded(patient)).to_have_count(3)
    expect(patient.locator(".attachment-tray [role=status]")).to_have_text("Загружено 3 из 3")
    # The photo was made smaller here, before a byte of it was sent.
    assert max(int(length) for length in lengths if length) < len(photo) / 2
    write(patient, "Сыпь и анализы")
    for page in (patient, doctor):
        sent = bubble(page, "Сыпь и анализы")
        expect(sent.locator(".file__name")).to_have_text(["анализы.pdf", "дневник «давление» 🩺.txt"])
        expect(sent.locator("img[alt=Фото]")).to_have_count(1)
    expect(patient.locator(".attachment-tray__item, .message--waiting")).to_have_count(0)
    assert patient.evaluate("localStorage.length") == patient.evaluate(SHELVED) == 0
    # One without words, taken back and attached anew.
    attach(patient, file("лишний.txt", samples.txt()))
    row(patient, "лишний.txt").locator(".attachment-tray__remove").click()
    attach(patient, file("назначения.txt", samples.txt()))
    expect(loaded(patient)).to_have_count(1)
    send(patient)
    expect(doctor.locator(".file__name", has_text="назначения.txt")).to_have_count(1)
    no_complaints()


@pytest.mark.parametrize(
    "trouble", [pytest.param("the network is cut", marks=pytest.mark.long), "the server is killed"]
)
def test_upload_goes_on_from_where_it_was(visitors: Visitors, live: LiveClinic, trouble: str) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    body, pieces = big(), Pieces(patient)
    pieces.hold(after=6 * PIECE)
    attach(patient, file("снимки.zip", body))
    at = pieces.wait_until_held()
    patient.fill(".composer__text", trouble)
    send(patient)
    expect(patient.locator(".attachment-tray__pending")).to_contain_text("Отправим, когда файлы загрузятся")
    if trouble == "the network is cut":
        patient.context.set_offline(True)
    else:
        live.kill()
    pieces.let_go()
    expect(row(patient, "снимки.zip")).to_contain_text("Нет связи, продолжим сами")
    pieces.asked.clear()
    if trouble == "the network is cut":
        patient.context.set_offline(False)
    else:
        live.start()
    # It goes by itself, and nothing that the server had acknowledged is sent again.
    expect(bubble(patient, trouble).locator(".file__name")).to_have_text("снимки.zip")
    expect(bubble(patient, trouble).locator(".ticks--sent")).to_have_count(1)
    assert at == 6 * PIECE
    sent = [offset for offset in pieces.asked if offset in pieces.acknowledged]
    assert min(pieces.asked) == at
    assert len(sent) == len(set(sent)) == len(body[at:]) // PIECE + 1
    assert pieces.acknowledged[-1] == len(body)


@pytest.mark.long
def test_upload_whose_last_answer_was_lost(visitors: Visitors) -> None:
    """The server has the whole file, looked at it, and the phone never heard."""
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)

    def lose(route: Route) -> None:
        if route.request.method == "PATCH" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    lost: list[int] = []
    patient.route("**/uploads/*", lose)
    attach(patient, file("снимок.zip", samples.archive(**{"scan.bin": os.urandom(PIECE + 1000)})))
    expect(loaded(patient)).to_have_count(1)
    assert lost == [204]
    write(patient, "ответ потерян")
    expect(bubble(patient, "ответ потерян").locator(".ticks--sent")).to_have_count(1)


def test_files_after_a_reload_leaving_and_signing_out(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    body, pieces = big(), Pieces(patient)
    pieces.hold(after=5 * PIECE)
    attach(patient, file("снимки.zip", body), file("анализы.pdf", samples.pdf(), "application/pdf"))
    at = pieces.wait_until_held()
    expect(row(patient, "анализы.pdf")).to_have_class(re.compile("--done"))
    pieces.asked.clear()
    patient.reload()
    pieces.let_go()
    expect(loaded(patient)).to_have_count(2)
    assert min(pieces.asked) == at
    # The same browser, another person, the same chat: nothing of it is seen. Then the first is back, and it is there.
    for who, count in ((DOCTOR, 0), (PATIENT, 2)):
        patient.context.clear_cookies()
        patient.goto("/login")
        visitors.enter(patient, who)
        open_chat(patient)
        expect(patient.locator(".composer__voice")).to_be_visible(visible=not count)
        expect(patient.locator(".attachment-tray__item")).to_have_count(count)
    # Signing out asks about it first and leaves nothing behind.
    patient.goto("/profile")
    patient.once("dialog", lambda dialog: dialog.dismiss())
    patient.click("text=Выйти")
    assert patient.evaluate(SHELVED) == 2
    patient.once("dialog", lambda dialog: dialog.accept())
    patient.click("text=Выйти")
    patient.wait_for_url("**/login")
    assert patient.evaluate("localStorage.length") == patient.evaluate(SHELVED) == 0


@pytest.mark.long
def test_two_tabs_carry_a_file_once(visitors: Visitors) -> None:
    first = visitors.sign_in(PATIENT)
    second = first.context.new_page()
    open_chat(first)
    open_chat(second)
    both = Pieces(first), Pieces(second)
    both[0].hold(after=3 * PIECE)
    attach(first, file("снимки.zip", big(3)))
    both[0].wait_until_held()
    second.evaluate(TURNED_TO)
    expect(row(second, "снимки.zip")).to_have_count(1)
    assert both[1].asked == []  # it waits for the first
    both[0].let_go()
    for page in (first, second):
        expect(loaded(page)).to_have_count(1)
    acknowledged = [offset for pieces in both for offset in pieces.acknowledged]
    assert len(acknowledged) == len(set(acknowledged)) == 7
    write(first, "из одной из вкладок")
    expect(bubble(second, "из одной из вкладок").locator(".file__name")).to_have_text("снимки.zip")
    # The first forgets it on disk once the server has it; the second may have looked a moment before that.
    second.wait_for_function(f"() => {{ {TURNED_TO}; return !document.querySelector('.attachment-tray__item'); }}")


@pytest.mark.long
def test_private_window_keeps_files_as_long_as_its_page(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    patient.add_init_script(NO_DISK)
    open_chat(patient)
    attach(patient, file("анализы.pdf", samples.pdf(), "application/pdf"), file("дневник.txt", samples.txt()))
    expect(loaded(patient)).to_have_count(2)
    row(patient, "дневник.txt").locator(".attachment-tray__remove").click()
    write(patient, "без следов")
    expect(bubble(patient, "без следов").locator(".file__name")).to_have_text("анализы.pdf")
    expect(patient.locator(".attachment-tray__item")).to_have_count(0)
    # What no other page would find is not left without a question: a file on its way, words that are being spoken.
    asked: list[str] = []
    patient.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    pieces = Pieces(patient)
    pieces.hold(after=0)
    attach(patient, file("большой.zip", big(1), "application/zip"))
    pieces.wait_until_held()
    leave_and_stay(patient, asked, 1)
    row(patient, "большой.zip").locator(".attachment-tray__remove").click()
    patient.click(".composer__voice")
    expect(patient.locator(".recorder__time")).to_have_text("0:02")
    leave_and_stay(patient, asked, 2)
    expect(patient.locator(".composer--recording")).to_have_count(1)


def leave_and_stay(page: Page, asked: list[str], times: int) -> None:
    page.click(".bar__back", no_wait_after=True)
    while len(asked) < times:
        page.wait_for_timeout(20)
    assert asked == ["beforeunload"] * times


@pytest.mark.long
def test_file_refused_before_a_byte_is_sent_and_after(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    asked: list[str] = []
    patient.on("request", lambda request: asked.append(request.url) if "/uploads" in request.url else None)
    refusals = patient.locator(".attachment-tray__refusals")
    for one, sentence in (
        (file("virus.exe", samples.exe()), "Это программа"),
        (file("пусто.txt", b""), "файл пустой"),
        (file("фильм.mov", bytes(26 * 1024**2)), "26 МБ – больше 25 МБ"),
    ):
        attach(patient, one)
        expect(refusals).to_contain_text(f"«{one['name']}»")
        expect(refusals).to_contain_text(sentence)
        expect(patient.locator(".attachment-tray__item")).to_have_count(0)
    assert asked == []
    attach(patient, *(file(f"{number}.txt", samples.txt()) for number in range(1, 12)))
    expect(refusals).to_contain_text("до 10 файлов. Не поместились: «11.txt»")
    expect(loaded(patient)).to_have_count(10)
    for _ in range(10):
        patient.locator(".attachment-tray__remove").first.click()
    # What only the server can tell is told beside the file, and holds the letter back until something is done about it.
    attach(patient, file("снимок.pdf", b"no pdf at all"), file("дневник.txt", samples.txt()))
    expect(row(patient, "снимок.pdf")).to_contain_text("Имя файла говорит одно, а внутри другое")
    write(patient, "со снимком")
    expect(refusals).to_contain_text("Повторите или уберите их, потом отправьте")
    expect(patient.locator(".composer__text")).to_have_value("со снимком")
    row(patient, "снимок.pdf").locator(".attachment-tray__remove").click()
    send(patient)
    expect(bubble(patient, "со снимком").locator(".file__name")).to_have_text("дневник.txt")


@pytest.mark.long
def test_files_pasted_and_dropped(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    png = base64_of(samples.png())
    doctor.locator(".composer__text").evaluate(HAND_OVER, ["paste", png, "image.png", "image/png"])
    expect(row(doctor, "Изображение.png").locator("img")).to_have_count(1)
    chat, drop = doctor.locator(".chat__scroll"), doctor.locator(".drop")
    text = base64_of(samples.txt())
    expect(drop).to_be_hidden()
    chat.evaluate(HAND_OVER, ["dragenter", text, "список.txt", "text/plain"])
    expect(drop).to_be_visible()
    chat.evaluate(HAND_OVER, ["drop", text, "список.txt", "text/plain"])
    expect(drop).to_be_hidden()
    expect(loaded(doctor)).to_have_count(2)
    doctor.locator(".composer__text").fill("Посмотрите")
    doctor.keyboard.press("Enter")
    expect(bubble(doctor, "Посмотрите").locator(".file__name")).to_have_text("список.txt")
    no_complaints()


def test_voice_is_recorded_heard_and_sent(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    mic, time = patient.get_by_label("Записать голосовое сообщение"), patient.locator(".recorder__time")
    # Held, and thrown away by sliding to the left; then by Escape.
    mic.hover()
    patient.mouse.down()
    expect(time).to_have_text("0:01")
    patient.mouse.move(100, 600)
    expect(mic).to_be_visible()
    patient.mouse.up()
    mic.focus()
    patient.keyboard.press("Enter")
    expect(time).to_have_text("0:01")
    patient.keyboard.press("Escape")
    expect(mic).to_be_visible()
    # Tapped; what comes meanwhile does not disturb it.
    mic.click()
    write(doctor, "Слышу вас?")
    expect(bubble(patient, "Слышу вас?")).to_have_count(1)
    expect(time).to_have_text("0:02")
    patient.get_by_label("Остановить запись").click()
    patient.get_by_label("Прослушать").click()
    expect(patient.get_by_label("Пауза")).to_be_visible()
    # It survives a reload, is there to be heard again, and goes without the words that were begun.
    patient.reload()
    expect(patient.get_by_label("Прослушать")).to_be_visible()
    patient.get_by_label("Отправить голосовое сообщение").click()
    for page in (patient, doctor):
        expect(page.locator(".message .voice")).to_have_count(1)
    expect(mic).to_be_visible()
    assert patient.evaluate("localStorage.length") == patient.evaluate(SHELVED) == 0
    # Held and let go: the same.
    mic.hover()
    patient.mouse.down()
    expect(time).to_have_text("0:01")
    patient.mouse.up()
    patient.get_by_label("Удалить запись").click()
    expect(mic).to_be_visible()
    no_complaints()


def test_forbidden_microphone_is_told(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    patient.add_init_script(FORBIDDEN)
    open_chat(patient)
    patient.get_by_label("Записать голосовое сообщение").click()
    refusal = patient.locator(".attachment-tray__refusals")
    expect(refusal).to_contain_text("Микрофон запрещён. Нажмите значок слева от адреса сайта")
    write(patient, "пишу")
    expect(bubble(patient, "пишу").locator(".ticks--sent")).to_have_count(1)


@pytest.mark.long
def test_time_is_over_while_a_file_waits(visitors: Visitors, live: LiveClinic) -> None:
    patient = visitors.open()
    socket = Socket(patient)
    patient.goto("/login")
    visitors.enter(patient, PATIENT)
    open_chat(patient)
    attach(patient, file("анализы.pdf", samples.pdf(), "application/pdf"))
    expect(loaded(patient)).to_have_count(1)
    with backstage(live):
        chat = db.session.get_one(Chat, 1)
        until, chat.open_until = chat.open_until, clock.now() - timedelta(seconds=1)
    write(patient, "с анализами")
    kept = patient.locator(".foot__kept")
    expect(kept.locator("textarea")).to_have_value("с анализами")
    expect(kept).to_contain_text("Файлы не отправлены и хранятся сутки: анализы.pdf")
    assert socket.opened
    with backstage(live):
        db.session.get_one(Chat, 1).open_until = until
    open_chat(patient)
    expect(patient.locator(".composer__text")).to_have_value("с анализами")
    expect(loaded(patient)).to_have_text(re.compile("анализы.pdf"))
    send(patient)
    expect(bubble(patient, "с анализами").locator(".file__name")).to_have_text("анализы.pdf")


@pytest.mark.long
def test_refused_message_gives_its_files_back(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    attach(patient, file("анализы.pdf", samples.pdf(), "application/pdf"))
    expect(loaded(patient)).to_have_count(1)
    write(patient, "ж" * 4001)
    expect(patient.locator(".field__error")).to_contain_text("длиннее 4 000 знаков")
    expect(loaded(patient)).to_have_text(re.compile("анализы.pdf"))
    expect(patient.locator(".attachment-tray__kept")).to_have_count(0)
    write(patient, "короче")
    expect(bubble(patient, "короче").locator(".file__name")).to_have_text("анализы.pdf")


def test_files_without_scripts_go_with_the_form(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT, java_script_enabled=False)
    patient.goto("/chats/1")
    choose = patient.locator(".clip__choice:visible input[type=file]")
    patient.click(".clip__button")
    choose.set_input_files([file("анализы.pdf", samples.pdf()), file("дневник.txt", samples.txt())])
    write(patient, "ж" * 4001)
    # What has arrived need not be chosen again.
    expect(patient.locator(".field__error")).to_contain_text("длиннее 4 000 знаков")
    expect(patient.get_by_label("анализы.pdf")).to_be_checked()
    patient.get_by_label("дневник.txt").uncheck()
    write(patient, "Без скриптов")
    expect(bubble(patient, "Без скриптов").locator(".file__name")).to_have_text("анализы.pdf")


@pytest.mark.long
def test_engine_without_modules_keeps_the_draft_until_the_form_has_arrived(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT, service_workers="block")
    patient.route("**/assets/chat.*", lambda route: route.abort())
    open_chat(patient)
    patient.click(".clip__button")
    patient.locator(".clip__choice:visible input[type=file]").set_input_files([file("анализы.pdf", samples.pdf())])
    patient.route("**/chats/*/messages", lambda route: route.fulfill(status=502, body="Bad Gateway"), times=1)
    patient.fill(".composer__text", "с формой")
    send(patient)
    expect(patient.locator("body")).to_have_text("Bad Gateway")
    open_chat(patient)
    expect(patient.locator(".composer__text")).to_have_value("с формой")
    patient.locator("input[type=file]").last.set_input_files([file("анализы.pdf", samples.pdf())])
    send(patient)
    expect(bubble(patient, "с формой").locator(".file__name")).to_have_text("анализы.pdf")
    patient.wait_for_function("() => localStorage.length === 0")  # the message may be read before the script has begun
    expect(patient.locator(".composer__text")).to_have_value("")
