"""What is said in a chat."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...extensions import Model, db
from ..types import RowId, UtcDateTime, enum_column
from .attachment import Attachment, preview_of
from .summary import MessageSummary

if TYPE_CHECKING:
    from ..consultations import Conclusion, Consultation, ConsultationRequest, IntakeQuestionnaire
    from .chat import Chat


class Card(StrEnum):
    """What a message shows instead of its text; the text is its preview in lists and in the search."""

    CONSULTATION = "consultation"
    REQUEST = "request"
    CONCLUSION = "conclusion"
    QUESTIONNAIRE = "questionnaire"


class Message(MessageSummary, Model):
    """Never edited, never deleted. `seq` orders it in its chat; `revision` says since when it looks as it does."""

    LONGEST = 4000

    __table_args__ = (
        UniqueConstraint("chat_id", "seq"),
        UniqueConstraint("chat_id", "author_id", "client_id"),
        Index("ix_message_changed", "chat_id", "revision"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"))
    seq: Mapped[int]
    revision: Mapped[int]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    client_id: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    stems: Mapped[str] = mapped_column(Text, deferred=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    card: Mapped[Card | None] = mapped_column(enum_column(Card))
    attachments: Mapped[list[Attachment]] = relationship(order_by=Attachment.position, back_populates="message")
    # Asked for by messages that say they carry a card; a page of a chat loads them together (preload_cards).
    consultation: Mapped[Consultation | None] = relationship(viewonly=True)
    request: Mapped[ConsultationRequest | None] = relationship(viewonly=True)
    conclusion: Mapped[Conclusion | None] = relationship(viewonly=True)
    questionnaire: Mapped[IntakeQuestionnaire | None] = relationship(viewonly=True)

    @classmethod
    def page_of(cls, chat: Chat, *, before: int | None = None, most: int = 50) -> list[Message]:
        """The last `most` messages, or those before a seq; oldest first."""
        page = _with_files().where(cls.chat_id == chat.id).order_by(cls.seq.desc()).limit(most)
        if before is not None:
            page = page.where(cls.seq < before)
        return list(reversed(db.session.scalars(page).unique().all()))

    @classmethod
    def changed_since(cls, chat: Chat, revision: int, most: int) -> list[Message]:
        """New and changed messages, in the order of their changes."""
        changed = _with_files().where(cls.chat_id == chat.id, cls.revision > revision).order_by(cls.revision)
        return list(db.session.scalars(changed.limit(most)).unique())

    @classmethod
    def by_client_id(cls, author_id: int, client_id: str, chat_id: int) -> Message | None:
        """The one already there when a phone repeats what it got no answer to."""
        return db.session.scalar(_by_client_id(), {"chat": chat_id, "author": author_id, "client": client_id})

    @property
    def content(self) -> list[str]:
        """What a repeated sending is known by: the text and the digests of the files."""
        return [self.text, *(one.digest for one in self.attachments)]

    @property
    def preview(self) -> str:
        """What a list shows of it, in one line."""
        return " ".join(self.text.split()) or preview_of(self.attachments)


def submission_id(client_id: str, *said: object) -> str:
    """The same form sent twice is one press; brought back by "Back" and changed it is another. No letter has its id."""
    return "press-" + hashlib.sha256(repr((client_id, *said)).encode()).hexdigest()[:48]


@cache
def _with_files() -> Select[tuple[Message]]:
    return select(Message).options(joinedload(Message.attachments))


@cache
def _by_client_id() -> Select[tuple[Message]]:
    """Asked with every message, so it is built once."""
    return select(Message).where(
        Message.chat_id == bindparam("chat"),
        Message.author_id == bindparam("author"),
        Message.client_id == bindparam("client"),
    )
