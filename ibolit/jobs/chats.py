"""What becomes due in chats: the end of their time, a promised answer, what speaks of an emergency unopened, and that
their doctor goes and comes back."""

from __future__ import annotations

from ..extensions import db
from ..models import Chat, Job, Message
from ..models.chats import ending
from ..models.standing_in import absences
from ..services import clock


def announce_end(job: Job) -> None:
    ending.announce(db.session.get_one(Chat, job.subject_id))


def check_promise(job: Job) -> None:
    """Looked at again when time off has moved it, or when it falls out of the answering hours."""
    next_at = db.session.get_one(Chat, job.subject_id).check_promise()
    if next_at is not None:
        job.repeat_in(next_at - clock.now())


def check_urgent(job: Job) -> None:
    message = db.session.get_one(Message, job.subject_id)
    db.session.get_one(Chat, message.chat_id).tell_if_unopened(message)


def process_time_off(job: Job) -> None:
    """In steps: a doctor may have thousands of chats."""
    for _ in absences.process_due(job.subject_id):
        db.session.commit()
