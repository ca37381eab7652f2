"""A power cut at each step between the press on «Оплатить» and the open chat; then the lights go on again.

The clinic is a process of its own, YooKassa another house: it keeps what it did. A step is held by what it waits for,
the provider's answer or the database, and the clinic is killed there.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests
from live_clinic import PASSWORD, ROOT, SETTINGS, LiveClinic
from yookassa_stub import Fault, YooKassaStub

pytestmark = pytest.mark.slow_file

PATIENCE = 30.0
CLAIM = 150  # seconds: a job whose worker was killed is free again


class Clinic(LiveClinic):
    """The demo clinic with a contract with YooKassa, which bin/run would not let it have."""

    def __init__(self, folder: Path, stub: YooKassaStub) -> None:
        super().__init__(folder)
        self.offset = 0
        self.env = {name: value for name, value in os.environ.items() if name not in SETTINGS} | {
            "PORT": str(self.port), "IBOLIT_DATA": str(self.data), "IBOLIT_ENV": "demo",
            "FLASK_APP": "ibolit:create_app",
            "PAYMENTS_BACKEND": "yookassa", "YOOKASSA_SHOP_ID": stub.shop_id, "YOOKASSA_SECRET_KEY": stub.secret_key,
            "YOOKASSA_API_URL": stub.url, "YOOKASSA_NETWORKS": "127.0.0.1",
        }  # fmt: skip
        self.data.mkdir(parents=True)
        for chore in (["db", "upgrade"], ["seed"]):
            subprocess.run(
                [sys.executable, "-m", "flask", *chore], env=self.env, cwd=ROOT, check=True, capture_output=True
            )
        stub.webhook = f"{self.url}/webhooks/yookassa"

    def start(self, deadline: float = 60) -> None:
        with self.log.open("ab") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--log-level", "warning", "wsgi:app"],
                env=self.env | {"CLOCK_OFFSET": str(self.offset)}, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=told,
                stderr=told, start_new_session=True,
            )  # fmt: skip
        self._wait_until_healthy(deadline)

    def power_cut(self) -> None:
        self.kill()
        self.come_back()

    def come_back(self) -> None:
        """When no claim of the dead worker is in the way any more."""
        self.offset += CLAIM
        self.start()

    def ask(self, question: str, *values: object) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self.data / "ibolit.db", timeout=PATIENCE, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(question, values).fetchall()

    @contextmanager
    def nobody_commits(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.data / "ibolit.db", timeout=PATIENCE, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


def until(what: str, is_so: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not is_so():
        if monotonic() > end:
            raise TimeoutError(what)
        sleep(0.02)


class Payer:
    """Anna, whose time is over: her browser knows only what it was answered."""

    def __init__(self, clinic: Clinic, stub: YooKassaStub) -> None:
        self.clinic, self.stub = clinic, stub
        chats = "SELECT chat.id, chat.doctor_id FROM chat JOIN doctor ON doctor.id = chat.doctor_id"
        [chat] = clinic.ask(f"{chats} WHERE patient_id = 1 AND access != 'unlimited' AND NOT hidden LIMIT 1")
        [tariff] = clinic.ask("SELECT * FROM tariff WHERE doctor_id = ? AND NOT hidden LIMIT 1", chat["doctor_id"])
        self.chat_id, self.tariff_id, self.days = chat["id"], tariff["id"], tariff["days"]
        self.close_chat()
        self.notes = self.count_notes()
        self.browser = requests.Session()
        page = self.browser.get(f"{clinic.url}/login").text
        form = {"login": "+79000000001", "password": PASSWORD, "csrf_token": token_in(page)}
        assert self.browser.post(f"{clinic.url}/login", form, allow_redirects=False).status_code == 303

    def close_chat(self) -> None:
        over = datetime.now(UTC) - timedelta(days=9)
        self.clinic.ask("UPDATE chat SET open_until = ? WHERE id = ?", f"{over:%Y-%m-%d %H:%M:%S.%f}", self.chat_id)
        # Who paid minutes ago is asked whether he means it; what an earlier test paid was long before.
        self.clinic.ask("UPDATE payment SET paid_at = ? WHERE paid_at IS NOT NULL", f"{over:%Y-%m-%d %H:%M:%S.%f}")

    def press(self) -> None:
        form = {"tariff_id": self.tariff_id}
        self.post("payments", form)

    def may_write(self) -> bool:
        return self.post("messages", {"text": "Я снова здесь", "client_id": f"killed-{self.id:04}"}).status_code < 400

    def post(self, door: str, form: dict[str, object]) -> requests.Response:
        address = f"{self.clinic.url}/chats/{self.chat_id}"
        token = token_in(self.browser.get(f"{self.clinic.url}/profile").text)
        return self.browser.post(f"{address}/{door}", {**form, "csrf_token": token}, allow_redirects=False)

    @property
    def payment(self) -> sqlite3.Row:
        return self.clinic.ask("SELECT * FROM payment ORDER BY id DESC LIMIT 1")[0]

    @property
    def id(self) -> int:
        return int(self.payment["id"])

    @property
    def provider_id(self) -> str:
        return str(self.payment["provider_id"])

    def waits_for(self, state: str) -> None:
        until(f"the payment is {state}", lambda: self.payment["state"] == state)

    def count_notes(self) -> int:
        notes = "SELECT count(*) FROM message WHERE chat_id = ? AND author_id IS NULL"
        return int(self.clinic.ask(notes, self.chat_id)[0][0])

    def has_got_it_once(self) -> None:
        payment = self.payment
        assert (payment["state"], payment["paid"]) == ("succeeded", payment["amount"])
        [made] = self.stub.numbered(payment["id"])
        assert made["id"] == payment["provider_id"]
        [chat] = self.clinic.ask("SELECT open_until FROM chat WHERE id = ?", self.chat_id)
        given = datetime.fromisoformat(chat["open_until"]) - datetime.fromisoformat(payment["applied_at"])
        assert abs(given - timedelta(days=self.days)) < timedelta(minutes=1)
        assert self.count_notes() == self.notes + 1
        assert self.may_write()


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page) or re.search(r'X-CSRFToken": ?"([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clinic, YooKassaStub]]:
    with YooKassaStub() as stub:
        clinic = Clinic(tmp_path_factory.mktemp("killed"), stub)
        clinic.start()
        yield clinic, stub
        clinic.stop()


@pytest.fixture
def payer(house: tuple[Clinic, YooKassaStub]) -> Iterator[Payer]:
    clinic, stub = house
    hook, stub.webhook = f"{clinic.url}/webhooks/yookassa", ""
    stub.lose_notices()
    payer = Payer(clinic, stub)
    stub.webhook = hook
    yield payer
    stub.heal()


@contextmanager
def pressing(payer: Payer, held: Fault) -> Iterator[None]:
    """Inside, the provider has heard what the press asks of him, and thinks."""
    stub = payer.stub
    with ThreadPoolExecutor(1) as pool:
        stub._faults.append(("POST /payments", held))
        press = pool.submit(payer.press)
        until("the provider is asked", lambda: not stub._faults)
        yield
        stub.heal()
        assert isinstance(press.exception(), requests.ConnectionError)  # nobody is left to answer her


HELD = Fault(seconds=PATIENCE, after=True)
HELD_UNDONE = Fault(seconds=PATIENCE, drop=True)


def cut_power_before_the_commit(payer: Payer) -> None:
    """The answer is here, and nobody may write it down."""
    before = tuple(payer.payment)
    with payer.clinic.nobody_commits():
        payer.stub.heal()
        until("the provider has answered", lambda: payer.stub._at_once == 0)
        payer.clinic.kill()
    assert tuple(payer.payment) == before
    payer.clinic.come_back()


# Between the press and the provider's page


def killed_while_the_provider_was_away(payer: Payer) -> None:
    payer.stub.refuse_connections()
    payer.press()
    payer.clinic.kill()
    payer.stub.accept_connections()
    payer.clinic.come_back()


def killed_before_he_did_it(payer: Payer) -> None:
    with pressing(payer, HELD_UNDONE):
        assert payer.stub.numbered(payer.id) == []
        payer.clinic.power_cut()


def killed_after_he_did_it(payer: Payer) -> None:
    with pressing(payer, HELD):
        until("the provider has made it", lambda: len(payer.stub.numbered(payer.id)) == 1)
        assert payer.payment["state"] == "created"
        payer.clinic.power_cut()


def killed_before_the_commit(payer: Payer) -> None:
    with pressing(payer, HELD):
        cut_power_before_the_commit(payer)


@pytest.mark.parametrize(
    "killed",
    [
        killed_while_the_provider_was_away,
        killed_before_he_did_it,
        killed_after_he_did_it,
        killed_before_the_commit,
    ],
)
def test_clinic_killed_before_the_payer_pays(payer: Payer, killed: Callable[[Payer], None]) -> None:
    killed(payer)
    id = payer.id
    payer.waits_for("waiting")
    payer.press()  # she saw nothing and presses again
    assert payer.id == id
    payer.stub.pay(payer.provider_id)
    payer.waits_for("succeeded")
    payer.has_got_it_once()


# Between the money and the open chat


def killed_unheard(payer: Payer) -> None:
    """Paid, and the notification finds nobody at home."""
    payer.clinic.kill()
    payer.stub.pay(payer.provider_id)
    payer.clinic.come_back()


@contextmanager
def heard(payer: Payer) -> Iterator[None]:
    """The notification has come, and inside the provider thinks about the worker's question whether it is true."""
    stub = payer.stub
    hook, stub.webhook = stub.webhook, ""
    with stub._lock:  # nobody is answered between the payment and the pause
        stub.pay(payer.provider_id)
        stub._faults.append(("GET /payments", HELD))
    stub.webhook = hook
    assert stub.deliver() == [200]
    until("the worker asks", lambda: not stub._faults)
    yield
    stub.heal()


def killed_while_asking(payer: Payer) -> None:
    with heard(payer):
        payer.clinic.power_cut()


def killed_while_settling(payer: Payer) -> None:
    with heard(payer):
        cut_power_before_the_commit(payer)


def killed_when_all_was_done(payer: Payer) -> None:
    payer.stub.pay(payer.provider_id)
    payer.waits_for("succeeded")
    payer.clinic.power_cut()
    body = payer.stub.forge(payer.provider_id)  # the notification comes once more
    assert requests.post(payer.stub.webhook, body, timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize(
    "killed", [killed_unheard, killed_while_asking, killed_while_settling, killed_when_all_was_done]
)
def test_clinic_killed_between_success_and_applying(payer: Payer, killed: Callable[[Payer], None]) -> None:
    payer.press()
    payer.waits_for("waiting")
    killed(payer)
    payer.waits_for("succeeded")
    payer.has_got_it_once()
    payer.stub.deliver_all(times=2)  # what was not heard comes again
    payer.has_got_it_once()


def test_payment_never_paid_after_a_kill_is_cancelled(payer: Payer) -> None:
    taken = payer.stub.taken()
    with pressing(payer, HELD):
        payer.clinic.power_cut()
    payer.waits_for("waiting")
    payer.clinic.kill()
    payer.stub.expire(payer.provider_id)
    payer.clinic.come_back()
    payer.waits_for("cancelled")
    assert payer.stub.taken() == taken
    assert payer.count_notes() == payer.notes
    assert not payer.may_write()
