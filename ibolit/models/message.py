"""What is said in a chat."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Self

from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model, db
from .types import RowId, UtcDateTime

if TYPE_CHECKING:
    from .chat import Chat


class Message(Model):
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

    @classmethod
    def page_of(cls, chat: Chat, *, before: int | None = None, most: int = 50) -> list[Self]:
        """The last `most` messages, or those before a seq; oldest first."""
        page = select(cls).where(cls.chat_id == chat.id).order_by(cls.seq.desc()).limit(most)
        if before is not None:
            page = page.where(cls.seq < before)
        return list(reversed(db.session.scalars(page).all()))

    @classmethod
    def changed_since(cls, chat: Chat, revision: int, most: int) -> list[Self]:
        """New and changed messages, in the order of their changes."""
        changed = select(cls).where(cls.chat_id == chat.id, cls.revision > revision).order_by(cls.revision)
        return list(db.session.scalars(changed.limit(most)))

    @classmethod
    def by(cls, author_id: int, client_id: str, chat_id: int) -> Message | None:
        """The one already there when a phone repeats what it got no answer to."""
        return db.session.scalar(_by(), {"chat": chat_id, "author": author_id, "client": client_id})


@cache
def _by() -> Select[tuple[Message]]:
    """Asked with every message, so it is built once."""
    return select(Message).where(
        Message.chat_id == bindparam("chat"),
        Message.author_id == bindparam("author"),
        Message.client_id == bindparam("client"),
    )
