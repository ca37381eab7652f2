"""Messages with files, through the chat's own form."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
import samples
from browser import Browser
from factories import later, make_chat
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from ibolit.extensions import db
from ibolit.models import Attachment, AttachmentState, Chat, Doctor, Message, User
from ibolit.services import Services

PDF, TXT = (samples.pdf(), "анализы.pdf"), (samples.txt(), "жалобы.txt")


def post(browser: Browser, chat: Chat, *files: tuple[bytes, str], htmx: bool = False, **more: object) -> TestResponse:
    letter = {"text": "", "client_id": "client-0001", "files": [(io.BytesIO(body), name) for body, name in files]}
    return browser.post(f"/chats/{chat.id}/messages", letter | more, htmx=htmx)


def messages(chat: Chat) -> list[Message]:
    db.session.remove()
    found = Message.page_of(chat)
    db.session.commit()
    return found


def names(message: Message) -> list[str]:
    return [one.name for one in message.attachments]


def kept_by(answer: TestResponse) -> list[str]:
    """The keys that the form brings back."""
    return re.findall(r'name="uploads" value="(\w+)"[^>]* checked', answer.text)


def test_plain_form_brings_files_with_a_caption(as_patient: Browser, chat: Chat) -> None:
    answer = post(as_patient, chat, PDF, TXT, text="Вот они")
    assert answer.status_code == 303
    (message,) = messages(chat)
    assert (message.text, names(message)) == ("Вот они", ["анализы.pdf", "жалобы.txt"])
    assert all(one.state is AttachmentState.READY for one in message.attachments)


def test_file_needs_no_words(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    assert post(as_patient, chat, PDF, htmx=True).status_code == 200
    assert "Файл: анализы.pdf" in as_doctor.get("/messages").text
    assert "анализы.pdf" in as_doctor.get(f"/chats/{chat.id}").text


def test_form_without_words_and_files_is_refused(as_patient: Browser, chat: Chat) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", {"client_id": "client-0001", "files": (io.BytesIO(b""), "")})
    assert (answer.status_code, "Напишите сообщение" in answer.text) == (422, True)


def test_same_form_twice_is_one_message(as_patient: Browser, chat: Chat, services: Services) -> None:
    """F5 after a plain form sends its files again."""
    for _ in range(2):
        assert post(as_patient, chat, PDF, text="Вот").status_code == 303
    (message,) = messages(chat)
    assert db.session.query(Attachment).count() == 1
    db.session.commit()
    assert services.storage.size(message.attachments[0].key)


def test_same_id_with_other_files_is_another_message(as_patient: Browser, chat: Chat) -> None:
    post(as_patient, chat, PDF)
    post(as_patient, chat, TXT)
    post(as_patient, chat, TXT)
    assert [names(message) for message in messages(chat)] == [["анализы.pdf"], ["жалобы.txt"]]


def test_one_bad_file_loses_nothing(as_patient: Browser, chat: Chat) -> None:
    answer = post(as_patient, chat, PDF, (samples.exe(), "программа.exe"), text="Вот")
    assert answer.status_code == 422
    assert "«программа.exe»" in answer.text
    assert ">Вот</textarea>" in answer.text
    (key,) = kept_by(answer)
    assert not messages(chat)
    assert post(as_patient, chat, text="Вот", uploads=[key]).status_code == 303
    assert [names(message) for message in messages(chat)] == [["анализы.pdf"]]


def test_long_text_loses_no_file(as_patient: Browser, chat: Chat) -> None:
    answer = post(as_patient, chat, PDF, text="я" * 4001)
    assert (answer.status_code, len(kept_by(answer))) == (422, 1)
    assert "длиннее 4 000" in answer.text


def test_eleven_files_are_too_many(as_patient: Browser, chat: Chat) -> None:
    answer = post(as_patient, chat, *[(samples.txt(), f"{number}.txt") for number in range(11)])
    assert (answer.status_code, "до 10 файлов" in answer.text) == (422, True)
    assert db.session.query(Attachment).count() == 0
    db.session.commit()
    assert post(as_patient, chat, *[(samples.txt(), f"{number}.txt") for number in range(10)]).status_code == 303


def test_thirty_megabytes_are_too_many(as_patient: Browser, chat: Chat) -> None:
    large, small = FileStorage(io.BytesIO(b"x" * 30 * 1024**2), "запись.txt"), FileStorage(io.BytesIO(TXT[0]), TXT[1])
    letter = {"client_id": "client-0001", "files": [large, small]}
    boundary, body = encode_multipart(letter)  # the test client would leave a temporary file open
    headers = {"X-CSRFToken": as_patient.token(), "Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = as_patient.open(f"/chats/{chat.id}/messages", method="POST", headers=headers, data=body)
    assert (answer.status_code, "Файл больше 25 МБ" in answer.text) == (422, True)
    assert len(kept_by(answer)) == 1


def test_empty_file_is_said_to_be(as_patient: Browser, chat: Chat) -> None:
    answer = post(as_patient, chat, (b"", "пусто.txt"), text="Вот")
    assert (answer.status_code, "Файл пустой" in answer.text) == (422, True)


def test_bomb_is_refused_with_a_sentence(as_patient: Browser, chat: Chat) -> None:
    answer = post(as_patient, chat, (samples.bomb(), "фото.png"))
    assert (answer.status_code, "слишком много точек" in answer.text) == (422, True)


def test_closed_chat_takes_no_file_and_keeps_the_text(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    over = make_chat(patient, doctor, days_left=-1)
    answer = post(as_patient, over, PDF, text="Вот")
    assert answer.status_code in (409, 422)
    assert "Время общения истекло" in answer.text
    assert ">Вот</textarea>" in answer.text
    assert not messages(over)


def test_first_message_may_be_a_photo(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    fresh = make_chat(patient, doctor)
    assert post(as_patient, fresh, (samples.jpeg(), "фото.jpg")).status_code == 303
    db.session.remove()
    assert db.session.get_one(Chat, fresh.id).open_until is not None


def test_stranger_sends_nothing(as_stranger: Browser, visitor: Browser, chat: Chat) -> None:
    assert post(as_stranger, chat, PDF).status_code == 404
    assert post(visitor, chat, PDF).status_code == 303
    assert db.session.query(Attachment).count() == 0


def test_anothers_upload_is_not_mine_to_send(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    (key,) = kept_by(post(as_doctor, chat, PDF, text="я" * 4001))
    answer = post(as_patient, chat, text="Вот", uploads=[key])
    assert (answer.status_code, ">Вот</textarea>" in answer.text) == (422, True)
    assert not messages(chat)


def test_upload_goes_with_one_message_only(as_patient: Browser, chat: Chat) -> None:
    (key,) = kept_by(post(as_patient, chat, PDF, text="я" * 4001))
    assert post(as_patient, chat, uploads=[key]).status_code == 303
    assert post(as_patient, chat, uploads=[key]).status_code == 303  # the same message again
    answer = post(as_patient, chat, uploads=[key], client_id="client-0002")
    assert (answer.status_code, "уже отправлен" in answer.text) == (422, True)
    assert len(messages(chat)) == 1


def test_upload_of_another_chat_stays_there(as_patient: Browser, chat: Chat, patient: User, clinic: Flask) -> None:
    from factories import make_doctor

    other = make_chat(patient, make_doctor("Орлов Дмитрий"), days_left=2)
    (key,) = kept_by(post(as_patient, other, PDF, text="я" * 4001))
    assert post(as_patient, chat, uploads=[key]).status_code == 422


def test_what_lay_for_a_day_is_not_sent(as_patient: Browser, chat: Chat) -> None:
    (key,) = kept_by(post(as_patient, chat, PDF, text="я" * 4001))
    later(hours=25)
    answer = post(as_patient, chat, text="Вот", uploads=[key])
    assert (answer.status_code, "больше суток" in answer.text) == (422, True)
    assert not kept_by(answer)


def test_half_an_upload_is_not_sent(as_patient: Browser, chat: Chat) -> None:
    headers = {"X-CSRFToken": as_patient.token(), "Upload-Length": "100", "Upload-Metadata": "name YS50eHQ="}
    url = as_patient.open(f"/chats/{chat.id}/uploads", method="POST", headers=headers).location
    answer = post(as_patient, chat, text="Вот", uploads=[url.rsplit("/", 1)[1]])
    assert (answer.status_code, "ещё не загрузился" in answer.text) == (422, True)


def test_server_killed_before_it_looked_looks_when_it_is_sent(
    as_patient: Browser, chat: Chat, services: Services
) -> None:
    """All bytes were acknowledged: tus's client asks for no more."""
    body = samples.txt()
    headers = {"X-CSRFToken": as_patient.token(), "Upload-Length": str(len(body)), "Upload-Metadata": "name YS50eHQ="}
    url = as_patient.open(f"/chats/{chat.id}/uploads", method="POST", headers=headers).location
    key = url.rsplit("/", 1)[1]
    with services.uploads.hold(key) as part:
        part.append(io.BytesIO(body), len(body))
    assert as_patient.open(url, method="HEAD").headers["Upload-Offset"] == str(len(body))
    assert post(as_patient, chat, uploads=[key]).status_code == 303
    assert names(messages(chat)[0]) == ["a.txt"]


def test_names_are_found(as_patient: Browser, chat: Chat) -> None:
    post(as_patient, chat, PDF)
    found = as_patient.post("/messages/search", {"q": "анализ"})
    assert "анализы.pdf" in found.text


def test_large_form_needs_its_token(as_patient: Browser, chat: Chat) -> None:
    letter = {"text": "Вот", "client_id": "client-0001", "files": [(io.BytesIO(samples.txt()), "a.txt")]}
    answer = as_patient.open(f"/chats/{chat.id}/messages", method="POST", data=letter)
    assert (answer.status_code, "Страница устарела" in answer.text) == (400, True)


def test_body_beyond_all_limits_is_413(as_patient: Browser, chat: Chat, change_settings: Callable[..., None]) -> None:
    """Not even read."""
    change_settings(file_max=1024, files_max=2)
    assert post(as_patient, chat, (b"x" * 300 * 1024, "a.txt")).status_code == 413
    assert post(as_patient, chat, (b"x" * 1000, "a.txt")).status_code == 303


@pytest.mark.parametrize("count", [1, 2, 5])
def test_gist_tells_what_was_sent(as_patient: Browser, as_doctor: Browser, chat: Chat, count: int) -> None:
    post(as_patient, chat, *[(samples.jpeg(), f"{number}.jpg") for number in range(count)])
    assert ("Фото" if count == 1 else f"Фото: {count}") in as_doctor.get("/messages").text
