"""«Отозвать»: what its author takes back while nobody has read it."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Mapped

from ... import errors
from ...events import MessageRecalled, record
from ...extensions import db
from ...services import clock
from ..people import User
from .attachment import Attachment
from .member import ChatMember
from .message import Message, digest_of
from .wait import Wait

if TYPE_CHECKING:
    from .chat import Chat


class ChatRecalling:
    """A chat's facet for messages that are taken back."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        last_at: Mapped[datetime | None]

    def may_recall(self: Chat, user: User, message: Message) -> bool:
        """Their own words or files, sent under five minutes ago and read by nobody."""
        is_own = message.author_id == user.id and message.may_be_quoted
        return is_own and clock.now() < message.recallable_until and not self._is_read(message)

    def recall(self: Chat, user: User, seq: int) -> tuple[Message, Sequence[Attachment]]:
        """Of it stays that it was recalled, by whom and when; its words are gone. Recalled again it is the same.

        Answered with the message and its files, whose rows no message has any more: delete them after the commit.
        Raises MessageIsGone (none of theirs), MessageIsRead and MessageIsOld. The chat's lock decides between this and
        a receipt of the same second.
        """
        self.lock()
        for member in self.members:
            db.session.refresh(member)
        message = Message.in_chat(self, seq)
        if message is None or message.author_id != user.id or message.card is not None:
            raise errors.MessageIsGone
        if message.is_recalled:
            return message, ()
        if self._is_read(message):
            raise errors.MessageIsRead
        if clock.now() >= message.recallable_until:
            raise errors.MessageIsOld
        return message, self._take_back(message)

    # Below: parts of these

    def _is_read(self: Chat, message: Message) -> bool:
        """By anybody else."""
        return any(one.read_to >= message.seq for one in self.members if one.user_id != message.author_id)

    def _take_back(self: Chat, message: Message) -> list[Attachment]:
        files = [*message.attachments]
        message.recalled_digest, message.recalled_at = digest_of(message.content), clock.now()
        message.text = message.stems = ""
        for one in files:
            one.abandon()
        self._show_anew(message)
        db.session.flush()
        for member in self.members:
            self._count_anew(member)
        Wait.forget_answer(self, message.seq)
        self._wait_anew()
        record(MessageRecalled(self.id, message.id, self.revision))
        return files

    def _show_anew(self: Chat, message: Message) -> None:
        """With what quotes it. The lists take it for something new, and so do copies of them that devices keep."""
        self.last_at = clock.now()
        if message.seq == self.last_seq:
            self.last_text = message.preview
        quoting = select(Message).where(
            Message.chat_id == self.id, Message.seq > message.seq, Message.quoted_seq == message.seq
        )
        for one in db.session.scalars(quoting):
            self.bump_revision(one)
        self.revision += 1
        message.revision = self.revision

    def _count_anew(self: Chat, member: ChatMember) -> None:
        """A notification that waits for its hour tells of nothing when nothing else is unread."""
        member.unread = self._others_after(member.read_to, member.user_id)
        member.notified_from_seq = member.notified_from_seq if member.unread else 0
