"""After a marked person is erased the marks are nowhere but where docs/privacy.md says: no table, file, index, page of
the database, job or log; and who it was is nowhere but in the seal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from databases import POSTGRES
from flask import Flask
from marked import (
    BORN,
    CHILD,
    CHILD_BORN,
    IDENTITY,
    NAME,
    PHONE,
    SAID,
    Marked,
    live_a_life,
    marked_columns,
    marks_in_folder,
)
from sqlalchemy import JSON, Date, Enum, LargeBinary, String

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    Chat,
    Dependant,
    DependantTerms,
    Payment,
    Refund,
    Relation,
    SealedIdentity,
    UsedFreeDays,
    User,
    erasure,
)
from ibolit.services import Services, clock
from ibolit.services.seal import SealBroken

# docs/privacy.md, «What stays»: where the words of each may stand.
KEPT = {
    ("message", "text"), ("attachment", "name"), ("intake_questionnaire", "chief_complaint"), ("conclusion", "text"),
    ("consultation", "note"), ("patient_fact", "text"),
}  # fmt: skip
# Where who it is stands before: what the test would not see if the life were not lived there.
KNOWN_BEFORE = {
    ("user", "name"), ("user", "name_key"), ("user", "phone"), ("user", "email"), ("user", "birth_date"),
    ("device", "name"), ("push_subscription", "endpoint"), ("email_proof", "email"), ("security_event", "email"),
    ("login_code", "phone"), ("import_line", "name"), ("import_line", "phone"), ("import_line", "typed"),
    ("import_line", "birth_date"), ("invitation", "name"), ("invitation", "email"), ("invitation", "guest_phone"),
    ("dependant", "name"), ("dependant", "name_key"), ("dependant", "birth_date"), ("consent", "address"),
    ("invitation", "birth_date"), ("payment", "phone"), ("payment", "email"), ("audit_event", "address"),
}  # fmt: skip


@pytest.fixture
def marked(clinic: Flask, services: Services) -> Marked:
    marked = live_a_life(clinic, services)
    assert marked_columns(*IDENTITY) >= KNOWN_BEFORE
    assert {column for word in SAID.values() for column in marked_columns(word)} > KEPT
    return marked


def erase(marked: Marked) -> None:
    """Asked for, a week gone by, the worker at its work, and the money at rest."""
    erasure.ask(marked.patient)
    for refund in db.session.scalars(db.select(Refund)).all():
        refund.decline("", marked.doctor.user)
    db.session.commit()
    clock.shift((erasure.TIME_TO_THINK + timedelta(minutes=1)).total_seconds())
    run_due()
    clock.shift((erasure.TIME_TO_THINK + timedelta(days=9)).total_seconds())
    run_due()
    db.session.rollback()


def test_nothing_but_what_is_named_stays(marked: Marked, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    erase(marked)
    assert db.session.get_one(User, marked.patient.id).erased_at is not None
    assert marked_columns(*IDENTITY) == set()
    assert {column for word in SAID.values() for column in marked_columns(word)} == KEPT
    for gone in ("own fact", "note", "draft", "review", "unsent"):
        assert marked_columns(SAID[gone]) == set(), gone
    assert not [mark for mark in IDENTITY if mark in caplog.text.lower()]


def test_files_that_were_not_sent_go_and_others_stay(marked: Marked, services: Services) -> None:
    erase(marked)
    for name, stays in marked.files.items():
        if stays:
            assert services.storage.size(name) > 0
        else:
            with pytest.raises(FileNotFoundError):
                services.storage.size(name)


@pytest.mark.skipif(bool(POSTGRES), reason="the pages of PostgreSQL are no file of ours")
def test_no_page_of_the_database_remembers(marked: Marked, clinic: Flask) -> None:
    """What was deleted lies in no free page, no log beside the database, no index of the search."""
    data = clinic.extensions["ibolit_settings"].data
    said = [SAID[gone] for gone in ("own fact", "note", "draft", "review", "unsent")]
    others = {"outbox.jsonl"}  # letters and SMS of the demo are the world outside
    assert marks_in_folder(data, *IDENTITY, *said, but=others)
    erase(marked)
    assert marks_in_folder(data, *IDENTITY, *said, but=others) == set()


def test_seal_says_who_it_was_and_opens_with_its_key_alone(
    marked: Marked, change_settings: Callable[..., None]
) -> None:
    erase(marked)
    sealed = SealedIdentity.of(marked.patient.id)
    assert sealed is not None
    words = sealed.open()
    children = words.pop("dependants")
    assert words == {"name": NAME, "birth_date": BORN.isoformat(), "phone": PHONE}
    assert [one | {"number": 1} for one in children] == [{"number": 1, "name": CHILD, "birth_date": "2021-07-13"}]  # type: ignore[attr-defined]
    change_settings(seal_key="another key of the seal, as long as one must be")
    with pytest.raises(SealBroken):
        sealed.open()


def test_free_days_stay_used(marked: Marked) -> None:
    erase(marked)
    again = User(phone=PHONE, name="Новая", password_hash="")
    db.session.add(again)
    db.session.flush()
    chat = db.session.get_one(Chat, Chat.begin(again, marked.doctor))
    assert (chat.free_days, len(db.session.scalars(db.select(UsedFreeDays)).all())) == (0, 2)
    same = DependantTerms(CHILD, CHILD_BORN, Relation.MOTHER)
    another = DependantTerms(CHILD, CHILD_BORN.replace(year=2022), Relation.MOTHER)
    for terms, days in ((same, 0), (another, 3)):
        child = Dependant.add(again, terms, "")
        assert db.session.get_one(Chat, Chat.begin(again, marked.doctor, child)).free_days == days


def test_money_keeps_its_phone_until_it_rests(marked: Marked) -> None:
    """The clinic has yet to decide of what the patient asks back."""
    payment = db.session.scalars(db.select(Payment)).one()
    erasure.ask(marked.patient)
    erasure.erase(marked.patient)
    db.session.commit()
    erasure.forget_contacts(marked.patient)
    db.session.commit()
    db.session.refresh(payment)
    assert payment.phone == PHONE
    assert marked_columns("9165550123") == {("payment", "phone")}


# Every column that can hold words, a day or a file: whether it goes with the person, stays under the number, or says
# nothing of any patient. Who adds one says here, and in docs/privacy.md, what becomes of it.
GOES = {
    "audit_event": "address", "login_code": "phone browser nonce next_url", "dependant": "name name_key birth_date",
    "user": "phone name name_key birth_date email password_hash timezone accepted_versions",
    "family_code": "phone nonce", "representation": "paper",
    "data_copy": "key", "device": "token_hash name browser_hash", "email_proof": "email nonce",
    "known_browser": "token_hash", "security_event": "nonce email password_hash phone", "chat": "last_text",
    "consent": "address", "invitation": "phone email name birth_date token_hash guest_phone",
    "push_subscription": "endpoint p256dh auth", "import_line": "name phone email typed birth_date",
    "message": "stems", "patient_note": "text pen", "conclusion_draft": "text pen", "device_transfer": "token_hash",
    "conclusion": "subject_name subject_birth_date writer",
    "notification": "unique_key failure", "payment": "phone email", "review": "words", "payment_alert": "detail",
}  # fmt: skip
STAYS = {
    "consent": "version text_hash", "patient_fact": "text", "message": "client_id text urgent_groups recalled_digest",
    "attachment": "key name mimetype digest", "consultation_request": "wishes", "consultation": "note title",
    "conclusion": "text signature", "intake_questionnaire": "chief_complaint onset medications allergies illnesses",
    "payment": "token title offer_version offer_hash key provider_id page method currency reason",
    "receipt": "provider_id storage document sign", "refund": "note key provider_id reason receipt",
    "sealed_identity": "sealed", "used_free_days": "key",
}  # fmt: skip
OF_NO_PATIENT = {
    "clinic_reply_template": "name text", "database_mark": "name", "document_day": "version",
    "job": "unique_key failure", "rate_limit_hit": "key", "specialty_words": "specialty words",
    "urgent_words_line": "text", "delivery": "country reference failure", "invitation": "nonce",
    "doctor": "specialty about photo education licence languages name_key search_key", "appointment_type": "title",
    "booking_rules": "zone", "calendar_feed": "nonce token_hash", "reply_template": "name text", "reply_use": "key",
    "tariff": "title", "time_off": "words", "call_visit": "page",
    "patient_import": "client_id source columns",  # until it is sent, and for a day at most
}  # fmt: skip


def test_of_every_column_it_is_said_what_becomes_of_it() -> None:
    told = [
        (table, column) for part in (GOES, STAYS, OF_NO_PATIENT) for table in part for column in part[table].split()
    ]
    known = [column for table in db.metadata.sorted_tables for column in table.columns]
    speaking = String, Date, LargeBinary, JSON
    there = [one for one in known if isinstance(one.type, speaking) and not isinstance(one.type, Enum)]
    assert sorted(told) == sorted((one.table.name, one.name) for one in there)
