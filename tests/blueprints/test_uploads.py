"""Files in pieces: tus 1.0 as its client speaks it."""

from __future__ import annotations

import base64
from io import BytesIO

import pytest
from browser import Browser
from factories import later, make_chat
from flask import Flask
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import Attachment, AttachmentState, Chat, Doctor, User, Variant
from ibolit.services import Services
from ibolit.services.antivirus import AntivirusFailed, Infected

TEXT = "Гемоглобин 140 г/л\n".encode() * 1000
BYTES = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


class Uploader:
    """What tus-js-client sends."""

    def __init__(self, browser: Browser, chat: Chat) -> None:
        self.browser = browser
        self.chat_id = chat.id
        self.headers = {"X-CSRFToken": browser.token(), "Tus-Resumable": "1.0.0"}

    def create(self, name: str = "анализы.txt", size: int = len(TEXT), body: bytes = b"", **more: str) -> TestResponse:
        words = {"name": name} | more
        told = ",".join(f"{word} {base64.b64encode(value.encode()).decode()}" for word, value in words.items())
        headers = self.headers | {"Upload-Length": str(size), "Upload-Metadata": told} | (BYTES if body else {})
        return self.browser.open(f"/chats/{self.chat_id}/uploads", method="POST", headers=headers, data=body)

    def head(self, url: str) -> TestResponse:
        return self.browser.open(url, method="HEAD", headers=self.headers)

    def patch(self, url: str, offset: int, body: bytes, **more: str) -> TestResponse:
        headers = self.headers | BYTES | {"Upload-Offset": str(offset)} | more
        return self.browser.open(url, method="PATCH", headers=headers, data=body)

    def delete(self, url: str) -> TestResponse:
        return self.browser.open(url, method="DELETE", headers=self.headers)


@pytest.fixture
def phone(as_patient: Browser, chat: Chat) -> Uploader:
    return Uploader(as_patient, chat)


def the_one() -> Attachment | None:
    db.session.remove()
    attachment = db.session.query(Attachment).one_or_none()
    db.session.commit()  # whoever only looks holds nobody up
    return attachment


def parts_of(services: Services, url: str) -> list[str]:
    """What is left of an upload on the disk."""
    return [path.name for path in services.uploads.folder.glob(url.rsplit("/", 1)[1] + "*")]


def test_file_goes_in_pieces(phone: Uploader, services: Services) -> None:
    made = phone.create()
    assert made.status_code == 201
    assert made.headers["Upload-Offset"] == "0"
    assert "GMT" in made.headers["Upload-Expires"]
    url = made.location
    assert phone.head(url).headers["Upload-Offset"] == "0"
    first = phone.patch(url, 0, TEXT[:7000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "7000")
    asked = phone.head(url)
    assert (asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == ("7000", str(len(TEXT)))
    assert asked.headers["Cache-Control"] == "no-store"
    last = phone.patch(url, 7000, TEXT[7000:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(TEXT)))
    attachment = the_one()
    assert attachment is not None
    assert attachment.state is AttachmentState.READY
    assert attachment.name == "анализы.txt"
    assert b"".join(services.storage.read(attachment.key)) == TEXT
    assert phone.head(url).headers["Upload-Offset"] == str(len(TEXT))
    assert not parts_of(services, url)


def test_small_file_comes_with_its_creation(phone: Uploader) -> None:
    made = phone.create(body=TEXT)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, str(len(TEXT)))
    attachment = the_one()
    assert attachment is not None
    assert attachment.has_arrived


def test_wrong_offset_is_told(phone: Uploader) -> None:
    url = phone.create().location
    phone.patch(url, 0, TEXT[:7000])
    for offset in (0, 6999, 7001):
        assert phone.patch(url, offset, TEXT[offset:]).status_code == 409
    assert phone.head(url).headers["Upload-Offset"] == "7000"


def test_finished_upload_takes_no_more(phone: Uploader) -> None:
    url = phone.create(body=TEXT).location
    assert phone.patch(url, len(TEXT), b"more").status_code == 409
    assert phone.patch(url, 0, TEXT).status_code == 409


def test_more_than_announced_is_refused(phone: Uploader) -> None:
    url = phone.create(size=100).location
    assert phone.patch(url, 0, TEXT[:101]).status_code == 413
    assert phone.head(url).headers["Upload-Offset"] == "0"


def test_pieces_have_their_own_type(phone: Uploader) -> None:
    url = phone.create().location
    assert phone.patch(url, 0, TEXT, **{"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload-Length": "-1"},
        {"Upload-Length": ""},
        {"Upload-Length": "много"},
        {"Upload-Length": "9" * 30},
        {"Upload-Metadata": "name !!!"},
        {"Upload-Metadata": "name /w=="},
    ],
)
def test_nonsense_is_refused(phone: Uploader, headers: dict[str, str]) -> None:
    sane = {"Upload-Length": "10"}
    encoded = {name: value.encode().decode("latin-1") for name, value in (sane | headers).items()}
    answer = phone.browser.open(f"/chats/{phone.chat_id}/uploads", method="POST", headers=phone.headers | encoded)
    assert answer.status_code == 400


def test_limits_are_told_before_a_byte(phone: Uploader, services: Services) -> None:
    large = phone.create(size=25 * 1024 * 1024 + 1)
    assert (large.status_code, "Файл больше 25 МБ" in large.text) == (413, True)
    empty = phone.create(size=0)
    assert (empty.status_code, empty.text) == (422, "Файл пустой.")
    assert empty.mimetype == "text/plain"
    assert the_one() is None


def test_so_many_unsent_files_are_enough(phone: Uploader) -> None:
    answers = [phone.create().status_code for _ in range(31)]
    assert answers == [201] * 30 + [422]


def test_door_says_what_it_can(phone: Uploader) -> None:
    answer = phone.browser.open(f"/chats/{phone.chat_id}/uploads", method="OPTIONS")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert "creation-with-upload" in answer.headers["Tus-Extension"]
    assert answer.headers["Tus-Max-Size"] == str(25 * 1024 * 1024)


def test_cancelled_upload_leaves_nothing(phone: Uploader, services: Services) -> None:
    url = phone.create().location
    phone.patch(url, 0, TEXT[:5000])
    assert phone.delete(url).status_code == 204
    assert the_one() is None
    assert not parts_of(services, url)
    assert phone.head(url).status_code == 404


def test_cancelled_after_it_arrived(phone: Uploader, services: Services) -> None:
    url = phone.create(body=TEXT).location
    attachment = the_one()
    assert attachment is not None
    assert phone.delete(url).status_code == 204
    with pytest.raises(FileNotFoundError):
        services.storage.size(attachment.file_of(Variant.ORIGINAL))


def test_expired_upload_is_gone(phone: Uploader) -> None:
    url = phone.create().location
    later(hours=25)
    assert phone.head(url).status_code == 410
    assert phone.patch(url, 0, TEXT).status_code == 410


def test_held_upload_is_busy(phone: Uploader, services: Services) -> None:
    url = phone.create().location
    with services.uploads.hold(url.rsplit("/", 1)[1]):
        assert phone.patch(url, 0, TEXT).status_code == 423
        assert phone.delete(url).status_code == 423
    assert phone.patch(url, 0, TEXT).status_code == 204


def test_nobody_else_knows_of_it(
    phone: Uploader, as_stranger: Browser, as_doctor: Browser, visitor: Browser, chat: Chat
) -> None:
    url = phone.create().location
    for other in (as_stranger, as_doctor):
        uploader = Uploader(other, chat)
        assert uploader.head(url).status_code == 404
        assert uploader.patch(url, 0, TEXT).status_code == 404
        assert uploader.delete(url).status_code == 404
    assert Uploader(as_stranger, chat).create().status_code == 404
    assert Uploader(visitor, chat).patch(url, 0, TEXT).status_code == 303
    assert phone.head(url).headers["Upload-Offset"] == "0"


def test_pieces_need_the_token_too(phone: Uploader) -> None:
    url = phone.create().location
    phone.headers["X-CSRFToken"] = "forged"
    assert phone.patch(url, 0, TEXT).status_code == 400
    assert phone.delete(url).status_code == 400
    assert phone.create().status_code == 400


def test_closed_chat_takes_no_files_of_the_patient(
    as_patient: Browser, as_doctor: Browser, patient: User, doctor: Doctor
) -> None:
    over = make_chat(patient, doctor, days_left=-1)
    refused = Uploader(as_patient, over).create()
    assert (refused.status_code, "Время общения истекло" in refused.text) == (409, True)
    assert Uploader(as_doctor, over).create().status_code == 201


def test_refused_file_is_forgotten(phone: Uploader, services: Services) -> None:
    url = phone.create("снимок.jpg", size=len(TEXT)).location
    answer = phone.patch(url, 0, TEXT)
    assert (answer.status_code, answer.mimetype) == (422, "text/plain")
    assert answer.text.endswith(".")
    assert the_one() is None
    assert not parts_of(services, url)


def test_infected_file_is_refused(phone: Uploader, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    class Scanner:
        def check(self, path: object) -> None:
            raise Infected

    monkeypatch.setattr(services, "antivirus", Scanner())
    answer = phone.create(body=TEXT)
    assert (answer.status_code, answer.text) == (422, "В файле найден вирус.")
    assert the_one() is None


def test_tired_scanner_loses_no_file(phone: Uploader, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    class Scanner:
        def check(self, path: object) -> None:
            raise AntivirusFailed

    with monkeypatch.context() as patch:
        patch.setattr(services, "antivirus", Scanner())
        assert phone.create(body=TEXT).status_code == 503
    attachment = the_one()
    assert attachment is not None
    url = f"/uploads/{attachment.key}"
    assert phone.head(url).headers["Upload-Offset"] == str(len(TEXT))
    again = phone.patch(url, len(TEXT), b"")
    assert (again.status_code, again.headers["Upload-Offset"]) == (204, str(len(TEXT)))
    attachment = the_one()
    assert attachment is not None
    assert attachment.has_arrived


def test_broken_line_keeps_what_came(phone: Uploader, services: Services) -> None:
    class Torn(BytesIO):
        """The connection ends in the middle of a piece."""

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            if self.tell() >= 65536:
                raise ConnectionResetError
            return super().readinto(buffer)

    url = phone.create(size=200_000).location
    headers = phone.headers | BYTES | {"Upload-Offset": "0"}
    answer = phone.browser.open(
        url, method="PATCH", headers=headers, input_stream=Torn(b"x" * 200_000), content_length=200_000
    )
    assert answer.status_code >= 400
    assert int(phone.head(url).headers["Upload-Offset"]) == 65536


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\Анна\\анализы.txt", "анализы.txt"),
        ('"кавычки" и 🩺.txt', '"кавычки" и 🩺.txt'),
        ("обратно\u202etxt.exe.txt", "обратноtxt.exe.txt"),
        ("перенос\r\nстроки.txt", "перенос строки.txt"),
        ("я" * 300 + ".txt", "я" * 196 + ".txt"),
        ("", "Файл.txt"),
        ("...", "Файл.txt"),
        ("без окончания", "без окончания.txt"),
        ("Анализ от 12.03", "Анализ от 12.03.txt"),
    ],
)
def test_names_are_tidied(phone: Uploader, given: str, kept: str) -> None:
    phone.create(given, body=TEXT)
    attachment = the_one()
    assert attachment is not None
    assert attachment.name == kept


def test_sweep_holds_nothing_while_a_storage_thinks(
    phone: Uploader, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ibolit.jobs import sweep

    phone.create(body=TEXT)
    held: list[bool] = []
    monkeypatch.setattr(services.storage, "delete", lambda name: held.append(db.session().in_transaction()))
    later(hours=49)
    sweep.purge_expired(type("SweepJob", (), {"repeat_in": lambda self, pause: None})())
    db.session.commit()
    assert held == [False] * 3


def test_sweep_forgets_what_was_never_sent(phone: Uploader, services: Services, clinic: Flask) -> None:
    from ibolit.jobs import sweep

    phone.create()
    phone.create(body=TEXT)
    keys = [one.key for one in db.session.query(Attachment)]
    db.session.commit()
    job = type("SweepJob", (), {"repeat_in": lambda self, pause: None})()
    later(hours=47)
    sweep.purge_expired(job)
    assert db.session.query(Attachment).count() == 2
    later(hours=49)
    sweep.purge_expired(job)
    db.session.commit()
    assert db.session.query(Attachment).count() == 0
    for key in keys:
        assert services.uploads.size(key) == 0
        with pytest.raises(FileNotFoundError):
            services.storage.size(key)
