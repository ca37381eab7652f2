"""However many rows a table has, a page steps to its own by an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browser import Browser
from consultation_steps import confirm
from factories import attach, make_doctor, propose, say
from payment_steps import buy
from sqlalchemy import event

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, User

PAGES = (
    *("/doctors", "/doctors?specialty=Терапевт", "/doctors?after=1~a", "/doctors/{doctor}"),
    *("/messages", "/messages?before=1764000000000000~17", "/messages?only=unread", "/messages?only=waiting"),
    *("/chats/{chat}", "/chats/{chat}?before=40", "/chats/{chat}/messages?after=0", "/chats/{chat}/files"),
    *("/consultations", "/consultations?before=1764000000000000~17", "/consultations/{consultation}"),
    *("/patients", "/patients/{patient}", "/patients/{patient}/consultations"),
    *("/profile", "/profile/payments", "/profile/income", "/practice", "/replies"),
)
WHOLE_TABLES = {
    "sqlite": re.compile(r"^SCAN (?!anon_|known)(\w+)$"),
    "postgresql": re.compile(r"Seq Scan on (\w+)"),
}
# Of the operator a few rows, whatever the clinic: what anybody searches for is said in words.
SMALL = {"specialty_words", "document_day", "clinic_reply_template"}


@pytest.fixture
def clinic_at_work(chat: Chat, patient: User, doctor: Doctor) -> dict[str, int]:
    make_doctor("Орлов Дмитрий")
    for number in range(3):
        say(chat, doctor.user if number % 2 else patient, str(number))
    say(chat, patient, "", files=[attach(chat, patient)])
    consultation = confirm(propose(chat))
    buy(db.session.get_one(Chat, chat.id))
    return {"chat": chat.id, "patient": patient.id, "doctor": doctor.id, "consultation": consultation.id}


@contextmanager
def asked() -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith(("SELECT", "WITH")) and "FOR UPDATE" not in statement and "advisory" not in statement:
            statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def plans_of(statements: list[tuple[str, Any]]) -> Iterator[str]:
    """Of PostgreSQL as it would be with many rows: it reads a whole table only where no index serves."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    db.session.rollback()  # whoever may write on one connection waits for themselves on another
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        if not is_sqlite:
            cursor.execute("SET LOCAL enable_seqscan = off")
        for statement, parameters in statements:
            cursor.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + statement, parameters)
            yield from (str(row[-1]).strip() for row in cursor.fetchall())
        connection.rollback()


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_no_page_reads_a_whole_table(request: pytest.FixtureRequest, clinic_at_work: dict[str, int], who: str) -> None:
    browser: Browser = request.getfixturevalue(f"as_{who}")
    with asked() as statements:
        answers = [browser.get(url.format(**clinic_at_work)).status_code for url in PAGES]
    assert answers.count(200) > 12
    whole = WHOLE_TABLES[db.engine.dialect.name]
    read = {found[1] for plan in plans_of(statements) if (found := whole.search(plan))}
    assert len(statements) > 60
    assert read - SMALL == set()


def test_what_reading_a_whole_table_is(clinic_at_work: dict[str, int]) -> None:
    with asked() as statements:
        db.session.scalars(db.select(Chat.id).where(Chat.free_days == 3)).all()
        db.session.scalars(db.select(Chat.id).where(Chat.id == 3)).all()
    whole = WHOLE_TABLES[db.engine.dialect.name]
    assert [found[1] for plan in plans_of(statements) if (found := whole.search(plan))] == ["chat"]
