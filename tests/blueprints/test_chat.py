"""One open chat, through its doors."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from browser import Browser
from factories import add_tariff, make_chat, make_doctor, say
from flask import Flask
from reading import one_line

from ibolit.extensions import db
from ibolit.models import AccessMode, AuditAction, AuditEvent, Chat, ChatState, Doctor, Message, User
from ibolit.services import clock

LETTER = {"text": "Болит голова", "client_id": "abcdef123456"}


def texts(chat: Chat) -> list[str]:
    return [message.text for message in Message.page_of(chat)]


def test_patient_sends_without_scripts(as_patient: Browser, chat: Chat) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER)
    assert answer.status_code == 303
    assert answer.location.startswith(f"/chats/{chat.id}")
    assert texts(chat) == ["Болит голова"]


def test_htmx_gets_only_the_message(as_patient: Browser, chat: Chat) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Болит голова" in answer.text
    assert "message--mine" in answer.text


def test_same_id_and_text_is_the_same_message(as_patient: Browser, chat: Chat) -> None:
    first = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=True)
    second = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=True)
    assert first.text == second.text
    assert texts(chat) == ["Болит голова"]


def test_same_id_with_another_text_is_another_message(as_patient: Browser, chat: Chat) -> None:
    as_patient.post(f"/chats/{chat.id}/messages", LETTER)
    as_patient.post(f"/chats/{chat.id}/messages", LETTER | {"text": "И горло"})
    assert texts(chat) == ["Болит голова", "И горло"]


@pytest.mark.parametrize("text", ["\u200b\u200d\ufe0f\u3164\u202e", "\u2800"])
def test_what_nobody_sees_is_empty(as_patient: Browser, chat: Chat, text: str) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER | {"text": text})
    assert (answer.status_code, "Напишите сообщение" in answer.text) == (422, True)
    assert chat.last_seq == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Напишите сообщение"),
        (" \n ", "Напишите сообщение"),
        ("я" * 4001, "длиннее 4 000"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_bad_text_is_kept_and_explained(
    as_patient: Browser, chat: Chat, text: str, sentence: str, *, htmx: bool
) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER | {"text": text}, htmx=htmx)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert text.strip() in answer.text
    assert texts(chat) == []


@pytest.mark.parametrize("htmx", [True, False])
def test_expired_chat_refuses_and_keeps_the_text(
    as_patient: Browser, patient: User, doctor: Doctor, *, htmx: bool
) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=htmx)
    assert answer.status_code == 409
    assert "Время общения истекло" in answer.text
    assert "Продлить" in answer.text
    assert "Болит голова" in answer.text
    assert texts(chat) == []


def test_doctor_writes_into_expired_chat(as_doctor: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    assert as_doctor.post(f"/chats/{chat.id}/messages", LETTER).status_code == 303
    assert texts(chat) == ["Болит голова"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/messages?after=0"),
        ("GET", "/messages?before=5"),
        ("GET", "/tariffs"),
        ("POST", "/messages"),
        ("POST", "/receipts"),
        ("POST", "/typing"),
    ],
)
def test_stranger_gets_404_everywhere(as_stranger: Browser, chat: Chat, method: str, path: str) -> None:
    url = f"/chats/{chat.id}{path}"
    answer = as_stranger.get(url) if method == "GET" else as_stranger.post(url, LETTER)
    assert answer.status_code == 404


def test_opening_marks_read_and_writes_the_audit_log(
    as_doctor: Browser, chat: Chat, doctor: Doctor, patient: User
) -> None:
    say(chat, patient, "Первое")
    say(chat, patient, "Второе")
    as_doctor.get(f"/chats/{chat.id}")
    member = db.session.get_one(Chat, chat.id).member(doctor.user_id)
    assert (member.read_to, member.unread) == (2, 0)
    event = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.CHAT_READ)).one()
    assert (event.actor_id, event.subject_id, event.first, event.last) == (doctor.user_id, chat.id, 1, 2)


def test_prefetch_reads_nothing(as_doctor: Browser, chat: Chat, doctor: Doctor, patient: User) -> None:
    say(chat, patient)
    as_doctor.get(f"/chats/{chat.id}", headers={"Sec-Purpose": "prefetch"})
    assert db.session.get_one(Chat, chat.id).member(doctor.user_id).unread == 1


def test_copy_to_be_kept_is_audited_and_marks_nothing_read(
    as_doctor: Browser, chat: Chat, doctor: Doctor, patient: User
) -> None:
    say(chat, patient)
    assert as_doctor.get(f"/chats/{chat.id}", headers={"X-Kept-Copy": "1"}).status_code == 200
    assert db.session.get_one(Chat, chat.id).member(doctor.user_id).unread == 1
    assert db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.CHAT_READ)).one().last == 1


def test_after_a_revision_come_new_messages_and_ticks(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    seen = say(chat, doctor.user, "Старое").revision
    say(chat, doctor.user, "Новое")
    answer = as_patient.get(f"/chats/{chat.id}/messages?after={seen}", htmx=True)
    assert "Новое" in answer.text
    assert "Старое" not in answer.text
    assert f'id="chat-{chat.id}-receipts"' in answer.text


# The page


def seen(page: str) -> str:
    """Without what only scripts draw by."""
    return re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)


def shown(page: str) -> list[str]:
    return re.findall(r'<div class="message__text">(.*?)</div>', seen(page), re.DOTALL)


def test_page_opens_at_the_first_unread_and_marks_it_read(
    as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    for text in ("Раз", "Два"):
        say(chat, patient, text)
    as_doctor.get(f"/chats/{chat.id}")
    say(chat, patient, "Три")
    page = as_doctor.get(f"/chats/{chat.id}").text.partition('class="messages"')[2]
    assert page.index("Два") < page.index('id="unread"') < page.index("Три")
    assert 'id="unread"' not in as_doctor.get(f"/chats/{chat.id}").text


def test_unread_begins_after_ones_own_last_words(
    as_patient: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    """One asks, leaves and comes back to the answers: nobody has read his own question."""
    say(chat, patient, "Вопрос")
    say(chat, doctor.user, "Первый ответ")
    say(chat, doctor.user, "Второй ответ")
    page = as_patient.get(f"/chats/{chat.id}").text
    assert page.count('id="unread"') == 1
    assert page.rindex("Вопрос") < page.index('id="unread"') < page.index("Первый ответ")


def test_own_words_are_never_unread(as_patient: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "Раз")
    assert 'id="unread"' not in as_patient.get(f"/chats/{chat.id}").text


def test_long_absence_is_shown_from_its_beginning(as_doctor: Browser, chat: Chat, patient: User) -> None:
    for number in range(120):
        say(chat, patient, str(number))
    for length in (120, 50):
        assert len(shown(as_doctor.get(f"/chats/{chat.id}").text)) == length


def test_older_messages_come_by_pages_without_scripts_too(as_patient: Browser, chat: Chat, patient: User) -> None:
    for number in range(1, 121):
        say(chat, patient, str(number))
    page = one_line(as_patient.get(f"/chats/{chat.id}").text)
    assert shown(page) == [str(number) for number in range(71, 121)]
    link = re.search(r'class="older"[^>]*>\s*<a [^>]*?href="([^"#]+)[^"]*" hx-get="([^"]+)"', page)
    assert link is not None
    older = as_patient.get(link.group(2), htmx=True).text
    assert shown(older) == [str(number) for number in range(21, 71)]
    assert "<html" not in older
    page = as_patient.get(link.group(1)).text
    assert shown(page) == shown(older)
    assert "К последним сообщениям" in page
    assert as_patient.get(link.group(2)).location.startswith(link.group(1))
    last = as_patient.get(f"/chats/{chat.id}/messages?before=21", htmx=True).text
    assert shown(last) == [str(number) for number in range(1, 21)]
    assert "Показать раньше" not in last


def test_reading_old_pages_moves_no_receipts(as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    for number in range(3):
        say(chat, patient, str(number))
    as_doctor.get(f"/chats/{chat.id}?before=2")
    as_doctor.get(f"/chats/{chat.id}/messages?before=2", htmx=True)
    as_doctor.get(f"/chats/{chat.id}/messages?after=0", htmx=True)
    assert db.session.get_one(Chat, chat.id).member(doctor.user_id).unread == 3
    events = db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(event.first, event.last) for event in events] == [(1, 1), (1, 1), (1, 3)]


def test_text_is_shown_as_written(as_patient: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "<script>alert(1)</script> & строка\nвторая https://example.org/a?b=1 javascript:alert(1)")
    [text] = shown(as_patient.get(f"/chats/{chat.id}").text)
    assert text.startswith("&lt;script&gt;alert(1)&lt;/script&gt; &amp; строка\nвторая <a href=")
    assert text.count("<a ") == 1
    assert 'rel="nofollow noopener ugc"' in text


def test_days_are_separated_and_neighbours_grouped(as_patient: Browser, chat: Chat, patient: User) -> None:
    for number in range(3):
        say(chat, patient, str(number))
    first = db.session.scalars(db.select(Message).where(Message.seq == 1)).one()
    first.sent_at = clock.now() - timedelta(days=400)
    db.session.commit()
    page = as_patient.get(f"/chats/{chat.id}").text
    assert [kind.split() for kind in re.findall(r'<article[^>]* class="([^"]+)"', seen(page))] == [
        ["message", "message--mine", "message--new-day"],
        ["message", "message--mine", "message--new-day"],
        ["message", "message--mine", "message--continues"],
    ]
    assert "Сегодня" in page


def test_neighbours_stand_together_as_long_as_the_page_tells_its_scripts(
    as_patient: Browser, chat: Chat, patient: User
) -> None:
    first, second = (say(chat, patient, text).seq for text in ("Раз", "Два"))
    page = as_patient.get(f"/chats/{chat.id}").text
    together = timedelta(milliseconds=int(re.findall(r'data-together="(\d+)"', page)[0]))
    for apart, expected in ((together - timedelta(seconds=1), True), (together, False)):
        noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        for seq, moment in ((first, noon - apart), (second, noon)):
            db.session.scalars(db.select(Message).where(Message.seq == seq)).one().sent_at = moment
        db.session.commit()
        assert ("message--continues" in seen(as_patient.get(f"/chats/{chat.id}").text)) is expected


def test_ticks_and_words_that_scripts_draw_are_the_servers(as_patient: Browser, chat: Chat) -> None:
    page = one_line(as_patient.get(f"/chats/{chat.id}").text)
    [drawn] = re.findall(r'<template id="chat-patterns">(.*?)</template>', page, re.DOTALL)
    assert re.findall(r'ticks--(\w+)".*?class="sr">, (\w+)<', drawn) == [
        ("waiting", "отправляем"),
        ("delivered", "доставлено"),
        ("read", "прочитано"),
    ]
    assert f'data-list="chat-{chat.id}-messages" data-chat="{chat.id}"' in drawn


def test_times_are_in_the_readers_zone(as_patient: Browser, chat: Chat, patient: User) -> None:
    message = say(chat, patient)
    message.sent_at = datetime(2026, 1, 1, 22, 30, tzinfo=UTC)
    db.session.get_one(User, patient.id).choose_zone("Asia/Omsk")
    db.session.commit()
    page = as_patient.get(f"/chats/{chat.id}").text
    assert ">04:30</time>" in page
    assert 'data-day="2026-01-02"' in page


def test_ticks_follow_the_others_receipts(as_patient: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    for text in ("Раз", "Два", "Три"):
        say(chat, patient, text)
    db.session.get_one(Chat, chat.id).update_receipts(doctor.user, delivered_to=2, read_to=1)
    db.session.commit()
    page = as_patient.get(f"/chats/{chat.id}").text
    assert re.findall(r"ticks--(\w+)", seen(page)) == ["read", "delivered", "sent"]
    assert 'data-delivered-to="2" data-read-to="1"' in page


def test_legal_lines_stand_before_the_first_message(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User
) -> None:
    page = as_patient.get(f"/chats/{chat.id}").text
    assert "не ставит первичный диагноз" in page
    assert "103" in page
    assert "112" in page
    assert "первичный диагноз" not in as_doctor.get(f"/chats/{chat.id}").text
    say(chat, patient)
    assert "первичный диагноз" not in as_patient.get(f"/chats/{chat.id}").text


@pytest.mark.parametrize(
    ("free_days", "days_left", "access", "strip", "composer"),
    [
        (3, None, AccessMode.FREE, "Бесплатно 3\u00a0дня с первого сообщения", True),
        (0, None, AccessMode.FREE, "Выберите тариф, чтобы написать", False),
        (3, 2, AccessMode.FREE, "Бесплатно до", True),
        (3, 0.5, AccessMode.UNTIL, "Открыто до", True),
        (3, -1, AccessMode.FREE, "Время общения истекло", False),
        (3, -1, AccessMode.UNTIL, "Время общения истекло", False),
        (3, None, AccessMode.UNLIMITED, "Без ограничения времени", True),
    ],
)
def test_strip_and_composer_follow_the_time(
    as_patient: Browser, as_doctor: Browser, patient: User,
    free_days: int, days_left: float | None, access: AccessMode, strip: str, composer: bool,
) -> None:  # fmt: skip
    doctor = make_doctor("Орлов Дмитрий", free_days=free_days)
    chat = make_chat(patient, doctor, days_left=days_left, access=access)
    page = as_patient.get(f"/chats/{chat.id}").text
    assert strip in page
    assert ('<textarea class="composer__text"' in page) is composer
    can_be_prolonged = chat.state in (ChatState.LAST_DAY, ChatState.OVER, ChatState.NEEDS_TARIFF)
    assert (f'href="/chats/{chat.id}/tariffs">Продлить' in page) is can_be_prolonged


def test_doctor_has_the_composer_after_the_end(as_doctor: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert "composer__text" in page
    assert "Продлить" not in page


@pytest.mark.parametrize("why", ["hidden", "sells nothing"])
def test_closed_doctor_leaves_no_dead_button(as_patient: Browser, patient: User, doctor: Doctor, why: str) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    doctor = db.session.get_one(Doctor, doctor.id)
    if why == "hidden":
        doctor.hidden = True
    else:
        doctor.tariffs[0].hidden = True
    db.session.commit()
    for page in (as_patient.get(f"/chats/{chat.id}").text, as_patient.get(f"/chats/{chat.id}/tariffs").text):
        assert "Врач сейчас не принимает сообщения" in page
        assert f'href="/chats/{chat.id}/tariffs"' not in page


def test_presence_of_the_other(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    as_patient.get("/profile")  # seen at the sign-in, not by this
    assert "на связи" not in as_patient.get(f"/chats/{chat.id}").text
    db.session.get_one(User, doctor.user_id).seen_at = clock.now()
    db.session.get_one(User, patient.id).seen_at = clock.now()
    db.session.commit()
    assert "на связи" in as_patient.get(f"/chats/{chat.id}").text
    assert "на связи" in as_doctor.get(f"/chats/{chat.id}").text
    db.session.get_one(Doctor, doctor.id).available = False
    db.session.commit()
    assert "на связи" not in as_patient.get(f"/chats/{chat.id}").text


# Changes after a revision


def test_page_is_sure_of_no_more_than_it_shows(
    as_doctor: Browser, chat: Chat, patient: User, clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message comes between the reading of the page and the receipt that marks it read."""
    say(chat, patient, "Раз")
    read_page = Message.page_of

    def meanwhile() -> None:
        with clinic.app_context():
            say(chat, patient, "Два")
            db.session.remove()

    def read_slowly(*args: Any, **more: Any) -> list[Message]:
        found = read_page(*args, **more)
        other = Thread(target=meanwhile)
        other.start()
        other.join()
        return found

    monkeypatch.setattr(Message, "page_of", read_slowly)
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert shown(page) == ["Раз"]
    assert shown(as_doctor.get(f"/chats/{chat.id}/messages?after={sure_of(page)}", htmx=True).text) == ["Два"]


def test_own_receipt_leaves_nothing_to_ask(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "Раз")
    sure = sure_of(as_doctor.get(f"/chats/{chat.id}").text)
    url = f"/chats/{chat.id}/messages?after={sure}&state={chat.state}"
    assert as_doctor.get(url, htmx=True).status_code == 204


def sure_of(page: str) -> str:
    found = re.search(r'data-changes="[^>]* data-revision="(\d+)"', page)
    assert found is not None
    return found.group(1)


def test_sync_says_what_to_ask_next(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    for number in range(205):
        say(chat, doctor.user, str(number))
    page = as_patient.get(f"/chats/{chat.id}/messages?after=0", htmx=True).text
    assert len(shown(page)) == 200
    assert 'data-complete="200" data-more' in page
    page = as_patient.get(f"/chats/{chat.id}/messages?after=200", htmx=True).text
    assert len(shown(page)) == 5
    assert 'data-complete="205"></i>' in page
    assert f'id="chat-{chat.id}-strip"' in page
    assert f'id="chat-{chat.id}-foot"' in page
    assert as_patient.get(f"/chats/{chat.id}/messages?after=200").location == f"/chats/{chat.id}"


@pytest.mark.every_case
@pytest.mark.parametrize("query", ["", "?after=", "?after=x", "?after=-1", "?before=", "?before=0", "?before=-5"])
def test_strange_positions_break_nothing(as_patient: Browser, chat: Chat, doctor: Doctor, query: str) -> None:
    say(chat, doctor.user)
    for htmx in (True, False):
        assert as_patient.get(f"/chats/{chat.id}/messages{query}", htmx=htmx).status_code in (200, 303)
        assert as_patient.get(f"/chats/{chat.id}{query}", htmx=htmx).status_code == 200


@pytest.mark.parametrize("url", ["?before={}", "/messages?before={}", "/messages?after={}"])
def test_numbers_beyond_any_message(as_patient: Browser, chat: Chat, doctor: Doctor, url: str) -> None:
    say(chat, doctor.user)
    for number in (2**31, 2**62, 10**30):
        answer = as_patient.get(f"/chats/{chat.id}" + url.format(number), htmx=True)
        assert answer.status_code in (200, 404)


# Receipts and typing


def test_receipts_come_in_a_batch_and_write_the_audit_log(
    as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    for number in range(5):
        say(chat, patient, str(number))
    url = f"/chats/{chat.id}/receipts"
    for letter in ({"delivered_to": 5, "read_to": 3}, {"delivered_to": 2, "read_to": 1}, {}):
        assert as_doctor.post(url, letter).status_code == 204
    member = db.session.get_one(Chat, chat.id).member(doctor.user_id)
    assert (member.delivered_to, member.read_to, member.unread) == (5, 3, 2)
    as_doctor.post(url, {"read_to": 10**30})
    events = db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(event.action, event.first, event.last) for event in events] == [
        (AuditAction.CHAT_READ, 1, 3),
        (AuditAction.CHAT_READ, 4, 5),
    ]


@pytest.mark.parametrize("letter", [{"read_to": ""}, {"read_to": "x"}, {"read_to": "-1"}, {"delivered_to": "1.5"}])
def test_broken_receipts_are_refused(as_doctor: Browser, chat: Chat, letter: dict[str, object]) -> None:
    assert as_doctor.post(f"/chats/{chat.id}/receipts", letter).status_code == 400


def test_typing_is_told_and_stored_nowhere(as_patient: Browser, chat: Chat) -> None:
    before = db.session.get_one(Chat, chat.id).revision
    assert as_patient.post(f"/chats/{chat.id}/typing").status_code == 204
    assert db.session.get_one(Chat, chat.id).revision == before


# Sending


@pytest.mark.every_case
@pytest.mark.parametrize("client_id", ["", "short", "с кириллицей", "a" * 41, "../../etc", "again-" + "0" * 48])
def test_strange_client_id_is_refused(as_patient: Browser, chat: Chat, client_id: str) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER | {"client_id": client_id}, htmx=True)
    assert answer.status_code == 422
    assert "Болит голова" in answer.text
    assert texts(chat) == []


def test_longest_text_goes_through_and_line_breaks_are_one(as_patient: Browser, chat: Chat) -> None:
    as_patient.post(f"/chats/{chat.id}/messages", LETTER | {"text": " раз\r\nдва\x00\x07 " + "я" * 3991})
    [text] = texts(chat)
    assert text.startswith("раз\nдва ")
    assert len(text) == 3999


def test_first_message_of_the_patient_begins_the_free_time(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor)
    as_patient.post(f"/chats/{chat.id}/messages", LETTER)
    assert db.session.get_one(Chat, chat.id).state is ChatState.OPEN


@pytest.mark.parametrize("htmx", [True, False])
def test_without_free_days_the_server_refuses_too(as_patient: Browser, patient: User, htmx: bool) -> None:
    chat = make_chat(patient, make_doctor("Орлов Дмитрий", free_days=0))
    answer = as_patient.post(f"/chats/{chat.id}/messages", LETTER, htmx=htmx)
    assert answer.status_code == 409
    assert "Выберите тариф, чтобы написать" in answer.text
    assert "Болит голова" in answer.text
    assert "Продлить" in answer.text


def test_refused_page_reads_the_others_words_into_the_audit_log(
    as_patient: Browser, patient: User, doctor: Doctor
) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    say(chat, doctor.user, "Как вы?")
    assert "Как вы?" in as_patient.post(f"/chats/{chat.id}/messages", LETTER).text
    event = db.session.scalars(db.select(AuditEvent)).one()
    assert (event.action, event.actor_id, event.first, event.last) == (AuditAction.CHAT_READ, patient.id, 1, 1)


# «Продлить»


@pytest.mark.parametrize("htmx", [True, False])
def test_tariffs_are_listed_with_days_and_prices(as_patient: Browser, chat: Chat, doctor: Doctor, htmx: bool) -> None:
    add_tariff(doctor, title="Неделя общения", days=7, price=900_00, is_recommended=True)
    add_tariff(doctor, title="Скрытый", days=1, price=100, hidden=True)
    page = as_patient.get(f"/chats/{chat.id}/tariffs", htmx=htmx).text
    assert page.index("Неделя общения") < page.index("Тариф 1")
    for words in ("7\u00a0дней", "900\u00a0₽", "30\u00a0дней", "2\u00a0500\u00a0₽", "обычно берут этот"):
        assert words in page
    assert "Скрытый" not in page
    assert ("<html" in page) is not htmx


def test_unlimited_chat_is_sold_nothing(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, access=AccessMode.UNLIMITED)
    page = as_patient.get(f"/chats/{chat.id}/tariffs").text
    assert "без ограничения времени" in page
    assert "2\u00a0500" not in page


def test_doctor_of_another_patient_gets_404(clinic: Flask, chat: Chat) -> None:
    other = Browser(clinic, make_doctor("Орлов Дмитрий").user)
    for url in (f"/chats/{chat.id}", f"/chats/{chat.id}/tariffs", f"/chats/{chat.id}/messages"):
        for htmx in (True, False):
            assert other.get(url, htmx=htmx).status_code == 404


def test_more_unread_than_a_page_holds_is_read_page_by_page(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    for number in range(1, 431):
        chat.post(doctor.user, f"Письмо {number}.", f"unread-{number:04}")
    db.session.commit()
    chat_id, patient_id = chat.id, chat.patient_id

    def seqs(query: str = "") -> list[int]:
        page = as_patient.get(f"/chats/{chat_id}{query}").text
        assert page.count('id="unread"') == ("end" not in query)
        if not query:
            assert len(shown(page.split('id="unread"')[0])) in (0, 10)
        return [int(one.removeprefix("Письмо ").removesuffix(".")) for one in shown(page)]

    def read_to() -> int:
        return db.session.get_one(Chat, chat_id).member(patient_id).read_to

    # To the end and back: what was jumped over stays unread.
    assert seqs("?end=1")[-1] == 430
    assert read_to() == 0
    first = seqs()
    assert (first[0], first[-1], read_to()) == (1, 190, 190)
    second = seqs()
    assert (second[0], second[-1], read_to()) == (181, 380, 380)
    third = seqs()
    assert (third[-1], read_to()) == (430, 430)
