"""«Профиль»: each form good and bad, devices, and the link that proves an e-mail."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import PASSWORD, later, make_user
from flask import Flask
from guests import proof_link

from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, Device, Doctor, Job, User
from ibolit.services import Services
from ibolit.web.time_zones import title_of

PUSH_AND_SMS = pytest.mark.parametrize("htmx", [True, False])


def me(user: User) -> User:
    return db.session.get_one(User, user.id)


def panel(page: str, name: str) -> str:
    found = re.search(rf'<section\b[^>]* id="{name}(?:-card)?".*?</section>', page, re.DOTALL)
    assert found is not None
    return found.group()


def test_profile_shows_everything(as_patient: Browser, patient: User) -> None:
    page = as_patient.get("/profile").text
    for words in (patient.name, "Мои устройства", "Только это", "Часовой пояс", "Москва, как на устройстве", "Выйти"):
        assert words in page
    helping = as_patient.get("/profile/help").text
    assert "support@ibolit.pro" in helping
    assert "/documents/offer" in helping


PAGES = ("name", "email", "password", "devices", "notifications", "zone", "offline", "help")


def lines_of(page: str) -> dict[str, str]:
    """Of each line of the list its address and what it says."""
    found = re.findall(r'<a class="panel-list__link" href="([^"]+)">(.*?)</a>', page, re.DOTALL)
    return {href: " ".join(re.sub(r"<[^>]+>", " ", line).split()).replace(" :", ":") for href, line in found}


def test_every_line_leads_to_a_page_that_leads_back(as_patient: Browser, as_doctor: Browser) -> None:
    for browser, more in (
        (
            as_patient,
            {f"/profile/{page}" for page in ("birth-date", "sex", "payments", "phone", "erasure", "family", "my-data")},
        ),
        (as_doctor, set()),
    ):
        lines = lines_of(browser.get("/profile").text)
        own = {href for href in lines if href.startswith("/profile") and not href.endswith("/income")}
        assert own == {f"/profile/{page}" for page in PAGES if page != "help"} | more
        for href in [*lines, "/profile/help"]:
            page = browser.get(href)
            assert page.status_code == 200, href
            assert re.search(r'class="bar__back" href="/profile"', page.text), href


def test_old_anchors_lead_to_lines(as_patient: Browser) -> None:
    """Of the one long page; bookmarks and pages that were open then have them."""
    page = as_patient.get("/profile").text
    for anchor in (
        "name-card",
        "birth_date-card",
        "email-card",
        "password-card",
        "devices",
        "notifications",
        "zone-card",
    ):
        assert f'<li class="panel-list__one" id="{anchor}">' in page


def test_lines_say_their_state(as_patient: Browser, patient: User, clinic: Flask) -> None:
    lines = lines_of(as_patient.get("/profile").text)
    assert lines["/profile/name"] == f"Имя: {patient.name}"
    assert lines["/profile/birth-date"] == "Дата рождения: Не указана"
    assert lines["/profile/email"] == "Почта: Не указана"
    assert lines["/profile/notifications"] == "Уведомления: По СМС"
    as_patient.post("/profile/birth-date", {"birth_date": "03.05.1957"})
    as_patient.post("/profile/zone", {"zone": "Asia/Omsk"})
    as_patient.post("/profile/email", {"email": "anna@example.org"})
    Browser(clinic, patient)
    lines = lines_of(as_patient.get("/profile").text)
    assert lines["/profile/birth-date"] == "Дата рождения: 3 мая 1957"
    assert lines["/profile/zone"] == "Часовой пояс: Омск"
    assert lines["/profile/email"] == "Почта: Ждём подтверждения anna@example.org"
    assert lines["/profile/devices"] == "Мои устройства: Это и ещё 1 устройство"


def test_doctor_sees_the_specialty(as_doctor: Browser) -> None:
    assert "Терапевт" in as_doctor.get("/profile").text


# Name


@PUSH_AND_SMS
def test_name_is_saved(as_patient: Browser, patient: User, htmx: bool) -> None:
    answer = as_patient.post("/profile/name", {"name": " Анна  Петрова "}, htmx=htmx)
    assert me(patient).name == "Анна Петрова"
    if htmx:
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith("<section")
        assert "Имя сохранено" in answer.text
    else:
        assert (answer.status_code, answer.location) == (303, "/profile/name")
        assert "Имя сохранено" in as_patient.get("/profile/name").text
        assert "Имя сохранено" not in as_patient.get("/profile/name").text


@PUSH_AND_SMS
@pytest.mark.parametrize(
    ("name", "words"), [("", "как вас зовут"), (" \t", "как вас зовут"), ("я" * 121, "длиннее 120")]
)
def test_bad_name_is_explained_and_kept(as_patient: Browser, patient: User, htmx: bool, name: str, words: str) -> None:
    answer = as_patient.post("/profile/name", {"name": name}, htmx=htmx)
    assert answer.status_code == 422
    assert words in panel(answer.text, "name")
    assert name.strip() in panel(answer.text, "name")
    assert ("<html" in answer.text) is not htmx
    assert me(patient).name == patient.name


def test_doctors_new_name_is_found_in_the_directory(as_doctor: Browser, as_patient: Browser) -> None:
    as_doctor.post("/profile/name", {"name": "Сидорова Анна\u202e\x00"})
    assert "Сидорова Анна" in as_patient.post("/doctors/search", {"q": "сидор"}).text


# Zone


@PUSH_AND_SMS
def test_chosen_zone_is_kept_and_given_back_to_the_device(as_patient: Browser, patient: User, htmx: bool) -> None:
    as_patient.post("/profile/zone", {"zone": "Asia/Omsk"}, htmx=htmx)
    assert (str(me(patient).zone), me(patient).timezone_is_chosen) == ("Asia/Omsk", True)
    assert 'selected value="Asia/Omsk"' in as_patient.get("/profile/zone").text
    as_patient.post("/profile/zone", {"zone": ""}, htmx=htmx)
    assert me(patient).timezone_is_chosen is False


def test_zones_are_called_by_their_towns(as_patient: Browser, patient: User) -> None:
    """Also one that is not on the list and was kept by «Вернуть»: it stays chosen."""
    followed = as_patient.post("/profile/zone", {"zone": ""}, htmx=True).text
    assert "Москва (МСК), как на устройстве" in followed
    kept = as_patient.post("/profile/zone", {"zone": "Asia/Novosibirsk"}, htmx=True).text
    assert re.search(r'<option selected value="Asia/Novosibirsk">Новосибирск \(МСК\+4\)<', kept)
    assert not re.search(r">[^<]*\w+/[A-Z]\w+[^<]*<", kept)


@pytest.mark.parametrize(
    ("zone", "words"),
    [("Europe/Moscow", "Москва (МСК)"), ("Asia/Vladivostok", "Владивосток (МСК+7)"), ("Etc/GMT+3", "МСК−6"),
     ("America/Argentina/Buenos_Aires", "МСК−6"), ("Europe/Saratov", "Саратов (МСК+1)")],
)  # fmt: skip
def test_no_zone_is_told_in_latin_letters(zone: str, words: str) -> None:
    assert title_of(zone) == words


@PUSH_AND_SMS
@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "\x00", "a" * 300])
def test_zone_that_is_none_is_refused(as_patient: Browser, patient: User, htmx: bool, zone: str) -> None:
    answer = as_patient.post("/profile/zone", {"zone": zone}, htmx=htmx)
    assert answer.status_code == 422
    assert "Выберите пояс" in answer.text
    assert me(patient).timezone is None


# Password


@PUSH_AND_SMS
def test_new_password_ends_all_other_devices(as_patient: Browser, clinic: Flask, patient: User, htmx: bool) -> None:
    elsewhere = Browser(clinic, patient)
    letter = {"current": PASSWORD, "password": "new horse battery"}
    answer = as_patient.post("/profile/password", letter, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert as_patient.get("/profile").status_code == 200
    assert elsewhere.get("/profile").location.startswith("/login")
    assert me(patient).check_password("new horse battery")
    assert db.session.scalars(db.select(AuditEvent.action)).all() == [AuditAction.PASSWORD_CHANGED]


@PUSH_AND_SMS
@pytest.mark.parametrize(
    ("letter", "words"),
    [
        ({"current": "", "password": "new horse battery"}, "Введите нынешний"),
        ({"current": "wrong horse", "password": "new horse battery"}, "не подходит"),
        ({"current": PASSWORD, "password": "short 7"}, "короче 8"),
        ({"current": PASSWORD, "password": ""}, "Придумайте"),
    ],
)
def test_bad_password_changes_nothing(
    as_patient: Browser, patient: User, htmx: bool, letter: dict[str, object], words: str
) -> None:
    answer = as_patient.post("/profile/password", letter, htmx=htmx)
    assert answer.status_code == 422
    assert words in panel(answer.text, "password")
    assert "horse" not in answer.text
    assert me(patient).check_password(PASSWORD)


def test_borrowed_phone_guesses_ten_times(as_patient: Browser) -> None:
    letter = {"current": "wrong horse", "password": "new horse battery"}
    for _ in range(10):
        assert as_patient.post("/profile/password", letter, htmx=True).status_code == 422
    for htmx in (True, False):
        answer = as_patient.post("/profile/password", letter | {"current": PASSWORD}, htmx=htmx)
        assert answer.status_code == 429
        assert "Слишком много попыток" in panel(answer.text, "password")
    later(minutes=16)
    assert as_patient.post("/profile/password", letter | {"current": PASSWORD}, htmx=True).status_code == 200


# Devices


@PUSH_AND_SMS
def test_devices_are_ended_one_by_one(as_patient: Browser, clinic: Flask, patient: User, htmx: bool) -> None:
    lost, kept = Browser(clinic, patient), Browser(clinic, patient)
    assert lost.device is not None
    assert f"/profile/devices/{lost.device.id}/end" in as_patient.get("/profile/devices").text
    answer = as_patient.post(f"/profile/devices/{lost.device.id}/end", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert lost.get("/profile").status_code == 303
    assert kept.get("/profile").status_code == 200
    if htmx:
        assert f"/devices/{lost.device.id}/" not in answer.text
    assert db.session.scalars(db.select(AuditEvent.action)).all() == [AuditAction.DEVICE_ENDED]


def test_foreign_device_is_not_there(as_stranger: Browser, as_patient: Browser) -> None:
    assert as_patient.device is not None
    for htmx in (True, False):
        assert as_stranger.post(f"/profile/devices/{as_patient.device.id}/end", htmx=htmx).status_code == 404
    assert as_patient.get("/profile").status_code == 200
    assert f"/devices/{as_patient.device.id}/" not in as_stranger.get("/profile/devices").text


def test_this_device_has_no_button_of_its_own(as_patient: Browser) -> None:
    assert as_patient.device is not None
    assert f"/devices/{as_patient.device.id}/" not in as_patient.get("/profile/devices").text


# E-mail


@PUSH_AND_SMS
def test_email_counts_when_the_link_is_pressed(
    as_patient: Browser, visitor: Browser, clinic: Flask, patient: User, services: Services, htmx: bool
) -> None:
    answer = as_patient.post("/profile/email", {"email": " Anna@Example.org "}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert "anna@example.org" in panel(as_patient.get("/profile/email").text, "email")
    link = proof_link(services)
    for _ in range(2):  # mail scanners open links
        assert "Подтвердить" in visitor.get(link).text
    assert me(patient).email is None
    assert "Почта подтверждена" in visitor.post(link).text
    assert me(patient).email == "anna@example.org"
    letter = {"login": "ANNA@example.org", "password": PASSWORD}
    assert Browser(clinic).post("/login", letter).status_code == 303
    assert "Почта подтверждена" in visitor.post(link).text  # from the letter once more
    assert db.session.scalars(db.select(AuditEvent.action)).all().count(AuditAction.EMAIL_PROVED) == 1
    as_patient.post("/profile/email", {"email": "other@example.org"})
    visitor.post(proof_link(services))
    answer = visitor.post(link)
    assert answer.status_code == 422
    assert "больше не действует" in answer.text


def test_unproved_email_opens_nothing(as_patient: Browser, visitor: Browser) -> None:
    as_patient.post("/profile/email", {"email": "anna@example.org"})
    assert visitor.post("/login", {"login": "anna@example.org", "password": PASSWORD}).status_code == 422


def test_letters_no_server_takes_are_said(as_patient: Browser) -> None:
    page = as_patient.post("/profile/email", {"email": "анна@example.org"}).text
    assert "До знака @ не латинские буквы" in panel(page, "email")
    assert 'value="анна@example.org"' in page


@PUSH_AND_SMS
@pytest.mark.parametrize(
    "email",
    ["", "anna", "anna@", "@example.org", "anna@example", "a b@example.org", "a@b.ru, c@d.ru", "a" * 300 + "@b.ru"],
)
def test_bad_email_is_explained_and_kept(as_patient: Browser, htmx: bool, email: str) -> None:
    answer = as_patient.post("/profile/email", {"email": email}, htmx=htmx)
    assert answer.status_code == 422
    assert ("Проверьте адрес" if email else "Введите адрес") in panel(answer.text, "email")
    assert f'value="{email}"' in panel(answer.text, "email")
    assert db.session.scalars(db.select(Job)).all() == []


def test_taken_address_is_answered_alike(as_patient: Browser, clinic: Flask, patient: User, services: Services) -> None:
    make_user("Хозяйка", email="taken@example.org")
    answers = []
    for email in ("taken@example.org", "free@example.org"):
        answer = as_patient.post("/profile/email", {"email": email}, htmx=True)
        answers.append(re.sub(r'csrf_token"[^>]*value="[^"]*"', "", answer.text).replace(email, "@"))
    assert answers[0] == answers[1]


def test_link_of_a_taken_address_is_refused_to_all_but_its_owner(
    as_patient: Browser, patient: User, services: Services
) -> None:
    as_patient.post("/profile/email", {"email": "taken@example.org"})
    link = proof_link(services)
    make_user("Хозяйка", email="taken@example.org")
    assert as_patient.post(link).status_code == 422
    assert me(patient).email is None


def test_wrong_old_and_absent_links(as_patient: Browser, visitor: Browser, patient: User, services: Services) -> None:
    as_patient.post("/profile/email", {"email": "anna@example.org"})
    link = proof_link(services)
    assert visitor.post(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 422
    assert visitor.get("/profile/email/999?token=abc").status_code == 404
    assert visitor.post("/profile/email/999?token=abc").status_code == 404
    later(days=3, seconds=1)
    assert visitor.post(link).status_code == 422
    assert me(patient).email is None


def test_five_letters_an_hour(as_patient: Browser) -> None:
    for number in range(5):
        assert as_patient.post("/profile/email", {"email": f"a{number}@example.org"}, htmx=True).status_code == 200
    for htmx in (True, False):
        answer = as_patient.post("/profile/email", {"email": "another@example.org"}, htmx=htmx)
        assert answer.status_code == 429
        assert "Слишком много попыток" in panel(answer.text, "email")
        assert 'value="another@example.org"' in answer.text


# Not for others


@pytest.mark.parametrize("htmx", [True, False])
def test_all_other_devices_end_at_once_and_read_why(
    as_patient: Browser, as_stranger: Browser, clinic: Flask, patient: User, htmx: bool
) -> None:
    others = [Browser(clinic, patient) for _ in range(30)]
    page = as_patient.get("/profile/devices").text
    assert "Завершить все другие" in page
    assert "Ещё 26\u00a0устройств" in page  # the rest stays folded
    assert page.index("это устройство") < page.index("Ещё 26")
    answer = as_patient.post("/profile/devices/others/end", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert "Завершить все другие" not in as_patient.get("/profile/devices").text
    out = others[0].get("/messages")
    assert out.location == "/login?next=/messages"
    assert "Вход на этом устройстве закончился" in others[0].get(out.location).text
    assert "Вход на этом устройстве закончился" not in Browser(clinic).get("/login").text
    assert as_stranger.get("/messages").status_code == 200


@pytest.mark.every_case
@pytest.mark.parametrize("name", ["\u3164\u3164", "\u2800", "\u200b\u200d", "👨\u200d👩\u200d👧", "1234"])
def test_name_nobody_can_read_is_no_name(as_patient: Browser, patient: User, name: str) -> None:
    answer = as_patient.post("/profile/name", {"name": name}, htmx=True)
    assert answer.status_code == 422
    assert "Напишите" in answer.text
    assert db.session.get_one(User, patient.id).name == "Анна Соколова"


@pytest.mark.parametrize("url", ["name", "zone", "email", "password", "devices/1/end", "devices/others/end"])
def test_visitor_changes_nothing(visitor: Browser, doctor: Doctor, url: str) -> None:
    assert visitor.post(f"/profile/{url}", {"name": "Чужой"}).location == "/login"
    assert visitor.post(f"/profile/{url}", {"name": "Чужой"}, htmx=True).headers["HX-Redirect"] == "/login"
    assert len(db.session.scalars(db.select(Device)).all()) == 0
