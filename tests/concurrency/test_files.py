"""Files and messages in the same moment."""

from __future__ import annotations

import io
from collections import Counter

import samples
from browser import Browser
from flask import Flask

from ibolit.extensions import db
from ibolit.jobs import sweep
from ibolit.models import Attachment, Chat, Message, User
from ibolit.services import Services

from .crowd import at_once

BYTES = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


def arrived(browser: Browser, chat: Chat, body: bytes = b"") -> str:
    body = body or samples.txt()
    headers = {"X-CSRFToken": browser.token(), "Upload-Length": str(len(body)), "Upload-Metadata": "name YS50eHQ="}
    made = browser.open(f"/chats/{chat.id}/uploads", method="POST", headers=headers | BYTES, data=body)
    assert made.status_code == 201
    return made.location.rsplit("/", 1)[1]


def test_file_sent_from_two_screens_goes_once(clinic: Flask, as_patient: Browser, chat: Chat) -> None:
    key, token = arrived(as_patient, chat), as_patient.token()
    phones = [Browser(clinic, db.session.get_one(User, chat.patient_id)) for _ in range(6)]
    tokens = [phone.token() for phone in phones]
    assert token

    def send(number: int) -> int:
        letter = {"text": "", "client_id": f"client-{number:04}", "uploads": key}
        headers = {"X-CSRFToken": tokens[number]}
        return (
            phones[number].open(f"/chats/{chat.id}/messages", method="POST", data=letter, headers=headers).status_code
        )

    assert Counter(at_once(clinic, 6, send)) == {303: 1, 422: 5}
    assert db.session.query(Message).count() == 1


def test_same_letter_at_once_is_one_message(clinic: Flask, as_patient: Browser, chat: Chat) -> None:
    key, headers = arrived(as_patient, chat), {"X-CSRFToken": as_patient.token()}
    letter = {"text": "Вот", "client_id": "client-0001", "uploads": key}

    def send(_number: int) -> int:
        return as_patient.open(f"/chats/{chat.id}/messages", method="POST", data=letter, headers=headers).status_code

    assert Counter(at_once(clinic, 6, send)) == {303: 6}
    assert db.session.query(Message).count() == 1


def test_last_piece_sent_twice_is_looked_at_once(
    clinic: Flask, as_patient: Browser, chat: Chat, services: Services
) -> None:
    body = samples.jpeg()
    headers = {"X-CSRFToken": as_patient.token(), "Upload-Length": str(len(body)), "Upload-Metadata": "name YS5qcGc="}
    url = as_patient.open(f"/chats/{chat.id}/uploads", method="POST", headers=headers).location

    def finish(_number: int) -> int:
        piece = headers | BYTES | {"Upload-Offset": "0"}
        return as_patient.open(url, method="PATCH", headers=piece, data=body).status_code

    answers = Counter(at_once(clinic, 5, finish))
    assert answers[204] == 1
    assert set(answers) <= {204, 409, 423}
    attachment = db.session.query(Attachment).one()
    db.session.commit()
    assert attachment.has_arrived
    assert b"".join(services.storage.read(attachment.key)).startswith(b"\xff\xd8")


def test_sending_while_somebody_cancels(clinic: Flask, as_patient: Browser, chat: Chat, services: Services) -> None:
    """Either the message has its file, or neither is there."""
    key, headers = arrived(as_patient, chat), {"X-CSRFToken": as_patient.token()}
    letter = {"text": "", "client_id": "client-0001", "uploads": key}

    def act(number: int) -> int:
        if number:
            return as_patient.open(f"/uploads/{key}", method="DELETE", headers=headers).status_code
        return as_patient.open(f"/chats/{chat.id}/messages", method="POST", data=letter, headers=headers).status_code

    sent, cancelled = at_once(clinic, 2, act)
    assert (sent, cancelled) in {(303, 404), (422, 204)}
    assert db.session.query(Attachment).count() == db.session.query(Message).count() == (sent == 303)
    db.session.commit()
    if sent == 303:
        assert services.storage.size(key)


def test_sweep_takes_nothing_that_is_sent(clinic: Flask, as_patient: Browser, chat: Chat) -> None:
    key, headers = arrived(as_patient, chat), {"X-CSRFToken": as_patient.token()}
    letter = {"text": "", "client_id": "client-0001", "uploads": key}
    job = type("SweepJob", (), {"repeat_in": lambda self, pause: None})()

    def act(number: int) -> int:
        if number:
            sweep.purge_expired(job)
            db.session.commit()
            return 0
        return as_patient.open(f"/chats/{chat.id}/messages", method="POST", data=letter, headers=headers).status_code

    assert at_once(clinic, 2, act) == [303, 0]
    assert db.session.query(Attachment).one().message_id is not None


def test_thirty_files_at_most_also_at_once(clinic: Flask, as_patient: Browser, chat: Chat) -> None:
    for _ in range(28):
        arrived(as_patient, chat)
    headers = {"X-CSRFToken": as_patient.token(), "Upload-Length": "10", "Upload-Metadata": "name YS50eHQ="}

    def announce(_number: int) -> int:
        return as_patient.open(f"/chats/{chat.id}/uploads", method="POST", headers=headers).status_code

    assert Counter(at_once(clinic, 6, announce)) == {201: 2, 422: 4}


def test_plain_forms_at_once(clinic: Flask, as_patient: Browser, chat: Chat) -> None:
    """A double press of a plain form brings its files twice, and makes one message with one file."""
    headers = {"X-CSRFToken": as_patient.token()}

    def send(_number: int) -> int:
        letter = {"text": "Вот", "client_id": "client-0001", "files": (io.BytesIO(samples.txt()), "a.txt")}
        return as_patient.open(f"/chats/{chat.id}/messages", method="POST", data=letter, headers=headers).status_code

    assert Counter(at_once(clinic, 4, send)) == {303: 4}
    assert db.session.query(Message).count() == 1
    assert db.session.query(Attachment).count() == 1
