"""What a screen reader is told without being asked: news, politely and once; never what was there before."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from backstage import backstage
from chat_page import Socket, bubble, open_chat, write
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect
from sqlalchemy import select

from ibolit.extensions import db
from ibolit.models import Chat, User

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"
NAME = "Иванова Елена Сергеевна"


def said(page: Page) -> list[str]:
    sentences: list[str] = page.eval_on_selector_all("#said > p", "all => all.map(one => one.textContent)")
    return sentences


def test_message_is_said_once_and_history_never(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    with backstage(live):
        chat, doctor = db.session.get_one(Chat, 1), db.session.scalars(select(User).where(User.name == NAME)).one()
        for number in range(60):
            chat.post(doctor, f"Давнее {number}", f"long-ago-{number:04}")
    patient, doctor_page = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor_page)
    region = patient.locator("#said")
    expect(region).to_have_attribute("aria-live", "polite")
    expect(patient.locator(".messages")).to_have_attribute("aria-live", "off")
    patient.eval_on_selector(".chat__scroll", "scroll => { scroll.scrollTop = 0; }")
    expect(bubble(patient, "Спасибо! Голова больше не болит")).to_have_count(1)  # an older page has come
    assert said(patient) == []
    write(doctor_page, "Как вы сегодня?")
    expect(region).to_have_text(f"{NAME}: Как вы сегодня?")
    expect(bubble(doctor_page, "Как вы сегодня?").locator(".ticks--read, .ticks--delivered")).to_have_count(1)
    assert said(doctor_page) == []  # own words, and their ticks, are not announced
    write(patient, "Лучше")
    expect(doctor_page.locator("#said")).to_have_text(re.compile(r"^Соколова .*: Лучше$"))
    again = "all => all.forEach(row => ibolit.applyFragment(row.outerHTML))"  # as when the list is asked for anew
    doctor_page.eval_on_selector_all(".row--unread", again)
    write(patient, "Сплю")
    expect(doctor_page.locator("#said > p").last).to_have_text(re.compile("Сплю$"))
    assert len(said(doctor_page)) == 2
    named = {patient: r"Иванова Елена, \d\d:\d\d", doctor_page: r"Вы, \d\d:\d\d ?, (доставлено|прочитано)"}
    for page, name in named.items():  # whose it is: what the engine makes of it
        expect(page.get_by_role("article", name=re.compile(f"^{name}$")).last).to_contain_text("Как вы сегодня?")
    expect(patient.get_by_role("heading", name="Сегодня")).to_have_count(1)
    patient.goto("/profile")
    with patient.expect_websocket():
        patient.goto("/messages")
    before = patient.get_by_role("heading", name=re.compile("чат")).text_content() or ""
    write(doctor_page, "И ещё одно")
    expect(region).to_have_text(f"Новое сообщение: {NAME}")
    counted = patient.get_by_role("heading", name=re.compile(r"^\d+ чат.?.?, \d+ непрочитанн"))
    expect(counted).not_to_have_text(before)
    no_complaints()


@pytest.mark.long
def test_many_messages_at_once_are_counted(visitors: Visitors, live: LiveClinic) -> None:
    patient = visitors.open()
    socket = Socket(patient)
    patient.goto("/login")
    visitors.enter(patient, PATIENT)
    open_chat(patient)
    assert socket.here is not None
    socket.is_shut = True
    socket.here.close(code=1012)
    expect(patient.locator("#connection")).to_be_visible()
    assert patient.locator("[role=status] > #connection").count() == 1  # unhidden within it, it is read
    with backstage(live):
        chat, doctor = db.session.get_one(Chat, 1), db.session.scalars(select(User).where(User.name == NAME)).one()
        for number in range(7):
            chat.post(doctor, f"Пока вас не было {number}", f"meanwhile-{number:04}")
    socket.is_shut = False
    expect(patient.locator("#said")).to_contain_text("Новых сообщений: 7", timeout=30_000)
    assert "Связь восстановлена" in said(patient)


def test_card_says_its_new_state(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    with patient.expect_websocket():
        patient.goto("/consultations/1")
    doctor.goto("/consultations/1/cancellation")
    doctor.check("[name=reason] >> nth=0")
    doctor.click("[type=submit]:has-text('Отменить консультацию')")
    expect(patient.locator("#said")).to_contain_text("Отменена")


def test_errors_take_the_focus(visitors: Visitors) -> None:
    page = visitors.sign_in(PATIENT)
    page.goto("/profile/name")
    page.fill("#name-card [name=name]", "")
    page.click("text=Сохранить имя")
    expect(page.locator("#name-card [name=name]")).to_be_focused()
    expect(page.locator(":focus")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(":focus")).to_have_attribute("aria-describedby", "name-error")
    expect(page.locator("#said")).to_have_text("Напишите, как вас зовут.")
    page.fill("#name-card [name=name]", "Соколова Анна Павловна")
    page.click("text=Сохранить имя")
    expect(page.locator("#said")).to_contain_text("Имя сохранено")
    expect(page.locator(":focus")).to_have_text("Сохранить имя")


def test_purpose_of_fields_is_known_to_the_browser(visitors: Visitors) -> None:
    """WCAG 1.3.5: what is asked about the person in front of the screen."""
    wanted = {
        "/login": {"login": "username", "password": "current-password"},
        "/login/phone": {"phone": "tel"},
    }
    page = visitors.open()
    for address, fields in wanted.items():
        page.goto(address)
        for name, token in fields.items():
            expect(page.locator(f"[name={name}]")).to_have_attribute("autocomplete", token)
    page.goto("/login")
    visitors.enter(page, PATIENT)
    for name, token in {"name": "name", "email": "email", "current": "current-password"}.items():
        page.goto(f"/profile/{'password' if name == 'current' else name}")
        expect(page.locator(f"main [name={name}]")).to_have_attribute("autocomplete", token)
