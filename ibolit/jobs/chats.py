"""Tells a patient that a chat's time ends soon."""

from __future__ import annotations

from ..extensions import db
from ..models import Chat, Job
from ..models.chats import ending


def announce_end(job: Job) -> None:
    ending.announce(db.session.get_one(Chat, job.subject_id))
