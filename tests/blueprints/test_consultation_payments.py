"""Money of a consultation on the pages of payments: the payer's, the operator's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from browser import Browser
from consultation_steps import begin_to_pay, cancel, confirm, pay, ready, work
from factories import later, make_user, propose
from flask import Flask
from reading import words

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Payment, Role
from ibolit.services import clock

PRICE = 1500_00


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return propose(chat, starts_at=clock.now() + timedelta(hours=5), price=PRICE)


@pytest.fixture
def as_operator(clinic: Flask) -> Browser:
    return Browser(clinic, make_user("Ольга", Role.OPERATOR))


def go_to(moment: datetime) -> None:
    later(seconds=(moment - datetime.now(UTC)).total_seconds() + 1)


def test_return_page_leads_to_the_consultation(
    as_patient: Browser, visitor: Browser, consultation: Consultation
) -> None:
    payment = begin_to_pay(consultation)
    token, way = payment.token, f'href="/consultations/{consultation.id}"'
    assert way in as_patient.get(f"/payments/return/{token}").text
    payment = db.session.get_one(Payment, payment.id)
    pay(db.session.get_one(Consultation, consultation.id))
    page = as_patient.get(f"/payments/return/{token}").text
    assert "Консультация подтверждена" in page
    assert way in page
    for page in (
        visitor.get(f"/payments/return/{token}").text,
        visitor.get(f"/payments/return/{token}", htmx=True).text,
    ):
        assert "Оплачено" in page
        assert "онсультаци" not in page
        assert "/consultations/" not in page


def test_payers_list_names_it(as_patient: Browser, consultation: Consultation) -> None:
    pay(consultation)
    assert f'href="/consultations/{consultation.id}"' in as_patient.get("/profile/payments").text


def test_money_for_what_lies_ahead_goes_back_by_cancelling(as_patient: Browser, consultation: Consultation) -> None:
    payment_id = pay(consultation).id
    page = as_patient.get(f"/profile/payments/{payment_id}/refunds").text
    assert f"/consultations/{consultation.id}/cancellation" in page
    assert "Отправить заявку" not in page


def test_money_for_what_was_is_the_clinics_word(
    as_patient: Browser, as_operator: Browser, consultation: Consultation
) -> None:
    payment_id = pay(consultation).id
    go_to(consultation.starts_at)
    ready(consultation, consultation.patient, consultation.doctor.user)
    consultation.end(consultation.doctor.user)
    db.session.commit()
    assert "решит клиника" in as_patient.get(f"/profile/payments/{payment_id}/refunds").text
    as_patient.post(f"/profile/payments/{payment_id}/refunds", {"note": "Связь прерывалась"})
    assert "Связь прерывалась" in as_operator.get("/operator").text


@pytest.mark.parametrize("how", ["cancelled", "missed"])
def test_operator_reads_why(as_operator: Browser, consultation: Consultation, how: str) -> None:
    pay(consultation)
    if how == "cancelled":
        go_to(clock.now() + timedelta(minutes=31))
        cancel(consultation, consultation.patient)
    else:
        go_to(consultation.starts_at)
        ready(consultation, consultation.doctor.user)
        go_to(consultation.closes_at)
        work(consultation)
    page = words(as_operator.get("/operator").text)
    assert ("поэтому деньги сами не возвращаются" if how == "cancelled" else "пациента не было на связи") in page


def test_operator_is_warned_that_all_money_back_cancels(as_operator: Browser, consultation: Consultation) -> None:
    payment_id = pay(consultation).id
    page = words(as_operator.get(f"/operator/payments/{payment_id}").text)
    assert "предстоящая консультация отменится" in page
    assert "назначена на" in page
    later(hours=9)
    assert "предстоящая консультация" not in as_operator.get(f"/operator/payments/{payment_id}").text


def test_free_one_has_no_money_page(as_patient: Browser, chat: Chat) -> None:
    confirm(propose(chat))
    assert "Пока нет платежей" in as_patient.get("/profile/payments").text
