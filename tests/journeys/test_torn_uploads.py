"""Uploads over lines that tear, and a server that is killed: nothing acknowledged is lost, nothing half is shown."""

from __future__ import annotations

import base64
import re
import socket
import time
from collections.abc import Iterator

import pytest
import requests
from live_clinic import PASSWORD, LiveClinic

pytestmark = pytest.mark.journey

PATIENT, DOCTOR = "+79000000001", "+79000000101"
PIECE = 1024 * 1024
TEXT = ("Гемоглобин 140 г/л\n".encode() * 200_000)[: 3 * PIECE - 7]
TEXT = TEXT[: TEXT.rindex(b"\n") + 1]


class Phone:
    """The requests of a signed-in browser, made by urllib."""

    def __init__(self, clinic: LiveClinic, login: str) -> None:
        self.clinic = clinic
        self.web = requests.Session()
        page = self.web.get(f"{clinic.url}/login").text
        form = {"csrf_token": self._token(page, r'name="csrf_token"[^>]* value="([^"]+)"')}
        self.web.post(f"{clinic.url}/login", form | {"login": login, "password": PASSWORD})
        page = self.web.get(f"{clinic.url}/profile").text
        self.headers = {"X-CSRFToken": self._token(page, r'"X-CSRFToken": "([^"]+)"'), "Tus-Resumable": "1.0.0"}

    @staticmethod
    def _token(page: str, pattern: str) -> str:
        found = re.search(pattern, page)
        assert found is not None
        return found.group(1)

    def announce(self, chat: int, size: int) -> str:
        about = {"Upload-Length": str(size), "Upload-Metadata": "name " + base64.b64encode(b"torn.txt").decode()}
        return self.web.post(f"{self.clinic.url}/chats/{chat}/uploads", headers=self.headers | about).headers[
            "Location"
        ]

    def offset(self, upload: str) -> int:
        return int(self.web.head(self.clinic.url + upload, headers=self.headers).headers["Upload-Offset"])

    def patch(self, upload: str, offset: int, body: bytes) -> int:
        about = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return self.web.patch(self.clinic.url + upload, body, headers=self.headers | about).status_code

    def go_on(self, upload: str) -> int:
        """To the end of the first piece, from where it is now."""
        here = self.offset(upload)
        return self.patch(upload, here, TEXT[here:PIECE])

    def begin(self, upload: str, offset: int, body: bytes, announced: int) -> socket.socket:
        """A piece whose line falls silent in the middle."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.web.cookies)
        about = self.headers | {
            "Host": f"127.0.0.1:{self.clinic.port}", "Cookie": cookies, "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream", "Content-Length": str(announced),
        }  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in about.items())
        line = socket.create_connection(("127.0.0.1", self.clinic.port))
        line.sendall(f"PATCH {upload} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return line

    def send(self, chat: int, upload: str) -> int:
        letter = {"text": "", "client_id": f"torn-{upload[-12:]}", "uploads": upload.rsplit("/", 1)[1]}
        headers = self.headers | {"HX-Request": "true"}
        return self.web.post(f"{self.clinic.url}/chats/{chat}/messages", letter, headers=headers).status_code

    def page(self, chat: int) -> str:
        return self.web.get(f"{self.clinic.url}/chats/{chat}").text


@pytest.fixture
def phone(live: LiveClinic) -> Iterator[Phone]:
    phone = Phone(live, PATIENT)
    yield phone
    phone.web.close()


def wait_for(what: object, *, deadline: float = 30) -> None:
    end = time.monotonic() + deadline
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.long
def test_new_connection_need_not_wait_for_the_old_one(phone: Phone) -> None:
    """The phone went from Wi-Fi to mobile internet, which the server cannot know."""
    upload = phone.announce(1, len(TEXT))
    with phone.begin(upload, 0, TEXT[:300_000], PIECE):
        wait_for(lambda: phone.offset(upload) > 250_000)
        assert phone.go_on(upload) == 423
        wait_for(lambda: phone.go_on(upload) == 204, deadline=15)
    assert phone.offset(upload) == PIECE
    assert phone.patch(upload, PIECE, TEXT[PIECE:]) == 204
    assert phone.send(1, upload) == 200


@pytest.mark.long
def test_killed_server_loses_nothing_and_shows_nothing_half(live: LiveClinic, phone: Phone) -> None:
    upload = phone.announce(1, len(TEXT))
    before = phone.page(1).count("torn.txt")
    assert phone.patch(upload, 0, TEXT[:PIECE]) == 204
    with phone.begin(upload, PIECE, TEXT[PIECE : PIECE + 400_000], PIECE):
        wait_for(lambda: phone.offset(upload) > PIECE)
        live.kill()
    live.start()
    assert phone.page(1).count("torn.txt") == before
    assert phone.send(1, upload) == 422
    here = phone.offset(upload)
    assert PIECE <= here < 2 * PIECE
    assert phone.patch(upload, here, TEXT[here:]) == 204
    assert phone.send(1, upload) == 200
    doctor = Phone(live, DOCTOR)
    address = re.findall(r'href="(/files/\d+)"', doctor.page(1))[-1]
    assert doctor.web.get(live.url + address).content == TEXT
    doctor.web.close()


@pytest.mark.long
def test_server_killed_while_examining_a_file_examines_it_again(live: LiveClinic, phone: Phone) -> None:
    """Every piece was acknowledged; the last answer was lost."""
    upload = phone.announce(1, len(TEXT))
    last = len(TEXT) - 10
    assert phone.patch(upload, 0, TEXT[:last]) == 204
    with phone.begin(upload, last, TEXT[last:], 10):
        wait_for(lambda: phone.offset(upload) == len(TEXT))
        live.kill()
    live.start()
    assert phone.offset(upload) == len(TEXT)
    assert phone.send(1, upload) == 200
