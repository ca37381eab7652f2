"""Files are served to the two of their chat, as what they are and nothing else."""

from __future__ import annotations

import html
import io
import json
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import odd_files
import pytest
import samples
from browser import Browser
from factories import later
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Attachment, AuditAction, AuditEvent, Chat, Message
from ibolit.services import Services
from ibolit.services.media import Unreadable, file_types
from ibolit.services.storage import StorageFailed
from ibolit.web.file_kinds import SENTENCES

LOCKED = "default-src 'none'; sandbox"


def send(
    browser: Browser, chat: Chat, *files: tuple[bytes, str], text: str = "", id: str = "client-0001"
) -> TestResponse:
    letter = {"text": text, "client_id": id, "files": [(io.BytesIO(body), name) for body, name in files]}
    return browser.post(f"/chats/{chat.id}/messages", letter)


def sent(browser: Browser, chat: Chat, body: bytes, name: str) -> Attachment:
    assert send(browser, chat, (body, name)).status_code == 303
    db.session.remove()
    attachment = db.session.query(Attachment).order_by(Attachment.id.desc()).first()
    db.session.commit()
    assert attachment is not None
    return attachment


@pytest.fixture
def photo(as_patient: Browser, chat: Chat) -> Attachment:
    return sent(as_patient, chat, samples.heic(), "IMG_0042.HEIC")


@pytest.fixture
def results(as_patient: Browser, chat: Chat) -> Attachment:
    return sent(as_patient, chat, samples.pdf(), "Анализы «июнь».pdf")


def test_both_see_a_heic_as_jpeg(as_patient: Browser, as_doctor: Browser, photo: Attachment) -> None:
    for browser in (as_patient, as_doctor):
        for address in (f"/files/{photo.id}/shown", f"/files/{photo.id}/thumbnail"):
            answer = browser.get(address)
            assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
            assert Image.open(io.BytesIO(answer.data)).format == "JPEG"
        original = browser.get(f"/files/{photo.id}")
        assert original.mimetype == "image/heic"
        assert original.headers["Content-Disposition"].startswith('attachment; filename="IMG_0042.HEIC"')


@pytest.mark.parametrize("variant", ["", "/shown", "/thumbnail"])
def test_stranger_gets_404_and_who_is_signed_out_the_entrance(
    as_stranger: Browser, visitor: Browser, photo: Attachment, variant: str
) -> None:
    address = f"/files/{photo.id}{variant}"
    assert as_stranger.get(address).status_code == 404
    signed_out = visitor.get(address)
    assert (signed_out.status_code, signed_out.location.startswith("/login")) == (303, True)


def test_unsent_file_is_nobodys_yet(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    kept = send(as_patient, chat, (samples.pdf(), "a.pdf"), text="я" * 5000)
    assert kept.status_code == 422
    attachment = db.session.query(Attachment).one()
    db.session.commit()
    for browser in (as_patient, as_doctor):
        assert browser.get(f"/files/{attachment.id}").status_code == 404


def test_headers_lock_what_is_not_ours(as_doctor: Browser, photo: Attachment) -> None:
    for variant in ("", "/shown", "/thumbnail"):
        headers = as_doctor.get(f"/files/{photo.id}{variant}").headers
        assert headers["Content-Security-Policy"] == LOCKED
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["ETag"]


def test_pdf_is_opened_by_the_browser(as_doctor: Browser, results: Attachment) -> None:
    answer = as_doctor.get(f"/files/{results.id}/shown")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert "sandbox" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("inline; ")
    assert answer.data == samples.pdf()


def test_name_comes_in_russian(as_doctor: Browser, results: Attachment) -> None:
    told = as_doctor.get(f"/files/{results.id}").headers["Content-Disposition"]
    assert told.isascii()
    assert "filename*=UTF-8''%D0%90%D0%BD%D0%B0%D0%BB%D0%B8%D0%B7%D1%8B%20%C2%AB" in told
    assert 'filename="' in told


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Анализы.pdf", "file.pdf"),
        ("Анализы «июнь».pdf", "file.pdf"),
        ("Анализы 12.pdf", "12.pdf"),
        (unicodedata.normalize("NFD", "й ё.pdf"), "file.pdf"),
        ("results.pdf", "results.pdf"),
        ("MRI.Смит", "MRI.pdf"),
        ("…", "file.pdf"),
    ],
)
def test_who_reads_only_ascii_gets_a_name(as_patient: Browser, chat: Chat, name: str, plain: str) -> None:
    attachment = sent(as_patient, chat, samples.pdf(), name)
    told = as_patient.get(f"/files/{attachment.id}").headers["Content-Disposition"]
    assert f'; filename="{plain}"; ' in told.replace("MRI..pdf", "MRI.pdf")


@pytest.mark.parametrize("name", ['"; filename="x.exe', "%0d%0a.pdf", "\\..\\x.pdf", "🩺"])
def test_no_name_breaks_out_of_its_header(as_patient: Browser, chat: Chat, name: str) -> None:
    attachment = sent(as_patient, chat, samples.txt(), f"{name}.txt")
    answer = as_patient.get(f"/files/{attachment.id}")
    told = answer.headers["Content-Disposition"]
    assert "Set-Cookie: x" not in str(answer.headers)
    assert told.count('"') == 2
    assert ".exe" not in told.split("filename*")[0].split('"')[1] or told.split('"')[1].endswith(".txt")


def test_visit_with_the_etag_gets_304(as_doctor: Browser, photo: Attachment) -> None:
    address = f"/files/{photo.id}/thumbnail"
    etag = as_doctor.get(address).headers["ETag"]
    again = as_doctor.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert as_doctor.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=5-", 206, 5, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=0-99999999", 206, 0, None),
        ("bytes=-99999999", 206, 0, None),  # the last N bytes of a shorter file are all of it (RFC 9110, 14.1.2)
        ("bytes=0-1,3-4", 200, 0, None),
        ("lines=1-2", 200, 0, None),
        ("bytes=nonsense", 200, 0, None),
    ],
)
def test_parts_are_served(
    as_doctor: Browser, results: Attachment, asked: str, status: int, start: int, stop: int | None
) -> None:
    whole = samples.pdf()
    answer = as_doctor.get(f"/files/{results.id}/shown", headers={"Range": asked})
    part = whole[start:stop]
    assert (answer.status_code, answer.data, answer.content_length) == (status, part, len(part))
    assert answer.headers["Accept-Ranges"] == "bytes"
    if status == 206:
        begin = start % len(whole)
        assert answer.headers["Content-Range"] == f"bytes {begin}-{begin + len(part) - 1}/{len(whole)}"


def test_part_beyond_the_end_is_416(as_doctor: Browser, results: Attachment) -> None:
    answer = as_doctor.get(f"/files/{results.id}/shown", headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(samples.pdf())}"


def test_part_of_what_was_another_file_is_the_whole(as_doctor: Browser, results: Attachment) -> None:
    address, part = f"/files/{results.id}/shown", {"Range": "bytes=0-9"}
    etag = as_doctor.get(address).headers["ETag"]
    assert as_doctor.get(address, headers=part | {"If-Range": etag}).status_code == 206
    assert as_doctor.get(address, headers=part | {"If-Range": '"other"'}).status_code == 200


def test_head_tells_the_length(as_doctor: Browser, results: Attachment) -> None:
    answer = as_doctor.open(f"/files/{results.id}/shown", method="HEAD")
    assert (answer.status_code, answer.data, answer.content_length) == (200, b"", len(samples.pdf()))


def test_document_is_only_downloaded(as_patient: Browser, chat: Chat) -> None:
    body = samples.docx()
    attachment = sent(as_patient, chat, body, "выписка.docx")
    assert as_patient.get(f"/files/{attachment.id}/shown").status_code == 404
    assert as_patient.get(f"/files/{attachment.id}/thumbnail").status_code == 404
    assert as_patient.get(f"/files/{attachment.id}").data == body


def test_film_that_does_not_play_is_only_downloaded(as_patient: Browser, chat: Chat) -> None:
    film = sent(as_patient, chat, samples.hevc_mov(), "IMG_1.MOV")
    assert as_patient.get(f"/files/{film.id}/shown").status_code == 404
    assert as_patient.get(f"/files/{film.id}/thumbnail").mimetype == "image/jpeg"
    assert as_patient.get(f"/files/{film.id}").status_code == 200


def test_film_plays_in_parts(as_patient: Browser, chat: Chat) -> None:
    film = sent(as_patient, chat, samples.mp4(), "кашель.mp4")
    answer = as_patient.get(f"/files/{film.id}/shown", headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.mimetype, len(answer.data)) == (206, "video/mp4", 2)


@pytest.mark.parametrize("make", [samples.svg, samples.html, samples.exe])
@pytest.mark.parametrize("name", ["фото.jpg", "страница", "a.svg", "a.txt", "a.html"])
def test_nothing_that_runs_comes_in(as_patient: Browser, chat: Chat, make: object, name: str) -> None:
    answer = send(as_patient, chat, (samples.of(make), name))  # type: ignore[arg-type]
    if answer.status_code == 303:  # a page of text is text: it goes out as such, to be kept
        attachment = db.session.query(Attachment).one()
        db.session.commit()
        served = as_patient.get(f"/files/{attachment.id}")
        assert served.mimetype == "text/plain"
        assert served.headers["Content-Disposition"].startswith("attachment")
        assert as_patient.get(f"/files/{attachment.id}/shown").status_code == 404
    else:
        assert answer.status_code == 422


def test_polyglot_is_served_as_the_picture_it_shows(as_patient: Browser, chat: Chat) -> None:
    attachment = sent(as_patient, chat, samples.jpeg_and_html(), "фото.jpg")
    for variant in ("", "/shown", "/thumbnail"):
        answer = as_patient.get(f"/files/{attachment.id}{variant}")
        assert answer.mimetype == "image/jpeg"
        assert b"<script" not in answer.data


def test_no_place_leaves_the_house(as_patient: Browser, chat: Chat) -> None:
    for make, name in ((samples.jpeg, "a.jpg"), (samples.heic, "a.heic"), (samples.mov, "a.mov")):
        attachment = sent(as_patient, chat, make(), name)
        served = as_patient.get(f"/files/{attachment.id}").data
        assert not [place for place in samples.PLACES if place in served], name


def test_voice_is_spoken_by_the_worker(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    import base64

    told = "name Z29sb3Mud2VibQ==,voice " + base64.b64encode(b"1").decode()
    body = samples.webm(2.0)
    headers = {
        "X-CSRFToken": as_patient.token(), "Upload-Length": str(len(body)), "Upload-Metadata": told,
        "Content-Type": "application/offset+octet-stream",
    }  # fmt: skip
    made = as_patient.open(f"/chats/{chat.id}/uploads", method="POST", headers=headers, data=body)
    assert made.status_code == 201
    letter = {"text": "", "client_id": "client-0001", "uploads": made.location.rsplit("/", 1)[1]}
    assert as_patient.post(f"/chats/{chat.id}/messages", letter).status_code == 303
    voice = db.session.query(Attachment).one()
    message = db.session.query(Message).one()
    seen = message.revision
    db.session.commit()
    assert as_doctor.get(f"/files/{voice.id}/shown").status_code == 404
    run_due()
    db.session.remove()
    answer = as_doctor.get(f"/files/{voice.id}/shown")
    assert (answer.status_code, answer.mimetype) == (200, "audio/mp4")
    for address in (f"/files/{voice.id}/shown", f"/files/{voice.id}"):  # to be kept, too: old phones open no WebM
        given = as_doctor.get(address)
        assert (given.mimetype, given.data[4:12]) == ("audio/mp4", b"ftypM4A ")
        assert ".m4a" in given.headers["Content-Disposition"]
    changed = as_doctor.get(f"/chats/{chat.id}/messages?after={seen}", htmx=True)
    assert f"/files/{voice.id}/shown" in changed.text
    assert db.session.get_one(Attachment, voice.id).seconds == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("make", [odd_files.amr, samples.ogg, samples.webm])
def test_sound_that_not_every_browser_plays_is_made_playable(
    as_patient: Browser, as_doctor: Browser, chat: Chat, make: Callable[[], bytes]
) -> None:
    sound = sent(as_patient, chat, samples.of(make), "Диктовка")
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert "Готовим запись" in page
    assert "<audio" not in page
    assert as_doctor.get(f"/files/{sound.id}/shown").status_code == 404
    run_due()
    db.session.remove()
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert f'<audio class="sound" src="/files/{sound.id}/shown"' in page
    heard = as_doctor.get(f"/files/{sound.id}/shown")
    assert (heard.mimetype, heard.data[4:12]) == ("audio/mp4", b"ftypM4A ")
    assert "filename*=UTF-8''" + quote("Диктовка.m4a") in heard.headers["Content-Disposition"]
    kept = as_doctor.get(f"/files/{sound.id}")  # as it was sent
    assert (kept.mimetype, kept.data) == (sound.mimetype, samples.of(make))


def test_sound_that_cannot_be_made_playable_is_still_given(
    as_patient: Browser, as_doctor: Browser, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Unreadable(Unreadable.TOO_LONG)

    monkeypatch.setattr("ibolit.jobs.voices.media.to_voice", fail)
    sound = sent(as_patient, chat, odd_files.amr(), "Voice.amr")
    run_due()
    db.session.remove()
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert "Здесь эта запись не проигрывается. Скачайте её" in page
    assert "<audio" not in page
    assert as_doctor.get(f"/files/{sound.id}").data == odd_files.amr()


def test_film_of_an_old_phone_is_offered_as_a_file(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    film = sent(as_patient, chat, odd_files.h263_amr(), "VID_0001.3gp")
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert "Здесь это видео не проигрывается. Скачайте его" in page
    assert as_doctor.get(f"/files/{film.id}/thumbnail").status_code == 200
    served = as_doctor.get(f"/files/{film.id}")
    assert (served.mimetype, served.data[4:8]) == ("video/3gpp", b"ftyp")
    assert [place for place in (*samples.PLACES, b"loci") if place in served.data] == []


@pytest.mark.parametrize(("name", "make", "reason"), odd_files.REFUSED, ids=[name for name, *_ in odd_files.REFUSED])
def test_refusal_says_why_and_what_to_do(
    as_patient: Browser, chat: Chat, name: str, make: Callable[[], bytes], reason: str
) -> None:
    answer = send(as_patient, chat, (make(), name))
    assert answer.status_code == 422
    assert SENTENCES[reason] in html.unescape(answer.text)
    assert "повреждён" not in answer.text


def test_page_knows_the_kinds_that_the_server_takes(as_patient: Browser, chat: Chat) -> None:
    """One list: what the page lets pass by its name is what the server takes, and it refuses with the same words."""
    (told,) = re.findall(r'data-kinds="([^"]*)"', as_patient.get(f"/chats/{chat.id}").text)
    kinds = json.loads(html.unescape(told))
    assert set(" ".join(kinds["taken"].values()).split()) == file_types.TAKEN_NAMES
    refused = {name: sentence for names, sentence in kinds["refused"] for name in names.split()}
    assert set(refused) == file_types.KNOWN_NAMES - file_types.TAKEN_NAMES
    assert refused["exe"] == SENTENCES["dangerous"]
    assert set(refused.values()) <= set(SENTENCES.values())


def test_audit_log_knows_who_opened_what(as_doctor: Browser, photo: Attachment, results: Attachment) -> None:
    as_doctor.get(f"/files/{photo.id}/thumbnail")
    as_doctor.get(f"/files/{photo.id}/shown")
    as_doctor.get(f"/files/{results.id}/shown", headers={"Range": "bytes=0-9"})
    as_doctor.get(f"/files/{results.id}/shown", headers={"Range": "bytes=10-19"})
    read = db.session.query(AuditEvent).filter_by(action=AuditAction.FILE_READ).order_by(AuditEvent.id)
    assert [event.subject_id for event in read] == [photo.id, results.id]


@pytest.mark.parametrize("asked", ["bytes=1-", "bytes=-99999999"])
def test_who_asks_for_a_part_first_is_in_the_audit_log(as_doctor: Browser, results: Attachment, asked: str) -> None:
    """All but a byte is as good as all of it; and a film that is watched for hours is opened again."""
    written = select(func.count(AuditEvent.id)).where(AuditEvent.action == AuditAction.FILE_READ)
    for ahead, lines in ((0, 1), (0, 1), (2, 2)):
        later(hours=ahead)
        as_doctor.get(f"/files/{results.id}/shown", headers={"Range": asked})
        assert db.session.scalar(written) == lines


def test_nothing_is_held_while_a_storage_thinks(
    as_doctor: Browser, results: Attachment, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve readers of a hung bucket would otherwise stop every page of the clinic."""
    held: list[bool] = []
    ask = services.storage.size

    def size(name: str) -> int:
        held.append(db.session().in_transaction())
        return ask(name)

    monkeypatch.setattr(services.storage, "size", size)
    assert as_doctor.get(f"/files/{results.id}").status_code == 200
    assert held == [False]


def test_silent_storage_is_said_so(
    as_doctor: Browser, results: Attachment, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_name: str) -> int:
        raise StorageFailed

    monkeypatch.setattr(services.storage, "size", fail)
    answer = as_doctor.get(f"/files/{results.id}")
    assert (answer.status_code, "Хранилище файлов не отвечает" in answer.text) == (503, True)


def test_numbers_beyond_any_row(as_patient: Browser, clinic: Flask) -> None:
    assert as_patient.get("/files/99999999999999999999").status_code == 404
