"""What a doctor writes of a consultation: every version of its conclusion, and the draft before it.

All of it changes under the consultation's lock. A conclusion is never deleted and never changed: a correction is its
next version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, undefer

from ... import errors
from ...events import ConclusionGiven, record
from ...extensions import Model, db
from ...services import clock
from ...services.codes import content_hash
from ..chats import Attachment, Card, Message, refuse_sent, register_card
from ..locking import LockKind, advisory_lock
from ..people import Sex, User
from ..types import RowId, UtcDateTime, enum_column
from .consultation import Consultation
from .states import UPCOMING, ConsultationState


class ConclusionTemplate(StrEnum):
    """Where the doctor began; its text stands in the form."""

    FIRST = "first"
    AGAIN = "again"
    TESTS = "tests"


class SignatureKind(StrEnum):
    """Electronic signatures as 63-ФЗ knows them; none until a provider of them is chosen."""

    SIMPLE = "simple"
    ENHANCED = "enhanced"
    QUALIFIED = "qualified"


@dataclass(frozen=True)
class Paragraph:
    """A line of a conclusion; «Жалобы:» alone on its line is a heading."""

    LONGEST_HEADING = 60

    text: str

    @property
    def is_heading(self) -> bool:
        return self.text.endswith(":") and len(self.text) <= self.LONGEST_HEADING


@dataclass(frozen=True)
class Named:
    """Whom a conclusion is about and, if they do not write themselves, who does: «мама, Анна Соколова»."""

    name: str
    birth_date: date | None
    sex: Sex | None
    writer: str

    @classmethod
    def now(cls, consultation: Consultation) -> Named:
        subject = consultation.subject
        return cls(subject.name, subject.birth_date, subject.sex, consultation.chat.writer_title)


def paragraphs_of(text: str) -> Iterator[Paragraph]:
    return (Paragraph(line.strip()) for line in text.splitlines())


def empty_headings(text: str) -> list[str]:
    """Headings under which nothing is written, without their colons: «Анамнез»."""
    empty: list[str] = []
    last = ""
    for paragraph in [*paragraphs_of(text), Paragraph(":")]:
        if paragraph.is_heading:
            empty += [last] if last else []
            last = paragraph.text.removesuffix(":")
        elif paragraph.text:
            last = ""
    return empty


class Conclusion(Model):
    """One version of it, with its card in the chat."""

    LONGEST = 20_000

    __table_args__ = (UniqueConstraint("consultation_id", "version"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text, deferred=True)  # long, and cards do not show it
    template: Mapped[ConclusionTemplate | None] = mapped_column(enum_column(ConclusionTemplate))
    signature: Mapped[str | None] = mapped_column(Text)
    signature_kind: Mapped[SignatureKind | None] = mapped_column(enum_column(SignatureKind))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    # As they were called when it was given; empty of those that are older, and of people who are erased.
    subject_name: Mapped[str | None] = mapped_column(String(120))
    subject_birth_date: Mapped[date | None]
    subject_sex: Mapped[Sex | None] = mapped_column(enum_column(Sex))
    writer: Mapped[str | None] = mapped_column(String(160))
    message: Mapped[Message] = relationship(innerjoin=True)

    @property
    def is_correction(self) -> bool:
        """There was another version before it."""
        return self.version > 1

    @classmethod
    def all_of(cls, consultation: Consultation) -> list[Self]:
        """Every version, the oldest first."""
        versions = (
            select(cls).options(undefer(cls.text)).where(cls.consultation_id == consultation.id).order_by(cls.version)
        )
        return list(db.session.scalars(versions))

    @classmethod
    def of_messages(cls, ids: Sequence[int]) -> Sequence[Self]:
        return db.session.scalars(select(cls).where(cls.message_id.in_(ids))).all()

    @classmethod
    def newest_version(cls, consultation: Consultation) -> int:
        """0 when nothing is written yet."""
        newest = select(func.max(cls.version)).where(cls.consultation_id == consultation.id)
        return db.session.scalar(newest) or 0

    def named(self, consultation: Consultation) -> Named:
        """As it was given, whatever the people are called today and whose the chat is by now."""
        if self.subject_name is None:
            return Named.now(consultation)
        return Named(self.subject_name, self.subject_birth_date, self.subject_sex, self.writer or "")

    @property
    def paragraphs(self) -> Iterator[Paragraph]:
        return paragraphs_of(self.text)

    @property
    def files(self) -> Sequence[Attachment]:
        return self.message.attachments

    @classmethod
    def give(
        cls,
        consultation: Consultation,
        text: str,
        client_id: str,
        *,
        seen: int,
        template: ConclusionTemplate | None = None,
        attachments: Sequence[Attachment] = (),
        child_agreed: bool = False,
    ) -> Self:
        """The version after the `seen` one, told in the chat; its draft is over. A repeated press is the same one.

        The attachments were loaded under the consultation's lock. `child_agreed`: the doctor notes that the child it is
        about has said yes.
        Raises ChildHasNotAgreed, ConsultationIsNotOver, NoConclusionWithoutConsultation, ConclusionHasChanged,
        AttachmentIsSent.
        """
        consultation.lock()
        author = consultation.doctor.user
        known = cls._by(author, client_id, consultation)
        if known is not None and known.text == text:
            return known
        refuse_conclusion_of(consultation)
        if cls.newest_version(consultation) != seen:
            raise errors.ConclusionHasChanged
        consultation.refuse_without_child(spoken_to=author if child_agreed else None)
        refuse_sent(attachments)
        preview = "Заключение исправлено" if seen else "Заключение готово"
        message = consultation.chat.post_card(author, preview, client_id, Card.CONCLUSION, attachments)
        named = Named.now(consultation)
        conclusion = cls(
            consultation_id=consultation.id,
            version=seen + 1,
            text=text,
            template=template,
            message=message,
            author_id=author.id,
            subject_name=named.name,
            subject_birth_date=named.birth_date,
            subject_sex=named.sex,
            writer=named.writer or None,
        )
        db.session.add(conclusion)
        ConclusionDraft.forget(consultation)
        db.session.flush()
        db.session.expire(consultation, ["conclusions"])
        record(ConclusionGiven(consultation.id, conclusion.version))
        consultation.bump_revision()
        return conclusion

    @classmethod
    def _by(cls, author: User, client_id: str, consultation: Consultation) -> Self | None:
        message = Message.by_client_id(author.id, client_id, consultation.chat_id)
        return db.session.scalar(select(cls).where(cls.message_id == message.id)) if message else None


class ConclusionDraft(Model):
    """What the doctor has typed so far, on whichever device; gone when it is given."""

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"), primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    template: Mapped[ConclusionTemplate | None] = mapped_column(enum_column(ConclusionTemplate))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    pen: Mapped[str] = mapped_column(String(40), default="", server_default="")  # of the page that wrote last

    @classmethod
    def of(cls, consultation: Consultation) -> Self | None:
        return db.session.get(cls, consultation.id)

    @classmethod
    def keep(
        cls,
        consultation: Consultation,
        text: str,
        template: ConclusionTemplate | None,
        *,
        seen: int,
        pen: str = "",
        expected: str = "",
    ) -> None:
        """The page that wrote last goes on; nothing typed is no draft.

        Raises DraftIsOld for what was typed before a version that is given by now – an autosave that comes late would
        bring its draft back – and DraftHasChanged as `refuse_unseen` does.
        """
        advisory_lock(LockKind.CONSULTATION, consultation.id)
        if Conclusion.newest_version(consultation) != seen:
            raise errors.DraftIsOld
        cls.refuse_unseen(consultation, text, pen, expected)
        if not text.strip():
            cls.forget(consultation)
            return
        draft = cls.of(consultation) or cls(consultation_id=consultation.id)
        draft.text, draft.template, draft.updated_at, draft.pen = text, template, clock.now(), pen
        db.session.add(draft)

    @classmethod
    def refuse_unseen(cls, consultation: Consultation, text: str, pen: str, expected: str) -> None:
        """Raises DraftHasChanged when another page wrote since this one showed what has the mark `expected`."""
        advisory_lock(LockKind.CONSULTATION, consultation.id)
        mine = select(cls).where(cls.consultation_id == consultation.id).execution_options(populate_existing=True)
        draft = db.session.scalar(mine)
        if draft is None or not expected or draft.pen == pen or draft.text == text:
            return
        if content_hash(draft.text) != expected:
            raise errors.DraftHasChanged

    @classmethod
    def forget(cls, consultation: Consultation) -> None:
        draft = cls.of(consultation)
        if draft is not None:
            db.session.delete(draft)


def refuse_conclusion_of(consultation: Consultation) -> None:
    """Raises ConsultationIsNotOver and NoConclusionWithoutConsultation."""
    state = consultation.state_now
    if state in UPCOMING:
        raise errors.ConsultationIsNotOver
    if state is not ConsultationState.COMPLETED:
        raise errors.NoConclusionWithoutConsultation


def may_be_drafted(consultation: Consultation) -> bool:
    """What the doctor notes while they talk is the draft of what is sent when it is over."""
    return consultation.state_now in (ConsultationState.IN_PROGRESS, ConsultationState.COMPLETED)


def refuse_draft_of(consultation: Consultation) -> None:
    """Raises ConsultationIsNotOver and NoConclusionWithoutConsultation."""
    if not may_be_drafted(consultation):
        refuse_conclusion_of(consultation)


register_card(Card.CONCLUSION, Conclusion.of_messages)
