"""«Часы приёма» and «Правила записи»: a form a weekday, copied to others; what they mean for what is booked."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, time, timedelta

import pytest
from browser import Browser
from factories import make_chat, make_child, make_doctor, make_user, open_hours, propose
from flask import Flask

from ibolit.extensions import db
from ibolit.models import (
    AppointmentType,
    BookingRules,
    Chat,
    Consultation,
    ConsultationKind,
    Doctor,
    HoursSpan,
    Role,
    RulesTerms,
    TypeTerms,
    User,
    WeeklyHours,
    booking,
)
from ibolit.services import clock

from .test_queries import MOST, asked_by

PAGE, RULES = "/practice/hours", "/practice/booking-rules"
PUSH_AND_SMS = pytest.mark.parametrize("htmx", [True, False])
MORNING, EVENING = HoursSpan(0, 9 * 60, 13 * 60), HoursSpan(0, 14 * 60, 18 * 60)


def typed(day: int, *rows: tuple[str, str], copy_to: tuple[int, ...] = (), expected: str = "") -> dict[str, object]:
    values: dict[str, object] = {f"day-{day}-expected": expected, f"day-{day}-copy_to": [str(one) for one in copy_to]}
    for number, (start, end) in enumerate(rows):
        values |= {f"day-{day}-spans-{number}-start": start, f"day-{day}-spans-{number}-end": end}
    return values


def week_of(doctor: Doctor) -> list[HoursSpan]:
    db.session.expire_all()
    return WeeklyHours.of(db.session.get_one(Doctor, doctor.id))


def set_week(doctor: Doctor, *spans: HoursSpan) -> None:
    WeeklyHours.replace(db.session.get_one(Doctor, doctor.id), spans)
    db.session.commit()


def add_type(doctor: Doctor, title: str) -> int:
    terms = TypeTerms(title, ConsultationKind.VIDEO, 30, 0)
    type = AppointmentType.add(db.session.get_one(Doctor, doctor.id), terms)
    db.session.commit()
    return type.id


def expected_on(page: str, day: int) -> str:
    (mark,) = re.findall(rf'name="day-{day}-expected" value="([^"]*)"', page)
    return str(mark)


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def day_on(page: str, day: int) -> str:
    found = re.search(rf'<li class="kept__one" id="day-{day}">.*?</li>', page, re.DOTALL)
    assert found is not None
    return found.group()


# A day


@PUSH_AND_SMS
def test_several_spans_of_a_day(as_doctor: Browser, doctor: Doctor, htmx: bool) -> None:
    answer = as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00"), ("14.00", "18:00")), htmx=htmx)
    assert (answer.status_code, answer.location) == ((200, None) if htmx else (303, PAGE))
    page = answer.text if htmx else as_doctor.get(PAGE).text
    assert "Сохранено: Пн." in page
    assert "9:00–13:00, 14:00–18:00" in words_of(day_on(page, 0))
    assert "Приёма нет" in words_of(day_on(page, 1))
    assert week_of(doctor) == [MORNING, EVENING]


def test_copied_to_other_days_in_place_of_theirs(as_doctor: Browser, doctor: Doctor) -> None:
    set_week(doctor, HoursSpan(2, 600, 660), HoursSpan(3, 600, 660))
    answer = as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00"), copy_to=(2, 4)), htmx=True)
    assert "Сохранено: Пн, и скопировано на Ср, Пт." in answer.text
    assert week_of(doctor) == [HoursSpan(day, 540, 780) for day in (0, 2)] + [
        HoursSpan(3, 600, 660), HoursSpan(4, 540, 780),
    ]  # fmt: skip


def test_to_midnight_and_from_it(as_doctor: Browser, doctor: Doctor) -> None:
    as_doctor.post(f"{PAGE}/6", typed(6, ("00:00", "1:30"), ("22:00", "24:00")))
    assert week_of(doctor) == [HoursSpan(6, 0, 90), HoursSpan(6, 22 * 60, 24 * 60)]
    page = as_doctor.get(PAGE).text
    assert "0:00–1:30, 22:00–24:00" in words_of(day_on(page, 6))
    assert 'value="00:00"' in day_on(page, 6)
    mark = expected_on(page, 6)
    as_doctor.post(f"{PAGE}/6", typed(6, ("00:00", "01:30"), ("22:00", "00:00"), expected=mark))  # as a browser has it
    assert week_of(doctor) == [HoursSpan(6, 0, 90), HoursSpan(6, 22 * 60, 24 * 60)]


def test_taken_away_by_its_tick_or_by_empty_fields(as_doctor: Browser, doctor: Doctor) -> None:
    set_week(doctor, MORNING, EVENING)
    values = typed(0, ("9:00", "13:00"), ("14:00", "18:00")) | {"day-0-spans-0-removed": "y"}
    as_doctor.post(f"{PAGE}/0", values)
    assert week_of(doctor) == [EVENING]
    as_doctor.post(f"{PAGE}/0", typed(0, ("", ""), ("", "")))
    assert week_of(doctor) == []


def test_page_has_room_for_more(as_doctor: Browser, doctor: Doctor) -> None:
    set_week(
        doctor, MORNING, EVENING, *(HoursSpan(1, 600 + 60 * n, 640 + 60 * n) for n in range(WeeklyHours.MOST_A_DAY))
    )
    page = as_doctor.get(PAGE).text
    assert [len(re.findall(r'name="day-\d-spans-\d+-start"', day_on(page, day))) for day in (0, 1, 2)] == [3, 8, 2]


def test_for_some_types_alone(as_doctor: Browser, doctor: Doctor) -> None:
    first, second = add_type(doctor, "Первичная"), add_type(doctor, "Повторная")
    values = typed(0, ("9:00", "13:00"), ("14:00", "18:00"), copy_to=(1,)) | {"day-0-spans-1-types": [str(second)]}
    as_doctor.post(f"{PAGE}/0", values)
    assert week_of(doctor) == [
        MORNING, HoursSpan(0, 840, 1080, frozenset({second})),
        HoursSpan(1, 540, 780), HoursSpan(1, 840, 1080, frozenset({second})),
    ]  # fmt: skip
    page = as_doctor.get(PAGE).text
    assert "14:00–18:00 (только «Повторная»)" in words_of(day_on(page, 0))
    assert len(re.findall(rf'<input checked[^>]* name="day-0-spans-1-types"[^>]* value="{second}"', page)) == 1
    assert f'value="{first}"' in day_on(page, 0)


def test_hours_of_a_type_that_has_ended_stay(as_doctor: Browser, doctor: Doctor) -> None:
    first, second = add_type(doctor, "Первичная"), add_type(doctor, "Повторная")
    set_week(doctor, HoursSpan(0, 540, 780, frozenset({second})))
    as_doctor.post(f"/practice/appointment-types/{second}/offer", {"offered": "0"})
    assert "(только «Повторная»)" in words_of(day_on(as_doctor.get(PAGE).text, 0))
    assert first != second


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("9:00", "")], "Введите время, например 9:00."),
        ([("", "13:00")], "Введите время, например 9:00."),
        ([("с утра", "13:00")], "Введите время так: 22:00."),
        ([("9:00", "25:00")], "Введите время так: 22:00."),
        ([("13:00", "9:00")], "Конец раньше начала."),
        ([("9:00", "9:00")], "Конец раньше начала."),
        ([("9:03", "13:00")], "с шагом 5"),
        ([("9:00", "13:00"), ("12:00", "18:00")], "Часы этого дня перекрываются."),
    ],
)
@PUSH_AND_SMS
def test_what_is_wrong_is_said_and_kept(
    as_doctor: Browser, doctor: Doctor, rows: list[tuple[str, str]], words: str, htmx: bool
) -> None:
    set_week(doctor, HoursSpan(0, 600, 660), HoursSpan(3, 600, 660))
    answer = as_doctor.post(f"{PAGE}/0", typed(0, *rows), htmx=htmx)
    assert answer.status_code == 422
    shown = day_on(answer.text, 0)
    assert words in shown
    assert 'id="day-0-form" open' in shown
    for one in (value for row in rows for value in row if value):
        assert f'value="{one}"' in shown
    assert "Конец" not in day_on(answer.text, 3)
    assert week_of(doctor) == [HoursSpan(0, 600, 660), HoursSpan(3, 600, 660)]
    assert ("<html" in answer.text) is not htmx


@pytest.mark.parametrize(
    "values",
    [
        {"day-0-spans-0-types": ["777"]},
        {"day-0-spans-0-types": ["x"]},
        {"day-0-copy_to": ["9"]},
        {"day-0-copy_to": ["0"]},
        {"day-0-copy_to": ["x"]},
    ],
)
def test_nonsense_changes_nothing(as_doctor: Browser, doctor: Doctor, values: dict[str, object]) -> None:
    add_type(doctor, "А")
    add_type(doctor, "Б")
    answer = as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00")) | values)
    assert answer.status_code == 422
    assert "field__error" in answer.text
    assert week_of(doctor) == []


def test_more_rows_than_a_day_has_are_left_out(as_doctor: Browser, doctor: Doctor) -> None:
    rows = [(f"{hour}:00", f"{hour}:30") for hour in range(20)]
    assert as_doctor.post(f"{PAGE}/0", typed(0, *rows)).status_code == 303
    assert len(week_of(doctor)) == WeeklyHours.MOST_A_DAY


@pytest.mark.parametrize("day", ["7", "99999999999999999999", "-1", "x"])
def test_there_are_seven_days(as_doctor: Browser, doctor: Doctor, day: str) -> None:
    assert as_doctor.post(f"{PAGE}/{day}", typed(7, ("9:00", "13:00"))).status_code == 404


# Two windows


def test_same_day_in_two_windows(as_doctor: Browser, doctor: Doctor) -> None:
    """The later one is asked, with both on the page; pressed once more it is meant."""
    mark = expected_on(as_doctor.get(PAGE).text, 0)
    as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00"), expected=mark))
    answer = as_doctor.post(f"{PAGE}/0", typed(0, ("14:00", "18:00"), expected=mark))
    assert answer.status_code == 409
    shown = day_on(answer.text, 0)
    assert "Часы изменили в другом окне." in shown
    assert "Сейчас сохранено: 9:00–13:00" in words_of(shown)
    assert 'value="14:00"' in shown
    assert week_of(doctor) == [MORNING]
    as_doctor.post(f"{PAGE}/0", typed(0, ("14:00", "18:00"), expected=expected_on(answer.text, 0)))
    assert week_of(doctor) == [EVENING]


def test_other_days_in_two_windows_are_joined(as_doctor: Browser, doctor: Doctor) -> None:
    page = as_doctor.get(PAGE).text
    as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00"), expected=expected_on(page, 0)))
    as_doctor.post(f"{PAGE}/1", typed(1, ("9:00", "13:00"), expected=expected_on(page, 1)))
    assert week_of(doctor) == [MORNING, HoursSpan(1, 540, 780)]


def test_the_same_pressed_twice_is_the_same(as_doctor: Browser, doctor: Doctor) -> None:
    mark = expected_on(as_doctor.get(PAGE).text, 0)
    for _ in range(2):
        assert as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00"), expected=mark)).status_code == 303


# What is booked


def book(chat: Chat, type_id: int, starts_at: datetime) -> int:
    """By the patient; how it comes about is told elsewhere."""
    consultation = propose(chat, starts_at=starts_at)
    consultation.confirm(consultation.patient, consultation.starts_at)
    consultation.type_id = type_id
    db.session.commit()
    return consultation.id


def monday_at(doctor: Doctor, hour: int) -> datetime:
    zone = db.session.get_one(Doctor, doctor.id).user.zone
    today = clock.now().astimezone(zone).date()
    return datetime.combine(today + timedelta(days=7 - today.weekday()), time(hour), zone).astimezone(UTC)


def test_changed_hours_say_what_lies_outside_now(as_doctor: Browser, doctor: Doctor, chat: Chat) -> None:
    type_id = add_type(doctor, "Первичная")
    set_week(doctor, MORNING, EVENING)
    inside, outside = book(chat, type_id, monday_at(doctor, 10)), book(chat, type_id, monday_at(doctor, 17))
    propose(chat, starts_at=monday_at(doctor, 21))  # the doctor's own proposals ask for no hours
    assert "Вне часов" not in as_doctor.get(PAGE).text
    page = as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00")), htmx=True).text
    assert "Вне часов приёма 1 консультация." in words_of(page)
    assert "Они остаются в силе" in page
    assert re.findall(r'class="met__link" href="/consultations/(\d+)"', page.replace("\n   ", "")) == [str(outside)]
    for way in ("time", "cancellation"):
        assert f'href="/consultations/{outside}/{way}"' in page
        assert f'href="/consultations/{inside}/{way}"' not in page


def test_what_lies_outside_names_whom_it_is_about(as_doctor: Browser, doctor: Doctor, patient: User) -> None:
    type_id = add_type(doctor, "Первичная")
    set_week(doctor, MORNING, EVENING)
    about_child = make_chat(patient, doctor, make_child(patient, "Соколов Ваня"))
    book(about_child, type_id, monday_at(doctor, 17))
    page = as_doctor.post(f"{PAGE}/0", typed(0, ("9:00", "13:00")), htmx=True).text
    (words,) = re.findall(r'class="met__link" href="[^"]+">([^<]+)</a>', re.sub(r"\s+", " ", page))
    assert "Соколов Ваня" in words
    assert patient.name not in words


def test_hours_of_other_types_do_not_hold_it(as_doctor: Browser, doctor: Doctor, chat: Chat) -> None:
    first, second = add_type(doctor, "Первичная"), add_type(doctor, "Повторная")
    set_week(doctor, MORNING)
    book(chat, first, monday_at(doctor, 10))
    page = as_doctor.post(
        f"{PAGE}/0", typed(0, ("9:00", "13:00")) | {"day-0-spans-0-types": [str(second)]}, htmx=True
    ).text
    assert "Вне часов приёма 1" in words_of(page)


@pytest.mark.any_database
def test_questions_do_not_grow(as_doctor: Browser, doctor: Doctor) -> None:
    counts = []
    for size in (1, 6):
        type_id = add_type(doctor, f"Вид {size}")
        set_week(doctor, *(HoursSpan(day, 540, 780) for day in range(size)))
        for number in range(size):
            chat = make_chat(make_user(f"Пациент {size} {number}"), db.session.get_one(Doctor, doctor.id), days_left=1)
            book(chat, type_id, monday_at(doctor, 8 + size + number))
        counts.append([len(asked_by(as_doctor, url)) for url in (PAGE, "/practice", "/practice/appointment-types")])
    assert counts[0] == counts[1]
    assert max(counts[1]) <= MOST + 2


# The week


def test_week_shows_the_hours(as_doctor: Browser, doctor: Doctor) -> None:
    set_week(doctor, MORNING, HoursSpan(2, 7 * 60 + 30, 8 * 60))
    page = as_doctor.get("/consultations/week").text
    assert len(re.findall(r"week-grid__cell--hours", page)) == 2
    words = words_of(page)
    assert "часы приёма 9:00–13:00" in words
    assert "Часы приёма: 7:30–8:00" in words
    assert (
        '<th class="week-grid__hour" scope="row" rowspan="2">7<span class="week-grid__minutes">:00</span></th>' in page
    )


def test_week_of_who_travels_shows_hours_by_their_own_clock(as_doctor: Browser, doctor: Doctor) -> None:
    set_week(doctor, MORNING)
    db.session.get_one(User, doctor.user_id).timezone = "Asia/Omsk"  # three hours ahead of the clinic
    db.session.commit()
    assert "часы приёма 12:00–16:00" in words_of(as_doctor.get("/consultations/week").text)


# The rules


RULES_TYPED = {
    "zone": "Asia/Omsk", "notice_minutes": "360", "pause_minutes": "10", "horizon_days": "30", "confirms_free": "y",
}  # fmt: skip


@PUSH_AND_SMS
def test_rules_are_saved(as_doctor: Browser, doctor: Doctor, htmx: bool) -> None:
    page = as_doctor.get(RULES).text
    assert '<option selected value="120">за 2\u00a0часа</option>' in page
    answer = as_doctor.post(RULES, dict(RULES_TYPED), htmx=htmx)
    assert (answer.status_code, answer.location) == ((200, None) if htmx else (303, RULES))
    db.session.expire_all()
    rules = BookingRules.of(db.session.get_one(Doctor, doctor.id))
    assert rules.terms == RulesTerms("Asia/Omsk", 360, 10, 30, confirms_free=True)
    assert "Запись за 6\u00a0часов и раньше, на 30\u00a0дней вперёд" in as_doctor.get("/practice").text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"zone": "Mars/Olympus"}, "Выберите часовой пояс из списка."),
        ({"notice_minutes": "7"}, "Выберите из списка, за сколько."),
        ({"notice_minutes": "x"}, "Выберите из списка, за сколько."),
        ({"pause_minutes": ""}, "0 – без перерыва"),
        ({"pause_minutes": "500"}, "Введите от 0 до 120 минут."),
        ({"pause_minutes": "мало"}, "Введите от 0 до 120 минут."),
        ({"horizon_days": "0"}, "Введите от 1 до 365 дней."),
        ({"horizon_days": "9" * 30}, "Введите от 1 до 365 дней."),
    ],
)
def test_wrong_rules_are_said_and_kept(as_doctor: Browser, doctor: Doctor, wrong: dict[str, str], words: str) -> None:
    answer = as_doctor.post(RULES, RULES_TYPED | wrong)
    assert answer.status_code == 422
    assert words in answer.text
    assert "valid" not in re.sub(r"(aria-in|no)valid\w*", "", answer.text.split("<main")[1])
    if "horizon_days" not in wrong:
        assert 'value="30"' in answer.text
    db.session.expire_all()
    assert BookingRules.of(db.session.get_one(Doctor, doctor.id)).notice_minutes == 120


def test_zone_and_notice_that_no_list_has_stay(as_doctor: Browser, doctor: Doctor) -> None:
    BookingRules.set(db.session.get_one(Doctor, doctor.id), RulesTerms("Europe/Lisbon", notice_minutes=75))
    db.session.commit()
    page = as_doctor.get(RULES).text
    assert '<option selected value="Europe/Lisbon">' in page
    assert '<option selected value="75">' in page


# Whose


@pytest.mark.parametrize("url", [PAGE, RULES, "/practice/appointment-types"])
def test_only_doctors_have_them(clinic: Flask, as_patient: Browser, visitor: Browser, url: str) -> None:
    operator = Browser(clinic, make_user("Ольга", Role.OPERATOR))
    for browser in (as_patient, operator):
        assert browser.get(url).status_code == 404
        assert browser.post(f"{PAGE}/0" if url == PAGE else url, typed(0, ("9:00", "13:00"))).status_code == 404
    assert "/login" in (visitor.get(url).location or "")


def test_one_doctors_hours_are_not_anothers(clinic: Flask, as_doctor: Browser, doctor: Doctor) -> None:
    colleague = make_doctor("Лебедев Михаил Аркадьевич")
    Browser(clinic, colleague.user).post(f"{PAGE}/0", typed(0, ("9:00", "13:00")))
    assert week_of(doctor) == []
    assert week_of(colleague) == [MORNING]


# What is wished, and what is moved


def test_wish_asks_for_the_doctors_answer(as_doctor: Browser, doctor: Doctor, patient: User) -> None:
    wish = _wished(doctor, patient)
    day = wish.starts_at.date().isoformat()
    page = as_doctor.get(f"/consultations/week?day={day}").text
    assert f'class="week-one week-one--awaits-doctor" href="/consultations/{wish.id}"' in page
    assert "ждёт вашего ответа" in page


def test_booked_one_is_moved_to_times_of_its_hours(as_doctor: Browser, doctor: Doctor, patient: User) -> None:
    """To its own is no move; what was agreed by word of mouth is offered the usual hours."""
    wish = _wished(doctor, patient)
    zone = BookingRules.of(db.session.get_one(Doctor, doctor.id)).tz
    page = as_doctor.get(f"/consultations/{wish.id}/time").text
    offered = re.findall(r'data-day="([\d-]+)"\s+data-time="([\d:]+)"', page)
    assert 3 <= len(offered) <= 6
    assert len({day for day, _ in offered}) >= 2
    assert all("09:00" <= at < "13:00" for _, at in offered)
    own = wish.starts_at.astimezone(zone)
    assert (own.date().isoformat(), f"{own:%H:%M}") not in offered
    other = propose(make_chat(make_user("Пётр"), db.session.get_one(Doctor, doctor.id)))
    assert re.search(r'data-time="(10|13|17):00"', as_doctor.get(f"/consultations/{other.id}/time").text)


def _wished(doctor: Doctor, patient: User) -> Consultation:
    """A free one of the first time that is free, as the doctor says yes to each."""
    host = db.session.get_one(Doctor, doctor.id)
    (type,) = open_hours(host, TypeTerms("Знакомство", ConsultationKind.VIDEO, 30, 0), ends=13)
    first = booking.first_free_times(host, type, 1)[0]
    terms = booking.terms_of(type, first.starts_at)
    wish = booking.book(db.session.get_one(User, patient.id), host, terms, "wish-client-0001")
    db.session.commit()
    return wish
