"""What the patient fills in before a consultation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..chats import Attachment, Card, Chat, Message, refuse_sent, register_card
from ..people import FactKind, PatientFact
from ..types import RowId, UtcDateTime
from .consultation import Consultation
from .states import UPCOMING


@dataclass(frozen=True)
class IntakeAnswers:
    """What the patient fills in; all but the first is optional."""

    chief_complaint: str
    onset: str = ""
    severity: int | None = None  # 0–10
    medications: str = ""
    allergies: str = ""
    illnesses: str = ""

    @property
    def facts(self) -> dict[FactKind, str]:
        """What is kept of the patient beyond this consultation."""
        return {
            FactKind.ALLERGY: self.allergies,
            FactKind.MEDICINE: self.medications,
            FactKind.ILLNESS: self.illnesses,
        }


class IntakeQuestionnaire(Model):
    """The patient's questionnaire before a consultation, changed until that is over; with a card in the chat."""

    LONGEST, LONGEST_ONSET = 2000, 200
    MOST_SEVERE = 10

    __table_args__ = (CheckConstraint("severity BETWEEN 0 AND 10", "severity"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"), unique=True)
    chief_complaint: Mapped[str] = mapped_column(Text)
    onset: Mapped[str] = mapped_column(String(LONGEST_ONSET), default="")
    severity: Mapped[int | None]
    medications: Mapped[str] = mapped_column(Text, default="")
    allergies: Mapped[str] = mapped_column(Text, default="")
    illnesses: Mapped[str] = mapped_column(Text, default="", server_default="")
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    message: Mapped[Message] = relationship(innerjoin=True)
    consultation: Mapped[Consultation] = relationship(viewonly=True, innerjoin=True)

    @classmethod
    def of(cls, consultation: Consultation) -> Self | None:
        return db.session.scalar(select(cls).where(cls.consultation_id == consultation.id))

    @classmethod
    def of_messages(cls, ids: Sequence[int]) -> Sequence[Self]:
        """For the cards of a page of a chat."""
        mine = select(cls).options(joinedload(cls.consultation)).where(cls.message_id.in_(ids))
        return db.session.scalars(mine).all()

    @property
    def answers(self) -> IntakeAnswers:
        facts = self.medications, self.allergies, self.illnesses
        return IntakeAnswers(self.chief_complaint, self.onset, self.severity, *facts)

    @classmethod
    def is_first_of(cls, consultation: Consultation) -> bool:
        """None about this person was sent before another consultation: birth date and sex are asked with this one."""
        is_about, others = Chat.are_about(consultation.chat.subject_key), Consultation.id != consultation.id
        sent = select(cls.id).join(Consultation, Consultation.id == cls.consultation_id)
        sent = sent.join(Chat, Chat.id == Consultation.chat_id).where(*is_about, others)
        return db.session.scalar(sent.limit(1)) is None

    @classmethod
    def known_facts(cls, consultation: Consultation) -> dict[FactKind, str]:
        """What stands in its fields of facts before anything is typed: what was sent last, else what is known."""
        sent = cls.of(consultation)
        if sent is not None:
            return sent.answers.facts
        whose = consultation.chat.subject_key
        return {kind: "\n".join(one.text for one in PatientFact.known_to_all(whose, kind)) for kind in FactKind}

    @property
    def is_changed(self) -> bool:
        return self.updated_at > self.created_at

    @property
    def may_be_changed(self) -> bool:
        return self.consultation.state_now in UPCOMING

    @classmethod
    def tell(
        cls, consultation: Consultation, answers: IntakeAnswers, client_id: str, attachments: Sequence[Attachment] = ()
    ) -> Self:
        """The first time it is a card in the chat, then that card is shown anew and new files follow it.

        What it says of allergies, medicines and illnesses is kept as the patient's facts.
        The attachments were loaded under the consultation's lock. Raises QuestionnaireIsLate, AttachmentIsSent and
        TooManyFacts.
        """
        consultation.lock()
        refuse_questionnaire_of(consultation)
        refuse_sent(attachments)
        before = cls.known_facts(consultation)
        questionnaire = cls.of(consultation)
        if questionnaire is None:
            questionnaire = cls._begin(consultation, client_id, attachments)
        else:
            questionnaire._send_more(consultation, client_id, attachments)
        if questionnaire._fill(answers, consultation):
            db.session.expire(consultation, ["questionnaire"])
            consultation.bump_revision()
        whose = consultation.chat.subject_key
        for kind, words in answers.facts.items():
            PatientFact.confirm(whose, consultation.patient, kind, before[kind], words)
        return questionnaire

    @classmethod
    def _begin(cls, consultation: Consultation, client_id: str, attachments: Sequence[Attachment]) -> Self:
        chat, preview = consultation.chat, "Анкета перед консультацией"
        message = chat.post_card(consultation.patient, preview, client_id, Card.QUESTIONNAIRE, attachments)
        return cls(consultation_id=consultation.id, message=message)

    def _send_more(self, consultation: Consultation, client_id: str, attachments: Sequence[Attachment]) -> None:
        """A form that is sent twice brings its files twice: the card has them already."""
        had = {one.digest for one in self.message.attachments}
        new = [one for one in attachments if one.digest not in had]
        if new:
            content = "\n".join([client_id, *(one.digest for one in new)])
            own_id = "files-" + hashlib.sha256(content.encode()).hexdigest()[:48]
            consultation.chat.post_card(consultation.patient, "Файлы к анкете", own_id, attachments=new)

    def _fill(self, answers: IntakeAnswers, consultation: Consultation) -> bool:
        """True when that changed something."""
        is_new = self.id is None
        if not is_new and self.answers == answers:
            return False
        self.chief_complaint, self.onset, self.severity = answers.chief_complaint, answers.onset, answers.severity
        self.medications, self.allergies, self.illnesses = answers.medications, answers.allergies, answers.illnesses
        self.updated_at = clock.now()
        if is_new:
            self.created_at = self.updated_at
        db.session.add(self)
        db.session.flush()
        if not is_new:
            consultation.chat.bump_revision(self.message)
        return True


def refuse_questionnaire_of(consultation: Consultation) -> None:
    """Raises QuestionnaireIsLate."""
    if consultation.state_now not in UPCOMING:
        raise errors.QuestionnaireIsLate


register_card(Card.QUESTIONNAIRE, IntakeQuestionnaire.of_messages)
