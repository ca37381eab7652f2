"""The demo bank's page: it looks like a bank's, says that it takes nothing, and works without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser import Browser
from flask import Flask
from yookassa_stub import YooKassaStub

from ibolit.services import Services
from ibolit.services.payments import Customer, GatewayStatus, Order, ReceiptItem
from ibolit.services.payments.demo import DemoBank
from ibolit.services.payments.yookassa import Shop, YooKassa

pytestmark = pytest.mark.any_database

ORDER = Order(
    number=7,
    key="key-7",
    amount=150_050,
    title="Заказ №7: <Неделя общения>",
    return_url="http://localhost:8000/payments/return/abc?from=bank",
    customer=Customer("+79161234567"),
    items=[ReceiptItem("Неделя общения", 150_050)],
)
BACK = "/payments/return/abc?from=bank"


@pytest.fixture
def bank(services: Services) -> Iterator[DemoBank]:
    assert isinstance(services.payments, DemoBank)
    usual = services.payments.on_webhook
    yield services.payments
    services.payments.on_webhook = usual


@pytest.fixture
def page(bank: DemoBank) -> str:
    return bank.create(ORDER).page


def decide(visitor: Browser, page: str, decision: str, **more: object):
    return visitor.post(f"{page}/decision", {"decision": decision}, **more)


def test_page_says_what_is_paid_and_that_nothing_is_taken(visitor: Browser, page: str) -> None:
    answer = visitor.get(page)
    assert answer.status_code == 200
    assert "Демонстрационный банк: деньги не списываются" in answer.text
    assert "1\u00a0500,50\u00a0₽" in answer.text
    assert "Заказ №7: &lt;Неделя общения&gt;" in answer.text
    for button in ("Оплатить", "Отклонить", "Закрыть, не заплатив"):
        assert button in answer.text
    assert f'href="{BACK}"' in answer.text


def test_page_is_not_the_clinics_and_runs_no_script(visitor: Browser, page: str) -> None:
    text = visitor.get(page).text
    assert "<script" not in text
    assert "/assets/" not in text
    assert visitor.get("/static/css/bank.css").status_code == 200


def test_card_never_leaves_the_browser(visitor: Browser, page: str) -> None:
    inputs = re.findall(r"<input[^>]*>", visitor.get(page).text)
    assert len([one for one in inputs if "card-" in one]) == 3
    assert [re.findall(r'\bname="(\w+)"', one) for one in inputs if "name=" in one] == [["csrf_token"]]


@pytest.mark.parametrize(
    ("decision", "status"), [("pay", GatewayStatus.SUCCEEDED), ("decline", GatewayStatus.CANCELLED)]
)
@pytest.mark.parametrize("htmx", [False, True])
def test_decision_is_kept_told_and_leads_back(
    visitor: Browser, bank: DemoBank, page: str, decision: str, status: GatewayStatus, htmx: bool
) -> None:
    told: list[tuple[str, GatewayStatus]] = []
    bank.on_webhook = lambda id: told.append((id, bank.find(id).status))
    answer = decide(visitor, page, decision, htmx=htmx)
    assert (answer.status_code, answer.headers["Location"]) == (303, BACK)
    assert told == [(page.rsplit("/", 1)[1], status)]


def test_decided_bill_offers_only_the_way_back(visitor: Browser, bank: DemoBank, page: str) -> None:
    decide(visitor, page, "pay")
    text = visitor.get(page).text
    assert "уже оплачен" in text
    assert "<button" not in text
    assert decide(visitor, page, "decline").status_code == 303
    assert bank.find(page.rsplit("/", 1)[1]).status is GatewayStatus.SUCCEEDED


def test_declined_bill_says_so(visitor: Browser, page: str) -> None:
    decide(visitor, page, "decline")
    assert "отменён" in visitor.get(page).text


def test_notice_that_fails_stops_no_payer(
    visitor: Browser, bank: DemoBank, page: str, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(_payment_id: str) -> None:
        raise RuntimeError("the shop is closed")

    bank.on_webhook = stumble
    assert decide(visitor, page, "pay").headers["Location"] == BACK
    assert bank.find(page.rsplit("/", 1)[1]).status is GatewayStatus.SUCCEEDED
    assert "not heard" in caplog.text


@pytest.mark.parametrize("decision", ["", "steal"])
def test_no_decision_decides_nothing(visitor: Browser, bank: DemoBank, page: str, decision: str) -> None:
    assert decide(visitor, page, decision).status_code == 400
    assert bank.find(page.rsplit("/", 1)[1]).status is GatewayStatus.WAITING


def test_decision_needs_the_pages_own_form(visitor: Browser, bank: DemoBank, page: str) -> None:
    assert visitor.open(f"{page}/decision", method="POST", data={"decision": "pay"}).status_code == 400
    assert bank.find(page.rsplit("/", 1)[1]).status is GatewayStatus.WAITING


def test_unknown_bill_is_not_there(visitor: Browser, bank: DemoBank) -> None:
    assert visitor.get("/demo/bank/1").status_code == 404
    assert decide(visitor, "/demo/bank/1", "pay").status_code == 404


@pytest.mark.parametrize("address", ["https://evil.example//evil.example/x", "//evil.example", "https://evil.example"])
def test_way_back_never_leads_away(visitor: Browser, bank: DemoBank, address: str) -> None:
    page = bank.create(replace(ORDER, key=address, return_url=address)).page
    assert re.fullmatch(r"/([^/].*)?", decide(visitor, page, "pay").headers["Location"])


def test_clinic_with_a_real_provider_has_no_bank(
    clinic: Flask, visitor: Browser, services: Services, page: str
) -> None:
    demo = services.payments
    with YooKassaStub() as stub:
        services.payments = YooKassa(Shop(stub.shop_id, stub.secret_key, stub.url))
        try:
            assert visitor.get(page).status_code == 404
            assert decide(visitor, page, "pay").status_code == 404
        finally:
            services.payments = demo
    assert stub.requests == []
