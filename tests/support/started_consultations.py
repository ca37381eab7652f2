"""Consultations that have come as far as a test needs, by their own verbs."""

from __future__ import annotations

from datetime import timedelta

from factories import propose

from ibolit.extensions import db
from ibolit.models import Chat, Consultation
from ibolit.services import clock


def consultation_in_progress(chat: Chat) -> Consultation:
    """Both have come: it is in progress."""
    consultation = propose(chat, starts_at=clock.now() + timedelta(minutes=5))
    consultation.confirm(consultation.patient, consultation.starts_at)
    for side in (consultation.patient, consultation.doctor.user):
        consultation.mark_ready(side)
    db.session.commit()
    return consultation


def completed_consultation(chat: Chat) -> Consultation:
    """The doctor has ended it."""
    consultation = consultation_in_progress(chat)
    consultation.end(consultation.doctor.user)
    db.session.commit()
    return consultation
