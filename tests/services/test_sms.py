"""Every sender of SMS keeps one contract; SMS Aero answers from this machine."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sms_gate import Gate

from ibolit.services import sms
from ibolit.services.demo_outbox import DemoOutbox
from ibolit.services.sms import DemoSms, ProviderStatus, Sms, SmsAero, SmsFailed, parts_of

PHONE = "+79161234567"
TEXT = "iBolit: код 123456.\n\n@ibolit.pro #123456"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    gate = Gate()
    monkeypatch.setattr(SmsAero, "url", gate.url)
    monkeypatch.setattr(SmsAero, "status_url", gate.status_url)
    yield gate
    gate.stop()


@pytest.fixture
def aero(gate: Gate) -> SmsAero:
    return SmsAero("clinic@example.org", "key", "iBolit")


@pytest.fixture(params=["demo", "smsaero"])
def sender_and_sent(
    request: pytest.FixtureRequest, tmp_path: Path, gate: Gate
) -> tuple[Sms, Callable[[], list[tuple[str, str]]]]:
    if request.param == "demo":
        outbox = DemoOutbox(tmp_path)
        return DemoSms(outbox), lambda: [(letter.to, letter.text) for letter in reversed(outbox.latest())]
    aero = SmsAero("clinic@example.org", "key", "iBolit")
    return aero, lambda: [("+" + body["number"], body["text"]) for _, _, body in gate.requests]


def test_every_sender_sends_number_and_text(
    sender_and_sent: tuple[Sms, Callable[[], list[tuple[str, str]]]],
) -> None:
    sender, sent = sender_and_sent
    sender.send(PHONE, TEXT)
    sender.send("+4915112345678", "Zweite")
    assert sent() == [(PHONE, TEXT), ("+4915112345678", "Zweite")]


def test_aero_is_asked_with_the_clinics_key(aero: SmsAero, gate: Gate) -> None:
    aero.send(PHONE, TEXT)
    [(path, authorization, body)] = gate.requests
    assert path == "/v2/sms/send"
    assert authorization == "Basic " + base64.b64encode(b"clinic@example.org:key").decode()
    assert body == {"number": "79161234567", "text": TEXT, "sign": "iBolit"}


@pytest.mark.parametrize(
    ("status", "answer", "permanent", "unknown"),
    [
        (400, '{"success": false, "message": "Validation error"}', True, False),
        (401, '{"success": false}', True, False),
        (402, '{"success": false, "message": "Not enough money"}', True, False),
        (403, "", True, False),
        (429, '{"success": false}', False, False),
        (503, "", False, False),
        (500, "<h1>Bad Gateway</h1>", False, True),
        (502, '{"success": true}', False, True),
        (200, '{"success": false}', False, False),
        (200, "<html>захвачено гостиничным вай-фаем</html>", False, True),
        (200, "", False, True),
        (200, "[]", False, True),
        (200, '"success"', False, True),
        (200, "null", False, True),
        (200, '{"success": "true"}', False, True),
    ],
)
def test_only_a_clear_yes_is_success(
    aero: SmsAero, gate: Gate, status: int, answer: str, permanent: bool, unknown: bool
) -> None:
    """And only a clear no may be repeated without a second thought."""
    gate.status, gate.answer = status, answer
    with pytest.raises(SmsFailed) as failure:
        aero.send(PHONE, TEXT)
    assert (failure.value.permanent, failure.value.unknown) == (permanent, unknown)
    assert_says_nothing(failure.value)


def test_broken_line_leaves_a_doubt(aero: SmsAero, gate: Gate) -> None:
    gate.drops = True
    with pytest.raises(SmsFailed) as failure:
        aero.send(PHONE, TEXT)
    assert (failure.value.permanent, failure.value.unknown) == (False, True)
    assert_says_nothing(failure.value)


@pytest.mark.parametrize(
    ("said", "reference"),
    [
        ('{"success": true, "data": {"id": 686325}}', "686325"),
        ('{"success": true, "data": {"id": "a-1"}}', "a-1"),
        ('{"success": true, "data": {"id": null}}', ""),
        ('{"success": true, "data": [1]}', ""),
        ('{"success": true}', ""),
    ],
)
def test_number_of_an_sms_is_kept(aero: SmsAero, gate: Gate, said: str, reference: str) -> None:
    gate.answer = said
    assert aero.send(PHONE, TEXT) == reference


@pytest.mark.parametrize(
    ("said", "fate"),
    [
        (0, ProviderStatus.ON_ITS_WAY),
        (1, ProviderStatus.DELIVERED),
        (2, ProviderStatus.UNDELIVERED),
        (3, ProviderStatus.ON_ITS_WAY),
        (4, ProviderStatus.ON_ITS_WAY),
        (6, ProviderStatus.UNDELIVERED),
        (8, ProviderStatus.ON_ITS_WAY),
        (99, ProviderStatus.ON_ITS_WAY),
    ],
)
def test_fate_is_asked_by_the_number(aero: SmsAero, gate: Gate, said: int, fate: ProviderStatus) -> None:
    gate.fate = said
    assert aero.status("686325") is fate


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 307, 3), ("я" * 70, 1), ("я" * 71, 2), ("я" * 135, 3), ("", 1)],
)
def test_what_is_paid_for(text: str, parts: int) -> None:
    assert parts_of(text) == parts


def test_key_follows_no_redirect(aero: SmsAero, gate: Gate) -> None:
    gate.status, gate.headers = 307, {"Location": gate.url}
    with pytest.raises(SmsFailed):
        aero.send(PHONE, TEXT)
    assert len(gate.requests) == 1


def test_slow_provider_is_not_waited_for(aero: SmsAero, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "TIMEOUT", (0.2, 0.1))
    gate.may_answer.clear()
    with pytest.raises(SmsFailed) as failure:
        aero.send(PHONE, TEXT)
    assert (failure.value.permanent, failure.value.unknown) == (False, True)
    assert_says_nothing(failure.value)


def test_absent_provider_may_come_back(aero: SmsAero, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SmsAero, "url", "http://127.0.0.1:1/")
    with pytest.raises(SmsFailed) as failure:
        aero.send(PHONE, TEXT)
    assert (failure.value.permanent, failure.value.unknown) == (False, False)


def assert_says_nothing(failure: SmsFailed) -> None:
    """The failure is kept with the job and logged."""
    assert "916" not in str(failure)
    assert "123456" not in str(failure)
