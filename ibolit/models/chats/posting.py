"""What is said in a chat, and how far it is received and read."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Mapped
from sqlalchemy.orm.attributes import set_committed_value

from ... import errors
from ...events import MessageChanged, MessageSent, ReceiptsMoved, record
from ...extensions import db
from ...services import clock
from ...services.search import stemmed
from ..people import User
from .attachment import Attachment, refuse_sent
from .member import ChatMember, one_more_unread
from .message import Card, Message, content_of

if TYPE_CHECKING:
    from .chat import Chat


class ChatPosting:
    """A chat's facet for whoever writes and reads; all its verbs hold the chat's lock."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        last_at: Mapped[datetime | None]
        last_author_id: Mapped[int | None]

    def post(
        self: Chat,
        author: User,
        text: str,
        client_id: str,
        attachments: Sequence[Attachment] = (),
        quoted_seq: int | None = None,
        *,
        is_warned: bool = False,
    ) -> Message:
        """The message, new or – for a repeated id with the same text, files and quote – the one already there.

        The same id with another content is a form brought back by "Back": a message of its own, with an id of ours that
        follows from both, so that repeating it doubles nothing either.
        Raises ChatIsClosed or ChatNeedsTariff when the patient's time does not allow it, AttachmentIsSent for a file of
        another message, QuoteIsUnknown for a `quoted_seq` of nothing that may be quoted here; what was recalled
        meanwhile is quoted as such. The attachments were loaded under the lock. `is_warned`: its author has seen that
        it speaks of an emergency, and sends it all the same.
        """
        self.lock()
        content = content_of(text, attachments, quoted_seq)
        known = Message.by_client_id(author.id, client_id, self.id)
        if known is not None and not known.is_repeated_by(content):
            client_id = _id_of_another(client_id, "\n".join(content))
            known = Message.by_client_id(author.id, client_id, self.id)
        if known is not None:
            return known
        self.refuse_if_erased()
        self.refuse_if_closed_for(author)
        refuse_sent(attachments)
        self._refuse_unknown_quote(quoted_seq)
        self._begin_free_time(author)
        return self._add(
            text,
            author=author,
            client_id=client_id,
            attachments=attachments,
            quoted_seq=quoted_seq,
            urgent_groups=self.urgent_groups_in(author, text),
            is_warned=is_warned,
        )

    def post_card(
        self: Chat,
        author: User,
        text: str,
        client_id: str,
        card: Card | None = None,
        attachments: Sequence[Attachment] = (),
    ) -> Message:
        """A card: may be said whatever the chat's time is. Repeated it is the same."""
        self.lock()
        known = Message.by_client_id(author.id, client_id, self.id)
        if known is None:
            self.refuse_if_erased()
        return known or self._add(text, author=author, client_id=client_id, attachments=attachments, card=card)

    def post_system_note(self: Chat, text: str, idempotency_key: str = "", *, by: int | None = None) -> Message:
        """A system note for all; its cause may know it again by its key. It is no news to who did it, `by`."""
        self.lock()
        return self._add(text, author=None, by=by, client_id=idempotency_key or f"system-{self.last_seq + 1}")

    def has_system_note(self: Chat, idempotency_key: str) -> bool:
        noted = select(Message.id).where(
            Message.chat_id == self.id, Message.author_id.is_(None), Message.client_id == idempotency_key
        )
        return db.session.scalar(noted.limit(1)) is not None

    def post_system_card(self: Chat, text: str, idempotency_key: str, card: Card, *, by: int) -> Message:
        """A card that nobody has said, such as an automatic answer: it answers nothing, and is no news to `by`."""
        self.lock()
        return self._add(text, author=None, by=by, client_id=idempotency_key, card=card)

    def bump_revision(self: Chat, message: Message) -> None:
        """A visible change of a message takes the chat's next revision, and open screens get it."""
        self.lock()
        self.revision += 1
        message.revision = self.revision
        record(MessageChanged(self.id, message.id, self.revision))

    def update_receipts(self: Chat, user: User, *, delivered_to: int, read_to: int) -> bool:
        """Moves the person's receipts up to these numbers, never back; nothing new changes nothing.

        True when one of them moved.
        """
        mine = self.member(user.id)
        if min(delivered_to, self.last_seq) <= mine.delivered_to and min(read_to, self.last_seq) <= mine.read_to:
            return False
        self.lock()
        db.session.refresh(mine)
        read = max(mine.read_to, min(read_to, self.last_seq))
        delivered = max(mine.delivered_to, min(delivered_to, self.last_seq), read)
        if (delivered, read) == (mine.delivered_to, mine.read_to):
            return False
        if read > mine.read_to:
            mine.unread = self._others_after(read, user.id)
            mine.notified_from_seq = mine.notified_from_seq if mine.unread else 0
        mine.delivered_to, mine.read_to = delivered, read
        self.revision += 1
        record(ReceiptsMoved(self.id, user.id, self.revision))
        return True

    def _add(
        self: Chat,
        text: str,
        *,
        author: User | None,
        by: int | None = None,
        client_id: str,
        attachments: Sequence[Attachment] = (),
        card: Card | None = None,
        quoted_seq: int | None = None,
        urgent_groups: Sequence[str] = (),
        is_warned: bool = False,
    ) -> Message:
        message = Message.insert(
            chat_id=self.id,
            seq=self.last_seq + 1,
            revision=self.revision + 1,
            author_id=author.id if author else None,
            client_id=client_id,
            text=text,
            stems=stemmed(" ".join([text, *(one.name for one in attachments)])),
            sent_at=clock.now(),
            card=card,
            quoted_seq=quoted_seq,
            urgent_groups=" ".join(urgent_groups) or None,
        )
        if attachments:
            message.attachments = [*attachments]
        for position, one in enumerate(attachments):
            one.position = position
        self._hear(message, author)
        self._hear_urgency(message, author, is_warned=is_warned)
        self._note_last(message)
        told = db.session.execute(
            one_more_unread(), {"chat": self.id, "author": message.author_id or by or 0, "now": message.sent_at}
        )
        for user_id, unread, notified_from_seq in told:
            set_committed_value(self.member(user_id), "unread", unread)
            set_committed_value(self.member(user_id), "notified_from_seq", notified_from_seq)
            set_committed_value(self.member(user_id), "archived_at", None)
        if author is not None:
            self._bring_back(author)
        if by is not None:
            self._note_own_action(self.member(by))
        if attachments or by is not None:
            db.session.flush()
        record(MessageSent(self.id, message.id, self.revision))
        return message

    def _note_own_action(self: Chat, mine: ChatMember) -> None:
        """Who had read everything before their own action has read its note, too."""
        db.session.refresh(mine)
        if mine.unread == 0:
            mine.delivered_to = mine.read_to = self.last_seq

    def _refuse_unknown_quote(self: Chat, seq: int | None) -> None:
        quoted = Message.in_chat(self, seq) if seq is not None else None
        if seq is not None and (quoted is None or not (quoted.may_be_quoted or quoted.is_recalled)):
            raise errors.QuoteIsUnknown

    def _others_after(self: Chat, seq: int, reader_id: int) -> int:
        """So many are unread after that; nobody reads what was recalled."""
        is_others = or_(Message.author_id.is_(None), Message.author_id != reader_id)
        is_after = (Message.chat_id == self.id) & (Message.seq > seq) & Message.recalled_at.is_(None)
        counted = select(func.count()).where(is_after, is_others)
        return db.session.scalar(counted) or 0


def _id_of_another(client_id: str, content: str) -> str:
    """Longer than any client may send, so that it cannot meet one of theirs."""
    return "again-" + hashlib.sha256(f"{client_id}\n{content}".encode()).hexdigest()[:48]
