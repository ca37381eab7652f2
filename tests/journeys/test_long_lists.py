"""A doctor with many chats, and a chat with many messages: the view never jumps, nothing is missing or there twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from chat_page import Socket, backstage, bubble, open_chat, texts, write
from conftest import DESKTOP, DESKTOP_TOO, PHONE, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

from ibolit.extensions import db
from ibolit.models import AccessMode, Chat, Doctor, User
from ibolit.services import clock

pytestmark = pytest.mark.journey

PATIENT, DOCTOR, OTHER_PATIENT = "+7 900 000-00-01", "8 900 000 01 01", "+7 900 000-00-03"
CHATS, MESSAGES = 100, 500


@pytest.fixture(scope="module", autouse=True)
def _many(live: LiveClinic) -> None:
    """A hundred more chats, and five hundred more messages in the first."""
    with backstage(live):
        _fill(db.session.get_one(Doctor, 1))


def _fill(doctor: Doctor) -> None:
    now = clock.now()
    for number in range(CHATS):
        patient = User(phone=f"+7911{number:07}", name=f"Пациент {number}", password_hash="-")
        db.session.add(patient)
        db.session.flush()
        chat = db.session.get_one(Chat, Chat.begin(patient, doctor))
        chat.access = AccessMode.UNLIMITED
        chat._add(f"Вопрос {number}", author=patient, client_id="question").sent_at = now
        chat.last_at = now - timedelta(days=20, minutes=number)
    chat = db.session.get_one(Chat, 1)
    for number in range(MESSAGES):
        author = doctor.user if number // 4 % 2 else chat.patient
        message = chat._add(f"Строка {number} " + "слово " * (number % 40), author=author, client_id=f"line-{number}")
        message.sent_at = now - timedelta(minutes=37 * (MESSAGES - number) + number % 3)
    for member in chat.members:
        member.read_to, member.delivered_to, member.unread = chat.last_seq, chat.last_seq, 0


# The list of chats


def rows(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all("#chats .row", "all => all.map(one => one.id)")
    return found


def scroll_through(page: Page, most: int) -> None:
    rows = page.locator("#chats .row")
    rows.first.hover()
    while (shown := rows.count()) < most:
        page.mouse.wheel(0, 9000)
        expect(rows).not_to_have_count(shown)


@pytest.mark.parametrize("size", [pytest.param(PHONE, id="phone"), DESKTOP_TOO])
def test_many_chats_come_by_pages_and_stay_live(visitors: Visitors, live: LiveClinic, size: dict[str, int]) -> None:
    doctor, patient = visitors.open(size), visitors.sign_in(OTHER_PATIENT)
    socket = Socket(doctor)
    doctor.goto("/login")
    visitors.enter(doctor, DOCTOR)
    expect(doctor.locator("#chats .row")).to_have_count(31)  # an emergency stands above a page
    # Read on another device, far below what is loaded here: its row comes with its own page.
    with backstage(live):
        last = db.session.scalars(db.select(Chat).where(Chat.doctor_id == 1).order_by(Chat.last_at)).first()
        last_row = f"chat-{last.id}-row"
    elsewhere = visitors.sign_in(DOCTOR)
    open_chat(elsewhere, f"/chats/{last.id}")
    scroll_through(doctor, CHATS + 3)
    assert len(set(rows(doctor))) == len(rows(doctor)) == CHATS + 3
    assert rows(doctor)[-1] == last_row
    # A message moves its row to the top, also one that was said while the socket was away.
    open_chat(patient, "/chats/7")
    write(patient, "Наверх")
    expect(doctor.locator("#chats .row").first).to_contain_text("Наверх")
    socket.is_shut = True
    socket.here.close(code=1012)
    write(elsewhere, "Пока вас не было")
    expect(elsewhere.locator(".ticks--sent")).to_have_count(1)
    socket.is_shut = False
    expect(doctor.locator("#chats .row").nth(1)).to_contain_text("Пока вас не было")
    expect(doctor.locator("#chats .row").first).to_have_id("chat-7-row")  # the emergency stays above it
    assert len(set(rows(doctor))) == len(rows(doctor)) == CHATS + 3


@pytest.mark.long
def test_list_beside_a_chat_costs_a_phone_nothing(visitors: Visitors) -> None:
    doctor = visitors.sign_in(DOCTOR)
    asked: list[str] = []
    doctor.on("request", lambda request: asked.append(request.url))
    open_chat(doctor, "/chats/6")
    write(doctor, "Слушаю вас")
    expect(bubble(doctor, "Слушаю вас").locator(".ticks--sent")).to_have_count(1)
    assert [url for url in asked if "/messages?before" in url] == []


def test_message_between_the_page_and_its_socket(visitors: Visitors) -> None:
    doctor, patient = visitors.open(), visitors.sign_in(OTHER_PATIENT)
    socket = Socket(doctor)
    doctor.goto("/login")
    socket.is_shut = True
    visitors.enter(doctor, DOCTOR)
    open_chat(patient, "/chats/7")
    write(patient, "Между делом")
    expect(bubble(patient, "Между делом").locator(".ticks--sent")).to_have_count(1)
    socket.is_shut = False
    expect(doctor.locator("#chats .row").first).to_contain_text("Между делом")
    # The focus of the keyboard stays on its row when that is drawn anew.
    link = doctor.locator("#chats .row__link").first
    link.focus()
    write(patient, "И ещё")
    expect(link).to_contain_text("И ещё")
    expect(link).to_be_focused()


# The chat


NEAR_THE_TOP = """async frames => {
    var scroll = document.querySelector('.chat__scroll'), jumps = [], top, watched, before, shown;
    scroll.style.overflowAnchor = 'none';  // Safari and old engines have no such help
    shown = document.querySelectorAll('.message').length;
    scroll.scrollTop = 350;
    top = scroll.getBoundingClientRect().top;
    watched = [].filter.call(document.querySelectorAll('.message'), one => one.getBoundingClientRect().top > top)[0];
    before = watched.getBoundingClientRect().top;
    while (document.querySelectorAll('.message').length === shown || jumps.length < frames) {
        if (jumps.length > 1000) throw new Error('no older page came');
        await new Promise(requestAnimationFrame);
        jumps.push(Math.abs(watched.getBoundingClientRect().top - before));
    }
    return Math.max.apply(null, jumps);
}"""
MISPLACED = """all => all.filter((one, i) => {
    var last = all[i - 1], sameDay = !!last && last.dataset.day === one.dataset.day;
    var near = sameDay && last.dataset.author === one.dataset.author && one.dataset.at - last.dataset.at < 300000;
    return last && Number(one.dataset.key) !== Number(last.dataset.key) + 1 ||
        one.classList.contains('message--new-day') === sameDay ||
        one.classList.contains('message--continues') !== near;
}).map(one => one.id)"""
FROM_END = "one => one.scrollHeight - one.scrollTop - one.clientHeight"


def from_end(page: Page) -> float:
    return float(page.eval_on_selector(".chat__scroll", FROM_END))


@pytest.mark.parametrize("size", [pytest.param(PHONE, id="phone"), DESKTOP_TOO])
@pytest.mark.parametrize(
    "frames", [pytest.param(5, id="calmly"), pytest.param(1, id="in haste", marks=pytest.mark.long)]
)
def test_old_pages_come_without_a_jump(visitors: Visitors, size: dict[str, int], frames: int) -> None:
    page = visitors.sign_in(PATIENT, size)
    open_chat(page)
    assert from_end(page) < 2
    while page.locator(".older").count():
        assert page.evaluate(NEAR_THE_TOP, frames) < 2
    shown = page.locator(".message")
    expect(shown.first).to_have_attribute("data-key", "1")
    assert shown.count() >= MESSAGES
    assert page.eval_on_selector_all(".message", MISPLACED) == []


def test_list_of_unread_chats_search_and_its_end(visitors: Visitors, live: LiveClinic) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    with backstage(live):
        chat = db.session.get_one(Chat, 1)
        chat._add("Моё последнее", author=chat.patient, client_id="mine-last")
        for number in range(120):
            chat._add(f"Новость {number}", author=chat.doctor.user, client_id=f"news-{number}")
    # Opens at the first unread, under one's own last words.
    patient.goto("/messages")
    expect(patient.locator(".row .pill").first).to_contain_text("99+")
    with patient.expect_response("**/messages?after=*"):
        patient.locator(".row__link").first.click()
    expect(patient.locator("#unread + .message")).to_contain_text("Новость 0")
    expect(bubble(patient, "Новость 0")).to_be_in_viewport(ratio=1)
    # What comes meanwhile leaves the view where it is and offers the way down.
    to_end, top = patient.locator(".to-end"), bubble(patient, "Новость 0").bounding_box()
    open_chat(doctor)
    write(doctor, "Самое новое")
    expect(to_end).to_be_visible()
    expect(to_end).to_have_attribute("aria-label", re.compile(r"новых: \d+$"))
    assert bubble(patient, "Новость 0").bounding_box() == top
    to_end.click()
    expect(bubble(patient, "Самое новое")).to_be_in_viewport(ratio=1)
    expect(to_end).to_be_hidden()
    # The end stays in sight while the composer grows, and above a phone's keyboard.
    patient.set_viewport_size({"width": 360, "height": 330})
    patient.fill(".composer__text", "\n".join("123456789"))
    expect(bubble(patient, "Самое новое")).to_be_in_viewport(ratio=1)
    expect(patient.locator(".composer__send")).to_be_in_viewport(ratio=1)
    patient.fill(".composer__text", "")
    patient.set_viewport_size(PHONE)
    # A found message opens there; who writes from there is led to where it went.
    patient.goto("/messages")
    patient.fill("[name=q]", "строка 123")
    patient.locator("#inbox .row__link", has_text="Строка 123").click()
    expect(patient.locator(".message:target")).to_contain_text("Строка 123")
    expect(patient.locator(".message:target")).to_be_in_viewport()
    assert "before=" in patient.url
    write(patient, "Вот об этом")
    expect(bubble(patient, "Вот об этом").locator(".ticks")).to_be_in_viewport()
    assert texts(patient)[-2:] == ["Самое новое", "Вот об этом"]


def test_list_stays_when_a_chat_opens_beside_it(visitors: Visitors) -> None:
    """Its place, its filter and what was loaded, on Back too; j, k and Enter open the next one."""
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    doctor.goto("/messages?only=waiting")
    scroll_through(doctor, 40)
    doctor.evaluate("() => { window.isTheSamePage = true }")
    list_, row = doctor.locator(".split__list"), doctor.locator("#chats .row").nth(35)
    row.scroll_into_view_if_needed()
    top, rows_before = list_.evaluate("list => list.scrollTop"), rows(doctor)
    assert top > 500
    name = row.locator(".row__name").inner_text()
    row.locator(".row__link").click()
    expect(doctor.locator(".chat__name")).to_have_text(name)
    expect(doctor.locator(".composer__text")).to_be_focused()
    expect(doctor).to_have_title(re.compile(name))
    expect(row).to_have_class(re.compile("row--here"))
    expect(doctor.locator(".chip--on")).to_have_text(re.compile("^Ждут ответа"))
    assert list_.evaluate("list => list.scrollTop") == top
    assert rows(doctor) == rows_before
    doctor.keyboard.press("Escape")
    doctor.keyboard.press("j")
    doctor.keyboard.press("j")
    doctor.keyboard.press("k")
    doctor.keyboard.press("Enter")
    after = doctor.locator("#chats .row").nth(36)
    expect(doctor.locator(".chat__name")).to_have_text(after.locator(".row__name").inner_text())
    expect(after).to_have_class(re.compile("row--here"))
    write(doctor, "Слышу вас")
    expect(bubble(doctor, "Слышу вас").locator(".ticks--sent, .ticks--delivered")).to_have_count(1)
    doctor.go_back()
    expect(doctor.locator(".chat__name")).to_have_text(name)
    doctor.go_back()
    expect(doctor.locator(".split__rest")).to_be_visible()
    assert doctor.url.endswith("/messages?only=waiting")
    assert doctor.evaluate("() => window.isTheSamePage")
    assert list_.evaluate("list => list.scrollTop") > 500
    # With a file on its way it is a visit: the next page goes on with it.
    doctor.locator("#chats .row__link").nth(30).click()
    doctor.set_input_files(".clip__input >> nth=-1", {"name": "План.txt", "mimeType": "text/plain", "buffer": b"1"})
    expect(doctor.locator(".attachment-tray__item")).to_be_visible()
    with doctor.expect_navigation():
        doctor.locator("#chats .row__link").nth(31).click()
    assert not doctor.evaluate("() => window.isTheSamePage")


def test_way_back_leads_to_the_row_on_a_phone(visitors: Visitors) -> None:
    doctor = visitors.sign_in(DOCTOR)
    for back in (lambda: doctor.click(".chat__bar .bar__back"), doctor.go_back):
        doctor.goto("/messages?only=waiting")
        scroll_through(doctor, 50)
        row = doctor.locator("#chats .row").nth(45)
        row.scroll_into_view_if_needed()
        id = row.get_attribute("id")
        row.locator(".row__link").click()
        expect(doctor.locator(".chat__name")).to_be_visible()
        back()
        expect(doctor.locator(f"#{id}")).to_be_in_viewport()
        assert doctor.url.endswith("/messages?only=waiting")


@pytest.mark.long
def test_long_list_by_keyboard_and_touch(visitors: Visitors) -> None:
    desktop, phone = visitors.sign_in(DOCTOR, DESKTOP), visitors.sign_in(DOCTOR, has_touch=True, is_mobile=True)
    open_chat(desktop, "/chats/6")
    expect(desktop.locator(".composer__text")).to_be_focused()
    desktop.keyboard.type("первая строка")
    desktop.keyboard.press("Shift+Enter")
    desktop.keyboard.type("вторая")
    desktop.keyboard.press("Enter")
    expect(bubble(desktop, "вторая").locator(".ticks--sent")).to_have_count(1)
    assert texts(desktop)[-1] == "первая строка\nвторая"
    # On glass Enter makes a line, and the keyboard does not come before it is asked for.
    open_chat(phone, "/chats/6")
    field = phone.locator(".composer__text")
    expect(field).not_to_be_focused()
    field.tap()
    phone.keyboard.type("раз")
    phone.keyboard.press("Enter")
    phone.keyboard.type("два")
    expect(field).to_have_value("раз\nдва")
    phone.locator(".composer__send").tap()
    expect(bubble(desktop, "раз")).to_have_count(1)
    expect(field).to_be_focused()


def test_bar_under_the_head_leaves_while_one_reads_large_letters(visitors: Visitors) -> None:
    """And comes back when one scrolls up; the line one reads stays where it was."""
    patient = visitors.sign_in(PATIENT)
    patient.context.new_cdp_session(patient).send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 32}})
    open_chat(patient)
    bar, scroll = patient.locator(".access-bar"), patient.locator(".chat__scroll")
    expect(bar).to_be_visible()
    scroll.hover()
    patient.mouse.wheel(0, -900)
    patient.wait_for_function("() => document.querySelector('.chat--up')")
    expect(bar).to_be_visible()
    patient.mouse.wheel(0, 200)
    expect(bar).to_be_hidden()
    read = patient.evaluate_handle("() => document.elementFromPoint(180, 400).closest('.message')").as_element()
    assert read
    before = read.bounding_box()
    patient.mouse.wheel(0, -100)
    expect(bar).to_be_visible()
    after = read.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"] - 100) < 2
    head = patient.locator(".chat__bar").bounding_box()
    assert head
    assert head["height"] < 72  # one line of 30 px and what a finger needs
