"""Every migration on both databases: rows written at any revision come through, and no name is left behind."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from copies import ROOT, another_clinic, inside
from databases import POSTGRES
from flask import Flask
from flask_migrate import downgrade, upgrade
from long_tests import some
from sqlalchemy.exc import DBAPIError

from ibolit.extensions import Base, db
from ibolit.models import JobKind, NotificationKind, RefundState

pytestmark = pytest.mark.slow_file

Row = dict[str, Any]
Rows = dict[str, list[Row]]

VERSIONS = str(ROOT / "migrations")
OLD = "0022"
REVISIONS = [f"{number:04}" for number in range(1, 23)]
NAMES: Any = ScriptDirectory(VERSIONS).get_revision("0023").module
# Every word that the program of 0022 could write, by table and column.
WORDS: dict[str, list[str]] = json.loads((ROOT / "tests/recorded/words_of_0022.json").read_text())
ROWS = max(len(words) for words in WORDS.values())  # a table
FIRST_DAY = datetime(2026, 3, 1, 8, tzinfo=UTC)
COLUMNS_OF_A_SIDE = "ready_at", "first_ready_at", "late_at"  # of 0023, with the side before them
# Where a CHECK wants one of two, and where a row points to another of its own table.
EMPTY = {"payment.consultation_id", "notification.chat_id", "invitation.email", "patient_fact.replaces_id"}
EMPTY |= {f"{table}.dependant_id" for table in ("chat", "consent", "patient_fact")}
# Columns of since, which are empty in rows of before.
ADDED: dict[str, Row] = {
    "login_code": {"is_for_change": False},
    "security_event": {"phone": None, "dependant_id": None},
    "way_change": {"phone": None, "dependant_id": None},
    "import_line": {"birth_date": None},
    "invitation": {"birth_date": None, "forgotten_at": None, "dependant_id": None},
    "patient_import": {"source": None, "columns": None},
    "message": {"quoted_seq": None, "recalled_at": None, "recalled_digest": None, "urgent_groups": None},
    "consultation": {"needs_visit": False, "type_id": None, "title": "", "held_until": None, "is_booked": False}
    | {"refund_hours": None, "moved_by_patient": 0},
    "user": {"birth_date": None, "sex": None, "erases_at": None, "withdrawn_at": None, "erased_at": None}
    | {"died_at": None},
    "chat": {"waiting_since": None, "settled_seq": 0, "closed_at": None, "promised_hours": None}
    | {"promise_missed_at": None, "urgent_since": None, "erased_at": None, "dependant_id": None, "former_since": None},
    "consent": {"dependant_id": None, "withdrawn_at": None},
    "complaint": {"illnesses": ""},
    "intake_questionnaire": {"illnesses": ""},
    "chat_member": {"archived_at": None, "until": None},
    "conclusion": {"subject_name": None, "subject_birth_date": None, "subject_sex": None, "writer": None},
    "doctor": {"answer_days": 31, "answer_from": 540, "answer_to": 1080, "promise_hours": None, "usual_wait": None}
    | {"away_from": None, "away_until": None, "stands_in_until": None, "takes_bookings": False},
}
# Words of after 0022.
SINCE = {JobKind.PROMISE, NotificationKind.PROMISE, JobKind.URGENT_UNOPENED, NotificationKind.URGENT}
SINCE |= {NotificationKind.URGENT_SENT, NotificationKind.URGENT_UNOPENED}
SINCE |= {JobKind.TIME_OFF, NotificationKind.STAND_IN, JobKind.ERASURE}
SINCE |= {JobKind.FAMILY, JobKind.FAMILY_CODE, NotificationKind.COMING_OF_AGE}
SINCE |= {JobKind.DATA_COPY, JobKind.DATA_COPY_END, NotificationKind.COPY_READY, NotificationKind.COPY_FAILED}
SEARCH = ("message_fts", "ix_message_stems")  # of the database alone, which the models do not know


@pytest.fixture
def old_clinic(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """Without tables yet."""
    with another_clinic(tmp_path) as clinic:
        yield clinic


@pytest.fixture
def new_clinic(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """Made by the models, without migrations."""
    (folder := tmp_path / "new").mkdir()
    with another_clinic(folder) as clinic:
        inside(clinic, db.create_all)
        yield clinic


def test_migrated_tables_are_those_of_the_models(old_clinic: Flask, new_clinic: Flask) -> None:
    migrate(old_clinic)
    assert tables_of(old_clinic) == tables_of(new_clinic)


def test_way_down_leaves_the_tables_of_before(old_clinic: Flask) -> None:
    migrate(old_clinic, OLD)
    before = tables_of(old_clinic)
    migrate(old_clinic)
    migrate_down(old_clinic)
    assert tables_of(old_clinic) == before


@pytest.mark.parametrize("revision", some(REVISIONS, every=7))
def test_rows_of_any_revision_come_through(old_clinic: Flask, revision: str) -> None:
    migrate(old_clinic, revision)
    inside(old_clinic, fill)
    migrate(old_clinic)
    new = rows_of(old_clinic)
    inside(old_clinic, read_all_by_the_models)
    migrate_down(old_clinic)
    assert renamed(rows_of(old_clinic)) == without_whose(new)
    migrate(old_clinic)
    assert rows_of(old_clinic) == new


def test_unique_keys_have_the_new_words(old_clinic: Flask) -> None:
    migrate(old_clinic, OLD)
    inside(old_clinic, fill)
    migrate(old_clinic)
    rows = rows_of(old_clinic)
    for table, kinds in (("job", JobKind), ("notification", NotificationKind)):
        assert {row["kind"] for row in rows[table]} == {*kinds} - SINCE
        assert all(row["unique_key"].startswith(f"{row['kind']}:") for row in rows[table])
    assert {row["unique_key"].split(":")[-1] for row in rows["notification"]} == {*RefundState}


def test_numbers_go_on(old_clinic: Flask) -> None:
    migrate(old_clinic, OLD)
    inside(old_clinic, fill)
    migrate(old_clinic)

    def one_more() -> set[int]:
        with db.engine.begin() as connection:
            added = set()
            for table in tables_in(connection):
                row = row_of(table, ROWS + 1)
                has_rows = connection.scalar(sa.select(sa.func.count()).select_from(table)) > 0
                if row.pop("id", None) and has_rows:
                    added.add(connection.execute(table.insert().values(row).returning(table.c.id)).scalar_one())
            return added

    assert inside(old_clinic, one_more) == {ROWS + 1}


def test_migration_that_fails_changes_nothing(old_clinic: Flask) -> None:
    migrate(old_clinic, OLD)
    inside(old_clinic, fill)
    in_the_way = sa.text("CREATE INDEX ix_invitation_delivery_id ON job (kind)")
    inside(old_clinic, lambda: execute(in_the_way))
    before = tables_of(old_clinic), rows_of(old_clinic)
    with pytest.raises(DBAPIError):
        migrate(old_clinic)
    assert (tables_of(old_clinic), rows_of(old_clinic)) == before
    inside(old_clinic, lambda: execute(sa.text("DROP INDEX ix_invitation_delivery_id")))
    migrate(old_clinic)


def test_attendance_goes_to_rows_and_back(old_clinic: Flask) -> None:
    """Of two consultations, one that nobody came to; what was said since goes back into the columns."""
    migrate(old_clinic, "0023")
    inside(old_clinic, fill)
    nothing = ", ".join(f"{side}_{what} = NULL" for side in ("patient", "doctor") for what in COLUMNS_OF_A_SIDE)
    inside(old_clinic, lambda: execute(sa.text(f"UPDATE consultation SET {nothing} WHERE id > 1")))
    inside(old_clinic, lambda: execute(sa.text("UPDATE consultation SET doctor_late_at = NULL")))
    before = rows_of(old_clinic)["consultation"]
    migrate(old_clinic)
    rows = rows_of(old_clinic)
    assert rows["consultation"] == [row | ADDED["consultation"] for row in before]
    assert rows["attendance"] == in_order(attended(before))
    assert {(row["consultation_id"], row["side"]) for row in rows["attendance"]} == {(1, "patient"), (1, "doctor")}
    came = sa.text("INSERT INTO attendance (consultation_id, side, ready_at) VALUES (2, 'doctor', :at)")
    inside(old_clinic, lambda: execute(came.bindparams(sa.bindparam("at", FIRST_DAY, sa.DateTime(timezone=True)))))
    after = rows_of(old_clinic)["attendance"]
    inside(old_clinic, lambda: downgrade(VERSIONS, "0023"))
    assert in_order(attended(rows_of(old_clinic)["consultation"])) == after
    migrate(old_clinic)
    assert rows_of(old_clinic)["attendance"] == after


# Who did what to the things of number 1, which are all of patient 1; doctor 2, operator 3.
OLD_LINES = {
    ("chat_read", 2): (1, "care"),
    ("chat_searched", 1): (1, "own"),
    ("file_read", 2): (1, "care"),
    ("conclusion_read", 1): (1, "own"),
    ("questionnaire_read", 2): (1, "care"),
    ("payment_read", 3): (1, "office"),
    ("refund_made", None): (1, "console"),
    ("refund_declined", 3): (1, "office"),
    ("signed_in", 1): (1, "own"),
    ("signed_in", 2): (None, "own"),
    ("sign_in_refused", None): (None, None),
    ("account_thawed", None): (1, "console"),
    ("profile_changed", 2): (None, "own"),
    ("payments_found", 3): (None, "office"),
}


def test_old_lines_of_the_audit_log_name_their_patient(old_clinic: Flask) -> None:
    migrate(old_clinic, "0029")
    inside(old_clinic, fill)
    roles = sa.text("UPDATE \"user\" SET role = CASE id WHEN 2 THEN 'doctor' WHEN 3 THEN 'operator' ELSE 'patient' END")
    inside(old_clinic, lambda: execute(roles))
    inside(old_clinic, lambda: execute(sa.text("DELETE FROM audit_event")))
    line = sa.text(
        "INSERT INTO audit_event (id, at, action, actor_id, subject_id, address)"
        " VALUES (:id, '2026-03-01 08:00:00', :action, :actor, 1, '192.0.2.1')"
    )
    for id, (action, actor) in enumerate(OLD_LINES, 1):
        bound = line.bindparams(id=id, action=action, actor=actor)
        inside(old_clinic, lambda bound=bound: execute(bound))
    migrate(old_clinic)
    rows = {row["id"]: (row["patient_id"], row["reason"]) for row in rows_of(old_clinic)["audit_event"]}
    told = {key: rows[id] for id, key in enumerate(OLD_LINES, 1)}
    assert told == OLD_LINES


@pytest.mark.skipif(not POSTGRES, reason="a restore on SQLite replaces the whole file")
def test_way_back_and_upgrade_again(old_clinic: Flask, new_clinic: Flask) -> None:
    """The program of 0022 restores its own tables and leaves those it does not know."""
    migrate(old_clinic, OLD)
    inside(old_clinic, fill)
    known = ", ".join(f'"{table}"' for table in rows_of(old_clinic))
    migrate(old_clinic)
    rows = rows_of(old_clinic)
    inside(old_clinic, lambda: execute(sa.text(f"DROP TABLE IF EXISTS {known}, alembic_version CASCADE")))
    left = {*rows_of(old_clinic)}
    migrate(old_clinic, OLD)
    inside(old_clinic, lambda: fill(but=left))
    migrate(old_clinic)
    assert rows_of(old_clinic) == rows
    assert tables_of(old_clinic) == tables_of(new_clinic)


def migrate(clinic: Flask, revision: str = "head") -> None:
    inside(clinic, lambda: upgrade(VERSIONS, revision))


def migrate_down(clinic: Flask) -> None:
    inside(clinic, lambda: downgrade(VERSIONS, OLD))


def execute(statement: sa.Executable) -> None:
    with db.engine.begin() as connection:
        connection.execute(statement)


# What there is


def tables_of(clinic: Flask) -> dict[str, dict[str, object]]:
    """Columns, constraints and indexes by their names, and what they say."""

    def look() -> dict[str, dict[str, object]]:
        with db.engine.connect() as connection:
            return {table.name: dict(parts_of(table.name, sa.inspect(connection))) for table in tables_in(connection)}

    return inside(clinic, look)


def parts_of(table: str, database: sa.Inspector) -> Iterator[tuple[str, object]]:
    for column in database.get_columns(table):
        yield f"column {column['name']}", (str(column["type"]), column["nullable"], column["default"])
    keys = database.get_pk_constraint(table), *database.get_foreign_keys(table), *database.get_unique_constraints(table)
    for key in keys:
        yield f"key {key['name']}", key
    for check in database.get_check_constraints(table):
        yield f"check {check['name']}", check["sqltext"].replace('"', "")  # SQLite quotes what it has renamed
    for index in database.get_indexes(table):
        if index["name"] not in SEARCH:
            more = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
            yield f"index {index['name']}", index | {"dialect_options": more}


def tables_in(connection: sa.Connection) -> list[sa.Table]:
    """Whose rows others point to come first."""
    found = sa.MetaData()
    found.reflect(connection, only=lambda name, _: not name.startswith((*SEARCH, "alembic_")))
    return found.sorted_tables


def rows_of(clinic: Flask) -> Rows:
    def read() -> Rows:
        with db.engine.connect() as connection:
            return {
                table.name: in_order([dict(row) for row in connection.execute(sa.select(table)).mappings()])
                for table in tables_in(connection)
            }

    return inside(clinic, read)


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(sorted(row.items())))


def read_all_by_the_models() -> None:
    """A word that they do not know raises LookupError."""
    for mapper in Base.registry.mappers:
        db.session.scalars(sa.select(mapper)).all()


# Rows of every table


def fill(but: Collection[str] = ()) -> None:
    with db.engine.begin() as connection:
        for table in tables_in(connection):
            if table.name in but:
                continue
            connection.execute(table.insert(), [row_of(table, number) for number in range(1, ROWS + 1)])
            if POSTGRES and "id" in table.c:
                last = sa.text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :rows)")
                connection.execute(last, {"table": f'"{table.name}"', "rows": ROWS})


def row_of(table: sa.Table, number: int) -> Row:
    """Row `number` points to row `number` of every other table."""
    row = {column.name: value_of(column, number) for column in table.columns}
    if "unique_key" in row:
        row["unique_key"] = f"{row['kind']}:{number}" + (f":{word('refund.state', number)}" if "chats" in row else "")
    return row


def value_of(column: sa.Column[Any], number: int) -> object:
    name = f"{column.table.name}.{column.name}"
    if name in EMPTY and column.nullable:
        return None
    if name in WORDS:
        return word(name, number)
    kind = column.type
    if isinstance(kind, sa.DateTime):
        return FIRST_DAY + timedelta(days=number, hours=column.name == "ends_at")
    if isinstance(kind, sa.Date):
        return FIRST_DAY.date()
    if isinstance(kind, sa.LargeBinary):
        return b"1"
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.String):
        return f"{column.name[: (kind.length or 99) - 3]}-{number}"[-(kind.length or 99) :]
    return number if column.primary_key or column.foreign_keys else 1


def word(name: str, number: int) -> str:
    return WORDS[name][number % len(WORDS[name])]


# What the migration makes of them


def renamed(rows: Rows) -> Rows:
    """Those of 0022 as they are now, attendance among them."""
    rows = {
        NAMES.TABLES.get(table, table): in_order([renamed_row(table, row) for row in them])
        for table, them in rows.items()
    }
    new: Rows = {"specialty_words": [], "wait": [], "patient_fact": [], "patient_fact_strike": []}
    new |= {"urgent_words_line": [], "clinic_reply_template": [], "reply_use": []}
    new |= {"time_off": [], "stand_in_offer": [], "time_option": []}
    new |= {"sealed_identity": [], "used_free_days": []}
    new |= {table: [] for table in ("appointment_type", "booking_rules", "weekly_hours", "weekly_hours_type")}
    new |= {"calendar_feed": [], "dependant": [], "data_copy": []}
    new |= {"child_consent": [], "family_code": [], "representation": []}
    return rows | new | {"attendance": in_order(attended(rows.get("consultation", [])))}


def attended(consultations: list[Row]) -> list[Row]:
    """A row for each side that has said something."""
    whose = [(row, side) for row in consultations for side in ("patient", "doctor")]
    rows = [
        {
            "consultation_id": row["id"],
            "side": side,
            "ready_at": row[f"{side}_ready_at"],
            "first_ready_at": row[f"{side}_first_ready_at"],
            "delay_announced_at": row[f"{side}_late_at"],
        }
        for row, side in whose
    ]
    return [row for row in rows if any(row[what] for what in ("ready_at", "first_ready_at", "delay_announced_at"))]


def without_whose(rows: Rows) -> Rows:
    """What older programs know of a line of the audit log."""
    since = "patient_id", "dependant_id", "reason"
    lines = [{name: value for name, value in row.items() if name not in since} for row in rows["audit_event"]]
    return rows | {"audit_event": in_order(lines)}


def renamed_row(table: str, row: Row) -> Row:
    names, words = NAMES.COLUMNS.get(table, {}), {}
    for column, value in row.items():
        new = NAMES.VALUES.get(f"{table}.{column}", {})
        words[column] = new.get(value, value) if new else value
    if "unique_key" in row:
        parts = row["unique_key"].split(":")
        parts[0] = words["kind"]
        parts[-1] = NAMES.VALUES.get("refund.state", {}).get(parts[-1], parts[-1])
        words["unique_key"] = ":".join(parts)
    return {names.get(column, column): value for column, value in words.items()} | ADDED.get(table, {})
