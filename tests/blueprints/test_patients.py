"""«Пациенты»: the list and its search, a patient's page, private notes and given days; all of it the doctor's own."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browser import Browser
from factories import attach, later, make_chat, make_doctor, make_user, propose, say
from flask import Flask

from ibolit.extensions import db
from ibolit.models import AccessMode, AuditAction, AuditEvent, Chat, Doctor, Message, PatientNote, Role, User
from ibolit.services import clock

PUSH_AND_SMS = pytest.mark.parametrize("htmx", [True, False])
PEN, ID = "pen-of-this-page", "press-of-this-page"
SECRET = "Боится уколов"


def rows(page: str) -> list[str]:
    return re.findall(r'class="row__name">([^<]+)<', page)


def note(chat: Chat) -> str | None:
    db.session.expire_all()
    kept = PatientNote.of(db.session.get_one(Chat, chat.id))
    return kept.text if kept else None


def fresh(chat: Chat) -> Chat:
    db.session.expire_all()
    return db.session.get_one(Chat, chat.id)


@pytest.fixture
def as_operator(clinic: Flask) -> Browser:
    return Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))


@pytest.fixture
def as_other_doctor(clinic: Flask) -> Browser:
    return Browser(clinic, make_doctor("Орлов Дмитрий").user)


# Whose they are


@pytest.mark.parametrize("url", ["", "/consultations"])
def test_only_his_own_doctor_sees_a_patient(
    as_doctor: Browser, as_other_doctor: Browser, as_operator: Browser, as_patient: Browser, as_stranger: Browser,
    chat: Chat, patient: User, url: str,
) -> None:  # fmt: skip
    page = f"/patients/{patient.id}{url}"
    assert as_doctor.get(page).status_code == 200
    for browser in (as_other_doctor, as_operator, as_patient, as_stranger):
        assert browser.get(page).status_code == 404


@pytest.mark.parametrize("url", ["note", "days"])
def test_only_his_own_doctor_changes_anything(
    as_other_doctor: Browser, as_operator: Browser, as_patient: Browser, as_stranger: Browser,
    chat: Chat, patient: User, url: str,
) -> None:  # fmt: skip
    for browser in (as_other_doctor, as_operator, as_patient, as_stranger):
        data: dict[str, object] = {"text": SECRET, "pen": PEN, "seen": "0", "days": "7", "client_id": ID}
        assert browser.post(f"/patients/{patient.id}/{url}", data).status_code == 404
    assert note(chat) is None
    assert fresh(chat).open_until == chat.open_until


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_patients_and_operators_have_no_patients(as_patient: Browser, as_operator: Browser, method: str) -> None:
    for browser in (as_patient, as_operator):
        answer = browser.get("/patients") if method == "GET" else browser.post("/patients/search", {"q": "анна"})
        assert answer.status_code == 404


def test_stranger_is_nobodys_patient(as_doctor: Browser, chat: Chat, stranger: User) -> None:
    assert as_doctor.get(f"/patients/{stranger.id}").status_code == 404
    assert as_doctor.get("/patients/999999").status_code == 404


# The list


def test_row_tells_of_the_coming_consultation(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    assert "Консультация" not in "".join(re.findall(r'class="row__text">[^<]*', as_doctor.get("/patients").text))
    consultation = propose(chat, starts_at=clock.now() + timedelta(days=3))
    propose(chat, starts_at=clock.now() + timedelta(days=5))
    local = consultation.starts_at.astimezone(patient.zone)
    assert f"{local:%H:%M}</span>" in as_doctor.get("/patients").text
    later(days=6)
    assert 'class="row__text">Консультация' not in as_doctor.get("/patients").text


def test_who_never_wrote_is_listed_too(as_doctor: Browser, patient: User, doctor: Doctor) -> None:
    make_chat(patient, doctor)
    page = as_doctor.get("/patients").text
    assert rows(page) == [patient.name]
    assert "сообщений ещё нет" in page


def test_pages_of_talkers_and_silent_ones_join(as_doctor: Browser, doctor: Doctor) -> None:
    names = []
    for number in range(70):
        chat = make_chat(make_user(f"Пациент {number:02}"), doctor, days_left=1)
        if number % 2:
            later(seconds=number)
            say(chat, chat.patient)
        names.append(chat.patient.name)
    seen, url = [], "/patients"
    while url:
        page = as_doctor.get(url, htmx=url != "/patients").text
        seen += rows(page)
        following = re.search(r'hx-get="(/patients\?before=[^"]+)"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert sorted(seen) == names
    assert seen[:2] == ["Пациент 69", "Пациент 67"]
    assert seen[-1] == "Пациент 00"


@pytest.mark.every_case
@pytest.mark.parametrize("before", ["~", "~x", "x~1", "~" + "9" * 30, "9" * 30 + "~1", "\x00~1", "~1\x00"])
def test_odd_page_is_the_first(as_doctor: Browser, chat: Chat, patient: User, before: str) -> None:
    assert rows(as_doctor.get("/patients", query_string={"before": before}).text) == [patient.name]


@PUSH_AND_SMS
def test_search_names_nobody_in_the_address(
    as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor, htmx: bool
) -> None:
    make_chat(make_user("Ёжиков Пётр"), doctor)
    answer = as_doctor.post("/patients/search", {"q": "  ЕЖИКОВ "}, htmx=htmx)
    assert rows(answer.text) == ["Ёжиков Пётр"]
    assert ("<html" in answer.text) is not htmx
    assert "Никого не нашли" in as_doctor.post("/patients/search", {"q": "сидоров"}, htmx=htmx).text
    assert len(rows(as_doctor.post("/patients/search", {"q": " "}, htmx=htmx).text)) == 2
    assert rows(as_doctor.post("/patients/search", {"q": "' OR 1=1 \x00 -- %"}, htmx=htmx).text) == []


def test_too_many_found_are_cut_and_said(as_doctor: Browser, doctor: Doctor) -> None:
    for number in range(52):
        make_chat(make_user(f"Пациент {number:02}"), doctor)
    page = as_doctor.post("/patients/search", {"q": "пациент"}, htmx=True).text
    assert len(rows(page)) == 50
    assert "Показаны первые 50" in page
    page = as_doctor.post("/patients/search", {"q": ""}, htmx=True).text
    assert len(rows(page)) == 30
    assert "/patients?before=" in page


# A patient's page


def test_page_shows_consultations_files_and_ways(as_doctor: Browser, chat: Chat, patient: User) -> None:
    consultation = propose(chat, note="Взять выписку")
    say(chat, patient, "", files=[attach(chat, patient)])
    page = as_doctor.get(f"/patients/{patient.id}").text
    for words in (patient.name, "Взять выписку", "Ближайшие консультации", f"/chats/{chat.id}/files", "Подарить дни"):
        assert words in page
    for url in (f"/chats/{chat.id}#end", f"/chats/{chat.id}/consultations/new", f"/consultations/{consultation.id}"):
        assert f'href="{url}"' in page


def test_opened_page_is_in_the_audit_log(as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient, "", files=[attach(chat, patient)])
    as_doctor.get(f"/patients/{patient.id}")
    [event] = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.PATIENT_READ))
    assert (event.actor_id, event.subject_id, event.first, event.last) == (doctor.user_id, chat.id, 1, 1)


def test_past_consultations_come_five_at_a_time(as_doctor: Browser, chat: Chat, patient: User) -> None:
    for number in range(7):
        propose(chat, starts_at=clock.now() + timedelta(hours=2 + number), note=f"Беседа-{number}")
    later(days=2)
    page = as_doctor.get(f"/patients/{patient.id}").text
    assert re.findall(r"Беседа-\d", page) == [f"Беседа-{number}" for number in (6, 5, 4, 3, 2)]
    following = re.search(r'href="(/patients/\d+/consultations\?before=[^"]+)"', page)
    assert following is not None
    for htmx in (True, False):
        more = as_doctor.get(following[1].replace("&amp;", "&"), htmx=htmx).text
        assert re.findall(r"Беседа-\d", more) == ["Беседа-1", "Беседа-0"]
        assert ("<html" in more) is not htmx


@pytest.mark.every_case
@pytest.mark.parametrize("before", ["", "x", "nan-1", "1e99-1", "1-" + "9" * 40, "-"])
def test_odd_page_of_consultations_is_the_first(as_doctor: Browser, chat: Chat, patient: User, before: str) -> None:
    answer = as_doctor.get(f"/patients/{patient.id}/consultations", query_string={"before": before})
    assert answer.status_code == 200
    assert "Консультаций ещё не было." in answer.text


def test_page_beyond_the_last_consultation_says_so(as_doctor: Browser, chat: Chat, patient: User) -> None:
    propose(chat)
    later(days=2)
    answer = as_doctor.get(f"/patients/{patient.id}/consultations", query_string={"before": "1~1"})
    assert "Здесь больше ничего нет." in answer.text


# Notes


def write(browser: Browser, patient: User, text: str, *, pen: str = PEN, seen: int = 0, htmx: bool = True) -> object:
    return browser.post(f"/patients/{patient.id}/note", {"text": text, "pen": pen, "seen": seen}, htmx=htmx)


@PUSH_AND_SMS
def test_note_is_kept_and_nobody_else_reads_it(
    as_doctor: Browser, as_patient: Browser, as_operator: Browser, chat: Chat, patient: User, doctor: Doctor, htmx: bool
) -> None:
    answer = write(as_doctor, patient, f"{SECRET}\r\nВторая строка", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)  # type: ignore[attr-defined]
    assert note(chat) == f"{SECRET}\nВторая строка"
    page = as_doctor.get(f"/patients/{patient.id}").text
    assert SECRET in page
    assert "Сохранено " in page
    say(chat, patient)
    for url in (f"/chats/{chat.id}", "/messages", f"/doctors/{doctor.id}", "/consultations", "/profile"):
        assert SECRET not in as_patient.get(url).text
    assert SECRET not in as_operator.get("/operator").text
    assert SECRET not in as_doctor.get(f"/chats/{chat.id}").text
    assert db.session.scalars(db.select(Message).where(Message.text.contains("уколов"))).all() == []


def test_a_page_goes_on_and_another_window_is_told(as_doctor: Browser, chat: Chat, patient: User) -> None:
    for text in ("Раз", "Раз два"):
        assert write(as_doctor, patient, text).status_code == 200  # type: ignore[attr-defined]
    late = write(as_doctor, patient, "Из другого окна", pen="another-window")
    assert late.status_code == 409  # type: ignore[attr-defined]
    assert "изменили в другом окне" in late.text  # type: ignore[attr-defined]
    assert note(chat) == "Раз два"


def test_without_scripts_both_texts_are_shown(as_doctor: Browser, chat: Chat, patient: User) -> None:
    write(as_doctor, patient, "Сохранено раньше")
    late = write(as_doctor, patient, "Набрано здесь", pen="another-window", htmx=False)
    assert late.status_code == 409  # type: ignore[attr-defined]
    page: str = late.text  # type: ignore[attr-defined]
    assert "Набрано здесь</textarea>" in page
    assert "Сохранено раньше</p>" in page
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen is not None
    assert write(as_doctor, patient, "Вместе", pen="another-window", seen=int(seen[1]), htmx=False).status_code == 303  # type: ignore[attr-defined]
    assert note(chat) == "Вместе"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"text": "я" * 10_001, "pen": PEN, "seen": "0"}, "длиннее 10 000"),
        ({"text": "x", "pen": "", "seen": "0"}, "Обновите страницу"),
        ({"text": "x", "pen": "'; DROP", "seen": "x"}, "Обновите страницу"),
    ],
)
@PUSH_AND_SMS
def test_odd_note_is_refused(
    as_doctor: Browser, chat: Chat, patient: User, data: dict[str, object], words: str, htmx: bool
) -> None:
    answer = as_doctor.post(f"/patients/{patient.id}/note", data, htmx=htmx)
    assert answer.status_code == 422
    assert words in answer.text
    assert note(chat) is None


# Days


def give(browser: Browser, patient: User, days: str, *, client_id: str = ID, htmx: bool = True) -> object:
    return browser.post(f"/patients/{patient.id}/days", {"days": days, "client_id": client_id}, htmx=htmx)


@PUSH_AND_SMS
def test_days_are_given_once_and_told(
    as_doctor: Browser, as_patient: Browser, chat: Chat, patient: User, htmx: bool
) -> None:
    end = chat.open_until
    assert end is not None
    for _ in range(2):
        answer = give(as_doctor, patient, "10", htmx=htmx)
        assert answer.status_code == (200 if htmx else 303)  # type: ignore[attr-defined]
    assert "10\u00a0дней" in (answer.text if htmx else as_doctor.get(f"/patients/{patient.id}").text)  # type: ignore[attr-defined]
    assert fresh(chat).open_until == end + timedelta(days=10)
    [event] = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.DAYS_GIVEN))
    assert (event.subject_id, event.first) == (chat.id, 10)
    assert as_patient.get(f"/chats/{chat.id}").text.count("Подарок врача: 10\u00a0дней общения.") >= 1
    give(as_doctor, patient, "10", client_id="another-press")
    assert fresh(chat).open_until == end + timedelta(days=20)


@pytest.mark.parametrize("days", ["0", "366", "-1", "", "неделю", "1.5", "9" * 40])
@PUSH_AND_SMS
def test_odd_days_are_refused(as_doctor: Browser, chat: Chat, patient: User, days: str, htmx: bool) -> None:
    answer = give(as_doctor, patient, days, htmx=htmx)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert answer.text.count("Введите от 1 до 365 дней") == 1  # type: ignore[attr-defined]
    assert fresh(chat).open_until == chat.open_until


def test_press_without_an_id_is_refused(as_doctor: Browser, chat: Chat, patient: User) -> None:
    assert "Обновите страницу" in give(as_doctor, patient, "5", client_id="").text  # type: ignore[attr-defined]


@PUSH_AND_SMS
def test_unlimited_chat_takes_no_days(as_doctor: Browser, doctor: Doctor, patient: User, htmx: bool) -> None:
    make_chat(patient, doctor, access=AccessMode.UNLIMITED)
    assert "Подарить дни" not in as_doctor.get(f"/patients/{patient.id}").text
    answer = give(as_doctor, patient, "5", htmx=htmx)
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "дни ему не нужны" in answer.text  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("days_left", "access", "words"),
    [
        (None, None, "Бесплатно 3\u00a0дня с первого сообщения"),
        (-1, None, "Время общения истекло"),
        (0.5, AccessMode.UNTIL, "Открыто до"),
        (None, AccessMode.UNLIMITED, "Без ограничения времени"),
    ],
)
def test_page_says_how_long_the_chat_is_open(
    as_doctor: Browser, patient: User, doctor: Doctor, days_left: float | None, access: AccessMode | None, words: str
) -> None:
    make_chat(patient, doctor, days_left=days_left, access=access)
    assert words in as_doctor.get(f"/patients/{patient.id}").text
