"""A contract with YooKassa on this machine, a payment there, and the operator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Browser
from factories import make_user
from flask import Flask
from payment_steps import begin
from payment_worker import reloaded, reset_clock, work
from yookassa_stub import YooKassaStub

from ibolit.models import Chat, Payment, Role, User
from ibolit.services import Services
from ibolit.services.payments.yookassa import Shop, YooKassa


@pytest.fixture
def yookassa(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[YooKassaStub]:
    reset_clock()
    with YooKassaStub() as stub:
        monkeypatch.setattr(services, "payments", YooKassa(Shop(stub.shop_id, stub.secret_key, stub.url)))
        yield stub


@pytest.fixture
def operator(clinic: Flask) -> User:
    return make_user("Операторова Ольга", Role.OPERATOR)


@pytest.fixture
def payment(yookassa: YooKassaStub, chat: Chat) -> Payment:
    """Waits for the payer."""
    payment = begin(chat)
    work(minutes=1)
    return reloaded(payment)


@pytest.fixture
def as_operator(clinic: Flask, operator: User) -> Browser:
    return Browser(clinic, operator)
