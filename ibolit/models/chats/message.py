"""What is said in a chat."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, cast

from sqlalchemy import ForeignKey, Index, Select, String, Table, Text, UniqueConstraint, bindparam, insert, select
from sqlalchemy.orm import Mapped, joinedload, make_transient_to_detached, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.dml import ReturningInsert

from ...extensions import Model, db
from ...services import clock
from ..types import RowId, UtcDateTime, enum_column
from .attachment import Attachment, preview_of
from .summary import MessageSummary

if TYPE_CHECKING:
    from ..consultations import Conclusion, Consultation, ConsultationRequest, IntakeQuestionnaire
    from ..standing_in import StandInOffer
    from .chat import Chat


RECALLED = "Сообщение отозвано"


class Card(StrEnum):
    """What a message shows instead of its text; the text is its preview in lists and in the search."""

    CONSULTATION = "consultation"
    REQUEST = "request"
    CONCLUSION = "conclusion"
    QUESTIONNAIRE = "questionnaire"
    STAND_IN_OFFER = "stand_in_offer"


class Message(MessageSummary, Model):
    """Never edited; its author may recall it while it is unread, and its place stays (`ChatRecalling`).

    `seq` orders it in its chat; `revision` says since when it looks as it does.
    """

    LONGEST = 4000
    RECALLABLE_FOR = timedelta(minutes=5)

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
    urgent_groups: Mapped[str | None] = mapped_column(String(120))  # of what emergencies it speaks, if of any
    quoted_seq: Mapped[int | None]  # of the message of the same chat that it answers
    recalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recalled_digest: Mapped[str | None] = mapped_column(String(64))  # by which a repeated sending is known still
    attachments: Mapped[list[Attachment]] = relationship(order_by=Attachment.position, back_populates="message")
    quoted: Mapped[Message | None] = relationship(
        primaryjoin="and_(Message.chat_id == remote(Message.chat_id),"
        " foreign(Message.quoted_seq) == remote(Message.seq))",
        viewonly=True,
        uselist=False,
    )
    # Asked for by messages that say they carry a card; a page of a chat loads them together (preload_cards).
    consultation: Mapped[Consultation | None] = relationship(viewonly=True)
    request: Mapped[ConsultationRequest | None] = relationship(viewonly=True)
    conclusion: Mapped[Conclusion | None] = relationship(viewonly=True)
    questionnaire: Mapped[IntakeQuestionnaire | None] = relationship(viewonly=True)
    stand_in_offer: Mapped[StandInOffer | None] = relationship(viewonly=True)

    @classmethod
    def insert(cls, **row: object) -> Message:
        """Written at once by one statement: the unit of work looks through all that is loaded, and costs as much as
        all the rest of a message. Its files are given to it afterwards."""
        row |= {"recalled_at": None, "recalled_digest": None}
        id = db.session.scalar(_insert(), row)
        message = cls(id=id, attachments=[], **row)
        make_transient_to_detached(message)
        db.session.add(message)
        return message

    @classmethod
    def page_of(cls, chat: Chat, *, before: int | None = None, most: int = 50) -> list[Message]:
        """The last `most` messages, or those before a seq; oldest first."""
        asked = {"chat": chat.id, "before": before, "most": most}
        page = db.session.scalars(_page(goes_on=before is not None), asked).unique()
        return _with_quotes(list(reversed(page.all())))

    @classmethod
    def changed_since(cls, chat: Chat, revision: int, most: int) -> list[Message]:
        """New and changed messages, in the order of their changes."""
        changed = _with_files().where(cls.chat_id == chat.id, cls.revision > revision).order_by(cls.revision)
        return _with_quotes(list(db.session.scalars(changed.limit(most)).unique()))

    @classmethod
    def in_chat(cls, chat: Chat, seq: int) -> Message | None:
        """With its files."""
        return db.session.scalars(_with_files().where(cls.chat_id == chat.id, cls.seq == seq)).unique().one_or_none()

    @classmethod
    def place_of(cls, id: int) -> tuple[int, int] | None:
        """Its chat's number and its seq; whether they may know of it, the chat says."""
        return db.session.execute(select(cls.chat_id, cls.seq).where(cls.id == id)).tuples().one_or_none()

    @classmethod
    def by_client_id(cls, author_id: int, client_id: str, chat_id: int) -> Message | None:
        """The one already there when a phone repeats what it got no answer to."""
        return db.session.scalar(_by_client_id(), {"chat": chat_id, "author": author_id, "client": client_id})

    @property
    def content(self) -> list[str]:
        """What a repeated sending is known by."""
        return content_of(self.text, self.attachments, self.quoted_seq)

    def is_repeated_by(self, content: list[str]) -> bool:
        """A sending that got no answer comes again, also after its message was recalled."""
        return self.recalled_digest == digest_of(content) if self.is_recalled else self.content == content

    @property
    def is_recalled(self) -> bool:
        return self.recalled_at is not None

    @property
    def recallable_until(self) -> datetime:
        return self.sent_at + self.RECALLABLE_FOR

    @property
    def recallable_minutes(self) -> int:
        """So many are left, the last one begun; a whole number, so that an answer that is repeated says the same."""
        return -((clock.now() - self.recallable_until) // timedelta(minutes=1))

    @property
    def may_be_quoted(self) -> bool:
        """What a person said; cards and notes of the system are no words."""
        return self.author_id is not None and self.card is None and not self.is_recalled

    @property
    def speaks_of_suicide(self) -> bool:
        return "suicide" in (self.urgent_groups or "").split()

    @property
    def preview(self) -> str:
        """What a list shows of it, in one line."""
        if self.is_recalled:
            return RECALLED
        return " ".join(self.text.split()) or preview_of(self.attachments)


def content_of(text: str, attachments: Sequence[Attachment], quoted_seq: int | None) -> list[str]:
    """Text, digests of the files, and what is quoted."""
    quote = [f"quotes {quoted_seq}"] if quoted_seq else []
    return [text, *(one.digest for one in attachments), *quote]


def digest_of(content: list[str]) -> str:
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


def submission_id(client_id: str, *said: object) -> str:
    """The same form sent twice is one press; brought back by "Back" and changed it is another. No letter has its id."""
    return "press-" + hashlib.sha256(repr((client_id, *said)).encode()).hexdigest()[:48]


def _with_quotes(messages: list[Message]) -> list[Message]:
    """Each has what it quotes at hand, asked for at once; most of it stands on the same page."""
    quoting = [message for message in messages if message.quoted_seq is not None]
    known = {message.seq: message for message in messages}
    if missing := {message.quoted_seq for message in quoting} - known.keys():
        others = _with_files().where(Message.chat_id == quoting[0].chat_id, Message.seq.in_(missing))
        known |= {message.seq: message for message in db.session.scalars(others).unique()}
    for message in quoting:
        set_committed_value(message, "quoted", known.get(message.quoted_seq or 0))
    return messages


@cache
def _with_files() -> Select[tuple[Message]]:
    return select(Message).options(joinedload(Message.attachments))


@cache
def _page(*, goes_on: bool) -> Select[tuple[Message]]:
    page = _with_files().where(Message.chat_id == bindparam("chat")).order_by(Message.seq.desc())
    return (page.where(Message.seq < bindparam("before")) if goes_on else page).limit(bindparam("most"))


@cache
def _insert() -> ReturningInsert[tuple[int]]:
    table = cast(Table, Message.__table__)
    return insert(table).returning(table.c.id)


@cache
def _by_client_id() -> Select[tuple[Message]]:
    """Asked with every message, so it is built once."""
    return select(Message).where(
        Message.chat_id == bindparam("chat"),
        Message.author_id == bindparam("author"),
        Message.client_id == bindparam("client"),
    )
