"""A doctor's calendar by a secret address: what stands in it, how it ends, and that no line of ours repeats it."""

from __future__ import annotations

import html
import re
import runpy
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import Browser
from consultation_steps import pay
from factories import later, make_chat, make_doctor, make_user, propose
from flask import Flask
from icalendar import Calendar, Event
from queries import Queries
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import (
    CalendarFeed,
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationKind,
    Doctor,
    User,
)
from ibolit.models.people.rate_limits import LIMITS, LimitKind
from ibolit.services import clock

ROOT = Path(__file__).parents[2]


def address_on(page: str) -> str:
    (address,) = re.findall(r'id="calendar-address"[^>]* value="([^"]+)"', page)
    return urlsplit(html.unescape(address)).path


@pytest.fixture
def path(chat: Chat, as_doctor: Browser) -> str:
    """Of a feed that was just made; the chat is there before any request lets go of it."""
    assert as_doctor.post("/practice/calendar", {"seen": ""}).status_code == 303
    return address_on(as_doctor.get("/practice/calendar").text)


@pytest.fixture
def agreed(chat: Chat) -> Consultation:
    consultation = propose(chat, kind=ConsultationKind.AUDIO, note="Натощак")
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    return consultation


def events_of(answer: TestResponse) -> list[Event]:
    assert answer.status_code == 200
    return list(Calendar.from_ical(answer.data).events)


# What stands in it


def test_agreed_ones_come_signed_out(visitor: Browser, path: str, agreed: Consultation, doctor: Doctor) -> None:
    answer = visitor.get(path)
    assert answer.content_type == "text/calendar; charset=utf-8"
    (event,) = events_of(answer)
    assert event["SUMMARY"] == "Встреча"
    assert event.start == agreed.starts_at
    assert event.end - event.start == timedelta(minutes=30)
    assert urlsplit(event["URL"]).path == f"/v/{agreed.id}"
    assert str(event["UID"]).startswith(f"meeting-{agreed.id}@")
    assert event["SEQUENCE"] == agreed.sequence


def test_it_tells_of_no_person_no_kind_and_no_price(
    visitor: Browser, path: str, chat: Chat, agreed: Consultation
) -> None:
    paid = propose(chat, starts_at=clock.now() + timedelta(days=2), price=4321_00)
    pay(paid)
    answer = visitor.get(path)
    assert len(events_of(answer)) == 2
    words = answer.text.replace("\r\n ", "").lower()
    for one in (
        "консультац", "consultation", "врач", "doctor", "иванова", "соколова", "терапевт", "айболит", "клиник",
        "audio", "video", "аудио", "видео", "4321", "натощак", "organizer", "attendee", "location",
    ):  # fmt: skip
        assert one not in words


def test_only_what_is_agreed(visitor: Browser, path: str, chat: Chat, agreed: Consultation) -> None:
    propose(chat, starts_at=clock.now() + timedelta(days=1))
    assert len(events_of(visitor.get(path))) == 1
    gone = db.session.get_one(Consultation, agreed.id)
    gone.cancel(gone.doctor.user, CancellationReason.OTHER, CancellationTerms.NOTHING_PAID)
    db.session.commit()
    assert events_of(visitor.get(path)) == []


def test_a_move_is_the_same_one_with_a_higher_sequence(visitor: Browser, path: str, agreed: Consultation) -> None:
    (before,) = events_of(visitor.get(path))
    moved = db.session.get_one(Consultation, agreed.id)
    another = moved.starts_at + timedelta(days=1)
    moved.request_reschedule(moved.doctor.user, another, moved.starts_at)
    moved.accept_reschedule(moved.patient, another)
    db.session.commit()
    (after,) = events_of(visitor.get(path))
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.start - before.start == timedelta(days=1)


def test_past_ones_stand_for_a_month(visitor: Browser, path: str, agreed: Consultation) -> None:
    later(days=29)
    assert len(events_of(visitor.get(path))) == 1
    later(days=31)
    assert events_of(visitor.get(path)) == []


def test_nobody_elses(visitor: Browser, path: str, agreed: Consultation) -> None:
    other = make_chat(make_user("Пётр Григорьев"), make_doctor("Лебедев Михаил Аркадьевич"))
    theirs = propose(other)
    theirs.confirm(theirs.patient, theirs.starts_at)
    db.session.commit()
    assert [event["UID"].split("@")[0] for event in events_of(visitor.get(path))] == [f"meeting-{agreed.id}"]


def test_whoever_is_signed_in_gets_the_same(
    as_patient: Browser, visitor: Browser, path: str, agreed: Consultation
) -> None:
    assert as_patient.get(path).data == visitor.get(path).data


# Asked again and again


def test_what_has_not_changed_is_not_sent_again(visitor: Browser, path: str, agreed: Consultation) -> None:
    first = visitor.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    later(hours=1)
    again = visitor.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert visitor.get(path).data == first.data
    changed = db.session.get_one(Consultation, agreed.id)
    changed.cancel(changed.doctor.user, CancellationReason.OTHER, CancellationTerms.NOTHING_PAID)
    db.session.commit()
    assert visitor.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_another_zone_is_news(visitor: Browser, path: str, agreed: Consultation, doctor: Doctor) -> None:
    first = visitor.get(path)
    db.session.get_one(User, doctor.user_id).timezone = "Asia/Omsk"
    db.session.commit()
    answer = visitor.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert answer.status_code == 200
    assert "TZID=Asia/Omsk" in answer.text


def test_who_asks_without_end_is_told_to_wait(visitor: Browser, path: str) -> None:
    most, hour = LIMITS[LimitKind.CALENDAR_FEED]
    assert [visitor.get(path).status_code for _ in range(most)] == [200] * most
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    later(seconds=hour.total_seconds() + 1)
    assert visitor.get(path).status_code == 200


@pytest.mark.any_database
def test_questions_do_not_grow(visitor: Browser, path: str, doctor: Doctor) -> None:
    counts = []
    for size in (1, 12):
        chat = make_chat(make_user(f"Пациент {size}"), db.session.get_one(Doctor, doctor.id), days_left=1)
        for number in range(size):
            one = propose(chat, starts_at=clock.now() + timedelta(days=size, hours=number))
            one.confirm(one.patient, one.starts_at)
        db.session.commit()
        with Queries() as queries:
            visitor.get(path)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


# The address


def test_another_address_ends_the_one_before(as_doctor: Browser, visitor: Browser, path: str) -> None:
    page = as_doctor.get("/practice/calendar").text
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', page)
    answer = as_doctor.post("/practice/calendar", {"seen": seen}, htmx=True)
    assert "прежний больше не работает" in answer.text
    another = address_on(answer.text)
    assert another != path
    assert (visitor.get(path).status_code, visitor.get(another).status_code) == (404, 200)
    as_doctor.post("/practice/calendar", {"seen": seen})  # the same press once more
    assert visitor.get(another).status_code == 200


def test_removed_it_is_dead(as_doctor: Browser, visitor: Browser, path: str) -> None:
    for _ in range(2):
        assert as_doctor.post("/practice/calendar/removal").status_code == 303
    assert visitor.get(path).status_code == 404
    assert "Создать адрес" in as_doctor.get("/practice/calendar").text


def test_whose_account_is_frozen_has_none(visitor: Browser, path: str, doctor: Doctor) -> None:
    db.session.get_one(User, doctor.user_id).freeze()
    db.session.commit()
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("token", ["x", "a" * 40, "%00", "ы" * 40, "a" * 5000, "..%2f", "'; --"])
def test_nonsense_is_nothing(visitor: Browser, path: str, token: str) -> None:
    assert visitor.get(f"/calendar/{token}.ics").status_code == 404


def test_page_says_how_and_is_the_doctors_alone(as_doctor: Browser, as_patient: Browser, path: str) -> None:
    page = as_doctor.get("/practice/calendar").text
    assert f'href="webcal://localhost{path}"' in page or re.search(rf'href="webcal://[^"]+{path}"', page)
    assert "ни имени пациента, ни вида, ни цены" in page
    assert 'href="/practice/calendar"' in as_doctor.get("/practice").text
    for way in ("/practice/calendar", "/practice/calendar/removal"):
        assert as_patient.post(way).status_code == 404


def test_database_keeps_no_token(path: str) -> None:
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    assert re.fullmatch(r"[0-9a-f]{40}", token)
    kept = db.session.scalars(db.select(CalendarFeed)).one()
    assert token not in (kept.token_hash, kept.nonce)


def test_log_repeats_no_address(path: str) -> None:
    logger = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["Logger"]
    assert logger.TOKEN.sub(r"\1-", path) == "/calendar/-"
    assert "$request_uri" not in (ROOT / "deploy" / "nginx.conf").read_text().split("log_format")[1].split(";")[0]


def test_two_clinics_tell_their_entries_apart(
    visitor: Browser, path: str, agreed: Consultation, change_settings: Callable[..., None], clinic: Flask
) -> None:
    change_settings(public_url="https://ibolit.example")
    (event,) = events_of(visitor.get(path))
    assert event["UID"] == f"meeting-{agreed.id}@ibolit.example"
    assert event["URL"] == f"https://ibolit.example/v/{agreed.id}"
