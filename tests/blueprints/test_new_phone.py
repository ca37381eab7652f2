"""A new number by two codes: each proves its own, older ways hear of it, and «Это не я» brings the old one back."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import PASSWORD, later, make_user
from flask import Flask
from guests import PHONE, link_in, make_anna
from leaving import me, press_erase, prove

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import AuditAction, AuditEvent, DataCopy, LoginCode, SecurityEvent, SecurityEventKind, User
from ibolit.models.accounts import replace_lost_phone
from ibolit.services import Services
from ibolit.services.demo_outbox import DemoMessage

NEW = "+79165550199"
TYPED = "8 916 555-01-99"
PAGE, CODES = "/profile/phone", "/profile/phone/codes"


@pytest.fixture
def anna(clinic: Flask) -> User:
    return make_anna()


@pytest.fixture
def as_anna(clinic: Flask, anna: User) -> Browser:
    return Browser(clinic, anna)


def sent_to(services: Services, phone: str) -> list[DemoMessage]:
    run_due()
    return [one for one in services.outbox.latest() if one.to == phone]


def code_for(services: Services, phone: str) -> str:
    found = re.search(r"код (\d{6})", sent_to(services, phone)[0].text)
    assert found is not None
    return found.group(1)


def phone_of(user: User) -> str | None:
    return me(user).phone


def ask(browser: Browser, services: Services) -> dict[str, object]:
    """Both codes, as they came."""
    answer = browser.post(PAGE, {"phone": TYPED})
    assert (answer.status_code, answer.location) == (303, PAGE)
    return {"old": code_for(services, PHONE), "new": code_for(services, NEW)}


def test_both_codes_change_it(as_anna: Browser, anna: User, services: Services) -> None:
    both = ask(as_anna, services)
    page = as_anna.get(PAGE).text
    assert ("Код с прежнего номера" in page, "Код с нового номера" in page) == (True, True)
    answer = as_anna.post(CODES, both)
    assert (answer.status_code, phone_of(anna)) == (303, NEW)
    assert "Номер изменён" in as_anna.get(PAGE).text
    told = db.session.scalars(db.select(AuditEvent.action).where(AuditEvent.actor_id == anna.id)).all()
    assert AuditAction.PHONE_CHANGED in told


def test_sms_says_what_the_code_allows(as_anna: Browser, services: Services) -> None:
    ask(as_anna, services)
    for phone in (PHONE, NEW):
        assert "для смены номера" in sent_to(services, phone)[0].text


@pytest.mark.parametrize("wrong", ["old", "new"])
def test_one_code_alone_changes_nothing(as_anna: Browser, anna: User, services: Services, wrong: str) -> None:
    both = ask(as_anna, services)
    answer = as_anna.post(CODES, both | {wrong: "000000"})
    assert (answer.status_code, "Код не подходит" in answer.text, phone_of(anna)) == (422, True, PHONE)
    assert as_anna.post(CODES, both).status_code == 303
    assert phone_of(anna) == NEW


def test_five_wrong_codes_are_the_last(as_anna: Browser, anna: User, services: Services) -> None:
    both = ask(as_anna, services)
    for _ in range(5):
        as_anna.post(CODES, both | {"new": "000000"})
    as_anna.post(CODES, both)
    assert phone_of(anna) == PHONE


def test_codes_grow_old(as_anna: Browser, anna: User, services: Services) -> None:
    both = ask(as_anna, services)
    later(minutes=20)
    as_anna.post(CODES, both)
    assert phone_of(anna) == PHONE
    assert "Новый номер" in as_anna.get(PAGE).text


def test_number_of_somebody_is_told_to_who_holds_it(as_anna: Browser, anna: User, services: Services) -> None:
    """Before it is proved it is answered as any other."""
    other = make_user("Другая")
    other.phone = NEW
    db.session.commit()
    both = ask(as_anna, services)
    assert "другой аккаунт" not in as_anna.get(PAGE).text
    answer = as_anna.post(CODES, both)
    assert (answer.status_code, "С этим номером уже есть другой аккаунт" in answer.text) == (409, True)
    assert phone_of(anna) == PHONE


def test_same_number_and_landlines_are_refused(as_anna: Browser) -> None:
    for typed, told in ((PHONE, "уже ваш"), ("12", "не бывает"), ("8 495 123-45-67", "мобильный"), ("", "Введите")):
        answer = as_anna.post(PAGE, {"phone": typed})
        assert (answer.status_code, told in answer.text) == (422, True), typed


def test_sms_to_strangers_are_few(as_anna: Browser) -> None:
    for number in range(5):
        as_anna.post(PAGE, {"phone": f"+7916555020{number}"})
    assert as_anna.post(PAGE, {"phone": "+79165550209"}).status_code == 429


def test_code_of_a_change_registers_nobody(
    clinic: Flask, as_anna: Browser, services: Services, change_settings: object
) -> None:
    """Where only who was invited comes in, the number of a change is no invitation."""
    change_settings(registration_is_open=False)  # type: ignore[operator]
    both = ask(as_anna, services)
    as_anna.post("/login/phone", {"phone": NEW})
    answer = as_anna.post("/login/code", {"code": both["new"]})
    assert answer.status_code == 422
    assert User.by_phone(NEW) is None


def test_invited_clinic_lets_the_number_change(
    as_anna: Browser, anna: User, services: Services, change_settings: object
) -> None:
    change_settings(registration_is_open=False)  # type: ignore[operator]
    assert as_anna.post(CODES, ask(as_anna, services)).status_code == 303
    assert phone_of(anna) == NEW


def test_old_number_and_mail_hear_of_it(as_anna: Browser, anna: User, services: Services) -> None:
    as_anna.post(CODES, ask(as_anna, services))
    assert "изменён вход" in sent_to(services, PHONE)[0].text
    assert "Номер телефона для входа" in sent_to(services, "anna@example.org")[0].text
    assert not [one for one in sent_to(services, NEW) if "изменён вход" in one.text]


def test_not_me_brings_the_old_number_back(as_anna: Browser, anna: User, services: Services) -> None:
    as_anna.post(CODES, ask(as_anna, services))
    later(hours=71)
    link = link_in(sent_to(services, PHONE)[0])
    visitor = Browser(as_anna.app)
    assert "Номер телефона" in visitor.get(link).text
    visitor.post(link)
    assert (phone_of(anna), db.session.get_one(User, anna.id).is_frozen) == (PHONE, True)
    assert as_anna.get("/profile").location.startswith("/login")


def test_not_me_ends_after_three_days(as_anna: Browser, anna: User, services: Services) -> None:
    as_anna.post(CODES, ask(as_anna, services))
    link = link_in(sent_to(services, PHONE)[0])
    later(hours=73)
    assert Browser(as_anna.app).post(link).status_code == 404
    assert phone_of(anna) == NEW


def test_number_that_somebody_took_meanwhile_stays_theirs(as_anna: Browser, anna: User, services: Services) -> None:
    as_anna.post(CODES, ask(as_anna, services))
    link = link_in(sent_to(services, PHONE)[0])
    other = make_user("Другая")
    other.phone = PHONE
    db.session.commit()
    Browser(as_anna.app).post(link)
    assert (phone_of(anna), phone_of(other)) == (None, PHONE)


def test_who_has_no_number_shows_the_password(clinic: Flask, anna: User, services: Services) -> None:
    """It went to somebody else; they came in by mail."""
    db.session.get_one(User, anna.id).phone = None
    db.session.commit()
    browser = Browser(clinic, anna)
    later(days=1)
    assert browser.post(PAGE, {"phone": TYPED}).location == "/profile/confirmation/phone"
    browser.post("/profile/confirmation/phone", {"current": PASSWORD})
    browser.post(PAGE, {"phone": TYPED})
    assert "прежнего номера" not in browser.get(PAGE).text
    browser.post(CODES, {"new": code_for(services, NEW)})
    assert phone_of(anna) == NEW


def test_signs_in_by_the_new_number_alone(as_anna: Browser, services: Services) -> None:
    as_anna.post(CODES, ask(as_anna, services))
    for phone, status in ((NEW, 303), (PHONE, 422)):
        answer = Browser(as_anna.app).post("/login", {"login": phone, "password": PASSWORD})
        assert answer.status_code == status


def test_other_number_is_typed_anew(as_anna: Browser, anna: User, services: Services) -> None:
    both = ask(as_anna, services)
    as_anna.post("/profile/phone/again")
    assert "Новый номер" in as_anna.get(PAGE).text
    as_anna.post(CODES, both)
    assert phone_of(anna) == PHONE


def test_staff_has_no_such_page(as_doctor: Browser) -> None:
    assert as_doctor.get(PAGE).status_code == 404
    assert as_doctor.post(PAGE, {"phone": TYPED}).status_code == 404
    assert db.session.scalars(db.select(LoginCode)).all() == []


def test_kind_of_the_event(as_anna: Browser, anna: User, services: Services) -> None:
    as_anna.post(CODES, ask(as_anna, services))
    change = db.session.scalars(db.select(SecurityEvent)).one()
    assert (change.kind, change.phone) == (SecurityEventKind.PHONE, PHONE)


class TestInsteadOfALostOne:
    """By the office, which may have mistyped a digit: whoever holds the number carries nothing away for three days."""

    SENTENCE = "Номер этого аккаунта недавно сменила клиника"

    @pytest.fixture
    def holder(self, clinic: Flask, anna: User, as_anna: Browser) -> Browser:
        """Of the new number, signed in by it."""
        assert as_anna.get("/profile").status_code == 200
        replace_lost_phone(db.session.get_one(User, anna.id), NEW)
        db.session.commit()
        assert as_anna.get("/profile").location.startswith("/login")
        return Browser(clinic, db.session.get_one(User, anna.id))

    def test_no_copy(self, holder: Browser, anna: User) -> None:
        refused = holder.post("/profile/my-data/copy")
        assert (refused.status_code, self.SENTENCE in refused.text) == (422, True)
        assert DataCopy.newest_of(anna) is None
        later(hours=73)
        again = Browser(holder.app, db.session.get_one(User, anna.id))
        assert again.post("/profile/my-data/copy").status_code == 303

    def test_no_erasure(self, holder: Browser, anna: User) -> None:
        prove(holder)
        refused = press_erase(holder)
        assert (refused.status_code, self.SENTENCE in refused.text) == (422, True)
        assert me(anna).erases_at is None

    def test_no_second_change(self, holder: Browser, anna: User, services: Services) -> None:
        refused = holder.post(PAGE, {"phone": "8 916 555-01-98"})
        assert (refused.status_code, self.SENTENCE in refused.text) == (422, True)
        assert sent_to(services, "+79165550198") == []
        assert phone_of(anna) == NEW

    def test_own_change_forbids_nothing(self, as_anna: Browser, anna: User, services: Services) -> None:
        as_anna.post(CODES, ask(as_anna, services))
        assert as_anna.post("/profile/my-data/copy").status_code == 303

    def test_lost_number_hears_of_it_and_undoes_it(self, holder: Browser, anna: User, services: Services) -> None:
        link = link_in(sent_to(services, PHONE)[0])
        Browser(holder.app).post(link)
        assert phone_of(anna) == PHONE
