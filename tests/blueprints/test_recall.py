"""«Отозвать» and «Ответить» through the doors: with htmx and without, for others, on open screens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import Browser
from factories import attach, later, say

from ibolit.extensions import db
from ibolit.models import Attachment, AuditAction, AuditEvent, Chat, Doctor, Message, User, Variant
from ibolit.services import Services


def press(browser: Browser, chat: Chat, seq: int, *, htmx: bool = False):  # type: ignore[no-untyped-def]
    id = db.session.scalars(db.select(Message.id).where(Message.chat_id == chat.id, Message.seq == seq)).one()
    return browser.post(f"/messages/{id}/recall", htmx=htmx)


@pytest.mark.parametrize("htmx", [True, False])
def test_recalled_message_says_so_to_both(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, htmx: bool
) -> None:
    seq = say(chat, patient, "Не тому врачу").seq
    assert ">Отозвать<" in as_patient.get(f"/chats/{chat.id}").text
    answer = press(as_patient, chat, seq, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    for browser in (as_patient, as_doctor):
        page = browser.get(f"/chats/{chat.id}").text
        assert "Не тому врачу" not in page
        assert "Сообщение отозвано" in page
        assert ">Отозвать<" not in page
    assert "Сообщение отозвано" in as_doctor.get("/messages").text


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(("why", "sentence"), [("read", "уже прочитано"), ("old", "Прошло больше 5 минут")])
def test_too_late_is_said_beneath_it(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, htmx: bool, why: str, sentence: str
) -> None:
    seq = say(chat, patient, "Болит голова").seq
    if why == "read":
        as_doctor.get(f"/chats/{chat.id}")
    else:
        later(minutes=6)
    answer = press(as_patient, chat, seq, htmx=htmx)
    assert answer.status_code == 409
    assert sentence in answer.text
    assert "Болит голова" in answer.text


def test_stranger_and_the_other_side_find_nothing_to_recall(
    as_stranger: Browser, as_doctor: Browser, chat: Chat, patient: User
) -> None:
    seq = say(chat, patient).seq
    for browser in (as_stranger, as_doctor):
        assert press(browser, chat, seq).status_code == 404
    assert ">Отозвать<" not in as_doctor.get(f"/chats/{chat.id}").text


def test_recalling_stands_in_the_audit_log(as_patient: Browser, chat: Chat, patient: User) -> None:
    seq = say(chat, patient).seq
    press(as_patient, chat, seq)
    row = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.MESSAGE_RECALLED)).one()
    assert (row.actor_id, row.subject_id, row.first, row.last) == (patient.id, chat.id, seq, seq)


def test_files_of_it_are_deleted(
    as_patient: Browser, chat: Chat, patient: User, services: Services, tmp_path: Path
) -> None:
    (tmp_path / "photo").write_bytes(b"photo")
    picture = attach(chat, patient)
    name, id = picture.file_of(Variant.ORIGINAL), picture.id
    services.storage.put(name, tmp_path / "photo")
    seq = say(chat, patient, "", files=[picture]).seq
    assert as_patient.get(f"/files/{id}").status_code == 200
    press(as_patient, chat, seq)
    assert as_patient.get(f"/files/{id}").status_code == 404
    assert db.session.get(Attachment, id) is None
    with pytest.raises(FileNotFoundError):
        services.storage.size(name)


def test_open_screens_hear_of_it(
    as_patient: Browser, chat: Chat, patient: User, doctor: Doctor, services: Services
) -> None:
    seq = say(chat, patient, "Не тому врачу").seq
    queue = services.realtime.open(doctor.user_id, 0)
    press(as_patient, chat, seq)
    shown = "\n".join(iter(queue.take, None))
    services.realtime.close(queue)
    assert 'class="message message--new-day"' in shown
    assert "message__bubble--recalled" in shown
    assert "row--unread" not in shown
    assert re.search(r'id="badge"[^>]* hidden', shown)


# «Ответить»


def test_link_puts_the_quote_over_the_field(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    seq = say(chat, doctor.user, "Какое давление?").seq
    page = as_patient.get(f"/chats/{chat.id}").text
    assert f'href="/chats/{chat.id}?quote={seq}#composer-text"' in page
    asked = as_patient.get(f"/chats/{chat.id}?quote={seq}").text
    over = asked[asked.index('class="quoting"') : asked.index("quoting__close")]
    assert f'name="quoted" value="{seq}"' in over
    assert "Какое давление?" in over
    assert doctor.user.name in over
    assert " hidden>" not in over.partition(">")[0] + ">"


@pytest.mark.parametrize("htmx", [True, False])
def test_answer_carries_its_quote(
    as_patient: Browser, as_doctor: Browser, chat: Chat, doctor: Doctor, htmx: bool
) -> None:
    seq = say(chat, doctor.user, "Какое давление?").seq
    sent = {"text": "120 на 80", "client_id": "abcdef123456", "quoted": str(seq)}
    answer = as_patient.post(f"/chats/{chat.id}/messages", sent, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    bubble = as_doctor.get(f"/chats/{chat.id}").text.rpartition('<article id="message-2"')[2]
    assert re.search(r'class="quote__who">\s*Вы<', bubble)
    assert "Какое давление?" in bubble
    assert "120 на 80" in bubble


@pytest.mark.parametrize("quoted", ["77", "-1", "0", "x", "9" * 30])
def test_unknown_quote_keeps_what_was_typed(as_patient: Browser, chat: Chat, quoted: str) -> None:
    sent = {"text": "120 на 80", "client_id": "abcdef123456", "quoted": quoted}
    answer = as_patient.post(f"/chats/{chat.id}/messages", sent, htmx=True)
    assert answer.status_code == 422
    assert "на которое вы отвечаете, здесь нет" in answer.text
    assert "120 на 80" in answer.text
    assert 'name="quoted" value=""' in answer.text


@pytest.mark.parametrize("quote", ["77", "0", "-3", "x", "9" * 30])
def test_quote_in_an_address_that_is_none_is_passed_over(as_patient: Browser, chat: Chat, quote: str) -> None:
    page = as_patient.get(f"/chats/{chat.id}?quote={quote}")
    assert page.status_code == 200
    assert 'name="quoted" value=""' in page.text


def test_closed_chat_offers_no_answer(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    say(chat, doctor.user)
    later(days=400)
    assert "message__reply" not in as_patient.get(f"/chats/{chat.id}").text
