"""The app under test: one a test process, its database emptied after every test; and the three who visit it."""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import all_doors
import pytest
import sqlalchemy as sa
import statements
from all_doors import (  # noqa: F401  pytest finds its hooks here
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    watch,
)
from browser import Browser
from databases import POSTGRES
from emptying import empty
from factories import make_chat, make_doctor, make_user
from flask import Flask
from flask_migrate import upgrade
from live_clinic import filled_clinic
from long_tests import leave_out, leave_out_long
from overheard import nobody_is_overheard  # noqa: F401
from push_service import PushService, connect
from statements import pytest_runtest_protocol  # noqa: F401

from ibolit import create_app
from ibolit.extensions import db
from ibolit.models import Chat, Doctor, User
from ibolit.models.chats import urgency
from ibolit.services import Services, clock

gc.disable()  # what is loaded and collected stays: look_after_less_rubbish() looks again
os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))  # browsers are started with it


BEGIN_FIRST = "oldphones", "guide", "journey", "slow_file"


def pytest_addoption(parser: pytest.Parser) -> None:
    all_doors.add_options(parser)
    statements.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--note-statements"):
        statements.listen()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest walks begin first: at the end all test processes shall have something to do."""
    leave_out_long(config, items)
    if POSTGRES:
        leave_out(config, items, [item for item in items if _is_heard_on_sqlite(item)])
        statements.leave_out_repeated(config, items)
    look_after_less_rubbish()  # thousands of tests are none: let nobody look through them again and again
    items.sort(key=lambda item: [item.get_closest_marker(kind) is None for kind in BEGIN_FIRST])


def _is_heard_on_sqlite(item: pytest.Item) -> bool:
    """Who never asks a database, and who asks it nothing of its own."""
    never = "app" not in getattr(item, "fixturenames", ())
    return never or item.get_closest_marker("any_database") is not None


def look_after_less_rubbish() -> None:
    """As gunicorn.conf.py does: what is there stays for good, the rest is looked through 70 times more seldom."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    data = tmp_path_factory.mktemp("clinic")
    app = create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(data), "DATABASE_URL": _own_database(data)})
    app.testing = True
    watch(app)
    with app.app_context():
        # One process sees every statement there is: with the usual 500 kept it would compile them over and over.
        db.engine.update_execution_options(compiled_cache={})
        if not POSTGRES:
            sa.event.listen(db.engine, "connect", _spare_the_disk)
            db.engine.dispose()  # what was opened for a look at the start is not spared
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
        urgency.KNOWN_FOR = timedelta.max  # read once a process: else some test in every minute had a query more
        urgency.urgent_words()
    look_after_less_rubbish()
    yield app
    with app.app_context():
        db.engine.dispose()


def _spare_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    """Nothing here outlives its test; what a power cut leaves is asked of live clinics."""
    connection.execute("PRAGMA synchronous=OFF")
    # Whoever counts on an order that nobody asked for learns it here, not from PostgreSQL on some bad day.
    connection.execute("PRAGMA reverse_unordered_selects=ON")


def _own_database(data: Path) -> str:
    """Every test process has its own; on PostgreSQL it is made anew."""
    if not POSTGRES:
        return f"sqlite:///{data}/test.db"
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    engine = sa.create_engine(f"{POSTGRES}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{POSTGRES}/{name}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a live clinic may begin with; test processes side by side share it."""
    own = tmp_path_factory.getbasetemp()
    return filled_clinic(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def clinic(app: Flask) -> Iterator[Flask]:
    """An empty clinic with its app context pushed; what the test wrote is gone afterwards."""
    with app.app_context():
        yield app
        db.session.remove()
        empty(app)
    clock.shift(0)


def _services(app: Flask) -> Services:
    services: Services = app.extensions["ibolit_services"]
    return services


@pytest.fixture
def services(clinic: Flask) -> Services:
    return _services(clinic)


@pytest.fixture
def service(clinic: Flask, services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """The push service of the browsers that listen to it; the clinic pushes there."""
    service = PushService()
    monkeypatch.setattr(services, "push", connect(clinic, service))
    yield service
    service.stop()


@pytest.fixture
def change_settings(clinic: Flask) -> Iterator[Callable[..., None]]:
    """The clinic decides otherwise for one test: change_settings(registration_is_open=False)."""
    usual = clinic.extensions["ibolit_settings"]

    def change(**values: object) -> None:
        clinic.extensions["ibolit_settings"] = replace(usual, **values)

    yield change
    clinic.extensions["ibolit_settings"] = usual


@pytest.fixture
def patient(clinic: Flask) -> User:
    return make_user("Анна Соколова")


@pytest.fixture
def doctor(clinic: Flask) -> Doctor:
    return make_doctor()


@pytest.fixture
def stranger(clinic: Flask) -> User:
    """Signed in, and with no business here."""
    return make_user("Посторонний Пётр")


@pytest.fixture
def chat(patient: User, doctor: Doctor) -> Chat:
    return make_chat(patient, doctor, days_left=2)


@pytest.fixture
def visitor(clinic: Flask) -> Browser:
    """Not signed in."""
    return Browser(clinic)


@pytest.fixture
def as_patient(clinic: Flask, patient: User) -> Browser:
    return Browser(clinic, patient)


@pytest.fixture
def as_doctor(clinic: Flask, doctor: Doctor) -> Browser:
    return Browser(clinic, doctor.user)


@pytest.fixture
def as_stranger(clinic: Flask, stranger: User) -> Browser:
    return Browser(clinic, stranger)
