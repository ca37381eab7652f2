"""Search within one chat, and people among what «Сообщения» finds."""

from __future__ import annotations

import logging

import pytest
from browser import Browser
from factories import make_chat, make_doctor, say

from ibolit.blueprints.messages import views as messages_views
from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, Chat, Doctor, User
from ibolit.web import found_messages


def test_head_of_the_chat_leads_to_its_search(as_patient: Browser, chat: Chat) -> None:
    assert f'href="/chats/{chat.id}/search"' in as_patient.get(f"/chats/{chat.id}").text
    assert 'name="q"' in as_patient.get(f"/chats/{chat.id}/search").text


@pytest.mark.parametrize("htmx", [True, False])
def test_words_of_this_chat_are_found(
    as_patient: Browser, chat: Chat, patient: User, doctor: Doctor, htmx: bool
) -> None:
    say(make_chat(patient, make_doctor("Орлов Дмитрий"), days_left=1), patient, "Болит колено")
    said = say(chat, doctor.user, "Болит голова?")
    page = as_patient.post(f"/chats/{chat.id}/search", {"q": "боли"}, htmx=htmx).text
    found = page[page.index('id="found"') :]
    assert ("Болит голова?" in found, "Болит колено" in found) == (True, False)
    assert f"#message-{said.id}" in found
    assert "<html" in page if not htmx else "<html" not in page


def test_nothing_found_says_so(as_patient: Browser, chat: Chat) -> None:
    assert "В этом чате нет слов «мигрень»" in as_patient.post(f"/chats/{chat.id}/search", {"q": "мигрень"}).text


def test_what_is_found_of_the_other_was_read(as_patient: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    seq = say(chat, doctor.user, "Болит голова?").seq
    as_patient.post(f"/chats/{chat.id}/search", {"q": "голова"})
    row = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.CHAT_SEARCHED)).one()
    assert (row.actor_id, row.subject_id, row.first, row.last) == (patient.id, chat.id, seq, seq)


def test_no_word_that_is_looked_for_is_logged(
    as_patient: Browser, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for url in (f"/chats/{chat.id}/search", "/messages/search"):
        as_patient.post(url, {"q": "мигрень"})
    assert "мигрень" not in caplog.text


@pytest.mark.parametrize("htmx", [True, False])
def test_people_stand_above_messages(
    as_patient: Browser, chat: Chat, patient: User, doctor: Doctor, htmx: bool
) -> None:
    say(chat, doctor.user, "Иванова вам перезвонит")
    page = as_patient.post("/messages/search", {"q": "иванова"}, htmx=htmx).text
    assert page.index(">Люди<") < page.index(f'id="chat-{chat.id}-row"') < page.index("Иванова вам перезвонит")


def test_found_people_need_no_message(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "Здравствуйте!")
    page = as_doctor.post("/messages/search", {"q": patient.name.split()[0]}, htmx=True).text
    assert f'id="chat-{chat.id}-row"' in page
    assert "Ничего не нашли" not in page


@pytest.mark.parametrize("htmx", [True, False])
def test_more_messages_than_are_shown_are_told_of(
    as_patient: Browser, chat: Chat, patient: User, doctor: Doctor, htmx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was shown was read."""
    monkeypatch.setattr(found_messages, "FOUND", 2)
    seqs = [say(chat, doctor.user, f"Болит голова {number}").seq for number in range(2)]
    for url in (f"/chats/{chat.id}/search", "/messages/search"):
        assert "Найдено: 2\u00a0сообщения" in as_patient.post(url, {"q": "голова"}, htmx=htmx).text
    seqs.append(say(chat, doctor.user, "Болит голова 2").seq)
    for url in (f"/chats/{chat.id}/search", "/messages/search"):
        page = as_patient.post(url, {"q": "голова"}, htmx=htmx).text
        assert "Найдено больше 2 сообщений, показаны последние. Уточните поиск." in page
        found = page[page.index("Найдено") :]
        assert [f"голова {number}" in found for number in range(3)] == [False, True, True]
    searched = db.select(AuditEvent.first).where(AuditEvent.action == AuditAction.CHAT_SEARCHED)
    assert db.session.scalars(searched.order_by(AuditEvent.id)).all() == [seqs[0], seqs[0], seqs[1], seqs[1]]


def test_more_people_than_are_shown_are_told_of(
    as_patient: Browser, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages_views, "PEOPLE", 1)
    for name, told in (("Орлов Дмитрий", False), ("Орлова Мария", True)):
        say(make_chat(patient, make_doctor(name), days_left=1), patient, "Добрый день")
        page = as_patient.post("/messages/search", {"q": "орлов"}).text
        assert ("Показаны первые 1. Уточните поиск." in page) is told
