"""An order and a refund, for the tests of both providers."""

from __future__ import annotations

from ibolit.services.payments import Customer, Gateway, Order, ProviderRefund, ReceiptItem

ANNA = Customer("+79161234567", "anna@example.org")
ORDER = Order(
    number=7,
    key="key-7",
    amount=150_000,
    title="Заказ №7: неделя общения",
    return_url="https://ibolit.example/payments/return/abc",
    customer=ANNA,
    items=[ReceiptItem("Неделя общения", 150_000)],
)


def send_refund(gateway: Gateway, payment_id: str, amount: int = 50_000, key: str = "back") -> ProviderRefund:
    return gateway.refund(payment_id, amount, key, ANNA, [ReceiptItem("Неделя общения", amount)])
