"""All that is about somebody's dependant becomes that person's own: chats, consultations, what is known of their
health. Payments stay with who paid."""

from __future__ import annotations

from sqlalchemy import select, update

from ...extensions import db
from ..chats import Chat
from ..consultations import Consultation
from ..people import Dependant, PatientFact, User
from . import settling


def hand_over(dependant: Dependant, to: User) -> list[Chat]:
    """Who wrote in their name loses reading at once. Of a chat that is only read from now on the days go back."""
    chats = Chat.of_dependant(dependant.id)
    settling.lock_all(chats)
    PatientFact.lock_of(dependant.subject_key)  # after them, as intake forms take it: who is adding one ends first
    for chat in chats:
        writer_id = chat.patient_id
        chat.hand_over(to)
        _take_along(chat, writer_id, to)
        if chat.is_former:
            settling.give_back_days([chat])
    _hand_over_facts(dependant, to)
    return chats


def _take_along(chat: Chat, writer_id: int, to: User) -> None:
    """What is coming stays: it is theirs now, and so is what was asked and called off in their name; else it would
    count as the doctor's."""
    for consultation in db.session.scalars(select(Consultation).where(Consultation.chat_id == chat.id)):
        consultation.patient_id = to.id
        if consultation.proposed_by_id == writer_id:
            consultation.proposed_by_id = to.id
        if consultation.cancelled_by_id == writer_id:
            consultation.cancelled_by_id = to.id
    db.session.flush()


def _hand_over_facts(dependant: Dependant, to: User) -> None:
    """What the one who wrote has said is known to all their doctors, as it was, and keeps who said it."""
    own = PatientFact.dependant_id == dependant.id
    by_writer = own, PatientFact.author_id == dependant.user_id, PatientFact.shared_at.is_(None)
    db.session.execute(update(PatientFact).where(*by_writer).values(shared_at=PatientFact.created_at))
    db.session.execute(update(PatientFact).where(own).values(patient_id=to.id, dependant_id=None))
