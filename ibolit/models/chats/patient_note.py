"""What a doctor writes of a patient for themselves; nobody else reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from sqlalchemy import ForeignKey, Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..locking import LockKind, advisory_lock
from ..types import UtcDateTime
from .chat import Chat


class PatientNote(Model):
    """One a chat. `pen` is the page that wrote last: it may go on, any other must have seen the last version."""

    LONGEST = 10_000

    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"), primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=0)
    pen: Mapped[str] = mapped_column(String(40))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @classmethod
    def of(cls, chat: Chat) -> Self | None:
        return db.session.get(cls, chat.id)

    @classmethod
    def beside(cls, chats: Select[tuple[Chat]]) -> Select[tuple[Chat, Self | None]]:
        """The same chats, each with its note: a page asks once."""
        return chats.outerjoin(cls, cls.chat_id == Chat.id).add_columns(cls)

    @classmethod
    def keep(cls, chat: Chat, text: str, pen: str, *, seen: int) -> Self:
        """Raises NoteHasChanged when somebody else's page wrote after the `seen` version."""
        advisory_lock(LockKind.PATIENT_NOTE, chat.id)
        mine = select(cls).where(cls.chat_id == chat.id).execution_options(populate_existing=True)
        note = db.session.scalar(mine)
        if note is not None and note.version != seen and note.pen != pen:
            raise errors.NoteHasChanged
        if note is None:
            note = cls(chat_id=chat.id, version=0)
            db.session.add(note)
        note.text, note.pen, note.version, note.updated_at = text, pen, note.version + 1, clock.now()
        return note
