"""«Удалить аккаунт»: said before, asked with proof, told to older ways, undone for a week; then nobody sees it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from browser import Browser
from consultation_steps import pay
from factories import PASSWORD, later, make_chat, make_doctor, make_user, propose, say
from flask import Flask
from guests import NOT_ME, newest
from leaving import ERASURE as PAGE
from leaving import mark_on, me, press_erase, prove
from payment_steps import begin, buy, settle
from reading import one_line

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Consultation,
    ConsultationState,
    Doctor,
    Payment,
    PaymentAlert,
    Refund,
    RefundState,
    Role,
    SecurityEvent,
    SecurityEventKind,
    User,
    erasure,
)
from ibolit.services import Services, clock


@pytest.fixture
def at_home(clinic: Flask, patient: User) -> Browser:
    """Has shown a moment ago who they are."""
    browser = Browser(clinic, patient)
    prove(browser)
    return browser


def ask(browser: Browser) -> None:
    answer = press_erase(browser)
    assert (answer.status_code, answer.location) == (303, PAGE)


def let_a_week_pass() -> None:
    later(days=7, minutes=1)
    run_due()


# Asking


def test_page_says_what_goes_and_what_stays(as_patient: Browser, chat: Chat) -> None:
    page = one_line(as_patient.get(PAGE).text)
    for line in ("7 дней всё ещё можно передумать", "останутся под номером, без имени", "запечатано отдельным ключом"):
        assert line in page
    assert "Что отменится сейчас" not in page


def test_screen_says_what_the_page_of_the_house_says(as_patient: Browser) -> None:
    told = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()
    lines = re.findall(r"^[1-5]\. (.+)$", told, re.MULTILINE)
    shown = re.findall(r"<li>([^<]+)</li>", one_line(as_patient.get(PAGE).text))
    assert shown[:5] == lines[:5]
    assert len(lines) == 5


def test_page_says_which_consultation_and_money(at_home: Browser, chat: Chat) -> None:
    """As the rules of each say: this one lies two days ahead, so that all comes back by itself."""
    ahead = propose(chat, starts_at=clock.now() + timedelta(days=2), price=1800_00)
    pay(ahead)
    buy(chat)
    page = one_line(at_home.get(PAGE).text).replace("\u00a0", " ")
    assert "Вернём 1 800 ₽." in page
    assert "О возврате 2 500 ₽ клиника решит за 3 рабочих дня" in page
    ask(at_home)
    db.session.expire_all()
    assert db.session.get_one(Consultation, ahead.id).state is ConsultationState.CANCELLED
    states = [(one.amount, one.state) for one in db.session.scalars(db.select(Refund).order_by(Refund.amount))]
    assert states == [(1800_00, RefundState.SENDING), (2500_00, RefundState.REQUESTED)]


@pytest.mark.parametrize("htmx", [True, False])
def test_unlocked_phone_erases_nobody(clinic: Flask, patient: User, htmx: bool) -> None:
    browser = Browser(clinic, patient)
    later(days=1)
    answer = press_erase(browser, htmx=htmx)
    assert (answer.headers.get("HX-Redirect") or answer.location) == "/profile/confirmation/erase"
    assert me(patient).erases_at is None


def test_what_was_booked_meanwhile_is_shown_first(at_home: Browser, patient: User, chat: Chat) -> None:
    mark = mark_on(at_home)
    ahead = propose(chat, starts_at=clock.now() + timedelta(days=2))
    answer = at_home.post(PAGE, {"expected": mark})
    assert (answer.status_code, "За это время кое-что изменилось" in answer.text) == (422, True)
    assert me(patient).erases_at is None
    assert db.session.get_one(Consultation, ahead.id).state is ConsultationState.PROPOSED


def test_asked_twice_is_asked_once(at_home: Browser, patient: User) -> None:
    mark = mark_on(at_home)
    for _ in range(2):
        at_home.post(PAGE, {"expected": mark})
    assert len(db.session.scalars(db.select(SecurityEvent).where(SecurityEvent.user_id == patient.id)).all()) == 1


def test_staff_has_no_such_page(as_doctor: Browser) -> None:
    assert as_doctor.get(PAGE).status_code == 404
    assert as_doctor.post(PAGE).status_code == 404
    assert "Удалить аккаунт" not in as_doctor.get("/profile").text


# A week to think


def test_head_of_every_page_says_the_day_and_undoes(at_home: Browser, patient: User) -> None:
    ask(at_home)
    for page in ("/profile", "/messages", "/doctors", PAGE):
        assert "Удалится" in at_home.get(page).text, page
    answer = at_home.post("/profile/erasure/undo")
    assert (answer.status_code, me(patient).erases_at) == (303, None)
    assert "Удалится" not in at_home.get("/messages").text
    let_a_week_pass()
    assert me(patient).erased_at is None


def test_what_is_there_works_meanwhile(at_home: Browser, chat: Chat) -> None:
    ask(at_home)
    said = at_home.post(f"/chats/{chat.id}/messages", {"text": "Ещё вопрос", "client_id": "client-0001"})
    assert said.status_code == 303


def test_older_ways_hear_and_undo(at_home: Browser, patient: User, services: Services) -> None:
    """A thief with the unlocked phone and the password in it erases nobody."""
    ask(at_home)
    change = db.session.scalars(db.select(SecurityEvent).where(SecurityEvent.kind == SecurityEventKind.ERASURE)).one()
    link = newest(services, NOT_ME)
    assert link.startswith(f"/n/{change.id}?")
    visitor = Browser(at_home.app)
    assert "попросили удалить" in visitor.get(link).text
    visitor.post(link)
    let_a_week_pass()
    assert (me(patient).erases_at, me(patient).erased_at, me(patient).is_frozen) == (None, None, True)


def test_audit_log_knows(at_home: Browser, patient: User) -> None:
    ask(at_home)
    at_home.post("/profile/erasure/undo")
    ask(at_home)
    let_a_week_pass()
    mine = db.select(AuditEvent.action).where(AuditEvent.patient_id == patient.id).order_by(AuditEvent.id)
    told = [one for one in db.session.scalars(mine) if "erasure" in one or "erased" in one]
    asked, undone, erased = AuditAction.ERASURE_ASKED, AuditAction.ERASURE_UNDONE, AuditAction.ACCOUNT_ERASED
    assert told == [asked, undone, asked, erased]


# Afterwards


@pytest.fixture
def erased(at_home: Browser, patient: User, chat: Chat) -> Browser:
    say(chat, patient, "Редкое слово какаду")
    propose(chat, starts_at=clock.now() + timedelta(days=30))
    ask(at_home)
    let_a_week_pass()
    assert me(patient).erased_at is not None
    return at_home


def test_nobody_is_signed_in_any_more(erased: Browser, patient: User) -> None:
    assert erased.get("/messages").location.startswith("/login")
    answer = Browser(erased.app).post("/login", {"login": "+79160000000", "password": PASSWORD})
    assert answer.status_code == 422


@pytest.mark.parametrize("place", ["/messages", "/patients", "/consultations", "/messages?only=waiting"])
def test_doctor_finds_nothing(erased: Browser, as_doctor: Browser, place: str) -> None:
    page = as_doctor.get(place)
    assert page.status_code == 200
    for word in ("Соколова", "какаду", "№"):
        assert word not in page.text


def test_doctor_finds_nothing_by_search(erased: Browser, as_doctor: Browser, patient: User) -> None:
    for words in ("какаду", "Соколова", f"№ {patient.id}"):
        page = as_doctor.post("/search", {"q": words})
        assert "какаду" not in page.text.replace(f'value="{words}"', "").replace(f"«{words}»", "")


def test_what_was_open_is_gone(erased: Browser, as_doctor: Browser, chat: Chat, patient: User) -> None:
    consultation = db.session.scalars(db.select(Consultation)).one()
    for place in (f"/chats/{chat.id}", f"/consultations/{consultation.id}", f"/patients/{patient.id}"):
        assert as_doctor.get(place).status_code == 404, place
    said = as_doctor.post(f"/chats/{chat.id}/messages", {"text": "Как вы?", "client_id": "client-0002"})
    assert said.status_code == 404


def test_operator_sees_a_number_for_the_money(clinic: Flask, at_home: Browser, patient: User, chat: Chat) -> None:
    payment = buy(chat)
    ask(at_home)
    let_a_week_pass()
    operator = Browser(clinic, make_user("Орлова Ольга", role=Role.OPERATOR))
    page = one_line(operator.get(f"/operator/payments/{payment.id}").text)
    assert ("Соколова" in page, f"№ {patient.id}" in page) == (False, True)


# Withdrawal of the consent


def test_withdrawal_closes_chats_and_gives_back(clinic: Flask, patient: User, chat: Chat, as_doctor: Browser) -> None:
    ahead = propose(chat, starts_at=clock.now() + timedelta(hours=2), price=1800_00)
    pay(ahead)
    later(hours=1)  # the rule of hours would ask the clinic
    erasure.withdraw_processing(db.session.get_one(User, patient.id))
    db.session.commit()
    refund = db.session.scalars(db.select(Refund)).one()
    assert (refund.amount, refund.state) == (1800_00, RefundState.SENDING)
    assert db.session.get_one(Consultation, ahead.id).state is ConsultationState.CANCELLED
    said = as_doctor.post(f"/chats/{chat.id}/messages", {"text": "Как вы?", "client_id": "client-0002"})
    assert (said.status_code, "Согласие на обработку данных отозвано" in said.text) == (409, True)
    assert "отозвано: писать здесь нельзя" in as_doctor.get(f"/chats/{chat.id}").text
    browser = Browser(clinic, patient)
    page = browser.get("/messages", follow_redirects=True)
    assert "Вы отозвали согласие" in page.text


def test_whole_unused_days_come_back(patient: User, doctor: Doctor) -> None:
    """Of thirty days the begun one is gone; the doctor has written."""
    chat = make_chat(patient, doctor)
    payment = buy(chat)
    say(chat, doctor.user, "Ответ")
    later(hours=1)
    erasure.withdraw_processing(db.session.get_one(User, patient.id))
    db.session.commit()
    refund = db.session.scalars(db.select(Refund)).one()
    assert (refund.days, refund.amount) == (29, 2500_00 * 29 // 30 + 1)
    assert db.session.get_one(Payment, payment.id).refunded == refund.amount


def test_new_yes_undoes_the_withdrawal(clinic: Flask, patient: User) -> None:
    erasure.withdraw_processing(db.session.get_one(User, patient.id))
    db.session.commit()
    Browser(clinic, patient).post("/consent", {"offer": "y", "personal_data": "y"})
    assert (me(patient).withdrawn_at, me(patient).erases_at) == (None, None)
    later(days=31)
    run_due()
    assert me(patient).erased_at is None


def test_without_a_new_yes_it_is_erased(clinic: Flask, patient: User, chat: Chat) -> None:
    erasure.withdraw_processing(db.session.get_one(User, patient.id))
    db.session.commit()
    later(days=29, hours=23)
    run_due()
    assert me(patient).erased_at is None
    later(days=30, hours=1)
    run_due()
    assert me(patient).erased_at is not None


def test_money_that_comes_after_it_goes_back(patient: User, chat: Chat) -> None:
    """The bank had said nothing yet when the account went."""
    payment = begin(chat)
    erasure.erase(db.session.get_one(User, patient.id))
    db.session.commit()
    db.session.expire_all()
    settle(db.session.get_one(Payment, payment.id))
    refund = db.session.scalars(db.select(Refund)).one()
    assert (refund.amount, refund.state, refund.is_automatic) == (2500_00, RefundState.SENDING, True)


def test_operator_is_told_of_money_that_does_not_go_back(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor)
    payment = buy(chat)
    phone = patient.phone
    erasure.erase(db.session.get_one(User, patient.id))
    db.session.commit()
    refund = db.session.scalars(db.select(Refund)).one()
    refund.approve(None, "", None)
    refund.fail("card_expired")
    db.session.commit()
    later(days=31)
    erasure.forget_contacts(db.session.get_one(User, patient.id))
    db.session.commit()
    alert = db.session.scalars(db.select(PaymentAlert)).one()
    assert (alert.detail, alert.amount, db.session.get_one(Payment, payment.id).phone) == (phone, 2500_00, "")
    alert.close(make_doctor("Другая").user)
    assert alert.detail == ""
