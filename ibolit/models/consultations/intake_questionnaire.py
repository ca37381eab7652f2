"""What the patient fills in before a consultation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..chats import Attachment, Card, Message, refuse_sent, register_card
from ..types import RowId, UtcDateTime
from .consultation import Consultation
from .states import COMING


@dataclass(frozen=True)
class Sheet:
    """What the patient fills in; all but the first is optional."""

    trouble: str
    since: str = ""
    strength: int | None = None  # 0–10
    medicines: str = ""
    allergies: str = ""


class Complaint(Model):
    """The patient's sheet before a consultation, changed until that is over; with a card in the chat."""

    LONGEST, LONGEST_SINCE = 2000, 200
    STRONGEST = 10

    __table_args__ = (CheckConstraint("strength BETWEEN 0 AND 10", "strength"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"), unique=True)
    trouble: Mapped[str] = mapped_column(Text)
    since: Mapped[str] = mapped_column(String(LONGEST_SINCE), default="")
    strength: Mapped[int | None]
    medicines: Mapped[str] = mapped_column(Text, default="")
    allergies: Mapped[str] = mapped_column(Text, default="")
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    message: Mapped[Message] = relationship(innerjoin=True)

    @classmethod
    def of(cls, consultation: Consultation) -> Self | None:
        return db.session.scalar(select(cls).where(cls.consultation_id == consultation.id))

    @classmethod
    def of_messages(cls, ids: Sequence[int]) -> Sequence[Self]:
        return db.session.scalars(select(cls).where(cls.message_id.in_(ids))).all()

    @property
    def sheet(self) -> Sheet:
        return Sheet(self.trouble, self.since, self.strength, self.medicines, self.allergies)

    @property
    def is_changed(self) -> bool:
        return self.updated_at > self.created_at

    @classmethod
    def tell(
        cls, consultation: Consultation, sheet: Sheet, client_id: str, attachments: Sequence[Attachment] = ()
    ) -> Self:
        """The first time it is a card in the chat, then that card is shown anew and new files follow it.

        The attachments were loaded under the consultation's lock. Raises ComplaintIsLate and AttachmentIsSent.
        """
        consultation.lock()
        refuse_complaint_of(consultation)
        refuse_sent(attachments)
        complaint = cls.of(consultation)
        if complaint is None:
            complaint = cls._begin(consultation, client_id, attachments)
        else:
            complaint._send_more(consultation, client_id, attachments)
        if complaint._fill(sheet, consultation):
            db.session.expire(consultation, ["complaint"])
            consultation.bump_revision()
        return complaint

    @classmethod
    def _begin(cls, consultation: Consultation, client_id: str, attachments: Sequence[Attachment]) -> Self:
        chat, preview = consultation.chat, "Анкета перед консультацией"
        message = chat.post_card(consultation.patient, preview, client_id, Card.COMPLAINT, attachments)
        return cls(consultation_id=consultation.id, message=message)

    def _send_more(self, consultation: Consultation, client_id: str, attachments: Sequence[Attachment]) -> None:
        """A form that is sent twice brings its files twice: the card has them already."""
        had = {one.digest for one in self.message.attachments}
        new = [one for one in attachments if one.digest not in had]
        if new:
            content = "\n".join([client_id, *(one.digest for one in new)])
            own_id = "files-" + hashlib.sha256(content.encode()).hexdigest()[:48]
            consultation.chat.post_card(consultation.patient, "Файлы к анкете", own_id, attachments=new)

    def _fill(self, sheet: Sheet, consultation: Consultation) -> bool:
        """True when that changed something."""
        is_new = self.id is None
        if not is_new and self.sheet == sheet:
            return False
        self.trouble, self.since, self.strength = sheet.trouble, sheet.since, sheet.strength
        self.medicines, self.allergies, self.updated_at = sheet.medicines, sheet.allergies, clock.now()
        if is_new:
            self.created_at = self.updated_at
        db.session.add(self)
        db.session.flush()
        if not is_new:
            consultation.chat.bump_revision(self.message)
        return True


def refuse_complaint_of(consultation: Consultation) -> None:
    """Raises ComplaintIsLate."""
    if consultation.state_now not in COMING:
        raise errors.ComplaintIsLate


register_card(Card.COMPLAINT, Complaint.of_messages)
