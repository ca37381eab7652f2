"""«Добавить в календарь»: in the reader's zone, neutral words, the same entry through all its changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from browser import Browser
from factories import later, propose
from icalendar import Calendar, Event
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import CancellationTerms, Chat, Consultation, Doctor, User
from ibolit.models.consultations import CancellationReason
from ibolit.services import clock

pytestmark = pytest.mark.any_database


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    consultation = propose(chat)
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    return consultation


def open_at(browser: Browser, consultation: Consultation) -> TestResponse:
    return browser.get(f"/consultations/{consultation.id}/calendar.ics")


def entry_of(answer: TestResponse) -> tuple[str, Event]:
    assert answer.status_code == 200
    calendar = Calendar.from_ical(answer.data)
    (event,) = calendar.events
    return str(calendar["METHOD"]), event


def test_entry_for_both(
    as_patient: Browser, as_doctor: Browser, consultation: Consultation, change_settings: Callable[..., None]
) -> None:
    change_settings(public_url="https://ibolit.example", support_email="help@ibolit.example")
    for browser in (as_patient, as_doctor):
        answer = open_at(browser, consultation)
        assert answer.content_type == "text/calendar; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="ibolit-{consultation.id}.ics"'
        assert answer.headers["Cache-Control"] == "private, no-store"
        method, event = entry_of(answer)
        assert method == "PUBLISH"
        assert event["UID"] == f"meeting-{consultation.id}@ibolit.example"
        assert event["URL"] == f"https://ibolit.example/consultations/{consultation.id}"
        assert abs(event.start - consultation.starts_at) < timedelta(seconds=1)
        assert event.duration == timedelta(minutes=30)


def test_nothing_tells_of_medicine(as_patient: Browser, consultation: Consultation, doctor: Doctor) -> None:
    words = open_at(as_patient, consultation).text.replace("\r\n ", "").lower()
    for one in ("консультац", "врач", "доктор", "айболит", "клиник", "терапевт", "иванова", "соколова"):
        assert one not in words
    assert "summary:ibolit: встреча" in words


@pytest.mark.parametrize("zone", ["Europe/Kaliningrad", "Asia/Yekaterinburg", "Asia/Vladivostok", "Europe/Lisbon"])
def test_by_the_readers_clock(as_patient: Browser, consultation: Consultation, patient: User, zone: str) -> None:
    db.session.get_one(User, patient.id).timezone = zone
    db.session.get_one(Consultation, consultation.id).starts_at = datetime(2027, 2, 28, 21, 30, tzinfo=UTC)
    db.session.get_one(Consultation, consultation.id).ends_at = datetime(2027, 2, 28, 22, 0, tzinfo=UTC)
    db.session.commit()
    answer = open_at(as_patient, consultation)
    local = datetime(2027, 2, 28, 21, 30, tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert f"DTSTART;TZID={zone}:{local:%Y%m%dT%H%M%S}" in answer.text
    assert f"TZID:{zone}" in answer.text


def test_moved_one_is_the_same_entry_with_a_higher_sequence(as_patient: Browser, consultation: Consultation) -> None:
    _, before = entry_of(open_at(as_patient, consultation))
    consultation = db.session.get_one(Consultation, consultation.id)
    wished = consultation.starts_at + timedelta(days=1)
    consultation.request_reschedule(consultation.doctor.user, wished, consultation.starts_at)
    consultation.accept_reschedule(consultation.patient, wished)
    db.session.commit()
    _, after = entry_of(open_at(as_patient, consultation))
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.start - before.start == timedelta(days=1)


def test_cancelled_one_is_taken_away(as_patient: Browser, consultation: Consultation) -> None:
    _, before = entry_of(open_at(as_patient, consultation))
    consultation = db.session.get_one(Consultation, consultation.id)
    consultation.cancel(consultation.doctor.user, CancellationReason.OTHER, CancellationTerms.NOTHING_PAID)
    db.session.commit()
    method, event = entry_of(open_at(as_patient, consultation))
    assert (method, event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert event["UID"] == before["UID"]
    assert event["SEQUENCE"] > before["SEQUENCE"]
    assert not event.alarms.times


@pytest.mark.parametrize("hours", [0, 3])
def test_what_is_not_agreed_is_for_no_calendar(as_patient: Browser, chat: Chat, hours: int) -> None:
    """Proposed, and three hours later expired."""
    consultation = propose(chat, starts_at=clock.now() + timedelta(hours=2))
    later(hours=hours)
    answer = open_at(as_patient, consultation)
    assert answer.status_code == 409
    assert "подтверждённую" in answer.text


def test_strangers_calendar_gets_nothing(as_stranger: Browser, consultation: Consultation) -> None:
    assert open_at(as_stranger, consultation).status_code == 404


def test_card_of_an_agreed_one_leads_to_it(as_patient: Browser, consultation: Consultation) -> None:
    assert (
        f'href="/consultations/{consultation.id}/calendar.ics"'
        in as_patient.get(f"/consultations/{consultation.id}").text
    )


def test_card_of_a_proposed_one_does_not(as_patient: Browser, chat: Chat) -> None:
    assert "calendar.ics" not in as_patient.get(f"/consultations/{propose(chat).id}").text
