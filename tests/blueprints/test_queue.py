"""A doctor's queue through its doors: who waits, what ends it, who is next; and what anybody puts away."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browser import Browser
from factories import later, make_chat, make_doctor, make_user, propose, say
from flask import Flask
from queries import Queries
from reading import plain, words
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, User
from ibolit.services import clock


def now(chat: Chat) -> Chat:
    db.session.expire_all()
    return db.session.get_one(Chat, chat.id)


def rows(page: str) -> list[str]:
    return re.findall(r'<b class="row__name">([^<]+)</b>', page)


def chip(page: str, word: str) -> str:
    """Its number; nothing when it is not shown."""
    found = re.search(rf'<span id="chip-{word}" class="chip__number"( hidden)?[^>]*>(\d+)</span>', page)
    assert found is not None
    return "" if found[1] else found[2]


def bar(page: str, chat: Chat) -> str:
    """What stands over the composer."""
    found = re.search(rf'<div id="chat-{chat.id}-queue" class="queue-bar"[^>]*>(.*?)</div>', page, re.DOTALL)
    assert found is not None
    return words(found[1])


@pytest.fixture
def others(doctor: Doctor) -> list[Chat]:
    """Three more who have written, each an hour after the one before."""
    chats = []
    for number in range(3):
        other = make_chat(make_user(f"Пациент {number}"), doctor, days_left=3)
        say(other, other.patient, f"Вопрос {number}")
        later(hours=number + 1)
        chats.append(other)
    return chats


@pytest.mark.usefixtures("others")
def test_the_longest_waiting_are_first_and_say_how_long(as_doctor: Browser) -> None:
    later(hours=25, minutes=30)
    page = as_doctor.get("/messages?only=waiting").text
    assert rows(page) == ["Пациент 0", "Пациент 1", "Пациент 2"]
    waits = re.findall(r'class="row__waited">([^<]+)<', page)
    assert [plain(words) for words in waits] == ["ждёт 1 день", "ждёт 1 день", "ждёт 23 ч"]
    assert (chip(page, "waiting"), chip(page, "unread")) == ("3", "3")


def test_next_pages_go_on_behind_and_among_the_emergencies(
    as_doctor: Browser, others: list[Chat], doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ibolit.web.inbox.PAGE", 2)
    for number in range(3):
        urgent = make_chat(make_user(f"Срочно {number}"), doctor, days_left=3)
        urgent.post(urgent.patient, "Сильно болит в груди, не могу дышать", f"urgent-{number:06}")
        db.session.commit()
        later(hours=number + 4)
    shown, url = [], "/messages?only=waiting"
    for _ in range(4):
        page = as_doctor.get(url, htmx=len(shown) > 0).text
        shown.append(rows(page))
        more = re.search(r'class="more"[^>]*><a class="button" href="([^"]+)"', page)
        url = more[1].replace("&amp;", "&") if more else ""
        if not url:
            break
    assert shown == [["Срочно 0", "Срочно 1"], ["Срочно 2", "Пациент 0"], ["Пациент 1", "Пациент 2"]]


def test_past_the_promise_the_row_says_what_was_promised(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    mine = now(chat)
    mine.promised_hours, mine.promise_missed_at = 4, clock.now()
    db.session.commit()
    page = plain(as_doctor.get("/messages?only=waiting").text)
    assert "ждёт 1 мин, обещано 4 ч" in page
    assert "row__wait--missed" in page
    assert "queue-bar__words--missed" in as_doctor.get(f"/chats/{chat.id}").text


def test_numbers_are_not_shown_to_who_has_nobody_waiting(as_doctor: Browser, chat: Chat, doctor: Doctor) -> None:
    say(chat, doctor.user)
    page = as_doctor.get("/messages").text
    assert (chip(page, "waiting"), chip(page, "unread")) == ("", "")


def test_answers_in_turn_without_scripts(as_doctor: Browser, others: list[Chat]) -> None:
    """Typed and sent, then «Следующий»: two presses a chat."""
    first = others[0]
    page = as_doctor.get(f"/chats/{first.id}").text
    assert "Ждёт" in bar(page, first)
    assert "Ответ не нужен" in bar(page, first)
    for number, chat in enumerate(others):
        answer = {"text": "Пейте воду", "client_id": f"answer-{number:06}"}
        page = as_doctor.post(f"/chats/{chat.id}/messages", answer, follow_redirects=True).text
        if chat is not others[-1]:
            left = len(others) - number - 1
            assert bar(page, chat) == f"{'Ждёт' if left == 1 else 'Ждут'} ещё {left} Следующий →"
            answered = as_doctor.get(f"/messages/next?but={chat.id}")
            assert (answered.status_code, answered.location) == (303, f"/chats/{others[number + 1].id}#unread")
        else:
            assert bar(page, chat) == ""
    assert as_doctor.get("/messages/next").location == "/messages?only=waiting"
    assert "Никто не ждёт вашего ответа" in as_doctor.get("/messages?only=waiting").text


def test_next_is_told_with_the_answer_itself(as_doctor: Browser, others: list[Chat]) -> None:
    chat = others[0]
    letter = {"text": "Пейте воду", "client_id": "answer-000001"}
    page = as_doctor.post(f"/chats/{chat.id}/messages", letter, htmx=True).text
    assert bar(page, chat) == "Ждут ещё 2 Следующий →"


def test_no_answer_needed_from_the_chat(as_doctor: Browser, others: list[Chat]) -> None:
    chat = others[0]
    answered = as_doctor.post(f"/chats/{chat.id}/dismissal", {"seen": "1"}, htmx=True)
    assert bar(answered.text, chat) == "Ждут ещё 2 Следующий →"
    assert not now(chat).is_waiting
    plain = as_doctor.post(f"/chats/{others[1].id}/dismissal", {"seen": "1"})
    assert (plain.status_code, plain.location) == (303, f"/chats/{others[1].id}#end")


def test_no_answer_needed_from_the_list(as_doctor: Browser, others: list[Chat]) -> None:
    """The list is swapped, under the filter one looks at, and the sheet is gone."""
    sheet = as_doctor.get(f"/chats/{others[0].id}/actions", htmx=True).text
    assert "Ответ не нужен" in sheet
    here = {"HX-Current-URL": "http://localhost/messages?only=waiting"}
    swapped = as_doctor.post(
        f"/chats/{others[0].id}/dismissal", {"seen": "1", "place": "list"}, htmx=True, headers=here
    ).text
    assert rows(swapped) == ["Пациент 1", "Пациент 2"]
    assert 'data-shows="waiting"' in swapped
    assert '<div id="sheet" hx-swap-oob="true"></div>' in swapped
    assert chip(swapped, "waiting") == "2"
    plain = as_doctor.post(f"/chats/{others[1].id}/dismissal", {"seen": "1", "place": "list", "only": "waiting"})
    assert (plain.status_code, plain.location) == (303, "/messages?only=waiting")


@pytest.mark.parametrize("seen", ["", "0", "-7", "много", "9" * 5000])
def test_page_that_has_seen_nothing_settles_nothing(as_doctor: Browser, others: list[Chat], seen: str) -> None:
    as_doctor.post(f"/chats/{others[0].id}/dismissal", {"seen": seen})
    assert now(others[0]).is_waiting


def test_closed_chat_says_so_and_takes_messages(
    as_doctor: Browser, as_patient: Browser, chat: Chat, patient: User
) -> None:
    chat.open_until = clock.now() + timedelta(days=5)
    db.session.commit()
    say(chat, patient, "Спасибо!")
    answered = as_doctor.post(f"/chats/{chat.id}/closing", {"seen": "1"})
    assert (answered.status_code, answered.location) == (303, "/messages")
    for browser in (as_doctor, as_patient):
        assert "Чат завершён" in browser.get("/messages").text
        page = browser.get(f"/chats/{chat.id}").text
        assert "Чат завершён, можно писать до" in plain(page)
        assert "composer__text" in page
    as_patient.post(f"/chats/{chat.id}/messages", {"text": "Ещё вопрос", "client_id": "client-000001"})
    page = as_doctor.get("/messages?only=waiting").text
    assert rows(page) == ["Анна Соколова"]
    assert "Чат завершён" not in re.sub(r"row__text.*?</span>", "", page)


def test_actions_over_the_list_change_it_and_on_their_own_page_lead_back(as_doctor: Browser, chat: Chat) -> None:
    """A tap before the scripts have begun opens the page, where there is no list to be exchanged."""
    say(chat, chat.patient)
    url = f"/chats/{chat.id}/actions"
    assert 'hx-target="#inbox"' in as_doctor.get(url, htmx=True).text
    page = as_doctor.get(url).text
    assert f'action="/chats/{chat.id}/archiving"' in page
    assert "#inbox" not in page


def test_closing_beside_news_says_so(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    say(chat, patient, "И ещё")
    refused = as_doctor.post(f"/chats/{chat.id}/closing", {"seen": "1"}, htmx=True)
    assert refused.status_code == 409
    assert "Пока вы завершали чат, пришло новое сообщение." in refused.text
    assert refused.headers["HX-Retarget"] == "#sheet"
    plain = as_doctor.post(f"/chats/{chat.id}/closing", {"seen": "1"})
    assert (plain.status_code, "Пока вы завершали чат" in plain.text) == (409, True)
    assert not now(chat).is_closed


def test_both_sides_put_away_and_bring_back(as_doctor: Browser, as_patient: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    for browser, name in ((as_doctor, "Анна Соколова"), (as_patient, "Иванова Елена Сергеевна")):
        browser.get(f"/chats/{chat.id}")  # read
        assert "Убрать в архив" in browser.get(f"/chats/{chat.id}/actions").text
        browser.post(f"/chats/{chat.id}/archiving", {"seen": "1", "archived": "1"})
        page = browser.get("/messages").text
        assert (rows(page), "В архиве: 1" in page) == ([], True)
        assert rows(browser.get("/messages?only=archived").text) == [name]
        assert "Вернуть из архива" in browser.get(f"/chats/{chat.id}/actions").text
        browser.post(f"/chats/{chat.id}/archiving", {"archived": "0"})
        assert rows(browser.get("/messages").text) == [name]


def test_who_waits_is_not_hidden_by_the_archive(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    as_doctor.get(f"/chats/{chat.id}")
    as_doctor.post(f"/chats/{chat.id}/archiving", {"seen": "1", "archived": "1"})
    assert rows(as_doctor.get("/messages").text) == []
    assert rows(as_doctor.get("/messages?only=waiting").text) == ["Анна Соколова"]


def test_nobody_else_does_it(as_patient: Browser, as_stranger: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    for url in ("dismissal", "closing"):
        assert as_patient.post(f"/chats/{chat.id}/{url}", {"seen": "1"}).status_code == 404
    for url in ("dismissal", "closing", "archiving"):
        assert as_stranger.post(f"/chats/{chat.id}/{url}", {"seen": "1"}).status_code == 404
    assert as_stranger.get(f"/chats/{chat.id}/actions").status_code == 404
    assert as_patient.get("/messages/next").status_code == 404
    assert as_patient.get("/messages/today").status_code == 404
    assert now(chat).is_waiting


def test_colleague_sees_nothing_of_it(as_colleague: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    for url in ("dismissal", "closing", "archiving"):
        assert as_colleague.post(f"/chats/{chat.id}/{url}", {"seen": "1"}).status_code == 404
    page = as_colleague.get("/messages?only=waiting").text
    assert (rows(page), chip(page, "waiting")) == ([], "")
    assert as_colleague.get("/messages/next").location == "/messages?only=waiting"


@pytest.fixture
def as_colleague(clinic: Flask) -> Browser:
    return Browser(clinic, make_doctor("Лебедев Иван Ильич").user)


# «Сегодня»


def day(page: str) -> list[tuple[str, str, str]]:
    """Time, name and what is said, line by line."""
    found = re.findall(
        r'today__time">(.*?)</span>.*?today__name">(.*?)</span>.*?today__state--[a-z-]+">(.*?)</span>', page, re.DOTALL
    )
    return [tuple(plain(part) for part in one) for one in found]  # type: ignore[misc]


def test_day_has_the_next_first_and_owed_conclusions_first_among_what_is_past(
    as_doctor: Browser, chat: Chat, doctor: Doctor, patient: User
) -> None:
    doctor.user.timezone = "Europe/Moscow"
    db.session.commit()
    owed = completed_consultation(chat)
    other = make_chat(make_user("Орлов Пётр Иванович"), doctor)
    start = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=5)
    coming = propose(other, starts_at=start)
    coming.confirm(other.patient, start)
    proposed = propose(other, starts_at=start + timedelta(hours=1))
    db.session.commit()
    said = [(name, state) for _, name, state in day(as_doctor.get("/messages").text)]
    assert said == [
        ("Орлов Пётр", "через 5 минут"),
        ("Орлов Пётр", "ещё не подтверждена"),
        ("Анна Соколова", "нужно заключение"),
    ]
    page = as_doctor.get("/messages").text
    assert f'href="/consultations/{owed.id}/conclusion/new"' in page
    assert f'href="/consultations/{proposed.id}"' in page
    coming = db.session.merge(coming)
    coming.mark_ready(db.session.get_one(User, other.patient_id))
    db.session.commit()
    alone = as_doctor.get("/messages/today", htmx=True).text
    assert ("Орлов Пётр", "пациент ждёт вас") in [one[1:] for one in day(alone)]


def test_day_without_consultations_is_not_shown(as_doctor: Browser, as_patient: Browser) -> None:
    assert re.search(r'<section id="today"[^>]* hidden', as_doctor.get("/messages").text)
    assert 'id="today"' not in as_patient.get("/messages").text


def test_colleagues_day_is_none_of_ours(as_colleague: Browser, chat: Chat) -> None:
    completed_consultation(chat)
    assert day(as_colleague.get("/messages").text) == []


def test_queue_asks_no_more_with_more_rows(as_doctor: Browser, chat: Chat) -> None:
    """Seven at most: who is signed in, the list, the numbers, the day and its payments."""
    counts = []
    for number in (1, 12):
        for _ in range(number):
            other = make_chat(make_user(), db.session.get_one(Doctor, chat.doctor_id), days_left=3)
            say(other, other.patient)
            completed_consultation(other)
        as_doctor.get("/messages?only=waiting")
        with Queries() as asked:
            as_doctor.get("/messages?only=waiting")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 7, counts
