"""«Врачи»: the directory as one types, its pages, and a doctor's own page."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import add_tariff, make_chat, make_doctor, make_user
from flask import Flask
from reading import one_line

from ibolit.blueprints.doctors import views
from ibolit.extensions import db
from ibolit.models import Chat, Doctor, User
from ibolit.services import clock


def shown(page: str) -> list[str]:
    return re.findall(r'class="doctor-card__name">([^<]+)<', page)


@pytest.fixture
def three(clinic: Flask) -> list[Doctor]:
    return [
        make_doctor("Ёлкина Мария", specialty="Кардиолог", default_price=1500_00),
        make_doctor("Абрамов Пётр", specialty="Терапевт"),
        make_doctor("Невидимый Олег", specialty="Окулист", hidden=True),
    ]


def test_list_says_what_one_chooses_by(as_patient: Browser, three: list[Doctor]) -> None:
    three[0].user.seen_at = clock.now()
    db.session.commit()
    page = as_patient.get("/doctors").text
    assert shown(page) == ["Абрамов Пётр", "Ёлкина Мария"]
    assert "Кардиолог · стаж" in page
    assert "от 1\u00a0500\u00a0₽" in page
    assert "от 2\u00a0500\u00a0₽" in page
    assert page.count("на связи") == 1


def test_doctors_see_the_directory_too(as_doctor: Browser, three: list[Doctor]) -> None:
    assert "Ёлкина Мария" in as_doctor.get("/doctors").text


@pytest.mark.parametrize("htmx", [True, False])
def test_search_works_as_one_types_and_as_a_plain_form(as_patient: Browser, three: list[Doctor], htmx: bool) -> None:
    answer = as_patient.post("/doctors/search", {"q": "елк"}, htmx=htmx)
    assert shown(answer.text) == ["Ёлкина Мария"]
    assert ("<html" in answer.text) is not htmx
    assert "HX-Request" in answer.headers["Vary"]
    if htmx:
        assert answer.text.lstrip().startswith('<div id="doctors"')
    else:
        assert 'value="елк"' in answer.text


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_boosted_visits_and_back_get_whole_pages(as_patient: Browser, three: list[Doctor], header: str) -> None:
    assert "<html" in as_patient.get("/doctors", htmx=True, headers={header: "true"}).text


CHIPS = [("Все", False), ("Кардиолог", False), ("Терапевт", True)]


def test_chips_narrow_and_only_a_specialty_is_in_their_addresses(as_patient: Browser, three: list[Doctor]) -> None:
    page = as_patient.get("/doctors", query_string={"specialty": "Терапевт", "q": "елк"}).text
    assert shown(page) == ["Абрамов Пётр"]  # a word in an old address is passed over
    chips = re.findall(r'<a class="(chip[^"]*)" href="([^"]*)"[^>]*>([^<]+)</a>', one_line(page))
    assert [(name, "chip--on" in kind) for kind, _, name in chips] == CHIPS
    assert not any("q=" in href for _, href, _ in chips)
    assert 'type="hidden" name="specialty" value="Терапевт" form="doctors-search"' in page
    assert "Окулист" not in page


def test_chips_keep_the_words_by_sending_them(as_patient: Browser, three: list[Doctor]) -> None:
    asked = {"q": "а", "specialty": "", "chip": "Терапевт"}
    page = as_patient.post("/doctors/search", asked).text
    assert shown(page) == ["Абрамов Пётр"]
    chips = re.findall(r'<button class="(chip[^"]*)" type="submit" form="doctors-search" name="chip"', one_line(page))
    assert ["chip--on" in kind for kind in chips] == [is_on for _, is_on in CHIPS]
    assert 'value="а"' in page


@pytest.mark.parametrize("htmx", [True, False])
def test_more_than_are_shown_are_told_of(
    as_patient: Browser, three: list[Doctor], htmx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_FOUND", 2)
    for another, told in (("Абрамов Иван", False), ("Абрамов Яков", True)):
        make_doctor(another)
        page = as_patient.post("/doctors/search", {"q": "абрамов"}, htmx=htmx).text
        assert shown(page) == ["Абрамов Иван", "Абрамов Пётр"]
        assert ("Показаны первые 2. Уточните поиск." in page) is told


def test_search_without_words_is_the_list(as_patient: Browser, three: list[Doctor]) -> None:
    answer = as_patient.post("/doctors/search", {"q": " ", "specialty": "Терапевт"})
    assert (answer.status_code, answer.location) == (
        303,
        "/doctors?specialty=%D0%A2%D0%B5%D1%80%D0%B0%D0%BF%D0%B5%D0%B2%D1%82",
    )
    assert shown(as_patient.post("/doctors/search", {"q": ""}, htmx=True).text) == ["Абрамов Пётр", "Ёлкина Мария"]


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("сердце", "Ёлкина Мария"),
        ("болит сердце", "Ёлкина Мария"),
        ("болит", ""),
        ("сердца", "Ёлкина Мария"),
        ("давл пульс", "Ёлкина Мария"),
        ("простуда", "Абрамов Пётр"),
        ("кожа", ""),
    ],
)
def test_doctor_is_found_by_what_hurts(as_patient: Browser, three: list[Doctor], typed: str, name: str) -> None:
    assert shown(as_patient.post("/doctors/search", {"q": typed}).text) == ([name] if name else [])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("сердуе", "сердце"), ("кардеолог", "кардиолог"), ("абромов", "абрамов"), ("прастуда", "простуда")],
)
def test_slip_of_the_finger_is_forgiven_and_said(
    as_patient: Browser, three: list[Doctor], typed: str, meant: str
) -> None:
    page = as_patient.post("/doctors/search", {"q": typed}).text
    assert len(shown(page)) == 1
    assert f"Показаны врачи по словам «{meant}»" in page


def test_no_word_that_is_looked_for_is_in_a_log_or_an_address(
    as_patient: Browser, three: list[Doctor], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    page = as_patient.post("/doctors/search", {"q": "аритмия"}).text
    assert "аритмия" not in caplog.text
    assert not re.findall(r'(?:href|action|hx-get|hx-post)="[^"]*(?:q=|%D0%B0%D1%80)', page)


@pytest.mark.parametrize("q", ["нетникого", "<script>alert(1)</script>", '"><b>'])
def test_nobody_found_says_so_and_offers_all(as_patient: Browser, three: list[Doctor], q: str) -> None:
    page = as_patient.post("/doctors/search", {"q": q}).text
    assert "Никого не нашли" in page
    assert "Показать всех врачей" in page
    assert "<script>alert" not in page
    assert '"><b>' not in page


@pytest.mark.parametrize("htmx", [True, False])
def test_pages_follow_one_another(as_patient: Browser, clinic: Flask, htmx: bool) -> None:
    for number in range(45):
        make_doctor(f"Врач {number:02}", tariffs=0)
    names: list[str] = []
    url = "/doctors"
    for _ in range(3):
        page = as_patient.get(url, htmx=htmx).text
        names += shown(page)
        more = re.search(r'class="more"[^>]*>\s*<a [^>]*?href="([^"]+)"', page)
        url = more.group(1).replace("&amp;", "&") if more else ""
    assert names == [f"Врач {number:02}" for number in range(45)]
    assert url == ""


def test_full_page_without_a_next_one_offers_none(as_patient: Browser) -> None:
    for number in range(20):
        make_doctor(f"Врач {number:02}", tariffs=0)
    page = as_patient.get("/doctors").text
    assert len(shown(page)) == 20
    assert "Показать ещё" not in page


def test_next_page_is_cards_alone(as_patient: Browser, three: list[Doctor]) -> None:
    answer = as_patient.get(f"/doctors?after={three[1].id}~{three[1].name_key}", htmx=True)
    assert shown(answer.text) == ["Ёлкина Мария"]
    assert answer.text.lstrip().startswith('<li class="doctor-card"')
    assert "chip" not in answer.text


@pytest.mark.every_case
@pytest.mark.parametrize("after", ["", "~", "x~y", "1", "-1~а", "99999999999999999999999~а", "1~\x00", "~" * 50, "²~а"])
def test_broken_position_breaks_nothing(as_patient: Browser, three: list[Doctor], after: str) -> None:
    for htmx in (True, False):
        answer = as_patient.get("/doctors", query_string={"after": after, "q": "\x00", "specialty": ""}, htmx=htmx)
        assert answer.status_code in (200, 404)


def test_strange_specialty_finds_nobody(as_patient: Browser, three: list[Doctor]) -> None:
    for specialty in ("Колдун", "я" * 500, "'; --"):
        assert shown(as_patient.get("/doctors", query_string={"specialty": specialty}).text) == []
    assert as_patient.get("/doctors?specialty=%00").status_code in (200, 404)


# A doctor's page


@pytest.mark.parametrize("htmx", [True, False])
def test_page_shows_profile_prices_and_the_button(as_patient: Browser, clinic: Flask, htmx: bool) -> None:
    doctor = make_doctor(
        about="Сердце.\nИ сосуды.", education="РНИМУ, 2002", licence="Сертификат", default_price=1500_00
    )
    add_tariff(doctor, title="Скрытый", hidden=True)
    page = as_patient.get(f"/doctors/{doctor.id}", htmx=htmx).text
    for words in (doctor.user.name, "Сердце.", "РНИМУ, 2002", "Сертификат", "Тариф 1", "1\u00a0500\u00a0₽"):
        assert words in page
    assert "Скрытый" not in page
    assert "Написать сообщение" in page
    assert "Первые 3\u00a0дня общения бесплатны" in page
    assert ("<html" in page) is not htmx


def test_doctor_without_free_days_says_so(as_patient: Browser) -> None:
    assert "по тарифу врача" in as_patient.get(f"/doctors/{make_doctor(free_days=0).id}").text


def test_who_sells_nothing_has_no_dead_button(as_patient: Browser) -> None:
    page = as_patient.get(f"/doctors/{make_doctor(tariffs=0).id}").text
    assert "Врач сейчас не принимает сообщения" in page
    assert "Написать сообщение" not in page


def test_hidden_doctor_is_only_for_his_patients(
    as_patient: Browser, as_stranger: Browser, as_doctor: Browser, patient: User, doctor: Doctor
) -> None:
    make_chat(patient, doctor)
    db.session.get_one(Doctor, doctor.id).hidden = True
    db.session.commit()
    url = f"/doctors/{doctor.id}"
    page = as_patient.get(url).text
    assert "Написать сообщение" in page
    assert as_doctor.get(url).status_code == 200
    for htmx in (True, False):
        answer = as_stranger.get(url, htmx=htmx)
        assert answer.status_code == 409
        assert "Врач сейчас не принимает сообщения" in answer.text
        assert doctor.user.name not in answer.text


def test_doctors_write_to_no_doctors(as_doctor: Browser) -> None:
    other = make_doctor("Орлов Дмитрий")
    page = as_doctor.get(f"/doctors/{other.id}").text
    assert other.user.name in page
    assert "Написать сообщение" not in page
    assert as_doctor.post("/chats", {"doctor_id": other.id}).status_code == 403


def test_no_such_doctor(as_patient: Browser) -> None:
    for url in ("/doctors/999", "/doctors/0", f"/doctors/{2**63}", f"/doctors/{10**30}", "/doctors/x"):
        assert as_patient.get(url).status_code == 404


# «Написать сообщение»


def test_button_opens_a_new_chat_and_then_the_same(as_patient: Browser, doctor: Doctor) -> None:
    answer = as_patient.post("/chats", {"doctor_id": doctor.id})
    assert answer.status_code == 303
    assert as_patient.post("/chats", {"doctor_id": doctor.id}).location == answer.location
    assert as_patient.post("/chats", {"doctor_id": doctor.id}, htmx=True).headers["HX-Redirect"] == answer.location
    page = as_patient.get(answer.location).text
    assert "Бесплатно 3\u00a0дня с первого сообщения" in page
    assert len(db.session.scalars(db.select(Chat)).all()) == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_closed_doctor_refuses_new_chats(as_patient: Browser, htmx: bool) -> None:
    doctor = make_doctor(tariffs=0)
    answer = as_patient.post("/chats", {"doctor_id": doctor.id}, htmx=htmx)
    assert answer.status_code == 409
    assert "Врач сейчас не принимает сообщения" in answer.text
    assert db.session.scalars(db.select(Chat)).all() == []


@pytest.mark.parametrize("doctor_id", ["", "x", "999", "-1", str(10**30)])
def test_no_chat_with_nobody(as_patient: Browser, doctor_id: str) -> None:
    for htmx in (True, False):
        assert as_patient.post("/chats", {"doctor_id": doctor_id}, htmx=htmx).status_code == 404
    assert as_patient.post("/chats").status_code == 404


def test_no_chat_with_a_hidden_stranger(as_patient: Browser) -> None:
    assert as_patient.post("/chats", {"doctor_id": make_doctor(hidden=True).id}).status_code == 409


@pytest.mark.every_case
@pytest.mark.parametrize(
    "words",
    ["Акушер-гинеколог", "гинеколог", "акушер гинек", "Мамин-Сибиряк", "сибиряк", "мамин", "О'Коннор", "О’Коннор",
     "коннор", "Дми\u0438\u0306", "д’артаньян"],
)  # fmt: skip
def test_doctor_is_found_as_he_is_shown(as_patient: Browser, words: str) -> None:
    make_doctor("Мамин-Сибиряк Дмий О'Коннор д’Артаньян", specialty="Акушер-гинеколог")
    assert "Мамин-Сибиряк" in as_patient.get("/doctors", query_string={"q": words}).text


@pytest.mark.parametrize("words", ["Салтыков-Щедрин", "щедрин", "О'Нил", "нил"])
def test_patient_is_found_as_he_is_shown(as_doctor: Browser, doctor: Doctor, words: str) -> None:
    make_chat(make_user("Салтыков-Щедрин О'Нил"), doctor)
    assert "Салтыков-Щедрин" in as_doctor.post("/patients/search", {"q": words}).text
