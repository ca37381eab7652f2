"""A way in changes only with the password or a fresh code, all older ways hear of it, and «Это не я» undoes it."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import PASSWORD, later, make_doctor
from flask import Flask
from guests import link_in, make_anna, proof_link
from leaving import me
from reading import one_line

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    Chat,
    Device,
    EmailProof,
    Invitation,
    Job,
    JobKind,
    LoginCode,
    PushSubscription,
    SecurityEvent,
    SecurityEventKind,
    User,
)
from ibolit.services import Services
from ibolit.services.codes import fingerprint
from ibolit.services.demo_outbox import DemoMessage

FRESH = "a fresh long pass phrase"


@pytest.fixture
def anna(clinic: Flask) -> User:
    return make_anna()


@pytest.fixture
def as_anna(clinic: Flask, anna: User) -> Browser:
    """An unlocked phone: signed in since yesterday."""
    browser = Browser(clinic, anna)
    later(days=1)
    return browser


def told(services: Services) -> list[DemoMessage]:
    """The news of ways in, the newest first."""
    run_due()
    return [
        letter
        for letter in services.outbox.latest()
        if re.search("изменён вход|новом устройстве|попытки", letter.text + letter.subject)
    ]


def change_email(browser: Browser, services: Services, email: str = "thief@example.org") -> None:
    browser.post("/profile/confirmation/email", {"current": PASSWORD})
    browser.post("/profile/email", {"email": email})
    browser.post(proof_link(services))


# Asking


@pytest.mark.parametrize("htmx", [True, False])
def test_unlocked_phone_does_not_change_the_address(
    as_anna: Browser, anna: User, services: Services, htmx: bool
) -> None:
    answer = as_anna.post("/profile/email", {"email": "thief@example.org"}, htmx=htmx)
    place = answer.headers["HX-Redirect"] if htmx else answer.location
    assert place == "/profile/confirmation/email"
    assert "Подтвердите, что это вы" in as_anna.get(place).text
    assert db.session.scalars(db.select(EmailProof)).all() == []
    wrong = as_anna.post(place, {"current": "wrong horse"})
    assert (wrong.status_code, "Нынешний пароль не подходит" in wrong.text) == (422, True)
    assert as_anna.post(place, {"current": PASSWORD}).location == "/profile/email"
    assert 'value="thief@example.org"' in as_anna.get("/profile/email").text  # what was typed has waited
    as_anna.post("/profile/email", {"email": "anna2@example.org"})
    as_anna.post(proof_link(services))
    assert me(anna).email == "anna2@example.org"


def test_answer_is_good_for_ten_minutes(as_anna: Browser, anna: User) -> None:
    as_anna.post("/profile/confirmation/email", {"current": PASSWORD})
    later(days=1, minutes=9)
    assert as_anna.post("/profile/email", {"email": "a@example.org"}).location == "/profile/email"
    later(days=1, minutes=11)
    assert as_anna.post("/profile/email", {"email": "a@example.org"}).location == "/profile/confirmation/email"


def test_code_confirms_too(as_anna: Browser, anna: User) -> None:
    page = "/profile/confirmation/devices"
    assert as_anna.post(f"{page}/check", {"code": "123456"}).location == page  # nobody asked for one
    assert as_anna.post(f"{page}/code").location == page
    code = LoginCode.newest_for(anna.phone)
    assert code is not None
    assert as_anna.post(f"{page}/check", {"code": "12"}).status_code == 422
    wrong = "000000" if code.digits != "000000" else "000001"
    assert "Код не подходит" in as_anna.post(f"{page}/check", {"code": wrong}).text
    assert as_anna.post(f"{page}/check", {"code": code.digits}).location == "/profile/devices"
    assert as_anna.post("/profile/email", {"email": "a@example.org"}).location == "/profile/email"


def test_code_of_the_profile_is_the_devices_own(as_anna: Browser, anna: User, clinic: Flask) -> None:
    """Strangers have used up the phone's five; in the profile three more go out, and no fourth."""
    for number in range(5):
        LoginCode.ask(anna.phone, f"203.0.113.{number // 2}", f"browser-{number}")
        later(days=1, minutes=11 * (number + 1))
    db.session.commit()
    page = "/profile/confirmation/email"
    for number in range(3):
        assert as_anna.post(f"{page}/code").status_code == 303
        later(days=1, minutes=56 + number * 2)
    answer = as_anna.post(f"{page}/code")
    assert (answer.status_code, "Слишком много попыток" in answer.text) == (429, True)


def test_borrowed_phone_guesses_ten_times_and_locks_nobody_else(as_anna: Browser, anna: User, visitor: Browser) -> None:
    for _ in range(10):
        as_anna.post("/profile/confirmation/email", {"current": "wrong horse"})
    assert as_anna.post("/profile/confirmation/email", {"current": PASSWORD}).status_code == 429
    assert visitor.post("/login", {"login": anna.phone, "password": PASSWORD}).status_code == 303


def test_other_device_is_not_ended_by_an_unlocked_phone(as_anna: Browser, anna: User, clinic: Flask) -> None:
    other = Browser(clinic, anna)
    assert other.device is not None
    url = f"/profile/devices/{other.device.id}/end"
    for ending in (url, "/profile/devices/others/end"):
        assert as_anna.post(ending).location == "/profile/confirmation/devices"
    assert other.get("/profile").status_code == 200
    as_anna.post("/profile/confirmation/devices", {"current": PASSWORD})
    as_anna.post(url)
    assert other.get("/profile").status_code == 303


def test_mailed_invitation_adds_no_address_to_an_unlocked_phone(clinic: Flask, patient: User) -> None:
    """It opens its chat; whose mailbox it came to is no way in until the person has shown who he is."""
    doctor, browser = make_doctor(), Browser(clinic, patient)
    invited = Invitation.invite(doctor, doctor.user, email="thief@example.org", name="Анна")
    invited.token_hash = fingerprint(invited.token)
    db.session.commit()
    later(days=1)
    assert browser.post(f"/i/{invited.token}/chat").status_code == 303
    assert me(patient).email is None
    assert db.session.scalars(db.select(Chat)).one().patient_id == patient.id


# Telling


def test_new_address_is_told_to_the_phone_and_to_the_old_one(as_anna: Browser, anna: User, services: Services) -> None:
    change_email(as_anna, services)
    letters = told(services)
    assert {letter.to for letter in letters} == {"+79161234567", "anna@example.org"}
    for letter in letters:
        assert "iBolit: изменён вход" in letter.text + letter.subject
        assert not re.search("врач|консультац|здоров[^а]|клиник", letter.text.replace("Здравствуйте", ""))


@pytest.mark.parametrize("way", ["profile", "code"])
def test_new_password_is_told(as_anna: Browser, anna: User, services: Services, visitor: Browser, way: str) -> None:
    if way == "profile":
        as_anna.post("/profile/password", {"current": PASSWORD, "password": FRESH})
    else:
        by_code(visitor, anna)
    assert me(anna).check_password(FRESH)
    changes = [letter for letter in told(services) if "изменён вход" in letter.text + letter.subject]
    assert {letter.to for letter in changes} == {"+79161234567", "anna@example.org"}


def by_code(browser: Browser, user: User, password: str = FRESH) -> None:
    browser.post("/login/phone", {"phone": user.phone})
    code = LoginCode.newest_for(user.phone)
    assert code is not None
    browser.post("/login/code", {"code": code.digits})
    db.session.expire_all()
    browser.post("/login/password", {"password": password})


def test_first_password_is_nobodys_change(visitor: Browser, services: Services) -> None:
    visitor.post("/login/phone", {"phone": "+79167654321"})
    code = LoginCode.newest_for("+79167654321")
    assert code is not None
    visitor.post("/login/code", {"code": code.digits})
    visitor.post("/login/password", {"password": FRESH, "name": "Зоя"})
    assert db.session.scalars(db.select(SecurityEvent)).all() == []


def test_sign_in_in_a_new_browser_is_told_once(anna: User, clinic: Flask, services: Services) -> None:
    first, second = Browser(clinic), Browser(clinic)
    letter = {"login": anna.phone, "password": PASSWORD}
    first.post("/login", letter)
    assert told(services) == []  # there is no older one
    second.post("/login", letter)
    assert [letter.to for letter in told(services)] == ["anna@example.org"]
    second.post("/logout")
    second.post("/login", letter)
    first.post("/login", letter)
    assert len(told(services)) == 1


def test_push_is_older_than_what_it_tells_of(anna: User, clinic: Flask, services: Services) -> None:
    """The device that was there hears, the new one does not."""
    old = Browser(clinic, anna)
    assert old.device is not None
    PushSubscription.begin(old.device, "https://fcm.googleapis.com/old", "key", "auth")
    later(minutes=1)
    change = SecurityEvent.announce(anna, SecurityEventKind.DEVICE, Browser(clinic, anna).device)
    db.session.commit()
    assert [one.device_id for one in change.listening()] == [old.device.id]
    kinds = set(db.session.scalars(db.select(Job.kind).where(Job.subject_id == change.id)))
    assert {JobKind.SECURITY_PUSH, JobKind.SECURITY_MAIL} <= kinds
    assert JobKind.SECURITY_SMS not in kinds


def test_who_has_neither_push_nor_mail_hears_by_sms(patient: User, services: Services) -> None:
    SecurityEvent.announce(patient, SecurityEventKind.WRONG_PASSWORDS)
    db.session.commit()
    assert [letter.to for letter in told(services)] == [patient.phone]


# Undoing


def test_not_me_undoes_ends_and_freezes(as_anna: Browser, anna: User, services: Services, visitor: Browser) -> None:
    change_email(as_anna, services)
    link = link_in(next(letter for letter in told(services) if letter.to == "anna@example.org"))
    assert "Это не вы?" in visitor.get(link).text
    assert me(anna).email == "thief@example.org"  # looking undoes nothing
    assert "Вход закрыт" in visitor.post(link).text
    assert me(anna).email == "anna@example.org"
    assert as_anna.get("/profile").status_code == 303
    refused = visitor.post("/login", {"login": anna.phone, "password": PASSWORD})
    assert refused.status_code == 403
    assert "Позвоните в клинику" in refused.text
    assert "Вход закрыт" not in visitor.post("/login", {"login": anna.phone, "password": "wrong horse"}).text
    by_code(visitor, anna)
    assert not me(anna).check_password(FRESH)
    assert db.session.scalars(db.select(Device).where(Device.user_id == anna.id)).all() == []
    assert "Вход закрыт" in visitor.get(link).text  # and pressed twice it is the same
    assert visitor.post(link).status_code == 200


def test_tries_are_no_change_that_is_undone(patient: User, services: Services, visitor: Browser) -> None:
    SecurityEvent.announce(patient, SecurityEventKind.WRONG_PASSWORDS)
    db.session.commit()
    link = link_in(told(services)[0])
    assert "нажмите кнопку: мы выйдем на всех устройствах" in one_line(visitor.get(link).text)
    assert "Изменение отменено" not in visitor.post(link).text


def test_office_lets_in_again(
    as_anna: Browser, anna: User, services: Services, visitor: Browser, clinic: Flask
) -> None:
    as_anna.post("/profile/password", {"current": PASSWORD, "password": FRESH})
    visitor.post(link_in(told(services)[0]))
    thawed = clinic.test_cli_runner().invoke(args=["thaw", anna.phone])
    assert "The ways in are open" in thawed.output
    assert visitor.post("/login", {"login": anna.phone, "password": PASSWORD}).status_code == 422
    by_code(visitor, anna, "another long pass phrase")
    assert visitor.get("/profile").status_code == 200
    again = clinic.test_cli_runner().invoke(args=["thaw", anna.phone])
    assert "Nothing is closed" in again.output


def test_all_that_came_after_is_undone_with_it(
    as_anna: Browser, anna: User, services: Services, visitor: Browser
) -> None:
    change_email(as_anna, services)
    first = link_in(next(letter for letter in told(services) if letter.to == "anna@example.org"))
    as_anna.post("/profile/password", {"current": PASSWORD, "password": FRESH})
    visitor.post(first)
    assert me(anna).email == "anna@example.org"
    assert me(anna).check_password(PASSWORD)


def test_link_lives_seventy_two_hours(as_anna: Browser, anna: User, services: Services, visitor: Browser) -> None:
    as_anna.post("/profile/password", {"current": PASSWORD, "password": FRESH})
    link = link_in(told(services)[0])
    later(days=1, hours=71)
    assert visitor.get(link).status_code == 200
    later(days=1, hours=73)
    assert visitor.get(link).status_code == 404
    assert visitor.post(link).status_code == 404
    assert visitor.get(re.sub(r"token=\w+", "token=nonsense", link)).status_code == 404
    assert me(anna).check_password(FRESH)


def test_thiefs_new_address_undoes_nothing_and_gets_no_code(
    as_anna: Browser, anna: User, services: Services, visitor: Browser
) -> None:
    """He has proved his address; then the owner sets a new password by SMS. His letter has no «Это не я»."""
    change_email(as_anna, services)
    by_code(visitor, anna)
    mine = [letter for letter in told(services) if letter.to == "thief@example.org" and "Пароль" in letter.text]
    assert len(mine) == 1
    assert "/n/" not in mine[0].text
    code = LoginCode.ask(anna.phone, "192.0.2.9", "new browser")
    code.mail_as_well()
    db.session.commit()
    assert db.session.scalars(db.select(Job).where(Job.kind == JobKind.CODE_BY_MAIL)).all() == []
    later(days=5)
    code = LoginCode.ask(anna.phone, "192.0.2.9", "new browser")
    code.mail_as_well()
    db.session.commit()
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.CODE_BY_MAIL)).all()) == 1


@pytest.mark.parametrize("by", ["profile", "code"])
def test_new_password_voids_what_is_under_way(
    as_anna: Browser, anna: User, services: Services, visitor: Browser, clinic: Flask, by: str
) -> None:
    as_anna.post("/profile/confirmation/email", {"current": PASSWORD})
    as_anna.post("/profile/email", {"email": "thief@example.org"})
    link, thief = proof_link(services), Browser(clinic)
    thief.post("/login/phone", {"phone": anna.phone})
    stolen = LoginCode.newest_for(anna.phone)
    assert stolen is not None
    thief.post("/login/code", {"code": stolen.digits})
    if by == "profile":
        as_anna.post("/profile/password", {"current": PASSWORD, "password": FRESH})
    else:
        by_code(visitor, anna)
    assert visitor.post(link).status_code == 422
    assert me(anna).email == "anna@example.org"
    assert thief.post("/login/password", {"password": "the thief's own phrase"}).status_code == 409
    assert me(anna).check_password(FRESH)
