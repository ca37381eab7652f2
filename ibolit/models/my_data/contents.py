"""What a copy of somebody's data consists of, read some at a time: nothing here holds a whole chat in memory.

All of it is as its owner may see it on the screens: their own chats, what they may know of themselves there, and no
draft or private note of a doctor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload, undefer

from ...extensions import db
from ...services import clock
from ..chats import Attachment, Chat, Message
from ..consultations import Conclusion, Consultation, lists
from ..payments import Payment
from ..people import Consent, Dependant, Device, PatientFact, User
from ..people.patient_fact import people_of_facts

MOST = 500  # messages that are in memory at once


@dataclass(frozen=True)
class ChatSize:
    """As it was when the copy was begun: what is written later belongs to the next one."""

    chat_id: int
    last_seq: int
    messages: int
    files: int
    conclusions: int

    @property
    def total(self) -> int:
        return self.messages + self.files + self.conclusions


def sizes_of(user: User) -> list[ChatSize]:
    """A line a chat that the person may read now, the oldest first."""
    now = {"now": clock.now()}
    mine = select(Chat.id, Chat.last_seq).where(Chat.is_of(user)).order_by(Chat.id)
    last = dict(db.session.execute(mine, now).tuples().all())
    messages = _counted(
        select(Message.chat_id, func.count()).where(Message.chat_id.in_(last)).group_by(Message.chat_id)
    )
    sent = Attachment.chat_id.in_(last), Attachment.message_id.is_not(None)
    files = _counted(select(Attachment.chat_id, func.count()).where(*sent).group_by(Attachment.chat_id))
    given = select(Consultation.chat_id, func.count()).join(Conclusion, Conclusion.consultation_id == Consultation.id)
    conclusions = _counted(given.where(Consultation.chat_id.in_(last)).group_by(Consultation.chat_id))
    return [
        ChatSize(id, seq, messages.get(id, 0), files.get(id, 0), conclusions.get(id, 0)) for id, seq in last.items()
    ]


def bytes_of_files(sizes: Sequence[ChatSize]) -> int:
    """As they were sent; all the rest of a copy is small beside them."""
    sent = Attachment.chat_id.in_([one.chat_id for one in sizes]), Attachment.message_id.is_not(None)
    return int(db.session.scalar(select(func.sum(Attachment.size)).where(*sent)) or 0)


@dataclass(frozen=True)
class WholeSize:
    """Of everything there is."""

    chats: int
    messages: int
    files: int
    conclusions: int


def whole_of(sizes: Sequence[ChatSize]) -> WholeSize:
    sums = (sum(getattr(one, name) for one in sizes) for name in ("messages", "files", "conclusions"))
    return WholeSize(len(sizes), *sums)


def is_readable_by(user: User, chat_id: int) -> bool:
    """Still: the list of the chats was fixed when the copy was begun."""
    found = select(Chat.id).where(Chat.id == chat_id, Chat.is_of(user))
    return db.session.scalar(found, {"now": clock.now()}) is not None


def chat_with_people(id: int) -> Chat:
    return db.session.scalars(Chat.with_people().where(Chat.id == id)).one()


def messages_after(chat_id: int, seq: int, last: int, most: int = MOST) -> Sequence[Message]:
    """So many with their files, in their order, none later than `last`."""
    page = select(Message).options(selectinload(Message.attachments))
    page = page.where(Message.chat_id == chat_id, Message.seq > seq, Message.seq <= last)
    return db.session.scalars(page.order_by(Message.seq).limit(most)).all()


def files_after(chat_id: int, id: int, last: int, most: int = MOST) -> Sequence[Attachment]:
    """So many that were sent, by their numbers, with none of a message later than `last`."""
    sent = select(Attachment).join(Message, Message.id == Attachment.message_id)
    sent = sent.where(Attachment.chat_id == chat_id, Attachment.id > id, Message.seq <= last)
    return db.session.scalars(sent.order_by(Attachment.id).limit(most)).all()


def names_of(ids: set[int]) -> dict[int, str]:
    return dict(db.session.execute(select(User.id, User.name).where(User.id.in_(ids))).tuples().all()) if ids else {}


def consultations_of(chat_id: int) -> Sequence[Consultation]:
    """With all that is written of them, conclusions with their texts."""
    conclusions = selectinload(Consultation.conclusions)
    texts = conclusions.options(undefer(Conclusion.text), joinedload(Conclusion.message))
    with_files = conclusions.joinedload(Conclusion.message).selectinload(Message.attachments)
    mine = Consultation.with_card_data().options(texts, with_files).where(Consultation.chat_id == chat_id)
    return db.session.scalars(mine.order_by(Consultation.starts_at, Consultation.id)).unique().all()


def payments_of(user: User) -> Sequence[Payment]:
    """With their refunds, the oldest first."""
    return db.session.scalars(lists.payments_made_by(user).order_by(None).order_by(Payment.id)).unique().all()


def facts_of(user: User) -> list[PatientFact]:
    """A patient sees whatever is written of them and of whom they may read; crossed out ones as well."""
    ids = [one.id for one in Dependant.readable_by(user)]
    about = PatientFact.dependant_id.is_(None) | PatientFact.dependant_id.in_(ids)
    mine = select(PatientFact).options(*people_of_facts()).where(PatientFact.patient_id == user.id, about)
    return list(db.session.scalars(mine.order_by(PatientFact.id)).unique())


def consents_of(user: User) -> Sequence[Consent]:
    """The oldest first."""
    return Consent.of(user)[::-1]


def devices_of(user: User) -> Sequence[Device]:
    return db.session.scalars(Device.of(user)).all()


def _counted(rows: object) -> dict[int, int]:
    return dict(db.session.execute(rows).tuples().all())  # type: ignore[call-overload]
