"""Numbers are resold: half a year after anybody was signed in a code on the phone alone opens nothing old."""

from __future__ import annotations

from datetime import date

import pytest
from browser import Browser
from factories import PASSWORD, later, make_chat, make_doctor, make_user, say
from flask import Flask
from guests import PHONE, code_of, invite, letters
from werkzeug.test import TestResponse

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import AuditAction, AuditEvent, Chat, Doctor, Invitation, Job, JobKind, Notification, Role, User
from ibolit.models.accounts import reassigned_number
from ibolit.services import Services

NAME = "Соколова Анна Петровна"
SET = {"password": "another pass phrase"}
NEW = SET | {"name": "Борис Орлов"}
ASKED = "Чей это номер?"


@pytest.fixture
def anna(clinic: Flask, doctor: Doctor) -> User:
    """She wrote to a doctor, and was here for the last time half a year ago."""
    user = make_user(NAME)
    user.phone = PHONE
    db.session.commit()
    chat = make_chat(user, doctor, days_left=500)
    say(chat, user, "Болит колено")
    mine = Browser(clinic)
    assert mine.post("/login", {"login": PHONE, "password": PASSWORD}).status_code == 303
    later(days=180, minutes=1)
    return user


def prove(browser: Browser, services: Services) -> TestResponse:
    """With the code of the SMS."""
    browser.post("/login/phone", {"phone": PHONE})
    browser.post("/login/code", {"code": code_of(services)})
    return browser.get("/login/password")


def account(user: User) -> User:
    return db.session.get_one(User, user.id)


def test_code_alone_opens_nothing_old(visitor: Browser, services: Services, anna: User) -> None:
    answer = prove(visitor, services)
    assert answer.location == "/login/whose"
    page = visitor.get("/login/whose").text
    assert ASKED in page
    assert "Соколова" not in page
    assert "Анна" not in page
    assert visitor.post("/login/password", NEW).location == "/login/whose"
    assert not account(anna).check_password("another pass phrase")
    assert visitor.get("/messages").location.startswith("/login")


def test_a_day_less_and_it_does(visitor: Browser, services: Services, anna: User) -> None:
    later(days=179)
    assert prove(visitor, services).status_code == 200
    assert visitor.post("/login/password", SET).status_code == 303
    assert "Болит колено" in visitor.get("/messages").text


@pytest.mark.parametrize(
    "typed", ["Анна Соколова", "соколова  анна", "СОКОЛОВА АННА ПЕТРОВНА", "Анна Петровна Соколова"]
)
def test_name_opens_it(visitor: Browser, services: Services, anna: User, typed: str) -> None:
    prove(visitor, services)
    assert visitor.post("/login/whose", {"owner": typed}).location == "/login/password"
    assert visitor.post("/login/password", SET).status_code == 303
    assert "Болит колено" in visitor.get("/messages").text


@pytest.mark.parametrize("typed", ["Анна", "Соколова", "Анна Орлова", "Анна Соколова Ивановна", "а с п", ""])
def test_another_name_does_not(visitor: Browser, services: Services, anna: User, typed: str) -> None:
    prove(visitor, services)
    answer = visitor.post("/login/whose", {"owner": typed})
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text
    assert visitor.get("/login/password").location == "/login/whose"


@pytest.fixture
def born(anna: User) -> User:
    """She has said when."""
    account(anna).birth_date = date(1957, 5, 3)
    db.session.commit()
    return anna


def test_birth_date_that_is_known_is_asked_as_well(visitor: Browser, services: Services, born: User) -> None:
    prove(visitor, services)
    assert 'name="birth_date"' in visitor.get("/login/whose").text
    answer = visitor.post("/login/whose", {"owner": NAME, "birth_date": "3.5.1957"})
    assert answer.location == "/login/password"


@pytest.mark.parametrize(
    ("owner", "birth_date", "sentence"),
    [
        (NAME, "04.05.1957", "Имя или дата рождения не совпадают с прежними"),
        ("Орлова Анна", "03.05.1957", "Имя или дата рождения не совпадают с прежними"),
        (NAME, "", "Введите дату рождения."),
        (NAME, "вчера", "Введите день, месяц и год цифрами."),
    ],
)
def test_name_alone_opens_nothing_then(
    visitor: Browser, services: Services, born: User, owner: str, birth_date: str, sentence: str
) -> None:
    """And nobody is told which of the two was right."""
    prove(visitor, services)
    answer = visitor.post("/login/whose", {"owner": owner, "birth_date": birth_date})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert visitor.get("/login/password").location.startswith("/login/whose")


def test_birth_date_that_nobody_knows_is_not_asked(visitor: Browser, services: Services, anna: User) -> None:
    prove(visitor, services)
    assert 'name="birth_date"' not in visitor.get("/login/whose").text


def test_three_tries_a_day_in_however_many_browsers(clinic: Flask, services: Services, anna: User) -> None:
    heard = []
    for number in range(4):
        later(days=180, minutes=2 + 20 * number)
        browser = Browser(clinic)
        prove(browser, services)
        heard.append(browser.post("/login/whose", {"owner": f"Анна Орлова {number}"}).status_code)
    assert heard == [422, 422, 422, 429]
    assert browser.post("/login/whose", {"owner": NAME}).status_code == 429
    later(days=181, hours=3)
    prove(browser, services)
    assert browser.post("/login/whose", {"owner": NAME}).location == "/login/password"


def test_name_of_one_word_shows_nothing(visitor: Browser, services: Services, anna: User) -> None:
    account(anna).rename("Анна")
    db.session.commit()
    prove(visitor, services)
    assert 'name="owner"' not in visitor.get("/login/whose").text
    assert visitor.post("/login/whose", {"owner": "Анна"}).status_code == 422


def test_code_to_the_proved_mail_opens_it(visitor: Browser, services: Services, anna: User) -> None:
    account(anna).email = "anna@example.org"
    db.session.commit()
    prove(visitor, services)
    page = visitor.get("/login/whose").text
    assert "Получить код на свою почту" in page
    assert "anna@example" not in page
    by_sms = code_of(services)
    for _ in range(2):
        assert visitor.post("/login/whose/mail").location == "/login/whose"
    run_due()
    mailed = [letter for letter in letters(services) if letter.to == "anna@example.org"]
    assert len(mailed) == 1
    assert by_sms not in mailed[0].text
    assert visitor.post("/login/whose/code", {"code": by_sms}).status_code == 422  # the phone alone
    digits = next(word for word in mailed[0].text.replace(".", " ").split() if len(word) == 6 and word.isdecimal())
    assert visitor.post("/login/whose/code", {"code": digits}).location == "/login/password"
    assert visitor.post("/login/password", SET).status_code == 303
    assert "Болит колено" in visitor.get("/messages").text


def test_mailed_code_is_guessed_five_times(visitor: Browser, services: Services, anna: User) -> None:
    account(anna).email = "anna@example.org"
    db.session.commit()
    prove(visitor, services)
    visitor.post("/login/whose/mail")
    heard = [visitor.post("/login/whose/code", {"code": f"00000{number}"}).status_code for number in range(6)]
    assert heard == [422] * 5 + [429]


def test_no_mail_no_mailed_code(visitor: Browser, services: Services, anna: User) -> None:
    prove(visitor, services)
    assert "Получить код на свою почту" not in visitor.get("/login/whose").text
    assert visitor.post("/login/whose/mail").location == "/login/whose"
    assert db.session.scalars(db.select(Job).where(Job.kind == JobKind.OWNER_BY_MAIL)).all() == []


def begin_anew(browser: Browser, services: Services) -> TestResponse:
    prove(browser, services)
    assert browser.post("/login/whose/new").location == "/login/password"
    page = browser.get("/login/password").text
    assert "Знакомство" in page
    assert "Соколова" not in page
    return browser.post("/login/password", NEW)


def test_who_has_bought_the_number_begins_with_nothing(visitor: Browser, services: Services, anna: User) -> None:
    assert begin_anew(visitor, services).status_code == 303
    visitor.post("/consent", {"offer": "y", "personal_data": "y"})
    page = visitor.get("/messages").text
    assert "Болит колено" not in page
    assert visitor.get(f"/chats/{db.session.scalars(db.select(Chat.id)).one()}").status_code == 404
    old, new = account(anna), db.session.scalars(db.select(User).where(User.phone == PHONE)).one()
    assert (old.phone, old.name, new.name, new.role) == (None, NAME, "Борис Орлов", Role.PATIENT)
    assert old.id != new.id
    left = db.select(AuditEvent).where(AuditEvent.action == AuditAction.NUMBER_LEFT)
    assert db.session.scalars(left).one().subject_id == old.id


def test_pressing_it_alone_changes_nothing(visitor: Browser, services: Services, anna: User) -> None:
    prove(visitor, services)
    visitor.post("/login/whose/new")
    assert account(anna).phone == PHONE


def test_owner_who_is_back_meanwhile_keeps_his_number(clinic: Flask, services: Services, anna: User) -> None:
    stranger, owner = Browser(clinic), Browser(clinic)
    prove(stranger, services)
    stranger.post("/login/whose/new")
    assert owner.post("/login", {"login": PHONE, "password": PASSWORD}).status_code == 303
    assert stranger.post("/login/password", NEW).status_code == 303
    assert account(anna).phone == PHONE
    assert stranger.get("/messages").location.startswith("/login")
    assert len(db.session.scalars(db.select(User).where(User.role == Role.PATIENT)).all()) == 1


def test_old_account_is_told_and_lives_on_without_a_phone(
    clinic: Flask, visitor: Browser, services: Services, anna: User, doctor: Doctor, as_doctor: Browser
) -> None:
    account(anna).email = "anna@example.org"
    db.session.commit()
    begin_anew(visitor, services)
    run_due()
    told = [letter for letter in letters(services) if letter.to == "anna@example.org"]
    assert "Ваш номер телефона подтвердил кто-то другой" in told[0].text
    assert "/n/" in told[0].text
    owner = Browser(clinic)
    assert owner.post("/login", {"login": "anna@example.org", "password": PASSWORD}).status_code == 303
    assert "Болит колено" in owner.get("/messages").text
    assert "Номера нет" in owner.get("/profile").text
    assert "Прислать код" not in owner.get("/profile/confirmation/email").text
    assert owner.post("/profile/confirmation/email/code").status_code == 422
    for page in ("/patients", f"/patients/{anna.id}"):
        assert "None" not in as_doctor.get(page).text.split("</head>")[1]
    assert "номера нет" in as_doctor.get(f"/patients/{anna.id}").text


def sent_to_the_number(services: Services) -> list[str]:
    return [one.text for one in letters(services) if one.to == PHONE]


def test_nothing_of_the_old_account_goes_to_the_number(
    clinic: Flask, visitor: Browser, services: Services, anna: User, as_doctor: Browser
) -> None:
    """The doctor writes to who had it: no SMS tells who has it now."""
    begin_anew(visitor, services)
    had = sent_to_the_number(services)
    chat_id = db.session.scalars(db.select(Chat.id)).one()
    as_doctor.post(f"/chats/{chat_id}/messages", {"text": "Как колено?", "client_id": "about-the-knee-1"})
    for hours in (1, 13):  # by night nothing of a message goes out: one of the two is day
        later(days=180, hours=hours)
        run_due()
    assert sent_to_the_number(services) == had
    hers = db.select(Notification.state).where(Notification.user_id == anna.id)
    assert db.session.scalars(hers).all() == ["undeliverable"]


def test_account_without_a_phone_takes_nobodys_invitations(clinic: Flask, anna: User) -> None:
    """No phone is nobody's phone: a mailed invitation has none, either."""
    other = make_doctor("Петров Пётр Ильич")
    invite(other, "zoya@example.org")
    user = account(anna)
    user.phone, user.email = None, "anna@example.org"
    db.session.commit()
    owner = Browser(clinic)
    assert owner.post("/login", {"login": "anna@example.org", "password": PASSWORD}).status_code == 303
    assert db.session.scalars(db.select(Invitation)).one().accepted_at is None


def test_who_never_came_is_asked_nothing(visitor: Browser, services: Services, clinic: Flask) -> None:
    User.register_staff(PHONE, "Иванов Иван", Role.OPERATOR)
    db.session.commit()
    later(days=400)
    assert "Здравствуйте, Иванов Иван" in prove(visitor, services).text


def test_doors_lead_back_where_nothing_is_asked(visitor: Browser) -> None:
    for door in ("", "/mail", "/code", "/new"):
        assert visitor.post(f"/login/whose{door}").location == "/login/password"
    assert visitor.get("/login/whose").location == "/login/password"


def test_sign_up_says_for_whom_it_is(visitor: Browser, services: Services, clinic: Flask) -> None:
    assert "Аккаунт заводят с 18 лет" in prove(visitor, services).text


def test_office_gives_a_phone(clinic: Flask, services: Services, anna: User) -> None:
    user = account(anna)
    user.phone, user.email = None, "anna@example.org"
    db.session.commit()
    run = clinic.test_cli_runner().invoke
    listed = run(args=["give-phone", PHONE, "--name", "анна соколова"])
    assert f"{anna.id} {NAME}" in listed.output
    taken = make_user()
    assert run(args=["give-phone", taken.phone or "", "--account", str(anna.id)]).exit_code != 0
    assert run(args=["give-phone", PHONE, "--account", str(taken.id)]).exit_code != 0
    assert run(args=["give-phone", PHONE, "--account", str(anna.id)]).exit_code == 0
    assert account(anna).phone == PHONE
    run_due()
    [letter] = [letter for letter in letters(services) if "Клиника добавила номер" in letter.text]
    assert letter.to == "anna@example.org"  # the older way, and not the new one
    link = next(word for word in letter.text.split() if "/n/" in word).partition("8000")[2]
    assert Browser(clinic).post(link).status_code == 200
    assert (account(anna).phone, account(anna).is_frozen) == (None, True)


def test_number_is_left_once(clinic: Flask, anna: User) -> None:
    reassigned_number.release_phone(account(anna))
    with pytest.raises(errors.PhoneIsTaken):
        account(anna).assign_phone(make_user().phone or "")
