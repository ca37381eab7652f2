"""A patient on mobile internet: tunnels, lost answers, two tabs, a session that ends. Nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chat_page import Held, bubble, hurry, open_chat, texts, write
from conftest import DESKTOP, Visitors
from live_clinic import LiveClinic
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveClinic]:
    """One clinic for all of them."""
    clinic = LiveClinic(tmp_path_factory.mktemp("bad-network"))
    clinic.start()
    yield clinic
    clinic.stop()


def test_tunnel_loses_nothing_and_doubles_nothing(visitors: Visitors) -> None:
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    open_chat(patient)
    open_chat(doctor)
    hurry(patient, *(f"быстро {i}" for i in range(10)))
    expect(bubble(doctor, "быстро")).to_have_count(10)
    expect(patient.locator(".message--waiting")).to_have_count(0)
    # The server has the first of the next two, but the patient never hears of it.
    with patient.expect_request("**/chats/*/messages"):
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
    # A network that is there and does not work: the button.
    patient.route("**/chats/*/messages", lambda route: route.abort())
    write(patient, "кнопкой")
    retry = bubble(patient, "кнопкой").locator(".message__retry")
    expect(retry).to_be_in_viewport(ratio=1)
    patient.unroute("**/chats/*/messages")
    retry.click()
    expect(bubble(doctor, "кнопкой")).to_have_count(1)
    # Unsent in the tunnel, and the page was reloaded there.
    patient.context.set_offline(True)
    hurry(patient, "до перезагрузки", "и ещё одно")
    expect(patient.locator(".message--failed")).to_have_count(2)
    patient.reload()
    expect(patient.locator("h1")).to_have_text("Нет связи")
    patient.context.set_offline(False)
    expect(bubble(patient, "и ещё одно")).to_have_count(1)  # the page comes back by itself
    expect(bubble(doctor, "и ещё одно")).to_have_count(1)
    wanted = [*(f"быстро {i}" for i in range(10)), "без ответа", "следом", "из туннеля", "кнопкой", "до перезагрузки"]
    assert texts(doctor)[-16:] == texts(patient)[-16:] == [*wanted, "и ещё одно"]


def test_two_tabs_keep_each_others_letters(visitors: Visitors) -> None:
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


def test_leaving_the_chat_before_the_letter_has_left(visitors: Visitors) -> None:
    patient = visitors.sign_in(PATIENT)
    open_chat(patient)
    patient.route("**/chats/*/messages", lambda route: route.abort())
    write(patient, "ушла раньше письма")
    expect(patient.locator(".message--failed")).to_have_count(1)
    patient.unroute("**/chats/*/messages")
    patient.goto("/messages")
    expect(patient.locator(".row").first).to_contain_text("ушла раньше письма")
