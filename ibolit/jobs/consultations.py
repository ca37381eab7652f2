"""What time makes of consultations: reminders, expiry, the end of the window. Pages show it, this writes it."""

from __future__ import annotations

from ..extensions import db
from ..models import Consultation, Job
from ..services import clock


def process_consultation(job: Job) -> None:
    """The pause is written under the consultation's lock: whoever moves it meanwhile expedites this job after that."""
    consultation = db.session.get_one(Consultation, job.subject_id)
    next_at = consultation.process_due()
    if next_at is not None:
        job.repeat_in(next_at - clock.now())
