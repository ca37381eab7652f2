"""What a page asks of the database does not grow with its rows, and is little."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from browser import Browser
from consultation_steps import confirm, pay, ready, work
from factories import attach, later, make_chat, make_doctor, make_user, propose, say
from flask import Flask
from payment_steps import buy, request_refund
from queries import Queries

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    AttachmentKind,
    Chat,
    Consultation,
    Doctor,
    Invitation,
    PatientImport,
    Receipt,
    RefundReason,
    Role,
    RowError,
    User,
)
from ibolit.services import clock
from ibolit.services.payments import GatewayStatus, ProviderReceipt

pytestmark = pytest.mark.any_database

MOST = 6


def asked_by(browser: Browser, url: str, **more: Any) -> list[str]:
    """The second visit: the first marks read, and fills what is kept between requests."""
    browser.get(url, **more)
    with Queries() as queries:
        assert browser.get(url, **more).status_code == 200
    return queries


@pytest.mark.parametrize("htmx", [True, False])
def test_directory(as_patient: Browser, htmx: bool) -> None:
    counts = []
    for rows in (3, 20):
        for number in range(rows):
            make_doctor(f"Врач {rows} {number:02}", tariffs=number % 3)
        counts.append(len(asked_by(as_patient, "/doctors", htmx=htmx)))
    assert counts[0] == counts[1] <= MOST


@pytest.mark.parametrize("url", ["/messages", "/patients"])
@pytest.mark.parametrize("htmx", [True, False])
def test_inbox(as_doctor: Browser, doctor: Doctor, url: str, htmx: bool) -> None:
    counts = []
    for rows in (3, 30):
        for number in range(rows):
            patient = make_user(f"Пациент {number}")
            say(make_chat(patient, doctor, days_left=1), patient)
        counts.append(len(asked_by(as_doctor, url, htmx=htmx)))
    assert counts[0] == counts[1] <= MOST


@pytest.mark.parametrize("url", ["", "/messages?before=5", "/messages?after=0", "/tariffs"])
def test_chat(as_patient: Browser, chat: Chat, patient: User, doctor: Doctor, url: str) -> None:
    counts = []
    for rows in (5, 60):
        for number in range(rows):
            say(chat, doctor.user if number % 2 else patient, str(number))
        counts.append(len(asked_by(as_patient, f"/chats/{chat.id}{url}", htmx=bool(url))))
    assert counts[0] == counts[1] <= MOST


def test_last_day_also_asks_whether_more_is_on_sale(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=0.5)
    say(chat, doctor.user)
    assert len(asked_by(as_patient, f"/chats/{chat.id}")) <= MOST + 1


def test_chat_with_news_also_writes_what_was_read(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    counts = []
    for rows in (5, 60):
        for number in range(rows):
            say(chat, doctor.user, str(number))
        with Queries() as queries:
            as_patient.get(f"/chats/{chat.id}")
        writes = [query.split()[:2] for query in queries if not query.startswith("SELECT")]
        assert writes == [["INSERT", "INTO"], ["UPDATE", "chat"], ["UPDATE", "chat_member"]]
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


def test_found_messages(as_patient: Browser, patient: User, clinic: Flask) -> None:
    counts = []
    for rows in (3, 40):
        for number in range(rows):
            say(make_chat(patient, make_doctor(f"Врач {rows} {number}"), days_left=1), patient, "Болит голова")
        token = {"X-CSRFToken": as_patient.token()}
        with Queries() as queries:
            as_patient.open("/messages/search", method="POST", data={"q": "голова"}, headers=token)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST


@pytest.mark.parametrize("url", ["/chats/{chat}/files", "/chats/{chat}/files?before={last}", "/chats/{chat}"])
def test_files(as_patient: Browser, chat: Chat, patient: User, url: str) -> None:
    counts = []
    for rows in (2, 20):
        for _ in range(rows):
            last = attach(chat, patient)
            say(chat, patient, "", files=[attach(chat, patient, AttachmentKind.DOCUMENT, name="Анализы.pdf"), last])
        counts.append(len(asked_by(as_patient, url.format(chat=chat.id, last=last.id))))
    assert counts[0] == counts[1] <= MOST


def test_one_picture(as_patient: Browser, chat: Chat, patient: User) -> None:
    pictures = [attach(chat, patient) for _ in range(10)]
    say(chat, patient, "", files=pictures)
    assert len(asked_by(as_patient, f"/files/{pictures[4].id}/view", htmx=True)) <= MOST


def test_profile_with_many_devices(as_patient: Browser, clinic: Flask, patient: User) -> None:
    counts = []
    for rows in (1, 10):
        for _ in range(rows):
            Browser(clinic, patient)
        counts.append([len(asked_by(as_patient, url)) for url in ("/profile", "/profile/devices")])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= MOST


def test_payments_with_refunds_and_receipts(as_patient: Browser, chat: Chat) -> None:
    counts = []
    for rows in (2, 15):
        for _ in range(rows):
            payment = buy(db.session.get_one(Chat, chat.id))
            payment.refund(100, RefundReason.OPERATOR)
            Receipt.record(
                payment, [ProviderReceipt(f"receipt-{payment.id}", GatewayStatus.SUCCEEDED, registered_at=clock.now())]
            )
            db.session.commit()
        counts.append(len(asked_by(as_patient, "/profile/payments")))
    assert counts[0] == counts[1] <= MOST


def test_income(as_doctor: Browser, chat: Chat) -> None:
    counts = []
    for rows in (2, 20):
        for _ in range(rows):
            buy(db.session.get_one(Chat, chat.id))
        counts.append(len(asked_by(as_doctor, "/profile/income")))
    assert counts[0] == counts[1] <= MOST


def test_decisions(clinic: Flask, doctor: Doctor) -> None:
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))
    counts = []
    for rows in (2, 20):
        for number in range(rows):
            request_refund(
                buy(make_chat(make_user(f"Пациент {number}"), db.session.get_one(Doctor, doctor.id), days_left=1))
            )
        counts.append(len(asked_by(operator, "/operator")))
    assert counts[0] == counts[1] <= MOST


def test_decisions_about_missed_consultations(clinic: Flask, chat: Chat) -> None:
    """Each says who was absent."""
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))
    counts = []
    for hours in ((0, 2), range(4, 20, 2)):
        for hour in hours:
            later(hours=hour)
            starts_at = clock.now() + timedelta(minutes=16)
            consultation = propose(db.session.get_one(Chat, chat.id), starts_at=starts_at, minutes=5, price=100_00)
            pay(consultation)
            later(hours=hour, minutes=17)
            ready(consultation, consultation.doctor.user)
            later(hours=hour + 1)
            work(consultation)
        counts.append(len(asked_by(operator, "/operator")))
    assert operator.get("/operator").text.count("пациента не было на связи") == 10
    assert counts[0] == counts[1] <= MOST


@pytest.mark.parametrize("at", ["/payments/return/{0.token}", "/payments/{0.id}", "/profile/payments/{0.id}/refunds"])
@pytest.mark.parametrize("htmx", [True, False])
def test_one_payment(as_patient: Browser, chat: Chat, at: str, htmx: bool) -> None:
    payment = buy(chat)
    assert len(asked_by(as_patient, at.format(payment), htmx=htmx)) <= MOST + 1


def test_first_visit_of_the_minute_writes_once(as_patient: Browser, chat: Chat) -> None:
    later(seconds=61)
    with Queries() as queries:
        as_patient.get("/messages")
    writes = [query for query in queries if not query.startswith("SELECT")]
    assert len(writes) == 2  # the device and the person


def consultations_of_every_kind(chat: Chat, many: int) -> None:
    """Free and paid, past and coming, some with money on its way back."""
    chat = db.session.get_one(Chat, chat.id)
    for number in range(many):
        taken = db.session.scalar(db.select(db.func.max(Consultation.ends_at))) or clock.now() + timedelta(hours=1)
        consultation = propose(chat, starts_at=taken + timedelta(minutes=1), minutes=5, price=number % 3 * 100_00)
        if consultation.price:
            payment = pay(consultation)
            if number % 2:
                payment.refund(10_00, RefundReason.OPERATOR)
        elif number % 2:
            confirm(consultation)
    db.session.commit()


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_consultations(request: pytest.FixtureRequest, chat: Chat, who: str) -> None:
    browser: Browser = request.getfixturevalue(f"as_{who}")
    counts = []
    for rows in (4, 24):
        consultations_of_every_kind(chat, rows)
        counts.append([len(asked_by(browser, url)) for url in ("/consultations", f"/chats/{chat.id}")])
    assert counts[0] == counts[1]
    assert counts[0][0] <= MOST
    assert counts[0][1] <= MOST + 1  # one for all the cards
    later(days=2)
    assert len(asked_by(browser, "/consultations")) <= MOST


def test_one_card(as_patient: Browser, chat: Chat) -> None:
    consultation_id = propose(chat, price=100_00).id
    assert len(asked_by(as_patient, f"/consultations/{consultation_id}", htmx=True)) <= MOST


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_press_on_a_card_reads_it_once(request: pytest.FixtureRequest, chat: Chat, who: str) -> None:
    browser: Browser = request.getfixturevalue(f"as_{who}")
    url = f"/consultations/{confirm(propose(chat, starts_at=clock.now() + timedelta(minutes=5))).id}/readiness"
    browser.post(url, {"seen": "0"}, htmx=True)
    headers = {"X-CSRFToken": browser.token(), "HX-Request": "true"}
    with Queries() as queries:
        assert browser.open(url, method="POST", data={"seen": "0"}, headers=headers).status_code == 200
    read = [query for query in queries if query.startswith("SELECT")]
    locks = [query for query in read if "FOR UPDATE" in query or "pg_advisory" in query]
    assert len(read) - len(locks) == 3  # who presses, the card, and what keeps the chat open
    assert len(queries) - len(read) == 3  # the sign, and the new revision of card and chat


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.OPERATOR])
def test_invitations(clinic: Flask, doctor: Doctor, role: Role) -> None:
    """An operator's look is written down, too."""
    user = doctor.user if role is Role.DOCTOR else make_user("Оператор Ольга", Role.OPERATOR)
    browser = Browser(clinic, user)
    counts = []
    for rows in (3, 25):
        for number in range(rows):
            host = db.session.get_one(Doctor, doctor.id)
            Invitation.invite(host, host.user, phone=f"+7916{rows:03}{number:04}", name="Зоя")
        db.session.commit()
        run_due()
        counts.append(len(asked_by(browser, "/invitations")))
    assert counts[0] == counts[1] <= MOST


def test_list_of_patients(as_doctor: Browser, doctor: Doctor) -> None:
    counts = []
    for size in (3, 60):
        host = db.session.get_one(Doctor, doctor.id)
        rows: list[dict[str, object]] = [
            {"number": n, "name": "Зоя", "phone": f"+7916{size:03}{n:04}", "email": None, "typed": "", "fault": None}
            for n in range(size)
        ]
        rows += [row | {"phone": None, "fault": RowError.BAD_PHONE} for row in rows]
        patients = PatientImport.draft(host, host.user, f"list-{size:04}", rows)
        patients.start()
        db.session.commit()
        run_due()
        counts.append(len(asked_by(as_doctor, f"/invitations/imports/{patients.id}", htmx=True)))
    assert counts[0] == counts[1] <= MOST
