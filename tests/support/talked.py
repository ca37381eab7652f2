"""Consultations that have come as far as a test needs, by their own verbs."""

from __future__ import annotations

from datetime import timedelta

from factories import propose

from ibolit.extensions import db
from ibolit.models import Chat, Consultation
from ibolit.services import clock


def begun(chat: Chat) -> Consultation:
    """Both have come and talk."""
    consultation = propose(chat, starts_at=clock.now() + timedelta(minutes=5))
    consultation.confirm(consultation.patient, consultation.starts_at)
    for side in (consultation.patient, consultation.doctor.user):
        consultation.get_ready(side)
    db.session.commit()
    return consultation


def talked(chat: Chat) -> Consultation:
    """The doctor has ended it."""
    consultation = begun(chat)
    consultation.end(consultation.doctor.user)
    db.session.commit()
    return consultation
