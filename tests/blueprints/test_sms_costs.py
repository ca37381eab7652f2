"""What SMS may cost the clinic: to which countries, how many a day, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser import Browser
from factories import later, make_user
from flask import Flask
from werkzeug.test import TestResponse

from ibolit import errors
from ibolit.config import current_settings
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Doctor, Invitation, Job, JobKind, LoginCode, Role, SecurityEvent, SecurityEventKind, User
from ibolit.services import Services

MINSK, ALMATY, BERLIN, HOME = "+375291234567", "+77011234567", "+4915123456789", "+79161234567"
NOT_THERE = "СМС на номера этой страны мы не отправляем"

Settle = Callable[..., None]


def ask(browser: Browser, phone: str, address: str = "127.0.0.1", **more: object) -> TestResponse:
    return browser.post("/login/phone", {"phone": phone, **more}, environ_overrides={"REMOTE_ADDR": address})


def order(phone: str) -> None:
    """A code, as somebody in a browser nobody knows asks for it."""
    LoginCode.ask(phone, "192.0.2.1")
    db.session.commit()


def told(services: Services) -> list[tuple[str, str]]:
    return [(letter.channel, letter.to) for letter in reversed(services.outbox.latest())]


# Other countries


@pytest.mark.parametrize("typed", ["+375 29 123-45-67", "00375 29 1234567", "+49 1512 3456789"])
def test_other_country_is_refused_beside_the_field(visitor: Browser, services: Services, typed: str) -> None:
    answer = ask(visitor, typed)
    run_due()
    assert answer.status_code == 422
    assert NOT_THERE in answer.text
    assert f"Позвоните в клинику: {current_settings.clinic_phone}" in answer.text
    assert "Получить код на почту" in answer.text
    assert f'value="{typed}"' in answer.text
    assert told(services) == []
    assert db.session.scalars(db.select(LoginCode)).all() == []


def test_page_can_say_it_before_the_press(visitor: Browser, change_settings: Settle) -> None:
    change_settings(sms_countries=("7", "375"))
    page = visitor.get("/login/phone").text
    assert 'data-behaviour="foreign-number" data-codes="7 375"' in page
    assert NOT_THERE in page


@pytest.mark.parametrize("phone", [HOME, ALMATY])
def test_home_code_is_sent(visitor: Browser, services: Services, phone: str) -> None:
    assert ask(visitor, phone).status_code == 303
    run_due()
    assert told(services) == [("sms", phone)]


def test_neighbours_are_named_by_the_clinic(visitor: Browser, services: Services, change_settings: Settle) -> None:
    change_settings(sms_countries=("7", "375"))
    assert ask(visitor, MINSK).status_code == 303
    run_due()
    assert told(services) == [("sms", MINSK)]
    assert ask(visitor, BERLIN).status_code == 422


def test_code_goes_to_the_proved_mail_instead(visitor: Browser, services: Services) -> None:
    user = make_user(email="anna@example.org")
    user.phone = BERLIN
    db.session.commit()
    answer = ask(visitor, BERLIN, by_mail="y")
    assert answer.status_code == 303
    run_due()
    assert told(services) == [("mail", "anna@example.org")]
    page = visitor.get("/login/code").text
    assert "Код из письма" in page
    assert "anna@example.org" not in page
    code = db.session.scalars(db.select(LoginCode)).one()
    assert visitor.post("/login/code", {"code": code.digits}).location.startswith("/login/password")


def test_nobody_learns_whose_mail_it_would_be(clinic: Flask, services: Services) -> None:
    """Known, known without mail, unknown: the same answers."""
    for number, email in enumerate(("anna@example.org", None)):
        make_user(email=email).phone = f"+491512345678{number}"
    db.session.commit()
    heard = set()
    for number in range(3):
        browser = Browser(clinic)
        phone = f"+491512345678{number}"
        answers = [ask(browser, phone), ask(browser, phone, by_mail="y"), browser.get("/login/code")]
        run_due()
        answers.append(browser.get("/login/code"))
        pages = [answer.text.replace(phone[-1:] + '"', '…"').replace(f"567 {phone[-1]}", "…") for answer in answers]
        heard.add(tuple((answer.status_code, len(page)) for answer, page in zip(answers, pages, strict=True)))
    assert len(heard) == 1


def test_mailed_invitation_tells_it_too(clinic: Flask, doctor: Doctor, services: Services) -> None:
    invitation = Invitation.invite(doctor, doctor.user, email="zoya@example.org", name="Зоя")
    db.session.commit()
    guest = Browser(clinic)
    page = guest.get(f"/i/{invitation.token}").text
    assert 'data-behaviour="foreign-number"' in page
    answer = guest.post(f"/i/{invitation.token}", {"phone": MINSK})
    assert answer.status_code == 422
    assert NOT_THERE in answer.text
    assert "Получить код на почту" not in answer.text  # the mailbox proves no phone
    assert db.session.scalars(db.select(LoginCode)).all() == []


def test_phone_of_an_invitation_may_be_out_of_reach_by_now(
    clinic: Flask, doctor: Doctor, change_settings: Settle
) -> None:
    change_settings(sms_countries=("7", "375"))
    invitation = Invitation.invite(doctor, doctor.user, phone=MINSK, name="Зоя")
    db.session.commit()
    change_settings(sms_countries=("7",))
    answer = Browser(clinic).post(f"/i/{invitation.token}")
    assert answer.status_code == 422
    assert NOT_THERE in answer.text
    later(minutes=2)
    with pytest.raises(errors.NoSmsThere):
        db.session.scalars(db.select(Invitation)).one().send_again()


def test_doctor_is_told_when_he_invites(as_doctor: Browser, services: Services) -> None:
    answer = as_doctor.post("/invitations", {"contact": MINSK, "name": "Зоя"})
    run_due()
    assert answer.status_code == 422
    assert "СМС на номера этой страны клиника не отправляет. Пригласите по почте." in answer.text
    assert told(services) == []


def test_own_phone_abroad_confirms_by_mail_or_password(as_patient: Browser, services: Services, patient: User) -> None:
    mine = db.session.get_one(User, patient.id)
    mine.phone = BERLIN
    db.session.commit()
    answer = as_patient.post("/profile/confirmation/email/code")
    assert answer.status_code == 422
    assert "Подтвердите паролем" in answer.text
    mine = db.session.get_one(User, patient.id)
    mine.email = "anna@example.org"
    db.session.commit()
    assert as_patient.post("/profile/confirmation/email/code").status_code == 303
    run_due()
    assert told(services) == [("mail", "anna@example.org")]


# So many a day


LANDLINE = "+74955551102"


def test_landline_is_refused_at_the_first_entry(visitor: Browser, services: Services) -> None:
    answer = ask(visitor, "8 495 555-11-02")
    assert answer.status_code == 422
    assert "На городской номер СМС не придёт. Введите мобильный." in answer.text
    assert "этой страны" not in answer.text.split("field__error")[1].split("</p>")[0]
    run_due()
    assert told(services) == []


def test_doctor_is_told_of_a_landline(as_doctor: Browser, services: Services) -> None:
    answer = as_doctor.post("/invitations", {"contact": "8 495 555-11-02", "name": "Анна"})
    assert answer.status_code == 422
    assert "Это городской номер, СМС на него не придёт. Введите мобильный или почту." in answer.text
    run_due()
    assert told(services) == []


def test_landline_of_before_gets_no_sms(as_patient: Browser, services: Services, patient: User, doctor: Doctor) -> None:
    """Such accounts are older than the rule: their codes go by mail, and an invitation is refused by its own name."""
    patient.phone = LANDLINE
    db.session.commit()
    answer = as_patient.post("/profile/confirmation/email/code")
    assert "На городской номер СМС не придёт. Подтвердите паролем." in answer.text
    with pytest.raises(errors.IsLandline):
        Invitation.invite(doctor, doctor.user, phone="+74955551103", name="Зоя")


def test_one_network_asks_for_so_many_codes_a_day(clinic: Flask, change_settings: Settle) -> None:
    change_settings(sms_network_max=4)
    asked = [ask(Browser(clinic), f"+7916000000{n}", f"203.0.113.{n}").status_code for n in range(6)]
    assert asked == [303] * 4 + [429] * 2
    later(hours=2)
    answer = ask(Browser(clinic), HOME, "203.0.113.77")
    assert "Из вашей сети" in answer.text
    assert ask(Browser(clinic), HOME, "198.51.100.1").status_code == 303
    later(days=1, minutes=1)
    assert ask(Browser(clinic), "+79160000009", "203.0.113.77").status_code == 303


def test_owner_on_a_known_browser_passes_a_spent_network(clinic: Flask, change_settings: Settle) -> None:
    change_settings(sms_network_max=1)
    user = make_user()
    user.phone = HOME
    db.session.commit()
    mine = Browser(clinic)
    assert mine.post("/login", {"login": HOME, "password": "correct horse"}).status_code == 303
    mine.post("/logout")
    assert ask(Browser(clinic), "+79160000001").status_code == 303
    assert ask(Browser(clinic), "+79160000002").status_code == 429
    assert ask(mine, HOME).status_code == 303


def test_household_of_ipv6_has_one_count(clinic: Flask) -> None:
    """Whoever has a /64 has as many addresses as he likes."""
    asked = [ask(Browser(clinic), f"+791600000{n:02}", f"2001:db8:1:2::{n:x}").status_code for n in range(31)]
    assert asked == [303] * 30 + [429]


def test_country_gets_so_many_a_day(services: Services, change_settings: Settle) -> None:
    change_settings(sms_countries=("7", "375"), sms_country_max=2)
    for phone in ("+375291234561", "+375291234562", "+375291234563", "+77011234567", HOME):
        order(phone)
    run_due()
    assert [to for _, to in told(services)] == ["+375291234561", "+375291234562", "+77011234567", HOME]
    later(days=1)
    order("+375291234564")
    run_due()
    assert told(services)[-1] == ("sms", "+375291234564")


def test_invitations_respect_it_and_wait(services: Services, doctor: Doctor, change_settings: Settle) -> None:
    change_settings(sms_countries=("7", "375"), sms_country_max=3)
    for number in range(3):
        Invitation.invite(doctor, doctor.user, phone=f"+37529123456{number}", name="Зоя")
    db.session.commit()
    run_due()
    assert len(told(services)) == 1  # two SMS each
    later(days=1, hours=14)
    run_due()
    assert len(told(services)) == 2


def test_strangers_leave_some_for_the_owner(services: Services, change_settings: Settle) -> None:
    """However many codes strangers order, the news that a way in has changed goes out."""
    change_settings(sms_daily_max=40)
    owner = make_user()
    for number in range(45):
        LoginCode.ask(f"+791600000{number:02}", f"192.0.2.{number}")
    db.session.commit()
    run_due()
    assert len(told(services)) == 38
    SecurityEvent.announce(owner, SecurityEventKind.PASSWORD)
    db.session.commit()
    run_due()
    assert told(services)[-1] == ("sms", owner.phone)


def test_news_of_a_way_waits_for_the_next_day(services: Services, change_settings: Settle) -> None:
    change_settings(sms_daily_max=3)  # of two SMS each
    owner, other = make_user(), make_user()
    for user in (other, owner):
        SecurityEvent.announce(user, SecurityEventKind.PASSWORD)
    db.session.commit()
    run_due()
    assert told(services) == [("sms", other.phone)]
    later(days=1)
    run_due()
    assert told(services)[-1] == ("sms", owner.phone)


# The alarm


def test_operators_hear_at_half_of_the_day_once(services: Services, change_settings: Settle) -> None:
    change_settings(sms_daily_max=10)
    make_user("Оператор Ольга", Role.OPERATOR, email="olga@example.org")
    by_sms = make_user("Оператор Пётр", Role.OPERATOR)
    for number in range(4):
        order(f"+7916000000{number}")
    run_due()
    assert [kind for kind, _ in told(services)] == ["sms"] * 4
    for number in range(4, 8):
        order(f"+7916000000{number}")
    run_due()
    alarms = [(letter.to, letter.text) for letter in services.outbox.latest() if "из 10" in letter.text]
    assert sorted(to for to, _ in alarms) == sorted(["olga@example.org", by_sms.phone])
    assert not any("+7916" in text for _, text in alarms)
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.SMS_ALARM)).all()) == 2
    later(days=1)
    for number in range(6):
        order(f"+7916000001{number}")
    run_due()
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.SMS_ALARM)).all()) == 4
