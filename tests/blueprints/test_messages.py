"""«Сообщения» and «Пациенты»: the list of chats, its pages, and the search over one's own messages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browser import Browser
from factories import later, make_chat, make_doctor, make_user, say
from reading import one_line

from ibolit.extensions import db
from ibolit.models import AccessMode, AuditAction, AuditEvent, Chat, Doctor, User

PUSH_AND_SMS = pytest.mark.parametrize("htmx", [True, False])


def rows(page: str) -> list[str]:
    return re.findall(r'class="row__name">([^<]+)<', page)


@pytest.fixture
def three(patient: User) -> list[Chat]:
    """The last one written into first."""
    chats = []
    for number, name in enumerate(("Первый Иван", "Второй Иван", "Третий Иван")):
        later(minutes=number)
        doctor = make_doctor(name)
        chats.append(make_chat(patient, doctor, days_left=2))
        say(chats[-1], doctor.user, f"Пишет {name}")
    later()
    return chats


@PUSH_AND_SMS
def test_latest_chat_is_on_top(as_patient: Browser, three: list[Chat], htmx: bool) -> None:
    page = as_patient.get("/messages", htmx=htmx).text
    assert rows(page) == ["Третий Иван", "Второй Иван", "Первый Иван"]
    assert "Пишет Третий Иван" in page
    assert ("<html" in page) is not htmx


def test_row_says_who_how_many_and_how_long(as_patient: Browser, patient: User, three: list[Chat]) -> None:
    later(minutes=5)
    say(three[0], patient, "Моё слово")
    page = as_patient.get("/messages").text
    assert rows(page)[0] == "Первый Иван"
    assert "Вы: Моё слово" in page
    assert page.count('<span class="pill">1') == 3
    assert "бесплатно ещё 2\u00a0дня" in page
    assert re.search(r'id="badge" class="badge">\s*3<', page)


@pytest.mark.parametrize(
    ("access", "days_left", "words"),
    [
        (AccessMode.FREE, 0.4, "бесплатно ещё 10\u00a0часов"),
        (AccessMode.UNTIL, 30, "открыто ещё 30\u00a0дней"),
        (AccessMode.UNTIL, -1, "время истекло"),
        (AccessMode.FREE, -1, "время истекло"),
        (AccessMode.UNLIMITED, None, "без ограничения времени"),
    ],
)
def test_time_left_in_words(
    as_patient: Browser, patient: User, doctor: Doctor, access: AccessMode, days_left: float | None, words: str
) -> None:
    chat = make_chat(patient, doctor, days_left=days_left, access=access)
    say(chat, doctor.user)
    assert words in as_patient.get("/messages").text


def test_last_words_are_shown_as_text(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    say(chat, doctor.user, "<b>жирно</b> & <script>")
    page = as_patient.get("/messages").text
    assert "&lt;b&gt;жирно&lt;/b&gt; &amp; &lt;script&gt;" in page


def test_empty_lists_say_what_to_do(as_patient: Browser, as_doctor: Browser) -> None:
    assert "Выберите врача" in as_patient.get("/messages").text
    assert "Когда пациент напишет" in as_doctor.get("/messages").text
    assert "Пока нет пациентов" in as_doctor.get("/patients").text


def test_stranger_sees_no_rows_of_others(as_stranger: Browser, three: list[Chat]) -> None:
    assert rows(as_stranger.get("/messages").text) == []


@PUSH_AND_SMS
@pytest.mark.parametrize("url", ["/messages", "/patients"])
def test_pages_follow_one_another(as_doctor: Browser, doctor: Doctor, url: str, htmx: bool) -> None:
    for number in range(65):
        chat = make_chat(make_user(f"Пациент {number:02}"), doctor, days_left=1)
        say(chat, doctor.user)
        if number % 2:
            chat.last_at -= timedelta(seconds=number)
    db.session.commit()
    seen: list[str] = []
    while url:
        page = as_doctor.get(url, htmx=htmx).text
        seen += rows(page)
        more = re.search(r'class="more"[^>]*>\s*<a [^>]*?href="([^"]+)"', page)
        url = more.group(1) if more else ""
    assert sorted(seen) == [f"Пациент {number:02}" for number in range(65)]


def test_next_page_is_rows_alone(as_doctor: Browser, doctor: Doctor) -> None:
    for number in range(31):
        if number == 30:
            assert "Показать ещё" not in as_doctor.get("/messages").text
        say(make_chat(make_user(f"Пациент {number:02}"), doctor, days_left=1), doctor.user)
    for url in ("/messages", "/patients"):
        more = re.search(r'class="more"[^>]*>\s*<a [^>]*?href="([^"]+)"', as_doctor.get(url).text)
        assert more is not None
        assert more.group(1).startswith(f"{url}?before=")
        assert as_doctor.get(more.group(1), htmx=True).text.lstrip().startswith("<li class=")


@pytest.mark.every_case
@pytest.mark.parametrize(
    "before",
    [
        "",
        "~",
        "x",
        "1~",
        "~1",
        "9999999999999999~1",
        "1~999999999999999999",
        "²~²",
        "-5~1",
        "1" * 60 + "~1",
        "1~" + "1" * 60,
    ],
)
def test_broken_position_breaks_nothing(as_patient: Browser, as_doctor: Browser, chat: Chat, before: str) -> None:
    for htmx in (True, False):
        assert as_patient.get("/messages", query_string={"before": before}, htmx=htmx).status_code == 200
        assert as_doctor.get("/patients", query_string={"before": before}, htmx=htmx).status_code == 200


# «Пациенты»


@PUSH_AND_SMS
def test_doctor_sees_his_patients_with_the_last_contact(
    as_doctor: Browser, chat: Chat, patient: User, stranger: User, htmx: bool
) -> None:
    say(chat, patient)
    say(make_chat(stranger, make_doctor("Орлов Дмитрий"), days_left=1), stranger)
    page = as_doctor.get("/patients", htmx=htmx).text
    assert rows(page) == [patient.name]
    assert "Последнее сообщение" in page
    assert f'href="/patients/{patient.id}"' in page
    assert ("<html" in page) is not htmx


@PUSH_AND_SMS
def test_patients_have_no_patients(as_patient: Browser, htmx: bool) -> None:
    assert as_patient.get("/patients", htmx=htmx).status_code == 404


def test_tabs_are_of_ones_role(as_patient: Browser, as_doctor: Browser) -> None:
    def tabs(browser: Browser) -> list[str]:
        return re.findall(r'class="tabs__word[^>]*>([^<]+)<', browser.get("/consultations").text)

    assert tabs(as_patient) == ["Врачи", "Сообщения", "Консультации", "Профиль"]
    assert tabs(as_doctor) == ["Сообщения", "Пациенты", "Консультации", "Профиль"]


def test_consultations_are_an_honest_empty_room(as_patient: Browser, as_doctor: Browser) -> None:
    assert "договоритесь с врачом" in as_patient.get("/consultations").text
    assert "договоритесь с пациентом" in as_doctor.get("/consultations").text


# Search


@PUSH_AND_SMS
def test_search_finds_ones_own_messages(
    as_patient: Browser, as_stranger: Browser, as_doctor: Browser, chat: Chat, patient: User, htmx: bool
) -> None:
    say(chat, patient, "Второй день болит голова")
    for browser, name in ((as_patient, "Иванова Елена Сергеевна"), (as_doctor, patient.name)):
        answer = browser.post("/messages/search", {"q": "головы"}, htmx=htmx)
        assert answer.status_code == 200
        assert "Второй день болит голова" in answer.text
        assert rows(answer.text) == [name]
        assert ("<html" in answer.text) is not htmx
    answer = as_stranger.post("/messages/search", {"q": "головы"}, htmx=htmx)
    assert "Ничего не нашли" in answer.text
    assert "Второй день" not in answer.text


def test_found_message_is_a_link_to_its_place(as_patient: Browser, chat: Chat, patient: User) -> None:
    found = say(chat, patient, "Болит голова")
    for number in range(60):
        say(chat, patient, f"Строка {number}")
    page = as_patient.post("/messages/search", {"q": "голова"}).text
    link = re.search(r'href="(/chats/[^"]+)"[^>]*>\s*<span class="avatar', page)
    assert link is not None
    assert link.group(1).endswith(f"#message-{found.id}")
    assert f'id="message-{found.id}"' in as_patient.get(link.group(1)).text


def test_searched_words_stay_in_the_field_and_out_of_the_address(as_patient: Browser, chat: Chat) -> None:
    answer = as_patient.post("/messages/search", {"q": 'голова "<b>'})
    assert 'value="голова &#34;&lt;b&gt;"' in answer.text
    assert as_patient.get("/messages/search?q=голова").status_code == 405


@PUSH_AND_SMS
def test_search_for_nothing_is_the_list(as_patient: Browser, three: list[Chat], htmx: bool) -> None:
    answer = as_patient.post("/messages/search", {"q": "  "}, htmx=htmx)
    if htmx:
        assert len(rows(answer.text)) == 3
    else:
        assert (answer.status_code, answer.location) == (303, "/messages")


def test_audit_log_says_which_words_of_others_a_search_showed(
    as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    say(chat, doctor.user, "Голова болит?")
    say(chat, patient, "Болит голова")
    say(chat, patient, "Спал плохо")
    say(chat, patient, "Утром голова прошла")
    as_doctor.post("/messages/search", {"q": "голова"})
    event = db.session.scalars(db.select(AuditEvent)).one()
    assert (event.action, event.actor_id, event.subject_id) == (AuditAction.CHAT_SEARCHED, doctor.user_id, chat.id)
    assert (event.first, event.last) == (2, 4)
    as_doctor.post("/messages/search", {"q": "ничего"})
    assert len(db.session.scalars(db.select(AuditEvent)).all()) == 1


# A doctor's chips


@pytest.fixture
def asking(doctor: Doctor) -> dict[str, Chat]:
    """Who was answered, who waits unread, and who waits after the doctor has read it."""
    chats = {name: make_chat(make_user(name), doctor, days_left=2) for name in ("Отвечен", "Новый", "Прочитан")}
    for chat in chats.values():
        say(chat, chat.patient)
    say(chats["Отвечен"], doctor.user)
    for name in ("Отвечен", "Прочитан"):
        held = db.session.get_one(Chat, chats[name].id)
        held.update_receipts(doctor.user, delivered_to=1, read_to=1)
    db.session.commit()
    return chats


@PUSH_AND_SMS
def test_chips_show_only_what_is_asked_for(as_doctor: Browser, asking: dict[str, Chat], htmx: bool) -> None:
    def shown(only: str) -> set[str]:
        return set(rows(as_doctor.get(f"/messages?only={only}", htmx=htmx).text))

    assert shown("") == shown("odd") == {"Отвечен", "Новый", "Прочитан"}
    assert shown("unread") == {"Новый"}
    assert shown("waiting") == {"Новый", "Прочитан"}
    page = as_doctor.get("/messages?only=waiting", htmx=htmx).text
    ordered = 'data-order="up" data-by="data-place" data-leave data-shows="waiting"'
    assert f'id="chats" class="rows" role="list" data-behaviour="inbox-unsent" {ordered}' in one_line(page)
    assert page.count('data-fits="unread waiting"') == page.count('data-fits="waiting"') == 1


def test_chips_are_links_for_doctors_alone(as_doctor: Browser, as_patient: Browser, three: list[Chat]) -> None:
    page = as_doctor.get("/messages?only=unread").text
    assert 'href="/messages?only=unread" aria-current=true' in page
    assert "Всё прочитано" in page
    assert "Никто не ждёт вашего ответа" in as_doctor.get("/messages?only=waiting").text
    page = as_patient.get("/messages?only=waiting").text
    assert len(rows(page)) == 3
    assert "only=" not in page


def test_pages_keep_the_chip(as_doctor: Browser, doctor: Doctor) -> None:
    for number in range(64):
        later(seconds=number)
        chat = make_chat(make_user(f"Пациент {number:02}"), doctor, days_left=1)
        say(chat, chat.patient if number % 2 else doctor.user)
    page = as_doctor.get("/messages?only=waiting").text
    following = re.search(r'hx-get="([^"]+)" hx-trigger="more', one_line(page))
    assert following is not None
    assert "only=waiting" in following[1]
    rest = as_doctor.get(following[1].replace("&amp;", "&"), htmx=True).text
    assert rows(page) + rows(rest) == [
        f"Пациент {number:02}" for number in range(1, 64, 2)
    ]  # the longest waiting first
