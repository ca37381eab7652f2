"""What the worker does when it looks at a consultation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from consultation_steps import NOON, StillClock, accept, confirm, facts, request_reschedule, work
from factories import later, propose

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Notification, NotificationKind
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic", "still")

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def test_worker_reminds_once_a_moment(chat: Chat) -> None:
    consultation = confirm(propose(chat, starts_at=clock.now() + timedelta(hours=25)))
    later(hours=1, minutes=1)
    next_at = consultation.process_due()
    assert [fact for fact in facts() if fact == "ConsultationReminderDue"] == ["ConsultationReminderDue"]
    assert next_at == consultation.starts_at - timedelta(minutes=15)


def test_worker_who_looks_twice_reminds_once(chat: Chat, still: StillClock) -> None:
    consultation = confirm(propose(chat, starts_at=NOON + DAY + MINUTE))
    near = db.select(db.func.count()).where(Notification.kind == NotificationKind.NEAR)
    for minutes in (1, 2, 3):
        still.show(NOON + minutes * MINUTE)
        work(consultation)
        assert db.session.scalar(near) == 2  # one for each of the two


def test_who_has_just_agreed_to_the_new_time_needs_no_reminder(chat: Chat, doctor: Doctor, still: StillClock) -> None:
    consultation = confirm(propose(chat, starts_at=NOON + 5 * DAY))
    still.go(minutes=30)
    request_reschedule(consultation, consultation.patient, NOON + DAY)
    accept(consultation, doctor.user)
    consultation.process_due()
    assert "ConsultationReminderDue" not in facts()
