"""Where the shop wants an e-mail for its receipts, it is asked for before paying, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser import Browser
from factories import later, propose
from payment_steps import begin

from ibolit.extensions import db
from ibolit.formatting import epoch
from ibolit.jobs import run_due
from ibolit.models import Chat, Payment, PaymentState
from ibolit.services import Services
from ibolit.services.payments.demo import DemoBank


@pytest.fixture
def email_is_wanted(change_settings: Callable[..., None]) -> None:
    change_settings(receipt_needs_email=True)


def press(as_patient: Browser, chat: Chat, *, htmx: bool = False) -> str:
    chosen = {"tariff_id": chat.doctor.tariffs[0].id}
    answer = as_patient.post(f"/chats/{chat.id}/payments", chosen, htmx=htmx)
    return answer.headers["HX-Redirect"] if htmx else answer.location


@pytest.mark.usefixtures("email_is_wanted")
@pytest.mark.parametrize("htmx", [True, False])
def test_receipt_email_is_asked_for_before_the_payment_is_created(
    as_patient: Browser, as_stranger: Browser, services: Services, chat: Chat, htmx: bool
) -> None:
    way = press(as_patient, chat, htmx=htmx)
    page = as_patient.get(way).text
    assert "Куда прислать чек?" in page
    assert 'http-equiv="refresh"' not in page
    later(minutes=2)
    run_due()
    payment = db.session.scalars(db.select(Payment)).one()
    assert (payment.state, payment.provider_id) == (PaymentState.CREATED, None)
    assert as_stranger.post(f"{way}/email", {"email": "a@example.org"}).status_code == 404
    wrong = as_patient.post(f"{way}/email", {"email": "anna@"}, htmx=htmx)
    assert (wrong.status_code, 'value="anna@"' in wrong.text) == (422, True)
    answer = as_patient.post(f"{way}/email", {"email": "Anna@Example.org"}, htmx=htmx)
    assert isinstance(services.payments, DemoBank)
    assert ("/demo/bank/" in answer.headers["HX-Redirect"]) if htmx else (answer.location == way)
    payment = db.session.scalars(db.select(Payment)).one()
    assert (payment.state, payment.email) == (PaymentState.WAITING, "anna@example.org")
    assert payment.payer.email is None
    as_patient.post(f"{way}/email", {"email": "other@example.org"}, htmx=htmx)
    assert db.session.scalars(db.select(Payment.email)).one() == "anna@example.org"


@pytest.mark.usefixtures("email_is_wanted")
def test_next_receipt_goes_to_the_last_email(as_patient: Browser, chat: Chat) -> None:
    way = press(as_patient, chat)
    as_patient.post(f"{way}/email", {"email": "anna@example.org"})
    consultation = propose(chat, price=1500_00)
    answer = as_patient.post(
        f"/consultations/{consultation.id}/payments", {"expected": epoch(consultation.starts_at)}, htmx=True
    )
    assert "/demo/bank/" in answer.headers.get("HX-Redirect", ""), answer.text


@pytest.mark.usefixtures("email_is_wanted")
def test_payment_without_an_email_is_cancelled_after_an_hour(as_patient: Browser, chat: Chat) -> None:
    way = press(as_patient, chat)
    later(minutes=62)
    run_due()
    assert db.session.scalars(db.select(Payment.state)).one() is PaymentState.CANCELLED
    assert "Почту для чека не указали" in as_patient.get(way).text


def test_receipt_email_is_not_asked_for_where_it_is_optional(as_patient: Browser, chat: Chat) -> None:
    assert not begin(chat).lacks_email
    assert "/demo/bank/" in press(as_patient, chat, htmx=True)
