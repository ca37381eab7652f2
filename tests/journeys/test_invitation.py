"""The manual's first step: a link in an SMS, and a minute later the first message to the doctor."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from chat_page import bubble, write
from conftest import DESKTOP, Visitors
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

DOCTOR, OPERATOR = "8 900 000 01 01", "operator@example.org"


def letter_to(visitors: Visitors, whom: str, pattern: str) -> str:
    outbox = visitors.open()
    outbox.goto("/demo/outbox")
    letter = outbox.locator(".letter", has_text=whom).filter(has_text=re.compile(pattern))
    while not letter.count():  # the worker sends it in its own time
        outbox.reload()
    found = re.search(pattern, letter.first.inner_text())
    assert found is not None
    return found.group(1)


def invite(page: Page, contact: str, name: str) -> None:
    page.goto("/patients")
    page.click("text=Пригласить пациента")
    page.fill("[name=contact]", contact)
    page.fill("[name=name]", name)
    page.click("text=Отправить приглашение")
    page.wait_for_url("**/invitations")


def come_in(visitors: Visitors, page: Page, phone: str) -> None:
    page.click("text=Получить код")
    page.fill("[name=code]", letter_to(visitors, phone, r"код (\d{6})"))
    expect(page.locator("[name=name]")).to_have_value("Зоя Новикова")
    page.fill("[name=password]", "zoya-12345")
    page.click("text=Сохранить и войти")
    page.check("[name=offer]")
    page.check("[name=personal_data]")
    page.click("text=Продолжить")
    page.wait_for_url(re.compile(r"/chats/\d+"))


def test_invitation_from_the_sms_to_the_first_message(visitors: Visitors, no_complaints: Callable[[], None]) -> None:
    doctor = visitors.sign_in(DOCTOR, DESKTOP)
    invite(doctor, "8 916 555-88-99", "Зоя Новикова")
    link = letter_to(visitors, "+79165558899", r"(/i/[a-z2-7]{24})")
    # On a computer the page offers the phone, on the phone it does not.
    computer, phone = visitors.open(DESKTOP), visitors.open()
    computer.goto(link)
    expect(computer.locator(".qr svg")).to_be_visible()
    phone.goto(link)
    expect(phone.locator(".host")).to_contain_text("Иванова Елена Сергеевна")
    expect(phone.locator(".qr")).to_be_hidden()
    row = doctor.locator(".invitation", has_text="Зоя Новикова")
    come_in(visitors, phone, "+79165558899")
    write(phone, "Здравствуйте, пришла по вашей ссылке")
    expect(bubble(phone, "по вашей ссылке")).to_have_count(1)
    doctor.reload()
    expect(row).to_contain_text("Принято")
    doctor.goto("/messages")
    doctor.click(".row__link:has-text('Зоя Новикова')")
    expect(bubble(doctor, "по вашей ссылке")).to_have_count(1)
    # The link has worked; the same person finds the chat by it, nobody else finds anything.
    phone.goto(link)
    expect(phone).to_have_url(re.compile(r"/chats/\d+"))
    computer.reload()
    expect(computer.locator(".bare__lead")).to_contain_text("уже принято")
    no_complaints()
    forgets_her_password_and_says_not_me(visitors, phone)


def forgets_her_password_and_says_not_me(visitors: Visitors, phone: Page) -> None:
    """In a browser without scripts; the phone that was signed in is signed out after it."""
    plain = visitors.open(java_script_enabled=False)
    plain.goto("/login")
    plain.fill("[name=login]", "8 916 555-88-99")
    plain.click("text=Забыли пароль")
    expect(plain.locator("[name=phone]")).to_have_value("+7 916 555-88-99")
    for number, then in (("+375 29 123-45-67", ".field__error"), ("8 916 555-88-99", "[name=code]")):
        plain.fill("[name=phone]", number)
        plain.click("text=Получить код >> nth=-1")
        plain.locator(then).wait_for()
    plain.fill("[name=code]", letter_to(visitors, "+79165558899", r"код (\d{6})"))
    plain.click("text=Дальше")
    plain.fill("[name=password]", "another pass phrase")
    plain.click("text=Сохранить и войти")
    plain.wait_for_url(lambda url: "/login" not in url)
    plain.goto(letter_to(visitors, "+79165558899", r"изменён вход[^/]*http://[^/]+(/n/\S+)"))
    plain.click("button:has-text('Это не я')")
    expect(plain.locator("h1")).to_have_text("Вход закрыт")
    plain.goto("/login")
    plain.fill("[name=login]", "8 916 555-88-99")
    plain.fill("[name=password]", "zoya-12345")  # which it was before
    plain.click("text=Войти")
    expect(plain.locator(".field__error")).to_contain_text("Позвоните в клинику")
    phone.goto("/messages")
    expect(phone).to_have_url(re.compile("/login"))


def test_invitation_taken_back_and_sent_again_without_a_reload(visitors: Visitors) -> None:
    doctor = visitors.sign_in(DOCTOR)
    invite(doctor, "8 916 555-11-22", "Пётр Петров")
    row = doctor.locator(".invitation", has_text="Пётр Петров")
    row.get_by_text("Отправить снова").click()
    expect(row).to_contain_text("Подождите минуту")
    row.get_by_text("Отозвать").click()
    expect(row).to_contain_text("Отозвано")
    expect(row.get_by_text("Отправить снова")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.long
def test_operator_sends_a_list_of_invitations(visitors: Visitors, scripts: bool) -> None:
    page = visitors.sign_in(OPERATOR, DESKTOP, java_script_enabled=scripts)
    page.goto("/operator")
    page.click("text=Приглашения")
    page.click("text=Пригласить по списку")
    page.select_option("[name=doctor]", index=2)
    number = "7" if scripts else "8"
    lines = [f"8 916 700-{number}0-0{n};Пациент {n}" for n in range(1, 6)] + ["8 916;Без номера"]
    body = "Телефон;Имя\r\n" + "\r\n".join(lines)
    page.set_input_files(
        "[name=file]", {"name": "Пациенты.csv", "mimeType": "text/csv", "buffer": body.encode("cp1251")}
    )
    page.click("text=Проверить список")
    expect(page.locator(".faults")).to_contain_text("Строка 7: такого телефона не бывает")
    page.click("text=Пригласить 5 пациентов")
    expect(page.locator(".card__title").first).to_have_text("Готово", timeout=30_000)
    expect(page.locator("main")).to_contain_text("Отправлено 5 из 5")
