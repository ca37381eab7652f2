"""The app under test: one a test process, its database emptied after every test; and the three who visit it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextvars import Context
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from all_doors import (  # noqa: F401  pytest finds its hooks here
    pytest_addoption,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    watch,
)
from emptying import empty
from factories import make_chat, make_doctor, make_user
from flask import Flask
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from ibolit import create_app, database
from ibolit.extensions import db
from ibolit.models import Chat, Device, Doctor, User
from ibolit.services import Services, clock

POSTGRES = os.environ.get("TEST_POSTGRES", "")


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    data = tmp_path_factory.mktemp("clinic")
    app = create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(data), "DATABASE_URL": _own_database(data)})
    app.testing = True
    watch(app)
    with app.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
    yield app
    with app.app_context():
        db.engine.dispose()


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


@pytest.fixture(autouse=True)
def nobody_reads() -> Iterator[None]:
    """A GET made without Browser leaves its «only reads» behind, and SQLite would refuse the next test's writing."""
    yield
    database._only_reads.set(False)


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
def change_settings(clinic: Flask) -> Iterator[Callable[..., None]]:
    """The clinic decides otherwise for one test: change_settings(registration_is_open=False)."""
    usual = clinic.extensions["ibolit_settings"]

    def change(**values: object) -> None:
        clinic.extensions["ibolit_settings"] = replace(usual, **values)

    yield change
    clinic.extensions["ibolit_settings"] = usual


class Browser:
    """A person's browser: keeps cookies, sends the CSRF token as the pages do."""

    def __init__(self, app: Flask, user: User | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        self.device: Device | None = None
        if user is not None:
            self._sign_in(user)

    def _sign_in(self, user: User) -> None:
        self.device, token = Device.register(user, "Тест")
        db.session.commit()
        with self.client.session_transaction() as session:
            session["device"], session["_user_id"], session["_fresh"] = token, str(user.id), True
            session.permanent = True

    def get(self, url: str, *, htmx: bool = False, **more: Any) -> TestResponse:
        return self._visit("GET", url, htmx, **more)

    def post(self, url: str, data: dict[str, object] | None = None, *, htmx: bool = False, **more: Any) -> TestResponse:
        headers = {"X-CSRFToken": self.token()} | more.pop("headers", {})
        return self._visit("POST", url, htmx, data=data or {}, headers=headers, **more)

    def open(self, url: str, **more: Any) -> TestResponse:
        """Without a token. Outside the test's own app context: flask.g would carry one visitor to the next."""
        return Context().run(self.client.open, url, buffered=True, **more)

    def token(self) -> str:
        page = self.open("/login/phone").text
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert found is not None
        return found.group(1)

    def _visit(self, method: str, url: str, htmx: bool, **more: Any) -> TestResponse:
        headers = more.pop("headers", {}) | ({"HX-Request": "true"} if htmx else {})
        db.session.remove()  # a request begins with nothing loaded, as in life
        answer = self.open(url, method=method, headers=headers, **more)
        db.session.remove()
        return answer


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
