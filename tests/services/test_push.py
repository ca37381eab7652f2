"""Web push: encrypted for one browser, signed by the clinic, sent to push services and nobody else."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from push_service import PushService

from ibolit.config import PUSH_HOSTS
from ibolit.services.demo_outbox import DemoOutbox
from ibolit.services.push import (
    KEY_FILE,
    DemoPush,
    PushFailed,
    PushGone,
    PushOptions,
    PushTarget,
    WebPush,
    are_keys,
    kept_key,
    new_key,
    public_key_of,
)

OPTIONS = PushOptions(ttl=300, topic="0123456789abcdef", is_urgent=True)
TOLD = {"title": "iBolit: новое сообщение", "body": "", "url": "/chats/7", "tag": "chat-7", "unread": 2}
SUBJECT = "mailto:it@clinic.example"


@pytest.fixture
def service() -> Iterator[PushService]:
    service = PushService()
    yield service
    service.stop()


@pytest.fixture
def push(service: PushService, tmp_path: Path) -> WebPush:
    return WebPush("", tmp_path, SUBJECT, (*PUSH_HOSTS.split(), service.host))


def send(push: WebPush, service: PushService, name: str = "phone") -> None:
    push.send(PushTarget(**service.listener(name).told_to_the_clinic), TOLD, OPTIONS)


def test_only_the_browser_reads_what_was_pushed(push: WebPush, service: PushService) -> None:
    listener = service.listener()
    push.send(PushTarget(**listener.told_to_the_clinic), TOLD, OPTIONS)
    [arrival] = service.arrivals
    assert listener.read(arrival.body) == TOLD
    assert b"iBolit" not in arrival.body
    assert b"chat" not in arrival.body
    seen = [arrival.headers[name] for name in ("ttl", "urgency", "topic", "content-encoding")]
    assert seen == ["300", "high", OPTIONS.topic, "aes128gcm"]


def test_it_is_signed_for_each_host_anew(push: WebPush, service: PushService) -> None:
    """The library writes the first host into the claims it is given."""
    other = PushService()
    try:
        both = WebPush(push.private_key, Path(), SUBJECT, (service.host, other.host))
        for one in (service, other):
            send(both, one)
        claims = [claims_of(one.arrivals[0].headers["authorization"], both) for one in (service, other)]
    finally:
        other.stop()
    assert [one["aud"] for one in claims] == [service.host, other.host]
    assert {one["sub"] for one in claims} == {SUBJECT}


def claims_of(header: str, push: WebPush) -> dict[str, str]:
    parts = dict(part.strip().split("=", 1) for part in header.removeprefix("vapid ").split(","))
    assert parts["k"].rstrip("=") == push.public_key
    body = parts["t"].split(".")[1]
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


@pytest.mark.parametrize("status", [404, 410])
def test_nobody_listens_there_any_more(push: WebPush, service: PushService, status: int) -> None:
    service.status = status
    with pytest.raises(PushGone):
        send(push, service)


@pytest.mark.parametrize(("status", "permanent"), [(429, False), (500, False), (503, False), (403, True), (413, True)])
def test_what_may_be_repeated_and_what_may_not(
    push: WebPush, service: PushService, status: int, permanent: bool
) -> None:
    service.status = status
    with pytest.raises(PushFailed) as failure:
        send(push, service)
    assert (failure.value.permanent, str(failure.value)) == (permanent, f"status {status}")
    assert not isinstance(failure.value, PushGone)


def test_it_follows_nobody_elsewhere(push: WebPush, service: PushService) -> None:
    service.status, service.headers = 307, {"Location": f"{service.host}/elsewhere"}
    with pytest.raises(PushFailed, match="status 307"):
        send(push, service)
    assert [one.path for one in service.arrivals] == ["/phone"]


def test_who_does_not_answer_is_not_waited_for(
    push: WebPush, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ibolit.services.push.TIMEOUT", 0.05)
    service.slow.add("/phone")
    with pytest.raises(PushFailed, match="ReadTimeout") as failure:
        send(push, service)
    assert not failure.value.permanent


def test_nobody_is_there(service: PushService, push: WebPush) -> None:
    browser = PushTarget(**service.listener().told_to_the_clinic)
    service.server.shutdown()
    service.server.server_close()
    with pytest.raises(PushFailed, match="ConnectionError"):
        push.send(browser, TOLD, OPTIONS)


def test_key_that_is_no_point_of_the_curve(push: WebPush, service: PushService) -> None:
    crooked = base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).decode().rstrip("=")
    told = service.listener().told_to_the_clinic | {"p256dh": crooked}
    assert are_keys(told["p256dh"], told["auth"])
    with pytest.raises(PushFailed) as failure:
        push.send(PushTarget(**told), TOLD, OPTIONS)
    assert failure.value.permanent
    assert service.arrivals == []


@pytest.mark.parametrize(
    ("endpoint", "taken"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://db5p.notify.windows.com/w/?token=abc", True),
        ("https://fcm.googleapis.com:443/abc", True),
        ("https://jmt17.google.com/fcm/send/abc", True),
        ("https://www.google.com/fcm/send/abc", False),
        ("http://fcm.googleapis.com/abc", False),
        ("https://fcm.googleapis.com:8443/abc", False),
        ("https://fcm.googleapis.com.example.org/abc", False),
        ("https://evilpush.services.mozilla.com.example.org/", False),
        ("https://evilnotify.windows.com/", False),
        ("https://fcm.googleapis.com@10.0.0.1/", False),
        ("https://10.0.0.1/", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::1/", False),
        ("https://fcm.googleapis.com:x/", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_push_services_are_called_and_nobody_else(tmp_path: Path, endpoint: str, taken: bool) -> None:
    push = WebPush("", tmp_path, SUBJECT, tuple(PUSH_HOSTS.split()))
    assert push.is_push_service(endpoint) is taken


def test_what_is_no_push_service_is_never_called(tmp_path: Path, service: PushService) -> None:
    push = WebPush("", tmp_path, SUBJECT, tuple(PUSH_HOSTS.split()))
    with pytest.raises(PushGone):
        send(push, service)
    assert service.arrivals == []


def test_demo_delivers_and_shows_it(service: PushService, tmp_path: Path) -> None:
    outbox = DemoOutbox(tmp_path)
    push = DemoPush(outbox, "", tmp_path, SUBJECT, (service.host,))
    send(push, service)
    [letter] = outbox.latest()
    assert (letter.channel, letter.to, letter.text) == ("push", "127.0.0.1", "iBolit: новое сообщение\n/chats/7")
    assert len(service.arrivals) == 1
    service.status = 500
    with pytest.raises(PushFailed):
        send(push, service)
    assert len(outbox.latest()) == 1


# Keys


def test_keys_are_made_once_and_kept_for_nobody_else(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: kept_key(tmp_path), range(8)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert WebPush("", tmp_path, SUBJECT, ()).public_key == public_key_of(keys.pop())


def test_given_key_needs_no_file(tmp_path: Path) -> None:
    key = new_key()
    assert WebPush(key, tmp_path, SUBJECT, ()).public_key == public_key_of(key)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("p256dh", "auth"), [("", ""), ("AAAA", "AAAA"), ("яяя", "яяя"), ("BA==", "A" * 22)])
def test_keys_of_no_browser(p256dh: str, auth: str) -> None:
    assert not are_keys(p256dh, auth)
