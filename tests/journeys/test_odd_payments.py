"""Money that went another way than usual, as the patient and the operator see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

import pytest
from chat_page import backstage
from conftest import DESKTOP, Visitors
from factories import propose
from live_clinic import LiveClinic
from playwright.sync_api import expect

from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.extensions import db
from ibolit.jobs import MONEY, run_due
from ibolit.models import Chat, Consultation, Payment, PaymentState, RefundReason, Tariff
from ibolit.services import clock, current_services
from ibolit.services.payments import GatewayRefused, ReceiptItem, RefusalReason
from ibolit.services.payments.demo import DemoBank

pytestmark = [pytest.mark.journey, pytest.mark.long]

PYOTR, OPERATOR = "+7 900 000-00-02", "operator@example.org"
CHAT = 6


def bank() -> DemoBank:
    assert isinstance(current_services.payments, DemoBank)
    return current_services.payments


def made(payment: Payment) -> str:
    """At the bank, which waits for the payer."""
    db.session.commit()
    payment.settle(bank().create(payment.order("http://127.0.0.1/")))
    db.session.commit()
    return payment.provider_id or ""


def paid(payment: Payment) -> Payment:
    bank().pay(made(payment))
    payment.settle(bank().find(payment.provider_id or ""))
    db.session.commit()
    return payment


def a_month_is_bought(live: LiveClinic) -> int:
    with backstage(live):
        chat = db.session.get_one(Chat, CHAT)
        tariff = db.session.scalars(db.select(Tariff).where(Tariff.doctor_id == chat.doctor_id, ~Tariff.hidden)).first()
        assert tariff is not None
        return paid(Payment.start_for_tariff(chat, tariff, chat.patient)).id


def refund_in_the_cabinet(live: LiveClinic, number: int, amount: int) -> None:
    with backstage(live):
        payment = db.session.get_one(Payment, number)
        items = [ReceiptItem("По звонку", amount)]
        bank().refund(payment.provider_id or "", amount, "by hand", payment.customer, items)
        known, until = payment.provider_id or "", monotonic() + 15
        # The clinic's own worker may have it in hands just now.
        while not db.session.get_one(Payment, number, populate_existing=True).refunded and monotonic() < until:
            expedite_payment(known)
            run_due(MONEY)


def put_start(live: LiveClinic, consultation_id: int, start: datetime) -> None:
    """It was paid long before."""
    with backstage(live):
        consultation = db.session.get_one(Consultation, consultation_id)
        consultation.starts_at, consultation.ends_at = start, start + timedelta(minutes=30)
        consultation.paid_at = clock.now() - timedelta(days=2)


def free_after(chat: Chat, start: datetime) -> datetime:
    """The demo clinic's doctor has a day booked at fixed hours of the wall clock."""
    while Consultation.kept_spans([chat.doctor_id], start, start + timedelta(minutes=30)):
        start += timedelta(minutes=10)
    return start


def test_payment_returned_by_the_bank_and_otherwise(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    number = a_month_is_bought(live)
    patient, operator = visitors.sign_in(PYOTR), visitors.sign_in(OPERATOR, DESKTOP)
    refund_in_the_cabinet(live, number, 100_00)
    patient.goto("/profile/payments")
    row = patient.locator(f"#payment-{number}")
    expect(row).to_contain_text("Возвращено банком 100 ₽")
    expect(row).to_contain_text("Оплачено, часть возвращена")
    # The bank cannot give the rest back: the card is closed.
    with backstage(live):
        payment = db.session.get_one(Payment, number)
        refund = payment.refund(payment.refundable, RefundReason.OPERATOR, "Ошибка")
        refund.fail("general_decline")
        refund_id = refund.id
    operator.goto("/operator")
    card = operator.locator(f"#refund-{refund_id}")
    expect(card).to_contain_text("карта или счёт, с которых платили, могут быть закрыты")
    card.get_by_text("Вернули иначе").first.click()
    card.locator("[name=note]").fill("Наличными в кассе")
    card.locator("[name=receipt]").fill("0017")
    card.locator(".decision__other button").click()
    expect(card).to_contain_text("Записали: деньги возвращены.")
    expect(row).to_contain_text("не через банк")
    expect(row).to_contain_text("Наличными в кассе. Чек №0017.")
    expect(row).to_contain_text("Деньги возвращены")
    no_complaints()


def test_consultation_cancelled_too_late_and_refund_refused(
    visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]
) -> None:
    with backstage(live):
        chat = db.session.get_one(Chat, CHAT)
        in_less_than_a_day = free_after(chat, clock.now() + timedelta(hours=20))
        consultation = propose(chat, starts_at=in_less_than_a_day, price=1500_00)
        paid(consultation.start_payment(chat.patient, consultation.starts_at))
        consultation_id = consultation.id
    put_start(live, consultation_id, clock.now() - timedelta(minutes=20))
    patient, operator = visitors.sign_in(PYOTR), visitors.sign_in(OPERATOR, DESKTOP)
    patient.goto(f"/consultations/{consultation_id}/cancellation")
    expect(patient.locator(".notice")).to_contain_text("Врача не было на связи, поэтому вернём 1 500 ₽ полностью")
    put_start(live, consultation_id, in_less_than_a_day)
    patient.reload()
    expect(patient.locator(".notice")).to_contain_text("Деньги вернулись бы полностью при отмене до ")
    expect(patient.locator(".notice")).to_contain_text("за 24 часа до начала. Теперь о возврате 1 500 ₽ решит клиника")
    patient.get_by_text("Изменились планы").click()
    with patient.expect_navigation():
        patient.get_by_role("button", name="Отменить консультацию").click()
    mine = patient.locator(f"#consultation-{consultation_id}")
    expect(mine).to_contain_text("О возврате решит клиника до ")
    operator.goto("/operator")
    decision = operator.locator(".decision", has_text="отменена пациентом")
    expect(decision).to_contain_text("изменились планы. До начала было меньше 24 часов")
    decision.get_by_text("Отказать").first.click()
    decision.locator(".decision__no [name=note]").fill("Врач отложил другой приём")
    decision.locator(".decision__no button").click()
    expect(operator.locator(".saved")).to_contain_text("В возврате отказано.")
    # The open card hears it, and the chat keeps it.
    expect(mine).to_contain_text("В возврате отказано: Врач отложил другой приём")
    patient.goto(f"/chats/{CHAT}")
    expect(patient.locator(".message", has_text="Клиника решила: в возврате 1 500 ₽ отказано.")).to_be_visible()
    no_complaints()


def test_consultation_paid_twice(visitors: Visitors, live: LiveClinic, no_complaints: Callable[[], None]) -> None:
    with backstage(live):
        chat = db.session.get_one(Chat, CHAT)
        consultation = propose(chat, starts_at=clock.now() + timedelta(days=40), price=1500_00)
        first = consultation.start_payment(chat.patient, consultation.starts_at)
        page = made(first)
        first.record_refusal(GatewayRefused(RefusalReason.NOT_FOUND))
        db.session.commit()
        paid(consultation.start_payment(chat.patient, consultation.starts_at))
        token, first_id = first.token, first.id
    patient = visitors.sign_in(PYOTR)
    patient.goto(f"/demo/bank/{page}")
    with patient.expect_response("**/decision"):  # the bank has taken it
        patient.click("text=Оплатить")
    patient.goto(f"/payments/return/{token}")
    state = patient.locator(f"#payment-{first_id}-state")
    expect(state).to_contain_text("Оплачено дважды, лишнее вернули; консультация подтверждена")
    with backstage(live):
        payment = db.session.get_one(Payment, first_id)
        assert (payment.state, payment.refundable) == (PaymentState.SUCCEEDED, 0)
    no_complaints()
