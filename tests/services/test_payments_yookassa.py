"""YooKassa's own: every way it can fail, what it is told, and what it must never do to the house."""

from __future__ import annotations

import json
import logging
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import BoundedSemaphore
from time import monotonic

import pytest
from gateway_orders import ANNA, ORDER, send_refund
from yookassa_stub import Json, YooKassaStub, kopecks

from ibolit.services import clock
from ibolit.services.payments import (
    Customer,
    GatewayOutcomeUnknown,
    GatewayRefused,
    GatewayStatus,
    ReceiptItem,
    RefusalReason,
)
from ibolit.services.payments.yookassa import Shop, YooKassa

SHORT = (1.0, 0.3)  # seconds to connect, to answer
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def yookassa() -> Iterator[YooKassaStub]:
    with YooKassaStub() as stub:
        yield stub


def shop_of(stub: YooKassaStub, **more: object) -> Shop:
    return replace(Shop(stub.shop_id, stub.secret_key, stub.url), **more)


@pytest.fixture
def gateway(yookassa: YooKassaStub) -> YooKassa:
    return YooKassa(shop_of(yookassa))


@pytest.fixture
def paid(yookassa: YooKassaStub, gateway: YooKassa) -> str:
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    yookassa.requests.clear()
    return made.id


def close(gateway: YooKassa, payment_id: str):
    return gateway.create_closing_receipt(payment_id, 150_000, "closing", ANNA, ORDER.items)


# What it is told


def test_payment_is_asked_for_as_documented(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    gateway.create(ORDER)
    (seen,) = yookassa.requests
    assert (seen.method, seen.path, seen.key) == ("POST", "/payments", "key-7")
    body = {name: value for name, value in seen.body.items() if value != []}  # the SDK adds empty lists
    receipt = body.pop("receipt")
    assert body == {
        "amount": {"value": "1500.00", "currency": "RUB"},
        "capture": True,
        "confirmation": {"type": "redirect", "return_url": ORDER.return_url},
        "description": "Заказ №7: неделя общения",
        "metadata": {"payment": "7"},
    }
    assert receipt["customer"] == {"email": "anna@example.org"}
    assert "tax_system_code" not in receipt
    (item,) = receipt["items"]
    assert float(item.pop("quantity")) == 1
    assert item == {
        "description": "Неделя общения",
        "measure": "piece",
        "amount": {"value": "1500.00", "currency": "RUB"},
        "vat_code": 1,
        "payment_subject": "service",
        "payment_mode": "full_prepayment",
    }


def test_accountant_decides_the_receipt(yookassa: YooKassaStub) -> None:
    gateway = YooKassa(shop_of(yookassa, receipt_mode="full_payment", vat_code=4, tax_system_code=6))
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    send_refund(gateway, made.id)
    for seen in yookassa.requests:
        receipt = seen.body["receipt"]
        assert receipt["tax_system_code"] == 6
        assert [(item["vat_code"], item["payment_mode"]) for item in receipt["items"]] == [(4, "full_payment")]


@pytest.mark.parametrize("email", [None, "", "anna@localhost", "anna", "a b@example.org", "anna@example.org\nBcc: x"])
def test_receipt_goes_to_the_phone_where_there_is_no_address(
    yookassa: YooKassaStub, gateway: YooKassa, email: str | None
) -> None:
    gateway.create(replace(ORDER, customer=Customer("+79161234567", email)))
    assert yookassa.requests[0].body["receipt"]["customer"] == {"phone": "79161234567"}


def test_refund_carries_its_receipt_and_its_key(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    send_refund(gateway, paid, 50_001)
    (seen,) = yookassa.requests
    assert (seen.path, seen.key) == ("/refunds", "back")
    assert seen.body["payment_id"] == paid
    assert seen.body["amount"] == {"value": "500.01", "currency": "RUB"}
    assert seen.body["metadata"] == {"key": "back"}
    assert [item["amount"]["value"] for item in seen.body["receipt"]["items"]] == ["500.01"]


def test_closing_receipt_turns_the_prepayment(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    close(gateway, paid)
    (seen,) = yookassa.requests
    assert (seen.path, seen.key, seen.body["type"], seen.body["send"]) == ("/receipts", "closing", "payment", True)
    assert seen.body["settlements"] == [{"type": "prepayment", "amount": {"value": "1500.00", "currency": "RUB"}}]
    assert [item["payment_mode"] for item in seen.body["items"]] == ["full_payment"]


@pytest.mark.parametrize("amount", [1, 10, 99, 100, 101, 12_345, 99_999, 100_000_01, 99_999_999_999])
def test_kopecks_survive_the_round_trip(yookassa: YooKassaStub, gateway: YooKassa, amount: int) -> None:
    made = gateway.create(replace(ORDER, amount=amount, items=[ReceiptItem("Неделя", amount)]))
    assert kopecks(yookassa.payments[made.id]["amount"]) == amount
    assert made.amount == amount


def test_long_titles_are_cut(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    gateway.create(replace(ORDER, title="Я" * 200, items=[ReceiptItem("Ю" * 200, 150_000)]))
    assert len(yookassa.requests[0].body["description"]) == 128
    assert len(yookassa.requests[0].body["receipt"]["items"][0]["description"]) == 128


# What it answers


def test_wrong_sum_and_currency_come_back_as_they_are(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    made = gateway.create(ORDER)
    yookassa.pay(made.id, value="1499.99", currency="USD")
    found = gateway.find(made.id)
    assert (found.status, found.amount, found.currency) == (GatewayStatus.SUCCEEDED, 149_999, "USD")


@pytest.mark.parametrize(
    "reason", ["insufficient_funds", "3d_secure_failed", "card_expired", "expired_on_confirmation"]
)
def test_reason_is_the_providers_word(yookassa: YooKassaStub, gateway: YooKassa, reason: str) -> None:
    made = gateway.create(ORDER)
    yookassa.decline(made.id, reason)
    assert gateway.find(made.id).reason == reason


def test_money_that_is_only_held_is_not_ours_yet(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    yookassa.payments[paid]["status"] = "waiting_for_capture"
    assert gateway.find(paid).status is GatewayStatus.WAITING


@pytest.mark.parametrize("number", ["seven", "", "-7", "７", None])
def test_foreign_metadata_is_no_number_of_ours(
    yookassa: YooKassaStub, gateway: YooKassa, paid: str, number: str | None
) -> None:
    yookassa.payments[paid]["metadata"] = {} if number is None else {"payment": number}
    assert gateway.find(paid).number is None


def test_payment_method_and_reason_of_tomorrow_are_no_surprise(
    yookassa: YooKassaStub, gateway: YooKassa, paid: str
) -> None:
    yookassa.payments[paid]["payment_method"] = {"type": "telepathy", "id": "1", "saved": False}
    yookassa.payments[paid]["brand_new"] = {"anything": [1, 2]}
    assert gateway.find(paid).status is GatewayStatus.SUCCEEDED
    declined = gateway.create(replace(ORDER, key="second"))
    yookassa.decline(declined.id, "moon_phase")
    assert gateway.find(declined.id).reason == "moon_phase"


def test_refund_may_wait_succeed_or_fail(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    yookassa.refunds_wait = True
    first, second = send_refund(gateway, paid, 100, "first"), send_refund(gateway, paid, 200, "second")
    assert (first.status, gateway.find(paid).refunded) == (GatewayStatus.WAITING, 0)
    yookassa.finish_refund(first.id)
    yookassa.fail_refund(second.id)
    assert gateway.find_refund(first.id).status is GatewayStatus.SUCCEEDED
    failed = gateway.find_refund(second.id)
    assert (failed.status, failed.reason) == (GatewayStatus.CANCELLED, "insufficient_funds")
    assert gateway.find(paid).refunded == 100


def test_receipt_has_no_numbers_until_it_is_registered(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    yookassa.receipts_wait = True
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    (waiting,) = gateway.list_receipts(made.id)
    assert (waiting.status, waiting.storage, waiting.document, waiting.sign) == (GatewayStatus.WAITING, "", "", "")
    assert waiting.registered_at is None
    yookassa.register_receipts()
    (ready,) = gateway.list_receipts(made.id)
    assert (ready.id, ready.status, ready.storage) == (waiting.id, GatewayStatus.SUCCEEDED, "9288000100115785")


def test_nulls_are_nothing(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    (receipt,) = yookassa.receipts.values()
    receipt |= {"fiscal_storage_number": None, "refund_id": None, "registered_at": None}
    (found,) = gateway.list_receipts(paid)
    assert (found.storage, found.refund_id, found.registered_at) == ("", "", None)


def test_lists_are_read_to_their_end(
    yookassa: YooKassaStub, gateway: YooKassa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ibolit.services.payments.yookassa.PAGE", 2)
    lost = gateway.create(ORDER)
    for number in range(10, 15):
        gateway.create(replace(ORDER, number=number, key=f"key-{number}"))
    yookassa.pay(lost.id)
    backs = [send_refund(gateway, lost.id, 100, f"back-{place}") for place in range(5)]
    yookassa.requests.clear()
    found = gateway.find_by_order(7, clock.now() - timedelta(hours=1))
    assert found is not None
    assert found.id == lost.id
    assert len(yookassa.requests) == 3
    assert gateway.list_refunds(lost.id) == backs
    assert len(gateway.list_receipts(lost.id)) == 6


def test_list_that_turns_in_a_circle_ends(
    yookassa: YooKassaStub, gateway: YooKassa, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(200, b'{"type": "list", "items": [], "next_cursor": "again"}')] * 5)
    monkeypatch.setattr(yookassa, "answer", lambda _seen: next(answers))
    assert gateway.find_by_order(7, clock.now()) is None
    assert len(yookassa.requests) == 2


def test_paid_one_of_two_with_our_number_is_found(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    """As after a key that had expired: the one with the money counts."""
    since = clock.now()
    ids = []
    for _ in range(3):
        ids.append(gateway.create(ORDER).id)
        yookassa.advance(hours=25)
    assert len(set(ids)) == 3
    yookassa.pay(ids[1])
    yookassa.decline(ids[2])
    found = gateway.find_by_order(7, since)
    assert found is not None
    assert (found.id, found.status) == (ids[1], GatewayStatus.SUCCEEDED)


def test_clocks_may_differ(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    yookassa.advance(hours=-4 / 60)  # YooKassa's is four minutes behind
    made = gateway.create(ORDER)
    found = gateway.find_by_order(7, clock.now())
    assert found is not None
    assert found.id == made.id


# How it fails: whatever is not a plain no is unsure, and the same key asked again is the same action

FAULTS = ["500", "502", "202", "429", "401", "403", "garbage", "drop", "hold"]
ACTIONS: dict[str, tuple[str, Callable[[YooKassa, str], object]]] = {
    "create": ("POST /payments", lambda gateway, _paid: gateway.create(replace(ORDER, key="another"))),
    "find": ("GET /payments", lambda gateway, paid: gateway.find(paid)),
    "find_by_order": ("GET /payments", lambda gateway, _paid: gateway.find_by_order(7, clock.now())),
    "refund": ("POST /refunds", send_refund),
    "find_refund": ("GET /refunds", lambda gateway, paid: gateway.find_refund(paid)),
    "list_refunds": ("GET /refunds", lambda gateway, paid: gateway.list_refunds(paid)),
    "close": ("POST /receipts", close),
    "list_receipts": ("GET /receipts", lambda gateway, paid: gateway.list_receipts(paid)),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("action", ACTIONS)
def test_errors_without_a_refusal_are_unknown_outcomes(
    yookassa: YooKassaStub, paid: str, action: str, fault: str
) -> None:
    gateway = YooKassa(shop_of(yookassa), timeout=SHORT)
    where, ask = ACTIONS[action]
    yookassa.break_next(where, fault)
    with pytest.raises(GatewayOutcomeUnknown):
        ask(gateway, paid)
    assert len(yookassa.requests) == 1  # nothing is repeated inside a call


@pytest.mark.parametrize("fault", ["500-after", "502-after", "202-after", "garbage-after", "drop-after", "hold"])
def test_operation_whose_answer_was_lost_is_done_once(yookassa: YooKassaStub, paid: str, fault: str) -> None:
    gateway = YooKassa(shop_of(yookassa), timeout=SHORT)
    for where, ask in (ACTIONS["create"], ACTIONS["refund"], ACTIONS["close"]):
        yookassa.break_next(where, fault)
        with pytest.raises(GatewayOutcomeUnknown):
            ask(gateway, paid)
        assert ask(gateway, paid) == ask(gateway, paid)
    assert len(yookassa.payments) == 2
    assert len(yookassa.refunds) == 1
    assert len(yookassa.receipts) == 3  # of the payment, the refund and the service
    assert gateway.find(paid).refunded == 50_000


def test_unreachable_provider_is_an_unknown_outcome(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    yookassa.refuse_connections()
    with pytest.raises(GatewayOutcomeUnknown):
        gateway.find(paid)
    yookassa.accept_connections()
    assert gateway.find(paid).status is GatewayStatus.SUCCEEDED


def test_unresolved_host_is_an_unknown_outcome(yookassa: YooKassaStub) -> None:
    with pytest.raises(GatewayOutcomeUnknown):
        YooKassa(shop_of(yookassa, api_url="http://yookassa.invalid/v3")).create(ORDER)


def test_wrong_shop_key_says_nothing_of_the_payment(
    yookassa: YooKassaStub, paid: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Told as a no, a payment that was paid would be given up."""
    stranger = YooKassa(shop_of(yookassa, secret_key="live_wrong"))
    for ask in (lambda: stranger.find(paid), lambda: stranger.create(ORDER), lambda: send_refund(stranger, paid)):
        with pytest.raises(GatewayOutcomeUnknown):
            ask()
    loud = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(loud) == 3
    assert all("key" in record.getMessage() and "invalid_credentials" in record.getMessage() for record in loud)
    assert "live_wrong" not in caplog.text


def test_redirect_is_not_followed(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    """The key is for one address alone."""
    yookassa.break_next("GET /payments", "307")
    with pytest.raises(GatewayOutcomeUnknown):
        gateway.find(paid)
    assert len(yookassa.requests) == 1


def test_html_instead_of_json_is_an_unknown_outcome(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    made = gateway.create(ORDER)
    elsewhere = YooKassa(shop_of(yookassa, api_url=f"http://127.0.0.1:{yookassa.port}/pay"))
    with pytest.raises(GatewayOutcomeUnknown):
        elsewhere.find(made.id)


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "confused"}, {"status": None}, {"amount": None}, {"amount": {"value": "many", "currency": "RUB"}},
        {"amount": {"value": "NaN", "currency": "RUB"}}, {"amount": {"value": "Infinity", "currency": "RUB"}},
        {"amount": {}}, {"id": None}, {"id": "../x"},
    ],
)  # fmt: skip
def test_confused_answer_is_an_unknown_outcome(
    yookassa: YooKassaStub, gateway: YooKassa, paid: str, broken: Json
) -> None:
    yookassa.payments[paid] |= broken
    with pytest.raises(GatewayOutcomeUnknown):
        gateway.find(paid)


def test_gone_is_a_refusal(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    yookassa.break_next("GET /payments", "410")
    with pytest.raises(GatewayRefused, match="gone"):
        gateway.find(paid)


def test_request_that_can_never_be_right_is_not_sent(yookassa: YooKassaStub, gateway: YooKassa) -> None:
    with pytest.raises(GatewayRefused, match=RefusalReason.INVALID_REQUEST):
        gateway.create(replace(ORDER, amount=0))
    with pytest.raises(GatewayRefused, match=RefusalReason.INVALID_REQUEST):
        send_refund(gateway, "23d93cac")  # YooKassa's ids are longer, and the SDK knows
    assert yookassa.requests == []


# How long it takes


def test_slow_provider_is_given_up_in_time(yookassa: YooKassaStub, paid: str) -> None:
    gateway = YooKassa(shop_of(yookassa), timeout=SHORT)
    yookassa.break_next("GET /payments", "hold")
    begun = monotonic()
    with pytest.raises(GatewayOutcomeUnknown, match="ReadTimeout"):
        gateway.find(paid)
    assert 0.3 <= monotonic() - begun < 5


def test_silent_machine_is_given_up_in_time(yookassa: YooKassaStub) -> None:
    """It takes no connection: its queue is full."""
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v3"
        gateway = YooKassa(shop_of(yookassa, api_url=url), timeout=(0.3, 5))
        with pytest.raises(GatewayOutcomeUnknown, match="ConnectTimeout"):
            gateway.create(ORDER)


def test_usual_patience_is_three_and_ten_seconds(gateway: YooKassa) -> None:
    assert gateway.timeout == (3, 10)
    assert gateway.patience == 3
    assert gateway._sdk.client.timeout == (3, 10)


def test_eight_at_once_and_the_ninth_goes_away(yookassa: YooKassaStub) -> None:
    """Two shops of one process share the eight."""
    shops = [YooKassa(shop_of(yookassa), patience=0.2), YooKassa(shop_of(yookassa), patience=0.2)]
    yookassa.break_next("POST /payments", "hold", times=8)
    orders = [replace(ORDER, number=number, key=f"key-{number}") for number in range(9)]
    with ThreadPoolExecutor(8) as threads:
        held = [threads.submit(shops[number % 2].create, orders[number]) for number in range(8)]
        yookassa.wait_for_requests(8)
        with pytest.raises(GatewayOutcomeUnknown, match="at once"):
            shops[0].create(orders[8])
        yookassa.heal()
        assert len({call.result(10).id for call in held}) == 8
    assert len(yookassa.requests) == 8
    assert yookassa.most_at_once == 8
    assert shops[0].create(orders[8]).status is GatewayStatus.WAITING


def test_waiting_call_gets_its_turn(yookassa: YooKassaStub) -> None:
    gateway = YooKassa(shop_of(yookassa), concurrent_calls=BoundedSemaphore(1), patience=10)
    yookassa.break_next("POST /payments", "hold")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(gateway.create, ORDER)
        yookassa.wait_for_requests(1)
        second = threads.submit(gateway.create, replace(ORDER, key="second"))
        yookassa.heal()
        assert first.result(10).id != second.result(10).id
    assert yookassa.most_at_once == 1


def test_failed_calls_give_their_turn_back(yookassa: YooKassaStub) -> None:
    gateway = YooKassa(shop_of(yookassa), concurrent_calls=BoundedSemaphore(1), patience=0)
    for fault in ("500", "drop", "garbage"):
        yookassa.break_next("POST", fault)
        with pytest.raises(GatewayOutcomeUnknown, match=r"^(?!too many)"):
            gateway.create(ORDER)
    with pytest.raises(GatewayRefused):
        gateway.find("23d93cac-0000")
    assert gateway.create(ORDER).status is GatewayStatus.WAITING


# What it must not do to the house


def test_two_shops_in_one_process_never_mix() -> None:
    with YooKassaStub("111", "first_key") as first, YooKassaStub("222", "second_key") as second:
        stubs = (first, second)
        gateways = [YooKassa(shop_of(stub)) for stub in stubs]
        together = threading.Barrier(6)

        def buy(number: int) -> None:
            together.wait(10)
            for step in range(10):
                amount = 100 + number % 2
                order = replace(
                    ORDER, number=number, key=f"{number}-{step}", amount=amount, items=[ReceiptItem("Час", amount)]
                )
                made = gateways[number % 2].create(order)
                assert gateways[number % 2].find(made.id).amount == amount

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(buy, range(6)))
        for place, stub in enumerate(stubs):
            assert len(stub.payments) == 30
            assert {payment["amount"]["value"] for payment in stub.payments.values()} == {f"1.0{place}"}
            assert len({seen.headers["Authorization"] for seen in stub.requests}) == 1


def test_machine_with_a_netrc_sends_our_key(
    yookassa: YooKassaStub, gateway: YooKassa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert gateway.create(ORDER).status is GatewayStatus.WAITING


def test_settings_of_the_sdk_stay_untouched(gateway: YooKassa) -> None:
    gateway.create(ORDER)
    from yookassa import Configuration

    assert (Configuration.account_id, Configuration.secret_key, Configuration.logger) == (None, None, None)


def test_no_secret_and_no_person_in_any_log(yookassa: YooKassaStub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "yookassa", "ibolit", "ibolit.services.payments.sdk"):
        caplog.set_level(logging.DEBUG, logger=name)
    secret = "live_VerySecretKey"
    yookassa.secret_key = secret
    gateway = YooKassa(shop_of(yookassa, secret_key=secret), timeout=SHORT)
    made = gateway.create(ORDER)
    yookassa.pay(made.id)
    send_refund(gateway, made.id)
    for fault in ("500", "401", "drop", "garbage", "hold"):
        yookassa.break_next("POST", fault)
        with pytest.raises(GatewayOutcomeUnknown):
            send_refund(gateway, made.id)
    with pytest.raises(GatewayRefused):
        send_refund(gateway, made.id, 150_000, "too much")
    assert caplog.records, "what is asked here must be written somewhere"
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    basic = re.search(r"Basic (\S+)", yookassa.requests[0].headers["Authorization"])
    assert basic is not None
    for word in (secret, basic[1], "Authorization", "anna@example.org", "79161234567", "Неделя"):
        assert word not in told
    assert secret not in repr(gateway.shop)


def test_errors_carry_no_secret(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    yookassa.break_next("GET", "drop")
    with pytest.raises(GatewayOutcomeUnknown) as unsure:
        gateway.find(paid)
    assert yookassa.secret_key not in str(unsure.value)
    assert unsure.value.__suppress_context__


def test_app_that_pays_through_yookassa_starts_without_its_sdk(tmp_path: Path) -> None:
    script = """
import sys
from ibolit import create_app
app = create_app()
assert type(app.extensions["ibolit_services"].payments).__name__ == "YooKassa"
print(sorted({name.split(".")[0] for name in sys.modules} & {"yookassa", "requests", "netaddr", "distro"}))
"""
    environ = {
        "IBOLIT_ENV": "test",
        "IBOLIT_DATA": str(tmp_path),
        "PAYMENTS_BACKEND": "yookassa",
        "YOOKASSA_SHOP_ID": "100500",
        "YOOKASSA_SECRET_KEY": "test_secret",
    }
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    assert (told.returncode, told.stdout.strip(), told.stderr) == (0, "[]", "")


# The stub itself, where other tests lean on it


def test_stub_keeps_notices_for_whoever_delivers_them(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    send_refund(gateway, paid)
    assert [notice.event for notice in yookassa.notices] == ["payment.succeeded", "refund.succeeded"]
    heard: list[bytes] = []
    yookassa.deliver_all(heard.append, backwards=True, times=2)
    events = [json.loads(body)["event"] for body in heard]
    assert events == ["refund.succeeded"] * 2 + ["payment.succeeded"] * 2
    named = [
        gateway.parse_webhook(body) for body in (*heard, yookassa.forge(paid), yookassa.forge(paid, "refund.succeeded"))
    ]
    assert {notice.payment_id for notice in named if notice} == {paid}
    assert yookassa.notices == []


def test_stub_counts_what_it_holds(yookassa: YooKassaStub, gateway: YooKassa, paid: str) -> None:
    send_refund(gateway, paid, 50_000)
    gateway.create(replace(ORDER, number=8, key="unpaid"))
    assert yookassa.taken() == 100_000
    assert [payment["id"] for payment in yookassa.numbered(7)] == [paid]


def test_stub_obeys_as_a_process(tmp_path: Path) -> None:
    import requests

    stub = [sys.executable, str(ROOT / "tests" / "support" / "yookassa_stub.py"), "--port", "0"]
    with subprocess.Popen(stub, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = re.findall(r"YOOKASSA_API_URL=(\S+)", process.stdout.readline())[0]
            gateway = YooKassa(Shop("100500", "test_secret", url))
            first, second = gateway.create(ORDER), gateway.create(replace(ORDER, key="second"))
            house = url.removesuffix("/v3")
            assert requests.post(f"{house}/control/pay", json={"payment_id": first.id}, timeout=10).status_code == 200
            assert "Оплатить" in requests.get(second.page, timeout=10).text
            leads = requests.post(second.page, {"decision": "decline"}, timeout=10, allow_redirects=False)
            assert leads.headers["Location"] == ORDER.return_url
            assert gateway.find(first.id).status is GatewayStatus.SUCCEEDED
            assert gateway.find(second.id).status is GatewayStatus.CANCELLED
        finally:
            process.terminate()
