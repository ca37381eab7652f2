"""A chat whose patient is erased: kept as long as the law says, shown to nobody."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import db
from ...services import clock
from ..types import UtcDateTime
from .member import ChatMember
from .message import Message
from .wait import WaitEnding

if TYPE_CHECKING:
    from .chat import Chat


class ChatErasing:
    """A chat's facet for what of it goes and for whom it is shut."""

    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    if TYPE_CHECKING:  # what is assigned here, and may be None
        waiting_since: Mapped[datetime | None]
        urgent_since: Mapped[datetime | None]
        closed_at: Mapped[datetime | None]

    @classmethod
    def erased(cls: type[Chat]) -> Select[tuple[int]]:
        """Numbers of those that nobody is shown: few, and by an index of their own."""
        return select(cls.id).where(cls.erased_at.is_not(None))

    def shut_for_good(self: Chat) -> None:
        """Nobody reads it, writes in it, finds it or hears of it; the words themselves stay.

        Under the chat's lock: who waits for it to write finds it shut.
        """
        self.lock()
        now = clock.now()
        self.erased_at = self.erased_at or now
        self.waiting_since = self.urgent_since = None
        self.awaits_reply, self.last_text = False, ""
        everybody = update(ChatMember).where(ChatMember.chat_id == self.id)
        db.session.execute(everybody.values(until=now, unread=0, notified_from_seq=0))
        db.session.execute(update(Message).where(Message.chat_id == self.id).values(stems=""))
        db.session.flush()
        db.session.expire(self, ["members"])

    def end_for_withdrawal(self: Chat) -> None:
        """«Чат завершён», for both, and no new word comes before a new yes. Under the chat's lock."""
        self.lock()
        if self.last_seq:
            self.post_system_note("Согласие на обработку данных отозвано, чат закрыт")
        self.settled_seq, self.closed_at = self.last_seq, clock.now()
        self._wait_anew(WaitEnding.CLOSED)
        self._show_access()

    @property
    def has_patient_left(self: Chat) -> bool:
        """Erased, or the consent is withdrawn: nothing is booked or sold, and what is paid late goes back."""
        return self.erased_at is not None or self.patient.withdrawn_at is not None

    def refuse_if_erased(self: Chat) -> None:
        """Raises ChatIsErased, or ConsentIsWithdrawn."""
        if self.erased_at is not None:
            raise errors.ChatIsErased
        if self.patient.withdrawn_at is not None:
            raise errors.ConsentIsWithdrawn
