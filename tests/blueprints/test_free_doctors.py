"""«Врачи» by when they have time: «Ближайшее время», and the chips that narrow by it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

import pytest
from browser import Browser
from consultation_steps import NOON, StillClock, confirm
from factories import make_chat, make_doctor, make_user, open_hours, propose
from flask import Flask
from queries import Queries
from reading import one_line, plain

from ibolit.blueprints.doctors import views
from ibolit.extensions import db
from ibolit.models import ConsultationKind, Doctor, TypeTerms, User
from ibolit.models.booking import directory
from ibolit.services import clock

from .test_doctors import shown
from .test_queries import MOST, asked_by

TUESDAY, WEDNESDAY, FRIDAY, MONDAY = 1, 2, 4, 0
WORDS = "Ближайшее время: "


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Tuesday, 15:00 in Moscow."""
    monkeypatch.setattr(clock, "datetime", StillClock(NOON))


def offers(doctor: Doctor, days: Iterable[int], begins: int = 9, ends: int = 18, minutes: int = 30) -> Doctor:
    doctor.user.timezone = "Europe/Moscow"
    terms = TypeTerms("Первичная", ConsultationKind.VIDEO, minutes, 2500_00)
    open_hours(doctor, terms, days=days, begins=begins, ends=ends)
    return doctor


def times(page: str) -> dict[str, str]:
    """By the names on the cards."""
    cards = re.findall(r'<li class="doctor-card".*?</li>', page, re.DOTALL)
    said = {}
    for card in cards:
        found = re.search(rf"{WORDS}([^<]+)<", plain(card))
        said[shown(card)[0]] = found[1] if found else ""
    return said


def chips(page: str) -> dict[str, str]:
    """Of the days: where each leads."""
    group = re.search(r'aria-label="Когда есть время">(.*?)</p>', one_line(page))
    links = re.findall(r'href="([^"]*)"[^>]*>([^<]+)</a>', group[1]) if group else []
    return {name: html.unescape(href) for href, name in links}


@pytest.fixture
def four(clinic: Flask) -> list[Doctor]:
    """Today from 17:00, tomorrow, on Friday, and one who offers nothing."""
    return [
        offers(make_doctor("Абрамов Пётр", specialty="Терапевт"), [TUESDAY]),
        offers(make_doctor("Борисова Анна", specialty="Кардиолог"), [WEDNESDAY], 10),
        offers(make_doctor("Волков Олег", specialty="Терапевт"), [FRIDAY]),
        make_doctor("Громова Вера", specialty="Терапевт"),
    ]


@pytest.mark.usefixtures("four")
def test_cards_say_the_next_time_by_the_readers_clock(as_patient: Browser, patient: User) -> None:
    patient.timezone = "Europe/Moscow"
    db.session.commit()
    said = {"Абрамов Пётр": "сегодня, 17:10", "Борисова Анна": "завтра, 10:00", "Волков Олег": "8 марта, 09:00"}
    assert times(as_patient.get("/doctors").text) == said | {"Громова Вера": ""}
    assert "8\u00a0марта, 09:00" in as_patient.get("/doctors").text  # a day is not parted from its month
    assert times(as_patient.post("/doctors/search", {"q": "кардиолог"}, htmx=True).text) == {
        "Борисова Анна": "завтра, 10:00"
    }
    db.session.get_one(User, patient.id).timezone = "Asia/Vladivostok"
    db.session.commit()
    told = times(as_patient.get("/doctors").text)
    assert told["Абрамов Пётр"] == "завтра, 00:10 (5 марта, 17:10 МСК)"
    assert told["Борисова Анна"] == "завтра, 17:00 (10:00 МСК)"


def test_doctor_s_page_and_their_own_preview_say_it_too(as_patient: Browser, clinic: Flask, four: list[Doctor]) -> None:
    assert WORDS + "завтра, 10:00" in plain(as_patient.get(f"/doctors/{four[1].id}").text)
    assert WORDS not in as_patient.get(f"/doctors/{four[3].id}").text
    assert Browser(clinic, four[1].user).get("/practice/preview").text.count(WORDS) == 2


@pytest.mark.usefixtures("four")
def test_what_is_taken_is_not_offered(as_patient: Browser, four: list[Doctor]) -> None:
    chat = make_chat(make_user("Пациент Павел"), four[1], days_left=3)
    confirm(propose(chat, starts_at=NOON.replace(day=6, hour=7), minutes=30))
    assert times(as_patient.get("/doctors").text)["Борисова Анна"] == "завтра, 10:35"


CHOSEN = {
    "today": ["Абрамов Пётр"],
    "tomorrow": ["Абрамов Пётр", "Борисова Анна"],
    "week": ["Абрамов Пётр", "Борисова Анна", "Волков Олег"],
    "": ["Абрамов Пётр", "Борисова Анна", "Волков Олег", "Громова Вера"],
    "someday": ["Абрамов Пётр", "Борисова Анна", "Волков Олег", "Громова Вера"],
}


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("free", CHOSEN)
@pytest.mark.parametrize("htmx", [True, False])
def test_chips_narrow_to_who_has_time(as_patient: Browser, free: str, htmx: bool) -> None:
    assert shown(as_patient.get("/doctors", htmx=htmx, query_string={"free": free}).text) == CHOSEN[free]
    found = as_patient.post("/doctors/search", {"q": "терапевт", "free": "week", "free_chip": free}, htmx=htmx).text
    assert shown(found) == [name for name in CHOSEN[free] if name != "Борисова Анна"]


@pytest.mark.usefixtures("four")
def test_chips_lead_on_without_scripts_and_keep_each_other(as_patient: Browser) -> None:
    page = as_patient.get("/doctors?specialty=Терапевт").text
    assert [*chips(page)] == ["Любое время", "Сегодня", "Сегодня и завтра", "На неделе"]
    page = as_patient.get(chips(page)["На неделе"]).text
    assert shown(page) == ["Абрамов Пётр", "Волков Олег"]
    assert re.search(r'<a class="chip chip--on"[^>]*aria-current=true>На неделе<', one_line(page))
    everybody = re.search(r'<a class="chip" href="([^"]*)"[^>]*>Все<', one_line(page))
    assert everybody is not None
    assert shown(as_patient.get(html.unescape(everybody[1])).text) == CHOSEN["week"]
    answer = as_patient.post("/doctors/search", {"q": "", "specialty": "Терапевт", "free": "today"})
    assert answer.location is not None
    assert shown(as_patient.get(answer.location).text) == ["Абрамов Пётр"]
    nobody = as_patient.get("/doctors?specialty=Кардиолог&free=today").text
    assert "на эти дни свободного времени нет" in plain(nobody)
    assert chips(nobody)["Любое время"] == chips(as_patient.get("/doctors?specialty=Кардиолог").text)["Любое время"]


@pytest.mark.usefixtures("clinic")
def test_clinic_that_books_nothing_shows_no_chips_of_days(as_patient: Browser) -> None:
    make_doctor("Абрамов Пётр")
    assert chips(as_patient.get("/doctors").text) == {}
    assert WORDS not in as_patient.get("/doctors").text


def test_pages_of_who_has_time_miss_nobody(as_patient: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where few of many have any: more of them are looked at until a page is full."""
    monkeypatch.setattr(views, "PAGE", 2)
    monkeypatch.setattr(directory, "FIRST", 2)
    wanted = []
    for number in range(14):
        doctor = make_doctor(f"Врач {number:02}")
        if number % 2:
            offers(doctor, [WEDNESDAY if number % 3 else MONDAY])
            wanted += [f"Врач {number:02}"] if number % 3 else []
    found, url = [], "/doctors?free=tomorrow"
    while url:
        page = as_patient.get(url, htmx="after" in url).text
        found += shown(page)
        more = re.search(r'class="more"[^>]*><a class="button" href="([^"]+)"', page)
        url = html.unescape(more[1]) if more else ""
    assert found == wanted


@pytest.mark.any_database
@pytest.mark.parametrize("url", ["/doctors", "/doctors?free=week"])
@pytest.mark.parametrize("htmx", [True, False])
def test_directory_asks_no_more_with_more_doctors(as_patient: Browser, url: str, htmx: bool) -> None:
    counts = []
    for rows in (3, 25):
        for number in range(rows):
            offers(make_doctor(f"Врач {rows} {number:02}"), [TUESDAY, WEDNESDAY])
        counts.append(len(asked_by(as_patient, url, htmx=htmx)))
    assert counts[0] == counts[1] <= MOST
    with Queries() as queries:
        as_patient.post("/doctors/search", {"q": "врач"}, htmx=htmx)
    assert len(queries) <= MOST + 2
