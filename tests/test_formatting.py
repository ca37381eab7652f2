"""Russian dates, numbers and plurals; the names of elements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from consultation_steps import StillClock
from factories import later
from flask import Flask

from ibolit import responses
from ibolit.formatting import (
    answering_days,
    clock_length,
    day_and_time,
    day_title,
    epoch,
    file_size,
    listed,
    local_day,
    local_time,
    month_title,
    period_in_full,
    plural,
    short_name,
    short_when,
    time_left,
    waited,
    with_initials,
    within,
    without_patronymic,
)
from ibolit.models import Chat
from ibolit.rendering import dom_id
from ibolit.services import clock
from ibolit.sums import kopecks, rubles

MOSCOW = ZoneInfo("Europe/Moscow")
OMSK = ZoneInfo("Asia/Omsk")
NEW_YEAR = datetime(2025, 12, 31, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 дней"), (1, "1 день"), (2, "2 дня"), (5, "5 дней"), (11, "11 дней"), (21, "21 день"), (104, "104 дня"),
     (112, "112 дней")],
)  # fmt: skip
def test_plurals(count: int, words: str) -> None:
    assert plural(count, "день", "дня", "дней").replace("\u00a0", " ") == words


@pytest.mark.parametrize(("words", "sentence"), [(["а"], "а"), (["а", "б"], "а и б"), (["а", "б", "в"], "а, б и в")])
def test_lists_in_a_sentence(words: list[str], sentence: str) -> None:
    assert listed(words) == sentence


@pytest.mark.parametrize(
    ("name", "short"),
    [("Иванова Елена Сергеевна", "Иванова Елена"), ("Елена Сергеевна Иванова", "Елена Иванова"),
     ("Анна Соколова", "Анна Соколова"), ("Мария Анна Соколова", "Мария Анна Соколова"), ("Зоя", "Зоя"),
     ("Петрович Анна Ильинична", "Петрович Анна Ильинична")],
)  # fmt: skip
def test_name_as_it_is_said_often(name: str, short: str) -> None:
    assert without_patronymic(name) == short


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(24, "31 декабря 2025, 23:30–23:54 (МСК)"), (None, "31 декабря 2025, 23:30 (МСК)"),
     (0, "31 декабря 2025, 23:30 (МСК)"), (50, "31 декабря 2025, 23:30 – 1 января 2026, 00:20 (МСК)")],
)  # fmt: skip
def test_span_of_time_on_a_paper(minutes: int | None, words: str) -> None:
    begins = NEW_YEAR - timedelta(hours=1)
    ends = None if minutes is None else begins + timedelta(minutes=minutes)
    assert period_in_full(begins, ends, MOSCOW) == words


@pytest.mark.parametrize(
    ("kopecks", "words"),
    [(0, "0 ₽"), (150000, "1 500 ₽"), (99, "0,99 ₽"), (123456789, "1 234 567,89 ₽"), (5, "0,05 ₽")],
)
def test_money(kopecks: int, words: str) -> None:
    assert rubles(kopecks).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 Б"), (1023, "1023 Б"), (1024, "1 КБ"), (1025, "2 КБ"), (999 * 1024, "999 КБ"), (1000 * 1024, "1 МБ"),
     (1258291, "1,2 МБ"), (25 * 1024**2, "25 МБ")],
)  # fmt: skip
def test_sizes_of_files(size: int, words: str) -> None:
    assert file_size(size).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0:00"), (7, "0:07"), (59.7, "1:00"), (125, "2:05"), (3725, "1:02:05")]
)
def test_lengths_of_records(seconds: float, words: str) -> None:
    assert clock_length(seconds) == words


def test_long_name_keeps_its_end() -> None:
    assert short_name("анализ.pdf") == "анализ.pdf"
    long = "Результаты биохимического анализа крови и мочи Соколовой Анны Павловны от 12.03.2025.pdf"
    assert short_name(long) == "Результаты биохимического ана…12.03.2025.pdf"
    assert len(short_name("ф" * 200)) == 44


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Соколова Анна Павловна", "Соколова А.\u00a0П."),
        ("Анна Павловна Соколова", "А.\u00a0П.\u00a0Соколова"),
        ("Петрова-Водкина Инна Ильинична", "Петрова-Водкина И.\u00a0И."),
        ("Зоя Новикова", "Зоя Новикова"),
        ("Ким Чен Су", "Ким Чен Су"),
        ("", ""),
    ],
)
def test_given_names_become_initials(name: str, short: str) -> None:
    assert with_initials(name) == short


def test_midnight_is_the_readers_own() -> None:
    assert (local_time(NEW_YEAR, MOSCOW), local_day(NEW_YEAR, MOSCOW)) == ("00:30", "2026-01-01")
    assert (local_time(NEW_YEAR, ZoneInfo("UTC")), local_day(NEW_YEAR, ZoneInfo("UTC"))) == ("21:30", "2025-12-31")


def test_day_of_another_year_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "datetime", StillClock(NEW_YEAR))
    assert day_and_time(NEW_YEAR, OMSK) == "1 января, 03:30"
    assert day_and_time(NEW_YEAR - timedelta(days=1), OMSK) == "31 декабря 2025, 03:30"


@pytest.fixture
def summer() -> Iterator[datetime]:
    """The middle of a summer day in Moscow, whatever today is."""
    now = datetime(2030, 7, 15, 9, 0, 30, tzinfo=UTC)
    later(seconds=(now - datetime.now(UTC)).total_seconds())
    yield clock.now()
    later()


def test_days_have_names(summer: datetime) -> None:
    assert day_title(summer, MOSCOW) == "Сегодня"
    assert day_title(summer - timedelta(hours=13), MOSCOW) == "Вчера"
    assert day_title(summer - timedelta(hours=13), ZoneInfo("America/New_York")) == "Вчера"
    assert day_title(summer - timedelta(days=2), MOSCOW) == "13 июля"
    assert day_title(summer.replace(year=2029), MOSCOW) == "15 июля 2029"
    assert month_title(summer, MOSCOW) == "Июль"
    assert month_title(summer.replace(year=2029, month=11), MOSCOW) == "Ноябрь 2029"
    assert short_when(summer, MOSCOW) == "12:00"
    assert short_when(summer - timedelta(days=1), MOSCOW) == "вчера"
    assert short_when(summer - timedelta(days=2), MOSCOW) == "13 июл"
    assert short_when(summer.replace(year=2029), MOSCOW) == "15 июл. 2029"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2, minutes=-1), "ещё 2 дня"),
        (timedelta(days=1, minutes=5), "ещё 2 дня"),
        (timedelta(hours=23, minutes=30), "ещё 24 часа"),
        (timedelta(hours=4, minutes=59), "ещё 5 часов"),
        (timedelta(minutes=59, seconds=30), "ещё 60 минут"),
        (timedelta(minutes=9, seconds=30), "ещё 10 минут"),
        (timedelta(seconds=5), "ещё 1 минуту"),
        (timedelta(seconds=-5), "ещё 1 минуту"),
    ],
)
def test_time_left_is_rounded_up(summer: datetime, left: timedelta, words: str) -> None:
    assert time_left(clock.now() + left).replace("\u00a0", " ") == words


def test_scripts_get_milliseconds() -> None:
    assert epoch(datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)) == 1500
    assert epoch(None) == 0


def test_elements_are_named_by_what_they_show(chat: Chat) -> None:
    assert dom_id(chat) == f"chat-{chat.id}"
    assert dom_id(chat, "strip") == f"chat-{chat.id}-strip"


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_who_wants_a_fragment(app: Flask, headers: dict[str, str], fragment: bool) -> None:
    with app.test_request_context("/doctors", headers=headers):
        assert responses.wants_fragment() is fragment


def test_only_a_failed_form_without_htmx_needs_a_page(app: Flask) -> None:
    """A action is answered in three ways, and every one says that the answer depends on who asked."""
    with app.test_request_context("/doctors", headers={"HX-Request": "true"}):
        answer = responses.respond("badge.html", page="pwa/offline.html", to="/messages", count=3)
        assert (answer.status_code, answer.vary.to_header()) == (200, "HX-Request")
        assert b"3<" in answer.data
    with app.test_request_context("/doctors"):
        answer = responses.respond("badge.html", page="pwa/offline.html", to="/messages", count=3)
        assert (answer.status_code, answer.location) == (303, "/messages")
        answer = responses.respond("badge.html", page="pwa/offline.html", to="/messages", status=422, count=3)
        assert answer.status_code == 422
        assert b"<html" in answer.data


@pytest.mark.parametrize(
    ("typed", "sum_"),
    [
        ("1500", 1500_00),
        ("1 500,50 ₽", 1500_50),
        ("0.01", 1),
        ("2\u00a0500\u00a0₽", 2500_00),
        (" 10,5 ", 10_50),
        ("1 500 000", 1500000_00),
        ("700 р.", 700_00),
        ("700 Руб", 700_00),
        ("1\u202f500", 1500_00),
        ("007", 7_00),
    ],
)
def test_sums_are_read_as_people_type_them(typed: str, sum_: int) -> None:
    assert kopecks(typed) == sum_


@pytest.mark.parametrize(
    "typed",
    [
        "1.500",
        "1,500",
        "1e3",
        "٣",
        "²",
        "1_000",
        "15 00",
        "1 50",
        "1 500 00",
        "1,5,0",
        ".5",
        "5.",
        "+5",
        "--5",
        "₽",
        "",
        "сто",
        "0",
        "-5",
        "1,005",
        "1.2.3",
        "nan",
        "inf",
        "1e30",
        "1e999999999",
        "1e-999999999",
    ],
)
def test_what_is_no_sum_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says, nobody reads it
        kopecks(typed)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "ждёт 1 мин"), (59, "ждёт 59 мин"), (60, "ждёт 1 ч"), (200, "ждёт 3 ч"), (1440, "ждёт 1 день"),
     (3000, "ждёт 2 дня")],
)  # fmt: skip
def test_how_long_somebody_waits(minutes: int, words: str) -> None:
    assert waited(timedelta(minutes=minutes)).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "за 5 минут"), (301, "за 10 минут"), (55 * 60, "за 55 минут"), (56 * 60, "за 1 час"), (3600, "за 1 час"),
     (3601, "за 2 часа"), (5 * 3600, "за 5 часов"), (86400, "за 24 часа"), (86401, "за 2 дня")],
)  # fmt: skip
def test_usual_time_is_rounded_up(seconds: int, words: str) -> None:
    assert within(seconds).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("days", "words"),
    [(0b11111, "Пн–Пт"), (0b1111111, "ежедневно"), (0b100, "Ср"), (0b11, "Пн, Вт"), (0b1000101, "Пн, Ср, Вс")],
)
def test_days_of_answering(days: int, words: str) -> None:
    assert answering_days(days) == words
