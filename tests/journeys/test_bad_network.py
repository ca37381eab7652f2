"""A patient on mobile internet: tunnels, lost answers, two tabs, a session that ends. Nothing is lost or doubled."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from chat_page import Held, Socket, backstage, bubble, by_form, hurry, open_chat, texts, write
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import expect

from ibolit.extensions import db
from ibolit.models import Chat, Device
from ibolit.services import clock

pytestmark = [pytest.mark.journey, pytest.mark.whole]

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
COUNT_PLACED = """body => {
    var placed = 0;
    body.addEventListener('ibolit:applied', () => body.setAttribute('data-placed', placed += 1));
}"""

TYPE = """text => {
    var field = document.querySelector('.composer__text');
    field.value = text;
    field.dispatchEvent(new Event('input'));
}"""


def test_tunnel_loses_nothing_and_doubles_nothing(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    hurry(patient, *(f"быстро {i}" for i in range(10)))
    expect(bubble(doctor, "быстро")).to_have_count(10)
    expect(patient.locator(".message--waiting")).to_have_count(0)
    # The server has the first of the next two, but the patient never hears of it.
    held = Held(patient)
    hurry(patient, "без ответа", "следом")
    held.lose_the_answer()
    held.let_go()
    # No network at all: the page says so, and sends by itself as soon as there is one.
    patient.context.set_offline(True)
    write(patient, "из туннеля")
    expect(bubble(patient, "из туннеля")).to_contain_text("Не отправлено")
    patient.context.set_offline(False)
    expect(bubble(doctor, "из туннеля")).to_have_count(1)
    # Unsent in the tunnel, and the page was reloaded there.
    patient.context.set_offline(True)
    hurry(patient, "до перезагрузки", "и ещё одно")
    expect(patient.locator(".message--failed")).to_have_count(2)
    expect(patient.get_by_role("article", name="Вы, не отправлено")).to_have_count(2)
    patient.reload()
    expect(patient.locator("h1")).to_have_text("Нет связи")
    patient.context.set_offline(False)
    expect(bubble(patient, "и ещё одно")).to_have_count(1)  # the page comes back by itself
    expect(bubble(doctor, "и ещё одно")).to_have_count(1)
    wanted = [*(f"быстро {i}" for i in range(10)), "без ответа", "следом", "из туннеля", "до перезагрузки"]
    assert texts(doctor)[-15:] == texts(patient)[-15:] == [*wanted, "и ещё одно"]


@pytest.mark.long
def test_button_repeats_an_unsent_message(visitors: Visitors) -> None:
    """The network is there and does not work; no worker repeats it by itself."""
    patient, doctor = visitors.sign_in(PATIENT, service_workers="block"), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    by_form(patient)
    patient.route("**/chats/*/messages", lambda route: route.abort())
    write(patient, "кнопкой")
    retry = bubble(patient, "кнопкой").locator(".message__retry")
    expect(retry).to_be_in_viewport(ratio=1)
    patient.unroute("**/chats/*/messages")
    retry.click()
    expect(bubble(doctor, "кнопкой")).to_have_count(1)


@pytest.mark.long
def test_two_tabs_keep_each_others_messages(visitors: Visitors) -> None:
    first = visitors.sign_in(PATIENT)
    second = first.context.new_page()
    open_chat(first)
    open_chat(second)
    first.context.set_offline(True)
    write(first, "из первой вкладки")
    write(second, "из второй вкладки")
    expect(second.locator(".message--failed")).to_have_count(1)
    first.close()
    second.close()
    third = visitors.sign_in(DOCTOR)
    open_chat(third)
    context = visitors.contexts[0]
    context.set_offline(False)
    context.new_page().goto("/doctors")  # any page sends what waits
    expect(bubble(third, "из первой вкладки")).to_have_count(1)
    expect(bubble(third, "из второй вкладки")).to_have_count(1)


@pytest.mark.long
def test_two_tabs_have_one_draft(visitors: Visitors) -> None:
    first, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    second, asleep = first.context.new_page(), first.context.new_page()
    asleep.add_init_script("addEventListener('storage', event => event.stopImmediatePropagation())")
    for page in (first, second, asleep, doctor):
        open_chat(page)
    fields = [page.locator(".composer__text") for page in (first, second)]
    fields[0].fill("начато в первой")
    expect(fields[1]).to_have_value("начато в первой")
    fields[1].fill("")
    expect(fields[0]).to_have_value("")
    # A tab that slept through it takes away only what was its own.
    fields[0].fill("длинный черновик")
    asleep.evaluate(TYPE, "")
    second.reload()
    expect(fields[1]).to_have_value("длинный черновик")
    asleep.evaluate(TYPE, "вдогонку")
    expect(fields[0]).to_have_value("длинный черновик\nвдогонку")
    # What one tab has sent is gone from the others; the one that slept asks.
    first.click(".composer__send")
    expect(bubble(doctor, "вдогонку")).to_have_count(1)
    expect(fields[0]).to_have_value("")
    expect(fields[1]).to_have_value("")
    asked: list[str] = []
    asleep.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    asleep.evaluate("document.querySelector('.composer__send').click()")
    assert asked == ["Этот текст уже отправлен или изменён в другом окне. Отправить его?"]
    write(first, "после него")
    expect(bubble(doctor, "после него")).to_have_count(1)
    expect(bubble(doctor, "вдогонку")).to_have_count(1)


def test_message_goes_after_its_chat_was_left(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT, service_workers="block")
    open_chat(patient)
    by_form(patient)
    patient.route("**/chats/*/messages", lambda route: route.abort())
    write(patient, "ушла раньше письма")
    expect(patient.locator(".message--failed")).to_have_count(1)
    patient.unroute("**/chats/*/messages")
    patient.goto("/messages")
    expect(patient.locator(".row").first).to_contain_text("ушла раньше письма")
    # What a page says of the network is true only as long as it is.
    notice = patient.locator(".notice--bad")
    patient.context.set_offline(True)
    patient.fill("[name=q]", "письмо")
    expect(notice).to_contain_text("Нет связи")
    patient.context.set_offline(False)
    expect(notice).to_have_count(0)
    patient.route("**/messages/search", lambda route: route.abort(), times=1)
    patient.fill("[name=q]", "ушла")
    expect(notice).to_contain_text("Нет связи")
    patient.fill("[name=q]", "письма")
    expect(notice).to_have_count(0)


def test_time_is_over_while_the_patient_writes(visitors: Visitors, live: LiveClinic) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    with backstage(live):
        db.session.get_one(Chat, 1).open_until = clock.now() - timedelta(seconds=1)
    hurry(patient, "первое", "второе", draft="недописанное")
    # RuleViolation: nothing looks sent, everything written is there to read, here and after a reload.
    kept = patient.locator(".foot__kept textarea")
    for _ in range(2):
        expect(kept).to_have_value("первое\nвторое\nнедописанное")
        expect(patient.locator(".foot")).to_contain_text("Время общения истекло")
        expect(patient.locator(".access-bar")).to_contain_text("Время общения истекло")
        expect(patient.locator(".message--waiting")).to_have_count(0)
        expect(patient.locator(".message").last).to_be_in_viewport()
        open_chat(patient)
    # Prolonged: the composer comes back by itself, with all of it, and goes again when the time does.
    with backstage(live):
        chat = db.session.get_one(Chat, 1)
        chat.prolong(1)
        chat.open_until = clock.now() + timedelta(seconds=4)
    patient.evaluate("dispatchEvent(new Event('online'))")
    field = patient.locator(".composer__text")
    expect(field).to_have_value("первое\nвторое\nнедописанное")
    field.fill("дописывает")
    expect(kept).to_have_value("дописывает")
    with backstage(live):
        db.session.get_one(Chat, 1).prolong(30)
    # Somebody else at the same browser does not read it, though the chat is theirs too.
    patient.context.clear_cookies()
    patient.goto("/login")
    visitors.enter(patient, DOCTOR)
    open_chat(patient)
    expect(field).to_have_value("")


@pytest.mark.long
def test_too_long_message_comes_back_whole(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    field = patient.locator(".composer__text")
    for length in (5000, 4001):
        field.fill("")
        field.focus()
        patient.keyboard.insert_text("ж" * length)
        patient.click(".composer__send")
        expect(patient.locator(".field__error")).to_contain_text("длиннее 4 000 знаков")
        expect(field).to_have_value("ж" * length)
    # So much that the server does not even read it: still nothing hangs, and nothing behind it waits.
    hurry(patient, "ж" * 50_000, "следующее")
    expect(patient.locator("#notices")).to_contain_text("Слишком много данных")
    expect(field).to_have_value("ж" * 50_000)
    expect(bubble(patient, "следующее").locator(".ticks--sent")).to_have_count(1)
    write(patient, "короче")
    expect(patient.locator(".field__error, .notice--bad")).to_have_count(0)
    expect(bubble(patient, "короче").locator(".ticks--sent")).to_have_count(1)


@pytest.mark.long
def test_late_answer_takes_no_tick_back(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(doctor)
    open_chat(patient)
    body = patient.locator("body")
    body.evaluate(COUNT_PLACED)
    held = Held(patient)
    hurry(patient, "ответ задержался")
    held.delay_the_answer()
    read = bubble(patient, "ответ задержался").locator(".ticks--read")
    expect(read).to_have_count(1)  # the socket has brought both the message and that it was read
    placed = body.get_attribute("data-placed")
    held.let_go()
    expect(body).not_to_have_attribute("data-placed", placed or "")
    expect(read).to_have_count(1)


def test_message_goes_by_the_socket_and_by_the_form_when_that_is_lost(visitors: Visitors) -> None:
    patient, doctor = visitors.open(), visitors.sign_in(DOCTOR, DESKTOP)
    socket, posted = Socket(patient), []
    patient.on("request", lambda asked: posted.append(asked.url) if asked.method == "POST" else None)
    patient.goto("/login")
    visitors.enter(patient, PATIENT)
    open_chat(patient)
    open_chat(doctor)
    write(patient, "по сокету")
    expect(bubble(doctor, "по сокету")).to_have_count(1)
    expect(bubble(patient, "по сокету").locator(".ticks--delivered, .ticks--read")).to_have_count(1)
    assert len(socket.said) == 1
    assert not [url for url in posted if url.endswith("/messages")]
    # What the page says is lost, then what it is answered; with the socket goes the waiting.
    for text, socket.is_heard, socket.times in (("не услышано", False, 1), ("без подтверждения", True, 0)):
        said = len(socket.said)
        write(patient, text)
        socket.wait_for_words(said + 1)
        socket.is_heard, socket.times = True, 1
        with patient.expect_response("**/chats/1/messages"), patient.expect_response("**/messages?after=*"):
            socket.here.close(code=1012)
        expect(bubble(patient, text).locator(".ticks")).to_have_count(1)
        expect(patient.locator(".message--waiting")).to_have_count(0)
    assert texts(doctor)[-3:] == texts(patient)[-3:] == ["по сокету", "не услышано", "без подтверждения"]


@pytest.mark.long
def test_socket_that_swallows_doubles_and_ends_strangely(visitors: Visitors) -> None:
    patient, doctor = visitors.open(), visitors.sign_in(DOCTOR, DESKTOP)
    socket = Socket(patient)
    patient.goto("/login")
    visitors.enter(patient, PATIENT)
    open_chat(patient)
    open_chat(doctor)
    socket.times = 0
    write(doctor, "проглочено")
    expect(bubble(doctor, "проглочено").locator(".ticks--sent")).to_have_count(1)
    # The next one shows the gap; what the page asks is lost too, and asked again.
    patient.route("**/messages?after=*", lambda route: route.abort(), times=1)
    socket.times = 2
    write(doctor, "дважды")
    expect(bubble(patient, "проглочено")).to_have_count(1)
    expect(bubble(patient, "дважды")).to_have_count(1)
    # A proxy's way of ending; the page comes back and has what was said meanwhile.
    opened = socket.opened
    socket.here.close(code=1001)
    write(doctor, "пока не было связи")
    expect(bubble(patient, "пока не было связи")).to_have_count(1)
    assert socket.opened == opened + 1
    assert texts(patient)[-3:] == ["проглочено", "дважды", "пока не было связи"]


@pytest.mark.long
def test_session_ends_while_the_patient_writes(visitors: Visitors, live: LiveClinic) -> None:
    with backstage(live):
        db.session.execute(db.delete(Device))  # the phones of the tests before
    patient, at_home = visitors.sign_in(PATIENT), visitors.sign_in(PATIENT, DESKTOP)
    open_chat(patient)
    patient.fill(".composer__text", "недописанное")
    at_home.goto("/profile/devices")
    at_home.locator(".device", has_not_text="это устройство").get_by_role("button").click()
    expect(patient).to_have_url(re.compile(r"/login\?next=/chats/1$"))
    visitors.enter(patient, PATIENT)
    expect(patient.locator(".composer__text")).to_have_value("недописанное")
    # Ended where no socket tells it: the letter itself is led to the sign-in page, and leaves after it.
    with backstage(live):
        db.session.execute(db.delete(Device))
    hurry(patient, "написано без сеанса", draft="и ещё недописанное")
    expect(patient).to_have_url(re.compile(r"/login\?next=/chats/1$"))
    visitors.enter(patient, PATIENT)
    expect(bubble(patient, "написано без сеанса").locator(".ticks--sent")).to_have_count(1)
    expect(patient.locator(".composer__text")).to_have_value("и ещё недописанное")
    # Signing out asks about it first and leaves nothing behind.
    patient.goto("/profile")
    patient.once("dialog", lambda dialog: dialog.dismiss())
    patient.click("text=Выйти")
    assert "и ещё недописанное" in patient.evaluate("JSON.stringify(localStorage)")
    patient.once("dialog", lambda dialog: dialog.accept())
    patient.click("text=Выйти")
    patient.wait_for_url("**/login")
    assert patient.evaluate("localStorage.length") == 0


@pytest.mark.long
def test_page_of_another_person_does_not_stay(visitors: Visitors) -> None:
    """One tab was without its socket while in the other somebody else signed in."""
    hers = visitors.open()
    socket = Socket(hers)
    hers.goto("/login")
    visitors.enter(hers, PATIENT)
    open_chat(hers, "/chats/4")
    hers.context.clear_cookies()
    his = hers.context.new_page()
    his.goto("/login")
    visitors.enter(his, DOCTOR)
    with hers.expect_navigation():
        socket.here.close(code=1012)
    expect(hers.locator("h1")).to_have_text("Здесь ничего нет")
