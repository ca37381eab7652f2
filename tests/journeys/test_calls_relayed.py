"""Calls through a real coturn and nothing else: no address reaches the other side; a lost path is found again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from call_page import DOCTOR, PATIENT, agree, call, connected, flows, heard
from conftest import DESKTOP, Visitors
from coturn import SECRET, Coturn
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.whole]

# This side's way to the relays is its own; the credentials are the clinic's.
OWN_RELAYS = """
    const urls = URLS, secret = SECRET, Real = window.RTCPeerConnection;
    const own = (ice) => Object.assign({}, ice, { iceServers: ice.iceServers.map((one) => (
        Object.assign({}, one, { urls }, secret ? { credential: secret } : {})
    )) });
    window.RTCPeerConnection = class extends Real {
        constructor(ice) { super(own(ice)); }
        setConfiguration(ice) { super.setConfiguration(own(ice)); }
    };
"""


def relays(page: Page, *urls: str, secret: str = "") -> None:
    page.add_init_script(OWN_RELAYS.replace("URLS", json.dumps(urls)).replace("SECRET", json.dumps(secret)))


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    relay = Coturn(tmp_path_factory.mktemp("coturn"))
    relay.start()
    yield relay
    relay.stop()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, filled: Path, coturn: Coturn) -> Iterator[LiveClinic]:
    clinic = LiveClinic(tmp_path_factory.mktemp("live"), filled, TURN_URLS=coturn.url, TURN_SECRET=SECRET)
    clinic.start()
    yield clinic
    clinic.stop()


def test_call_goes_only_through_the_relay(visitors: Visitors, live: LiveClinic) -> None:
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
    patient.goto(f"/consultations/{id}/check")
    expect(patient.locator("[data-part=relay]")).to_contain_text("Связь с клиникой есть")
    for page in (patient, doctor):
        page.goto(f"/consultations/{id}/call")
    connected(patient, doctor)
    flows(patient)
    flows(doctor)
    assert heard(patient)["path"] == heard(doctor)["path"] == "relay relay"
    # Wrong credentials, and no relay at all: the check says which.
    refused, lost = visitors.sign_in(PATIENT), visitors.sign_in(PATIENT)
    refused.add_init_script(
        OWN_RELAYS.replace("URLS", f'["{live.settings["TURN_URLS"]}"]').replace("SECRET", '"wrong"')
    )
    refused.goto(f"/consultations/{id}/check")
    expect(refused.locator("[data-part=relay]")).to_contain_text("Сервер связи не пускает клинику")
    relays(lost, "turn:127.0.0.1:9?transport=udp")
    lost.goto(f"/consultations/{id}/check")
    expect(lost.locator("[data-part=relay]")).to_contain_text("Сервер связи недоступен")


@pytest.mark.long
def test_a_cut_path_is_found_again(visitors: Visitors, live: LiveClinic, tmp_path: Path) -> None:
    """The doctor's own relay dies; eight seconds later there is another one, as after Wi-Fi → LTE."""
    first, second = Coturn(tmp_path / "first"), Coturn(tmp_path / "second")
    first.start()
    try:
        id = agree(live)
        patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR)
        relays(doctor, first.url, second.url)
        for page in (patient, doctor):
            page.goto(f"/consultations/{id}/call")
        connected(patient, doctor)
        flows(patient)
        first.stop()
        doctor.wait_for_timeout(8000)  # the tunnel itself: nothing to wait for happens in it
        expect(call(patient)).not_to_have_attribute("data-state", "connected")
        expect(patient.locator("[data-part=status]")).to_have_text("Переподключаемся")
        second.start()
        flows(patient, timeout=5000)
        flows(doctor, timeout=5000)
        expect(patient.locator("[data-part=status]")).to_have_text("")
    finally:
        first.stop()
        second.stop()


WORDS = "[data-part=connection-help-words]"


def enter_and_wait(*pages: Page, id: int) -> None:
    """They look for a way to each other and find none; a quarter of a minute passes, as the clocks of the pages go."""
    for page in pages:
        page.clock.install()
        page.goto(f"/consultations/{id}/call")
    for page in pages:
        expect(page.locator("[data-part=status]")).to_have_text("Соединяем")
        page.wait_for_function("() => document.querySelector('#call').call.help.since > 0")
        expect(page.locator("[data-part=connection-help]")).to_be_hidden()
        page.clock.fast_forward(15_000)


@pytest.mark.long
def test_no_way_is_named_with_other_ways(visitors: Visitors, live: LiveClinic, tmp_path: Path) -> None:
    """The patient's network lets no UDP to the relay, and does in the end: trying goes on underneath."""
    shut = Coturn(tmp_path / "shut", udp=False)
    late = Coturn(tmp_path / "late", shut.port)
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    relays(patient, shut.url)
    shut.start()
    try:
        enter_and_wait(patient, doctor, id=id)
        detour = patient.locator("[data-part=connection-help]")
        expect(patient.locator(WORDS)).to_contain_text("Сервер связи недоступен: попробуйте другую сеть")
        expect(detour.get_by_text("Открыть на другом устройстве")).to_be_visible()
        expect(doctor.locator(WORDS)).to_contain_text("У вас связь с клиникой есть. У пациента её, похоже, нет")
        expect(doctor.locator("[data-part=connection-help] a[href^='tel:+7900']")).to_be_visible()
        detour.get_by_text("Попросить врача позвонить").click()
        expect(doctor.locator(".call__view .call-phone")).to_contain_text("Пациент просит позвонить")
        expect(detour.get_by_text("Попросить врача позвонить")).to_be_hidden()
        shut.stop()
        late.start()
        flows(patient, timeout=40_000)
        expect(detour).to_be_hidden()
        expect(doctor.locator("[data-part=connection-help]")).to_be_hidden()
    finally:
        shut.stop()
        late.stop()


@pytest.mark.long
def test_call_where_only_tcp_passes(visitors: Visitors, live: LiveClinic, tmp_path: Path) -> None:
    shut = Coturn(tmp_path / "shut", udp=False)
    shut.start()
    try:
        id = agree(live)
        patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
        relays(patient, shut.url, shut.url.replace("udp", "tcp"))
        for page in (patient, doctor):
            page.goto(f"/consultations/{id}/call")
        connected(patient, doctor)
        flows(patient)
        flows(doctor)
    finally:
        shut.stop()


@pytest.mark.long
def test_a_relay_that_does_not_believe_us_is_named(visitors: Visitors, live: LiveClinic) -> None:
    """As when the clinic's secret and the relay's differ: both read it."""
    id = agree(live)
    patient, doctor = visitors.sign_in(PATIENT), visitors.sign_in(DOCTOR, DESKTOP)
    for page in (patient, doctor):
        relays(page, live.settings["TURN_URLS"], secret="wrong")
    enter_and_wait(patient, doctor, id=id)
    for page in (patient, doctor):
        expect(page.locator(WORDS)).to_contain_text("Сервер связи не пускает клинику")
