"""From «Оплатить» to a payment: pressed twice it is one, and what is not sold is not begun."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import add_tariff, make_chat, make_doctor, propose
from payment_steps import PAGE, begin, settle, waiting_jobs

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import AccessMode, Chat, Doctor, JobKind, Payment, PaymentState, User
from ibolit.models.people import OFFER
from ibolit.services import clock
from ibolit.services.payments import GatewayStatus

pytestmark = pytest.mark.usefixtures("clinic")

PRICE = 1500_00


@pytest.fixture
def payment(chat: Chat) -> Payment:
    return begin(chat)


def test_payment_keeps_a_copy_of_what_was_bought(chat: Chat, patient: User, doctor: Doctor) -> None:
    tariff = doctor.tariffs[0]
    payment = begin(chat)
    tariff.title, tariff.days, tariff.price = "Дороже", 1, 9999_00
    db.session.commit()
    db.session.refresh(payment)
    assert (payment.title, payment.days, payment.amount) == ("Тариф 1", 30, 2500_00)
    assert (payment.offer_version, payment.offer_hash) == (OFFER.version, OFFER.hash)
    assert payment.phone == patient.phone
    assert (payment.state, payment.paid, payment.refunded) == (PaymentState.CREATED, 0, 0)


def test_checkout_adds_a_job_that_gives_the_page_time(payment: Payment) -> None:
    [job] = waiting_jobs(JobKind.PAYMENT)
    assert job.subject_id == payment.id
    assert timedelta(seconds=13) < job.due_at - clock.now() < timedelta(seconds=16)


def test_double_checkout_is_one_payment(chat: Chat, payment: Payment) -> None:
    assert begin(chat) is payment
    assert len(waiting_jobs(JobKind.PAYMENT)) == 1


def test_second_checkout_finds_the_waiting_payment(chat: Chat, payment: Payment) -> None:
    settle(payment, GatewayStatus.WAITING)
    assert begin(chat) is payment
    assert payment.page == PAGE


@pytest.mark.parametrize("status", [GatewayStatus.SUCCEEDED, GatewayStatus.CANCELLED])
def test_checkout_after_the_payment_ended_starts_another(chat: Chat, payment: Payment, status: GatewayStatus) -> None:
    settle(payment, status)
    another = begin(chat)
    assert another.id != payment.id
    assert another.key != payment.key


def test_another_tariff_is_another_payment_and_both_apply(chat: Chat, doctor: Doctor) -> None:
    week = add_tariff(doctor, title="Неделя", days=7, price=700_00)
    end = chat.open_until
    month, other = begin(chat), begin(chat, week)
    settle(other)
    settle(month)
    assert end is not None
    assert chat.open_until == end + timedelta(days=37)


def test_nothing_to_buy_in_an_unlimited_chat(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, access=AccessMode.UNLIMITED)
    with pytest.raises(errors.NothingToBuy):
        begin(chat)


def test_nothing_to_buy_from_a_hidden_doctor(chat: Chat, doctor: Doctor) -> None:
    doctor.hidden = True
    with pytest.raises(errors.NothingToBuy):
        begin(chat)


def test_hidden_tariff_is_not_sold(chat: Chat, doctor: Doctor) -> None:
    old = add_tariff(doctor, title="Прежний", hidden=True)
    with pytest.raises(errors.NothingToBuy):
        begin(chat, old)


def test_another_doctors_tariff_is_not_sold(chat: Chat) -> None:
    stranger = make_doctor("Чужой Олег Олегович")
    with pytest.raises(errors.NothingToBuy):
        begin(chat, stranger.tariffs[0])


def test_unfinished_payment_outlives_its_tariff(chat: Chat, payment: Payment, doctor: Doctor) -> None:
    """Who stands at the counter pays what he was shown."""
    tariff = doctor.tariffs[0]
    tariff.hidden = True
    db.session.commit()
    assert begin(chat, tariff) is payment
    settle(payment)
    assert payment.applied_at is not None


def test_one_unfinished_payment_for_a_consultation(chat: Chat) -> None:
    consultation = propose(chat, price=PRICE)
    first = consultation.start_payment(consultation.patient, consultation.starts_at)
    assert consultation.start_payment(consultation.patient, consultation.starts_at) is first


def test_only_the_patient_pays_a_consultation(chat: Chat, doctor: Doctor, stranger: User) -> None:
    consultation = propose(chat, price=PRICE)
    for other in (doctor.user, stranger):
        with pytest.raises(errors.ConsultationHasChanged):
            consultation.start_payment(other, consultation.starts_at)
    assert db.session.scalars(db.select(Payment)).all() == []
