"""Who is in a chat, and how far they have come in it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    SQLColumnExpression,
    Table,
    Update,
    bindparam,
    func,
    null,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...extensions import Model, db
from ...services import clock
from ..people import User
from ..types import UtcDateTime

ARCHIVED = text("archived_at IS NOT NULL")


class ChatMember(Model):
    """One who reads a chat and hears of it, and how far; `unread` counts the others' messages after `read_to`.

    The patient and the doctor have a row from the beginning; whoever has one hears what both hear. The place of a
    doctor who stands in ends at `until`, and so does that of a parent in a child's chat when it comes of age, or of
    whoever may not write for their relative any more. The row stays, for what they have said keeps their name.

    `notified_from_seq` is the first message of a notification under way, which tells of those after it, too; else 0.
    """

    __table_args__ = (
        Index("ix_chat_member_unread", "user_id", "unread"),
        Index("ix_chat_member_archived", "user_id", sqlite_where=ARCHIVED, postgresql_where=ARCHIVED),
    )

    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    delivered_to: Mapped[int] = mapped_column(default=0)
    read_to: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)
    notified_from_seq: Mapped[int] = mapped_column(default=0, server_default="0")
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # put away from the list; a new message ends it
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship(innerjoin=True, viewonly=True)

    @property
    def is_here(self) -> bool:
        return self.until is None or clock.now() < self.until

    @classmethod
    def are_here(cls) -> ColumnElement[bool]:
        """The same of rows, as of the parameter `now`."""
        return _ends_later(cls.until)

    @classmethod
    def ends_after(cls, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """The same as of another moment."""
        return cls.until.is_(None) | (cls.until > now)

    @classmethod
    def unread_of(cls, user: User) -> int:
        """Chats with something unread, for the badge."""
        return db.session.scalar(_unread(), {"user": user.id, "now": clock.now()}) or 0

    @classmethod
    def unread_chats_of(cls, user: User) -> list[int]:
        """Their numbers: notices of all others are over."""
        unread = select(cls.chat_id).where(cls.user_id == user.id, cls.unread > 0, cls.are_here())
        return list(db.session.scalars(unread, {"now": clock.now()}))


def _ends_later(until: SQLColumnExpression[datetime | None]) -> ColumnElement[bool]:
    return until.is_(None) | (until > bindparam("now", type_=UtcDateTime))


@cache
def _unread() -> Select[tuple[int]]:
    whose = ChatMember.user_id == bindparam("user")
    return select(func.count()).where(whose, ChatMember.unread > 0, ChatMember.are_here())


@cache
def one_more_unread() -> Update:
    """For everyone who is in the chat at `now`, but the author; it stands in their lists again."""
    member = cast(Table, ChatMember.__table__)
    others = (member.c.chat_id == bindparam("chat")) & (member.c.user_id != bindparam("author"))
    others &= _ends_later(member.c.until)
    told = member.c.user_id, member.c.unread, member.c.notified_from_seq
    return update(member).where(others).values(unread=member.c.unread + 1, archived_at=null()).returning(*told)
