"""A list of patients: a preview before anything is sent, nobody twice, progress, a report."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from browser import Browser
from factories import later, make_doctor, make_user
from flask import Flask
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Doctor,
    ImportLine,
    Invitation,
    Job,
    JobKind,
    PatientImport,
    Role,
    RowError,
    User,
)
from ibolit.services import Services
from ibolit.services.sms import SmsFailed

LIST = "Телефон;Имя\n8 916 000-10-01;Анна\n8 916;Пётр\nmarina@example.org;Марина\n89160001001;Аня\n"


def send(browser: Browser, text: str | bytes = LIST, client_id: str = "list-0001", **more: str) -> TestResponse:
    data = text.encode() if isinstance(text, str) else text
    fields = {"file": (BytesIO(data), "Пациенты.csv"), "client_id": client_id, "csrf_token": browser.token()} | more
    return browser.post("/invitations/imports", fields, content_type="multipart/form-data")


def start(browser: Browser, address: str) -> TestResponse:
    return browser.post(f"{address}/sending")


def test_preview_says_what_is_wrong_and_sends_nothing(as_doctor: Browser, services: Services) -> None:
    answer = send(as_doctor)
    assert answer.status_code == 303
    page = as_doctor.get(answer.location).text
    assert "Пока ничего не отправлено" in page
    assert "Готово к отправке: <b>2</b>. Не подошло: <b>2</b>" in page
    assert re.search(r"Строка 3:</b> такого телефона не бывает", page)
    assert re.search(r"Строка 5:</b> повтор", page)
    run_due()
    assert services.outbox.latest() == []
    assert db.session.scalars(db.select(Invitation)).all() == []


def test_list_is_sent_and_told_of(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    address = send(as_doctor).location
    assert start(as_doctor, address).location == address
    assert "Отправляем" in as_doctor.get(address).text
    run_due()
    assert sorted(letter.to for letter in services.outbox.latest()) == ["+79160001001", "marina@example.org"]
    page = as_doctor.get(address).text
    assert "Готово" in page
    assert "Отправлено <b>2</b> из <b>2</b>" in page
    assert "hx-trigger" not in page.split('id="import-')[1].split(">")[0]  # nothing to wait for any more
    report = as_doctor.get(f"{address}/report.csv")
    assert report.mimetype == "text/csv"
    assert report.data.startswith(b"\xef\xbb\xbf")
    rows = report.data.decode("utf-8-sig").splitlines()
    assert rows[1] == "2;Анна;8 916 000-10-01;отправлено"
    assert rows[2] == "3;Пётр;8 916;такого телефона не бывает"
    assert (AuditAction.PATIENTS_IMPORTED, doctor.user_id) in [
        (row.action, row.actor_id) for row in db.session.scalars(db.select(AuditEvent))
    ]


@pytest.mark.parametrize("htmx", [True, False])
def test_page_shows_progress(as_doctor: Browser, services: Services, htmx: bool) -> None:
    address = send(as_doctor).location
    start(as_doctor, address)
    page = as_doctor.get(address, htmx=htmx).text
    assert "ждут <b>2</b>" in page
    assert 'hx-trigger="every 2s"' in page
    assert ("http-equiv" in page) is not htmx  # with scripts off the page comes back by itself


def test_repeated_import_sends_nobody_a_second_link(as_doctor: Browser, services: Services) -> None:
    start(as_doctor, send(as_doctor).location)
    run_due()
    later(days=8)  # the first links are dead by now
    again = send(as_doctor, client_id="list-0002").location
    page = as_doctor.get(again).text
    assert "Отправлять некому" in page
    assert page.count("уже приглашён") == 2
    start(as_doctor, again)
    run_due()
    assert len(services.outbox.latest()) == 2


def test_two_lists_at_once_send_nobody_a_second_link(as_doctor: Browser, services: Services) -> None:
    """Both were looked at before either was sent."""
    first, second = send(as_doctor).location, send(as_doctor, client_id="list-0002").location
    start(as_doctor, first)
    start(as_doctor, second)
    run_due()
    assert len(services.outbox.latest()) == 2
    faults = db.session.scalars(db.select(ImportLine.fault).where(ImportLine.fault == RowError.KNOWN)).all()
    assert len(faults) == 2


def test_who_is_in_a_chat_is_not_invited(as_doctor: Browser, chat: Chat, patient: User) -> None:
    page = as_doctor.get(send(as_doctor, f"{patient.phone};Анна").location).text
    assert "уже приглашён или уже в чате" in page


def test_form_sent_twice_is_one_list(as_doctor: Browser) -> None:
    first, second = send(as_doctor), send(as_doctor)
    assert first.location == second.location
    assert len(db.session.scalars(db.select(PatientImport)).all()) == 1
    assert len(db.session.scalars(db.select(ImportLine)).all()) == 4


@pytest.mark.parametrize("client_id", ["", "list", "list-0001\n", "l" * 80, "список-0001"])
def test_forged_client_id_is_refused(as_doctor: Browser, client_id: str) -> None:
    answer = send(as_doctor, client_id=client_id)
    assert answer.status_code == 422
    assert "Обновите страницу и выберите файл ещё раз." in answer.text
    assert db.session.scalars(db.select(PatientImport)).all() == []


def test_pressed_twice_is_one_import(as_doctor: Browser, services: Services) -> None:
    address = send(as_doctor).location
    start(as_doctor, address)
    start(as_doctor, address)
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.PATIENT_IMPORT)).all()) == 1
    acts = db.session.scalars(db.select(AuditEvent.action)).all()
    assert acts.count(AuditAction.PATIENTS_IMPORTED) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "ни одной строки"), (b"PK\x03\x04", "книга Excel"), ("Телефон;Имя".encode(), "только заголовок")],
)
def test_no_list_is_explained(as_doctor: Browser, data: bytes, words: str) -> None:
    answer = send(as_doctor, data)
    assert answer.status_code == 422
    assert words in answer.text


def test_no_file_at_all(as_doctor: Browser) -> None:
    answer = as_doctor.post("/invitations/imports", {"client_id": "list-0001"})
    assert (answer.status_code, "ни одной строки" in answer.text) == (422, True)


def test_too_large_a_file(as_doctor: Browser) -> None:
    body = b"--x\r\n" + b"8" * (3 * 1024 * 1024)
    answer = as_doctor.post("/invitations/imports", body, content_type="multipart/form-data; boundary=x")  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_form_without_a_token(as_doctor: Browser) -> None:
    body = {"file": (BytesIO(LIST.encode()), "a.csv"), "client_id": "list-0001"}
    assert as_doctor.open("/invitations/imports", method="POST", data=body).status_code == 400
    assert db.session.scalars(db.select(PatientImport)).all() == []


def test_operator_says_for_whom(clinic: Flask, doctor: Doctor) -> None:
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))
    assert doctor.user.name in operator.get("/invitations/imports/new").text
    assert send(operator).status_code == 422
    address = send(operator, doctor=str(doctor.id)).location
    assert f"К врачу: {doctor.user.name}" in operator.get(address).text
    start(operator, address)
    run_due()
    assert {one.doctor_id for one in db.session.scalars(db.select(Invitation))} == {doctor.id}
    assert "Список №1" in operator.get("/invitations/imports/new").text


def test_list_is_its_senders_alone(clinic: Flask, as_doctor: Browser, as_patient: Browser) -> None:
    address = send(as_doctor).location
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))
    for browser in (as_patient, operator, Browser(clinic, make_doctor("Лебедев Михаил").user)):
        assert browser.get(address).status_code == 404
        assert browser.get(f"{address}/report.csv").status_code == 404
        assert start(browser, address).status_code == 404
    assert send(as_patient).status_code == 404


def test_ten_thousand_lines(as_doctor: Browser, services: Services) -> None:
    text = "Телефон;Имя\n" + "".join(f"+7916{number:07};Пациент {number}\n" for number in range(10_000))
    address = send(as_doctor, text.encode("cp1251")).location
    page = as_doctor.get(address).text
    assert "Готово к отправке: <b>10000</b>" in page
    assert "Пациент 0" in page


def test_lines_go_out_some_at_a_time_and_survive_a_crash(
    as_doctor: Browser, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ibolit.models.invitations.patient_import.AT_ONCE", 3)
    text = "".join(f"+7916{number:07};Пациент {number}\n" for number in range(10))
    start(as_doctor, send(as_doctor, text).location)
    patients = db.session.scalars(db.select(PatientImport)).one()
    assert patients.invite_some()
    db.session.commit()
    db.session.remove()
    run_due()  # the job begins anew and goes on where it was
    assert len({letter.to for letter in services.outbox.latest()}) == len(services.outbox.latest()) == 10
    patients = db.session.scalars(db.select(PatientImport)).one()
    assert patients.finished_at is not None


def test_what_did_not_go_out_is_named(as_doctor: Browser, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(phone: str, text: str) -> str:
        raise SmsFailed("status 400", permanent=True)

    monkeypatch.setattr(services.sms, "send", refuse)
    address = send(as_doctor).location
    start(as_doctor, address)
    run_due()
    page = as_doctor.get(address).text
    assert "не дошло <b>1</b>" in page
    assert "Строка 2: Анна" in page
    assert "Не дошло. Проверьте номер" in as_doctor.get("/invitations").text
    assert ";не отправлено" in as_doctor.get(f"{address}/report.csv").text


def test_daily_limit_makes_the_rest_wait(
    as_doctor: Browser, services: Services, change_settings: Callable[..., None]
) -> None:
    change_settings(sms_daily_max=10)
    text = "".join(f"+7916{number:07};Пациент {number}\n" for number in range(6))
    address = send(as_doctor, text).location
    start(as_doctor, address)
    run_due()
    sent = len(services.outbox.latest())
    assert sent == 4  # two SMS each, and one of the ten is kept for codes
    page = as_doctor.get(address).text
    assert "ждут <b>2</b>" in page
    assert "отправим завтра" in as_doctor.get("/invitations").text
    later(days=1, hours=14)
    run_due()
    assert len(services.outbox.latest()) == 6
    assert "Отправлено <b>6</b> из <b>6</b>" in as_doctor.get(address).text


@pytest.mark.parametrize("mark", "=+-@")
def test_formula_in_a_name_is_harmless(as_doctor: Browser, mark: str) -> None:
    address = send(as_doctor, f"Телефон;Имя\n+7 (916) 000-10-01;{mark}HYPERLINK(1)\n").location
    report = as_doctor.get(f"{address}/report.csv").text
    assert f";'{mark}HYPERLINK(1);" in report
    assert ";+7 (916) 000-10-01;" in report


def test_drafts_are_forgotten(as_doctor: Browser, clinic: Flask) -> None:
    send(as_doctor)
    later(days=2)
    PatientImport.purge_old()
    db.session.commit()
    assert db.session.scalars(db.select(ImportLine)).all() == []


# What was understood, and how it is put right

LISTED = "Кто;Что;Чей\nИванова Елена;Соколова Анна;+7 916 000-10-01\nИванова Елена;Ким Олег;kim@example.org\n"


def chosen(page: str) -> dict[str, str]:
    """What each column of the preview is taken for."""
    selects = re.findall(r'<select[^>]* name="columns-(\d+)".*?</select>', page, re.DOTALL)
    options = re.findall(r'<select[^>]* name="columns-\d+".*?<option selected value="(\w+)"', page, re.DOTALL)
    return dict(zip(selects, options, strict=True))


def take(browser: Browser, address: str, *, htmx: bool = False, **kinds: str) -> TestResponse:
    return browser.post(f"{address}/columns", {f"columns-{at[1:]}": kind for at, kind in kinds.items()}, htmx=htmx)


def test_preview_says_who_gets_what_by_which_way(as_doctor: Browser) -> None:
    rows = "Анна;12.05.1980;8 916 000-10-01;", "Зоя;01.01.2999;8 495 555-11-02;z@example.org"
    text = "\n".join(("ФИО;Дата рождения;Телефон;Почта", *rows))
    page = as_doctor.get(send(as_doctor, text).location).text
    assert 'Анна, 12 мая 1980: СМС на <span class="nowrap">+7 916 000-10-01</span>' in page
    assert "Зоя: письмо на z@example.org" in page  # a birthday to come is none
    assert chosen(page) == {"0": "name", "1": "birth_date", "2": "phone", "3": "email"}
    assert "8 916 000-10-01, 8 495 555-11-02" in page


@pytest.mark.parametrize("htmx", [True, False])
def test_sender_corrects_the_columns(as_doctor: Browser, services: Services, htmx: bool) -> None:
    address = send(as_doctor, LISTED).location
    assert chosen(as_doctor.get(address).text) == {"0": "name", "1": "other", "2": "phone"}
    answer = take(as_doctor, address, _0="other", _1="name", _2="phone", htmx=htmx)
    assert (answer.status_code, answer.location) == (303, address)
    page = as_doctor.get(address).text
    assert chosen(page) == {"0": "other", "1": "name", "2": "phone"}
    assert "Соколова Анна: СМС на" in page
    assert "Ким Олег: письмо на kim@example.org" in page
    run_due()
    assert services.outbox.latest() == []
    start(as_doctor, address)
    run_due()
    assert {one.name for one in db.session.scalars(db.select(Invitation))} == {"Соколова Анна", "Ким Олег"}


def test_columns_without_a_way_to_write_are_asked_back(as_doctor: Browser) -> None:
    address = send(as_doctor, LISTED).location
    answer = take(as_doctor, address, _0="other", _1="name", _2="other")
    assert answer.status_code == 422
    assert "Выберите столбец с телефоном или почтой." in answer.text
    assert chosen(answer.text) == {"0": "other", "1": "name", "2": "other"}
    assert chosen(as_doctor.get(address).text) == {"0": "name", "1": "other", "2": "phone"}


@pytest.mark.parametrize("kind", ["", "doctor", "phone\x00"])
def test_forged_kind_of_a_column_is_refused(as_doctor: Browser, kind: str) -> None:
    address = send(as_doctor, LISTED).location
    answer = take(as_doctor, address, _0=kind, _1="name", _2="phone")
    assert answer.status_code == 422
    assert "Выберите из списка, что в этом столбце." in answer.text


@pytest.mark.parametrize("kinds", [{"_0": "phone"}, {"_0": "phone", "_1": "name", "_2": "name", "_3": "name"}])
def test_choices_for_another_list_are_asked_back(as_doctor: Browser, kinds: dict[str, str]) -> None:
    answer = take(as_doctor, send(as_doctor, LISTED).location, **kinds)
    assert (answer.status_code, "Обновите страницу и выберите столбцы ещё раз." in answer.text) == (422, True)


def test_nothing_is_sent_that_the_page_did_not_show(as_doctor: Browser, services: Services) -> None:
    """The columns were chosen anew in another window."""
    address = send(as_doctor, LISTED).location
    [seen] = re.findall(r'name="expected" value="(\w+)"', as_doctor.get(address).text)
    take(as_doctor, address, _0="other", _1="name", _2="phone")
    answer = as_doctor.post(f"{address}/sending", {"expected": seen})
    assert answer.status_code == 409
    assert "Столбцы выбрали заново в другом окне" in answer.text
    run_due()
    assert services.outbox.latest() == []
    [seen] = re.findall(r'name="expected" value="(\w+)"', answer.text)
    assert as_doctor.post(f"{address}/sending", {"expected": seen}).status_code == 303


def test_columns_of_a_list_on_its_way_stay(as_doctor: Browser) -> None:
    """And the file itself is kept no longer than until it is sent."""
    address = send(as_doctor, LISTED).location
    start(as_doctor, address)
    assert take(as_doctor, address, _0="other", _1="name", _2="phone").location == address
    assert {line.name for line in db.session.scalars(db.select(ImportLine))} == {"Иванова Елена"}
    [kept] = db.session.scalars(db.select(PatientImport))
    assert (kept.source, kept.columns) == (None, None)
    assert "Что в столбцах" not in as_doctor.get(address).text


def test_birth_date_is_a_suggestion_of_the_invitation(as_doctor: Browser, services: Services) -> None:
    start(as_doctor, send(as_doctor, "ФИО;Д.р.;Телефон\nАнна;12.05.1980;8 916 000-10-01\n").location)
    run_due()
    [made] = db.session.scalars(db.select(Invitation))
    assert made.birth_date == date(1980, 5, 12)
    assert "1980" not in services.outbox.latest()[0].text


def test_wide_list_shows_what_matters(as_doctor: Browser) -> None:
    """Exports of mail services have a hundred columns."""
    titles = ";".join(f"Поле {number}" for number in range(120))
    cells = ";".join(f"x{number}" for number in range(120))
    page = as_doctor.get(send(as_doctor, f"{titles};ФИО;Телефон\n{cells};Анна;8 916 000-10-01\n").location).text
    assert len(chosen(page)) == 40
    assert [*chosen(page).values()][-2:] == ["name", "phone"]


def test_address_book_is_a_list(as_doctor: Browser) -> None:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Соколова Анна\r\nTEL;TYPE=CELL:+79160001001\r\nEND:VCARD\r\n"
    assert "Соколова Анна: СМС на" in as_doctor.get(send(as_doctor, card).location).text


def test_phone_of_who_was_written_to_is_no_second_link(as_doctor: Browser, services: Services) -> None:
    """A month later the list has phones beside the addresses; a family shares one."""
    start(as_doctor, send(as_doctor, "Имя;Почта\nАнна Соколова;dom@example.org\n").location)
    run_due()
    text = "Имя;Почта;Телефон\nСоколова Анна;dom@example.org;\nАнна Соколова;dom@example.org;8 916 000-10-01\n"
    text += "Ким Олег;dom@example.org;8 916 000-10-02\n"
    address = send(as_doctor, text, client_id="list-0002").location
    page = as_doctor.get(address).text
    assert page.count("уже приглашён") == 2
    assert "Ким Олег: СМС на" in page
    start(as_doctor, address)
    run_due()
    assert len(services.outbox.latest()) == 2
