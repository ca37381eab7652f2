"""What a doctor's time off does by itself, in the transaction of its cause: the automatic answer, and who may read."""

from __future__ import annotations

from ..events import MessageSent, TimeOffChanged
from ..extensions import db
from ..formatting import day_of
from ..models import Chat, Doctor, Message, StandInOffer, TimeOff, User
from ..models.standing_in import absences


def message_sent(fact: MessageSent) -> None:
    """The patient writes to who is away. A message to who is not costs a look at a row that is at hand."""
    chat = db.session.get_one(Chat, fact.chat_id)
    if not chat.doctor.may_be_away:
        return
    author_id = db.session.get_one(Message, fact.message_id).author_id
    if author_id is not None and not chat.is_answered_by(db.session.get_one(User, author_id)):
        StandInOffer.answer(chat, _words)


def time_off_changed(fact: TimeOffChanged) -> None:
    absences.follow(db.session.get_one(TimeOff, fact.time_off_id))


def _words(time_off: TimeOff, stand_in: Doctor | None) -> str:
    """By the doctor's own calendar: the last day of the absence is a day there."""
    said = [f"Врача не будет по {day_of(time_off.last_moment, time_off.doctor.user.zone)} включительно."]
    if stand_in is not None:
        said.append(f"Замещает {stand_in.user.name}, {stand_in.specialty.lower()}.")
    return " ".join([*said, *([time_off.words] if time_off.words else [])])
