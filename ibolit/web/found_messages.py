"""What a search shows of the other side's words was read as in the chat itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_login import current_user

from ..database import write_transaction
from ..extensions import db
from ..models import AuditAction, Chat, Message
from .audit import SpanOfMessages, log_chats
from .pagination import split_page

FOUND = 50  # messages a search shows: one more word is sooner typed than they are read


def find_messages(words: str, within: Chat | None = None) -> tuple[Sequence[Message], bool, Mapping[int, Chat]]:
    """What is shown, written down as read, whether there is more of it, and the chats it stands in by their numbers."""
    found, last = split_page(Chat.search_messages(current_user, words, FOUND + 1, within), FOUND)
    chats = {chat.id: chat for chat in ([within] if within is not None else _chats_of(found))}
    _note_found(found, chats)
    return found, last is not None, chats


def _chats_of(messages: Sequence[Message]) -> list[Chat]:
    ids = {message.chat_id for message in messages}
    return [] if not ids else list(db.session.scalars(Chat.visible_to(current_user).where(Chat.id.in_(ids))).unique())


def _note_found(found: Sequence[Message], chats: Mapping[int, Chat]) -> None:
    """A line of the audit log for each chat, from the first to the last message that was shown."""
    seen: dict[int, list[int]] = {}
    for message in found:
        if message.author_id != current_user.id:
            seen.setdefault(message.chat_id, []).append(message.seq)
    spans: dict[int, SpanOfMessages] = {chat_id: (min(seqs), max(seqs)) for chat_id, seqs in seen.items()}
    with write_transaction(db.session):
        log_chats(AuditAction.CHAT_SEARCHED, spans, chats.values())
